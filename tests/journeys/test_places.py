"""Two places on the desk, the registers, and plates with codes, in a browser."""

from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, ViewportSize, expect

from config import clock
from config.simulation.facilities import prepare_facilities, report_torn
from grids import registers
from incidents.models import Incident
from tests.cast import PASSWORD, Person
from tests.journeys.axe import axe_finds
from tests.journeys.conftest import Hands, OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SHOTS = Path(settings.BASE_DIR) / "var" / "screenshots"


@pytest.fixture(autouse=True)
def fresh_registers(hands: Hands):
    registers.distrust()
    yield
    registers.distrust()


def sign_in(page: Page, who: Person) -> None:
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector(".topbar")


def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"places-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert axe_finds(page) == [], name


def test_the_desk_chooses_between_two_places(open_page: OpenPage, operator: Person) -> None:
    report_torn(at=clock.now())
    torn = Incident.objects.get(text__body__startswith="布吉街道大芬")
    page = open_page(f"/desk/{torn.number}/")
    sign_in(page, operator)
    note = page.locator(".two-places")
    assert note.locator("li").count() == 2
    shoot(page, "desk-phone")
    page.set_viewport_size(DESK)
    shoot(page, "desk")
    note.locator("li", has_text="大芬").get_by_role("button").click()
    page.wait_for_selector(".two-places", state="detached")
    torn.refresh_from_db()
    assert torn.street_code == "440307014000"


def test_a_keeper_looks_through_the_registers_and_prints_plates(open_page: OpenPage, admin: Person) -> None:
    prepare_facilities(at=clock.now())
    page = open_page("/registers/facilities/?kind=hydrant")
    page.set_viewport_size(DESK)
    sign_in(page, admin)
    base = page.url.split("/registers")[0]
    assert page.locator("tbody tr").count() == 50
    shoot(page, "facilities")
    page.set_viewport_size(PHONE)
    shoot(page, "facilities-phone")
    page.locator(".source-changes a").first.click()
    page.wait_for_selector(".register-form")
    expect(page.locator(".source-changes li")).to_have_count(1)
    shoot(page, "facility-phone")
    page.set_viewport_size(DESK)
    for name, address in (
        ("names", "/registers/places/?kind=metro_station"),
        ("name", "/registers/places/new/"),
        ("import", "/registers/facilities/import/"),
        ("codes", "/codes/?street=440307016000"),
    ):
        page.goto(base + address)
        shoot(page, name)
    page.goto(base + "/registers/places/")
    page.set_viewport_size(PHONE)
    shoot(page, "names-phone")
    page.set_viewport_size(DESK)
    page.goto(base + "/codes/?street=440307016000")
    page.locator("tbody tr a").first.click()
    page.wait_for_selector(".code-plate")
    shoot(page, "plates")
    page.goto(page.url + "?things=facilities")
    shoot(page, "labels")
