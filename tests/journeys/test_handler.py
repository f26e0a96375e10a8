"""A handler in the street: a telephone of 390 pixels, rain, and a line that is cut in the middle."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import FilePayload, Page, expect

from accounts.roles import Role
from incidents import actions
from incidents.models import Attachment, CannedAnswer, Incident, LateEntry
from incidents.models.incident import Status
from incidents.timeline import Kind
from tests.cast import LAMP_UNIT, PASSWORD, TUESDAY, Person, file_report, person, reload
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def ten_past_ten(hands: Hands) -> None:
    hands.at = TUESDAY + timedelta(minutes=10)


@pytest.fixture
def cases(transactional_db: None, handler: Person) -> list[Incident]:
    """Two lamps to accept, and one in hand."""
    found = [
        file_report(external_id=f"h{serial}", text=text, at=TUESDAY + timedelta(minutes=serial))
        for serial, text in enumerate(
            (
                "南联社区植物园路公交站往北第三根路灯坏了,晚上不亮",
                "植物园路口的路灯杆歪了,灯罩快掉下来,下面是公交站",
                "协同路整排路灯一闪一闪,影响行车",
            )
        )
    ]
    actions.accept(number=found[2].number, actor=handler.actor, at=TUESDAY + timedelta(minutes=6))
    CannedAnswer.objects.create(
        unit_id=LAMP_UNIT,
        use="message",
        title="明天到场",
        body="您好,{place}的路灯已列入明天的抢修计划。",
        changed_at=TUESDAY,
    )
    return found


def sign_in(page: Page, who: Person) -> None:
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector(".topbar")
    scripts_are_there(page)


def scripts_are_there(page: Page) -> None:
    page.wait_for_selector("html[data-scripts=ready]")


def assert_for_thumbs(page: Page) -> None:
    """Nothing is wider than the telephone, and what is pressed there is large enough for a thumb."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        """() => [...document.querySelectorAll("main :is(button, a.btn, select, summary, label[for])")]
            .filter((one) => one.offsetParent && !one.closest(".map, .sr-only, .clock-more, .field, .choice"))
            .filter((one) => one.getBoundingClientRect().height < 43.5)
            .map((one) => one.outerHTML.replace(/\\s+/g, " ").slice(0, 120))"""
    )
    assert not small, "\n".join(small)


def picture(name: str, ground: str, lamp: str) -> FilePayload:
    drawn = Image.new("RGB", (1280, 960), ground)
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((0, 760, 1280, 960), fill="#4a4f57")
    pen.rectangle((620, 180, 640, 780), fill="#2d3238")
    pen.ellipse((560, 120, 700, 220), fill=lamp)
    kept = BytesIO()
    drawn.save(kept, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": kept.getvalue()}


def test_a_line_that_breaks_loses_nothing(
    open_page: OpenPage, shoot: Shoot, hands: Hands, cases: list[Incident], handler: Person
) -> None:
    case = cases[0]
    phone = open_page("/inbox/", width=390)
    sign_in(phone, handler)
    phone.wait_for_selector("#inbox-list .case-row")
    assert_accessible(phone)
    assert_for_thumbs(phone)
    shoot(phone, "handler-inbox")
    phone.click(f'[data-row="{case.number}"]')
    scripts_are_there(phone)
    shoot(phone, "handler-to-accept")
    phone.click(".dock .is-main button")
    phone.wait_for_selector("#sheet-resolve", state="attached")
    scripts_are_there(phone)
    assert reload(case).status == Status.HANDLING

    # One tap, and the picture of before is there.
    with phone.expect_navigation():
        phone.set_input_files(
            '.work-pair .shot:has([value="before"]) input[name=photos]',
            files=[picture("before.jpg", "#1c2733", "#39424c")],
        )
    scripts_are_there(phone)
    assert case.attachments.get().stage == Attachment.Stage.BEFORE
    assert_accessible(phone)
    assert_for_thumbs(phone)

    # A word to the reporter, kept while it is typed: the page is loaded anew in between.
    phone.click("label[for=composer-message]")
    phone.click(".composer-message .canned summary")
    phone.click('.composer-message [data-canned]:has-text("明天到场")')
    words = phone.input_value("#composer-message-text")
    assert words == "您好,植物园路公交站往北约 60 米的路灯已列入明天的抢修计划。"
    phone.reload()
    scripts_are_there(phone)
    phone.click("label[for=composer-message]")
    assert phone.input_value("#composer-message-text") == words
    with phone.expect_navigation():
        phone.click(".composer-message [type=submit]")
    scripts_are_there(phone)
    assert case.timeline.filter(kind=Kind.MESSAGED).count() == 1

    # The line is cut. What is done from here on stays on the phone.
    phone.context.set_offline(True)
    phone.set_input_files(
        '.work-pair .shot:has([value="after"]) input[name=photos]',
        files=[picture("after.jpg", "#1c2733", "#ffe9a8")],
    )
    phone.wait_for_selector(".offline-row", state="attached")
    phone.wait_for_selector(".work-pair .photo.is-kept img")
    assert phone.inner_text(".work-pair .photo.is-kept figcaption") == "已存手机，待上传"
    phone.click(".dock [data-sheet=sheet-resolve]")
    phone.fill("#sheet-resolve textarea[name=text]", "灯头烧坏,已换新,晚上已亮")
    phone.check("#sheet-resolve input[name=attested]")
    shoot(phone, "handler-resolve-offline")
    phone.click("#sheet-resolve [type=submit]")
    expect(phone.locator(".offline-row")).to_have_count(2)
    assert not phone.is_visible("#sheet-resolve")
    phone.click(".offline-box summary")
    shoot(phone, "handler-waits")
    assert reload(case).status == Status.HANDLING

    # The line is back: the picture goes first, then the words, each once.
    hands.at = TUESDAY + timedelta(minutes=22)
    phone.context.set_offline(False)
    expect(phone.locator(".offline-row")).to_have_count(0, timeout=30_000)
    solved = reload(case)
    assert solved.status == Status.RESOLVED
    assert [one.stage for one in case.attachments.order_by("uploaded_at")] == ["before", "after"]
    assert case.timeline.filter(kind=Kind.RESOLVED).count() == 1
    assert not LateEntry.objects.filter(incident=case, state=LateEntry.State.WAITING).exists()
    phone.goto(f"/cases/{case.number}/")
    phone.wait_for_selector("#work .work-pair a.photo >> nth=1")
    assert_accessible(phone)
    shoot(phone, "handler-resolved")


def test_what_is_refused_later_says_why_is_mended_and_holds_nothing_up(
    open_page: OpenPage, shoot: Shoot, cases: list[Incident], handler: Person
) -> None:
    case = cases[2]
    phone = open_page(f"/cases/{case.number}/", width=390)
    sign_in(phone, handler)
    phone.context.set_offline(True)
    phone.click(".dock [data-sheet=sheet-resolve]")
    words = "灯头烧坏,已换新,晚上已亮"
    phone.fill("#sheet-resolve textarea[name=text]", words)

    # What the form asks for is asked before it is kept.
    phone.click("#sheet-resolve [type=submit]")
    expect(phone.locator("#sheet-resolve input[name=attested]:invalid")).to_be_visible()
    expect(phone.locator(".offline-row")).to_have_count(0)

    # What only the server knows: this day is over. A note after it does not wait for it.
    phone.check("#sheet-resolve input[name=outcome][value=parked]")
    phone.fill("#sheet-resolve input[name=parked_until]", "2020-01-01")
    phone.click("#sheet-resolve [type=submit]")
    expect(phone.locator(".offline-row")).to_have_count(1)
    phone.fill(".composer-note textarea[name=text]", "已联系供电所")
    phone.click(".composer-note [type=submit]")
    expect(phone.locator(".offline-row")).to_have_count(2)
    phone.context.set_offline(False)
    expect(phone.locator(".offline-row")).to_have_count(1, timeout=30_000)
    expect(phone.locator(".offline-why")).to_contain_text("哪一天再来办")
    shoot(phone, "handler-refused-later")
    assert case.timeline.filter(kind=Kind.NOTED).count() == 1
    phone.reload()
    scripts_are_there(phone)
    phone.fill(".composer-note textarea[name=text]", "供电所已到场")
    with phone.expect_navigation():
        phone.click(".composer-note [type=submit]")
    scripts_are_there(phone)
    assert case.timeline.filter(kind=Kind.NOTED).count() == 2

    # Back in its form with every word, and sent in the place of the first.
    phone.click(".offline-tools .btn-primary")
    expect(phone.locator("#sheet-resolve textarea[name=text]")).to_have_value(words)
    assert phone.input_value("#sheet-resolve input[name=parked_until]") == "2020-01-01"
    expect(phone.locator("#sheet-resolve [data-mended]")).to_be_in_viewport()
    assert_accessible(phone)
    shoot(phone, "handler-mends")
    phone.check("#sheet-resolve input[name=outcome][value=solved]")
    phone.check("#sheet-resolve input[name=attested]")
    with phone.expect_navigation():
        phone.click("#sheet-resolve [type=submit]")
    scripts_are_there(phone)
    expect(phone.locator(".offline-row")).to_have_count(0)
    assert reload(case).status == Status.RESOLVED


def test_it_is_handed_on_and_stands_in_the_colleagues_inbox(
    open_page: OpenPage, shoot: Shoot, cases: list[Incident], handler: Person
) -> None:
    colleague = person("colleague", Role.HANDLER, LAMP_UNIT, "吴亮")
    case = cases[2]
    phone = open_page(f"/cases/{case.number}/", width=390)
    sign_in(phone, handler)
    phone.click("[data-sheet=sheet-assign]")
    phone.check("#sheet-assign input[value=colleague]")
    phone.fill("#sheet-assign textarea[name=text]", "带上梯子")
    shoot(phone, "handler-assign")
    with phone.expect_navigation():
        phone.click("#sheet-assign [type=submit]")
    assert reload(case).handler == colleague.user
    other = open_page("/inbox/?tab=mine", width=390)
    sign_in(other, colleague)
    assert other.locator(f'[data-row="{case.number}"]').count() == 1


def test_nobody_is_shown_what_a_colleague_left_unsent(
    open_page: OpenPage, cases: list[Incident], handler: Person
) -> None:
    """Two at one machine: what one typed is theirs after signing in again, and gone once another has."""
    colleague = person("colleague", Role.HANDLER, LAMP_UNIT, "吴亮")
    address, box = f"/cases/{cases[2].number}/", "#composer-note-text"
    page = open_page(address, width=1440)
    sign_in(page, handler)
    page.fill(box, "住户电话打不通,明早再去")
    page.evaluate("localStorage.setItem('yw-draft:report', '居民写到一半的话')")

    def change_to(who: Person) -> None:
        page.context.clear_cookies(name="sessionid")
        page.goto(address)
        sign_in(page, who)

    change_to(handler)
    expect(page.locator(box)).to_have_value("住户电话打不通,明早再去")
    change_to(colleague)
    expect(page.locator(box)).to_have_value("")
    kept = page.evaluate("Object.entries(localStorage).filter(([name]) => name.startsWith('yw-draft:'))")
    assert kept == [["yw-draft:report", "居民写到一半的话"]]
    change_to(handler)
    expect(page.locator(box)).to_have_value("")


# The walk reads them at 1440 in Chinese by day and at 390 in English by night.
@pytest.mark.parametrize(("width", "language", "scheme"), [(320, "zh-hans", "light"), (1440, "en", "dark")])
def test_every_page_of_a_handler_can_be_read_by_everybody(
    open_page: OpenPage,
    shoot: Shoot,
    cases: list[Incident],
    handler: Person,
    width: int,
    language: str,
    scheme: str,
) -> None:
    # As tall as its longest page, so that the bars above and below lie over nothing while axe looks.
    page = open_page("/inbox/", width=width, height=2800, language=language, color_scheme=scheme)
    sign_in(page, handler)
    addresses = {
        "inbox": "/inbox/",
        "new": f"/cases/{cases[0].number}/",
        "working": f"/cases/{cases[2].number}/",
        "resolve": f"/cases/{cases[2].number}/resolve/",
        "return": f"/cases/{cases[0].number}/request-return/",
        "canned": "/canned/",
        "paper": f"/cases/{cases[2].number}/paper/",
    }
    for name, address in addresses.items():
        page.goto(address)
        scripts_are_there(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert_accessible(page)
        if width < 768:
            assert_for_thumbs(page)
        shoot(page, f"handler-{name}-{width}-{language[:2]}-{scheme}")
