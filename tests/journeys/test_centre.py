"""An operations centre in a real browser: one shift hands over to the next, and the wall keeps up."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, ViewportSize

from accounts.roles import Role
from incidents import actions
from incidents.centre import quality
from incidents.models import Handover, Incident, QualitySample, QueueShare
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, person, reload
from tests.incidents.centre.people import DISTRICT, on_shift
from tests.incidents.centre.test_wall import lamp
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import Shoot, keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
WALL: ViewportSize = {"width": 1920, "height": 1080}
PHONE: ViewportSize = {"width": 390, "height": 844}
EVENING = TUESDAY + timedelta(hours=8)
WORDS = "水务值班李工已电话告知,答应八点前到场;西侧投影屏重启过一次。"


@pytest.fixture(autouse=True)
def evening(hands: Hands) -> None:
    hands.at = EVENING


@pytest.fixture
def district(transactional_db: None) -> dict[str, Incident]:
    """An emergency in hand, a case that lies on the desk, and lamps that are out."""
    burning = lamp(
        3, urgency="emergency", category="2001", text="路面塌陷有大坑", at=EVENING - timedelta(minutes=5)
    )
    waiting = file_report(
        place=NOWHERE, address="", category=None, text="这里有人在吵架,也不知道归谁管", external_id="desk"
    )
    for n in range(3):
        lamp(n, at=EVENING - timedelta(minutes=5 * n))
    return {"burning": burning, "waiting": waiting}


def test_from_one_shift_to_the_next(
    open_page: OpenPage,
    shoot: Shoot,
    hands: Hands,
    district: dict[str, Incident],
    operator: Person,
    dispatcher: Person,
) -> None:
    on_shift(operator, at=EVENING, hours=0.5)
    on_shift(dispatcher, at=EVENING + timedelta(hours=1))

    going = open_page("/centre/", **DESK)
    sign_in(going, operator)
    keys_are_heard(going)
    assert_accessible(going)
    shoot(going, "centre-handover-empty")
    going.keyboard.press("w")
    going.wait_for_selector("#id_words")
    offered = going.locator("input[name=keep]")
    assert offered.evaluate_all("boxes => boxes.filter((box) => box.checked).length") == offered.count() == 2
    going.click("button.btn-primary[type=submit]")
    assert going.locator("#id_words:invalid").count() == 1  # the browser asks for the words
    going.fill("#id_words", WORDS)
    going.uncheck(f"input[name=keep][value='{district['waiting'].number}']")
    shoot(going, "centre-handover-write")
    assert_accessible(going)
    going.click("button.btn-primary[type=submit]")
    going.wait_for_selector(".handover-note")
    note = Handover.objects.get()
    assert [one.incident for one in note.cases.select_related("incident")] == [district["burning"]]
    assert going.locator(".handover-foot button").count() == 0  # nobody takes over from themselves

    # Meanwhile the unit has acted: the next shift sees what was left, and what became of it.
    handler = person("sinkhole", Role.HANDLER, reload(district["burning"]).owner_unit_id)
    hands.at = EVENING + timedelta(minutes=5)
    actions.accept(number=district["burning"].number, actor=handler.actor, at=hands.at)
    coming = open_page("/desk/", has_touch=True, **PHONE)
    sign_in(coming, dispatcher)
    coming.goto("/desk/")
    badge = coming.locator('.topnav a[href="/centre/"] .count')
    assert badge.inner_text() == "1"
    coming.goto("/centre/")
    coming.wait_for_selector(".handover-note.is-waiting")
    assert WORDS in coming.inner_text(".handover-words")
    assert coming.locator(f'[data-row="{district["burning"].number}"]').is_visible()
    assert too_small_for_a_thumb(coming) == []
    assert_accessible(coming)
    shoot(coming, "centre-handover-phone")
    coming.click(".handover-foot button")
    coming.wait_for_selector(".toast-line")
    assert coming.locator(".handover-note.is-waiting").count() == 0
    assert Handover.objects.get().taken_by == dispatcher.user
    assert badge.count() == 0


def test_the_wall_keeps_up_by_itself(
    open_page: OpenPage, shoot: Shoot, hands: Hands, district: dict[str, Incident], leader: Person
) -> None:
    wall = open_page(f"/centre/{DISTRICT}/wall/", **WALL)
    sign_in_to_the_wall(wall, leader)
    before = wall.locator(".wall-tiles b").all_inner_texts()
    assert len(before) == 12  # eleven streets, and what has no place
    shoot(wall, "centre-wall-1920")
    assert runs_over(wall) == []
    assert smallest_type(wall) >= 24
    assert_accessible(wall)
    number = lamp(6, at=hands.at).number
    wall.wait_for_selector(f'[data-row="new-{number}"]')
    after = wall.locator(".wall-tiles b").all_inner_texts()
    assert sum(map(int, after)) == sum(map(int, before)) + 1
    wall.locator(".wall-tiles a", has_text="龙岗").first.click()
    wall.wait_for_selector('.wall[data-level="street"]')
    shoot(wall, "centre-wall-street")
    assert runs_over(wall) == []
    assert_accessible(wall)
    wall.locator(".wall-tiles a").first.click()
    wall.wait_for_selector('.wall[data-level="community"]')
    shoot(wall, "centre-wall-community")
    assert runs_over(wall) == []
    assert_accessible(wall)
    wall.goto(f"/centre/{DISTRICT}/wall/?light=on")
    assert_accessible(wall)
    shoot(wall, "centre-wall-light")


@pytest.mark.parametrize(
    ("width", "language", "scheme"),
    [(1440, "zh-hans", "dark"), (320, "en", "light")],
)
def test_every_page_of_a_centre_reads_well(
    open_page: OpenPage,
    shoot: Shoot,
    hands: Hands,
    district: dict[str, Incident],
    operator: Person,
    dispatcher: Person,
    supervisor: Person,
    width: int,
    language: str,
    scheme: str,
) -> None:
    for who in (operator, dispatcher):
        on_shift(who, at=EVENING)
        QueueShare.objects.create(
            unit_id=who.unit, user=who.user, weight=2, set_by=supervisor.user, set_at=EVENING
        )
    actions.dispatch(
        number=district["waiting"].number,
        item_code="0204-001",
        unit_code=LAMP_UNIT,
        reason="现场是路灯下的事",
        actor=operator.actor,
        at=EVENING,
    )
    hands.at = EVENING + timedelta(days=6)
    quality.draw(week=quality.last_week(hands.at), at=hands.at)
    sample = QualitySample.objects.get()
    for who in (operator, dispatcher):
        on_shift(who, at=hands.at)
    page = open_page(
        "/centre/", width=width, height=900, language=language, color_scheme=scheme, has_touch=width < 768
    )
    sign_in(page, supervisor)
    base = f"/centre/{DISTRICT}"
    addresses = {
        "board": f"{base}/board/",
        "line": f"{base}/board/hotline/",
        "handover-write": f"{base}/handover/write/",
        "shares": f"{base}/shares/",
        "quality": f"{base}/quality/",
        "sample": f"{base}/quality/{sample.pk}/",
        "wall": f"{base}/wall/",
    }
    for name, address in addresses.items():
        page.goto(address)
        page.wait_for_selector("h1")
        if name != "wall" or width < 1100:
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        if width < 768:
            assert too_small_for_a_thumb(page) == [], address
        assert_accessible(page)
        shoot(page, f"centre-{name}-{width}")


def test_a_judgement_leads_to_the_next(
    open_page: OpenPage,
    shoot: Shoot,
    hands: Hands,
    district: dict[str, Incident],
    operator: Person,
    supervisor: Person,
) -> None:
    for case in (district["waiting"], file_report(place=NOWHERE, category=None, text="又是一件", address="")):
        actions.dispatch(
            number=case.number, item_code="0204-001", unit_code=LAMP_UNIT, actor=operator.actor, at=EVENING
        )
    hands.at = EVENING + timedelta(days=6)
    page = open_page(f"/centre/{DISTRICT}/quality/", **DESK)
    sign_in(page, supervisor)
    page.click(".handover-bar form button")
    page.wait_for_selector(".sample-table")
    page.click(".sample-table .btn >> nth=0")
    for right in ("yes", "no"):
        page.wait_for_selector("input[name=right_unit]")
        for name in ("right_unit", "right_words", "right_limit"):
            page.check(f"input[name={name}][value={right if name == 'right_words' else 'yes'}]")
        page.fill("#id_note", "" if right == "yes" else "没有写明地点")
        page.click("button.btn-primary[type=submit]")
    page.wait_for_selector(".result-table")
    assert QualitySample.objects.filter(scored_by=supervisor.user).count() == 2
    assert "50%" in page.inner_text(".result-table")
    shoot(page, "centre-quality-judged")


def sign_in_to_the_wall(page: Page, who: Person) -> None:
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", "correct-horse-battery")
    page.press("#id_password", "Enter")
    page.wait_for_selector(".wall-tiles")


def runs_over(page: Page) -> list[str]:
    """What is cut off on the wall: beyond the screen, below its row, or wider than its tile."""
    over: list[str] = page.evaluate(
        """() => {
        const root = document.documentElement;
        const foot = document.querySelector(".wall-foot").getBoundingClientRect();
        const figures = [...document.querySelectorAll(".wall-figures dd, .wall-figures dt")];
        const tiles = [...document.querySelectorAll(".wall-tiles span, .wall-watch dt, .wall-headline")];
        return [
            ...(root.scrollHeight > innerHeight || root.scrollWidth > innerWidth ? ["the page"] : []),
            ...(foot.bottom > innerHeight + 1 ? ["the foot"] : []),
            ...figures.filter((one) => one.getBoundingClientRect().bottom > foot.top),
            ...tiles.filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth),
        ].map((one) => one.outerHTML ? one.outerHTML.slice(0, 120) : one);
    }"""
    )
    return over


def smallest_type(page: Page) -> float:
    """The smallest letters on the wall, in pixels; what only a keyboard's user reads is left out."""
    smallest: float = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll(".wall *")]
            .filter((one) => one.offsetParent && !one.closest("svg, .sr-only")
                && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
            .map((one) => parseFloat(getComputedStyle(one).fontSize)))"""
    )
    return smallest


def too_small_for_a_thumb(page: Page) -> list[str]:
    """What is pressed in the page's own part, and is lower than 44 px."""
    small: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("#main button, #main a.btn, #main select, #main label.tap")]
            .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 43.5)
            .map((one) => one.outerHTML.slice(0, 80))"""
    )
    return small
