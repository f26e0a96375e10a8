"""A resident with a phone reports a lamp, follows it and rates it: with scripts, and without any."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from incidents import actions, attachments
from incidents.actor import SYSTEM
from incidents.models import Feedback, Incident, Report
from incidents.models.incident import ResolutionOutcome, Status
from tests.cast import LAMP_POINT, LAMP_TEXT, LAMP_UNIT, TUESDAY, file_report
from tests.incidents.resident.conftest import picture, upload
from tests.journeys.conftest import Hands, OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

HERE = {"longitude": LAMP_POINT[0], "latitude": LAMP_POINT[1]}
NEXT = ".foot-bar .btn-primary"
Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def media_folder(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def photo(tmp_path: Path) -> str:
    """A photo as a phone takes one."""
    body = BytesIO()
    Image.effect_noise((1200, 900), 60).convert("RGB").save(body, "JPEG")
    path = tmp_path / "lamp.jpg"
    path.write_bytes(body.getvalue())
    return str(path)


def deal_with(incident: Incident) -> None:
    """The lighting company mends it within two hours, and somebody else looks at it."""
    at = TUESDAY + timedelta(minutes=39)
    actions.accept(number=incident.number, actor=SYSTEM, at=at)
    for stage in ("before", "after"):
        kept = attachments.store_picture(upload(picture((600, 600))), at=at)
        actions.add_photo(number=incident.number, attachment=kept, stage=stage, actor=SYSTEM, at=at)
    actions.resolve(
        number=incident.number,
        outcome=ResolutionOutcome.SOLVED,
        text="灯头烧坏，已换新。",
        attested=True,
        actor=SYSTEM,
        at=TUESDAY + timedelta(hours=2),
    )
    actions.verify(number=incident.number, fixed=True, actor=SYSTEM, at=TUESDAY + timedelta(hours=3))


@pytest.mark.parametrize("width", [390, 320])
def test_from_the_first_word_to_the_last_star(
    learnt: None, open_page: OpenPage, shoot: Shoot, hands: Hands, photo: str, width: int
) -> None:
    page = open_page("/report/", width=width, geolocation=HERE, permissions=["geolocation"])
    page.fill("#id_text", LAMP_TEXT)
    assert_fits(page)
    shoot(page, f"resident-1-words-{width}")
    page.click(NEXT)

    page.wait_for_selector(".map.is-drawn")
    page.click("#locate")
    expect(page.locator("#picked")).not_to_be_empty()
    page.fill("#id_address", "植物园路公交站往北约 60 米")
    assert_fits(page)
    shoot(page, f"resident-2-place-{width}")
    page.click(NEXT)

    page.set_input_files("input[name=photos]", photo)
    page.wait_for_selector(".photo.is-sent")
    page.fill("#id_phone", "138 1234 2207")
    assert_fits(page)
    shoot(page, f"resident-3-photos-{width}")
    page.click(NEXT)

    code = page.inner_text(".tracking")
    assert_fits(page)
    shoot(page, f"resident-4-received-{width}")
    report = Report.objects.get()
    assert report.tracking_code == code
    assert report.attachments.count() == 1
    incident = Incident.objects.get()
    assert incident.owner_unit_id == LAMP_UNIT
    page.click(NEXT)
    expect(page.locator(".now-what")).to_have_text(incident.owner_unit.name_zh)
    shoot(page, f"resident-5-sent-{width}")

    deal_with(incident)
    hands.at = TUESDAY + timedelta(hours=4)
    page.reload()
    page.click("label[for=speed-5]")
    page.click("label[for=result-4]")
    expect(page.locator("output[data-rating-of=speed]")).not_to_be_empty()
    assert_fits(page)
    shoot(page, f"resident-6-done-{width}")
    page.click("#rating .btn-primary")
    page.wait_for_selector("#rating .marks")
    shoot(page, f"resident-7-rated-{width}")
    feedback = Feedback.objects.get()
    assert (feedback.speed, feedback.result, feedback.service) == (5, 4, None)


def test_without_any_script_it_goes_the_same_way(
    learnt: None, open_page: OpenPage, shoot: Shoot, hands: Hands, photo: str
) -> None:
    page = open_page("/report/", width=320, scripts=False)
    page.fill("#id_text", LAMP_TEXT)
    page.click(NEXT)
    page.fill("#id_address", "龙岗街道南联社区植物园路")
    shoot(page, "resident-no-script-place")
    page.click(NEXT)
    page.set_input_files("input[name=photos]", photo)
    shoot(page, "resident-no-script-photos")
    page.click(NEXT)
    code = page.inner_text(".tracking")
    assert Report.objects.get().attachments.count() == 1
    deal_with(Incident.objects.get())
    hands.at = TUESDAY + timedelta(hours=4)

    page.goto("/r/")
    page.fill("#id_code", code.lower())
    page.click("form .btn-primary")
    page.click("label[for=service-3]")
    shoot(page, "resident-no-script-rating")
    page.click("#rating .btn-primary")
    assert Feedback.objects.get().service == 3
    page.click("a[href$='/objection/']")
    page.fill("#id_reason", "晚上还是不亮")
    page.click(NEXT)
    assert Incident.objects.get().status == Status.HANDLING


def test_the_same_thing_is_asked_and_joined(open_page: OpenPage, shoot: Shoot, hands: Hands) -> None:
    known = file_report()
    page = open_page("/report/", geolocation=HERE, permissions=["geolocation"])
    page.fill("#id_text", "路灯黑了好几天，走路害怕")
    page.click(NEXT)
    page.wait_for_selector(".map.is-drawn")
    page.click("#locate")
    expect(page.locator("#picked")).not_to_be_empty()
    page.click(NEXT)
    assert LAMP_TEXT not in page.content()
    assert known.number not in page.content()
    page.check("input[name=same][value='0']")
    assert_fits(page)
    shoot(page, "resident-same")
    page.click(NEXT)
    page.click(NEXT)
    page.wait_for_selector(".tracking")
    assert Incident.objects.get().report_count == 2


def test_arrow_keys_nudge_the_pin(open_page: OpenPage, hands: Hands) -> None:
    page = open_page("/report/")
    page.fill("#id_text", "井盖松了")
    page.click(NEXT)
    page.wait_for_selector(".map.is-drawn")
    page.focus(".map")
    page.keyboard.press("Enter")
    before = float(page.input_value("#id_lat"))
    page.keyboard.press("ArrowUp")
    assert 0 < float(page.input_value("#id_lat")) - before < 0.0001  # five metres


def test_words_of_danger_raise_the_numbers_and_leave_the_focus(open_page: OpenPage) -> None:
    page = open_page("/report/")
    box, field = page.locator("#danger"), page.locator("#id_text")
    assert box.bounding_box()["y"] > field.bounding_box()["y"]  # type: ignore[index]
    field.press_sequentially("楼下电线杆漏电")
    assert box.bounding_box()["y"] < field.bounding_box()["y"]  # type: ignore[index]
    expect(field).to_be_focused()


def test_half_written_words_come_back_on_this_device(open_page: OpenPage) -> None:
    page = open_page("/report/")
    page.fill("#id_text", "第三根路灯")
    page.goto("/report/")
    expect(page.locator("#id_text")).to_have_value("第三根路灯")


def test_large_type_is_remembered(open_page: OpenPage, shoot: Shoot, hands: Hands) -> None:
    page = open_page("/report/", width=320, height=640)
    small = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    with page.expect_response("**/type-size/"):
        page.click("[data-type-size] button")
    page.goto("/r/")
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > small
    assert_fits(page)
    page.goto("/public/")
    page.wait_for_selector(".map.is-drawn")
    assert_fits(page)
    shoot(page, "public-week-large-320")


@pytest.mark.parametrize(("width", "language"), [(390, "zh-hans"), (1440, "en")])
def test_the_week_is_drawn(
    open_page: OpenPage, shoot: Shoot, hands: Hands, width: int, language: str
) -> None:
    deal_with(file_report())
    hands.at = TUESDAY + timedelta(hours=4)
    page = open_page("/public/", width=width, language=language, color_scheme="dark")
    page.wait_for_selector(".map.is-drawn")
    assert_fits(page)
    shoot(page, f"public-week-{width}-{language}")


def test_news_come_by_themselves(open_page: OpenPage, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("incidents.pages.resident_status.POLL_MS", 1_000)
    known = file_report()
    code = known.links.get().report.tracking_code
    page = open_page(f"/r/{code}/")
    expect(page.locator(".timeline > li")).to_have_count(2)
    actions.accept(number=known.number, actor=SYSTEM, at=TUESDAY + timedelta(minutes=10))
    expect(page.locator(".timeline > li")).to_have_count(3)
    expect(page.locator("[data-said]")).not_to_be_empty()
