"""The callback desk and the knowledge base in a real browser: from the queue to the answer, by keyboard."""

from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from accounts.roles import Role
from incidents import actions
from incidents.intake import Reporter
from incidents.knowledge import keeping
from incidents.models import Article, ArticleUse, Callback, Feedback, Incident, PhoneCall
from incidents.models.incident import Status
from tests.cast import NOWHERE, TUESDAY, Person, file_report, person, reload
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import Shoot, keys_are_heard, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

DESK: ViewportSize = {"width": 1440, "height": 900}
THREE = TUESDAY + timedelta(hours=5)
HALF_A_YEAR = date(2027, 1, 3)

SHELF = (
    (
        "居住证办理需要哪些材料",
        "怎么办居住证\n暂住证在哪里办",
        "您好:办理居住证请带本人身份证原件和房屋租赁凭证,到社区窗口或“i深圳”提交,15 个工作日内出证,不收费。",
        HALF_A_YEAR,
    ),
    (
        "居住证到期怎么续签",
        "居住证签注",
        "您好:到期前 30 日内在“i深圳”办理签注,不必到窗口。",
        date(2026, 7, 7),
    ),
    ("大件垃圾怎么预约清运", "旧沙发扔哪里", "您好:请在“龙岗环卫”小程序预约,次日上门。", HALF_A_YEAR),
)


@pytest.fixture(autouse=True)
def three_in_the_afternoon(hands: Hands) -> None:
    """When people may be called."""
    hands.at = THREE


@pytest.fixture
def shelf(transactional_db: None, supervisor: Person) -> None:
    """Three approved answers; one of them ends today."""
    writer = person("writer", Role.HANDLER, "government-services", "许文")
    for title, questions, answer, until in SHELF:
        edition = keeping.write_article(
            wording=keeping.Wording(title, answer, until, questions, "《深圳经济特区居住证条例》"),
            owner_unit=writer.unit,
            actor=writer.actor,
            at=TUESDAY,
        )
        keeping.review_article(
            pk=edition.article_id, number=1, approved=True, actor=supervisor.actor, at=TUESDAY
        )


def closed(handler: Person, operator: Person, minutes: int, phone: str) -> Incident:
    case = file_report(reporter=Reporter(name="王小明", phone=phone), at=TUESDAY + timedelta(minutes=minutes))
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + timedelta(minutes=20 + minutes))
    actions.resolve(
        number=case.number,
        outcome="solved",
        text="灯头烧坏,已换新,晚上已亮。",
        attested=True,
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=1, minutes=minutes),
    )
    at = TUESDAY + timedelta(hours=2, minutes=minutes)
    actions.close(number=case.number, reason="照片齐全,同意结案", actor=operator.actor, at=at)
    return case


@pytest.fixture
def called(transactional_db: None, handler: Person, operator: Person) -> list[Incident]:
    """Two closed cases whose reporters wait for a call."""
    return [closed(handler, operator, 0, "13812342207"), closed(handler, operator, 5, "13912348888")]


def look(page: Page, shoot: Shoot, name: str) -> None:
    """The page in both lights; nothing is wider than it."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    shoot(page, name)
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    shoot(page, f"{name}-dark")
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen, and what this page has to be pressed is large enough for a thumb."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    small = page.evaluate(
        """() => [...document.querySelectorAll("main :is(button, a.btn, select, summary, .choice)")]
            .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 43.5)
            .map((one) => `${one.getBoundingClientRect().height} ${one.outerHTML.slice(0, 90)}`)"""
    )
    assert small == []


def test_a_callback_from_the_queue_to_its_answer(
    open_page: OpenPage, shoot: Shoot, called: list[Incident], shelf: None, operator: Person
) -> None:
    first, second = called
    page = open_page("/callbacks/", **DESK)
    sign_in(page, operator)
    keys_are_heard(page)
    assert_accessible(page)
    look(page, shoot, "calls-desk")
    page.keyboard.press("n")
    page.wait_for_selector("#call-form")
    keys_are_heard(page)
    assert first.number in page.inner_text(".case-head")
    page.wait_for_selector("#known-call p, #known-call details")
    # While they are on the line they ask something else: it is looked up beside the call.
    page.fill("#known-q-call", "居住证")
    page.wait_for_selector("#known-call details")
    assert "i深圳" in page.inner_text("#known-call")
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    page.wait_for_selector("text=13812342207")
    page.check("input[name=outcome][value=answered]")
    page.check("input[name=contacted][value=yes]")
    page.check("input[name=solved][value=no]")
    page.check("input[name=speed][value='4']")
    page.check("input[name=result][value='2']")
    page.check("input[name=reopen]")
    page.fill("#id_text", "昨晚又灭了,只亮了一天")
    page.fill("#id_recording", "REC-20260707-0015")
    assert_accessible(page)
    look(page, shoot, "calls-call")
    page.click("button[name=then][value=next]")
    page.wait_for_selector(f"text={second.number}")
    keys_are_heard(page)
    said = Feedback.objects.get()
    assert (said.contacted, said.solved, said.speed, said.result) == (True, False, 4, 2)
    assert PhoneCall.objects.get().recording == "REC-20260707-0015"
    assert (reload(first).status, reload(first).rework_count) == (Status.HANDLING, 1)
    # The second one does not answer; the next try is in another part of the day.
    page.check("input[name=outcome][value=no_answer]")
    assert page.locator(".if-answered").is_hidden()
    page.locator("input[name=outcome][value=no_answer]").blur()
    page.keyboard.press("Enter")
    page.wait_for_selector(".call-overview")
    waits = Callback.objects.get(incident=second)
    assert (waits.attempts, waits.next_at) == (1, TUESDAY + timedelta(hours=9))
    look(page, shoot, "calls-done")


def test_what_is_missing_is_said_where_one_looks(
    browser: Browser, live_server: Any, called: list[Incident], operator: Person
) -> None:
    """In a pane of its own, below what can be seen; and it can be answered at once."""
    # Not open_page: a browser writes the answer 400 to its console as an error.
    context = browser.new_context(viewport={"width": 1440, "height": 700}, base_url=live_server.url)
    page = context.new_page()
    page.goto("/callbacks/")
    sign_in(page, operator)
    keys_are_heard(page)
    page.keyboard.press("n")
    page.wait_for_selector("#call-form")
    keys_are_heard(page)
    page.check("input[name=outcome][value=answered]")
    page.click("button[name=then][value=next]")
    keys_are_heard(page)
    expect(page.locator(".field-error").first).to_be_in_viewport()
    expect(page.locator("input[name=solved]").first).to_be_focused()
    context.close()


def test_an_enquiry_is_answered_from_the_knowledge_base_on_the_desk(
    open_page: OpenPage, shoot: Shoot, shelf: None, operator: Person, hands: Hands
) -> None:
    case = file_report(
        place=NOWHERE,
        address="",
        category=None,
        nature="enquiry",
        text="请问办居住证要带什么材料?在哪里办?",
        at=THREE,
    )
    page = open_page(f"/desk/{case.number}/", **DESK)
    sign_in(page, operator)
    keys_are_heard(page)
    page.wait_for_selector("#known-desk details[open]")
    assert_accessible(page)
    look(page, shoot, "calls-desk-known")
    page.keyboard.press("b")
    page.wait_for_selector("#sheet-answer[open]")
    words = page.input_value("#sheet-answer textarea[name=text]")
    assert words == SHELF[0][2]
    shoot(page, "calls-desk-answer")
    page.click("#sheet-answer .sheet-foot .btn-primary")
    page.wait_for_selector(".toast-line")
    assert reload(case).status == Status.CLOSED
    assert ArticleUse.objects.get().article.title == SHELF[0][0]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pages_fit_a_phone_in_both_languages(
    open_page: OpenPage,
    shoot: Shoot,
    called: list[Incident],
    shelf: None,
    supervisor: Person,
    hands: Hands,
    language: str,
) -> None:
    hands.at = THREE + timedelta(days=1)  # one of the three answers has expired
    page = open_page("/callbacks/", language=language)
    sign_in(page, supervisor)
    row = Callback.objects.order_by("pk").first()
    assert row is not None
    article = Article.objects.order_by("pk")[1]
    for name, address in (
        ("desk", "/callbacks/"),
        ("call", f"/callbacks/{row.pk}/"),
        ("knowledge", "/knowledge/"),
        ("expired", "/knowledge/?tab=expired"),
        ("found", "/knowledge/?q=居住证"),
        ("article", f"/knowledge/{article.pk}/"),
        ("edit", f"/knowledge/{article.pk}/edit/"),
    ):
        page.goto(address)
        keys_are_heard(page)
        assert_fits(page)
        assert_accessible(page)
        look(page, shoot, f"calls-phone-{language}-{name}")
    page.set_viewport_size({"width": 320, "height": 640})
    for address in ("/callbacks/", f"/callbacks/{row.pk}/", "/knowledge/"):
        page.goto(address)
        assert_fits(page)
