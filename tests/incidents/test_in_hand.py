"""Inside the unit: whose hands a case is in, what reporters are written, how a dispute was mediated."""

from datetime import timedelta

import pytest

from accounts.roles import Action, Role
from incidents import actions, policy, public
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import Reporter
from incidents.mediating import Mediated
from incidents.models import Incident, Mediation, OutboxMessage, Timer
from incidents.models.incident import ResolutionOutcome, Status
from incidents.timeline import Kind
from incidents.timeline_words import read
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, person, reload

NOON = TUESDAY + timedelta(hours=2)


@pytest.fixture
def colleague(db: None) -> Person:
    return person("colleague", Role.HANDLER, LAMP_UNIT, "吴亮")


@pytest.fixture
def dispute(handler: Person) -> Incident:
    """Neighbours at odds, in the hands of whoever the list names."""
    case = file_report(
        category="1401", text="楼上漏水泡坏了我家天花板,双方吵了几次", place_type="residential_estate"
    )
    if case.status == Status.TRIAGE:
        dispatcher = person("sends", Role.DISPATCHER, "operations-centre")
        actions.dispatch(number=case.number, item_code="1401-001", actor=dispatcher.actor, at=TUESDAY)
    case = reload(case)
    mediator = person("mediator", Role.HANDLER, case.owner_unit_id, "调解员")
    return actions.accept(number=case.number, actor=mediator.actor, at=TUESDAY + timedelta(minutes=5))


def mediator_of(case: Incident) -> Person:
    assert case.handler is not None
    return Person(case.handler, case.owner_unit_id)


def last_line(case: Incident) -> str:
    return read(case.timeline.select_related("actor", "actor_unit", "client").order_by("-pk")[:1])[0].words


def resolve(case: Incident, outcome: ResolutionOutcome, told: Mediated | None) -> Incident:
    return actions.resolve(
        number=case.number,
        outcome=outcome,
        text="已组织双方调解",
        attested=True,
        mediation=told,
        actor=mediator_of(case).actor,
        at=NOON,
    )


# --- hands ----------------------------------------------------------------------------------------


def test_a_case_goes_into_a_colleagues_hands(
    accepted_case: Incident, handler: Person, colleague: Person
) -> None:
    due_at, owner = accepted_case.due_at, accepted_case.owner_unit_id
    actions.assign(number=accepted_case.number, to="colleague", text="带梯子", actor=handler.actor, at=NOON)
    case = reload(accepted_case)
    assert case.handler == colleague.user
    assert (case.status, case.due_at, case.owner_unit_id) == (Status.HANDLING, due_at, owner)
    assert "吴亮" in last_line(case)
    told = OutboxMessage.objects.get(kind="case.assigned")
    assert told.receiver == f"user:{colleague.user.pk}"


def test_who_takes_it_in_hand_is_not_told_so(accepted_case: Incident, colleague: Person) -> None:
    actions.assign(number=accepted_case.number, to="colleague", actor=colleague.actor, at=NOON)
    assert reload(accepted_case).handler == colleague.user
    assert not OutboxMessage.objects.filter(kind="case.assigned").exists()


def test_it_goes_back_to_the_whole_unit(accepted_case: Incident, handler: Person) -> None:
    actions.assign(number=accepted_case.number, to="", actor=handler.actor, at=NOON)
    assert reload(accepted_case).handler is None


@pytest.mark.parametrize(
    ("to", "code"), [("other-handler", "unknown"), ("nobody", "unknown"), ("handler", "same")]
)
def test_only_into_other_hands_of_the_same_unit(
    accepted_case: Incident, handler: Person, other_handler: Person, to: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.assign(number=accepted_case.number, to=to, actor=handler.actor, at=NOON)
    assert (refused.value.field, refused.value.code) == ("to", code)


def test_the_head_of_the_unit_hands_on_and_the_districts_leader_does_not(
    accepted_case: Incident, colleague: Person, leader: Person
) -> None:
    head = person("head", Role.LEADER, LAMP_UNIT, "罗明")
    assert policy.can(head.user, Action.ASSIGN, accepted_case)
    assert not policy.can(leader.user, Action.ASSIGN, accepted_case)
    actions.assign(number=accepted_case.number, to="colleague", actor=head.actor, at=NOON)
    with pytest.raises(ActionRefused) as refused:
        actions.assign(number=accepted_case.number, to="handler", actor=leader.actor, at=NOON)
    assert refused.value.code == "not_allowed"


def test_what_is_resolved_is_handed_to_nobody(
    resolved_case: Incident, handler: Person, colleague: Person
) -> None:
    with pytest.raises(ActionRefused) as refused:
        actions.assign(number=resolved_case.number, to="colleague", actor=handler.actor, at=NOON)
    assert refused.value.code == "wrong_state"


# --- messages -------------------------------------------------------------------------------------


def test_the_reporter_reads_what_the_unit_writes(accepted_case: Incident, handler: Person) -> None:
    actions.message(number=accepted_case.number, text="配件明天到,后天修好", actor=handler.actor, at=NOON)
    report = accepted_case.links.get().report
    seen = public.status(report.tracking_code, at=NOON).steps[0]
    assert (seen.kind, seen.note) == (Kind.MESSAGED, "配件明天到,后天修好")
    assert seen.unit == accepted_case.owner_unit.name
    assert OutboxMessage.objects.get(kind="reporter.written").receiver == f"report:{report.pk}"


def test_writing_is_a_contact(accepted_case: Incident, handler: Person) -> None:
    clock = accepted_case.timers.get(kind=Timer.Kind.FIRST_CONTACT)
    assert clock.stopped_at is None
    actions.message(number=accepted_case.number, text="我们明天来", actor=handler.actor, at=NOON)
    clock.refresh_from_db()
    assert (clock.stopped_at, reload(accepted_case).first_contact_at) == (NOON, NOON)


def test_what_the_centre_writes_is_no_contact_of_the_units(accepted_case: Incident, operator: Person) -> None:
    actions.message(number=accepted_case.number, text="已转办", actor=operator.actor, at=NOON)
    assert accepted_case.timers.get(kind=Timer.Kind.FIRST_CONTACT).stopped_at is None
    assert reload(accepted_case).first_contact_at is None


def test_the_unit_does_not_write_to_who_gave_a_tip_off(handler: Person, operator: Person) -> None:
    tip = file_report(nature="tip_off")
    assert not policy.can(handler.user, Action.MESSAGE, tip)
    with pytest.raises(ActionRefused) as refused:
        actions.message(number=tip.number, text="你是谁?", actor=handler.actor, at=NOON)
    assert refused.value.code == "not_allowed"
    actions.message(number=tip.number, text="已收到", actor=operator.actor, at=NOON)
    assert tip.timeline.filter(kind=Kind.MESSAGED).count() == 1


def test_nobody_is_written_to_where_a_machine_reported(handler: Person, db: None) -> None:
    seen = file_report(source="sensor", reporter=Reporter())
    with pytest.raises(ActionRefused) as refused:
        actions.message(number=seen.number, text="收到", actor=handler.actor, at=NOON)
    assert refused.value.code == "no_reporter"


def test_nobodys_telephone_rings_all_day(accepted_case: Incident, handler: Person) -> None:
    for _try in range(5):
        actions.message(number=accepted_case.number, text="在路上", actor=handler.actor, at=NOON)
    with pytest.raises(ActionRefused) as refused:
        actions.message(number=accepted_case.number, text="在路上", actor=handler.actor, at=NOON)
    assert refused.value.code == "too_many"
    tomorrow = NOON + timedelta(days=1, minutes=1)
    actions.message(number=accepted_case.number, text="今天修", actor=handler.actor, at=tomorrow)


# --- mediation ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "told", "code"),
    [
        (ResolutionOutcome.SOLVED, None, "required"),
        (ResolutionOutcome.SOLVED, Mediated("peoples", settled=False), "not_settled"),
        (ResolutionOutcome.EXPLAINED, Mediated("magic", settled=False), "unknown"),
    ],
)
def test_a_dispute_is_solved_by_a_mediation_that_settled_it(
    dispute: Incident, outcome: ResolutionOutcome, told: Mediated | None, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve(dispute, outcome, told)
    assert (refused.value.field, refused.value.code) == ("mediation", code)
    assert not Mediation.objects.exists()


def test_who_mediated_and_how_it_ended_is_kept(dispute: Incident) -> None:
    resolve(dispute, ResolutionOutcome.SOLVED, Mediated("peoples", settled=True))
    kept = Mediation.objects.get(incident=dispute)
    assert (kept.kind, kept.settled, kept.told_at) == ("peoples", True, NOON)
    line = dispute.timeline.get(kind=Kind.RESOLVED)
    assert (line.data["mediation"], line.data["settled"]) == ("peoples", True)


def test_a_dispute_may_end_unsettled_before_a_court(dispute: Incident) -> None:
    resolve(dispute, ResolutionOutcome.LEGAL_ROUTE, Mediated("administrative", settled=False))
    assert not Mediation.objects.get(incident=dispute).settled


def test_a_lamp_is_not_mediated(accepted_case: Incident) -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve(accepted_case, ResolutionOutcome.SOLVED, Mediated("peoples", settled=True))
    assert refused.value.code == "not_here"
