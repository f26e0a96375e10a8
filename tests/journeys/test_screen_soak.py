"""A wall runs for days: what the browser holds on to is the same after thousands of polls as after a hundred.

`make soak-screen` polls 4,000 times (SOAK_POLLS for more; a day has 17,280); the journeys do 100.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from dashboards.screen import kept
from incidents.models import Incident
from tests.cast import TUESDAY, Person
from tests.dashboards.screen.district import busy_district
from tests.incidents.centre.people import DISTRICT, centre
from tests.journeys.conftest import Hands
from tests.journeys.test_staff import sign_in

AT = TUESDAY + timedelta(hours=4, minutes=32)
# Readings of a district that changes: each poll brings another one, so that every part is replaced.
READINGS = 12


@dataclass(frozen=True)
class Held:
    """What the page holds on to once everything that can go has gone."""

    heap: int
    nodes: int
    listeners: int

    def __str__(self) -> str:
        return f"{self.heap / 1e6:.2f} MB, {self.nodes} nodes, {self.listeners} listeners"


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch, hands: Hands, transactional_db: None) -> Iterator[None]:
    """Polls are answered from a ring of real readings, so that thousands take minutes."""
    hands.at = AT
    busy_district(AT, open_cases=120, days=30, emergencies=1)
    shots = []
    for number in range(READINGS):
        some = Incident.objects.filter(pk__in=Incident.objects.order_by("?")[:20].values("pk"))
        due_at = AT + timedelta(minutes=5 * number - 20)
        some.update(received_at=AT - timedelta(seconds=number), due_at=due_at)
        Incident.objects.filter(urgency="emergency").update(urgency="urgent")
        burning = Incident.objects.order_by("pk")[number % 3]
        Incident.objects.filter(pk=burning.pk).update(urgency="emergency", status="handling")
        shots.append(kept.shot_of(DISTRICT, "zh-hans", at=AT, now=1000.0 * number, find=centre))
    assert len({shot.tag for shot in shots}) == READINGS
    ring = cycle(shots)

    def answered(*_place: Any, at: Any, now: float, **_more: Any) -> kept.Shot:
        shot = next(ring)
        return kept.Shot(shot.html, shot.watch, shot.inside, shot.tag, at, now)

    monkeypatch.setattr(kept, "shot_of", answered)
    yield
    kept.forget()


_REST = """() => new Promise((done) => {
    document.body.dataset.every = "3600000";
    let before = -1;
    const look = () => {
        const polls = Number(document.body.dataset.polls);
        if (polls === before) { done(); return; }
        before = polls;
        setTimeout(look, 500);
    };
    look();
})"""
_GO_ON = """() => { document.body.dataset.every = "5"; dispatchEvent(new Event("online")); }"""


def held(page: Page, tools: CDPSession) -> Held:
    """What is held while nothing is asked: what is half swapped is not told from what is lost."""
    page.evaluate(_REST)
    for _again in range(3):
        tools.send("HeapProfiler.collectGarbage")
    found = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
    page.evaluate(_GO_ON)
    return Held(int(found["JSHeapUsedSize"]), int(found["Nodes"]), int(found["JSEventListeners"]))


def polled(page: Page, count: int) -> None:
    """Wait until the page has been answered so often; by the browser's tools, for the page allows no eval."""
    page.evaluate(
        """(count) => new Promise((done) => {
            const polls = () => Number(document.body.dataset.polls ?? 0);
            const look = () => (polls() >= count ? done() : setTimeout(look, 50));
            look();
        })""",
        count,
    )


def soak(browser: Browser, address: str, who: Person, polls: int) -> list[Held]:
    """What is held after a warm-up, and at each quarter of the polls after it."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, base_url=address)
    page = context.new_page()
    page.goto("/sign-in/")
    sign_in(page, who)
    page.goto(f"/board/screen/{DISTRICT}/")
    page.wait_for_selector("#part-tiles")
    tools = context.new_cdp_session(page)
    tools.send("Performance.enable")
    page.evaluate("document.body.dataset.every = '5'")
    warm = max(60, polls // 20)
    found = []
    for quarter in range(5):
        polled(page, warm + polls * quarter // 4)
        found.append(held(page, tools))
    context.close()
    for number, one in enumerate(found):
        print(f"after {warm + polls * number // 4:,} polls: {one}")
    return found


def assert_flat(found: list[Held], *, heap: float) -> None:
    """Nodes and listeners are those of the page; the heap ends within `heap` of what it was."""
    first, last = found[0], found[-1]
    assert {one.listeners for one in found} == {first.listeners}
    assert max(one.nodes for one in found) <= 1.05 * first.nodes  # the readings differ by some rows
    assert last.heap <= first.heap * (1 + heap)


@pytest.mark.e2e
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("readings")
def test_a_hundred_polls_leave_nothing_behind(browser: Browser, live_server: Any, leader: Person) -> None:
    assert_flat(soak(browser, live_server.url, leader, 100), heap=0.10)


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("readings")
def test_thousands_of_polls_leave_nothing_behind(browser: Browser, live_server: Any, leader: Person) -> None:
    assert_flat(soak(browser, live_server.url, leader, int(os.environ.get("SOAK_POLLS", "4000"))), heap=0.05)
