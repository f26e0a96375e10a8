"""Speaking with people, and what is typed in later: first contact, callback, emergencies by telephone."""

from datetime import timedelta

import pytest

from accounts.roles import Role
from dashboards import rollups
from incidents import actions, outcomes, sweeps
from incidents.errors import ActionRefused, InvalidInput
from incidents.feedback import Answers
from incidents.intake import Refusal, Reporter, receive_one
from incidents.models import Feedback, LateEntry, Outcome, PhoneCall
from tests.cast import LAMP_UNIT, TUESDAY, draft, file_report, person, reload

pytestmark = pytest.mark.django_db

SOON = TUESDAY + timedelta(minutes=20)
MINUTE = timedelta(minutes=1)


def clock(case, kind):
    return case.timers.filter(kind=kind).latest("pk")


# --- first contact ----------------------------------------------------------------------------


def test_the_unit_has_a_day_for_its_first_contact(lamp_case):
    assert clock(lamp_case, "first_contact").due_at == TUESDAY + timedelta(hours=24)


@pytest.mark.parametrize(
    "given",
    [
        {"reporter": Reporter()},
        {"nature": "tip_off"},
        {"source": "patrol", "nature": "finding"},
    ],
    ids=["nobody left a number", "the unit never learns who reported", "found by a patrol"],
)
def test_nobody_to_call_starts_no_clock(given):
    case = file_report(**given)
    assert not case.timers.filter(kind="first_contact").exists()


def test_speaking_with_the_reporter_meets_it(accepted_case, handler):
    actions.contact(number=accepted_case.number, reached=True, actor=handler.actor, at=SOON)
    assert clock(accepted_case, "first_contact").stop_reason == "met"
    assert reload(accepted_case).first_contact_at == SOON


def test_three_tries_at_different_hours_meet_it_too(accepted_case, handler):
    hours = [SOON, SOON + 5 * MINUTE, SOON + timedelta(hours=3), SOON + timedelta(hours=6)]
    stopped = []
    for at in hours:
        actions.contact(number=accepted_case.number, reached=False, actor=handler.actor, at=at)
        stopped.append(clock(accepted_case, "first_contact").stop_reason)
    assert stopped == ["", "", "", "tried"]


def test_an_interim_answer_stops_the_first_contact_and_nothing_else_is_counted(accepted_case, handler):
    actions.resolve(
        number=accepted_case.number,
        outcome="parked",
        text="已列入改造计划",
        parked_until=(TUESDAY + timedelta(days=40)).date(),
        actor=handler.actor,
        at=SOON,
    )
    assert clock(accepted_case, "first_contact").stopped_at == SOON
    assert not Outcome.objects.filter(incident=accepted_case, kind="handled").exists()


# --- callback ---------------------------------------------------------------------------------


@pytest.fixture
def closed_case(resolved_case, operator):
    actions.close(
        number=resolved_case.number, reason="材料齐全", actor=operator.actor, at=TUESDAY + timedelta(hours=3)
    )
    return reload(resolved_case)


def call_back(case, operator, *, at, reached=False, **more):
    return actions.call_back(
        number=case.number,
        report_id=case.links.get().report_id,
        reached=reached,
        actor=operator.actor,
        at=at,
        **more,
    )


def test_closing_starts_the_callback(closed_case):
    assert clock(closed_case, "callback").stopped_at is None
    assert closed_case.due_at is None  # the case itself is over


def test_the_reporters_words_are_their_rating(closed_case, operator):
    at = TUESDAY + timedelta(hours=5)
    answers = Answers(contacted=True, solved=True, speed=5, result=4, service=5)
    call_back(closed_case, operator, at=at, reached=True, answers=answers)
    assert Feedback.objects.get().result == 4
    assert clock(closed_case, "callback").stopped_at == at


def test_a_call_that_reached_somebody_says_what_they_said(closed_case, operator):
    at = TUESDAY + timedelta(hours=5)
    with pytest.raises(InvalidInput) as refused:
        call_back(closed_case, operator, at=at, reached=True)
    assert refused.value.field == "solved"
    assert clock(closed_case, "callback").stopped_at is None
    call_back(closed_case, operator, at=at, reached=True, text="不愿评价")
    assert clock(closed_case, "callback").stopped_at == at
    assert not Feedback.objects.exists()


def test_rating_by_oneself_makes_the_call_unnecessary(closed_case, operator):
    at = TUESDAY + timedelta(hours=5)
    actions.rate(report=closed_case.links.get().report, result=5, at=at)
    assert clock(closed_case, "callback").stopped_at == at
    with pytest.raises(ActionRefused) as refused:
        call_back(closed_case, operator, at=at)
    assert refused.value.code == "nobody_to_call"


def test_three_attempts_at_different_hours_are_enough(closed_case, operator):
    for hours in (4, 7, 24):
        assert clock(closed_case, "callback").stopped_at is None
        call_back(closed_case, operator, at=TUESDAY + timedelta(hours=hours))
    assert clock(closed_case, "callback").stopped_at is not None
    assert not Feedback.objects.exists()  # no answer is "unrated", not "satisfied"


def test_nobody_called_is_noticed(closed_case):
    sweeps.catch_up(at=clock(closed_case, "callback").due_at)
    assert closed_case.timeline.filter(kind="breached", data__clock="callback").exists()


def test_reopening_ends_the_callback(closed_case, operator):
    actions.reopen(
        number=closed_case.number, reason="没有修好", actor=operator.actor, at=TUESDAY + timedelta(hours=9)
    )
    assert clock(closed_case, "callback").stop_reason == "reopened"


# --- emergencies by telephone -----------------------------------------------------------------


@pytest.fixture
def emergency(db):
    case = file_report(urgency="emergency")
    assert (case.urgency, case.owner_unit_id) == ("emergency", LAMP_UNIT)
    return case


def phone(case, operator, *, at, **more):
    given = {"reached": True, "taken_by": "值班长老李", **more}
    return actions.phone(number=case.number, actor=operator.actor, at=at, **given)


def test_taken_by_telephone_is_accepted(emergency, operator):
    at = TUESDAY + 3 * MINUTE
    phone(emergency, operator, at=at)
    case, lead = reload(emergency), emergency.assignments.get(role="lead")
    assert (case.status, lead.acceptance, lead.accepted_at) == ("handling", "phone", at)
    call = PhoneCall.objects.get()
    assert (call.taken_by, call.taken_by_name) == (None, "值班长老李")


def test_who_has_a_sign_in_is_the_handler_then(emergency, operator, handler):
    phone(emergency, operator, at=TUESDAY + MINUTE, taken_by=handler.user.username)
    assert reload(emergency).handler == handler.user
    assert PhoneCall.objects.get().taken_by == handler.user


def test_nobody_answered_is_recorded_and_accepts_nothing(emergency, operator):
    phone(emergency, operator, at=TUESDAY + MINUTE, reached=False, taken_by="")
    assert reload(emergency).status == "dispatched"
    assert emergency.timeline.filter(kind="phoned", data__reached=False).exists()


def test_only_emergencies_are_accepted_by_telephone(lamp_case, operator):
    with pytest.raises(ActionRefused) as refused:
        phone(lamp_case, operator, at=SOON)
    assert refused.value.code == "not_an_emergency"


def test_a_call_before_silence_was_noted_takes_its_place(emergency, operator):
    limit = clock(emergency, "acceptance").due_at
    taken, typed = limit - 2 * MINUTE, limit + 10 * MINUTE
    sweeps.catch_up(at=typed)
    assert emergency.assignments.get(role="lead").acceptance == "deemed"
    phone(emergency, operator, at=typed, happened_at=taken)
    lead = emergency.assignments.get(role="lead")
    assert (lead.acceptance, lead.accepted_at) == ("phone", taken)
    assert emergency.timeline.filter(kind="deemed_accepted").exists()  # it was noted, and stays
    mark = LateEntry.objects.get()
    assert (mark.fact, mark.state, mark.happened_at, mark.entered_at) == ("accepted", "counted", taken, typed)


# --- typed in later ---------------------------------------------------------------------------


def test_a_call_made_in_time_and_typed_in_after_its_clock_broke_is_one_contact(accepted_case, handler):
    limit = clock(accepted_case, "first_contact").due_at

    def told():
        return [row.on_time for row in outcomes.standing(accepted_case, Outcome.Kind.CONTACTED)]

    sweeps.catch_up(at=limit)
    assert told() == [False]
    actions.contact(
        number=accepted_case.number,
        reached=True,
        happened_at=limit - 5 * MINUTE,
        actor=handler.actor,
        at=limit + 10 * MINUTE,
    )
    assert told() == [True]
    assert clock(accepted_case, "first_contact").stop_reason == "met"
    assert [str(one) for one in rollups.differences()] == []


def receive(received_at, *, at=TUESDAY):
    return receive_one(draft(received_at=received_at), at=at)


def test_half_an_hour_late_counts_as_told():
    case = receive(TUESDAY - 25 * MINUTE).incident
    assert case.received_at == TUESDAY - 25 * MINUTE
    fact = Outcome.objects.get(incident=case, kind="dispatched")
    assert fact.elapsed == 25 * 60
    assert LateEntry.objects.get().state == "counted"
    line = case.timeline.get(kind="received")
    assert (line.at, line.data["late"]) == (TUESDAY - 25 * MINUTE, "counted")


def test_later_than_that_waits_for_the_centre(supervisor):
    told = TUESDAY - timedelta(hours=2)
    case = receive(told).incident
    assert case.received_at == TUESDAY
    actions.countersign(
        number=case.number, fact="received", agreed=True, actor=supervisor.actor, at=TUESDAY + MINUTE
    )
    assert reload(case).received_at == told
    counted = outcomes.standing(case, Outcome.Kind.DISPATCHED).get()
    assert (counted.elapsed, counted.at) == (7200, TUESDAY)
    assert outcomes.standing(case, Outcome.Kind.RECEIVED).get().at == told


@pytest.mark.parametrize(
    ("received_at", "code"), [(TUESDAY + MINUTE, "future"), (TUESDAY - timedelta(hours=25), "too_old")]
)
def test_what_cannot_be_is_refused(received_at, code):
    refused = receive(received_at)
    assert isinstance(refused, Refusal)
    assert (refused.field, refused.code) == ("received_at", code)


def test_the_same_report_typed_in_again_is_the_same_report():
    first = draft(received_at=TUESDAY - 5 * MINUTE)
    again = draft(received_at=None, external_id=first.external_id)
    one, two = receive_one(first, at=TUESDAY), receive_one(again, at=TUESDAY + MINUTE)
    assert (one.created, two.created, two.incident) == (True, False, one.incident)


def resolve(case, handler, *, at, happened_at):
    return actions.resolve(
        number=case.number,
        outcome="solved",
        text="灯头已换新",
        attested=True,
        happened_at=happened_at,
        actor=handler.actor,
        at=at,
    )


def due(case):
    return outcomes.standing(case, Outcome.Kind.DUE).get()


def test_done_in_time_and_typed_in_after_it_was_due(accepted_case, handler):
    limit = clock(accepted_case, "handling").due_at
    sweeps.catch_up(at=limit)
    assert due(accepted_case).on_time is False
    resolve(accepted_case, handler, at=limit + 20 * MINUTE, happened_at=limit - 5 * MINUTE)
    case = reload(accepted_case)
    assert case.resolved_at == limit - 5 * MINUTE
    assert due(case).on_time is True
    assert case.timeline.filter(kind="breached", data__clock="handling").exists()


def test_beyond_half_an_hour_it_is_late_until_countersigned(accepted_case, handler, supervisor):
    limit = clock(accepted_case, "handling").due_at
    typed = limit + timedelta(hours=2)
    resolve(accepted_case, handler, at=typed, happened_at=limit - MINUTE)
    assert due(accepted_case).on_time is False
    assert reload(accepted_case).resolved_at == typed
    actions.countersign(
        number=accepted_case.number, fact="resolved", agreed=True, actor=supervisor.actor, at=typed + MINUTE
    )
    assert due(accepted_case).on_time is True
    handled = outcomes.standing(accepted_case, Outcome.Kind.HANDLED).get()
    assert handled.elapsed == round((limit - MINUTE - TUESDAY).total_seconds())
    assert reload(accepted_case).resolved_at == limit - MINUTE


def test_a_refused_entry_changes_nothing(accepted_case, handler, supervisor):
    limit = clock(accepted_case, "handling").due_at
    typed = limit + timedelta(hours=2)
    resolve(accepted_case, handler, at=typed, happened_at=limit - MINUTE)
    with pytest.raises(InvalidInput):
        actions.countersign(
            number=accepted_case.number, fact="resolved", agreed=False, actor=supervisor.actor, at=typed
        )
    actions.countersign(
        number=accepted_case.number,
        fact="resolved",
        agreed=False,
        reason="照片时间不符",
        actor=supervisor.actor,
        at=typed,
    )
    assert due(accepted_case).on_time is False
    assert LateEntry.objects.get().state == "refused"


def test_nobody_countersigns_their_own_entry(supervisor):
    late = draft(received_at=TUESDAY - timedelta(hours=3))
    case = receive_one(late, at=TUESDAY, user=supervisor.user).incident
    with pytest.raises(ActionRefused) as refused:
        actions.countersign(
            number=case.number, fact="received", agreed=True, actor=supervisor.actor, at=TUESDAY
        )
    assert refused.value.code == "own_entry"
    colleague = person("second-supervisor", Role.SUPERVISOR, "operations-centre")
    actions.countersign(number=case.number, fact="received", agreed=True, actor=colleague.actor, at=TUESDAY)


def test_a_unit_that_never_learns_who_wrote_has_nobody_to_call():
    letter = file_report(attributes={"confidential": True})
    assert not letter.timers.filter(kind="first_contact").exists()
