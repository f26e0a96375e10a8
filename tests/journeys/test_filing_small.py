"""The report form on small screens: nothing is covered, and nothing passed over in silence."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.cast import LAMP_TEXT
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

NEXT = ".foot-bar .btn-primary"
Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def warm(transactional_db: None) -> None:
    """The first page of a process reads addresses, templates and registers: that is nobody's journey."""
    assert Client().get(reverse("report")).status_code == 200


def is_clear(page: Page, selector: str) -> bool:
    """Is all of it in sight, and on top?"""
    seen: bool = page.evaluate(
        """(selector) => {
          const box = document.querySelector(selector).getBoundingClientRect();
          if (box.top < 0 || box.bottom > innerHeight) return false;
          return [box.top + 3, box.bottom - 3].every((y) => {
            const top = document.elementFromPoint(box.left + box.width / 2, y);
            return Boolean(top?.closest(selector));
          });
        }""",
        selector,
    )
    return seen


@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 760)])
def test_nothing_lies_over_the_numbers_or_the_field(
    open_page: OpenPage, hands: Hands, width: int, height: int
) -> None:
    page = open_page("/report/", width=width, height=height)
    for number in ("119", "120", "110"):
        assert is_clear(page, f"a[href='tel:{number}']"), number
    page.fill("#id_text", LAMP_TEXT)
    page.click(NEXT)
    page.wait_for_selector(".map.is-drawn")
    page.focus("#id_address")
    assert is_clear(page, "#id_address")
    page.focus("#id_landmark")
    assert is_clear(page, "#id_landmark")
    button, drawn = page.locator("#locate").bounding_box(), page.locator(".pick-map .map").bounding_box()
    assert button
    assert drawn
    assert button["y"] >= drawn["y"] + drawn["height"]


@pytest.mark.parametrize("scripts", [True, False])
def test_an_address_that_nobody_knows_is_said_once_and_goes_on(
    open_page: OpenPage, shoot: Shoot, hands: Hands, scripts: bool
) -> None:
    page = open_page("/report/", width=320, scripts=scripts)
    page.fill("#id_text", "垃圾桶满了，旁边都是袋子")
    page.click(NEXT)
    page.fill("#id_address", "火星路9999号")
    page.click(NEXT)
    expect(page.locator("#unfound")).to_be_visible()
    expect(page.locator("#id_address")).to_have_value("火星路9999号")
    assert_fits(page)
    shoot(page, f"filing-unfound-{scripts}")
    page.click(NEXT)
    page.wait_for_url("**/finish/")
    links = page.locator(".told dd > a")
    for box in (links.nth(0).bounding_box(), links.nth(1).bounding_box()):
        assert box
        assert min(box["height"], box["width"]) >= 44
    page.click(NEXT)
    page.wait_for_selector(".tracking")


def test_a_position_outside_still_shows_the_district(open_page: OpenPage, hands: Hands) -> None:
    away = {"longitude": 113.0, "latitude": 23.5}
    page = open_page("/report/", geolocation=away, permissions=["geolocation"])
    page.fill("#id_text", "高速出口的指示牌倒了")
    page.click(NEXT)
    page.wait_for_selector(".map.is-drawn")
    page.click("#locate")
    expect(page.locator("#picked.is-outside")).not_to_be_empty()
    drawn = page.locator(".pick-map .map").bounding_box()
    name = page.get_by_text("龙城", exact=True).first.bounding_box()
    assert drawn
    assert name
    assert drawn["x"] <= name["x"] <= drawn["x"] + drawn["width"]
    assert drawn["y"] <= name["y"] <= drawn["y"] + drawn["height"]


def test_words_of_earlier_are_announced_and_can_be_left(
    open_page: OpenPage, shoot: Shoot, hands: Hands
) -> None:
    page = open_page("/report/", width=320, height=640)
    expect(page.locator("[data-draft-note]")).to_be_hidden()
    page.locator("#id_text").press_sequentially("楼道里堆满")
    page.goto("/report/")
    expect(page.locator("#id_text")).to_have_value("楼道里堆满")
    expect(page.locator("[data-draft-note] [data-words]")).to_have_text(re.compile(r"\d\d:\d\d"))
    assert_fits(page)
    assert_accessible(page)
    page.evaluate("scrollTo(0, 0)")
    assert is_clear(page, "a[href='tel:119']")
    assert is_clear(page, "a[href='tel:120']")
    shoot(page, "filing-draft-kept")
    page.click("[data-draft-anew]")
    expect(page.locator("#id_text")).to_be_focused()
    expect(page.locator("#id_text")).to_have_value("")
    page.goto("/report/")
    expect(page.locator("[data-draft-note]")).to_be_hidden()


def test_without_scripts_no_draft_is_promised(open_page: OpenPage, hands: Hands) -> None:
    page = open_page("/report/", width=320, scripts=False, language="en")
    expect(page.get_by_text("No account needed.")).to_be_visible()
    expect(page.get_by_text("Half-written words")).to_be_hidden()
