"""A case through the staff's hands in a real browser: sent by keyboard, handled on a phone, verified."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize

from accounts.roles import Role
from incidents.models import Incident
from incidents.models.incident import Status
from tests.cast import LAMP_UNIT, PASSWORD, TUESDAY, Person, file_report, person, reload
from tests.journeys.conftest import Hands, OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def ten_past_ten(hands: Hands) -> None:
    """After both cases have come in."""
    hands.at = TUESDAY + timedelta(minutes=10)


@pytest.fixture
def waiting(transactional_db: None) -> list[Incident]:
    """Two cases on the desk; the machine knows whose the first one is, and that a person should answer."""
    first = file_report(text="请问植物园路第三根路灯坏了归谁修?", nature="enquiry", external_id="e1")
    second = file_report(
        text="管理费说打折,结果拿前业主欠费抵扣",
        category=None,
        nature="enquiry",
        external_id="e2",
        at=TUESDAY + timedelta(minutes=5),
    )
    assert [case.status for case in (first, second)] == [Status.TRIAGE, Status.TRIAGE]
    return [first, second]


def sign_in(page: Page, who: Person) -> None:
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector(".topbar")


def keys_are_heard(page: Page) -> None:
    """A key pressed before the scripts have come is nobody's; no person is that fast."""
    page.wait_for_selector("html[data-scripts=ready]")


def picture() -> FilePayload:
    drawn = BytesIO()
    Image.new("RGB", (320, 240), "#9aa7b4").save(drawn, "JPEG")
    return {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def test_from_the_desk_to_the_verified_end(
    open_page: OpenPage, shoot: Shoot, waiting: list[Incident], operator: Person, handler: Person
) -> None:
    first, second = waiting

    desk = open_page("/desk/", **DESK)
    sign_in(desk, operator)
    keys_are_heard(desk)
    desk.wait_for_selector(f'#desk-work[data-number="{first.number}"]')
    desk.keyboard.press("j")
    desk.wait_for_selector(f'#desk-work[data-number="{second.number}"]')
    desk.keyboard.press("k")
    desk.wait_for_selector(f'#desk-work[data-number="{first.number}"]')
    shoot(desk, "staff-desk")
    desk.keyboard.press("1")
    assert desk.is_checked("input[name=choice]")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(f'#desk-work[data-number="{second.number}"]')
    assert first.number in desk.inner_text(".toast-line")
    assert desk.locator(f'#desk-queue [data-row="{first.number}"]').count() == 0
    shoot(desk, "staff-desk-next")
    sent = reload(first)
    assert (sent.status, sent.owner_unit_id) == (Status.DISPATCHED, LAMP_UNIT)

    phone = open_page("/inbox/", **PHONE)
    sign_in(phone, handler)
    shoot(phone, "staff-inbox")
    phone.click(f'[data-row="{first.number}"]')
    phone.click(".dock .is-main button")
    phone.wait_for_selector("#sheet-resolve", state="attached")
    keys_are_heard(phone)
    assert reload(first).status == Status.HANDLING
    phone.click(".dock [data-sheet=sheet-resolve]")
    phone.fill("#sheet-resolve textarea[name=text]", "灯头烧坏,已换新,晚上已亮")
    phone.set_input_files("#sheet-resolve input[name=photos]", files=[picture()])
    phone.check("#sheet-resolve input[name=attested]")
    shoot(phone, "staff-resolve")
    phone.click("#sheet-resolve [type=submit]")
    phone.wait_for_url("**done=resolve*")
    phone.wait_for_selector(".toast-line")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    shoot(phone, "staff-resolved")
    assert reload(first).status == Status.RESOLVED
    assert first.attachments.count() == 1

    asked = first.verifications.get()
    checker = person("checker", Role.HANDLER, asked.unit_id, "郑核")
    check = open_page("/inbox/?tab=verify", **PHONE)
    sign_in(check, checker)
    check.click(f'[data-row="{first.number}"]')
    check.wait_for_selector("#sheet-verify", state="attached")
    keys_are_heard(check)
    check.click(".dock [data-sheet=sheet-verify]")
    check.check("#sheet-verify input[name=fixed][value=yes]")
    check.click("#sheet-verify [type=submit]")
    check.wait_for_selector(".toast-line")
    shoot(check, "staff-verified")
    assert reload(first).status == Status.CLOSED


def test_two_people_do_not_decide_the_same_case(
    open_page: OpenPage,
    browser: Browser,
    live_server: Any,
    shoot: Shoot,
    waiting: list[Incident],
    operator: Person,
    dispatcher: Person,
) -> None:
    first = waiting[0]
    one = open_page(f"/desk/{first.number}/", **DESK)
    sign_in(one, operator)
    keys_are_heard(one)
    # A browser writes the refusal into its console, which open_page would not let pass.
    with browser.new_context(viewport=DESK, base_url=live_server.url) as context:
        other = context.new_page()
        other.goto(f"/desk/{first.number}/")
        sign_in(other, dispatcher)
        keys_are_heard(other)
        one.keyboard.press("Enter")
        one.wait_for_selector(f'#desk-work[data-number="{waiting[1].number}"]')
        with other.expect_response(lambda answer: answer.url.endswith("/send/")) as refused:
            other.keyboard.press("Enter")
        assert refused.value.status == 409
        other.wait_for_selector('#desk-work [role="alert"]')
        assert "梁静" in other.inner_text('#desk-work [role="alert"]')
        shoot(other, "staff-collision")
    assert first.assignments.count() == 1


@pytest.mark.parametrize(("width", "language"), [(360, "zh-hans"), (360, "en"), (1920, "en")])
def test_every_page_fits_the_screen(
    open_page: OpenPage, waiting: list[Incident], supervisor: Person, width: int, language: str
) -> None:
    page = open_page("/sign-in/", width=width, language=language)
    sign_in(page, supervisor)
    number = waiting[0].number
    for address in ("/desk/", f"/desk/{number}/", "/cases/", f"/cases/{number}/", f"/cases/{number}/reject/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
