"""The leader's board in a real browser: drawn, read as a table, narrowed, and followed down to the cases."""

import pytest
from playwright.sync_api import ViewportSize, expect

from dashboards import rollups
from tests.cast import Person
from tests.dashboards.facts import BUJI, BUJI_COMMUNITY, DAY, DAYS, HOUR, case, days_before, fact, noon
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import Shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
DRAWN = ".chart-card canvas, .kpi canvas"


@pytest.fixture(autouse=True)
def seven_weeks(hands: Hands, transactional_db: None) -> None:
    """Seven weeks of work in two streets; Buji is the slower one."""
    hands.at = noon(DAY)
    for number in range(120):
        slow = number % 3 == 0
        place = {"street_code": BUJI, "community_code": BUJI_COMMUNITY} if slow else {}
        incident = case(
            status="closed", closed_at=noon(DAY), category_id=("0204", "0101")[number % 2], **place
        )
        day = days_before(number % 50)
        taken = (4 if slow else 2) * DAYS + number * HOUR // 10
        fact(incident, "received", day=day)
        fact(incident, "dispatched", day=day, elapsed=HOUR, working=HOUR, first=True, automatic=True)
        fact(incident, "handled", day=day, elapsed=taken, working=taken // 3, first=True, solved=True)
        fact(incident, "due", day=day, on_time=number % 4 != 0)
        fact(incident, "closed", day=day, elapsed=taken + HOUR, working=taken // 3)
        fact(incident, "rated", day=day, score=5, solved=True)
    rollups.fold()
    case(status="handling", due_at=noon(DAY))


def test_from_the_finding_to_the_cases(open_page: OpenPage, shoot: Shoot, leader: Person) -> None:
    page = open_page("/board/", **DESK)
    sign_in(page, leader)
    page.goto("/board/")
    page.wait_for_selector(DRAWN)
    page.wait_for_selector(".map.is-drawn path.map-area")
    shoot(page, "board-1440")

    flow = page.locator(".chart-card", has=page.locator("#flow")).first
    assert not flow.locator(".chart-table").is_visible()
    flow.locator("[data-chart-tool=table]").click()
    assert flow.locator(".chart-table tbody tr").count() == 29  # without today

    for card, kind, begins in (
        ("#league", "svg", b"<svg"),  # drawn for the file alone: on the page it is a table
        ("#calendar", "png", b"\x89PNG"),
        (".chart-card:has(.board-map)", "svg", b"<svg"),
        (".chart-card:has(#flow)", "png", b"\x89PNG"),
    ):
        with page.expect_download() as saved:
            page.locator(f"{card} [data-chart-tool={kind}]").first.click()
        content = saved.value.path().read_bytes()
        assert content.startswith(begins), card
        if kind == "svg":  # its finding stands above it
            assert page.locator(f"{card} h2").first.inner_text().strip() in content.decode()

    league = page.locator(".board-league")
    number = league.locator("tbody tr", has_text="布吉").locator("td.num a").first
    count = int(number.inner_text().removeprefix("○ "))
    number.click()
    rows = page.locator(".board-cases tbody tr")
    expect(rows).to_have_count(count)
    page.locator(".chip").click()  # the street is taken away again
    expect(rows).not_to_have_count(count)
    page.wait_for_load_state()
    assert rows.count() > count


def test_filters_stand_in_the_address(open_page: OpenPage, leader: Person) -> None:
    page = open_page("/board/", **DESK)
    sign_in(page, leader)
    page.goto("/board/")
    page.select_option("select[name=period]", "90d")
    page.wait_for_url("**period=90d**")
    page.select_option("select[name=street]", BUJI)
    page.wait_for_url("**street=440307014000**")
    assert page.locator("select[name=period]").input_value() == "90d"
    assert "unit=" not in page.url  # what is not chosen is not in the address
    # Back is the district's page, and says so in its filters.
    page.go_back()
    page.wait_for_url(lambda url: "street=" not in url)
    page.wait_for_function("document.querySelector('select[name=street]').value === ''")
    page.go_forward()
    page.wait_for_url("**street=440307014000**")
    page.wait_for_function(f"document.querySelector('select[name=street]').value === '{BUJI}'")
    page.click("text=工作时长")
    page.wait_for_url("**time=working**")
    assert "street=440307014000" in page.url


@pytest.mark.parametrize("width", [360, 1920])
def test_it_fits_the_screen_in_both_lights_and_languages(
    open_page: OpenPage, shoot: Shoot, leader: Person, width: int
) -> None:
    scheme, language = ("dark", "en") if width == 1920 else ("light", "zh-hans")
    page = open_page("/board/", width=width, height=900, language=language, color_scheme=scheme)
    sign_in(page, leader)
    for address in ("/board/", f"/board/street/{BUJI}/", "/board/cases/?list=late", "/board/definitions/"):
        page.goto(address)
        page.wait_for_selector("h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.goto("/board/")
    page.wait_for_selector(DRAWN)
    shoot(page, f"board-{width}")


def test_without_scripts_the_numbers_are_all_there(open_page: OpenPage, leader: Person) -> None:
    page = open_page("/board/", scripts=False, **DESK)
    sign_in(page, leader)
    page.goto("/board/")
    flow = page.locator(".chart-card", has=page.locator("#flow"))
    assert flow.locator(".chart-table").is_visible()
    assert page.locator(".board-league tbody tr").count() == 2
    assert page.locator(".more-rows[hidden]").count() == 0
