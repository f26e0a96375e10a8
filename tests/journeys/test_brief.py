"""A brief in a real browser: written at a desk, issued, read on a phone, taken along on paper."""

from datetime import timedelta

import pytest
from playwright.sync_api import ViewportSize

from dashboards.briefs import sweeping
from dashboards.models import Brief
from tests.cast import Person
from tests.dashboards.briefs.weeks import EIGHT, WEEK, two_weeks
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage, assert_fits
from tests.journeys.test_staff import Shoot, keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def draft(hands: Hands, transactional_db: None) -> Brief:
    """The district's brief of the week that is over, not issued yet."""
    hands.at = EIGHT + timedelta(hours=1)
    two_weeks()
    sweeping.begin_due(at=EIGHT)
    return Brief.objects.get(kind="week", about="district", first=WEEK[0])


def test_written_issued_read_and_taken_along(
    open_page: OpenPage, shoot: Shoot, draft: Brief, supervisor: Person, leader: Person
) -> None:
    here = f"/briefs/{draft.pk}/"
    desk = open_page(f"{here}write/", **DESK)
    sign_in(desk, supervisor)
    desk.goto(f"{here}write/")
    keys_are_heard(desk)
    desk.fill("#id_problem-0-words", "布吉供水抢修慢")
    desk.fill("#id_problem-0-advice", "夜间增派一组")
    # One of hundreds of units is found by a word.
    desk.locator("[data-unit-search] input").first.fill("水务集团")
    assert desk.locator("#id_problem-0-unit").input_value() == "water-group"
    desk.fill("#id_decision", "是否同意增派夜间抢修组?")
    shoot(desk, "brief-write")
    assert_accessible(desk)
    desk.click("form.brief-form [type=submit]")
    desk.wait_for_selector(".brief-sheet")
    desk.once("dialog", lambda dialog: dialog.accept())
    desk.click(f'form[action="{here}issue/"] [type=submit]')
    desk.wait_for_selector(".brief-editions")
    shoot(desk, "brief")
    assert_accessible(desk)

    phone = open_page("/briefs/", **PHONE)
    sign_in(phone, leader)
    phone.goto("/briefs/")
    phone.click(f'a[href="{here}"]')
    phone.wait_for_selector(".brief-sheet")
    keys_are_heard(phone)
    assert "布吉供水抢修慢" in phone.inner_text(".brief-problems")
    assert phone.locator(f'a[href="{here}write/"]').count() == 0
    shoot(phone, "brief-phone")
    assert_fits(phone)
    assert_accessible(phone)
    with phone.expect_download() as saved:
        phone.click(f'.brief-actions a[href^="{here}brief.pdf"]')
    assert saved.value.path().read_bytes().startswith(b"%PDF-")
