"""What is the same thing, at the desk: one key brings two cases together, two clicks take a report out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from incidents.models import Incident
from tests.cast import LAMP_TEXT, PASSWORD, TUESDAY, Person, file_report, reload
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def after_all_came_in(hands: Hands) -> None:
    hands.at = TUESDAY + timedelta(minutes=20)


def lamp(text: str, minutes: int) -> Incident:
    at = TUESDAY + timedelta(minutes=minutes)
    return file_report(text=text, nature="enquiry", joins="", external_id=f"alike-{minutes}", at=at)


def sign_in(page: Page, who: Person) -> None:
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("html[data-scripts=ready] .topbar")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_m_merges_what_is_shown_as_the_likest(
    open_page: OpenPage, shoot: Shoot, operator: Person, language: str
) -> None:
    likest = lamp("植物园路第三根灯杆的灯坏了，一片漆黑", 1)
    lamp("植物园路第五根路灯不亮", 2)
    case = lamp("植物园路从公交站数第三根路灯坏了不亮，走路看不清", 3)
    page = open_page(f"/desk/{case.number}/", width=1440, height=900, language=language)
    sign_in(page, operator)
    alike = page.locator(".alike-list .alike")
    expect(alike).to_have_count(2)
    expect(alike.first.locator("mark").first).to_be_visible()
    expect(alike.first).to_contain_text("物园路")
    expect(page.locator(".case-row[aria-current] .tag-again, .case-row .tag-again").first).to_be_visible()
    assert_accessible(page)
    shoot(page, f"alike-desk-{language}")
    page.keyboard.press("m")
    page.wait_for_selector(".toast-line")
    assert reload(case).merged_into == likest


def test_two_clicks_take_a_report_out(
    open_page: OpenPage, shoot: Shoot, operator: Person, supervisor: Person
) -> None:
    case = file_report()
    for n in range(3):
        assert file_report(external_id=f"joined-{n}") == case
    page = open_page(f"/cases/{case.number}/")
    sign_in(page, operator)
    expect(page.locator(".take-out")).to_have_count(3)
    page.locator(".take-out summary").last.click()
    # Clear of the bar that stands over the foot of a phone's page.
    page.locator(".take-out").nth(1).evaluate("node => node.scrollIntoView({block: 'center'})")
    assert_fits(page)
    assert_accessible(page)
    shoot(page, "alike-case-phone")
    page.locator(".take-out[open] button").click()
    page.wait_for_url("**/desk/**")
    own = Incident.objects.exclude(pk=case.pk).get()
    assert (own.text.body, reload(case).report_count) == (LAMP_TEXT, 3)
    read = open_page("/supervision/joins/")
    sign_in(read, supervisor)
    expect(read.locator("tbody tr")).to_have_count(1)
    assert_fits(read)
    assert_accessible(read)
    shoot(read, "alike-joins-phone")
