"""A case through the staff's hands in a real browser: sent by keyboard, handled on a phone, verified."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from PIL import Image

from accounts.roles import Role
from config import clock
from incidents.models import Incident
from incidents.models.incident import Status
from tests.cast import LAMP_UNIT, PASSWORD, TUESDAY, Person, file_report, person, reload

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def ten_past_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The district's clock for the server and this test: the cast's Tuesday."""
    monkeypatch.setattr(clock, "now", lambda: TUESDAY + timedelta(minutes=10))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser, or a skip that says why there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    # Its loop runs in this thread; the ORM is used between its steps, never within one.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with playwright.sync_playwright() as started:
        if path is None and not Path(started.chromium.executable_path).exists():
            pytest.skip("no Chromium is installed")
        flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        browser = started.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def new_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page of its own session; at the end none may have said an error into its console."""
    pages: list[Any] = []
    folder = settings.BASE_DIR / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)

    def opened(name: str, *, width: int, height: int) -> Any:
        is_phone = width < 500
        context = chromium.new_context(
            viewport={"width": width, "height": height}, is_mobile=is_phone, has_touch=is_phone
        )
        page = context.new_page()
        page.errors = []
        page.on(
            "console",
            lambda told: page.errors.append(f"{name}: {told.text}") if told.type == "error" else None,
        )
        page.on("pageerror", lambda error: page.errors.append(f"{name}: {error}"))
        page.shot = lambda title, **more: page.screenshot(path=folder / f"{title}.png", **more)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        assert page.errors == []
        page.context.close()


@pytest.fixture
def waiting(transactional_db: None) -> list[Incident]:
    """Two cases on the desk; the machine knows whose the first one is, and that a person should answer."""
    first = file_report(text="请问植物园路第三根路灯坏了归谁修?", nature="enquiry", external_id="e1")
    second = file_report(
        text="河边倒了一车黄泥,还在冒水,不知道该找谁",
        category=None,
        nature="enquiry",
        external_id="e2",
        at=TUESDAY + timedelta(minutes=5),
    )
    assert [case.status for case in (first, second)] == [Status.TRIAGE, Status.TRIAGE]
    return [first, second]


def sign_in(page: Any, live_server: Any, who: Person) -> None:
    page.goto(f"{live_server.url}{reverse('sign-in')}")
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("main#main")


def picture() -> dict[str, Any]:
    drawn = BytesIO()
    Image.new("RGB", (320, 240), "#9aa7b4").save(drawn, "JPEG")
    return {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def test_from_the_desk_to_the_verified_end(
    live_server: Any, new_page: Any, waiting: list[Incident], operator: Person, handler: Person
) -> None:
    first, second = waiting

    desk = new_page("desk", **DESK)
    sign_in(desk, live_server, operator)
    desk.wait_for_selector(f'#desk-work[data-number="{first.number}"]')
    desk.keyboard.press("j")
    desk.wait_for_selector(f'#desk-work[data-number="{second.number}"]')
    desk.keyboard.press("k")
    desk.wait_for_selector(f'#desk-work[data-number="{first.number}"]')
    desk.shot("staff-desk")
    desk.keyboard.press("1")
    assert desk.is_checked("input[name=choice]")
    desk.keyboard.press("Enter")
    desk.wait_for_selector(f'#desk-work[data-number="{second.number}"]')
    assert first.number in desk.inner_text(".toast-line")
    assert desk.locator(f'#desk-queue [data-row="{first.number}"]').count() == 0
    desk.shot("staff-desk-next")
    sent = reload(first)
    assert (sent.status, sent.owner_unit_id) == (Status.DISPATCHED, LAMP_UNIT)

    phone = new_page("phone", **PHONE)
    sign_in(phone, live_server, handler)
    phone.shot("staff-inbox")
    phone.click(f'[data-row="{first.number}"]')
    phone.click(".dock .is-main button")
    phone.wait_for_selector("#sheet-resolve", state="attached")
    assert reload(first).status == Status.HANDLING
    phone.click(".dock [data-sheet=sheet-resolve]")
    phone.fill("#sheet-resolve textarea[name=text]", "灯头烧坏,已换新,晚上已亮")
    phone.set_input_files("#sheet-resolve input[name=photos]", files=[picture()])
    if phone.locator("#sheet-resolve input[name=attested]").count():
        phone.check("#sheet-resolve input[name=attested]")
    phone.shot("staff-resolve")
    phone.click("#sheet-resolve [type=submit]")
    phone.wait_for_selector(".toast-line")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.shot("staff-resolved", full_page=True)
    assert reload(first).status == Status.RESOLVED
    assert first.attachments.count() == 1

    asked = first.verifications.get()
    checker = person("checker", Role.HANDLER, asked.unit_id, "郑核")
    check = new_page("check", **PHONE)
    sign_in(check, live_server, checker)
    check.goto(f"{live_server.url}{reverse('inbox')}?tab=verify")
    check.click(f'[data-row="{first.number}"]')
    check.click(".dock [data-sheet=sheet-verify]")
    check.check("#sheet-verify input[name=fixed][value=yes]")
    check.click("#sheet-verify [type=submit]")
    check.wait_for_selector(".toast-line")
    check.shot("staff-verified")
    assert reload(first).status == Status.CLOSED


def test_two_people_do_not_decide_the_same_case(
    live_server: Any, new_page: Any, waiting: list[Incident], operator: Person, dispatcher: Person
) -> None:
    first = waiting[0]
    one, other = new_page("one", **DESK), new_page("other", **DESK)
    for page, who in ((one, operator), (other, dispatcher)):
        sign_in(page, live_server, who)
        page.goto(f"{live_server.url}{reverse('desk-case', args=[first.number])}")
    one.keyboard.press("Enter")
    one.wait_for_selector(f'#desk-work[data-number="{waiting[1].number}"]')
    with other.expect_response(lambda answer: answer.url.endswith("/send/")) as refused:
        other.keyboard.press("Enter")
    assert refused.value.status == 409
    other.wait_for_selector('#desk-work [role="alert"]')
    assert "梁静" in other.inner_text('#desk-work [role="alert"]')
    other.shot("staff-collision")
    # The browser itself writes the 409 into its console; nothing else may be there.
    other.errors[:] = [line for line in other.errors if "409" not in line]
    assert first.assignments.count() == 1
