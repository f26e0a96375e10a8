"""An item of the responsibility list in a steward's browser: found, changed by keyboard, checked, saved."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Max
from playwright.sync_api import expect

from dispatch import lists
from dispatch.models import ItemChange, ResponsibilityList
from tests.cast import TUESDAY, Person
from tests.dispatch.versions import LAMP_ITEM, item_values, new_draft
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def draft(transactional_db: None, hands: Hands, steward: Person) -> Iterator[ResponsibilityList]:
    """A draft; it goes again, since reference data is not flushed."""
    last = ResponsibilityList.objects.aggregate(last=Max("pk"))["last"]
    hands.at = TUESDAY + timedelta(minutes=10)
    yield new_draft(steward, "草稿 2026-07")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in ("itemchange", "listcheck", "responsibilityitem"):
            cursor.execute(f"DELETE FROM dispatch_{table} WHERE list_id > %s", [last])
        cursor.execute("DELETE FROM dispatch_responsibilitylist WHERE id > %s", [last])


def test_an_item_is_found_changed_and_saved_by_keyboard(
    open_page: OpenPage, draft: ResponsibilityList, steward: Person
) -> None:
    page = open_page(f"/sign-in/?next=/lists/{draft.version}/", width=1440, language="en")
    sign_in(page, steward)
    keys_are_heard(page)
    expect(page.locator(".finding-kinds li").first).to_be_visible()  # the check came by itself

    page.keyboard.press("/")
    page.keyboard.type("单盏路灯")
    expect(page.locator(f"#list-rows [data-row='{LAMP_ITEM}']")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(".item-head .case-number")).to_have_text(LAMP_ITEM)

    # A word is taken with Enter; what was not there before is marked, and the form knows it is changed.
    page.click("[data-field=keywords] .chips-box")
    page.keyboard.type("灯杆倾斜")
    page.keyboard.press("Enter")
    expect(page.locator("[data-field=keywords] .word.is-added")).to_contain_text("灯杆倾斜")
    expect(page.locator("#told-keywords .told-edge")).to_be_visible()

    # What is wrong is said as the field is left.
    page.fill("#id_lead_unit", "路灯科")
    page.press("#id_lead_unit", "Tab")
    expect(page.locator("#told-lead_unit .field-error")).to_be_visible()
    page.fill("#id_lead_unit", item_values(draft)["lead_unit"])
    page.press("#id_lead_unit", "Tab")
    expect(page.locator("#told-lead_unit .field-error")).to_have_count(0)

    # Another row is not opened over typed work without a word.
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.fill("#list-words", "0204")
    page.click("#list-rows [data-row='0204-002']")
    assert asked
    expect(page.locator(".item-head .case-number")).to_have_text(LAMP_ITEM)

    page.fill("#id_why", "市民常这么说")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".list-bar .tag[data-state=primary]").last).to_contain_text("changed 1")
    assert "灯杆倾斜" in item_values(draft)["keywords"]
    assert ItemChange.objects.get().why == "市民常这么说"


def test_a_phone_shows_the_list_or_the_item(
    open_page: OpenPage, draft: ResponsibilityList, steward: Person
) -> None:
    page = open_page(f"/sign-in/?next=/lists/{draft.version}/%3Fcategory=0204", width=390, language="zh-hans")
    sign_in(page, steward)
    keys_are_heard(page)
    page.click(f"#list-rows [data-row='{LAMP_ITEM}']")
    expect(page.locator("#id_matter_zh")).to_be_visible()
    expect(page.locator("#list-words")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Boxes that are ticked show at once what they mean.
    page.click("[data-field=place_types] summary")
    page.click("[data-field=place_types] .pick-list label:has(input:not(:checked)) >> nth=0")
    expect(page.locator("[data-field=place_types] summary .is-added")).to_have_count(1)
    page.fill("#id_why", "补一个场所")
    page.click("[data-save]")
    expect(page.locator("#told-place_types .told-edge")).to_be_visible()
    assert list(lists.changed_codes(draft)[LAMP_ITEM]) == ["place_types"]
