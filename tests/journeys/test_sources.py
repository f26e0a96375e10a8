"""Other doors in a real browser: a name is mapped, a letter entered, a council's issues sent on."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ViewportSize

from accounts.models import ApiClient
from incidents import actions
from incidents.intake import receive_one
from incidents.models import CouncilMeeting, Document, Incident
from incidents.sources import naming
from tests.cast import TUESDAY, Person, draft, file_report
from tests.incidents.sources.test_petitions import PDF
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import Shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NAME = "城市管理/市容/垃圾满溢"


@pytest.fixture(autouse=True)
def tuesday(hands: Hands) -> None:
    hands.at = TUESDAY


def test_a_name_is_mapped_where_it_is_counted(open_page: OpenPage, shoot: Shoot, steward: Person) -> None:
    for index in range(3):
        file_report(source_category=NAME, category=None, external_id=f"U-{index}")
    page = open_page("/sources/", **DESK)
    sign_in(page, steward)
    assert_accessible(page)
    shoot(page, "sources")
    page.fill("#map-1", "0301")
    page.click(".source-names form button.btn-primary")
    page.wait_for_selector("text=0301")
    assert naming.unmapped("hotline") == []
    page.set_viewport_size(PHONE)
    assert_accessible(page)
    shoot(page, "sources-phone")


def test_a_letter_is_entered_with_its_scan(
    open_page: OpenPage, shoot: Shoot, operator: Person, tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    page = open_page("/petitions/new/", **DESK)
    sign_in(page, operator)
    assert_accessible(page)
    page.fill("#id_number", "信2026-1182")
    page.fill("#id_text", "楼下化粪池满溢两个多月，雨天污水流到路上，请协调。")
    page.fill("#id_names", "王秀英、李建国")
    page.fill("#id_people", "12")
    page.fill("#id_reply_by", "2026-07-20")
    page.check("#id_is_confidential")
    page.set_input_files("#id_scans", {"name": "信.pdf", "mimeType": "application/pdf", "buffer": PDF})
    shoot(page, "petition")
    page.click("form.card button.btn-primary")
    page.wait_for_selector(".case-page")
    assert Document.objects.get().report.external_id == "信2026-1182"
    with page.expect_download() as downloading:
        page.click("form[action*='/scans/'] button")
    assert Path(downloading.value.path()).read_bytes() == PDF
    page.goto(page.url.partition("/cases/")[0] + "/petitions/")
    assert_accessible(page)
    page.set_viewport_size(PHONE)
    shoot(page, "petitions-phone")
    assert_accessible(page)


def test_a_councils_issues_come_back_to_it(open_page: OpenPage, shoot: Shoot, operator: Person) -> None:
    page = open_page("/councils/new/", **PHONE)
    sign_in(page, operator)
    assert_accessible(page)
    shoot(page, "council-new-phone")
    page.select_option("#id_area", "440307016006")
    page.fill("#id_held_at", "2026-07-06T20:00")
    page.fill("#id_attendance", "14")
    page.fill("#issue-1", "三巷口路灯坏了两盏，老人晚上不敢出门")
    page.fill("#issue-address-1", "三巷口")
    page.fill("#issue-2", "小广场的健身器材松动")
    page.click("form.card button.btn-primary")
    page.wait_for_selector(".council-issues")
    assert CouncilMeeting.objects.get().issues.count() == page.locator(".council-issues > li").count() == 2
    page.set_viewport_size(DESK)
    assert_accessible(page)
    shoot(page, "council")
    page.goto(page.url.rpartition("/councils/")[0] + "/councils/")
    assert_accessible(page)


def test_what_waits_for_the_city_says_so(
    open_page: OpenPage, shoot: Shoot, handler: Person, supervisor: Person
) -> None:
    city = ApiClient.objects.issue(name="市12345热线平台", source="hotline")[0]
    ApiClient.objects.filter(pk=city.pk).update(accepts_closing=True)
    receive_one(draft(external_id="SZ-1"), at=TUESDAY - timedelta(hours=5), client=city)
    number = Incident.objects.get().number
    told = {"outcome": "solved", "text": "已换灯头", "attested": True}
    actions.accept(number=number, actor=handler.actor, at=TUESDAY - timedelta(hours=4))
    actions.resolve(number=number, **told, actor=handler.actor, at=TUESDAY - timedelta(hours=2))
    actions.close(number=number, reason="照片清楚", actor=supervisor.actor, at=TUESDAY - timedelta(hours=1))
    page = open_page(f"/cases/{number}/", **DESK)
    sign_in(page, supervisor)
    assert page.locator("[data-upstream]").count() == 1
    assert_accessible(page)
    shoot(page, "upstream")
    page.goto(page.url.partition("/cases/")[0] + f"/cases/{number}/answer-upstream/")
    page.check("input[name=accepted][value=no]")
    page.fill("textarea[name=reason]", "市民称仍不亮")
    page.click("form button.btn-primary[type=submit]")
    page.wait_for_selector(".case-page")
    assert Incident.objects.get().status == "handling"
    page.set_viewport_size(PHONE)
    shoot(page, "upstream-phone")
    assert_accessible(page)
