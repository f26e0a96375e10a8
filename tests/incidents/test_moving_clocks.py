"""Running clocks after the work calendar has changed."""

import threading
import time
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from dispatch import calendar_changes, edition
from dispatch.calendar import SHANGHAI
from dispatch.deadlines import Limit, due
from dispatch.edition import calendar_revision, work_calendar
from dispatch.models import CalendarEdition
from incidents import actions, sweeps
from incidents.actor import SYSTEM
from incidents.intake import UpdateDraft, apply_update
from incidents.models import FiredStage, Incident, OutboxMessage, Outcome, Timer
from incidents.recalendar import foreseen, move_clocks, waiting
from tests.cast import LAMP_UNIT, TUESDAY, file_report, reload
from tests.drawing import examples

pytestmark = pytest.mark.django_db(transaction=True)

SOON = TUESDAY + timedelta(minutes=30)
STORM = datetime(2026, 7, 8, tzinfo=SHANGHAI)  # the whole of Wednesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def leave_the_calendar_as_it_was(transactional_db):
    """Editions are reference data, which stays between tests: those of this one go."""
    newest = CalendarEdition.objects.latest("revision").revision
    yield
    CalendarEdition.objects.filter(revision__gt=newest).delete()
    edition.distrust()


@pytest.fixture
def keeper(admin):
    """Keeps the calendar."""
    return admin.user


def storm(keeper, start=STORM, end=STORM + DAY, at=SOON):
    return calendar_changes.declare_stoppage(reason="台风", starts_at=start, ends_at=end, actor=keeper, at=at)


def clock(incident, kind="handling"):
    return incident.timers.get(kind=kind, stopped_at=None)


def move_all(at=SOON, **given):
    total = 0
    while done := move_clocks(at=at, **given):
        total += done
    return total


def test_a_storm_moves_the_clock_its_warnings_and_the_case(accepted_case, keeper):
    before = clock(accepted_case)
    storm(keeper)
    assert waiting() >= 1
    move_all()
    after = clock(accepted_case)
    assert after.due_at == before.due_at + DAY
    assert reload(accepted_case).due_at == after.due_at
    assert after.run == before.run + 1
    assert after.stage_times[-1] > before.stage_times[-1]
    assert after.calendar_revision == calendar_revision()
    assert after.reckoned_from == before.reckoned_from
    assert waiting() == 0


def test_a_moved_case_has_one_line_and_its_unit_is_told_once(accepted_case, keeper):
    old = clock(accepted_case).due_at
    storm(keeper)
    move_all()
    move_all()
    line = accepted_case.timeline.get(kind="calendar_moved")
    assert line.data["cause"] == "stoppage"
    assert datetime.fromisoformat(line.data["old_due_at"]) == old
    assert datetime.fromisoformat(line.data["due_at"]) == clock(accepted_case).due_at
    told = OutboxMessage.objects.get(kind="timer.moved", incident=accepted_case)
    assert told.receiver == f"unit:{LAMP_UNIT}"
    assert CalendarEdition.objects.latest("revision").moved == 1


def test_while_acceptance_rules_the_unit_is_not_told(lamp_case, keeper):
    storm(keeper)
    move_all()
    assert lamp_case.timeline.filter(kind="calendar_moved").count() == 1
    assert not OutboxMessage.objects.filter(kind="timer.moved").exists()


def test_a_change_far_away_only_stamps(accepted_case, keeper):
    before = clock(accepted_case)
    calendar_changes.confirm_year(year=2030, actor=keeper, at=SOON)
    move_all()
    after = clock(accepted_case)
    assert (after.due_at, after.run) == (before.due_at, before.run)
    assert after.calendar_revision == calendar_revision() > before.calendar_revision
    assert not accepted_case.timeline.filter(kind="calendar_moved").exists()


def test_revoking_the_storm_moves_it_back(accepted_case, keeper):
    before = clock(accepted_case).due_at
    stop = storm(keeper)
    move_all()
    calendar_changes.revoke_stoppage(stoppage_id=stop.pk, actor=keeper, at=SOON)
    move_all()
    assert clock(accepted_case).due_at == before
    assert accepted_case.timeline.filter(kind="calendar_moved").count() == 2


def test_two_changes_between_two_sweeps_are_one_move(accepted_case, keeper):
    storm(keeper)
    storm(keeper, STORM + DAY, STORM + 2 * DAY)
    move_all()
    # Two working days after Tuesday, without Wednesday and Thursday: Friday and Monday.
    assert clock(accepted_case).due_at == datetime(2026, 7, 13, 18, tzinfo=SHANGHAI)
    assert accepted_case.timeline.filter(kind="calendar_moved").count() == 1


def test_a_natural_limit_does_not_move(keeper):
    case = file_report(text="路灯杆漏电,有人被电到,非常危险", urgency="emergency", external_id="E1")
    natural = {t.pk: t.due_at for t in case.timers.filter(stopped_at=None).exclude(limit__contains="w")}
    storm(keeper)
    move_all()
    assert natural
    assert {t.pk: t.due_at for t in Timer.objects.filter(pk__in=natural)} == natural


def test_a_breach_that_stands_is_not_rewritten(accepted_case, keeper):
    due_at = clock(accepted_case).due_at
    late = due_at + timedelta(hours=1)
    sweeps.catch_up(at=late)
    storm(keeper, start=due_at - timedelta(hours=6), end=late + DAY, at=late)
    move_all(at=late)
    assert clock(accepted_case).due_at == due_at
    assert FiredStage.objects.filter(timer=clock(accepted_case), stage="breach").count() == 1
    assert Outcome.objects.get(incident=accepted_case, kind="due").on_time is False
    assert waiting() == 0


def test_a_clock_that_had_run_out_unnoticed_stays_overdue(accepted_case, keeper):
    """Declared when the time was already over, though no sweep had said so yet."""
    due_at = clock(accepted_case).due_at
    late = due_at + timedelta(hours=1)
    storm(keeper, start=due_at - timedelta(hours=6), end=late + DAY, at=late)
    move_all(at=late)
    assert clock(accepted_case).due_at == due_at


def test_a_worker_that_was_dead_for_days_still_moves_first(accepted_case, keeper):
    """Declared in time, swept after the old due time: nobody is told of a breach that was none."""
    old = clock(accepted_case).due_at
    storm(keeper)
    at = old + timedelta(minutes=1)
    move_all(at=at, due_by=at)
    sweeps.catch_up(at=at)
    assert clock(accepted_case).due_at == old + DAY
    assert not FiredStage.objects.filter(timer=clock(accepted_case), stage="breach").exists()
    sweeps.catch_up(at=old + DAY)
    assert FiredStage.objects.filter(timer=clock(accepted_case), stage="breach").count() == 1


def test_an_action_before_the_sweep_sees_the_moved_clock(accepted_case, handler, keeper):
    old = clock(accepted_case).due_at
    storm(keeper)
    actions.resolve(
        number=accepted_case.number,
        outcome="solved",
        text="修好了",
        attested=True,
        actor=handler.actor,
        at=old + timedelta(hours=1),
    )
    assert Outcome.objects.get(incident=accepted_case, kind="handled").on_time is True
    assert accepted_case.timeline.filter(kind="calendar_moved").count() == 1


def test_an_outside_deadline_still_rules(accepted_case, keeper):
    report = accepted_case.links.get().report
    ours = clock(accepted_case).due_at
    outside = ours + timedelta(hours=2)
    draft = UpdateDraft(external_id="U1", kind="deadline", due_at=outside)
    apply_update(report=report, draft=draft, actor=SYSTEM, at=SOON)
    storm(keeper)
    move_all()
    after = clock(accepted_case)
    assert (after.own_due_at, after.due_at) == (ours + DAY, outside)


def test_a_paused_clock_is_left_for_its_resumption(accepted_case, keeper):
    before = clock(accepted_case)
    Timer.objects.filter(pk=before.pk).update(paused_at=SOON)
    storm(keeper)
    move_all()
    after = clock(accepted_case)
    assert (after.due_at, after.calendar_revision) == (before.due_at, before.calendar_revision)


def test_only_the_unit_with_other_hours_moves(accepted_case, keeper):
    before = clock(accepted_case)
    calendar_changes.set_hours(
        unit_code=LAMP_UNIT,
        periods="00:00-24:00",
        weekdays=range(7),
        follows_holidays=False,
        follows_stoppages=False,
        actor=keeper,
        at=SOON,
    )
    move_all()
    after = clock(accepted_case)
    assert before.unit_code == LAMP_UNIT
    assert after.due_at == due(before.reckoned_from, Limit.parse(before.limit), work_calendar(LAMP_UNIT))
    assert accepted_case.timeline.get(kind="calendar_moved").data["cause"] == "hours"


def test_a_case_that_somebody_holds_is_passed_by(accepted_case, keeper):
    storm(keeper)
    done = []

    def sweep():
        done.append(move_clocks(at=SOON))
        connection.close()

    with transaction.atomic():
        list(Incident.objects.locked(accepted_case.number))
        thread = threading.Thread(target=sweep)
        thread.start()
        thread.join()
    assert done == [0]
    assert move_all() > 0


def test_several_sweepers_move_each_case_once(keeper):
    cases = [file_report(text=f"第{n}根路灯坏了,晚上一片漆黑", address=f"{n}") for n in range(8)]
    storm(keeper)
    errors = []

    def sweep():
        try:
            move_all(limit=2)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    move_all()
    assert errors == []
    for case in {case.pk: case for case in cases}.values():
        assert case.timeline.filter(kind="calendar_moved").count() == 1
    assert waiting() == 0


def test_a_case_that_cannot_be_moved_does_not_stop_the_others(accepted_case, keeper):
    poison = file_report(text="另一处:路灯杆倒了,压着绿化带", address="别处")
    clock(poison).fired.create(run=2, stage="warn_50", due_at=TUESDAY, fired_at=TUESDAY)
    Timer.objects.filter(pk=clock(poison).pk).update(stage_names=[], stage_times=[], limit="?w")
    storm(keeper)
    move_all(limit=1)
    assert accepted_case.timeline.filter(kind="calendar_moved").count() == 1


def test_what_will_move_is_foreseen(accepted_case, keeper):
    other = file_report(text="第9根路灯坏了,晚上一片漆黑", address="9")
    over = STORM + DAY
    count, more = foreseen(STORM, over, change=lambda one: one.stopped_too(STORM, over), at=SOON)
    storm(keeper)
    due_before = {t.pk: t.due_at for t in Timer.objects.filter(stopped_at=None)}
    move_all()
    moved = [t for t in Timer.objects.filter(pk__in=due_before) if t.due_at != due_before[t.pk]]
    assert other != accepted_case
    assert (count, more) == (len(moved), False)
    assert count >= 2
    # As many move back when it is revoked.
    assert foreseen(STORM, over, change=lambda one: one.going_on(STORM, over, SOON), at=SOON) == (
        count,
        False,
    )


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 40)), min_size=1, max_size=4))
@examples(6)
def test_however_often_it_changes_the_clock_ends_as_if_all_had_been_known(stops):
    """Change by change and sweep by sweep, or all at once: the same due time."""
    from accounts.models import User

    keeper, _new = User.objects.get_or_create(username="keeper")
    case = file_report(address=f"{stops}", text=f"路灯坏了 {hash(tuple(stops))}")
    timer = case.timers.get(kind="handling", stopped_at=None)
    for index, (start, length) in enumerate(stops):
        begin = SOON + timedelta(hours=start)
        storm(keeper, begin, begin + timedelta(hours=length))
        if index % 2:
            move_all()
    move_all()
    edition.distrust()
    calendar = work_calendar(timer.unit_code)
    expected = due(timer.reckoned_from, Limit.parse(timer.limit), calendar)
    assert Timer.objects.get(pk=timer.pk).own_due_at == expected


def test_nothing_fires_by_a_due_time_that_the_storm_has_moved(accepted_case, keeper):
    """Not even where the movers did not come to this clock before the sweep did."""
    was_due_at = clock(accepted_case).due_at
    storm(keeper)
    while sweeps.fire_due_stages(at=was_due_at):
        pass
    assert not FiredStage.objects.filter(timer__kind="handling", stage="breach").exists()
    sweeps.catch_up(at=was_due_at + 30 * DAY)
    breach = FiredStage.objects.get(timer__kind="handling", stage="breach")
    assert breach.due_at == clock(accepted_case).due_at > was_due_at


def test_a_warning_that_was_due_before_the_storm_was_declared_is_told(accepted_case, keeper):
    """No sweep came by between the warning and the declaration: the move takes it along."""
    half = clock(accepted_case).stage_times[0]
    storm(keeper, start=half + HOUR, end=half + HOUR + DAY, at=half + timedelta(minutes=30))
    sweeps.catch_up(at=half + HOUR)
    told = FiredStage.objects.filter(timer__kind="handling").values_list("stage", "due_at")
    assert list(told) == [("warn_50", half)]


def test_an_action_loses_no_stage_while_its_process_has_not_heard_of_the_change(
    accepted_case, handler, keeper, monkeypatch
):
    """Another process declared the storm; this one still trusts the calendar that it asked about before."""
    half = clock(accepted_case).stage_times[0]
    work_calendar()
    heard = edition._current
    storm(keeper, start=half + HOUR, end=half + HOUR + DAY, at=half + timedelta(minutes=30))
    monkeypatch.setattr(edition, "_current", heard)
    monkeypatch.setattr(edition, "_probed_at", time.monotonic())
    monkeypatch.setattr(edition, "CALENDAR_TRUST", 60.0)
    actions.resolve(
        number=accepted_case.number,
        outcome="solved",
        text="修好了",
        attested=True,
        actor=handler.actor,
        at=half + timedelta(minutes=45),
    )
    told = FiredStage.objects.filter(timer__kind="handling").values_list("stage", "due_at")
    assert list(told) == [("warn_50", half)]
