"""The command screen in a real browser: opened from the board, left running, honest when it stops."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, Page, ViewportSize

from dashboards.models import ScreenDisplay
from dashboards.screen import displays, kept, pages
from tests.cast import TUESDAY, Person
from tests.dashboards.screen.district import busy_district
from tests.incidents.centre.people import DISTRICT
from tests.incidents.centre.test_wall import lamp
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import Shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

WALL: ViewportSize = {"width": 1920, "height": 1080}
AFTERNOON = TUESDAY + timedelta(hours=4, minutes=32)
SCREEN = f"/board/screen/{DISTRICT}/"


@pytest.fixture(autouse=True)
def afternoon(hands: Hands, transactional_db: None) -> Iterator[None]:
    hands.at = AFTERNOON
    busy_district(AFTERNOON, emergencies=0)
    kept.forget()
    yield
    kept.forget()


@pytest.fixture
def wall(browser: Browser, live_server: Any) -> Iterator[Page]:
    """A wall's browser. Its console may say that it was refused, for that is tried here; it may not fail."""
    context = browser.new_context(viewport=WALL, base_url=live_server.url)
    context.set_default_timeout(15_000)
    context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "zh-hans", "url": live_server.url}])
    failed: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: failed.append(str(error)))
    yield page
    context.close()
    assert failed == []


def quickly(page: Page) -> None:
    page.evaluate("document.body.dataset.every = '150'")


def test_a_wall_is_left_running_keeps_up_and_says_when_it_has_ended(
    wall: Page, shoot: Shoot, hands: Hands, supervisor: Person
) -> None:
    wall.goto("/board/")
    sign_in(wall, supervisor)
    wall.goto("/board/")
    way_in = 'a[href="/board/screen/"]'
    wall.click(f".board-filters details:has({way_in}) > summary")
    wall.click(way_in)
    wall.wait_for_selector("#part-tiles")
    shoot(wall, "screen-1920")
    assert cut_off(wall) == []
    assert smallest_type(wall) >= 24
    assert_accessible(wall)

    wall.click('.screen-tools a[href^="/board/screen/running/"]')
    wall.fill("#id_name", "指挥大厅西墙")
    shoot(wall, "screen-running")
    assert_accessible(wall)
    wall.click("form.card button.btn-primary")
    wall.wait_for_selector("#part-tiles")
    kept_names = {cookie["name"] for cookie in wall.context.cookies()}
    assert settings.SESSION_COOKIE_NAME not in kept_names  # nobody's sign-in hangs on the wall
    assert pages.COOKIE in kept_names
    assert wall.locator('.screen-tools a[href="/board/"]').count() == 0

    quickly(wall)
    before = int(wall.inner_text("#part-figures .figure b >> nth=0"))
    case = lamp(1, at=hands.at)
    kept.forget()
    wall.wait_for_selector(f'[data-row="new-{case.pk}"].is-new')
    assert int(wall.inner_text("#part-figures .figure b >> nth=0")) == before + 1
    burning = lamp(3, urgency="emergency", category="2001", text="路面塌陷有大坑", at=hands.at)
    kept.forget()
    ring = f'.mark-alarm[data-row="ring-{burning.pk}"]'
    wall.wait_for_selector(f"{ring}.is-new")
    pulse = "(ring) => getComputedStyle(ring).animationIterationCount"
    assert wall.eval_on_selector(f"{ring} .mark-ring", pulse) == "2"
    shoot(wall, "screen-emergency")
    assert cut_off(wall) == []
    lamp(5, at=hands.at)
    kept.forget()
    wall.wait_for_selector(f"{ring}:not(.is-new)")  # what is known does not pulse again

    displays.end_display(display=ScreenDisplay.objects.get().pk, actor=supervisor.actor, at=timezone.now())
    wall.wait_for_selector('.screen[data-live="ended"]')
    assert wall.is_visible(".screen-band")
    assert wall.url.endswith(SCREEN)  # no form to sign in at, and nothing of what it showed
    assert wall.locator("[data-part] *").count() == 0
    shoot(wall, "screen-ended")
    assert_accessible(wall)
    wall.reload()
    assert wall.locator("[data-part]").count() == 0
    assert_accessible(wall)
    shoot(wall, "screen-closed")


def test_a_wall_that_hears_nothing_says_since_when_and_takes_a_new_build(
    wall: Page, hands: Hands, leader: Person, monkeypatch: pytest.MonkeyPatch, shoot: Shoot
) -> None:
    wall.goto("/board/")
    sign_in(wall, leader)
    wall.clock.install()
    wall.goto(SCREEN)
    wall.wait_for_selector('.screen[data-live="on"]')

    wall.route("**/live/", lambda route: route.abort())
    passes(wall, 26)
    assert wall.get_attribute(".screen", "data-live") == "on"
    passes(wall, 10)
    assert wall.get_attribute(".screen", "data-live") == "stale"
    assert "14:32" in wall.inner_text(".screen-live")
    assert not wall.is_visible(".screen-band")
    passes(wall, 110)
    assert wall.is_visible(".screen-band")
    shoot(wall, "screen-stale")
    hands.at += timedelta(hours=9, minutes=28)  # meanwhile it is midnight
    kept.forget()
    wall.unroute("**/live/")
    passes_until_it_asks(wall)
    wall.wait_for_selector('.screen[data-live="on"]')
    passes(wall, 2)
    assert not wall.is_visible(".screen-band")
    assert (wall.inner_text("[data-day]"), wall.inner_text("[data-face]")) == ("7月8日周三", "00:00")
    assert wall.inner_text("#part-figures .figure b >> nth=0") == "0"

    monkeypatch.setattr(pages, "build", lambda: "another")
    passes_until_it_asks(wall)
    wall.wait_for_selector('.screen[data-build="another"]')


def test_it_fills_other_screens_in_both_languages_and_lights(
    open_page: OpenPage, shoot: Shoot, leader: Person
) -> None:
    page = open_page("/board/", language="en", **WALL)
    sign_in(page, leader)
    for name, query, width, height in (
        ("1366", "", 1366, 768),
        ("light", "?light=on", 1920, 1080),
        ("4k", "", 3840, 2160),
    ):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(SCREEN + query)
        page.wait_for_selector("#part-tiles")
        assert cut_off(page) == [], name
        assert smallest_type(page) >= 24 * width / 1920 - 0.5, name
        assert_accessible(page)
        shoot(page, f"screen-en-{name}")
    page.goto(f"/board/screen/{BUJI}/")
    assert cut_off(page) == []
    shoot(page, "screen-en-street")
    phone = open_page("/board/", width=320, height=700, scripts=False)
    sign_in(phone, leader)
    phone.goto(SCREEN)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 320
    shoot(phone, "screen-320")


BUJI = "440307014000"


def passes(page: Page, seconds: int) -> None:
    """Let the page's clock go on, and what it asks for be answered."""
    for _step in range(seconds // 2):
        page.clock.run_for(2000)
        page.wait_for_load_state()


def passes_until_it_asks(page: Page) -> None:
    """Let it go on to the next poll, and no further: the server answers in its own time."""
    with page.expect_request("**/live/") as asked:
        while not asked.is_done():
            page.clock.run_for(1000)
            page.wait_for_load_state()


def cut_off(page: Page) -> list[str]:
    """What runs over the screen, or over the part of it that it stands in."""
    over: list[str] = page.evaluate(
        """() => {
        const all = (selector) => [...document.querySelectorAll(selector)];
        const lower = (one) => one.clientHeight && one.scrollHeight > one.clientHeight + 2;
        const beyond = all(".screen-head, [data-part], .screen-lists").filter((one) => {
            const box = one.getBoundingClientRect();
            const isOut = box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
            return isOut || (!(one instanceof SVGElement) && lower(one));
        });
        const lists = [".screen-lists", ".screen-tiles", ".screen-warnings"].map((list) => `${list} li`);
        const lost = all(`${lists}, .screen-figures dl > div`).filter((row) => {
            const box = row.getBoundingClientRect();
            const part = row.closest("[data-part]").getBoundingClientRect();
            return box.bottom > part.bottom + 2 || box.right > part.right + 2;
        });
        const narrow = ".figure, .note, .screen-figures dt, .tile-late, .tile-verdict, .row-left, h1";
        const clipped = all(narrow).filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 2);
        const said = (one) => one.textContent.trim().replace(/\\s+/g, " ").slice(0, 60);
        return [...beyond, ...lost, ...clipped].map((one) => `${one.id || one.className}: ${said(one)}`);
    }"""
    )
    return over


def smallest_type(page: Page) -> float:
    """The smallest words on the screen, in pixels as they are drawn."""
    smallest: float = page.evaluate(
        """() => {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        let least = Infinity;
        while (walker.nextNode()) {
            const one = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || one.closest("[hidden], script, noscript")) continue;
            const scale = one instanceof SVGTextElement ? one.getScreenCTM().a : 1;
            least = Math.min(least, parseFloat(getComputedStyle(one).fontSize) * scale);
        }
        return least;
    }"""
    )
    return smallest
