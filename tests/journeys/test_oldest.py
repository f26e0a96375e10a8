"""A browser that does not know `:has()`: has.js stands in for it, and what is chosen can be seen."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from incidents.models import Incident
from tests.cast import Person
from tests.journeys.conftest import OpenPage
from tests.journeys.test_calls import called, three_in_the_afternoon
from tests.journeys.test_staff import Shoot, sign_in

__all__ = ["called", "three_in_the_afternoon"]
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# What such a browser does with a rule that it cannot read: drops it.
_DROPPED = re.compile(r"[^{}]*:has\([^{}]*\{[^{}]*\}")


def grow_old(page: Page) -> None:
    """From the next page on it is Chromium 90, as far as `:has()` goes."""

    def drop(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=_DROPPED.sub("", answer.text()))

    page.route("**/*.css", drop)
    page.add_init_script(
        "const knows = CSS.supports.bind(CSS);"
        "CSS.supports = (...told) => !String(told[0]).includes(':has(') && knows(...told);"
    )


@pytest.mark.parametrize("width", [390, 1440])
def test_what_is_chosen_is_marked_where_has_is_not_known(
    width: int, open_page: OpenPage, shoot: Shoot, called: list[Incident], operator: Person
) -> None:
    page = open_page("/sign-in/", width=width, height=900)
    grow_old(page)
    sign_in(page, operator)
    page.goto("/callbacks/")
    page.locator("main form button[data-key=n]").click()
    page.wait_for_selector("#call-form")
    page.wait_for_load_state()  # a form is there before its style is
    chosen = page.locator(".call-outcomes .choice", has=page.locator("input[value=answered]"))
    other = page.locator(".call-outcomes .choice", has=page.locator("input[value=no_answer]"))
    style = "one => getComputedStyle(one).borderTopColor"
    plain = other.evaluate(style)
    page.check("input[name=outcome][value=answered]")
    expect(chosen).not_to_have_css("border-top-color", plain)
    shoot(page, f"oldest-{width}")
    page.check("input[name=outcome][value=no_answer]")
    expect(other).not_to_have_css("border-top-color", plain)
    expect(chosen).to_have_css("border-top-color", plain)
