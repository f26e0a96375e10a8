"""分级: a case that is late, or asked to, moves up one level to the unit above, with a limit of its own."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from accounts.models import OrgUnit
from accounts.roles import Role
from dashboards import rollups
from dispatch.edition import edition
from incidents import actions, levels, sweeps
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused
from incidents.intake import UpdateDraft, apply_update
from incidents.models import Assignment, CaseRequest, FiredStage, Incident, OutboxMessage, Outcome, Timer
from incidents.models.incident import ResolutionOutcome, Status
from incidents.pages.level_steps import way_up
from incidents.public import status
from tests.cast import TUESDAY, Person, file_report, person, reload

pytestmark = pytest.mark.django_db

COMPANY, STATION, CENTRE, BUREAU = (
    "sanitation-company",
    "longgang/c006",
    "longgang/operations",
    "urban-management",
)
ROADSIDE_LITTER = "0101-001"  # level A, for the sanitation company, under the bureau; four working hours
LITTER = "南联社区植物园路公交站旁人行道上有一堆生活垃圾"


def litter_case(at: datetime = TUESDAY) -> Incident:
    """Dispatched by itself to the sanitation company, in 南联社区, 龙岗街道."""
    case = file_report(at=at, text=LITTER, category="0101", place_type="main_road")
    assert (case.owner_unit_id, case.item_code, case.level) == (COMPANY, ROADSIDE_LITTER, "A")
    return case


@pytest.fixture
def cleaner(db: None) -> Person:
    return person("cleaner", Role.HANDLER, COMPANY)


@pytest.fixture
def station(db: None) -> Person:
    return person("station", Role.HANDLER, STATION)


def breach(case: Incident) -> Incident:
    """Let the handling limit of the unit that has it pass."""
    clock = handling(case)
    sweeps.catch_up(at=clock.due_at)
    return reload(case)


def handling(case: Incident) -> Timer:
    return case.timers.get(kind=Timer.Kind.HANDLING, stopped_at__isnull=True)


def lead(case: Incident) -> Assignment:
    return case.assignments.get(role=Assignment.Role.LEAD, ended_at__isnull=True)


def counted(case: Incident, kind: Outcome.Kind) -> list[Outcome]:
    return list(case.outcomes.filter(kind=kind, sign=1, reversal__isnull=True))


def messages(case: Incident, kind: str) -> list[str]:
    return list(OutboxMessage.objects.filter(incident=case, kind=kind).values_list("receiver", flat=True))


# --- who has it at which level --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "level", "above"),
    [
        (COMPANY, "B", STATION),
        (COMPANY, "C", CENTRE),
        (COMPANY, "D", BUREAU),
        (STATION, "B", STATION),
        (STATION, "C", CENTRE),
        ("longgang/enforcement", "B", STATION),
        ("longgang/enforcement", "C", CENTRE),
        ("longgang", "C", "longgang"),
        (CENTRE, "C", CENTRE),
        (CENTRE, "D", BUREAU),
        ("water-affairs", "B", "water-affairs"),
        ("water-affairs", "D", "water-affairs"),
    ],
)
def test_the_unit_above_is_the_one_that_stands_at_that_level(unit: str, level: str, above: str) -> None:
    case = litter_case()
    sent = lead(case)
    sent.unit_id = unit
    assert levels.unit_above(case, sent, level, edition().units) == above


def test_without_a_department_above_it_is_the_desks_to_decide() -> None:
    case = litter_case()
    sent = lead(case)
    sent.supervising_unit = "operations-centre"
    assert levels.unit_above(case, sent, "D", edition().units) == "operations-centre"


def test_where_the_place_is_not_known_nobody_is_above() -> None:
    case = litter_case()
    case.community_code = ""
    assert levels.unit_above(case, lead(case), "B", edition().units) == ""


# --- late -----------------------------------------------------------------------------------------


def test_a_late_case_moves_up_to_the_unit_above_with_clocks_of_its_own() -> None:
    case = litter_case()
    late = handling(case)
    case = breach(case)
    assert (case.level, case.first_level, case.owner_unit_id) == ("B", "A", STATION)
    assert case.status == Status.DISPATCHED
    before, now = case.assignments.order_by("pk")
    assert (before.end_reason, before.ended_at) == (Assignment.End.RAISED, late.due_at)
    assert (now.follows, now.level, now.item_code) == (before, "B", ROADSIDE_LITTER)
    assert now.decision == before.decision
    assert (handling(case).started_at, handling(case).limit) == (late.due_at, "4wh")
    assert case.timers.filter(kind=Timer.Kind.ACCEPTANCE, stopped_at__isnull=True, unit_code=STATION).exists()
    assert case.due_at is not None
    assert case.due_at > late.due_at


def test_the_line_and_both_units_hear_of_it() -> None:
    case = breach(litter_case())
    line = case.timeline.get(kind="level_raised")
    told = {name: line.data[name] for name in ("before", "after", "why", "unit", "from", "assignment")}
    assert told == {
        "before": "A",
        "after": "B",
        "why": "breach",
        "unit": STATION,
        "from": COMPANY,
        "assignment": lead(case).pk,
    }
    assert messages(case, "case.raised") == [f"unit:{STATION}"]
    assert messages(case, "case.relieved") == [f"unit:{COMPANY}"]


def test_the_head_of_the_late_unit_is_told_before_the_case_moves_on() -> None:
    case = breach(litter_case())
    late = Timer.objects.get(incident=case, kind=Timer.Kind.HANDLING, unit_code=COMPANY)
    fired = FiredStage.objects.filter(timer=late, due_at=late.due_at).values_list("stage", flat=True)
    assert list(fired) == ["breach", "esc_head", "level_up"]
    assert f"head:{COMPANY}" in messages(case, "timer.escalated")


def test_the_breach_counts_once_and_against_the_late_unit(station: Person) -> None:
    case = breach(litter_case())
    case = breach(case)  # the station is late as well
    (due,) = counted(case, Outcome.Kind.DUE)
    assert (due.unit_code, due.on_time) == (COMPANY, False)
    assert case.owner_unit_id == CENTRE


def test_it_goes_up_a_level_at_a_time_and_stays_at_the_district() -> None:
    case = litter_case()
    owners = []
    for _level in range(4):
        case = breach(case)
        owners.append((case.level, case.owner_unit_id))
    assert owners == [("B", STATION), ("C", CENTRE), ("D", BUREAU), ("D", BUREAU)]
    assert [(rung.letter, rung.unit.code) for rung in way_up(case) if rung.unit] == [
        ("A", COMPANY),
        ("B", STATION),
        ("C", CENTRE),
        ("D", BUREAU),
    ]


def test_a_rightly_dispatched_case_is_dispatched_once_and_handled_from_then(station: Person) -> None:
    case = litter_case()
    case = breach(case)
    at = case.due_at
    assert at is not None
    actions.accept(number=case.number, actor=station.actor, at=at - timedelta(hours=1))
    actions.resolve(
        number=case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已清运",
        attested=True,
        actor=station.actor,
        at=at - timedelta(minutes=30),
    )
    case = reload(case)
    assert case.dispatched_at == TUESDAY
    (sent,), (handled,) = counted(case, Outcome.Kind.DISPATCHED), counted(case, Outcome.Kind.HANDLED)
    assert (sent.unit_code, sent.elapsed) == (COMPANY, 0)
    assert handled.elapsed == (at - timedelta(minutes=30) - TUESDAY).total_seconds()
    assert (handled.unit_code, handled.level, handled.first_level) == (STATION, "B", "A")
    assert handled.first is False
    assert [str(difference) for difference in rollups.differences()] == []


def test_a_sweep_that_was_dead_for_days_takes_no_time_from_the_unit_above() -> None:
    case = litter_case()
    woke = handling(case).due_at + timedelta(days=9)
    sweeps.catch_up(at=woke)
    case = reload(case)
    assert (case.level, case.owner_unit_id) == ("B", STATION)
    assert handling(case).started_at == woke
    assert (
        case.timeline.get(kind="level_raised").at
        == Timer.objects.get(incident=case, kind=Timer.Kind.HANDLING, unit_code=COMPANY).due_at
    )


def test_the_unit_that_was_late_cannot_settle_it_any_more(cleaner: Person) -> None:
    case = litter_case()
    actions.accept(number=case.number, actor=cleaner.actor, at=TUESDAY)
    with pytest.raises(ActionRefused) as refused:
        actions.resolve(
            number=case.number,
            outcome=ResolutionOutcome.SOLVED,
            text="已清运",
            attested=True,
            actor=cleaner.actor,
            at=handling(case).due_at + timedelta(minutes=1),
        )
    assert refused.value.code == "not_allowed"


def test_where_nobody_else_is_above_only_the_level_changes(station: Person) -> None:
    case = litter_case()
    Incident.objects.filter(pk=case.pk).update(community_code="")
    case = breach(case)
    assert (case.level, case.owner_unit_id) == ("B", COMPANY)
    assert case.assignments.count() == 1
    assert "unit" not in case.timeline.get(kind="level_raised").data


def test_before_the_desk_it_is_dispatched_anew_and_keeps_its_level(dispatcher: Person) -> None:
    case = litter_case()
    Incident.objects.filter(pk=case.pk).update(level="C")
    case.assignments.update(supervising_unit="operations-centre")
    case = breach(case)
    assert (case.status, case.level, case.triage_codes) == (Status.TRIAGE, "D", ["raised"])
    assert counted(case, Outcome.Kind.DISPATCHED) == []
    assert messages(case, "case.raised") == ["unit:operations-centre"]
    actions.dispatch(
        number=case.number,
        item_code=ROADSIDE_LITTER,
        unit_code=BUREAU,
        actor=dispatcher.actor,
        at=handling_end(case) + timedelta(minutes=5),
    )
    case = reload(case)
    assert (case.level, case.first_level, case.owner_unit_id) == ("D", "A", BUREAU)
    assert [str(difference) for difference in rollups.differences()] == []


def handling_end(case: Incident) -> datetime:
    ended = case.timers.filter(kind=Timer.Kind.HANDLING).latest("pk").stopped_at
    assert ended is not None
    return ended


def test_sent_under_another_item_it_begins_at_that_ones_level(dispatcher: Person) -> None:
    case = breach(litter_case())
    actions.redispatch(
        number=case.number,
        item_code="0204-001",
        reason="其实是路灯",
        actor=dispatcher.actor,
        at=handling(case).started_at + timedelta(minutes=5),
    )
    case = reload(case)
    assert (case.level, case.first_level) == ("D", "D")


# --- what else goes on ----------------------------------------------------------------------------


def test_an_open_order_goes_up_with_the_case(supervisor: Person) -> None:
    case = litter_case()
    order = actions.supervise(
        number=case.number, words="今天清掉", actor=supervisor.actor, at=TUESDAY + timedelta(hours=1)
    )
    case = breach(case)
    order.refresh_from_db()
    assert order.ended_at is None
    assert order.unit_id == STATION
    assert case.supervision_number == order.number


def test_what_the_late_unit_had_asked_for_lapses(cleaner: Person, supervisor: Person) -> None:
    case = litter_case()
    actions.accept(number=case.number, actor=cleaner.actor, at=TUESDAY)
    asked = actions.request_extension(
        number=case.number,
        until=handling(case).due_at + timedelta(hours=1),
        reason="等车",
        actor=cleaner.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    case = breach(case)
    asked.refresh_from_db()
    assert asked.answer == CaseRequest.Answer.LAPSED
    with pytest.raises(ActionRefused) as refused:
        actions.decide_extension(
            number=case.number,
            agreed=True,
            actor=supervisor.actor,
            at=handling(case).started_at + timedelta(minutes=1),
        )
    assert refused.value.code in ("nothing_asked", "wrong_state")


def test_a_paused_clock_moves_nothing_until_it_goes_on(cleaner: Person, supervisor: Person) -> None:
    case = litter_case()
    actions.accept(number=case.number, actor=cleaner.actor, at=TUESDAY)
    until = TUESDAY + timedelta(days=6)
    actions.request_suspension(
        number=case.number, until=until, reason="封路", actor=cleaner.actor, at=TUESDAY + timedelta(hours=1)
    )
    actions.decide_suspension(
        number=case.number, agreed=True, actor=supervisor.actor, at=TUESDAY + timedelta(hours=1)
    )
    sweeps.catch_up(at=until - timedelta(hours=1))
    assert (reload(case).level, reload(case).owner_unit_id) == ("A", COMPANY)
    sweeps.catch_up(at=until)
    case = breach(case)
    assert (case.level, case.owner_unit_id) == ("B", STATION)


def test_upstreams_deadline_that_has_passed_does_not_make_the_unit_above_late_at_once() -> None:
    case = litter_case()
    outside = TUESDAY + timedelta(hours=2)
    draft = UpdateDraft(external_id="D-1", kind="deadline", due_at=outside)
    apply_update(report=case.links.get().report, draft=draft, actor=SYSTEM, at=TUESDAY)
    assert handling(case).due_at == outside
    case = breach(case)
    assert (case.level, case.owner_unit_id) == ("B", STATION)
    assert handling(case).due_at > outside + timedelta(hours=3)


# --- asked for ------------------------------------------------------------------------------------


def asked_case(cleaner: Person) -> Incident:
    case = litter_case()
    actions.request_raise(
        number=case.number, reason="人手不够", actor=cleaner.actor, at=TUESDAY + timedelta(minutes=30)
    )
    return reload(case)


def test_agreed_the_unit_above_has_it_and_nobody_was_late(cleaner: Person, street_centre: Person) -> None:
    case = asked_case(cleaner)
    at = TUESDAY + timedelta(hours=1)
    actions.decide_raise(number=case.number, agreed=True, actor=street_centre.actor, at=at)
    case = reload(case)
    assert (case.level, case.owner_unit_id, handling(case).started_at) == ("B", STATION, at)
    assert counted(case, Outcome.Kind.DUE) == []
    assert case.requests.get().answer == CaseRequest.Answer.AGREED
    assert case.return_count == 0


def test_refused_the_unit_keeps_it_under_its_clock(cleaner: Person, supervisor: Person) -> None:
    case = asked_case(cleaner)
    due_at = handling(case).due_at
    actions.decide_raise(
        number=case.number,
        agreed=False,
        reason="能办",
        actor=supervisor.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    case = reload(case)
    assert (case.level, case.owner_unit_id, handling(case).due_at) == ("A", COMPANY, due_at)


def test_what_would_come_up_to_the_district_the_district_answers(
    cleaner: Person, street_centre: Person, supervisor: Person
) -> None:
    case = litter_case()
    for _level in range(2):
        case = breach(case)
    centre_hand = person("centre-hand", Role.HANDLER, CENTRE)
    at = handling(case).started_at + timedelta(minutes=5)
    actions.request_raise(number=case.number, reason="涉及全区", actor=centre_hand.actor, at=at)
    assert "supervisors" in messages(case, "request.asked")
    with pytest.raises(ActionRefused) as refused:
        actions.decide_raise(number=case.number, agreed=True, actor=street_centre.actor, at=at)
    assert refused.value.code == "not_allowed"
    actions.decide_raise(number=case.number, agreed=True, actor=supervisor.actor, at=at)
    assert reload(case).owner_unit_id == BUREAU


def test_nobody_is_above_the_district(lamp_case: Incident, handler: Person) -> None:
    with pytest.raises(ActionRefused) as refused:
        actions.request_raise(number=lamp_case.number, reason="太难", actor=handler.actor, at=TUESDAY)
    assert refused.value.code == "no_level_above"


def test_the_wrong_unit_asks_for_nothing(other_handler: Person) -> None:
    case = litter_case()
    with pytest.raises(ActionRefused) as refused:
        actions.request_raise(number=case.number, reason="太难", actor=other_handler.actor, at=TUESDAY)
    assert refused.value.code == "not_allowed"


@pytest.fixture
def street_centre(db: None) -> Person:
    return person("street-centre", Role.SUPERVISOR, CENTRE)


def test_who_reported_it_sees_it_passed_on_and_hears_nothing_of_supporting_units(cleaner: Person) -> None:
    case = litter_case()
    actions.invite_support(
        number=case.number,
        units=["police"],
        due_at=TUESDAY + timedelta(hours=1),
        actor=cleaner.actor,
        at=TUESDAY + timedelta(minutes=5),
    )
    case = breach(case)
    report = case.links.get().report
    seen = status(report.tracking_code, at=handling(case).started_at)
    assert seen.steps[0].kind == "level_raised"
    assert seen.steps[0].unit == OrgUnit.objects.get(code=STATION).name
    assert [step.kind for step in seen.steps].count("breached") == 1  # the company's, not the police's


def test_what_was_stopped_by_a_late_sweep_was_stopped_when_it_was_due(
    cleaner: Person, supervisor: Person
) -> None:
    case = litter_case()
    due_at = handling(case).due_at
    actions.supervise(
        number=case.number,
        words="今天清掉",
        answer_by=due_at + timedelta(hours=2),
        actor=supervisor.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    actions.invite_support(
        number=case.number,
        units=[STATION],
        due_at=due_at + timedelta(hours=1),
        actor=cleaner.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    with transaction.atomic():
        held = Incident.objects.locked(case.number).get()
        sweeps.settle(held, at=due_at + timedelta(days=3))
    stopped = case.timers.filter(kind__in=[Timer.Kind.SUPERVISION, Timer.Kind.SUPPORT]).order_by("pk")
    assert [clock.stopped_at for clock in stopped][:2] == [due_at, due_at]
