"""Whatever is done to a case, in whatever order: its clocks fit its state, and each stage happens once."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from incidents import sweeps
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import DueAction, FiredStage, Incident, Pause, PendingStage, Timer
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.stages import ACTING_STAGES
from tests.cast import TUESDAY, file_report, reload
from tests.drawing import lives
from tests.lives import BEGINNINGS, STEPS, everybody, line

pytestmark = pytest.mark.django_db

_RULES = {
    Status.TRIAGE: {Timer.Kind.DISPATCH},
    Status.DISPATCHED: {Timer.Kind.ACCEPTANCE, Timer.Kind.HANDLING},
    Status.HANDLING: {Timer.Kind.HANDLING},
    Status.SUSPENDED: {Timer.Kind.HANDLING, Timer.Kind.PAUSE},
    Status.PARKED: {Timer.Kind.PARKED},
    Status.RESOLVED: {Timer.Kind.VERIFICATION},
}
# Beside whatever rules the case.
_BESIDE = {
    Timer.Kind.FIRST_CONTACT,
    Timer.Kind.SUPERVISION,
    Timer.Kind.ADJUDICATION,
    Timer.Kind.SUPPORT,
}


@lives(25)
@given(beginning=st.sampled_from(["lamp", "litter"]), life=st.lists(line, min_size=3, max_size=16))
def test_clocks_fit_the_case_at_every_step(beginning: str, life: list[tuple[str, int]]) -> None:
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        live(beginning, life)
        transaction.set_rollback(True)


def live(beginning: str, life: list[tuple[str, int]]) -> None:
    actor, at, done = everybody(), TUESDAY, ["filed"]
    case = file_report(at=at, **BEGINNINGS[beginning])
    for name, minutes in life:
        at += timedelta(minutes=minutes)
        try:
            STEPS[name](reload(case), actor, at)
            done.append(name)
        except (ActionRefused, InvalidInput):
            continue
        for incident in Incident.objects.all():
            check(incident, done)
    sweeps.catch_up(at=at)
    assert not PendingStage.objects.filter(fire_at__lte=at).exists(), done
    assert not DueAction.objects.exists(), done
    for incident in Incident.objects.all():
        check(incident, done)
        check_fired(incident, at, done)


def check(case: Incident, done: list[str]) -> None:
    clocks = {timer.kind: timer for timer in case.timers.filter(stopped_at__isnull=True)}
    kinds = set(clocks)
    # Each supporting unit that has still to answer has its clock, and nobody else has one.
    waiting = case.assignments.filter(role="support", ended_at__isnull=True).values_list("pk", flat=True)
    running = case.timers.filter(kind=Timer.Kind.SUPPORT, stopped_at__isnull=True)
    assert sorted(waiting) == sorted(running.values_list("assignment_id", flat=True)), done
    assert not waiting or case.assignments.filter(role="lead", ended_at__isnull=True).exists(), done
    dispute = case.adjudications.open().first()
    assert (Timer.Kind.ADJUDICATION in kinds) == (dispute is not None), done
    if case.status == Status.TRIAGE and dispute is not None and dispute.cause == "returns":
        # The desk waits for the ruling, and its own clock with it.
        assert kinds - _BESIDE == set(), done
    elif case.status in OPEN_STATUSES:
        assert kinds - _BESIDE == _RULES[Status(case.status)], done
    else:
        assert kinds <= {Timer.Kind.CALLBACK}, done
    ruling = clocks.get(case.clock_kind)
    assert case.due_at == (ruling.due_at if ruling else None), done
    assert (case.due_at is None) == (case.status not in _RULES or case.status in ("suspended", "parked")), (
        done
    )
    is_paused = Pause.objects.filter(incident=case, ended_at__isnull=True).exists()
    assert is_paused == (case.status == Status.SUSPENDED) == bool(case.pause_kind), done
    for timer in case.timers.all():
        check_stages(timer, done)
    if Timer.Kind.HANDLING in clocks:
        assert (clocks[Timer.Kind.HANDLING].paused_at is not None) == is_paused, done


def check_stages(timer: Timer, done: list[str]) -> None:
    """One stage waits while the clock runs: the one after those that have fired."""
    assert timer.stage_times == sorted(timer.stage_times), done
    fired = timer.fired.filter(run=timer.run).order_by("pk")
    assert [row.stage for row in fired] == timer.stage_names[: len(fired)], done
    waiting = list(timer.pending.values_list("run", "position", "fire_at"))
    runs = timer.stopped_at is None and timer.paused_at is None
    if runs and len(fired) < len(timer.stage_names):
        assert waiting == [(timer.run, len(fired) + 1, timer.stage_times[len(fired)])], done
    else:
        assert waiting == [], done
    if runs and "breach" in timer.stage_names[len(fired) :]:
        assert timer.stage_times[timer.stage_names.index("breach")] == timer.due_at, done
    assert timer.due_at <= timer.own_due_at or timer.due_at >= timer.reckoned_from, done


def check_fired(case: Incident, at: datetime, done: list[str]) -> None:
    """Nothing came early, and nobody was told of the same thing twice."""
    fired = FiredStage.objects.filter(timer__incident=case)
    assert not fired.filter(due_at__gt=at).exists(), done
    # Several units may support at once, each with one clock that is never taken up again.
    fired = fired.exclude(timer__kind=Timer.Kind.SUPPORT)
    # Of one clock with one due time, however often it was stopped, paused and taken up.
    told = Counter(fired.values_list("timer__kind", "timer__started_at", "timer__run", "run", "stage"))
    lasting = Counter(
        (row.timer.kind, row.timer.started_at, row.timer.own_due_at, row.stage)
        for row in fired.filter(run=F("timer__run"), stage__in=["breach", *ACTING_STAGES]).select_related(
            "timer"
        )
    )
    assert [key for key, times in lasting.items() if times > 1] == [], done
    assert [key for key, times in told.items() if times > 1] == [], done
