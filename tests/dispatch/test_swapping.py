"""New versions go live while reports come in: none fails, and each is decided by a list that was live.

Through the whole HTTP stack, on connections of their own. The list is swapped as stewards do it, by
adopting and by rolling back.
"""

import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from accounts.models import ApiClient
from config import clock
from dispatch import edition as editions
from dispatch import lists
from dispatch.edition import edition
from dispatch.models import ResponsibilityList
from grids.models import Area
from incidents.models import DecisionRecord
from tests.cast import LAMP_UNIT, Person
from tests.dispatch.versions import adopted, live_list
from tests.incidents.api.conftest import Caller, lamp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("trained_model")]
THREADS, SWAPS = 4, 6
UNITS = {1: LAMP_UNIT, 2: "water-group"}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often each version was compiled, counted by a spy that lets all of it happen."""
    told: Counter[int] = Counter()
    build = editions._compile

    def spy(list_id: int, version: int) -> editions.Edition:
        told[version] += 1
        return build(list_id, version)

    monkeypatch.setattr(editions, "_compile", spy)
    edition()
    told.clear()
    return told


class Load:
    """Callers that ask and file without a pause until they are told to stop."""

    def __init__(self, token: str) -> None:
        self.token, self.over = token, threading.Event()
        self.running: list[Future[None]] = []
        # Each report at a place of its own: what is reported twice is one case, decided once.
        self.places = list(Area.objects.cells().values_list("lon", "lat"))
        # (when it began, live before, what decided, its unit, live after) of each request.
        self.told: list[tuple[float, int, int, str, int]] = []
        self.filed = 0

    def run(self, number: int) -> None:
        try:
            caller = Caller(token=self.token)
            serial = 0
            while not self.over.is_set():
                serial += 1
                if serial % 2:
                    self._ask(caller)
                else:
                    self._file(caller, serial * THREADS + number)
        finally:
            connections.close_all()

    def _ask(self, caller: Caller) -> None:
        began = time.monotonic()
        before = live_list(clock.now()).version
        answer = caller.post("decisions/", lamp())
        after = live_list(clock.now()).version
        assert answer.status_code == 200, answer.content
        told = answer.json()
        self.told.append((began, before, told["list_version"], told["unit"], after))

    def _file(self, caller: Caller, serial: int) -> None:
        lon, lat = self.places[serial % len(self.places)]
        began = time.monotonic()
        before = live_list(clock.now()).version
        answer = caller.post("reports/", lamp(f"S-{serial}", location={"lon": lon, "lat": lat}))
        after = live_list(clock.now()).version
        assert answer.status_code == 201, answer.content
        record = DecisionRecord.objects.select_related("responsibility_list").get(
            report=answer.json()["report"]
        )
        self.told.append((began, before, record.responsibility_list.version, record.unit_code, after))
        self.filed += 1


def test_swapping_versions_under_load_fails_no_request(
    steward: Person, chief_steward: Person, compiled: Counter[int]
) -> None:
    token = ApiClient.objects.issue(name="12345", source="hotline")[1]
    load = Load(token)
    swaps: list[int] = []
    moments: list[float] = []
    with ThreadPoolExecutor(THREADS) as pool:
        load.running = [pool.submit(load.run, number) for number in range(THREADS)]
        try:
            swap(load, swaps, moments, steward, chief_steward)
        finally:
            load.over.set()
        for one in load.running:
            one.result()
    assert len(swaps) == SWAPS
    assert {version for _began, _before, version, _unit, _after in load.told} == {1, 2}
    assert load.filed > SWAPS
    for began, before, version, unit, after in load.told:
        # Swaps wait for requests to come between them, so one request sees two versions at most. What was
        # live within the last second may still decide.
        swapped = max((moment for moment in moments if moment <= began), default=0.0)
        assert version in (before, after) or began - swapped < editions.CALENDAR_TRUST
        assert unit == UNITS[version]
    assert sum(compiled.values()) == SWAPS
    assert compiled == Counter(swaps)


def swap(load: Load, swaps: list[int], moments: list[float], steward: Person, chief_steward: Person) -> None:
    """To version 2 and back again, each time after some requests were decided by the present one."""
    wait_for_requests(load, version=1)
    adopted(steward, chief_steward, at=clock.now(), lead_unit=UNITS[2])
    moments.append(time.monotonic())
    swaps.append(2)
    versions = {one.version: one for one in ResponsibilityList.objects.all()}
    while len(swaps) < SWAPS:
        wait_for_requests(load, version=swaps[-1])
        to: Any = versions[3 - swaps[-1]]
        lists.roll_back(to=to, reason="换过去再换回来", by=chief_steward.user, at=clock.now())
        moments.append(time.monotonic())
        swaps.append(to.version)
    wait_for_requests(load, version=swaps[-1])


def wait_for_requests(load: Load, *, version: int) -> None:
    """Until two more requests of every thread were decided by this version."""
    start = len(load.told)
    wanted = 2 * THREADS
    ticking = threading.Event()
    for _tick in range(3_000):
        if sum(told[2] == version for told in load.told[start:]) >= wanted:
            return
        for one in load.running:
            if one.done():
                one.result()  # it stops only by failing
        ticking.wait(0.02)
    raise AssertionError("the callers are stuck")
