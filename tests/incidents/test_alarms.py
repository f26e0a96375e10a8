"""A stopped sweep is an alarm, lag is a number, and both can be read from outside."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from incidents import alarms, sweeps
from incidents.driving import drive_clocks
from incidents.models import DueAction, SweepBeat
from tests.cast import TUESDAY, Person

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


def stopped(now: datetime, *, began_at: datetime) -> set[str]:
    return {sweep.name for sweep in alarms.stopped(now=now, began_at=began_at)}


def interval(task: str) -> float:
    """How often beat asks for it, in seconds."""
    return float(settings.CELERY_BEAT_SCHEDULE[task]["schedule"])


@contextmanager
def history_being_played() -> Iterator[None]:
    """Another process holds the clocks."""
    holds, over = threading.Event(), threading.Event()

    def play() -> None:
        with drive_clocks():
            holds.set()
            over.wait(30)
        connection.close()

    thread = threading.Thread(target=play)
    thread.start()
    assert holds.wait(30)
    try:
        yield
    finally:
        over.set()
        thread.join()


def beat_everywhere() -> datetime:
    for name in alarms.SWEEPS:
        sweeps.beat(name, done=3)
    return SweepBeat.objects.order_by("ran_at").first().ran_at


def test_sweeps_that_ran_just_now_are_no_alarm():
    ran_at = beat_everywhere()
    assert stopped(ran_at + timedelta(seconds=20), began_at=ran_at - HOUR) == set()


def test_a_sweep_that_was_silent_for_longer_than_its_intervals_is_an_alarm():
    ran_at = beat_everywhere()
    late = ran_at + timedelta(minutes=3)
    # For whatever runs once a minute or less often it is early.
    often = {name for name, (_label, task) in alarms.SWEEPS.items() if interval(task) < 60}
    assert {"stages", "outbox", "search"} <= often < set(alarms.SWEEPS)
    assert stopped(late, began_at=ran_at - HOUR) == often
    assert stopped(ran_at + HOUR, began_at=ran_at - HOUR) == set(alarms.SWEEPS)


def test_a_look_at_running_sweeps_is_one_query(django_assert_num_queries):
    ran_at = beat_everywhere()
    with django_assert_num_queries(1):
        alarms.stopped(now=ran_at, began_at=ran_at - HOUR)


def test_one_stopped_sweep_among_others_is_named():
    ran_at = beat_everywhere()
    now = ran_at + timedelta(minutes=2)
    SweepBeat.objects.exclude(name="outbox").update(ran_at=now)
    assert stopped(now, began_at=ran_at - HOUR) == {"outbox"}


def test_the_first_seconds_after_a_start_are_no_alarm():
    now = timezone.now()
    assert stopped(now, began_at=now - timedelta(seconds=10)) == set()
    # Nor where the last run was yesterday and everything has been off since.
    beat_everywhere()
    SweepBeat.objects.update(ran_at=now - timedelta(days=1))
    assert stopped(now, began_at=now - timedelta(seconds=10)) == set()
    assert stopped(now, began_at=now - timedelta(minutes=2)) >= {"stages", "outbox"}


def test_a_sweep_that_never_ran_is_an_alarm_after_a_while():
    now = timezone.now()
    assert stopped(now, began_at=now - HOUR) == set(alarms.SWEEPS)


def test_sweeps_that_stand_aside_for_a_history_are_said_to_wait():
    now = timezone.now()
    with history_being_played():
        found = {sweep.name: sweep for sweep in alarms.sweeps(now=now, began_at=now - HOUR)}
    assert {name for name, sweep in found.items() if sweep.waits} == alarms.STANDING_ASIDE
    assert {name for name, sweep in found.items() if sweep.is_stopped} == (
        set(alarms.SWEEPS) - alarms.STANDING_ASIDE
    )


def lag(name: str, at: datetime) -> float:
    return next(lag.seconds for lag in alarms.lags(at=at) if lag.name == name)


def test_lag_is_the_age_of_the_oldest_thing_that_is_due(lamp_case):
    limit = lamp_case.timers.get(kind="acceptance").due_at
    assert lag("stage", TUESDAY) == 0
    first = min(timer.stage_times[0] for timer in lamp_case.timers.all())
    assert lag("stage", first + timedelta(seconds=75)) == 75
    while sweeps.fire_due_stages(at=limit):
        pass
    assert DueAction.objects.filter(stage="deemed").exists()
    assert lag("stage", limit) == 0
    assert lag("action", limit + timedelta(seconds=90)) == 90
    assert lag("message", TUESDAY + timedelta(seconds=40)) == 40


def test_what_was_set_aside_is_counted(lamp_case):
    assert alarms.set_aside() == 0
    lamp_case.timers.get(kind="handling").pending.update(attempts=2)
    assert alarms.set_aside() == 1


@pytest.fixture
def hours_after_the_start(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    """This process has been up for some time, and its sweeps are meant to run."""
    settings.WATCH_SWEEPS = True
    monkeypatch.setattr(alarms, "_BEGAN_AT", timezone.now() - HOUR)


@pytest.mark.usefixtures("hours_after_the_start")
def test_pages_of_the_staff_say_that_a_sweep_has_stopped(operator: Person, client: Client):
    client.force_login(operator.user)
    beat_everywhere()
    assert 'role="alert"' not in client.get("/desk/").content.decode()
    SweepBeat.objects.filter(name="outbox").update(ran_at=timezone.now() - HOUR)
    page = client.get("/desk/").content.decode()
    assert 'role="alert"' in page
    assert str(alarms.SWEEPS["outbox"][0]) in page


@pytest.mark.usefixtures("hours_after_the_start")
def test_the_administrator_sees_every_sweep_by_name(admin: Person, client: Client):
    client.force_login(admin.user)
    beat_everywhere()
    page = client.get("/installation/").content.decode()
    for label, _task in alarms.SWEEPS.values():
        assert str(label) in page
    assert "fold" not in page


@pytest.mark.usefixtures("hours_after_the_start")
def test_metrics_say_what_stands_still(client: Client):
    beat_everywhere()
    SweepBeat.objects.filter(name="stages").update(ran_at=timezone.now() - HOUR)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.content.decode().splitlines()
    assert 'yiwang_sweep_stopped{sweep="stages"} 1.000' in lines
    assert 'yiwang_sweep_stopped{sweep="outbox"} 0.000' in lines
    assert 'yiwang_sweep_done{sweep="outbox"} 3.000' in lines
    assert 'yiwang_lag_seconds{of="stage"} 0.000' in lines
    for line in lines:
        assert line.startswith("# ") or len(line.rsplit(" ", 1)) == 2


def test_metrics_are_for_this_machine_or_with_a_token(client: Client, settings):
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 403
    # a proxy here that asks for somebody there
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.1.2.3"}).status_code == 403
    # no token is set, so an empty one opens nothing
    headers = {"Authorization": "Bearer "}
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3", headers=headers).status_code == 403
    settings.METRICS_TOKEN = "watch-me"
    for token, status in (("watch-me", 200), ("guess", 403)):
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/metrics", REMOTE_ADDR="10.1.2.3", headers=headers).status_code == status
