"""From a photo that the centre covers to a case that everybody reads: on phones, without scripts, by axe."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from dashboards.scoring import acting
from incidents import actions
from incidents.attachments import store_picture
from incidents.models import Attachment, Incident, PublicPhoto
from incidents.pages import resident_cases
from tests.cast import PASSWORD, TUESDAY, Person, file_report
from tests.dashboards.scoring.months import JULY, LAMPS, WATER, june, work
from tests.incidents.resident.conftest import upload
from tests.incidents.resident.test_week import settle
from tests.journeys.axe import axe_finds
from tests.journeys.conftest import Hands, OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

WORDS = "植物园路路灯坏了，旁边停着粤B12345，我的电话13812342207"


@pytest.fixture(autouse=True)
def media_folder(tmp_path: Path, settings: Any, hands: Hands) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    resident_cases.DOWNLOADS.forget()


def street_scene() -> bytes:
    """A lamp, and a car whose plate can be read."""
    picture = Image.new("RGB", (1200, 900), (52, 64, 92))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 640, 1200, 900), fill=(70, 72, 78))
    draw.rectangle((840, 120, 856, 700), fill=(120, 126, 134))
    draw.ellipse((780, 90, 860, 150), fill=(210, 205, 170))
    draw.rounded_rectangle((180, 520, 620, 720), 40, fill=(150, 40, 40))
    draw.rectangle((330, 660, 480, 700), fill="white")
    draw.text((345, 668), "YUE B12345", fill="black", font_size=24)
    body = io.BytesIO()
    picture.save(body, "JPEG", quality=90)
    return body.getvalue()


@pytest.fixture
def cases(hands: Hands) -> list[Incident]:
    """A lamp with words and photos, and some others around it."""
    photo = store_picture(upload(street_scene()), at=TUESDAY)
    first = file_report(joins="", text=WORDS, attachments=(photo.pk,))
    others = [
        settle(file_report(joins="")),
        file_report(joins="", category="0101", text="路边一堆垃圾，发臭", place_type="side_road"),
        file_report(joins=""),
    ]
    after = store_picture(upload(street_scene()), at=TUESDAY)
    Attachment.objects.filter(pk=after.pk).update(incident=first, stage="after")
    hands.at = TUESDAY + timedelta(hours=5)
    return [first, *others]


def signed_in(open_page: OpenPage, who: Person, address: str, **told: Any) -> Page:
    page = open_page(f"/sign-in/?next={address}", **told)
    page.fill("input[name=username]", who.user.username)
    page.fill("input[name=password]", PASSWORD)
    page.click("form[data-sign-in] button, main form button[type=submit], main form button")
    page.wait_for_url(f"**{address}")
    return page


def covered(page: Page, tiles: tuple[int, ...]) -> None:
    first = page.locator(".cover").first
    for tile in tiles:
        first.locator(f"input[value='{tile}']").check()


@pytest.mark.parametrize("width", [320, 1280])
def test_the_centre_looks_through_a_case_and_everybody_reads_it(
    open_page: OpenPage, operator: Person, cases: list[Incident], shoot: Any, width: int
) -> None:
    lamp = cases[0]
    page = signed_in(open_page, operator, "/release/", width=width)
    expect(page.locator(f"a[href='/release/{lamp.number}/']")).to_be_visible()
    assert axe_finds(page) == []
    if width < 600:
        assert_fits(page)
    shoot(page, f"release-{width}")
    page.goto(f"/release/{lamp.number}/")
    proposed = page.input_value("#id_text")
    assert "粤B12345" not in proposed
    assert "13812342207" not in proposed
    covered(page, (52, 53))
    page.locator("input[name=show]").first.check()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe_finds(page) == []
    shoot(page, f"release-case-{width}")
    page.click("button[value=publish]")
    page.wait_for_url("**/release/**")
    assert PublicPhoto.objects.exclude(file="").get().covered == [52, 53]
    page.goto(f"/public/cases/{lamp.number}/")
    expect(page.locator(".public-photos img")).to_have_count(1)
    expect(page.locator(".public-words")).to_contain_text("路灯坏了")
    assert axe_finds(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shoot(page, f"public-case-{width}")


@pytest.mark.parametrize(("width", "language"), [(320, "zh-hans"), (390, "en"), (1440, "zh-hans")])
def test_anybody_finds_a_case_on_the_map_and_in_the_list(
    open_page: OpenPage, operator: Person, cases: list[Incident], shoot: Any, width: int, language: str
) -> None:
    photo = Attachment.objects.order_by("uploaded_at")[0]
    actions.publish(
        number=cases[0].number,
        text="植物园路路灯坏了",
        photos={photo.pk: [52]},
        actor=operator.actor,
        at=TUESDAY,
    )
    page = open_page("/public/cases/", width=width, language=language)
    expect(page.locator(".public-list li")).to_have_count(4)
    expect(page.locator(".map.has-points")).to_be_attached()
    assert_fits(page)
    assert axe_finds(page) == []
    shoot(page, f"public-cases-{width}-{language}")
    page.select_option("select[name=state]", "closed")
    page.click(".public-filter button")
    expect(page.locator(".public-list li")).to_have_count(1)
    with page.expect_download() as taken:
        page.click("a[href*='cases.csv']")
    assert taken.value.suggested_filename == "public-cases-2026-07-07.csv"
    page.fill("input[name=q]", "海啸")
    page.click(".public-filter button")
    expect(page.locator(".public-list")).to_have_count(0)
    assert axe_finds(page) == []
    shoot(page, f"public-empty-{width}-{language}")


def test_the_week_leads_to_all_of_it_and_ranks_nobody(
    open_page: OpenPage, cases: list[Incident], shoot: Any
) -> None:
    page = open_page("/public/", width=1280)
    expect(page.locator(".week-table thead th")).to_have_count(2)
    assert axe_finds(page) == []
    shoot(page, "public-week-1280")
    page.click("a[href='/public/cases/']")
    page.wait_for_url("**/public/cases/")


# Pairs of names on the map that lie over each other.
RUN_TOGETHER = """() => {
    const names = [...document.querySelectorAll(".map-label")]
        .filter((one) => getComputedStyle(one).visibility === "visible");
    const boxes = names.map((one) => one.getBoundingClientRect());
    return boxes.flatMap((a, i) => boxes.slice(i + 1).flatMap((b, j) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
            ? [`${names[i].textContent} ${names[i + 1 + j].textContent}`] : []));
}"""


@pytest.mark.parametrize("width", [390, 1280, 1440])
def test_the_names_on_the_map_do_not_run_into_each_other(
    open_page: OpenPage, cases: list[Incident], width: int
) -> None:
    page = open_page("/public/", width=width, language="en")
    expect(page.locator(".map-label-street")).to_have_count(11)
    assert page.evaluate(RUN_TOGETHER) == []
    assert page.locator(".map-label-street").filter(visible=True).count() == 11
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function("() => !document.querySelector('.leaflet-zoom-anim')")
    assert page.evaluate(RUN_TOGETHER) == []


def test_without_scripts_in_large_type_everything_is_there(
    open_page: OpenPage, cases: list[Incident], shoot: Any
) -> None:
    page = open_page("/public/cases/", width=320, scripts=False)
    page.click("form[data-type-size] button")
    expect(page.locator(".public-list li")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    shoot(page, "public-cases-large-320")
    page.select_option("select[name=group]", "01")
    page.click(".public-filter button")
    expect(page.locator(".public-list li")).to_have_count(1)
    page.click(".public-list a")
    expect(page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_streets_are_compared_once_a_month_is_frozen(
    open_page: OpenPage, supervisor: Person, shoot: Any, width: int
) -> None:
    page = open_page("/public/streets/", width=width)
    expect(page.locator("table")).to_have_count(0)
    assert axe_finds(page) == []
    shoot(page, f"league-empty-{width}")
    work(40, late=20, **LAMPS)
    work(60, late=1, **WATER)
    acting.publish(period=june().pk, actor=supervisor.actor, at=JULY)
    page.reload()
    expect(page.locator("tbody tr")).not_to_have_count(0)
    assert_fits(page)
    assert axe_finds(page) == []
    shoot(page, f"league-{width}")
