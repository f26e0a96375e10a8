"""An open manhole was made safe and nobody knows whose it is: from the desk to the owner's phone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from accounts.roles import Role
from tests.cast import TUESDAY, Person, person, reload
from tests.incidents.test_follow_up import CREW, OWNER, make_safe, manhole
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_desk import opens, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_the_owner_is_set_and_the_repair_sent_to_them(
    open_page: OpenPage,
    dispatcher: Person,
    operator: Person,
    hands: Hands,
    shoot: Callable[[Page, str], None],
) -> None:
    crew = person("crew", Role.HANDLER, CREW)
    case = make_safe(manhole(dispatcher, crew, owner=None), crew)
    repairer = person("repairer", Role.HANDLER, OWNER)
    hands.at = TUESDAY + timedelta(hours=1, minutes=20)

    page = open_page(f"/desk/{case.number}/", width=1440, height=900)
    sign_in(page, operator)
    opens(page, case)
    assert page.locator("#desk-suggested-button").count() == 0  # nobody is suggested before that
    shoot(page, "made-safe-desk")
    assert_accessible(page)
    page.keyboard.press("o")
    page.wait_for_selector("#sheet-correct[open]")
    page.check(f"#owner-{OWNER}")
    with page.expect_response(lambda answer: answer.url.endswith("/correct/")):
        page.keyboard.press("Enter")
    page.wait_for_selector("#sheet-correct", state="hidden")
    page.wait_for_selector(f'input[name=choice][value$="@{OWNER}"]:checked', state="attached")
    shoot(page, "made-safe-desk-owner")
    with page.expect_response(lambda answer: answer.url.endswith("/send/")):
        page.keyboard.press("Enter")
    sent = reload(case)
    assert (sent.owner_unit_id, sent.urgency) == (OWNER, "routine")

    phone = open_page(f"/cases/{case.number}/")
    sign_in(phone, repairer)
    phone.wait_for_selector("[data-made-safe]")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(phone, "made-safe-case")
    assert_accessible(phone)
