"""Stages fired per second, each with its log, timeline and outbox rows and its clock's next stage.

A million clocks are open; each hour a hundred thousand of them fall due. The contenders take their hours
in turns, so that a busy machine hits all of them.
"""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import count

import psycopg2
from django.db import connection
from django.db.models import QuerySet

from benchmarks import sweeps_rivals as rivals
from benchmarks.records import Record, compare
from benchmarks.sweeps_data import OPEN, due_hour, make_clocks
from incidents import sweeps
from incidents.models import FiredStage, PendingStage

NEEDS_DATABASE = True
ROUNDS = 3
ONE_BY_ONE, BATCHES, TASKS = 400, 12, 2_000
POLL = 0.2  # seconds
STEADY, STEADY_SECONDS = 200, 20


def run() -> list[Record]:
    make_clocks()
    hours = count()
    rates: dict[str, list[float]] = {}
    burst: list[float] = []

    def note(name: str, done: int, seconds: float) -> None:
        rates.setdefault(name, []).append(done / seconds)

    for _round in range(ROUNDS):
        hour = next(hours)
        note("row at a time", *_timed(partial(_one_by_one, hour)))
        note("ORM in batches of 500", *_timed(partial(_orm, hour)))
        note("1 sweeper", *_timed(partial(_sweep, hour, 1)))
        hour = next(hours)
        note("one bulk statement", *_timed(partial(rivals.bulk, due_hour(hour))))
        for sweepers in (2, 4):
            hour = next(hours)
            fired, seconds = _timed(partial(_sweep, hour, sweepers))
            note(f"{sweepers} sweepers", fired, seconds)
            burst.append(seconds * 100_000 / fired)
    hour = next(hours)
    ids = list(_due(hour).values_list("pk", flat=True)[:TASKS])
    rates["one Celery ETA task each"] = [rivals.celery_rate(ids, at=due_hour(hour))]
    _sweep(hour, 1)
    middle = {name: statistics.median(values) for name, values in rates.items()}
    ours = {name: middle.pop(name) for name in ("1 sweeper", "2 sweepers", "4 sweepers")}
    records = [
        record
        for name, rate in ours.items()
        for record in compare("sweeps", f"stages per s, {name}", rate, middle)
    ]
    _goal(records, "100,000 at once, s, best", min(burst), 2.0)
    _goal(records, "100,000 at once, s, median", statistics.median(burst), 2.0)
    for name, value, goal in _idle(hours):
        _goal(records, name, value, goal)
    _goal(records, f"p99 lag at {STEADY} a second, ms", _steady_lag(next(hours)), POLL * 1000 + 50)
    return records


def _goal(records: list[Record], metric: str, ours: float, goal: float) -> None:
    records += compare("sweeps", metric, ours, {"the goal": goal})
    records[-1]["ours"], records[-1]["ratio"] = round(ours, 3), round(ours / goal, 3)


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def _due(hour: int) -> QuerySet[PendingStage]:
    return PendingStage.objects.filter(fire_at__lte=due_hour(hour)).order_by("fire_at", "pk")


def _one_by_one(hour: int) -> int:
    for pending_id in _due(hour).values_list("pk", flat=True)[:ONE_BY_ONE]:
        rivals.one(pending_id, due_hour(hour))
    return ONE_BY_ONE


def _orm(hour: int) -> int:
    return sum(rivals.orm_batch(due_hour(hour)) for _batch in range(BATCHES))


def _sweep(hour: int, sweepers: int) -> int:
    """Fire an hour's stages with several sweepers, each on a connection of its own."""
    fired: list[int] = []

    def work() -> None:
        while done := sweeps.fire_due_stages(at=due_hour(hour)):
            fired.append(done)
        connection.close()

    threads = [threading.Thread(target=work) for _sweeper in range(sweepers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if _due(hour).exists():
        raise RuntimeError("stages were left behind")
    return sum(fired)


def _idle(hours: Iterator[int]) -> Iterator[tuple[str, float, float]]:
    """Milliseconds of a sweep that finds nothing, in calm and above a hundred thousand dead entries."""
    at = due_hour(next(hours))
    while sweeps.fire_due_stages(at=at):
        pass
    yield f"idle sweep, ms, {OPEN:,} open", _poll_ms(lambda: sweeps.fire_due_stages(at=at)), 1.0
    with _old_snapshot():
        at = due_hour(next(hours))
        while sweeps.fire_due_stages(at=at):
            pass
        floor = sweeps.Floor()
        sweeps.fire_due_stages(at=at, floor=floor)
        yield (
            "idle sweep beside an old snapshot, ms",
            _poll_ms(lambda: sweeps.fire_due_stages(at=at, floor=floor)),
            1.0,
        )
        # what one of them in every Floor.RESCAN seconds costs, and all would without the floor
        yield (
            "its full look, ms",
            _poll_ms(lambda: sweeps.fire_due_stages(at=at), polls=20),
            sweeps.Floor.RESCAN * 1000,
        )


def _poll_ms(poll: Callable[[], int], polls: int = 400) -> float:
    times = []
    for _poll in range(polls):
        began = time.perf_counter()
        if poll():
            raise RuntimeError("this sweep was not idle")
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


@contextmanager
def _old_snapshot() -> Iterator[None]:
    """Somebody's long report: what it might still see, nobody may clear away."""
    other = psycopg2.connect(**connection.get_connection_params())
    other.set_session(isolation_level="REPEATABLE READ")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM incidents_dueaction")
        yield
    finally:
        other.close()


def _steady_lag(hour: int) -> float:
    """The 99th percentile of (committed - due) in ms while clocks fall due one after the other."""
    while sweeps.fire_due_stages(at=due_hour(hour)):
        pass
    start = due_hour(hour) + timedelta(minutes=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH picked AS (SELECT p.id, p.timer_id, p.position,"
            "  %(start)s + n * %(step)s * interval '1 second' AS fire_at"
            "  FROM (SELECT *, row_number() OVER () AS n FROM (SELECT * FROM incidents_pendingstage"
            "   WHERE fire_at > %(later)s ORDER BY fire_at LIMIT %(many)s) later) p),"
            " moved AS (UPDATE incidents_pendingstage p SET fire_at = picked.fire_at FROM picked"
            "  WHERE p.id = picked.id)"
            " UPDATE incidents_timer t SET stage_times[picked.position] = picked.fire_at FROM picked"
            " WHERE t.id = picked.timer_id",
            {
                "start": start,
                "step": 1 / STEADY,
                "many": STEADY * STEADY_SECONDS,
                "later": due_hour(hour + 8),
            },
        )
    last = FiredStage.objects.latest("pk").pk
    committed = {}
    floor = sweeps.Floor()
    began = time.perf_counter()
    for tick in range(int((STEADY_SECONDS + 1) / POLL)):
        time.sleep(max(0.0, began + tick * POLL - time.perf_counter()))
        at = start + timedelta(seconds=time.perf_counter() - began)
        while sweeps.fire_due_stages(at=at, floor=floor):
            committed[at] = start + timedelta(seconds=time.perf_counter() - began)
    fired = FiredStage.objects.filter(pk__gt=last).values_list("due_at", "fired_at")
    lags = sorted((committed[fired_at] - due_at).total_seconds() * 1000 for due_at, fired_at in fired)
    if len(lags) != STEADY * STEADY_SECONDS:
        raise RuntimeError(f"{len(lags)} stages fired instead of {STEADY * STEADY_SECONDS}")
    return lags[int(len(lags) * 0.99)]
