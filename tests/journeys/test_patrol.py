"""A patrol on the street: reports and checks on a phone, with the line gone and back."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, Route, expect
from playwright.sync_api import Error as PageError

from accounts.roles import Role
from incidents import actions
from incidents.models import Attachment, Incident, Report, Verification
from incidents.models.incident import ResolutionOutcome, Status
from tests.cast import LAMP_POINT, LAMP_TEXT, TUESDAY, Person, file_report, person, reload
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

HERE = {"longitude": LAMP_POINT[0], "latitude": LAMP_POINT[1], "accuracy": 8.0}
Shoot = Callable[[Page, str], None]
PhoneOf = Callable[..., tuple[BrowserContext, Page]]


@pytest.fixture(autouse=True)
def media_folder(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.SELF_FIXED_CHECKED = 0.0


@pytest.fixture(autouse=True)
def at_work(hands: Hands) -> None:
    hands.at = TUESDAY + timedelta(hours=3)


@pytest.fixture
def patrol(transactional_db: None) -> Person:
    return person("patrol", Role.PATROL, "longgang/grid-station", "何敏")


@pytest.fixture
def phone_of(browser: Browser, live_server: Any) -> Iterator[PhoneOf]:
    """A phone whose line can be cut. What it says about the cut line itself is no error of ours."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def opened(who: Person, **options: Any) -> tuple[BrowserContext, Page]:
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            base_url=live_server.url,
            geolocation=HERE,
            permissions=["geolocation"],
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto("/patrol/")
        sign_in(page, who)
        return context, page

    yield opened
    for context in contexts:
        context.close()
    expected = ("net::ERR_", "409 (Conflict)")  # a cut line, and what was refused when it came back
    assert [line for line in said if not any(words in line for words in expected)] == []


def photo(shade: int = 120) -> FilePayload:
    drawn = BytesIO()
    Image.new("RGB", (640, 480), (shade, 140, 150)).save(drawn, "JPEG")
    return {"name": f"{shade}.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def say_it(page: Page, text: str, shade: int = 120) -> None:
    page.wait_for_selector("html[data-scripts=ready]")
    page.set_input_files("input[name=photos]", files=[photo(shade)])
    page.fill("#id_text", text)
    expect(page.locator("#id_lat")).not_to_have_value("")


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen, and on a phone what is pressed is large enough for a thumb."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        """() => [...document.querySelectorAll("main :is(button, a, summary, label.choice, .chip)")]
            .filter((one) => one.offsetParent && !one.closest(".map"))
            .filter((one) => one.getBoundingClientRect().height < 43.5)
            .map((one) => one.outerHTML.slice(0, 90))"""
    )
    assert width >= 768 or small == []


def kept(page: Page, number: int) -> None:
    expect(page.locator(".offline-row")).to_have_count(number)


def test_a_patrols_offline_queue(learnt: None, phone_of: PhoneOf, shoot: Shoot, patrol: Person) -> None:
    context, page = phone_of(patrol)
    page.wait_for_selector("html[data-kept]")  # the worker has what it needs
    context.set_offline(True)
    page.goto("/patrol/report/")
    expect(page.locator("[data-stale]")).to_be_visible()
    say_it(page, LAMP_TEXT)
    page.click(".dock .is-main")
    expect(page.locator(".toast-line")).to_be_visible()
    kept(page, 1)
    expect(page.locator("#id_text")).to_have_value("")
    say_it(page, "南联社区公交站旁垃圾桶翻倒,垃圾散落", 90)
    page.check("input[name=done][value=yes]")
    page.set_input_files("input[name=after]", files=[photo(60)])
    page.fill("#id_did", "已扶正,散落垃圾装袋")
    page.click(".dock .is-main")
    kept(page, 2)
    shoot(page, "patrol-offline-kept-390")
    # Nothing of it is lost with the page, and nobody needs to stay on it.
    page.goto("/patrol/found/")
    kept(page, 2)
    assert_accessible(page)
    page.reload()
    kept(page, 2)
    assert not Report.objects.exists()
    context.set_offline(False)
    kept(page, 0)
    expect(page.locator(".toast-line")).to_have_count(2)
    page.reload()
    expect(page.locator(".finding-row")).to_have_count(2)
    shoot(page, "patrol-offline-sent-390")
    lamp, bin_ = Incident.objects.order_by("pk")
    assert (lamp.status, bin_.status, bin_.self_fixed) == (Status.DISPATCHED, Status.CLOSED, True)
    assert [report.attachments.count() for report in Report.objects.order_by("pk")] == [1, 1]
    assert bin_.attachments.get().stage == Attachment.Stage.AFTER


def test_an_answer_that_is_lost_is_asked_for_again(phone_of: PhoneOf, patrol: Person) -> None:
    """The line breaks between the server's deed and its answer: sent again, it is not done again."""
    _context, page = phone_of(patrol, service_workers="block")
    page.goto("/patrol/report/")
    say_it(page, LAMP_TEXT)
    lost: list[int] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    page.route("**/patrol/report/", lose)
    page.click(".dock .is-main")
    expect(page.locator(".toast-line")).to_be_visible()
    kept(page, 1)
    assert (lost, Report.objects.count()) == ([200], 1)
    page.click(".offline-box summary")
    page.click(".offline-tools .btn >> nth=0")
    kept(page, 0)
    assert (Report.objects.count(), Attachment.objects.count()) == (1, 1)


def test_whoever_comes_back_to_a_sent_form_fills_in_another(phone_of: PhoneOf, patrol: Person) -> None:
    """Out of the browser's memory the page comes as it was left: sent, with its key and its words."""
    _context, page = phone_of(patrol, service_workers="block")
    page.goto("/patrol/report/")
    say_it(page, LAMP_TEXT)
    page.route("**/patrol/found/", lambda route: route.fulfill(status=204))  # the page stays as it is
    key = page.input_value("input[name=submission]")
    page.click(".dock .is-main")
    expect(page.locator("input[name=submission]")).not_to_have_value(key)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.set_input_files("input[name=photos]", files=[photo(60)])
    page.unroute("**/patrol/found/")
    page.click(".dock .is-main")
    page.wait_for_selector(".finding-row")
    assert (Report.objects.count(), Attachment.objects.exclude(report=None).count()) == (2, 3)


def test_a_refused_one_says_why_and_can_be_dropped(
    learnt: None, phone_of: PhoneOf, shoot: Shoot, patrol: Person, handler: Person
) -> None:
    """Written without a line; when it arrives its unit has the case in hand already."""
    context, page = phone_of(patrol)
    page.goto("/patrol/report/")
    say_it(page, LAMP_TEXT)
    page.click(".dock .is-main")
    page.wait_for_selector(".finding-row")
    case = Incident.objects.get()
    page.goto(f"/patrol/found/{case.number}/fix/")
    page.wait_for_selector("html[data-kept]")
    context.set_offline(True)
    page.set_input_files("input[name=after]", files=[photo(60)])
    page.fill("#id_text", "已换灯头")
    page.click(".dock .is-main")
    page.wait_for_url("**/patrol/found/")
    kept(page, 1)
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + timedelta(hours=3))
    context.set_offline(False)
    expect(page.locator(".offline-why")).to_be_visible()
    shoot(page, "patrol-offline-refused-390")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click(".offline-tools .btn-quiet")
    kept(page, 0)
    assert reload(case).status == Status.HANDLING


# Make what is kept under such an address a day and an hour old.
AGED = """async (start) => {
    const cache = await caches.open((await caches.keys()).find((name) => name.startsWith("yiwang-pages")));
    for (const one of await cache.keys()) {
        if (!new URL(one.url).pathname.startsWith(start)) continue;
        const page = await cache.match(one);
        const headers = new Headers(page.headers);
        headers.set("X-Kept-At", String(Date.now() - 25 * 3600 * 1000));
        await cache.put(one, new Response(await page.blob(), { headers }));
    }
}"""
KEPT = """async () => {
    const found = [];
    for (const name of await caches.keys())
        for (const one of await (await caches.open(name)).keys()) found.push(new URL(one.url).pathname);
    return found.filter((path) => !/^.(static|geo)/.test(path));
}"""


def test_what_was_kept_goes_with_whoever_kept_it(
    phone_of: PhoneOf, patrol: Person, operator: Person, handler: Person
) -> None:
    """A phone keeps its person's pages for a day, until they sign out; a desk keeps none."""
    case = file_report()
    context, page = phone_of(patrol)
    page.wait_for_selector("html[data-kept]")
    assert "/patrol/" in page.evaluate(KEPT)
    page.evaluate("document.querySelector('form[action$=\"sign-out/\"]').submit()")
    page.wait_for_selector("#id_username")
    page.wait_for_function(f"async () => !(await ({KEPT})()).length")
    context.set_offline(True)
    with pytest.raises(PageError):
        page.goto("/patrol/found/")
    context.set_offline(False)

    # The session changes under a page: of the one before nothing is left beside the other's.
    page.goto("/patrol/")
    sign_in(page, patrol)
    page.wait_for_selector("html[data-kept]")
    become(context, handler)
    page.goto(f"/cases/{case.number}/")
    page.wait_for_selector("html[data-kept]")
    assert page.evaluate(KEPT) == [f"/cases/{case.number}/"]
    # What is older than a day is not shown, even to them.
    page.evaluate(AGED, "/cases/")
    context.set_offline(True)
    with pytest.raises(PageError):
        page.goto(f"/cases/{case.number}/")
    context.set_offline(False)
    page.goto(f"/cases/{case.number}/")
    page.wait_for_selector("html[data-kept]")

    # Somebody at a desk: nothing is kept, and nothing of others is left.
    become(context, operator)
    page.goto(f"/cases/{case.number}/")
    page.wait_for_function("async () => !(await navigator.serviceWorker.getRegistration('/'))")
    page.wait_for_function(f"async () => !(await ({KEPT})()).length")


def become(context: BrowserContext, who: Person) -> None:
    """Another person's session in the same browser, without the page of signing in."""
    client = Client()
    client.force_login(who.user)
    url = next(cookie for cookie in context.cookies() if cookie["name"] == "sessionid")
    context.add_cookies([{**url, "value": client.cookies["sessionid"].value}])  # type: ignore[list-item]


@pytest.fixture
def three_checks(transactional_db: None, handler: Person) -> str:
    """Three lamps that were mended, all to be checked by one station; its code."""
    station = ""
    for index, (lon, lat) in enumerate([(0.0, 0.0), (0.02, 0.012), (0.004, 0.002)]):
        case = file_report(
            place=_at(LAMP_POINT[0] + lon, LAMP_POINT[1] + lat),
            text=f"植物园路第{index + 1}根路灯不亮,晚上看不清路",
        )
        at = TUESDAY + timedelta(minutes=20 + index)
        actions.accept(number=case.number, actor=handler.actor, at=at)
        actions.resolve(
            number=case.number, outcome=ResolutionOutcome.SOLVED, text="灯头烧坏,已换新", attested=True,
            actor=handler.actor, at=at + timedelta(minutes=30),
        )  # fmt: skip
        asked = Verification.objects.get(incident=case)
        station = station or asked.unit_id
        Verification.objects.filter(pk=asked.pk).update(unit=station)
    return station


def _at(lon: float, lat: float) -> Any:
    from grids.locate import locate

    return locate(lon=lon, lat=lat)


@pytest.mark.parametrize(
    ("width", "language", "scheme"),
    [(390, "zh-hans", "light"), (320, "en", "dark")],
)
def test_the_round_in_walking_order(
    open_page: OpenPage,
    shoot: Shoot,
    patrol: Person,
    three_checks: str,
    width: int,
    language: str,
    scheme: Any,
) -> None:
    who = person("walker", Role.PATROL, three_checks, "郑核")
    name = f"{width}-{language}-{scheme}"
    page = open_page(
        "/patrol/",
        width=width,
        language=language,
        color_scheme=scheme,
        geolocation=HERE,
        permissions=["geolocation"],
    )
    sign_in(page, who)
    page.wait_for_selector("[data-order-said]:not(:empty)", state="attached")
    # Here, the one close by, the one far away; by due time the far one would come second.
    titles = page.locator("[data-stops] .case-title").all_inner_texts()
    assert ["第1根" in titles[0], "第3根" in titles[1], "第2根" in titles[2]] == [True, True, True]
    page.wait_for_selector(".map.is-drawn")
    assert_fits(page)
    shoot(page, f"patrol-round-{name}")
    assert_accessible(page)
    page.click("[data-stops] a >> nth=0")
    page.wait_for_selector("html[data-scripts=ready]")
    page.check("input[name=fixed][value=no]")
    assert_fits(page)
    shoot(page, f"patrol-check-{name}")
    assert_accessible(page)
    page.click(".dock .is-main")  # no photo, no words: said at once, for without a line nobody could
    assert page.locator("form :is(input[name=photos], textarea):invalid").count() == 2
    page.set_input_files("input[name=photos]", files=[{**photo(), "buffer": b"no picture"}])
    page.fill("#id_text", "看过了")
    page.click(".dock .is-main")
    expect(page.locator(".photo-error")).to_be_visible()
    expect(page.locator("[data-photo-preview]")).to_have_count(0)
    page.check("input[name=fixed][value=yes]")
    page.set_input_files("input[name=photos]", files=[photo()])
    shoot(page, f"patrol-check-filled-{name}")
    page.click(".dock .is-main")
    page.wait_for_url("**/patrol/")
    expect(page.locator("[data-stops] > li")).to_have_count(2)
    assert Incident.objects.filter(status=Status.CLOSED).count() == 1
    page.goto("/patrol/report/")
    say_it(page, "路灯不亮,晚上看不清路")
    page.wait_for_selector("[data-chips] .chip")
    page.click("[data-chips] .chip >> nth=0")
    page.wait_for_selector(".map.is-drawn")
    page.check("input[name=done][value=yes]")
    assert_fits(page)
    page.evaluate("scrollTo(0, 0)")
    shoot(page, f"patrol-report-{name}")
    assert_accessible(page)
    page.check("input[name=done][value=no]")
    page.click(".dock .is-main")
    page.wait_for_selector(".finding-row")
    assert_fits(page)
    shoot(page, f"patrol-found-{name}")
    assert_accessible(page)
