"""Sensors in a real browser: what burns, its case, the rules and the register, wide and narrow."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, ViewportSize, expect

from accounts.models import ApiClient
from config.simulation.sensing import prepare_sensors
from incidents.models import AlertCase, AlertDevice, AlertRule
from tests.cast import TUESDAY, Person
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage, assert_fits
from tests.journeys.test_staff import Shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 640}
NOON = TUESDAY + timedelta(hours=2)


@pytest.fixture
def devices(transactional_db: None, hands: Hands) -> None:
    """The demo's devices, and what they have reported since the morning."""
    hands.at = NOON
    prepare_sensors(at=NOON)
    assert ApiClient.objects.filter(name="demo-sensors").exists()


def test_what_burns_from_the_list_to_its_case(
    open_page: OpenPage, shoot: Shoot, devices: None, supervisor: Person
) -> None:
    page = open_page("/sensors/", **DESK)
    sign_in(page, supervisor)
    assert page.locator(".ledger-row").count() > 5
    looked_at(page, shoot, "sensors")
    for tab in ("flapping", "inhibited", "unmapped", "devices", "aside"):
        page.locator(f'.tabs a[href*="tab={tab}"]').click()
        page.wait_for_url(f"**tab={tab}*")
        expect(page.locator(".ledger-row")).not_to_have_count(0)
        looked_at(page, shoot, f"sensors-{tab}")
    # The cabinet holds its lamps back, and the cover that tilts again and again is one case.
    flapping = AlertCase.objects.get(alerts__key="MH-0042|manhole_tilt")
    assert flapping.incident is not None
    page.goto(reverse("case", args=[flapping.incident.number]))
    assert page.locator("[data-alerts]").count() == 1
    looked_at(page, shoot, "sensors-case")
    for path in ("rules", "devices"):
        page.goto(f"/sensors/{path}/")
        looked_at(page, shoot, f"sensors-{path}")


def test_an_administrator_keeps_rules_and_devices(
    open_page: OpenPage, shoot: Shoot, devices: None, admin: Person
) -> None:
    page = open_page("/sensors/rules/", **DESK)
    sign_in(page, admin)
    device, rule = AlertDevice.objects.get(code="NB-7F31"), AlertRule.objects.all()[2]
    for name, path in (
        ("device", f"devices/{device.pk}"),
        ("rule", f"rules/{rule.pk}"),
        ("inhibition", "inhibitions/new"),
        ("sheet", "devices/sheet"),
    ):
        page.goto(f"/sensors/{path}/")
        looked_at(page, shoot, f"sensors-{name}")


def looked_at(page: Page, shoot: Shoot, name: str) -> None:
    """Usable and whole at every width."""
    for size in (DESK, PHONE, NARROW):
        page.set_viewport_size(size)
        if size is not DESK:  # a thumb presses there
            assert_fits(page)
        if size is not NARROW:
            shoot(page, f"{name}-{size['width']}")
    page.set_viewport_size(DESK)
    assert_accessible(page)
