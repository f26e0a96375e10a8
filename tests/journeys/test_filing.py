"""Ten people file, each as they are: old, in a hurry, from abroad, without scripts, with a photo alone, in
danger, afraid, second to notice, outside the district, before a code on a wall. Taps are counted."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page, expect

from grids import coding, registers, signed_places
from grids.models import Area, PlaceCode, PlaceCodeDay
from incidents.models import Incident, Report
from incidents.pages import form_guard
from tests.cast import LAMP_POINT, LAMP_TEXT, file_report
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

HERE = {"longitude": LAMP_POINT[0], "latitude": LAMP_POINT[1]}
NEXT = ".foot-bar .btn-primary"
Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def media_folder(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def warm(media_folder: None) -> None:
    """The first page of a process reads addresses, templates and registers: that is nobody's journey."""
    assert Client().get(reverse("report")).status_code == 200


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "IMG_0412.jpg"
    Image.effect_noise((1200, 900), 60).convert("RGB").save(path, "JPEG")
    return str(path)


class Taps:
    """A thumb that counts: what is pressed, and fields that are entered."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    def press(self, selector: str) -> None:
        self.count += 1
        self.page.click(selector)

    def write(self, selector: str, words: str) -> None:
        self.count += 1
        self.page.fill(selector, words)


def assert_good(page: Page) -> None:
    """It fits, and axe finds nothing."""
    assert_fits(page)
    assert_accessible(page)


def received(page: Page) -> Report:
    code = page.inner_text(".tracking")
    assert_good(page)
    return Report.objects.get(tracking_code=code)


def test_somebody_of_seventy_in_large_type_on_a_small_screen(
    open_page: OpenPage, shoot: Shoot, hands: Hands
) -> None:
    page = open_page("/report/", width=320, height=640)
    with page.expect_response("**/type-size/"):
        page.click("[data-type-size] button")
    expect(page.locator("html")).to_have_class(re.compile("is-large"))
    page.reload()
    expect(page.locator("html")).to_have_class(re.compile("is-large"))
    page.fill("#id_text", "我家楼下的路灯坏了好几天了，晚上看不见，我怕摔跤")
    assert_good(page)
    shoot(page, "filing-70-words")
    page.click(NEXT)
    page.wait_for_selector(".map.is-drawn")
    page.fill("#id_address", "龙岗街道南联社区植物园路")
    assert_good(page)
    shoot(page, "filing-70-place")
    page.click(NEXT)
    page.wait_for_url("**/finish/")
    assert_good(page)
    shoot(page, "filing-70-finish")
    page.click(NEXT)
    assert received(page).contact is None
    shoot(page, "filing-70-received")


def test_somebody_in_a_hurry_needs_five_taps(open_page: OpenPage, hands: Hands) -> None:
    page = open_page("/report/", geolocation=HERE, permissions=["geolocation"])
    thumb = Taps(page)
    thumb.write("#id_text", LAMP_TEXT)
    thumb.press(NEXT)
    page.wait_for_selector(".map.is-drawn")
    thumb.press("#locate")
    expect(page.locator("#picked")).not_to_be_empty()
    thumb.press(NEXT)
    thumb.press(NEXT)
    assert received(page).lon is not None
    assert thumb.count == 5


def test_somebody_who_reads_english_sees_no_chinese_but_names(
    open_page: OpenPage, shoot: Shoot, hands: Hands
) -> None:
    page = open_page("/report/", width=320, language="en")
    page.fill("#id_text", "Fire hydrant is leaking water all over the pavement")
    assert_good(page)
    page.click(NEXT)
    page.fill("#id_address", "Longcheng Plaza, exit B")
    page.click(NEXT)
    expect(page.locator("#unfound")).to_be_visible()
    assert_good(page)
    page.click(NEXT)
    page.wait_for_url("**/finish/")
    assert_good(page)
    shoot(page, "filing-english-finish")
    page.click(NEXT)
    assert received(page).language == "en"
    shoot(page, "filing-english-received")


def test_without_scripts_where_many_file_one_waits_and_sends_again(
    open_page: OpenPage, shoot: Shoot, hands: Hands, settings: Any
) -> None:
    settings.FORM_FREE_PER_MINUTE, settings.FORM_WAIT_SECONDS = 1, 600
    page = open_page("/report/", width=320, scripts=False)
    page.fill("#id_text", "小区门口垃圾没人清理")
    page.click(NEXT)
    page.fill("#id_address", "龙城街道")
    form_guard.ALL_FILINGS.count("*")
    page.click(NEXT)
    page.wait_for_url("**/finish/")
    expect(page.locator(".proof a[href='tel:12345']")).to_be_visible()
    assert_fits(page)
    shoot(page, "filing-no-script-wait")
    settings.FORM_WAIT_SECONDS = 0  # the ten minutes are over
    page.click(NEXT)
    page.wait_for_selector(".tracking")
    assert Report.objects.count() == 1


@pytest.mark.parametrize("is_early", [False, True])
def test_with_scripts_the_browser_computes_and_nobody_waits(
    open_page: OpenPage, shoot: Shoot, hands: Hands, settings: Any, is_early: bool
) -> None:
    settings.FORM_FREE_PER_MINUTE, settings.FORM_WAIT_SECONDS = 1, 600
    settings.FORM_PROOF_HASHES = 20_000 if is_early else 500
    page = open_page("/report/", width=390)
    page.fill("#id_text", "人行道地砖碎了一大片")
    page.click(NEXT)
    page.fill("#id_address", "龙城街道")
    form_guard.ALL_FILINGS.count("*")
    page.click(NEXT)
    page.wait_for_url("**/finish/")
    if not is_early:
        expect(page.locator("input[name=altcha]")).not_to_have_value("", timeout=30_000)
        assert_good(page)
        shoot(page, "filing-proved")
    page.click(NEXT)  # pressed early it goes by itself, as soon as the sum is done
    page.wait_for_selector(".tracking", timeout=30_000)
    assert Report.objects.count() == 1


def test_a_photo_alone_is_enough(open_page: OpenPage, shoot: Shoot, hands: Hands, photo: str) -> None:
    page = open_page("/report/", width=320, geolocation=HERE, permissions=["geolocation"])
    thumb = Taps(page)
    thumb.press("button[name=photo_only]")
    page.wait_for_selector(".map.is-drawn")
    thumb.press("#locate")
    expect(page.locator("#picked")).not_to_be_empty()
    thumb.press(NEXT)
    page.wait_for_url("**/finish/")
    thumb.count += 2  # "Add a photo", and the photo
    page.set_input_files("input[name=photos]", photo)
    page.wait_for_selector(".photo.is-sent")
    assert_good(page)
    shoot(page, "filing-photo-only")
    thumb.press(NEXT)
    assert received(page).attachments.count() == 1
    assert thumb.count == 6


def test_in_danger_one_is_told_whom_to_call_and_may_still_send(
    open_page: OpenPage, shoot: Shoot, hands: Hands
) -> None:
    page = open_page("/report/", width=320, language="en")
    box, field = page.locator("#danger"), page.locator("#id_text")
    field.press_sequentially("Smoke and Fire in the stairwell")
    assert box.bounding_box()["y"] < field.bounding_box()["y"]  # type: ignore[index]
    shoot(page, "filing-danger-words")
    page.click(NEXT)
    expect(page.locator("a[href='tel:119']").first).to_be_visible()
    page.fill("#id_address", "Longcheng")
    page.click(NEXT)
    expect(page.locator("#unfound")).to_be_visible()
    page.click(NEXT)
    page.wait_for_url("**/finish/")
    page.click(NEXT)
    received(page)
    expect(page.locator("main a[href='tel:119']")).to_be_visible()
    shoot(page, "filing-danger-received")


def test_a_tip_off_can_stay_between_the_reporter_and_the_centre(
    open_page: OpenPage, shoot: Shoot, hands: Hands
) -> None:
    page = open_page("/report/", width=390)
    page.fill("#id_text", "举报：老板拖欠我们三个月工资，还威胁我们不准说")
    page.click(NEXT)
    page.click("button[name=nowhere]")
    page.wait_for_url("**/finish/")
    page.check("input[name=in_confidence]")
    page.fill("#id_phone", "13812342207")
    assert_good(page)
    shoot(page, "filing-tip-off")
    page.click(NEXT)
    assert received(page).attributes["confidential"] is True


@pytest.mark.parametrize("width", [320, 390])
def test_the_second_to_notice_adds_themselves(
    open_page: OpenPage, shoot: Shoot, hands: Hands, width: int
) -> None:
    known = file_report()
    page = open_page("/report/", width=width)
    page.fill("#id_text", "路灯黑了好几天，走路害怕")
    page.click(NEXT)
    page.fill("#id_address", "龙岗街道南联社区植物园路")  # no position: the community is enough
    page.click(NEXT)
    page.wait_for_url("**/same/")
    assert LAMP_TEXT not in page.content()
    assert known.number not in page.content()
    assert_good(page)
    shoot(page, f"filing-same-{width}")
    page.check("input[name=same][value='0']")
    page.click(NEXT)
    page.wait_for_url("**/finish/")
    page.click(NEXT)
    received(page)
    assert Incident.objects.get().report_count == 2


def test_outside_the_district_it_is_said_and_taken_in(
    open_page: OpenPage, shoot: Shoot, hands: Hands
) -> None:
    away = {"longitude": 113.0, "latitude": 23.5}
    page = open_page("/report/", width=320, geolocation=away, permissions=["geolocation"])
    page.fill("#id_text", "高速出口的指示牌倒了")
    page.click(NEXT)
    page.wait_for_selector(".map.is-drawn")
    page.click("#locate")
    expect(page.locator("#picked.is-outside")).not_to_be_empty()
    assert_good(page)
    page.click(NEXT)
    page.wait_for_url("**/finish/")
    expect(page.locator(".told-outside")).to_be_visible()
    shoot(page, "filing-outside")
    page.click(NEXT)
    received(page)
    assert "out_of_area" in Incident.objects.get().triage_codes


@pytest.mark.parametrize("scripts", [True, False])
def test_a_scanned_code_fills_in_the_place_and_takes_four_taps(
    open_page: OpenPage, shoot: Shoot, hands: Hands, scripts: bool
) -> None:
    cell = Area.objects.cells().order_by("code")[0]
    coding.make_codes(areas=[cell.pk], at=timezone.now())
    registers.distrust()
    row = PlaceCode.objects.get(area=cell)
    link = reverse("place-code-signed", args=[row.code, signed_places.signed(row)])
    page = open_page(link, width=320, scripts=scripts)
    thumb = Taps(page)
    thumb.write("#id_text", "垃圾桶满了，旁边都是袋子")
    thumb.press(NEXT)
    page.wait_for_url("**/place/")
    expect(page.locator(".note")).to_contain_text(cell.name_zh)
    assert_fits(page)
    thumb.press(NEXT)
    page.wait_for_url("**/finish/")
    thumb.press(NEXT)
    page.wait_for_selector(".tracking")
    assert thumb.count == 4
    assert Incident.objects.get().cell_code == cell.code
    day = PlaceCodeDay.objects.get(code=row)
    assert (day.scans, day.reports) == (1, 1)


def test_at_twice_the_size_every_step_still_fits(open_page: OpenPage, hands: Hands) -> None:
    """200 % of 640 px: the layout has 320 px, and letters are twice as large for the same glass."""
    page = open_page("/report/", width=320, height=480, device_scale_factor=2)
    page.fill("#id_text", LAMP_TEXT)
    assert_good(page)
    page.click(NEXT)
    page.wait_for_selector(".map.is-drawn")
    page.fill("#id_address", "植物园路")
    assert_good(page)
    page.click(NEXT)
    page.wait_for_url("**/finish/")
    page.click("summary")
    expect(page.locator(".matter").first).to_be_visible()
    assert_good(page)
    page.check(".matters .matter:nth-of-type(2) input")
    page.click(NEXT)
    assert received(page).given_category != ""
