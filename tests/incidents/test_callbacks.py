"""回访: who is called first and at which hours, what became of a call, and that nobody is called twice."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Sum
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Membership
from accounts.roles import Role
from accounts.templatetags.ui import moment
from dashboards import rollups
from incidents import actions
from incidents.actions.closing import OBJECTION_WINDOW
from incidents.actor import SYSTEM
from incidents.calling import reading, rules, script
from incidents.errors import ActionRefused, InvalidInput
from incidents.feedback import Answers
from incidents.intake import Reporter, UpdateDraft, apply_update
from incidents.models import Callback, Contact, Incident, Outcome, PhoneCall
from incidents.numbers import DISTRICT_ZONE
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, person, reload
from tests.drawing import examples

pytestmark = pytest.mark.django_db

CLOSED = TUESDAY + timedelta(hours=3)  # one in the afternoon
THREE = TUESDAY + timedelta(hours=5)  # the first hour at which the queue has it
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FINE = Answers(contacted=True, solved=True, speed=5, result=4, service=5)
Result = PhoneCall.Result


@pytest.fixture
def closed_case(resolved_case: Incident, operator: Person) -> Incident:
    actions.close(number=resolved_case.number, reason="材料齐全", actor=operator.actor, at=CLOSED)
    return reload(resolved_case)


def closed(handler: Person, operator: Person, *, at: datetime = CLOSED, **given: object) -> Incident:
    """A case of its own, through its whole life."""
    case = file_report(at=at - 3 * HOUR, **given)
    actions.accept(number=case.number, actor=handler.actor, at=at - 2 * HOUR)
    actions.resolve(
        number=case.number, outcome="solved", text="已换新", attested=True, actor=handler.actor, at=at - HOUR
    )
    actions.close(number=case.number, reason="材料齐全", actor=operator.actor, at=at)
    return reload(case)


def call(case: Incident, caller: Person, *, at: datetime, outcome: str = Result.NO_ANSWER, **more: object):
    return actions.call_back(
        number=case.number,
        report_id=case.links.get().report_id,
        reached=outcome in (Result.ANSWERED, Result.DECLINED),
        outcome=outcome,
        actor=caller.actor,
        at=at,
        **more,
    )


def row(case: Incident) -> Callback:
    return Callback.objects.get(incident=case)


# --- who, and when ----------------------------------------------------------------------------


def test_closing_puts_the_reporter_into_the_queue_for_the_next_hours_of_calling(closed_case):
    assert row(closed_case).next_at == THREE
    everybody = Callback.objects.all()
    assert not reading.ready(everybody, THREE - timedelta(seconds=1)).exists()
    assert reading.ready(everybody, THREE).get() == row(closed_case)


def test_after_the_hours_only_who_asked_for_it_is_called(closed_case):
    everybody = Callback.objects.all()
    closing = TUESDAY.replace(hour=13)  # nine in the evening: due since the afternoon, not called yet
    assert reading.ready(everybody, closing - timedelta(minutes=1)).exists()
    for late in (closing, closing + timedelta(hours=5)):
        assert not reading.ready(everybody, late).exists()
        assert reading.later(everybody, late).get() == row(closed_case)
    assert reading.ready(everybody, closing + timedelta(hours=12)).exists()  # nine in the morning
    wished = closing + timedelta(minutes=20)
    everybody.update(next_at=wished)
    assert not reading.ready(everybody, wished - timedelta(minutes=1)).exists()
    assert reading.ready(everybody, wished).exists()
    noon = TUESDAY.replace(hour=4) + timedelta(days=1)
    everybody.update(next_at=noon)
    assert reading.ready(everybody, noon + timedelta(minutes=30)).exists()


@pytest.mark.parametrize(
    "given",
    [
        {"reporter": Reporter()},
        {"source": "patrol", "nature": "finding"},
    ],
    ids=["nobody left a number", "found by a patrol"],
)
def test_who_cannot_be_called_is_not_in_the_queue(given, handler, operator):
    closed(handler, operator, **given)
    assert not Callback.objects.exists()


@given(st.integers(min_value=0, max_value=365 * 24 * 60))
@examples(60)
def test_nobody_is_ever_called_outside_the_hours(minutes):
    closed_at = TUESDAY + timedelta(minutes=minutes)
    first = rules.first_at(closed_at)
    assert rules.part_of(first) is not None
    assert closed_at + rules.FIRST_AFTER <= first <= closed_at + timedelta(days=1)
    tried = []
    at = first
    for _attempt in range(3):
        tried.append(PhoneCall(called_at=at))
        later = rules.next_at(tried)
        assert later >= at + rules.APART
        assert rules.part_of(later) is not None
        at = later
    assert len({rules.part_of(one.called_at).start for one in tried}) == 3


def test_three_attempts_in_three_parts_of_the_day_end_it_as_unreached(closed_case, operator):
    at = THREE
    for attempt in (1, 2, 3):
        assert row(closed_case).ended_at is None
        call(closed_case, operator, at=at)
        assert row(closed_case).attempts == attempt
        at = row(closed_case).next_at
    assert row(closed_case).end == Callback.End.TRIED
    assert closed_case.timers.get(kind="callback").stop_reason == "met"
    hours = [one.called_at.astimezone(DISTRICT_ZONE).hour for one in PhoneCall.objects.order_by("pk")]
    assert hours == [15, 19, 9]


def test_ringing_three_times_around_one_full_hour_is_no_three_attempts(closed_case, operator):
    night = datetime(2026, 7, 7, 22, 59, tzinfo=DISTRICT_ZONE)
    for minutes in (0, 1, 61):
        call(closed_case, operator, at=night + timedelta(minutes=minutes))
    morning = datetime(2026, 7, 8, 9, 0, tzinfo=DISTRICT_ZONE)
    waits = row(closed_case)
    assert (waits.ended_at, waits.attempts, waits.next_at) == (None, 0, morning)
    assert closed_case.timers.get(kind="callback").stopped_at is None
    for at in (morning + timedelta(minutes=59), morning + HOUR, morning + 2 * HOUR):
        call(closed_case, operator, at=at)
    assert (row(closed_case).ended_at, row(closed_case).attempts) == (None, 1)  # only the first one counts
    call(closed_case, operator, at=morning + timedelta(minutes=59) + rules.APART)
    assert (row(closed_case).ended_at, row(closed_case).attempts) == (None, 2)
    answered = morning + 12 * HOUR  # whoever does answer is heard at any hour
    call(closed_case, operator, at=answered, outcome=Result.ANSWERED, answers=FINE)
    assert row(closed_case).end == Callback.End.ANSWERED


def test_an_attempt_at_the_hour_that_was_wished_counts_over_lunch_too(closed_case, operator):
    noon = datetime(2026, 7, 8, 12, 30, tzinfo=DISTRICT_ZONE)
    call(closed_case, operator, at=THREE, outcome=Result.LATER, again_at=noon)
    call(closed_case, operator, at=noon)
    assert row(closed_case).attempts == 2
    call(closed_case, operator, at=noon + timedelta(days=1))  # nobody wished that one
    assert row(closed_case).attempts == 2


def test_rework_comes_first_then_who_was_urged_then_urgent_ones(handler, operator):
    cases = [
        closed(handler, operator, at=CLOSED + index * timedelta(minutes=1), reporter=_reporter(index))
        for index in range(4)
    ]
    for case, changes in zip(
        cases, ({}, {"urgency": "urgent"}, {"chased_count": 1}, {"rework_count": 1}), strict=True
    ):
        Incident.objects.filter(pk=case.pk).update(**changes)
        Callback.objects.filter(incident=case).update(rank=rules.rank_of(reload(case)).number)
    assert [one.incident_id for one in Callback.objects.in_order()] == [case.pk for case in reversed(cases)]


def _reporter(index: int) -> Reporter:
    return Reporter(name="王小明", phone=f"1380000000{index}")


# --- what became of a call --------------------------------------------------------------------


def test_answers_are_counted_as_what_the_reporter_says(closed_case, operator):
    call(closed_case, operator, at=THREE, outcome=Result.ANSWERED, answers=FINE, recording="REC/2026-0707:15")
    fact = Outcome.objects.get(incident=closed_case, kind="rated")
    assert (fact.contacted, fact.solved, fact.score) == (True, True, 4)
    assert row(closed_case).end == Callback.End.ANSWERED
    assert PhoneCall.objects.get().recording == "REC/2026-0707:15"


def test_rating_by_the_link_takes_them_out_of_the_queue(closed_case):
    actions.rate(report=closed_case.links.get().report, result=5, at=THREE)
    assert row(closed_case).end == Callback.End.RATED


@pytest.mark.parametrize(("outcome", "end"), [(Result.DECLINED, "declined"), (Result.WRONG, "wrong")])
def test_who_will_not_say_and_strangers_are_not_called_again(closed_case, operator, outcome, end):
    call(closed_case, operator, at=THREE, outcome=outcome)
    assert row(closed_case).end == end
    assert not Outcome.objects.filter(incident=closed_case, kind="rated").exists()


def test_who_asks_for_it_is_called_when_they_wish(closed_case, operator):
    wish = THREE + timedelta(days=1, minutes=20)
    call(closed_case, operator, at=THREE, outcome=Result.LATER, again_at=wish)
    assert (row(closed_case).ended_at, row(closed_case).next_at) == (None, wish)


def test_nobody_is_called_for_ever_because_they_put_it_off(closed_case, operator):
    for attempt in range(6):
        at = THREE + attempt * timedelta(hours=25)
        call(closed_case, operator, at=at, outcome=Result.LATER, again_at=at + 24 * HOUR)
    assert row(closed_case).end == Callback.End.TRIED


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"outcome": Result.LATER}, "again_at", "required"),
        ({"outcome": Result.LATER, "again_at": THREE}, "again_at", "range"),
        ({"outcome": Result.LATER, "again_at": THREE + timedelta(days=8)}, "again_at", "range"),
        ({"outcome": Result.LATER, "again_at": THREE + 6 * HOUR}, "again_at", "hour"),  # nine at night
        ({"outcome": Result.LATER, "again_at": THREE + 17 * HOUR + 59 * MINUTE}, "again_at", "hour"),
        ({"outcome": Result.BUSY, "again_at": THREE + HOUR}, "again_at", "not_later"),
        ({"outcome": Result.BUSY, "answers": FINE}, "outcome", "contradicts"),
        ({"outcome": Result.ANSWERED}, "solved", "required"),
        ({"outcome": Result.BUSY, "recording": "20260707-138 1234 2207"}, "recording", "invalid"),
        ({"outcome": Result.BUSY, "recording": "20260707-13812342207.wav"}, "recording", "personal"),
        ({"outcome": Result.BUSY, "recording": "R" * 121}, "recording", "max_length"),
        ({"outcome": "perhaps"}, "outcome", "unknown"),
    ],
)
def test_what_cannot_be_is_refused_and_writes_nothing(closed_case, operator, more, field, code):
    with pytest.raises(InvalidInput) as refused:
        call(closed_case, operator, at=THREE, **more)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not PhoneCall.objects.exists()


def test_reopening_takes_it_out_and_the_rework_is_asked_about_anew(closed_case, operator, handler):
    actions.reopen(number=closed_case.number, reason="又不亮了", actor=operator.actor, at=THREE)
    assert row(closed_case).end == Callback.End.LAPSED
    again = THREE + HOUR
    actions.resolve(
        number=closed_case.number,
        outcome="solved",
        text="换了线",
        attested=True,
        actor=handler.actor,
        at=again,
    )
    actions.close(number=closed_case.number, reason="材料齐全", actor=operator.actor, at=again + HOUR)
    fresh = Callback.objects.open().get(incident=closed_case)
    assert (fresh.handling_run, rules.RANKS[fresh.rank].number) == (2, 0)


# --- one reporter, one caller -----------------------------------------------------------------


def test_two_callers_get_two_different_reporters(handler, operator, dispatcher):
    first = closed(handler, operator, reporter=_reporter(1))
    second = closed(handler, operator, at=CLOSED + timedelta(minutes=1), reporter=_reporter(2))
    at = CLOSED + 3 * HOUR
    taken = [actions.take_callback(actor=who.actor, at=at) for who in (operator, dispatcher)]
    assert [one.incident_id for one in taken] == [first.pk, second.pk]
    assert (
        actions.take_callback(actor=person("third", Role.OPERATOR, "operations-centre").actor, at=at) is None
    )


def test_what_is_in_somebodys_hands_is_refused_until_they_forget_it(closed_case, operator, dispatcher):
    taken = actions.take_callback(actor=operator.actor, at=THREE)
    for refuse in (
        lambda at: call(closed_case, dispatcher, at=at),
        lambda at: actions.take_callback(actor=dispatcher.actor, at=at, pk=taken.pk),
    ):
        with pytest.raises(ActionRefused) as refused:
            refuse(THREE + timedelta(minutes=14))
        assert refused.value.code == "held"
    call(closed_case, dispatcher, at=THREE + timedelta(minutes=15))
    assert row(closed_case).held_by is None


def test_put_back_it_is_the_next_callers(closed_case, operator, dispatcher):
    taken = actions.take_callback(actor=operator.actor, at=THREE)
    actions.leave_callback(pk=taken.pk, actor=dispatcher.actor, at=THREE)  # not theirs to put back
    assert row(closed_case).held_by == operator.user
    actions.leave_callback(pk=taken.pk, actor=operator.actor, at=THREE)
    assert actions.take_callback(actor=dispatcher.actor, at=THREE) == taken


def test_who_also_works_for_the_unit_neither_calls_nor_sees_the_call(closed_case, operator):
    Membership.objects.create(user=operator.user, unit_id=LAMP_UNIT, role=Role.HANDLER)
    del operator.user._viewer  # what the request before had read
    with pytest.raises(ActionRefused) as refused:
        call(closed_case, operator, at=THREE)
    assert refused.value.code == "not_allowed"
    assert actions.take_callback(actor=operator.actor, at=THREE) is None
    assert not reading.queue_of(operator.user).exists()


def test_an_erased_number_leaves_the_queue_when_its_turn_comes(closed_case, operator):
    Contact.objects.update(phone_index="", phone_sealed=b"")
    assert actions.take_callback(actor=operator.actor, at=THREE) is None
    assert row(closed_case).end == Callback.End.LAPSED
    assert closed_case.timers.get(kind="callback").stopped_at == THREE


def test_who_takes_a_closed_matter_back_is_not_asked_and_no_clock_runs_on(closed_case):
    apply_update(
        report=closed_case.links.get().report,
        draft=UpdateDraft(external_id="W-1", kind="withdraw"),
        actor=SYSTEM,
        at=CLOSED + HOUR,
    )
    assert row(closed_case).end == Callback.End.LAPSED
    assert closed_case.timers.get(kind="callback").stopped_at == CLOSED + HOUR


def test_behind_one_that_nobody_is_called_for_the_next_one_is_taken(handler, operator):
    gone = closed(handler, operator, reporter=_reporter(1))
    there = closed(handler, operator, at=CLOSED + MINUTE, reporter=_reporter(2))
    Contact.objects.filter(reports__links__incident=gone).update(phone_index="", phone_sealed=b"")
    taken = actions.take_callback(actor=operator.actor, at=CLOSED + 3 * HOUR)
    assert taken.incident == there
    assert row(gone).end == Callback.End.LAPSED


# --- the script -------------------------------------------------------------------------------


def steps(case: Incident, **more: object) -> dict[str, script.Said]:
    said = {"caller": "梁静", "title": "路灯坏了", "surname": "王", "is_protected": False, "at": THREE}
    told = script.script(case, case.links.get().report, **{**said, **more})
    return {one.key: one for one in told}


def test_nothing_of_the_matter_is_said_before_the_right_person_is_there(closed_case):
    told = steps(closed_case)
    assert list(told) == ["who", "why", "contacted", "solved", "marks", "end"]
    assert "路灯" not in told["who"].words
    assert "路灯" in told["why"].words


def test_nobody_is_promised_a_day_that_is_over(closed_case):
    until = closed_case.closed_at + OBJECTION_WINDOW
    promised = strip_tags(moment(until))
    assert promised in steps(closed_case, at=until - HOUR)["end"].words
    assert promised not in steps(closed_case, at=until)["end"].words


def test_of_a_tip_off_the_unit_is_not_said_to_know_them(closed_case):
    unit = str(closed_case.owner_unit)
    assert unit in steps(closed_case)["contacted"].words
    assert unit not in steps(closed_case, is_protected=True)["contacted"].words


def test_the_days_figures_are_what_was_answered(closed_case, operator, dispatcher):
    call(closed_case, operator, at=THREE)
    call(closed_case, operator, at=THREE + HOUR, outcome=Result.LATER, again_at=THREE + 4 * HOUR)
    call(
        closed_case,
        dispatcher,
        at=THREE + 4 * HOUR,
        outcome=Result.ANSWERED,
        answers=Answers(contacted=False, solved=True, result=3),
    )
    day = reading.day_of(THREE + 5 * HOUR)
    assert (day.calls, day.people, day.reached, day.answered) == (3, 1, 2, 1)  # "later" was said, too
    assert (day.contacted, day.solved, day.satisfied) == (0.0, 1.0, 0.0)
    assert reading.day_of(THREE + 5 * HOUR, by=operator.user).contacted is None


# --- how many were asked, and how many answered --------------------------------------------------


def asked(case: Incident) -> tuple[int, int]:
    """Who was asked about it, and who has answered, as boards count it."""
    facts = Outcome.objects.filter(incident=case)
    return tuple(
        facts.filter(kind=kind).aggregate(sum=Sum("sign", default=0))["sum"] for kind in ("asked", "answered")
    )


def test_who_is_asked_and_who_answered_are_counted_on_the_day_of_the_closing(closed_case, operator):
    assert asked(closed_case) == (1, 0)
    next_day = THREE + timedelta(days=1)
    call(closed_case, operator, at=next_day, outcome=Result.ANSWERED, answers=FINE)
    assert asked(closed_case) == (1, 1)
    days = Outcome.objects.filter(incident=closed_case, kind__in=("asked", "answered")).values_list("day")
    assert set(days) == {(CLOSED.astimezone(DISTRICT_ZONE).date(),)}
    assert rollups_agree()


def test_who_will_not_say_was_asked_and_has_not_answered_until_they_rate(closed_case, operator):
    call(closed_case, operator, at=THREE, outcome=Result.DECLINED)
    assert asked(closed_case) == (1, 0)
    actions.rate(report=closed_case.links.get().report, result=5, at=THREE + HOUR)
    assert asked(closed_case) == (1, 1)
    assert rollups_agree()


def test_who_rates_before_the_closing_has_answered_with_it(resolved_case, operator):
    actions.rate(report=resolved_case.links.get().report, result=5, at=CLOSED - MINUTE)
    assert asked(resolved_case) == (0, 0)
    actions.close(number=resolved_case.number, reason="材料齐全", actor=operator.actor, at=CLOSED)
    assert asked(resolved_case) == (1, 1)
    assert rollups_agree()


def test_a_closing_that_did_not_stand_has_asked_nobody_but_who_answered(closed_case, operator):
    actions.reopen(number=closed_case.number, reason="现场未修复", actor=operator.actor, at=THREE)
    assert asked(closed_case) == (0, 0)
    assert rollups_agree()


def test_an_answer_stays_counted_when_its_handling_is_done_again(closed_case, operator, handler):
    actions.rate(report=closed_case.links.get().report, result=1, solved=False, at=THREE)
    actions.object_to(report=closed_case.links.get().report, reason="还是不亮", at=THREE + MINUTE)
    assert asked(closed_case) == (1, 1)
    actions.resolve(
        number=closed_case.number,
        outcome="solved",
        text="重新接线",
        attested=True,
        actor=handler.actor,
        at=THREE + HOUR,
    )
    actions.close(number=closed_case.number, reason="材料齐全", actor=operator.actor, at=THREE + 2 * HOUR)
    assert asked(closed_case) == (2, 1)  # a handling of its own is asked about
    assert rollups_agree()


def test_nobody_is_asked_who_left_no_number(handler, operator):
    case = closed(handler, operator, reporter=Reporter())
    assert asked(case) == (0, 0)
    actions.rate(report=case.links.get().report, result=5, at=THREE)
    assert asked(case) == (0, 0)
    assert rollups_agree()


def rollups_agree() -> bool:
    return [str(one) for one in rollups.differences()] == []
