"""Whoever has no mouse gets everywhere: Tab goes through the bar, the tools and the page, and never back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from incidents.models import Incident
from tests.cast import Person
from tests.journeys.conftest import OpenPage
from tests.journeys.test_desk import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# What has the focus, by its place in the document: a number that grows from stop to stop.
_STOP = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return [-1, 'the page itself', false];
    const name = (at.getAttribute('aria-label') ?? at.textContent ?? at.name ?? '').trim().slice(0, 30);
    return [[...document.querySelectorAll('*')].indexOf(at), `${at.tagName} ${name}`, !!at.closest('main')];
}"""
STOPS_MOST = 40  # of the bar and its tools, before the page begins


def stops(page: Page) -> Iterator[tuple[int, str, bool]]:
    page.evaluate("document.activeElement?.blur()")
    for _stop in range(STOPS_MOST):
        page.keyboard.press("Tab")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        at, name, is_inside = page.evaluate(_STOP)
        yield at, name, is_inside


@pytest.mark.parametrize("width", [1440, 900, 390])
def test_tab_goes_through_the_bar_into_the_page(
    open_page: OpenPage, desk_case: Incident, supervisor: Person, width: int
) -> None:
    page = open_page("/cases/", width=width)
    sign_in(page, supervisor)
    page.wait_for_selector("main")
    passed: list[tuple[int, str]] = []
    for at, name, is_inside in stops(page):
        assert at > (passed[-1][0] if passed else -1), f"{name} after {[said for _at, said in passed]}"
        passed.append((at, name))
        if is_inside:
            break
    else:
        pytest.fail(f"never left the bar: {[said for _at, said in passed]}")
    assert len(passed) > 4  # the skip link, the brand, the places: it went through them
