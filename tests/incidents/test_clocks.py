"""Clocks as rows: stages fire once, in order, and what a late sweep finds is still right."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from incidents import actions, sweeps, timers
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused
from incidents.intake import UpdateDraft, apply_update
from incidents.models import DueAction, FiredStage, Incident, OutboxMessage, Outcome, PendingStage, Timer
from tests.cast import LAMP_UNIT, TUESDAY, file_report, reload

SOON = TUESDAY + timedelta(minutes=15)
NEXT_MONTH = TUESDAY + timedelta(days=30)
# Everything that a routine handling clock comes to when nobody does anything.
HANDLING_STAGES = [
    "warn_50",
    "warn_80",
    "breach",
    "esc_head",
    "level_up",
    "esc_street",
    "supervise",
    "esc_district",
    "esc_leader",
]


def fire_all(at):
    while sweeps.fire_due_stages(at=at, limit=2):
        pass
    while sweeps.perform_due_actions(at=at):
        pass


def stages(incident, kind):
    rows = FiredStage.objects.filter(timer__incident=incident, timer__kind=kind).order_by("pk")
    return list(rows.values_list("stage", flat=True))


pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_fires_before_it_is_due(lamp_case):
    assert sweeps.fire_due_stages(at=TUESDAY) == 0
    assert not FiredStage.objects.exists()


def test_each_stage_fires_once_and_in_order(accepted_case):
    fire_all(NEXT_MONTH)
    fire_all(NEXT_MONTH)
    assert stages(accepted_case, "handling") == HANDLING_STAGES
    handling = accepted_case.timers.get(kind="handling")
    assert not PendingStage.objects.filter(timer=handling).exists()


def test_a_warning_is_on_the_timeline_and_on_its_way_to_the_unit(accepted_case):
    fire_all(NEXT_MONTH)
    lines = accepted_case.timeline.filter(kind__in=["warned", "breached"], data__clock="handling")
    assert [line.data["stage"] for line in lines] == ["warn_50", "warn_80", "breach"]
    due_at = accepted_case.timers.get(kind="handling").due_at
    assert lines.last().at == due_at  # when the rule says, however late the sweep came
    told = OutboxMessage.objects.filter(kind="timer.breached", incident=accepted_case, data__clock="handling")
    assert told.get().receiver == f"unit:{LAMP_UNIT}"


def test_a_breach_is_counted_on_the_day_it_was_due(accepted_case):
    due_at = accepted_case.timers.get(kind="handling").due_at
    fire_all(NEXT_MONTH)
    fact = Outcome.objects.get(incident=accepted_case, kind="due")
    assert (fact.on_time, fact.at) == (False, due_at)


def test_silence_is_acceptance_at_the_limit(lamp_case):
    limit = lamp_case.timers.get(kind="acceptance").due_at
    fire_all(limit + timedelta(hours=1))
    case = reload(lamp_case)
    lead = case.assignments.get(role="lead")
    assert (case.status, lead.acceptance, lead.accepted_at) == ("handling", "deemed", limit)
    assert not DueAction.objects.exists()


def test_accepting_in_time_leaves_nothing_to_deem(accepted_case):
    fire_all(NEXT_MONTH)
    assert accepted_case.assignments.get(role="lead").acceptance == "explicit"
    assert stages(accepted_case, "acceptance") == []


def test_resolving_late_before_any_sweep_still_counts_the_breach_once(accepted_case, handler):
    late = accepted_case.timers.get(kind="handling").due_at + timedelta(hours=3)
    actions.resolve(
        number=accepted_case.number,
        outcome="solved",
        text="修好了",
        attested=True,
        actor=handler.actor,
        at=late,
    )
    fire_all(NEXT_MONTH)
    assert stages(accepted_case, "handling") == ["warn_50", "warn_80", "breach", "esc_head", "level_up"]
    assert Outcome.objects.get(incident=accepted_case, kind="due").on_time is False
    assert Outcome.objects.get(incident=accepted_case, kind="handled").on_time is False


def test_a_stopped_clock_fires_nothing(resolved_case):
    fire_all(NEXT_MONTH)
    assert stages(resolved_case, "handling") == []


def test_another_due_time_brings_its_own_warnings(accepted_case):
    timer = accepted_case.timers.get(kind="handling")
    fire_all(timer.stage_times[0])
    with transaction.atomic():
        timers.restart(timer, due_at=timer.due_at + timedelta(days=7), at=timer.stage_times[0])
    fire_all(NEXT_MONTH)
    fired = FiredStage.objects.filter(timer=timer).order_by("pk").values_list("run", "stage")
    assert list(fired) == [(1, "warn_50"), *((2, stage) for stage in HANDLING_STAGES)]


def test_an_outside_deadline_rules_only_when_it_is_earlier(accepted_case):
    report = accepted_case.links.get().report
    ours = accepted_case.timers.get(kind="handling").due_at
    later = UpdateDraft(external_id="U1", kind="deadline", due_at=ours + timedelta(days=3))
    apply_update(report=report, draft=later, actor=SYSTEM, at=SOON)
    assert accepted_case.timers.get(kind="handling").due_at == ours
    sooner = UpdateDraft(external_id="U2", kind="deadline", due_at=SOON + timedelta(hours=5))
    apply_update(report=report, draft=sooner, actor=SYSTEM, at=SOON)
    assert accepted_case.timers.get(kind="handling").due_at == SOON + timedelta(hours=5)
    assert reload(accepted_case).due_at == SOON + timedelta(hours=5)


def test_several_sweepers_share_the_work_and_double_nothing():
    cases = [file_report(text=f"第{n}根路灯坏了,晚上一片漆黑", address=f"{n}") for n in range(12)]
    errors = []

    def sweep():
        try:
            fire_all(NEXT_MONTH)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fire_all(NEXT_MONTH)  # what one sweeper skipped because another held it
    assert errors == []
    for kind, expected in (("acceptance", ["warn_50", "warn_80", "deemed"]), ("handling", HANDLING_STAGES)):
        assert all(stages(case, kind) == expected for case in Incident.objects.all())
    assert set(Incident.objects.values_list("status", flat=True)) == {"handling"}
    assert cases


def test_a_sweep_passes_by_a_case_that_somebody_holds(lamp_case):
    limit = lamp_case.timers.get(kind="acceptance").due_at
    while sweeps.fire_due_stages(at=limit):
        pass
    assert DueAction.objects.count() == 1
    done = []

    def sweep():
        done.append(sweeps.perform_due_actions(at=limit))
        connection.close()

    with transaction.atomic():
        list(Incident.objects.locked(lamp_case.number))
        thread = threading.Thread(target=sweep)
        thread.start()
        thread.join()
    assert done == [0]
    assert sweeps.perform_due_actions(at=limit) == 1


def test_a_poison_action_backs_off_and_the_others_go_on(lamp_case):
    other = file_report(text="另一处:路灯杆倒了,压着绿化带")
    limit = TUESDAY + timedelta(days=1)
    while sweeps.fire_due_stages(at=limit):
        pass
    DueAction.objects.filter(incident=lamp_case).update(stage="unheard-of")
    sweeps.perform_due_actions(at=limit)
    poison = DueAction.objects.get()
    assert (poison.incident, poison.attempts) == (lamp_case, 1)
    assert "unheard-of" in poison.last_error
    assert poison.not_before > limit
    assert reload(other).status == "handling"


def test_one_open_clock_of_a_kind(lamp_case):
    kinds = Timer.objects.filter(incident=lamp_case, stopped_at=None).values_list("kind", flat=True)
    assert sorted(kinds) == ["acceptance", "first_contact", "handling"]


def test_a_stage_that_the_database_refuses_stops_only_itself(lamp_case):
    other = file_report(text="另一处:路灯杆倒了,压着绿化带")
    timer = lamp_case.timers.get(kind="handling")
    # Fired before, says the log: firing it again breaks a constraint.
    FiredStage.objects.create(
        timer=timer, run=1, stage="warn_50", due_at=timer.stage_times[0], fired_at=TUESDAY
    )
    sweeps.catch_up(at=timer.stage_times[0] + timedelta(seconds=1))
    poison = PendingStage.objects.get(timer=timer)
    assert (poison.position, poison.attempts) == (1, 1)
    assert "IntegrityError" in poison.last_error
    assert reload(other).status == "handling"
    assert stages(other, "handling")[0] == "warn_50"


def test_an_action_waits_for_a_sweep_that_is_at_work_on_its_case(lamp_case, handler):
    """The sweep has fired "deemed" and not yet committed: the late return must see it all the same."""
    limit = lamp_case.timers.get(kind="acceptance").due_at
    at = limit + timedelta(minutes=1)
    sweeps.fire_due_stages(at=limit - timedelta(minutes=1))
    firing, committed = threading.Event(), threading.Event()
    refused = []

    def sweep():
        with transaction.atomic():
            sweeps._fire(at=at, limit=10)
            firing.set()
            committed.wait(0.5)
        connection.close()

    thread = threading.Thread(target=sweep)
    thread.start()
    firing.wait()
    try:
        actions.request_return(
            number=lamp_case.number, reason="不归我们", cites="x", actor=handler.actor, at=at
        )
    except ActionRefused as error:
        refused.append(error.code)
    committed.set()
    thread.join()
    assert refused == ["already_accepted"]
