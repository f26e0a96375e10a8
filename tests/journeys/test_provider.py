"""Linking oneself with the provider in a real browser: out of this site by a page, and back into it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import ProviderLink
from accounts.roles import Role
from tests.accounts.provider.conftest import House, house  # noqa: F401  # the fixture
from tests.accounts.provider.said import group, link
from tests.cast import PASSWORD, Person
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import OpenPage, assert_fits

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

Shoot = Callable[[Page, str], None]


def come_in(page: Page, who: Person) -> None:
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")


@pytest.mark.parametrize(("width", "language"), [(390, "zh-hans"), (1440, "en")])
def test_a_person_links_themselves(
    transactional_db: None,
    open_page: OpenPage,
    house: House,  # noqa: F811
    handler: Person,
    shoot: Shoot,
    width: int,
    language: str,
) -> None:
    house.knows("huang")
    page = open_page("/sign-in/?next=/me/sign-in/", width=width, language=language)
    # What the provider's own page asks for elsewhere is no matter of ours.
    page.route(re.compile("^https://|/favicon.ico$"), lambda route: route.fulfill(body=""))
    come_in(page, handler)
    entry = page.locator('a[href="/sign-in/provider/link/"]')
    expect(entry).to_be_visible()
    shoot(page, f"provider-mine-{width}-{language}")
    entry.click()
    expect(page.locator("#id_code")).to_have_count(0)  # they have none
    assert_accessible(page)
    if width < 600:
        assert_fits(page)
    shoot(page, f"provider-link-{width}-{language}")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    expect(page).to_have_url(re.compile(re.escape(house.url)))
    page.fill('input[name="sub"]', "huang")
    page.locator('input[name="sub"]').press("Enter")
    expect(page).to_have_url(re.compile("/me/sign-in/$"))
    expect(page.locator("main")).to_contain_text("huang")
    expect(entry).to_have_count(0)
    assert_accessible(page)
    if width < 600:
        assert_fits(page)
    shoot(page, f"provider-linked-{width}-{language}")
    assert ProviderLink.objects.get().subject == "huang"


@pytest.mark.parametrize(("width", "language"), [(390, "en"), (1440, "zh-hans")])
def test_what_an_administrator_sees_of_it(
    transactional_db: None,
    open_page: OpenPage,
    house: House,  # noqa: F811
    handler: Person,
    security: Person,
    shoot: Shoot,
    settings: Any,
    width: int,
    language: str,
) -> None:
    group("desk", Role.OPERATOR, "operations-centre", security)
    page = open_page("/sign-in/?next=/installation/provider/", width=width, language=language)
    come_in(page, security)
    expect(page.locator("main")).to_contain_text("desk")
    assert_accessible(page)
    if width < 600:
        assert_fits(page)
    shoot(page, f"provider-groups-{width}-{language}")
    page.goto(page.url.replace("/provider/", f"/sign-ins/{handler.user.pk}/"))
    expect(page.locator("#id_login_name")).to_have_count(0)  # they have a password: they do it themselves
    shoot(page, f"provider-of-{width}-{language}")
    link(handler, "huang")
    page.emulate_media(color_scheme="dark")
    page.reload()
    expect(page.locator("main")).to_contain_text("huang")
    assert_accessible(page)
    if width < 600:
        assert_fits(page)
    shoot(page, f"provider-of-linked-{width}-{language}-dark")
