"""What is expected and where warnings stand, in a browser: read, opened, and read again without scripts."""

import pytest
from playwright.sync_api import ViewportSize

from dashboards.forecasting import making
from tests.cast import TUESDAY, Person
from tests.dashboards.facts import BUJI, PINGHU
from tests.dashboards.forecasting.test_forecast import two_streets
from tests.dashboards.warning.found import found
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import OpenPage, assert_fits
from tests.journeys.test_staff import Shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 320, "height": 700}


@pytest.mark.usefixtures("hands")
def test_read_opened_and_followed(open_page: OpenPage, shoot: Shoot, supervisor: Person) -> None:
    two_streets(60)
    making.make(at=TUESDAY)
    found(cases=1)
    found(cases=1, street_code=BUJI, community_code="", status="dismissed")
    desk = open_page("/forecast/", **DESK)
    sign_in(desk, supervisor)
    desk.goto("/forecast/")
    desk.wait_for_selector(".chart canvas")
    shoot(desk, "forecast")
    assert_accessible(desk)
    desk.click(f'.forecast-table a[href="/forecast/?street={PINGHU}"]')
    desk.wait_for_selector('tr[aria-current="true"]')
    desk.goto("/warnings/where/")
    desk.wait_for_selector(".map.is-drawn .map-outlined")
    shoot(desk, "warnings-where")
    assert_accessible(desk)
    desk.click(f'.where-grid a[href*="street={BUJI}"]')
    desk.wait_for_selector(".warning-narrowed")
    assert desk.locator("[data-row]").count() == 1
    phone = open_page("/forecast/", **NARROW, scripts=False)
    sign_in(phone, supervisor)
    for url in ("/forecast/", "/warnings/where/", "/warnings/rules/"):
        phone.goto(url)
        assert_fits(phone)
