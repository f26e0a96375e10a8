"""No half words: the bar of places, the wall, supervision and the round, in the longer language too."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from incidents.models import Incident
from tests.cast import Person, file_report
from tests.incidents.centre.people import DISTRICT
from tests.incidents.centre.test_wall import lamp
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Shoot = Callable[[Page, str], None]

# Of these elements, those whose words are wider than the element, or stand over the next one.
CUT = """(selector) => [...document.querySelectorAll(selector)]
  .filter((one) => one.getClientRects().length && one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.textContent.trim())"""
# Names in the bar that are not in sight from their first letter to their last.
HALF = """() => {
  const room = document.querySelector(".topbar > nav").getBoundingClientRect();
  const end = document.querySelector(".topbar-end").getBoundingClientRect().left;
  return [...document.querySelectorAll(".topnav > li")]
    .filter((place) => place.getBoundingClientRect().right > Math.min(room.right, end) + 1)
    .map((place) => place.textContent.trim());
}"""


@pytest.fixture
def burning(transactional_db: None, hands: Hands) -> Incident:
    """An emergency that waits on the desk, and one that nobody has accepted for over an hour."""
    lamp(3, urgency="emergency", category="2001", text="路面塌陷有大坑")
    case = file_report(
        text="大雨后人行道塌了一个坑,老人骑车摔倒", category="0101", external_id="pit", urgency="emergency"
    )
    hands.at += timedelta(hours=1, minutes=20)
    return case


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_places_are_whole_and_all_of_them_there(
    open_page: OpenPage,
    shoot: Shoot,
    burning: Incident,
    operator: Person,
    supervisor: Person,
    language: str,
) -> None:
    for who in (operator, supervisor):
        page = open_page("/sign-in/", width=1440, height=900, language=language)
        sign_in(page, who)
        all_of_them = page.locator(".topbar > nav li").count()
        assert all_of_them >= 6
        for width in (1920, 1440, 1280, 1024, 800):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto("/desk/")
            keys_are_heard(page)
            page.wait_for_function(f"({HALF})().length === 0")
            assert page.locator(".topnav > li").count() >= 2, width
            assert page.locator(".topnav [aria-current]").is_visible(), width
            shoot(page, f"places-{who.user.username}-{language}-{width}")
        page.goto("/callbacks/")
        keys_are_heard(page)
        page.click("[data-more-places] > summary")
        page.wait_for_selector("[data-more-places][open]")
        there = page.locator(".topnav > li, [data-more-places] li")
        assert there.count() == all_of_them
        shoot(page, f"places-more-{who.user.username}-{language}")
        assert_accessible(page)
        last = page.locator("[data-more-places] a").last
        address = last.get_attribute("href") or ""
        last.click()
        page.wait_for_url(f"**{address}")
        # Where one is stays in the bar.
        keys_are_heard(page)
        page.wait_for_function(f"({HALF})().length === 0")
        assert page.locator(".topnav [aria-current]").get_attribute("href") == address


def test_english_is_whole_on_a_wall_and_in_supervision(
    open_page: OpenPage, shoot: Shoot, burning: Incident, supervisor: Person
) -> None:
    page = open_page("/supervision/", width=1920, height=1080, language="en")
    sign_in(page, supervisor)
    page.wait_for_selector(".emergency-clock")
    shoot(page, "whole-supervision")
    clocks = page.locator(".emergency-clock").all_inner_texts()
    assert any("Accept" in clock and "overdue" in clock for clock in clocks), clocks
    assert page.evaluate(CUT, ".emergency-clock") == []
    page.goto(f"/centre/{DISTRICT}/wall/")
    page.wait_for_selector(".wall-tiles")
    shoot(page, "whole-wall")
    assert page.locator(".wall-tiles > li").count() >= 11
    assert page.evaluate(CUT, ".tile-name, .tile-late, .tile-more") == []
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
