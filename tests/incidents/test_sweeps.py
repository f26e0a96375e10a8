"""Sweeps that were late, doubled, set back or hindered: what they say is right all the same."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg2
import pytest
from django.db import connection

from incidents import actions, sweeps
from incidents.models import FiredStage, Incident, OutboxMessage, PendingStage, Timer
from incidents.stages import ACTING_STAGES
from tests.cast import TUESDAY, Person, file_report, reload

pytestmark = pytest.mark.django_db(transaction=True)

DEAD_FOR = timedelta(days=3)
BACK_AGAIN = TUESDAY + DEAD_FOR
PLACES = (
    "公园门口的路灯不亮了",
    "地下通道整排灯不亮",
    "路灯杆倒了,压着绿化带",
    "村口的路灯杆歪了,快要倒下来",
)


def fire_all(at: datetime, *, limit: int = 3, floor: sweeps.Floor | None = None) -> int:
    fired = 0
    while done := sweeps.fire_due_stages(at=at, limit=limit, floor=floor):
        fired += done
    return fired


def in_threads(*work: Callable[[], object]) -> None:
    errors: list[Exception] = []

    def run(one: Callable[[], object]) -> None:
        try:
            one()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@contextmanager
def old_snapshot() -> Iterator[None]:
    """Somebody's long report, which might still look at what has been deleted since."""
    other = psycopg2.connect(**connection.get_connection_params())
    other.set_session(isolation_level="REPEATABLE READ")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM incidents_pendingstage")
        yield
    finally:
        other.close()


def assert_all_fired(at: datetime) -> None:
    """Every stage of every running clock that is due at `at` has fired once, and no other."""
    for timer in Timer.objects.filter(stopped_at=None, paused_at=None):
        due = [
            name
            for name, when in zip(timer.stage_names, timer.stage_times, strict=True)
            if when <= at and name not in ACTING_STAGES
        ]
        fired = timer.fired.filter(run=timer.run).exclude(stage__in=ACTING_STAGES).order_by("pk")
        assert list(fired.values_list("stage", flat=True)) == due, timer


def life(case: Incident) -> list[tuple[str, datetime, str]]:
    """What the timeline says happened, and as of when; but for the clock of an order to act."""
    lines = case.timeline.exclude(data__clock="supervision").exclude(kind="supervision_raised")
    return sorted((line.kind, line.at, line.data.get("stage", "")) for line in lines)


def told(case: Incident) -> list[tuple[str, str, str]]:
    messages = OutboxMessage.objects.filter(incident=case).exclude(kind="supervision.raised")
    rows = messages.exclude(data__clock="supervision")
    return sorted((row.kind, row.receiver, row.data.get("stage", "")) for row in rows)


def clocks(case: Incident) -> list[tuple[str, int, datetime, datetime | None, str]]:
    timers = case.timers.exclude(kind="supervision").order_by("kind", "run")
    return list(timers.values_list("kind", "run", "due_at", "stopped_at", "stop_reason"))


def live(handler: Person, supervisor: Person, text: str, sweep: Callable[[datetime], object]) -> Incident:
    """Accepted, suspended over a night by agreement, and then left alone while `sweep` keeps its clocks."""
    case = file_report(text=text, address=text, joins="")
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + timedelta(minutes=15))
    actions.request_suspension(
        number=case.number,
        until=TUESDAY + timedelta(days=1),
        reason="等备件到货",
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    actions.decide_suspension(
        number=case.number, agreed=True, actor=supervisor.actor, at=TUESDAY + timedelta(hours=2)
    )
    sweep(TUESDAY + timedelta(days=14))
    return reload(case)


def punctual(until: datetime) -> None:
    """A sweep that is there at every instant at which something is due."""
    while True:
        waiting = PendingStage.objects.order_by("fire_at").values_list("fire_at", flat=True).first()
        if waiting is None or waiting > until:
            return
        sweeps.catch_up(at=waiting)


def test_a_sweep_that_comes_weeks_late_says_what_a_punctual_one_would(handler, supervisor):
    in_time = live(handler, supervisor, PLACES[2], punctual)
    late = live(handler, supervisor, f"另一处:{PLACES[2]}", lambda at: sweeps.catch_up(at=at))
    assert life(late) == life(in_time)
    assert told(late) == told(in_time)
    assert clocks(late) == clocks(in_time)
    for name in ("status", "level", "due_at", "supervision_count", "pause_kind"):
        assert getattr(late, name) == getattr(in_time, name), name
    # An order that nobody could have heard of is to be answered from when it was given, not before.
    assert late.timers.get(kind="supervision").started_at == TUESDAY + timedelta(days=14)
    assert in_time.timers.filter(kind="supervision").first().started_at < TUESDAY + timedelta(days=2)
    assert ("breached", late.timers.filter(kind="handling").latest("pk").due_at, "breach") in life(late)


def test_silence_for_three_days_is_deemed_acceptance_at_the_limit():
    cases = [file_report(text=text, address=text) for text in PLACES]
    sweeps.catch_up(at=BACK_AGAIN)
    for case in map(reload, cases):
        limit = case.timers.get(kind="acceptance").due_at
        assert (case.status, case.accepted_at) == ("handling", limit)
        assert limit < BACK_AGAIN


def test_three_days_are_made_up_for_in_due_order_across_cases():
    for number, text in enumerate(PLACES):
        file_report(text=text, address=text, at=TUESDAY + timedelta(minutes=7 * number))
    fire_all(BACK_AGAIN, limit=100)
    order = list(FiredStage.objects.order_by("pk").values_list("due_at", flat=True))
    assert len(order) > len(PLACES) * 3
    assert order == sorted(order)
    lines = FiredStage.objects.exclude(stage__in=ACTING_STAGES)
    for fired in lines.select_related("timer__incident"):
        said = fired.timer.incident.timeline.get(data__timer=fired.timer_id, data__stage=fired.stage)
        assert said.at == fired.due_at  # when the rule says, and not when the worker came back


def test_several_sweepers_make_up_for_three_days_beside_an_old_snapshot():
    for text in PLACES:
        file_report(text=text, address=text)

    def sweep() -> None:
        floor = sweeps.Floor()
        for _turn in range(20):
            fire_all(BACK_AGAIN, limit=2, floor=floor)
            sweeps.perform_due_actions(at=BACK_AGAIN)

    with old_snapshot():
        in_threads(*[sweep] * 3)
        sweeps.catch_up(at=BACK_AGAIN)
    assert_all_fired(BACK_AGAIN)
    assert not PendingStage.objects.filter(fire_at__lte=BACK_AGAIN).exists()


def test_a_clock_set_back_fires_nothing_twice_and_nothing_early(lamp_case):
    floor = sweeps.Floor()
    at = lamp_case.timers.get(kind="acceptance").due_at + timedelta(minutes=1)
    fire_all(at, floor=floor)
    before = FiredStage.objects.count()
    assert before
    other = file_report(text=PLACES[2], address="x", at=at)
    an_hour_back = at - timedelta(hours=1)
    assert fire_all(an_hour_back, floor=floor) == 0
    assert FiredStage.objects.count() == before
    fire_all(at, floor=floor)
    assert FiredStage.objects.count() == before
    assert_all_fired(at)
    fire_all(at + timedelta(days=1), floor=floor)
    assert FiredStage.objects.filter(timer__incident=other).exists()


def test_a_clock_set_forward_fires_what_is_due_by_then(lamp_case):
    floor = sweeps.Floor()
    assert fire_all(TUESDAY, floor=floor) == 0
    assert fire_all(TUESDAY + timedelta(days=40), floor=floor) > 0
    assert_all_fired(TUESDAY + timedelta(days=40))


def test_a_stage_that_is_late_from_the_start_waits_for_the_next_full_look():
    floor = sweeps.Floor()
    floor.RESCAN = 0.5
    assert fire_all(BACK_AGAIN, floor=floor) == 0
    file_report(at=TUESDAY)  # typed in days later: its clocks start overdue, below the floor
    assert sweeps.fire_due_stages(at=BACK_AGAIN, floor=floor) == 0
    time.sleep(0.6)
    assert fire_all(BACK_AGAIN, floor=floor) > 0
    assert_all_fired(BACK_AGAIN)


def test_an_action_sees_what_is_due_whatever_the_floor_of_a_sweep(handler):
    floor = sweeps.Floor()
    fire_all(BACK_AGAIN, floor=floor)
    case = file_report(at=TUESDAY)
    actions.note(number=case.number, text="看过了", actor=handler.actor, at=BACK_AGAIN)
    assert reload(case).status == "handling"  # deemed accepted first


def test_each_escalation_goes_one_step_up_the_line(accepted_case):
    sweeps.catch_up(at=TUESDAY + timedelta(days=40))
    sent = OutboxMessage.objects.filter(
        incident=accepted_case, kind="timer.escalated", data__clock="handling"
    )
    receivers = dict(sent.values_list("data__stage", "receiver"))
    unit, street = accepted_case.owner_unit_id, accepted_case.street_code
    above = {
        "esc_head": f"head:{unit}",
        "esc_street": f"street:{street}",
        "esc_district": "supervisors",
        "esc_leader": "leaders",
    }
    assert receivers
    assert receivers == {stage: above[stage] for stage in receivers}
    assert {message.data["urgency"] for message in sent} == {accepted_case.urgency}


def test_every_acting_stage_has_a_deed():
    planned = {stage for stage, _kind in sweeps._ACTIONS}
    assert planned == ACTING_STAGES
