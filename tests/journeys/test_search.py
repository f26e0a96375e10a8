"""The list of cases in a real browser: searched, narrowed, kept as a view; a caller who leaves no trace."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from incidents import actions
from incidents.intake import Reporter
from incidents.models import Incident, SavedView
from incidents.searching import rows
from tests.cast import NOWHERE, TUESDAY, Person, file_report
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 700}
# What a thumb presses on the page itself, of what can be seen.
TOO_SMALL = """() => [...document.querySelectorAll("main button, main a.btn, main select, main summary")]
    .filter((one) => one.checkVisibility() && !one.closest("details:not([open]) > :not(summary)"))
    .filter((one) => one.getBoundingClientRect().height < 43.5)
    .map((one) => one.outerHTML.slice(0, 80))"""
Shoot = Callable[[Page, str], None]


@pytest.fixture
def district(transactional_db: None, hands: Hands, handler: Person) -> list[Incident]:
    """A week of cases from several doors, all of them searched by the sweep."""
    hands.at = TUESDAY + timedelta(hours=6)
    said = [
        ("hotline", "0204", "植物园路公交站往北第三根路灯坏了。晚上不亮,看不清路,老人摔过一跤", "complaint"),
        ("city_app", "0204", "村口小公园整排路灯不亮,请来修", "help"),
        ("patrol", None, "河边倒了一车黄泥,还在冒水,压着路灯的电缆", "finding"),
        ("hotline", None, "请问办居住证要带什么材料?", "enquiry"),
        (
            "resident_form",
            None,
            "楼下烧烤摊凌晨两点还在吵,3号楼整栋睡不着,车牌粤B12345的车天天占道",
            "complaint",
        ),
        ("letter_visit", None, "工地半夜打桩,多次反映没有人管,要求书面答复", "complaint"),
    ]
    made = [
        file_report(
            source=source,
            category=category,
            text=text,
            nature=nature,
            external_id=f"week-{serial}",
            at=TUESDAY - timedelta(days=serial, minutes=7 * serial),
            reporter=Reporter(name="王小明", phone=f"1380000000{serial}"),
            **({} if category else {"place": NOWHERE, "address": ""}),
        )
        for serial, (source, category, text, nature) in enumerate(said)
    ]
    actions.accept(number=made[0].number, actor=handler.actor, at=TUESDAY + timedelta(minutes=20))
    actions.resolve(
        number=made[0].number,
        outcome="solved",
        text="灯头烧坏,已更换新灯头,电缆接头重新包扎",
        attested=True,
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=2),
    )
    while rows.fill():
        pass
    return made


def test_an_operator_finds_a_case_by_words_narrows_and_keeps_the_view(
    open_page: OpenPage, shoot: Shoot, district: list[Incident], operator: Person
) -> None:
    page = open_page("/sign-in/?next=/desk/", **DESK)
    sign_in(page, operator)
    keys_are_heard(page)
    page.keyboard.press("/")
    page.keyboard.type("路灯")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/?q=**")
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("tbody mark").first).to_have_text("路灯")
    assert_accessible(page)
    shoot(page, "search-words")

    # What a unit did is found too, and shown where it stands.
    keys_are_heard(page)
    page.keyboard.press("/")
    page.keyboard.press("Control+A")
    page.keyboard.type("更换 路灯")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".case-excerpt mark").first).to_have_text("更换")

    page.goto("/cases/?q=路灯")
    page.click(".filter-more > summary")
    page.select_option("[name=source]", "city_app")
    page.wait_for_url("**source=city_app**")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".filter-more[open]")).to_be_visible()
    page.click(".view-menu > summary")
    page.fill("#view-name", "城市App的路灯")
    shoot(page, "search-view-menu")
    page.select_option("#view-unit", "operations-centre")
    page.click(".view-menu .btn-primary")
    expect(page.locator(".tabs [aria-current=page]")).to_contain_text("城市App的路灯")
    assert SavedView.objects.get().unit_id == "operations-centre"
    assert_accessible(page)
    shoot(page, "search-view-kept")


def test_a_callers_number_is_nowhere_to_be_read(
    open_page: OpenPage, shoot: Shoot, district: list[Incident], operator: Person
) -> None:
    page = open_page("/sign-in/?next=/cases/", **DESK, language="en")
    sign_in(page, operator)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.fill(".search-box [name=q]", "138 0000 0005")
    page.press(".search-box [name=q]", "Enter")
    page.wait_for_url("**caller=**")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".searched")).to_contain_text("138****0005")
    shoot(page, "search-caller")
    assert not [url for url in asked if "0005" in url]
    assert "13800000005" not in page.content()


@pytest.mark.parametrize("size", [PHONE, NARROW])
def test_the_list_is_searched_on_a_phone(
    open_page: OpenPage, shoot: Shoot, district: list[Incident], handler: Person, size: ViewportSize
) -> None:
    page = open_page("/sign-in/?next=/cases/", **size)
    sign_in(page, handler)
    page.fill(".search-box [name=q]", "公园")
    page.click(".search-box [type=submit]")
    expect(page.locator("tbody tr")).to_have_count(1)
    shoot(page, f"search-phone-{size['width']}-found")
    page.click(".filter-more > summary")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate(TOO_SMALL) == []
    assert_accessible(page)
    shoot(page, f"search-phone-{size['width']}")


def test_the_list_is_searched_without_scripts(
    open_page: OpenPage, district: list[Incident], operator: Person
) -> None:
    page = open_page("/sign-in/?next=/cases/", **DESK, scripts=False)
    sign_in(page, operator)
    page.fill(".search-box [name=q]", "烧烤 3号楼")
    page.press(".search-box [name=q]", "Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.fill(".search-box [name=q]", "没有人说过的话")
    page.press(".search-box [name=q]", "Enter")
    expect(page.locator(".empty b")).to_be_visible()
