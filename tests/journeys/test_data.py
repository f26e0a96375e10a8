"""A data set in a browser: found, asked for on a phone, granted at a desk, taken."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ViewportSize

from dashboards.datasets import building, catalogue, usage
from dashboards.datasets.catalogue import CATEGORIES, MONTHLY
from dashboards.models import DataRequest, Download
from tests.cast import TUESDAY, Person, file_report
from tests.dashboards.scoring.months import LAMPS, WATER, work
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage, assert_fits
from tests.journeys.test_staff import Shoot, keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 700}


@pytest.fixture
def built(hands: Hands, settings: Any, tmp_path: Path, transactional_db: None) -> None:
    """Every data set, of some hundred cases."""
    settings.MEDIA_ROOT = tmp_path
    hands.at = TUESDAY + timedelta(hours=4)
    work(60, late=5, scores=[5] * 20, **LAMPS)
    work(80, late=3, **WATER)
    file_report(at=TUESDAY - timedelta(days=1))
    assert len(building.build(catalogue.ALL, at=hands.at)) == len(catalogue.ALL)


@pytest.mark.usefixtures("built")
def test_found_asked_for_granted_and_taken(
    open_page: OpenPage, shoot: Shoot, hands: Hands, handler: Person, supervisor: Person
) -> None:
    phone = open_page("/data/", **PHONE)
    sign_in(phone, handler)
    phone.goto("/data/")
    shoot(phone, "data-catalogue-phone")
    assert_fits(phone)
    assert_accessible(phone)
    phone.click('a[href="/data/events/"]')
    keys_are_heard(phone)
    shoot(phone, "data-set-phone")
    assert_fits(phone)
    assert_accessible(phone)
    phone.click('.page-actions a[href="/data/events/ask/"]')
    phone.fill("#id_purpose", "统计各社区路灯类事件的修复时长，安排下半年线路改造，由运维部使用。")
    shoot(phone, "data-ask-phone")
    assert_fits(phone)
    assert_accessible(phone)
    phone.click("form.card [type=submit]")
    phone.wait_for_selector("#trail li")
    shoot(phone, "data-request-phone")
    assert_fits(phone)
    held = DataRequest.objects.get()

    desk = open_page("/data/", **DESK)
    sign_in(desk, supervisor)
    desk.goto("/data/")
    shoot(desk, "data-catalogue")
    assert_accessible(desk)
    desk.click('.page-actions a[href="/data/requests/"]')
    shoot(desk, "data-inbox")
    assert_accessible(desk)
    desk.click(f'a[href="/data/requests/{held.pk}/"]')
    desk.fill("#id_grant-days", "30")
    desk.fill("#id_grant-words", "同意，仅限改造方案使用")
    shoot(desk, "data-decide")
    assert_accessible(desk)
    desk.click('form:has(input[value="grant"]) [type=submit]')
    desk.wait_for_selector("#trail li:nth-child(2)")
    shoot(desk, "data-granted")
    assert_accessible(desk)

    phone.goto("/data/events/")
    with phone.expect_download() as taking:
        phone.click('a[href="/data/events/files/csv/"]')
    name = taking.value.suggested_filename
    assert name.startswith("events-v1-")
    text = Path(taking.value.path()).read_text("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(text)))) == Download.objects.get().rows > 100

    for dataset, reader in ((CATEGORIES, handler), (MONTHLY, supervisor)):
        snapshot = building.newest(dataset)
        assert snapshot is not None
        usage.count_file(snapshot, "parquet", reader.user, rows=snapshot.rows, size=1, at=hands.at)
    desk.goto("/data/events/")
    shoot(desk, "data-set")
    assert_accessible(desk)
    desk.goto("/data/events/usage/")
    shoot(desk, "data-usage")
    assert_accessible(desk)
    desk.goto("/data/events/access/")
    shoot(desk, "data-access")
    assert_accessible(desk)

    english = open_page("/data/", **DESK, language="en", color_scheme="dark")
    sign_in(english, supervisor)
    for page in ("/data/", "/data/indicators-monthly/", "/data/?q=zebra", "/data/requests/?tab=mine"):
        english.goto(page)
        shoot(english, f"data-en-dark-{page.strip('/').replace('/', '-').replace('?', '-')}")
        assert_accessible(english)
    narrow = open_page("/data/", **NARROW, scripts=False)
    sign_in(narrow, supervisor)
    for page in ("/data/", "/data/events/", f"/data/requests/{held.pk}/", "/data/events/access/"):
        narrow.goto(page)
        assert narrow.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], page
