"""One supervisor writes down what a resident asks, another makes the copy, in a real browser."""

import json
import re
import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import Role
from incidents.intake import Reporter
from tests.cast import PASSWORD, Person, file_report, person
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import OpenPage, assert_fits
from tests.journeys.walking import small_targets

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PHONE = "13812342207"


def sign_in(open_page: OpenPage, who: Person, width: int, language: str, scheme: str) -> Page:
    page = open_page("/sign-in/?next=/privacy/", width=width, language=language, color_scheme=scheme)
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    expect(page).to_have_url(re.compile("/privacy/$"))
    return page


@pytest.mark.parametrize(("width", "language", "scheme"), [(390, "zh-hans", "light"), (1440, "en", "dark")])
def test_a_copy_takes_two_people(
    open_page: OpenPage,
    supervisor: Person,
    shoot: Callable[[Page, str], None],
    width: int,
    language: str,
    scheme: str,
) -> None:
    def look(page: Page, name: str) -> None:
        shoot(page, f"requests-{name}-{width}-{language}")
        assert_accessible(page)
        if width < 1000:
            assert_fits(page)
            assert small_targets(page) == []

    case = file_report(reporter=Reporter(name="王小明", phone=PHONE))
    second = person("second-supervisor", Role.SUPERVISOR, "operations-centre", "吴强")
    page = sign_in(open_page, supervisor, width, language, scheme)
    look(page, "none")
    page.locator("a[href$='/privacy/new/']").click()
    page.fill("#id_phone", "138 1234 2207")
    page.locator("#id_called_back").check()
    look(page, "form")
    page.fill("#id_reason", "信-18")
    page.locator("form.card button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text("138****2207")
    look(page, "own")
    other = sign_in(open_page, second, width, language, scheme)
    other.locator("a.row-link").click()
    expect(other.locator(".facts-rows")).to_contain_text(case.number)
    look(other, "to-do")
    with other.expect_download() as downloaded:
        other.locator("form[action$='/carry-out/'] button").click()
    with zipfile.ZipFile(downloaded.value.path()) as archive:
        assert json.loads(archive.read("data.json"))["contacts"][0]["phone"] == PHONE
