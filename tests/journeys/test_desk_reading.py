"""The desk in a browser beside danger, talk and two matters: what an operator sees and presses first."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from incidents.models import Incident
from incidents.models.incident import Status
from tests.cast import LAMP_CATEGORY, LAMP_TEXT, PASSWORD, Person, file_report, reload
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

TWO = "路灯坏了三盏没人修,另外楼下餐馆油烟直接排到我家窗户"


def test_danger_first_then_talk_by_one_key_and_two_matters_by_two(
    open_page: OpenPage,
    operator: Person,
    supervisor: Person,
    hands: Hands,
    shoot: Callable[[Page, str], None],
) -> None:
    loud = file_report(
        text=f"{LAMP_TEXT},有人站在楼顶要跳楼", category=LAMP_CATEGORY, external_id="a", joins=""
    )
    test = file_report(text="测试一下", category=None, external_id="b", joins="", nature=None)
    two = file_report(text=TWO, category=None, external_id="c", joins="", nature=None)
    page = open_page(reverse("desk"), width=1440, height=900)
    page.fill("#id_username", operator.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector(f'#desk-work[data-number="{loud.number}"] .danger-note')
    assert_accessible(page)
    shoot(page, "desk-danger")
    # The person asks for sound, or has none.
    bell = page.locator("[data-alarm-sound]")
    assert bell.get_attribute("aria-pressed") == "false"
    bell.click()
    assert bell.get_attribute("aria-pressed") == "true"
    page.keyboard.press("f")
    page.fill("#id_false-alarm_reason", "是楼顶广告牌上的字")
    page.click("#sheet-false-alarm .sheet-foot button[type=submit]")
    page.wait_for_selector(f'#desk-work[data-number="{loud.number}"]:not(:has(.danger-note))')
    assert reload(loud).urgency == "routine"

    page.goto(reverse("desk-case", args=[two.number]))
    page.wait_for_selector(".matter-list")
    assert_accessible(page)
    shoot(page, "desk-two-matters")
    page.keyboard.press("z")
    page.wait_for_selector(f'#desk-work:not([data-number="{two.number}"])')
    assert Incident.objects.get(split_from=two).category_id == "0606"

    page.goto(reverse("desk-case", args=[test.number]))
    page.wait_for_selector(".talk-words")
    shoot(page, "desk-talk")
    page.keyboard.press("z")
    page.wait_for_selector(f'#desk-work:not([data-number="{test.number}"])')
    assert reload(test).status == Status.REJECTED

    fresh = file_report(text=f"{LAMP_TEXT},煤气味很重", category=LAMP_CATEGORY, external_id="d", joins="")
    phone = open_page(reverse("desk-case", args=[fresh.number]), width=390, language="en")
    phone.fill("#id_username", supervisor.user.username)
    phone.fill("#id_password", PASSWORD)
    phone.press("#id_password", "Enter")
    phone.wait_for_selector(".danger-note")
    assert_fits(phone)
    shoot(phone, "desk-danger-390-en")
    phone.goto(reverse("alarms"))
    assert_accessible(phone)
    shoot(phone, "alarms-390-en")
    phone.set_viewport_size({"width": 1440, "height": 900})
    phone.emulate_media(color_scheme="dark")
    shoot(phone, "alarms-1440-en-dark")
