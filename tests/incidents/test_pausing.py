"""Clocks that stand still: approved suspensions and one wait for the reporter, and how they go on."""

from datetime import timedelta

import pytest

from dispatch import calendar_changes
from dispatch.deadlines import Limit, after_pause
from dispatch.edition import work_calendar
from incidents import actions, clock_rules, sweeps
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import UpdateDraft, apply_update
from incidents.models import ClockRule, FiredStage, OutboxMessage, Outcome, Pause, PendingStage
from tests.cast import TUESDAY, reload

pytestmark = pytest.mark.django_db

ASKED = TUESDAY + timedelta(hours=1)
AGREED = TUESDAY + timedelta(hours=2)
UNTIL = TUESDAY + timedelta(days=3)


def handling(case):
    return case.timers.filter(kind="handling").latest("pk")


def ask_for_suspension(case, handler, *, until=UNTIL, at=ASKED):
    return actions.request_suspension(
        number=case.number, until=until, reason="等备件到货", actor=handler.actor, at=at
    )


@pytest.fixture
def suspended_case(accepted_case, handler, supervisor):
    ask_for_suspension(accepted_case, handler)
    actions.decide_suspension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=AGREED)
    return reload(accepted_case)


def test_asking_for_a_suspension_stops_nothing(accepted_case, handler):
    due_at = handling(accepted_case).due_at
    ask_for_suspension(accepted_case, handler)
    assert reload(accepted_case).status == "handling"
    assert handling(accepted_case).paused_at is None
    sweeps.catch_up(at=due_at)
    assert FiredStage.objects.filter(timer=handling(accepted_case), stage="breach").exists()


def test_an_approved_suspension_stops_the_handling_clock(suspended_case):
    assert (suspended_case.status, suspended_case.pause_kind) == ("suspended", "suspension")
    assert suspended_case.paused_until == UNTIL
    assert (suspended_case.due_at, suspended_case.clock_kind) == (None, "")
    assert handling(suspended_case).paused_at == AGREED
    sweeps.catch_up(at=UNTIL - timedelta(seconds=1))
    assert not FiredStage.objects.filter(timer__kind="handling").exists()


def test_it_goes_on_by_itself_with_what_it_had_left(suspended_case):
    clock = handling(suspended_case)
    expected = after_pause(clock.due_at, AGREED, UNTIL, Limit.parse(clock.limit), work_calendar())
    warnings = dict(zip(clock.stage_names, clock.stage_times, strict=True))
    sweeps.catch_up(at=UNTIL + timedelta(minutes=5))
    case, clock = reload(suspended_case), handling(suspended_case)
    assert (case.status, case.pause_kind, case.due_at) == ("handling", "", expected)
    assert (clock.run, clock.due_at, clock.paused_at) == (1, expected, None)
    assert clock.paused_seconds == (UNTIL - AGREED).total_seconds()
    later = dict(zip(clock.stage_names, clock.stage_times, strict=True))
    assert list(later) == list(warnings)
    assert later["warn_80"] == after_pause(
        warnings["warn_80"], AGREED, UNTIL, Limit.parse(clock.limit), work_calendar()
    )
    assert later["breach"] == expected
    pause = Pause.objects.get()
    assert (pause.ended_at, pause.end) == (UNTIL, "due")  # as of its time, not of the sweep


def test_a_stop_that_is_declared_meanwhile_takes_nothing_of_what_was_left(suspended_case, admin):
    """A typhoon over the days that the clock would have used: what was left then is left afterwards."""
    clock, before = handling(suspended_case), work_calendar()
    left = before.working_time(AGREED, clock.own_due_at)
    calendar_changes.declare_stoppage(
        starts_at=AGREED, ends_at=UNTIL, reason="台风", actor=admin.user, at=AGREED + timedelta(minutes=1)
    )
    sweeps.catch_up(at=UNTIL)
    after = handling(suspended_case)
    assert work_calendar().working_time(UNTIL, after.own_due_at) == left
    assert before.working_time(UNTIL, clock.own_due_at) < left


def test_every_stage_still_fires_once_after_a_pause(accepted_case, handler, supervisor):
    clock = handling(accepted_case)
    half = clock.stage_times[0]
    sweeps.catch_up(at=half)
    ask_for_suspension(accepted_case, handler, until=half + timedelta(days=2), at=half)
    actions.decide_suspension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=half)
    sweeps.catch_up(at=half + timedelta(days=60))
    fired = FiredStage.objects.filter(timer=clock).order_by("pk").values_list("run", "stage")
    assert list(fired)[:4] == [(1, "warn_50"), (1, "warn_80"), (1, "breach"), (1, "esc_head")]
    assert len(set(fired)) == len(fired)
    assert not PendingStage.objects.filter(timer=clock).exists()


def test_a_pause_after_the_breach_moves_no_due_time(accepted_case, handler, supervisor):
    due_at = handling(accepted_case).due_at
    late = due_at + timedelta(hours=1)
    ask_for_suspension(accepted_case, handler, until=late + timedelta(days=2), at=late)
    actions.decide_suspension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=late)
    clock = handling(accepted_case)
    street = clock.stage_times[clock.stage_names.index("esc_street")]
    sweeps.catch_up(at=late + timedelta(days=2))
    clock = handling(accepted_case)
    assert (reload(accepted_case).due_at, clock.due_at) == (due_at, due_at)
    assert clock.stage_times[clock.stage_names.index("esc_street")] == street + timedelta(days=2)


def test_a_changed_rule_does_not_reach_a_clock_through_its_pause(suspended_case):
    clock = handling(suspended_case)
    ClockRule.objects.create(kind="handling", urgency=suspended_case.urgency, leader_after="1h")
    clock_rules.forget()
    sweeps.catch_up(at=UNTIL)
    assert handling(suspended_case).stage_names == clock.stage_names


def test_taken_up_again_before_its_time(suspended_case, handler):
    early = AGREED + timedelta(hours=3)
    actions.resume(number=suspended_case.number, actor=handler.actor, at=early)
    sweeps.catch_up(at=UNTIL)
    pause = Pause.objects.get()
    assert (pause.end, pause.ended_at, pause.ended_by) == ("resumed", early, handler.user)
    assert reload(suspended_case).status == "handling"


def test_resolving_a_suspended_case_ends_the_pause_first(suspended_case, handler):
    at = AGREED + timedelta(days=1)
    actions.resolve(
        number=suspended_case.number,
        outcome="solved",
        text="备件到了,已换新",
        attested=True,
        actor=handler.actor,
        at=at,
    )
    assert Pause.objects.get().ended_at == at
    assert Outcome.objects.get(incident=suspended_case, kind="handled").on_time is True


def test_a_case_that_is_taken_back_takes_its_pause_with_it(suspended_case):
    report = suspended_case.links.get().report
    withdrawal = UpdateDraft(external_id="W", kind="withdraw")
    apply_update(report=report, draft=withdrawal, actor=SYSTEM, at=AGREED + timedelta(hours=1))
    case = reload(suspended_case)
    assert (case.status, case.pause_kind) == ("closed", "")
    assert Pause.objects.get().end == "finished"
    assert not case.timers.filter(stopped_at=None).exists()


def test_no_pause_outlasts_upstreams_deadline(accepted_case, handler):
    report = accepted_case.links.get().report
    deadline = UpdateDraft(external_id="D", kind="deadline", due_at=UNTIL - timedelta(hours=1))
    apply_update(report=report, draft=deadline, actor=SYSTEM, at=ASKED)
    with pytest.raises(InvalidInput) as refused:
        ask_for_suspension(accepted_case, handler)
    assert (refused.value.field, refused.value.code) == ("until", "outside_deadline")


def test_upstreams_deadline_ends_a_pause_that_it_does_not_allow(suspended_case):
    report = suspended_case.links.get().report
    told = AGREED + timedelta(hours=1)
    tight = TUESDAY + timedelta(days=2)
    apply_update(
        report=report,
        draft=UpdateDraft(external_id="D", kind="deadline", due_at=tight),
        actor=SYSTEM,
        at=told,
    )
    case = reload(suspended_case)
    assert (case.status, case.due_at) == ("handling", tight)
    assert handling(case).own_due_at > tight


def test_a_later_deadline_of_upstream_gives_our_own_back(accepted_case):
    report, own = accepted_case.links.get().report, handling(accepted_case).due_at
    for name, due_at in (("D1", ASKED + timedelta(hours=3)), ("D2", own + timedelta(days=5))):
        draft = UpdateDraft(external_id=name, kind="deadline", due_at=due_at)
        apply_update(report=report, draft=draft, actor=SYSTEM, at=ASKED)
    assert reload(accepted_case).due_at == own


@pytest.mark.parametrize(("until", "code"), [(ASKED, "past"), (ASKED + timedelta(days=61), "too_long")])
def test_a_suspension_is_bounded(accepted_case, handler, until, code):
    with pytest.raises(InvalidInput) as refused:
        ask_for_suspension(accepted_case, handler, until=until)
    assert refused.value.code == code


def test_only_a_supervisor_approves(accepted_case, handler, operator):
    ask_for_suspension(accepted_case, handler)
    with pytest.raises(ActionRefused) as refused:
        actions.decide_suspension(number=accepted_case.number, agreed=True, actor=operator.actor, at=AGREED)
    assert refused.value.code == "not_allowed"


# --- waiting for the reporter -----------------------------------------------------------------


def ask_reporter(case, handler, at=ASKED, **more):
    return actions.ask_reporter(
        number=case.number, question="请问是哪一根灯杆?", actor=handler.actor, at=at, **more
    )


def test_the_clock_waits_for_the_reporter_and_meets_the_first_contact(accepted_case, handler):
    ask_reporter(accepted_case, handler)
    case = reload(accepted_case)
    assert (case.status, case.pause_kind) == ("suspended", "resident")
    assert case.first_contact_at == ASKED
    assert case.timers.get(kind="first_contact").stop_reason == "met"
    told = OutboxMessage.objects.get(kind="reporter.asked")
    assert told.receiver == f"report:{case.links.get().report_id}"


def test_it_waits_at_most_three_working_days(accepted_case, handler):
    pause = ask_reporter(accepted_case, handler)
    assert pause.until == work_calendar().end_of_working_day(ASKED, 3)
    sweeps.catch_up(at=pause.until)
    case = reload(accepted_case)
    assert (case.status, case.due_at is not None) == ("handling", True)


def test_it_waits_once_in_a_sending(accepted_case, handler):
    pause = ask_reporter(accepted_case, handler)
    sweeps.catch_up(at=pause.until)
    with pytest.raises(ActionRefused) as refused:
        ask_reporter(accepted_case, handler, at=pause.until + timedelta(hours=1))
    assert refused.value.code == "waited_already"


def test_longer_than_three_working_days_is_refused(accepted_case, handler):
    latest = work_calendar().end_of_working_day(ASKED, 3)
    with pytest.raises(InvalidInput) as refused:
        ask_reporter(accepted_case, handler, until=latest + timedelta(seconds=1))
    assert refused.value.field == "until"


def test_the_reporters_answer_lets_the_clock_go_on(accepted_case, handler):
    ask_reporter(accepted_case, handler)
    at = ASKED + timedelta(hours=1)
    report = accepted_case.links.get().report
    case = actions.reply(report=report, text="往北第三根", at=at)
    assert case.status == "handling"
    pause = Pause.objects.get()
    assert (pause.end, pause.ended_at, pause.answer.body) == ("answered", at, "往北第三根")
    with pytest.raises(ActionRefused):
        actions.reply(report=report, text="再说一遍", at=at)


def test_a_supplement_from_the_source_is_an_answer_too(accepted_case, handler):
    ask_reporter(accepted_case, handler)
    report = accepted_case.links.get().report
    draft = UpdateDraft(external_id="S", kind="supplement", text="市民补充:第三根")
    apply_update(report=report, draft=draft, actor=SYSTEM, at=ASKED + timedelta(hours=2))
    assert reload(accepted_case).status == "handling"
    assert Pause.objects.get().end == "answered"
