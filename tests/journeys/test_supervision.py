"""Supervision in a real browser: an order to its answer, an instruction to its accepted report, a letter
to its signed reply. The texts of the district's people are Chinese; the pages are looked at in both."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, ViewportSize

from accounts.roles import Role
from incidents.models import Incident, Instruction, SecretaryLetter, Supervision
from tests.cast import LAMP_UNIT, Person, file_report, person, reload
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

Shoot = Callable[[Page, str], None]


@pytest.fixture
def late(transactional_db: None, hands: Hands) -> Incident:
    """A lamp that nobody has accepted in time, with a letter about it, and an emergency."""
    case = file_report(attributes={"secretary": "street"})
    assert case.due_at is not None
    hands.at = case.due_at + timedelta(hours=2)
    file_report(
        text="大雨后人行道塌了一个坑,老人骑车摔倒",
        category="0101",
        external_id="pit",
        urgency="emergency",
        at=hands.at - timedelta(minutes=10),
    )
    return case


def looked_at(page: Page, shoot: Shoot, name: str) -> None:
    shoot(page, name)
    assert_accessible(page)


def fits_a_thumb(page: Page, form: str) -> None:
    """Nothing is wider than the screen, and the form's button is large enough."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    box = page.locator(f"{form} [type=submit]").bounding_box()
    assert box is not None
    assert box["height"] >= 44


def test_a_supervisors_order_to_its_answer(
    open_page: OpenPage, shoot: Shoot, late: Incident, supervisor: Person, handler: Person
) -> None:
    desk = open_page("/supervision/", **DESK)
    sign_in(desk, supervisor)
    keys_are_heard(desk)
    looked_at(desk, shoot, "supervision")
    desk.keyboard.press("j")
    desk.keyboard.press(" ")
    assert desk.locator(f'[data-row="{late.number}"][aria-selected="true"]').count() == 1
    desk.keyboard.press("s")
    desk.wait_for_selector("#id_words")
    desk.fill("#id_words", "今晚八点前亮灯,并说明为什么没人签收")
    looked_at(desk, shoot, "supervision-order")
    desk.click(".form-actions [type=submit]")
    desk.wait_for_selector(".toast-line")
    order = Supervision.objects.get(incident=late)

    phone = open_page(f"/cases/{late.number}/", **PHONE)
    sign_in(phone, handler)
    keys_are_heard(phone)
    assert "今晚八点前亮灯" in phone.inner_text(".order-note")
    phone.fill("#order-answer", "配件今天到,七点前装好")
    fits_a_thumb(phone, ".order-answer")
    looked_at(phone, shoot, "supervision-answer")
    phone.click(".order-answer [type=submit]")
    phone.wait_for_selector(".toast-line")

    desk.goto("/supervision/orders/?tab=ended")
    assert order.number in desk.inner_text(".ledger")
    assert "七点前装好" in desk.inner_text(".ledger")
    looked_at(desk, shoot, "supervision-orders")
    order.refresh_from_db()
    assert (order.end, reload(late).supervision_number) == ("answered", "")


def test_an_instruction_to_its_accepted_report(
    open_page: OpenPage, shoot: Shoot, late: Incident, leader: Person, handler: Person
) -> None:
    office = open_page(f"/instructions/new/?case={late.number}", **DESK)
    sign_in(office, leader)
    keys_are_heard(office)
    office.fill("#id_words", "群众反映的路灯没人签收,请路灯公司举一反三,全面排查,一周内报结果。")
    office.fill("[data-unit-search] input", "路灯")
    office.press("[data-unit-search] input", "Enter")
    assert office.is_checked(f'input[name=units][value="{LAMP_UNIT}"]')
    looked_at(office, shoot, "instruction-new")
    office.click(".form-actions [type=submit]")
    office.wait_for_selector(".edict")
    given = Instruction.objects.get()
    looked_at(office, shoot, "instruction-given")

    phone = open_page("/instructions/", **PHONE)
    sign_in(phone, handler)
    keys_are_heard(phone)
    looked_at(phone, shoot, "instruction-inbox")
    phone.click(f'[data-row="{given.number}"] a')
    phone.fill("textarea[name=text]", "已排查 120 盏,坏灯 7 盏,全部修复")
    fits_a_thumb(phone, ".owed-form")
    looked_at(phone, shoot, "instruction-report")
    phone.click(".owed-form [type=submit]")
    phone.wait_for_selector(".toast-line")

    office.goto(f"/instructions/{given.number}/")
    keys_are_heard(office)
    office.check("input[name=accepted][value=no]")
    assert office.is_visible("textarea[name=remark]")
    office.check("input[name=accepted][value=yes]")
    assert not office.is_visible("textarea[name=remark]")
    office.click(".owed-form [type=submit]")
    office.wait_for_selector(".toast-line")
    looked_at(office, shoot, "instruction-done")
    given.refresh_from_db()
    assert given.end == "done"


def test_a_letter_to_its_signed_reply(open_page: OpenPage, shoot: Shoot, late: Incident) -> None:
    secretary = person("secretary", Role.LEADER, "longgang", "李国平")
    letter = SecretaryLetter.objects.get()
    page = open_page("/secretary/", **DESK)
    sign_in(page, secretary)
    keys_are_heard(page)
    page.click(f'[data-row="{letter.pk}"] a')
    page.wait_for_selector(".letter-form")
    page.fill("textarea[name=text]", "王先生:您好!路灯今晚修好,耽误您了。谢谢您来信。")
    looked_at(page, shoot, "letter")
    page.click("button[value=sign]")
    page.wait_for_selector(".letter-signed")
    looked_at(page, shoot, "letter-signed")

    reporter = open_page(f"/r/{letter.report.tracking_code}/", **PHONE)
    assert "路灯今晚修好" in reporter.inner_text("#letter")
    assert "李国平" in reporter.inner_text("#letter")
    shoot(reporter, "letter-reporter")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_fits_and_is_in_order(
    open_page: OpenPage, shoot: Shoot, late: Incident, supervisor: Person, leader: Person, language: str
) -> None:
    for width, scheme in ((320, "light"), (1440, "dark")):
        page = open_page("/sign-in/", width=width, language=language, color_scheme=scheme)
        sign_in(page, supervisor)
        for address in (
            "/supervision/",
            "/supervision/?tab=repeated",
            "/supervision/orders/",
            "/instructions/",
            f"/instructions/new/?case={late.number}",
            "/secretary/",
            f"/secretary/{SecretaryLetter.objects.get().pk}/",
        ):
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
            looked_at(page, shoot, f"oversight-{language}-{width}{address.split('?')[0].replace('/', '-')}")
