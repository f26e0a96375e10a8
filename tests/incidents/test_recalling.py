"""Taking back at once what one has just decided on the desk: as if it had not been done."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from incidents import actions, delivery, sweeps
from incidents.actions.recalling import RECALL_WITHIN
from incidents.errors import ActionRefused
from incidents.models import Assignment, Incident, OutboxMessage, Outcome, Timer
from incidents.queries import loads
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, reload

pytestmark = pytest.mark.django_db

SOON = TUESDAY + timedelta(minutes=15)
AT_ONCE = SOON + timedelta(seconds=5)
LAMP_ITEM = "0204-001"
# What an undone deed leaves behind: who has it in hand, and that the case has changed.
_CHANGES = {"version", "claimed_by_id", "claimed_at"}


def stands(case: Incident) -> dict[str, object]:
    """The whole row, but for what an undone deed leaves behind."""
    row = Incident.objects.filter(pk=case.pk).values().get()
    return {name: value for name, value in row.items() if name not in _CHANGES}


def counted(case: Incident) -> dict[str, int]:
    facts: dict[str, int] = {}
    for kind, sign in Outcome.objects.filter(incident=case).values_list("kind", "sign"):
        facts[kind] = facts.get(kind, 0) + sign
    return {kind: total for kind, total in facts.items() if total}


def running(case: Incident) -> list[tuple[str, datetime, datetime]]:
    open_timers = case.timers.filter(stopped_at=None).order_by("kind")
    return [(timer.kind, timer.started_at, timer.due_at) for timer in open_timers]


def dispatch(case: Incident, who: Person) -> None:
    actions.dispatch(number=case.number, item_code=LAMP_ITEM, actor=who.actor, at=SOON)


def reject(case: Incident, who: Person) -> None:
    actions.reject(number=case.number, reason="不在本区", actor=who.actor, at=SOON)


def answer(case: Incident, who: Person) -> None:
    actions.answer(number=case.number, text="请到社区办理", actor=who.actor, at=SOON)


def merge(case: Incident, who: Person) -> None:
    root = file_report(at=TUESDAY, external_id="root")
    actions.merge(number=case.number, into=root.number, actor=who.actor, at=SOON)


@pytest.mark.parametrize("deed", [dispatch, reject, answer, merge])
def test_what_was_taken_back_has_not_happened(
    deed: Callable[[Incident, Person], None], enquiry_case: Incident, operator: Person
) -> None:
    before, facts, clocks = stands(enquiry_case), counted(enquiry_case), running(enquiry_case)
    deed(enquiry_case, operator)
    assert stands(enquiry_case) != before
    actions.recall(number=enquiry_case.number, actor=operator.actor, at=AT_ONCE)
    assert stands(enquiry_case) == before
    assert counted(enquiry_case) == facts
    assert running(enquiry_case) == clocks
    assert enquiry_case.links.filter(unlinked_at=None).count() == 1
    assert reload(enquiry_case).claimed_by == operator.user
    assert enquiry_case.timeline.order_by("pk").last().kind == "recalled"


def test_the_dispatch_clock_warns_and_breaches_as_if_nothing_had_happened(
    desk_case: Incident, operator: Person
) -> None:
    due_at = desk_case.due_at
    dispatch(desk_case, operator)
    actions.recall(number=desk_case.number, actor=operator.actor, at=AT_ONCE)
    sweeps.catch_up(at=due_at + timedelta(minutes=1))
    kinds = list(desk_case.timeline.values_list("kind", flat=True))
    assert kinds.count("breached") == 1
    assert "accepted" not in kinds
    assert desk_case.timers.filter(kind=Timer.Kind.HANDLING, stopped_at=None).count() == 0


def test_it_is_nobodys_return(desk_case: Incident, operator: Person) -> None:
    dispatch(desk_case, operator)
    actions.recall(number=desk_case.number, actor=operator.actor, at=AT_ONCE)
    lead = desk_case.assignments.get()
    assert lead.end_reason == Assignment.End.RECALLED
    assert reload(desk_case).return_count == 0
    [load] = loads([LAMP_UNIT], at=AT_ONCE)
    assert (load.sent, load.returned) == (0, 0)


def test_a_unit_that_was_not_told_yet_hears_nothing_of_it(desk_case: Incident, operator: Person) -> None:
    dispatch(desk_case, operator)
    actions.recall(number=desk_case.number, actor=operator.actor, at=AT_ONCE)
    assert not OutboxMessage.objects.filter(receiver=f"unit:{LAMP_UNIT}").exists()


def test_a_unit_that_was_told_is_told_again(desk_case: Incident, operator: Person, handler: Person) -> None:
    dispatch(desk_case, operator)
    while delivery.spread(at=SOON):
        pass
    actions.recall(number=desk_case.number, actor=operator.actor, at=AT_ONCE)
    told = OutboxMessage.objects.filter(receiver=f"unit:{LAMP_UNIT}").order_by("pk")
    assert [message.kind for message in told] == ["case.dispatched", "case.recalled"]


def test_what_the_unit_has_accepted_stays_with_it(
    desk_case: Incident, operator: Person, handler: Person
) -> None:
    dispatch(desk_case, operator)
    actions.accept(number=desk_case.number, actor=handler.actor, at=SOON + timedelta(seconds=2))
    with pytest.raises(ActionRefused) as refused:
        actions.recall(number=desk_case.number, actor=operator.actor, at=AT_ONCE)
    assert refused.value.code == "wrong_state"
    assert reload(desk_case).status == "handling"


def test_a_unit_that_has_asked_for_a_return_is_answered(
    desk_case: Incident, operator: Person, handler: Person
) -> None:
    dispatch(desk_case, operator)
    actions.request_return(
        number=desk_case.number, reason="不是我们的", cites=LAMP_ITEM, actor=handler.actor, at=SOON
    )
    with pytest.raises(ActionRefused) as refused:
        actions.recall(number=desk_case.number, actor=operator.actor, at=AT_ONCE)
    assert refused.value.code == "asked"
    assert reload(desk_case).owner_unit_id == LAMP_UNIT


def test_only_who_did_it_takes_it_back_and_only_at_once(
    desk_case: Incident, operator: Person, dispatcher: Person
) -> None:
    dispatch(desk_case, operator)
    with pytest.raises(ActionRefused) as refused:
        actions.recall(number=desk_case.number, actor=dispatcher.actor, at=AT_ONCE)
    assert refused.value.code == "not_yours"
    late_at = SOON + RECALL_WITHIN + timedelta(seconds=1)
    with pytest.raises(ActionRefused) as late:
        actions.recall(number=desk_case.number, actor=operator.actor, at=late_at)
    assert late.value.code == "too_late"
    assert reload(desk_case).owner_unit_id == LAMP_UNIT


def test_a_reporter_who_has_been_told_cannot_be_untold(desk_case: Incident, operator: Person) -> None:
    reject(desk_case, operator)
    while delivery.spread(at=SOON):
        pass  # the word about it is held back
    later = SOON + timedelta(seconds=11)
    while delivery.spread(at=later):
        pass
    with pytest.raises(ActionRefused) as refused:
        actions.recall(number=desk_case.number, actor=operator.actor, at=later)
    assert refused.value.code == "told"


def test_a_reporter_is_not_told_what_was_taken_back(desk_case: Incident, operator: Person) -> None:
    reject(desk_case, operator)
    actions.recall(number=desk_case.number, actor=operator.actor, at=AT_ONCE)
    while delivery.spread(at=SOON + timedelta(minutes=1)):
        pass
    assert not OutboxMessage.objects.filter(kind="report.rejected").exists()


def test_what_has_brought_others_along_is_taken_apart_instead(operator: Person) -> None:
    child, middle, root = (
        file_report(external_id=name, text=f"说不清的事{name}", category=None, place=NOWHERE)
        for name in ("a", "b", "c")
    )
    actions.merge(number=child.number, into=middle.number, actor=operator.actor, at=TUESDAY)
    actions.merge(number=middle.number, into=root.number, actor=operator.actor, at=SOON)
    with pytest.raises(ActionRefused) as refused:
        actions.recall(number=middle.number, actor=operator.actor, at=AT_ONCE)
    assert refused.value.code == "wrong_state"


def test_a_case_can_be_sent_again_after_a_slip(desk_case: Incident, operator: Person) -> None:
    dispatch(desk_case, operator)
    actions.recall(number=desk_case.number, actor=operator.actor, at=AT_ONCE)
    again = AT_ONCE + timedelta(seconds=3)
    actions.dispatch(
        number=desk_case.number, item_code=LAMP_ITEM, unit_code="water-group", actor=operator.actor, at=again
    )
    sent = Outcome.objects.filter(incident=desk_case, kind="dispatched", sign=1, reversal=None).get()
    assert (sent.unit_code, sent.first) == ("water-group", True)
