"""协办: supporting units with their own part and clock; the case waits for their answers."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.roles import Role
from dashboards import rollups
from grids.locate import locate
from incidents import actions, cohandling, sweeps
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import Receipt, Reporter, receive
from incidents.models import Assignment, FiredStage, Incident, OutboxMessage, Outcome, Timer
from incidents.models.incident import ResolutionOutcome, Status
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, draft, file_report, person, reload

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
WATER, POLICE = "water-group", "police"
Answer, End = Assignment.Answer, Assignment.End


@pytest.fixture
def water(db: None) -> Person:
    return person("water", Role.HANDLER, WATER)


def invited(case: Incident, handler: Person, *units: str, **given: object) -> list[Assignment]:
    at = TUESDAY + HOUR
    return actions.invite_support(
        number=case.number,
        units=list(units or (WATER,)),
        actor=handler.actor,
        at=at,
        **given,  # type: ignore[arg-type]
    )


def supports(case: Incident) -> dict[str, str]:
    """Each supporting unit with how it ended; empty while it is open."""
    rows = case.assignments.filter(role=Assignment.Role.SUPPORT).order_by("pk")
    return dict(rows.values_list("unit_id", "end_reason"))


def clock_of(support: Assignment) -> Timer:
    return Timer.objects.get(assignment=support, kind=Timer.Kind.SUPPORT)


def resolve(case: Incident, handler: Person, **given: object) -> Incident:
    told = {"outcome": ResolutionOutcome.SOLVED, "text": "已修好", "attested": True, **given}
    return actions.resolve(number=case.number, actor=handler.actor, at=TUESDAY + 3 * HOUR, **told)  # type: ignore[arg-type]


def told(case: Incident, kind: str) -> list[str]:
    return sorted(OutboxMessage.objects.filter(incident=case, kind=kind).values_list("receiver", flat=True))


# --- inviting -------------------------------------------------------------------------------------


def test_nobody_is_asked_by_itself_for_an_ordinary_case(lamp_case: Incident) -> None:
    assert lamp_case.assignments.get(role="lead").supporting_units == ["urban-management"]
    assert supports(lamp_case) == {}


def test_an_invited_unit_has_until_the_lead_is_due(accepted_case: Incident, handler: Person) -> None:
    (support,) = invited(accepted_case, handler, asked="请先关水阀")
    lead_clock = accepted_case.timers.get(kind=Timer.Kind.HANDLING)
    assert clock_of(support).due_at == lead_clock.due_at
    assert clock_of(support).unit_code == WATER
    assert support.asked is not None
    assert support.asked.body == "请先关水阀"
    assert told(accepted_case, "support.asked") == [f"unit:{WATER}"]
    line = accepted_case.timeline.get(kind="support_asked")
    assert (line.data["units"], line.data["supports"]) == ([WATER], [support.pk])


def test_another_time_may_be_given(accepted_case: Incident, handler: Person) -> None:
    (support,) = invited(accepted_case, handler, due_at=TUESDAY + 3 * HOUR)
    assert clock_of(support).due_at == TUESDAY + 3 * HOUR


@pytest.mark.parametrize(
    ("units", "given", "code"),
    [
        ([], {}, "required"),
        (["nobody"], {}, "unknown"),
        (["district"], {}, "unknown"),
        ([LAMP_UNIT], {}, "leads"),
        ([WATER], {"due_at": TUESDAY}, "range"),
        ([f"unit-{n}" for n in range(11)], {}, "too_many"),
    ],
)
def test_what_cannot_be_asked_says_why(
    accepted_case: Incident, handler: Person, units: list[str], given: dict[str, object], code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.invite_support(
            number=accepted_case.number,
            units=units,
            actor=handler.actor,
            at=TUESDAY + HOUR,
            **given,  # type: ignore[arg-type]
        )
    assert refused.value.code == code


def test_nobody_is_asked_twice(accepted_case: Incident, handler: Person) -> None:
    invited(accepted_case, handler)
    with pytest.raises(InvalidInput) as refused:
        invited(accepted_case, handler, POLICE, WATER)
    assert refused.value.code == "already_asked"
    assert supports(accepted_case) == {WATER: ""}


def test_once_the_lead_is_overdue_a_time_has_to_be_given(accepted_case: Incident, handler: Person) -> None:
    late = accepted_case.timers.get(kind=Timer.Kind.HANDLING).due_at + HOUR
    with pytest.raises(InvalidInput) as refused:
        actions.invite_support(number=accepted_case.number, units=[WATER], actor=handler.actor, at=late)
    assert (refused.value.field, refused.value.code) == ("due_at", "required")
    actions.invite_support(
        number=accepted_case.number, units=[WATER], due_at=late + HOUR, actor=handler.actor, at=late
    )
    assert supports(accepted_case) == {WATER: ""}


def test_the_lead_and_the_centre_invite_and_nobody_else(
    accepted_case: Incident, dispatcher: Person, other_handler: Person, operator: Person
) -> None:
    for somebody in (other_handler, operator):
        with pytest.raises(ActionRefused) as refused:
            invited(accepted_case, somebody, POLICE)
        assert refused.value.code == "not_allowed"
    invited(accepted_case, dispatcher, POLICE)
    assert supports(accepted_case) == {POLICE: ""}


def test_on_the_desk_nobody_leads(desk_case: Incident, dispatcher: Person) -> None:
    with pytest.raises(ActionRefused) as refused:
        invited(desk_case, dispatcher)
    assert refused.value.code == "wrong_state"


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", Answer.values)
def test_an_answer_ends_the_support_and_is_told_to_the_lead(
    accepted_case: Incident, handler: Person, water: Person, answer: str
) -> None:
    (support,) = invited(accepted_case, handler)
    at = TUESDAY + 2 * HOUR
    actions.answer_support(
        number=accepted_case.number, answer=answer, text="水阀已关", actor=water.actor, at=at
    )
    support.refresh_from_db()
    assert (support.end_reason, support.answer, support.ended_at) == (End.ANSWERED, answer, at)
    assert support.resolution is not None
    assert support.resolution.body == "水阀已关"
    assert clock_of(support).stopped_at == at
    assert told(accepted_case, "support.answered") == [f"unit:{LAMP_UNIT}"]
    assert reload(accepted_case).status == Status.HANDLING


def test_a_unit_that_declines_says_why(accepted_case: Incident, handler: Person, water: Person) -> None:
    invited(accepted_case, handler)
    with pytest.raises(InvalidInput):
        actions.decline_support(
            number=accepted_case.number, reason=" ", actor=water.actor, at=TUESDAY + 2 * HOUR
        )
    actions.decline_support(
        number=accepted_case.number, reason="不是我们的管", actor=water.actor, at=TUESDAY + 2 * HOUR
    )
    assert supports(accepted_case) == {WATER: End.DECLINED}
    invited(accepted_case, handler)  # and can be asked once more
    assert accepted_case.assignments.filter(unit=WATER).count() == 2


def test_only_the_unit_that_was_asked_answers(
    accepted_case: Incident, handler: Person, water: Person
) -> None:
    invited(accepted_case, handler, POLICE)
    with pytest.raises(ActionRefused) as refused:
        actions.answer_support(
            number=accepted_case.number,
            answer=Answer.DONE,
            text="好了",
            actor=water.actor,
            at=TUESDAY + 2 * HOUR,
        )
    assert refused.value.code == "not_allowed"


def test_who_works_for_several_of_the_units_says_for_which(accepted_case: Incident, handler: Person) -> None:
    both = person("both", Role.HANDLER, WATER)
    Membership.objects.create(user=both.user, unit_id=POLICE, role=Role.HANDLER)
    invited(accepted_case, handler, WATER, POLICE)

    def decline(**given: str) -> None:
        actions.decline_support(
            number=accepted_case.number, reason="不归我们", actor=both.actor, at=TUESDAY + 2 * HOUR, **given
        )

    with pytest.raises(InvalidInput) as refused:
        decline()
    assert (refused.value.field, refused.value.code) == ("unit", "required")
    decline(unit=POLICE)
    assert supports(accepted_case) == {WATER: "", POLICE: End.DECLINED}
    decline()  # one is left: nothing to choose between
    assert supports(accepted_case) == {WATER: End.DECLINED, POLICE: End.DECLINED}


def test_a_supporting_unit_does_not_learn_who_reported(
    accepted_case: Incident, handler: Person, water: Person
) -> None:
    invited(accepted_case, handler)
    with pytest.raises(ActionRefused) as refused:
        actions.unmask(
            number=accepted_case.number,
            report_id=accepted_case.links.get().report_id,
            actor=water.actor,
            at=TUESDAY + 2 * HOUR,
        )
    assert refused.value.code == "not_allowed"


# --- the lead waits for them ----------------------------------------------------------------------


def test_the_case_is_not_resolved_while_somebody_has_to_answer(
    accepted_case: Incident, handler: Person, water: Person
) -> None:
    invited(accepted_case, handler, WATER, POLICE)
    with pytest.raises(ActionRefused) as refused:
        resolve(accepted_case, handler)
    assert refused.value.code == "supporters_open"
    actions.answer_support(
        number=accepted_case.number,
        answer=Answer.DONE,
        text="好了",
        actor=water.actor,
        at=TUESDAY + 2 * HOUR,
    )
    with pytest.raises(ActionRefused):
        resolve(accepted_case, handler)
    actions.release_support(
        number=accepted_case.number,
        unit=POLICE,
        reason="不用封路了",
        actor=handler.actor,
        at=TUESDAY + 2 * HOUR,
    )
    assert told(accepted_case, "support.released") == [f"unit:{POLICE}"]
    assert resolve(accepted_case, handler).status == Status.RESOLVED


def test_an_interim_answer_waits_for_nobody(accepted_case: Incident, handler: Person) -> None:
    invited(accepted_case, handler)
    parked = resolve(
        accepted_case,
        handler,
        outcome=ResolutionOutcome.PARKED,
        parked_until=(TUESDAY + timedelta(days=20)).date(),
    )
    assert parked.status == Status.PARKED
    assert supports(accepted_case) == {WATER: ""}


def test_a_late_support_is_told_and_counts_for_nobody(accepted_case: Incident, handler: Person) -> None:
    (support,) = invited(accepted_case, handler, due_at=TUESDAY + 3 * HOUR)
    sweeps.catch_up(at=TUESDAY + 4 * HOUR)
    fired = FiredStage.objects.filter(timer=clock_of(support)).order_by("pk").values_list("stage", flat=True)
    assert list(fired) == ["warn_50", "warn_80", "breach", "esc_head"]
    assert f"unit:{WATER}" in told(accepted_case, "timer.breached")
    assert not accepted_case.outcomes.filter(kind=Outcome.Kind.DUE).exists()
    case = reload(accepted_case)
    assert (case.owner_unit_id, case.clock_kind) == (LAMP_UNIT, Timer.Kind.HANDLING)
    assert supports(case) == {WATER: ""}


# --- where the case moves -------------------------------------------------------------------------


def test_sent_elsewhere_those_go_on_whom_the_item_names(
    accepted_case: Incident, handler: Person, dispatcher: Person
) -> None:
    invited(accepted_case, handler, WATER, "urban-management")
    actions.redispatch(
        number=accepted_case.number,
        item_code="0204-001",
        unit_code="power-grid",
        reason="供电故障",
        actor=dispatcher.actor,
        at=TUESDAY + 2 * HOUR,
    )
    assert supports(accepted_case) == {WATER: End.REDISPATCHED, "urban-management": ""}
    assert told(accepted_case, "support.ended") == [f"unit:{WATER}"]


def test_who_leads_now_supports_no_more(accepted_case: Incident, handler: Person, dispatcher: Person) -> None:
    invited(accepted_case, handler, "urban-management")
    actions.redispatch(
        number=accepted_case.number,
        item_code="0204-001",
        unit_code="urban-management",
        reason="由主管部门办",
        actor=dispatcher.actor,
        at=TUESDAY + 2 * HOUR,
    )
    assert supports(accepted_case) == {"urban-management": End.REDISPATCHED}


def test_an_agreed_return_ends_them(lamp_case: Incident, handler: Person, dispatcher: Person) -> None:
    invited(lamp_case, handler)
    actions.request_return(
        number=lamp_case.number,
        reason="不归我们",
        cites="第三条",
        actor=handler.actor,
        at=TUESDAY + HOUR,
    )
    actions.decide_return(number=lamp_case.number, agreed=True, actor=dispatcher.actor, at=TUESDAY + 2 * HOUR)
    assert supports(lamp_case) == {WATER: End.REDISPATCHED}
    assert not Timer.objects.filter(kind=Timer.Kind.SUPPORT, stopped_at__isnull=True).exists()


def test_a_merged_case_asks_nobody_any_more(
    accepted_case: Incident, handler: Person, dispatcher: Person
) -> None:
    invited(accepted_case, handler)
    root = file_report(at=TUESDAY + HOUR, place=NOWHERE, category=None, text="同一盏灯,不知道在哪")
    actions.merge(
        number=accepted_case.number, into=root.number, actor=dispatcher.actor, at=TUESDAY + 2 * HOUR
    )
    assert supports(accepted_case) == {WATER: End.MERGED}


def test_rework_is_the_leads_alone(
    accepted_case: Incident, handler: Person, water: Person, operator: Person
) -> None:
    invited(accepted_case, handler)
    actions.answer_support(
        number=accepted_case.number,
        answer=Answer.DONE,
        text="好了",
        actor=water.actor,
        at=TUESDAY + 2 * HOUR,
    )
    resolve(accepted_case, handler)
    actions.close(number=accepted_case.number, reason="电话核实", actor=operator.actor, at=TUESDAY + 4 * HOUR)
    actions.reopen(number=accepted_case.number, reason="又坏了", actor=operator.actor, at=TUESDAY + 9 * HOUR)
    assert supports(accepted_case) == {WATER: End.ANSWERED}


# --- emergencies ----------------------------------------------------------------------------------

# Fire seen by a camera: for the street's centre; the fire brigade, the community and the street help.
SMOKE = {
    "category": "1007",
    "text": "AI视频告警:疑似烟火",
    "source": "ai_video",
    "urgency": "emergency",
    "reporter": Reporter(),
}


def test_an_emergency_takes_its_items_units_with_it() -> None:
    case = file_report(**SMOKE)
    assert case.urgency == "emergency"
    lead = case.assignments.get(role=Assignment.Role.LEAD)
    asked = supports(case)
    assert set(asked) == set(lead.supporting_units) - {lead.unit_id}
    assert asked
    assert told(case, "support.asked") == sorted(f"unit:{code}" for code in asked)
    clocks = case.timers.filter(kind=Timer.Kind.SUPPORT)
    assert {clock.limit for clock in clocks} == {lead.handle_limit}
    assert {clock.assignment_id for clock in clocks} == set(
        case.assignments.filter(role=Assignment.Role.SUPPORT).values_list("pk", flat=True)
    )
    assert case.timeline.filter(kind="support_asked").count() == 1


def test_many_emergencies_take_no_more_statements_than_one() -> None:
    def statements(count: int) -> int:
        drafts = [draft(**SMOKE, place=locate(area="440307016006")) for _n in range(count)]
        with CaptureQueriesContext(connection) as captured:
            receipts = receive(drafts, at=TUESDAY)
        assert all(isinstance(one, Receipt) and supports(one.incident) for one in receipts)
        return len(captured)

    for _first_opens_and_second_joins in range(2):
        statements(1)  # either is prepared once for a connection
    assert statements(6) == statements(1)


def test_sent_by_hand_an_emergency_takes_them_too(dispatcher: Person) -> None:
    case = file_report(**SMOKE, place=NOWHERE)
    assert case.status == Status.TRIAGE
    assert supports(case) == {}
    actions.dispatch(
        number=case.number,
        item_code="1007-012",
        unit_code="pinghu/operations",
        actor=dispatcher.actor,
        at=TUESDAY + timedelta(minutes=3),
    )
    assert "fire-rescue" in supports(case)
    assert [str(difference) for difference in rollups.differences()] == []


def test_two_invitations_at_once_ask_a_unit_once(accepted_case: Incident, handler: Person) -> None:
    """What the lock keeps apart the database would refuse too."""
    lead = accepted_case.assignments.get(role="lead")
    (first,), _clocks = cohandling.planned(lead, [WATER], at=TUESDAY)
    (second,), _clocks = cohandling.planned(lead, [WATER], at=TUESDAY)
    first.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()


@pytest.mark.django_db(transaction=True)
def test_resolving_and_inviting_at_once_leave_nobody_behind(
    accepted_case: Incident, handler: Person, dispatcher: Person
) -> None:
    said: list[str] = []

    def attempt(act: Callable[[], object]) -> None:
        try:
            act()
        except ActionRefused as refused:
            said.append(refused.code)
        finally:
            connection.close()

    steps: list[Callable[[], object]] = [
        lambda: resolve(accepted_case, handler),
        lambda: invited(accepted_case, dispatcher),
    ]
    threads = [threading.Thread(target=attempt, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case = reload(accepted_case)
    if case.status == Status.RESOLVED:
        assert (supports(case), said) == ({}, ["wrong_state"])
    else:
        assert (supports(case), said) == ({WATER: ""}, ["supporters_open"])
