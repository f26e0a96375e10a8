"""What moves a due time, one thing after another: pauses, reworks, upstream's word, late entries."""

from collections import Counter
from datetime import date, timedelta

import pytest

from accounts.models import Membership, OrgUnit, User
from accounts.roles import Role
from dispatch.edition import work_calendar
from incidents import actions, outcomes, sweeps
from incidents.actor import SYSTEM, Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import UpdateDraft, apply_update
from incidents.models import FiredStage, LateEntry, Outcome, Supervision
from incidents.models.incident import ResolutionOutcome
from tests.cast import TUESDAY, file_report, reload
from tests.lives import checker

pytestmark = pytest.mark.django_db

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


def handling(case):
    return case.timers.filter(kind="handling").latest("pk")


def solve(case, handler, at, happened_at=None):
    return actions.resolve(
        number=case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已修好",
        attested=True,
        actor=handler.actor,
        at=at,
        happened_at=happened_at,
    )


def find_not_fixed(case, at):
    actions.verify(number=case.number, fixed=False, text="还坏着", actor=checker(), at=at)


def suspend(case, handler, supervisor, at, until):
    actions.request_suspension(number=case.number, until=until, reason="等备件", actor=handler.actor, at=at)
    actions.decide_suspension(number=case.number, agreed=True, actor=supervisor.actor, at=at)


def deadline(case, due_at, at):
    link = case.links.filter(unlinked_at__isnull=True).first()
    draft = UpdateDraft(external_id=f"D{due_at}", kind="deadline", due_at=due_at)
    apply_update(report=link.report, draft=draft, actor=SYSTEM, at=at)


# --- pauses and reworks -----------------------------------------------------------------------


def test_an_extension_after_a_long_pause_still_warns(accepted_case, handler, supervisor):
    at = TUESDAY + HOUR
    suspend(accepted_case, handler, supervisor, at, at + 30 * DAY)
    sweeps.catch_up(at=at + 30 * DAY)
    asked, until = at + 30 * DAY + HOUR, handling(accepted_case).due_at + 2 * HOUR
    actions.request_extension(
        number=accepted_case.number, until=until, reason="等备件", actor=handler.actor, at=asked
    )
    actions.decide_extension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=asked)
    assert handling(accepted_case).stage_names[:3] == ["warn_50", "warn_80", "breach"]
    assert handling(accepted_case).stage_times[0] > asked


def test_a_short_extension_at_the_last_moment_still_warns(accepted_case, handler, supervisor):
    due_at = handling(accepted_case).due_at
    asked = due_at - 5 * MINUTE
    actions.request_extension(
        number=accepted_case.number, until=due_at + HOUR, reason="马上好", actor=handler.actor, at=asked
    )
    actions.decide_extension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=asked)
    assert handling(accepted_case).stage_names[:3] == ["warn_50", "warn_80", "breach"]


@pytest.mark.parametrize("paused_after_breach", [False, True])
def test_a_rework_after_a_pause_orders_nobody_twice(accepted_case, handler, supervisor, paused_after_breach):
    due_at = handling(accepted_case).due_at
    at = due_at + HOUR if paused_after_breach else TUESDAY + HOUR
    sweeps.catch_up(at=at)
    suspend(accepted_case, handler, supervisor, at, at + 10 * DAY)
    late = at + 40 * DAY
    sweeps.catch_up(at=late)
    orders = Supervision.objects.count()
    assert orders == 1
    solve(accepted_case, handler, late)
    find_not_fixed(accepted_case, late + HOUR)
    sweeps.catch_up(at=late + 60 * DAY)
    told = Counter(FiredStage.objects.filter(timer__kind="handling").values_list("stage", flat=True))
    assert set(told.values()) == {1}
    assert Supervision.objects.count() == orders


@pytest.mark.parametrize("left", [MINUTE, -HOUR])
def test_parking_buys_no_time(accepted_case, handler, left):
    """A minute before due leaves a minute; what was overdue stays so."""
    clock = handling(accepted_case)
    parked_at = clock.due_at - left
    sweeps.catch_up(at=parked_at)
    actions.resolve(
        number=accepted_case.number,
        outcome="parked",
        text="已列入计划",
        parked_until=(parked_at + 3 * DAY).date(),
        actor=handler.actor,
        at=parked_at,
    )
    woken = accepted_case.timers.get(kind="parked").due_at
    sweeps.catch_up(at=woken)
    expected = work_calendar().add_working(woken, left) if left == MINUTE else clock.due_at
    assert handling(accepted_case).due_at == expected
    sweeps.catch_up(at=woken + 2 * DAY)
    breaches = FiredStage.objects.filter(timer__kind="handling", stage="breach")
    assert breaches.count() == 1


def test_nobody_parks_for_ever(accepted_case, handler):
    with pytest.raises(InvalidInput) as refused:
        actions.resolve(
            number=accepted_case.number,
            outcome="parked",
            text="已列入计划",
            parked_until=date(9999, 12, 31),
            actor=handler.actor,
            at=TUESDAY + HOUR,
        )
    assert (refused.value.field, refused.value.code) == ("parked_until", "range")


# --- upstream's deadline ----------------------------------------------------------------------


def test_upstreams_deadline_rules_a_rework_after_closing(resolved_case, operator):
    deadline(resolved_case, TUESDAY + 8 * HOUR, TUESDAY + 3 * HOUR)
    actions.close(number=resolved_case.number, reason="材料齐全", actor=operator.actor, at=TUESDAY + 4 * HOUR)
    actions.reopen(number=resolved_case.number, reason="又坏了", actor=operator.actor, at=TUESDAY + 5 * HOUR)
    assert handling(resolved_case).due_at == TUESDAY + 8 * HOUR


def test_upstreams_word_while_it_was_checked_rules_the_clock_that_goes_on(resolved_case):
    deadline(resolved_case, TUESDAY + 8 * HOUR, TUESDAY + 3 * HOUR)
    find_not_fixed(resolved_case, TUESDAY + 4 * HOUR)
    assert handling(resolved_case).due_at == TUESDAY + 8 * HOUR


def test_upstreams_deadline_rules_what_was_parked(accepted_case, handler):
    deadline(accepted_case, TUESDAY + 12 * DAY, TUESDAY + 2 * HOUR)
    actions.resolve(
        number=accepted_case.number,
        outcome="parked",
        text="已列入计划",
        parked_until=(TUESDAY + 11 * DAY).date(),
        actor=handler.actor,
        at=TUESDAY + 2 * HOUR,
    )
    sweeps.catch_up(at=TUESDAY + 12 * DAY - HOUR)
    assert handling(accepted_case).due_at <= TUESDAY + 12 * DAY


def test_a_looser_deadline_during_a_pause_brings_no_early_breach(accepted_case, handler, supervisor):
    own = handling(accepted_case).due_at
    deadline(accepted_case, own - 2 * HOUR, TUESDAY + HOUR)
    suspend(accepted_case, handler, supervisor, TUESDAY + 2 * HOUR, TUESDAY + 3 * HOUR)
    deadline(accepted_case, own + 30 * DAY, TUESDAY + 2 * HOUR + MINUTE)
    sweeps.catch_up(at=TUESDAY + 3 * HOUR)
    clock = handling(accepted_case)
    assert clock.due_at == clock.own_due_at > own - 2 * HOUR
    assert clock.stage_times[clock.stage_names.index("breach")] == clock.due_at


def test_a_deadline_that_has_passed_when_it_comes_is_told_up_the_line_at_once(accepted_case):
    told = TUESDAY + 2 * HOUR
    deadline(accepted_case, told - HOUR, told)
    sweeps.catch_up(at=told)
    fired = FiredStage.objects.filter(timer__kind="handling").values_list("stage", flat=True)
    assert list(fired) == ["breach", "esc_head", "level_up"]


def test_a_merged_case_brings_its_deadline_and_takes_it_away(accepted_case, supervisor):
    own = handling(accepted_case).due_at
    other = file_report(at=TUESDAY + HOUR, text="另一盏完全不同的路灯坏了")
    deadline(other, TUESDAY + 5 * HOUR, TUESDAY + HOUR)
    actions.merge(
        number=other.number, into=accepted_case.number, actor=supervisor.actor, at=TUESDAY + 2 * HOUR
    )
    assert reload(accepted_case).due_at == TUESDAY + 5 * HOUR
    actions.unmerge(number=other.number, actor=supervisor.actor, at=TUESDAY + 3 * HOUR)
    assert reload(accepted_case).due_at == own


# --- late entries -----------------------------------------------------------------------------


def test_nothing_is_bought_back_for_a_resolution_that_did_not_stand(accepted_case, handler, supervisor):
    due_at = handling(accepted_case).due_at
    solve(accepted_case, handler, due_at - HOUR, happened_at=due_at - 3 * HOUR)
    find_not_fixed(accepted_case, due_at - 30 * MINUTE)
    really = due_at + 5 * DAY
    solve(accepted_case, handler, really)
    assert LateEntry.objects.get().state == "lapsed"
    with pytest.raises(ActionRefused):
        actions.countersign(
            number=accepted_case.number, fact="resolved", agreed=True, actor=supervisor.actor, at=really
        )
    assert reload(accepted_case).resolved_at == really


def test_no_rework_is_done_before_it_began(accepted_case, handler):
    due_at = handling(accepted_case).due_at
    solve(accepted_case, handler, due_at - 20 * MINUTE)
    find_not_fixed(accepted_case, due_at - 2 * MINUTE)
    with pytest.raises(InvalidInput) as refused:
        solve(accepted_case, handler, due_at + 10 * MINUTE, happened_at=due_at - 15 * MINUTE)
    assert (refused.value.field, refused.value.code) == ("happened_at", "too_early")


def test_nothing_was_done_before_it_was_accepted(lamp_case, handler):
    accepted_at = TUESDAY + 40 * MINUTE
    actions.accept(number=lamp_case.number, actor=handler.actor, at=accepted_at)
    with pytest.raises(InvalidInput) as refused:
        solve(lamp_case, handler, accepted_at + 2 * MINUTE, happened_at=accepted_at - 20 * MINUTE)
    assert (refused.value.field, refused.value.code) == ("happened_at", "before_acceptance")
    done = solve(lamp_case, handler, accepted_at + 20 * MINUTE, happened_at=accepted_at)
    assert done.resolved_at == accepted_at


def test_a_late_entry_of_a_call_that_reached_nobody_is_no_contact(accepted_case, handler, supervisor):
    at = TUESDAY + 5 * HOUR
    actions.contact(
        number=accepted_case.number, reached=False, happened_at=at - 2 * HOUR, actor=handler.actor, at=at
    )
    with pytest.raises(ActionRefused) as refused:
        actions.countersign(
            number=accepted_case.number, fact="contacted", agreed=True, actor=supervisor.actor, at=at
        )
    assert refused.value.code == "nothing_asked"


def test_a_call_that_is_typed_in_much_later_waits_for_its_countersign(operator, supervisor):
    case = file_report(urgency="emergency")
    acceptance = case.timers.get(kind="acceptance")
    taken = acceptance.started_at + MINUTE
    sweeps.catch_up(at=acceptance.due_at)
    typed = acceptance.due_at + HOUR
    actions.phone(
        number=case.number,
        reached=True,
        taken_by="老王",
        happened_at=taken,
        actor=operator.actor,
        at=typed,
    )
    assert case.assignments.get(role="lead").acceptance == "deemed"
    actions.countersign(
        number=case.number, fact="accepted", agreed=True, actor=supervisor.actor, at=typed + MINUTE
    )
    lead = case.assignments.get(role="lead")
    assert (lead.acceptance, lead.accepted_at) == ("phone", taken)


def test_a_late_resolution_may_be_countersigned_after_closing(accepted_case, handler, operator, supervisor):
    due_at = handling(accepted_case).due_at
    typed = due_at + 2 * HOUR
    solve(accepted_case, handler, typed, happened_at=due_at - MINUTE)
    actions.close(number=accepted_case.number, reason="材料齐全", actor=operator.actor, at=typed + HOUR)
    actions.countersign(
        number=accepted_case.number,
        fact="resolved",
        agreed=True,
        actor=supervisor.actor,
        at=typed + 2 * HOUR,
    )
    assert outcomes.standing(accepted_case, Outcome.Kind.DUE).get().on_time is True


# --- nobody judges their own cause ------------------------------------------------------------


def test_an_appeal_takes_back_no_breach_of_another_unit(
    accepted_case, handler, other_handler, dispatcher, supervisor
):
    at = handling(accepted_case).due_at + HOUR
    sweeps.catch_up(at=at)
    actions.redispatch(
        number=accepted_case.number,
        item_code="0204-001",
        unit_code="water-group",
        reason="裁定",
        actor=dispatcher.actor,
        at=at,
    )
    later = handling(accepted_case).due_at + HOUR
    sweeps.catch_up(at=later)
    actions.appeal(number=accepted_case.number, reason="停电", actor=other_handler.actor, at=later)
    actions.decide_appeal(
        number=accepted_case.number, agreed=True, reason="属实", actor=supervisor.actor, at=later
    )
    assert outcomes.standing(accepted_case, Outcome.Kind.DUE).get().unit_code == "lighting-company"


def test_who_asks_does_not_answer(accepted_case, handler):
    centre = OrgUnit.objects.get(code="operations-centre")
    Membership.objects.create(user=handler.user, unit=centre, role=Role.SUPERVISOR)
    both = Actor.person(User.objects.get(pk=handler.user.pk), handler.unit)
    actions.request_extension(
        number=accepted_case.number,
        until=handling(accepted_case).due_at + HOUR,
        reason="等备件",
        actor=both,
        at=TUESDAY + HOUR,
    )
    with pytest.raises(ActionRefused) as refused:
        actions.decide_extension(number=accepted_case.number, agreed=True, actor=both, at=TUESDAY + HOUR)
    assert refused.value.code == "own_request"


def test_a_street_asks_no_reporter_how_its_own_teams_were(resolved_case, operator, street_supervisor):
    actions.close(number=resolved_case.number, reason="材料齐全", actor=operator.actor, at=TUESDAY + 3 * HOUR)
    with pytest.raises(ActionRefused) as refused:
        actions.call_back(
            number=resolved_case.number,
            report_id=resolved_case.links.get().report_id,
            reached=False,
            actor=street_supervisor.actor,
            at=TUESDAY + 4 * HOUR,
        )
    assert refused.value.code == "not_allowed"
