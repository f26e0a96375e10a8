"""A resident finds all reports of a number again, answers, objects and has no more texts: with and without
scripts, on small screens."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from incidents import actions, proving
from incidents.actor import SYSTEM
from incidents.models import Incident, PhoneProof, QuietReport
from incidents.models.incident import ResolutionOutcome, Status
from incidents.pages import resident_own, resident_status
from tests.cast import TUESDAY, file_report, reload
from tests.journeys.axe import axe_finds
from tests.journeys.conftest import Hands, OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def fresh_throttles() -> None:
    for throttle in (resident_own.CODES, resident_own.TRIES, resident_status.WRONG_CODES):
        throttle.forget()


def open_own(page: Page) -> None:
    """From the number to the list of its reports."""
    page.fill("#id_phone", "138 1234 2207")
    page.click("main form .btn-primary")
    page.fill("#id_code", proving.code_of(PhoneProof.objects.latest("pk")))
    page.click("main form .btn-primary")
    page.wait_for_selector(".own-report")


@pytest.mark.parametrize(
    ("width", "scripts", "language"), [(390, True, "zh-hans"), (320, True, "en"), (320, False, "zh-hans")]
)
def test_from_a_number_to_all_its_reports(
    open_page: OpenPage, shoot: Shoot, hands: Hands, width: int, scripts: bool, language: str
) -> None:
    lamp = file_report()
    actions.accept(number=lamp.number, actor=SYSTEM, at=TUESDAY)
    actions.ask_reporter(number=lamp.number, question="是哪一根灯杆？", actor=SYSTEM, at=TUESDAY)
    file_report(text="植物园路井盖松了，走上去会响", category=None)
    name = f"own-{width}-{language}{'' if scripts else '-no-script'}"
    page = open_page("/r/", width=width, scripts=scripts, language=language)
    page.click("a[href='/mine/']")
    page.wait_for_selector("#id_phone")
    if scripts:
        assert_fits(page)
        assert axe_finds(page) == []
    page.fill("#id_phone", "138 1234 2207")
    page.click("main form .btn-primary")
    page.wait_for_selector("#id_code")
    assert "1234" not in page.url
    shoot(page, f"{name}-code")
    if scripts:
        assert_fits(page)
        assert axe_finds(page) == []
    page.fill("#id_code", proving.code_of(PhoneProof.objects.latest("pk")))
    page.click("main form .btn-primary")
    expect(page.locator(".own-report")).to_have_count(2)
    shoot(page, f"{name}-reports")
    if scripts:
        assert_fits(page)
        assert axe_finds(page) == []
    page.click(".own-report[data-state=warned]")
    page.fill("#id_reply", "十七号杆")
    page.click("#reply .btn-primary")
    expect(page.locator("#reply")).to_have_count(0)
    shoot(page, f"{name}-status")
    for words in (*page.locator(".stages > li").all(), page.locator(".brand")):
        assert words.evaluate("one => one.scrollWidth <= one.clientWidth + 1")  # no name is cut
    if width < 360:
        assert (
            page.locator(".stages > li").first.evaluate("one => getComputedStyle(one).overflowWrap")
            == "normal"
        )
    assert reload(lamp).status == Status.HANDLING
    page.click("#texts .btn")
    expect(page.locator("#texts button[value=on]")).to_be_visible()
    assert QuietReport.objects.count() == 1
    shoot(page, f"{name}-status")
    if scripts:
        assert_fits(page)
        assert axe_finds(page) == []
    page.goto("/mine/reports/")
    page.click("form[action='/mine/leave/'] .btn")
    page.wait_for_url("**/r/")
    page.goto("/mine/reports/")
    page.wait_for_url("**/mine/")


def test_large_type_has_room_for_it(open_page: OpenPage, shoot: Shoot, hands: Hands) -> None:
    file_report()
    page = open_page("/mine/", width=320, height=640, color_scheme="dark")
    with page.expect_response("**/type-size/"):
        page.click("[data-type-size] button")
    page.goto("/mine/")
    open_own(page)
    assert_fits(page)
    assert axe_finds(page) == []
    shoot(page, "own-large-320-dark")


@pytest.mark.parametrize(("width", "scripts"), [(390, True), (320, False)])
def test_an_objection_pressed_twice_opens_the_case_once(
    open_page: OpenPage, shoot: Shoot, hands: Hands, width: int, scripts: bool
) -> None:
    lamp = file_report()
    actions.accept(number=lamp.number, actor=SYSTEM, at=TUESDAY)
    actions.resolve(
        number=lamp.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已换新",
        attested=True,
        actor=SYSTEM,
        at=TUESDAY,
    )
    actions.verify(number=lamp.number, fixed=True, actor=SYSTEM, at=TUESDAY)
    hands.at = TUESDAY + timedelta(hours=1)
    code = lamp.links.get().report.tracking_code
    page = open_page(f"/r/{code}/objection/", width=width, scripts=scripts)
    page.fill("#id_reason", "晚上还是不亮")
    if scripts:
        page.dblclick(".foot-bar .btn-primary")
    else:
        page.click(".foot-bar .btn-primary")
    page.wait_for_url(f"**/r/{code}/")
    expect(page.locator("a[href$='/objection/']")).to_have_count(0)
    page.go_back()
    page.goto(f"/r/{code}/objection/")  # said again from an old page: back to how far it is
    page.wait_for_url(f"**/r/{code}/")
    shoot(page, f"objected-{width}")
    assert Incident.objects.get().rework_count == 1
