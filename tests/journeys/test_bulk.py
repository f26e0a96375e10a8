"""A file of reports in a real browser: sent, its columns looked at, checked, taken in, the refused mended."""

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize

from incidents.bulk import sample
from incidents.models import BulkImport, Report
from tests.cast import TUESDAY, Person
from tests.incidents.bulk.sheets import work
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import Shoot, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def tuesday(hands: Hands) -> None:
    hands.at = TUESDAY


def test_an_export_is_taken_in_and_its_refused_row_mended(
    open_page: OpenPage, shoot: Shoot, operator: Person
) -> None:
    page = open_page("/imports/", **DESK)
    sign_in(page, operator)
    assert_accessible(page)
    shoot(page, "bulk-empty")
    with page.expect_download() as downloading:
        page.click("a[href$='sample.xlsx']")
    data = Path(downloading.value.path()).read_bytes()
    page.set_input_files("#id_file", {"name": "12345工单.xlsx", "mimeType": "", "buffer": data})
    page.click("form.card button.btn-primary")
    page.wait_for_selector(".import-columns")
    assert_accessible(page)
    shoot(page, "bulk-columns")
    page.click("button.btn-primary")
    page.wait_for_selector("#bulk-progress")
    shoot(page, "bulk-checking")
    work(TUESDAY)
    # The page goes on by itself.
    page.wait_for_selector(".bulk-start")
    assert_accessible(page)
    shoot(page, "bulk-preview")
    page.set_viewport_size(PHONE)
    assert_accessible(page)
    shoot(page, "bulk-preview-phone")
    page.click(".bulk-start button")
    page.wait_for_selector("#bulk-progress")
    assert_accessible(page)
    work(TUESDAY)
    page.wait_for_selector("#refused-title")
    assert_accessible(page)
    shoot(page, "bulk-done-phone")
    bulk = BulkImport.objects.get()
    assert (bulk.result["refused"], bulk.result["left_out"]) == (1, 1)
    assert Report.objects.count() == len(list(sample.rows(TUESDAY))) - 2
    with page.expect_download() as downloading:
        page.click("a[href$='refused.csv']")
    head, *refused = csv.reader(io.StringIO(Path(downloading.value.path()).read_text("utf-8-sig")))
    refused[0][1], refused[0][3] = "2026-07-07 09:00", "13900000108"
    out = io.StringIO(newline="")
    csv.writer(out).writerows([head, *refused])
    page.goto(page.url.partition("/imports/")[0] + "/imports/")
    page.set_input_files(
        "#id_file", {"name": "mended.csv", "mimeType": "text/csv", "buffer": out.getvalue().encode()}
    )
    page.click("form.card button.btn-primary")
    page.wait_for_selector(".import-columns")
    shoot(page, "bulk-columns-phone")
    page.click("button.btn-primary")
    work(TUESDAY)
    page.wait_for_selector(".bulk-start")
    page.click(".bulk-start button")
    work(TUESDAY)
    page.wait_for_selector("#over-title")
    assert Report.objects.count() == len(list(sample.rows(TUESDAY))) - 1
    page.goto(page.url.partition("/imports/")[0] + "/imports/")
    page.set_viewport_size(DESK)
    assert_accessible(page)
    shoot(page, "bulk-list")
