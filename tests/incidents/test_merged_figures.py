"""撤并不改数: what a unit did before it was merged counts as it would have without."""

import itertools
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from accounts.models import OrgUnit
from accounts.roles import Role
from dashboards.case_checks import case_differences
from incidents import actions, succession, sweeps
from incidents.errors import ActionRefused
from incidents.models import Assignment, FiredStage, Incident, Outcome, Timer
from incidents.models.incident import ResolutionOutcome
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, person, reload
from tests.incidents.test_calls import emergency as emergency
from tests.incidents.test_calls import phone
from tests.incidents.test_follow_up import OWNER, make_safe, manhole
from tests.incidents.test_follow_up import crew as crew

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
HEIR = "water-affairs"


def merge(unit: str, to: str, at: object) -> None:
    OrgUnit.objects.filter(pk=unit).update(is_open=False, successor=to)
    while succession.step(at=at):  # type: ignore[arg-type]
        pass


def standing(case: Incident, kind: Outcome.Kind) -> list[Outcome]:
    return list(case.outcomes.filter(kind=kind, sign=1, reversal__isnull=True))


@pytest.fixture
def theirs(db: None) -> Person:
    return person("theirs", Role.HANDLER, HEIR)


@pytest.fixture
def breached(accepted_case: Incident) -> Incident:
    """Overdue with the unit of lamps, and on the account of it; then that is merged."""
    Incident.objects.filter(pk=accepted_case.pk).update(level="D")  # so that nobody above takes it over
    late = reload(accepted_case).due_at + HOUR
    sweeps.catch_up(at=late)
    merge(LAMP_UNIT, HEIR, late)
    case = reload(accepted_case)
    assert case.owner_unit_id == HEIR
    return case


def test_a_repair_that_was_rightly_sent_stays_so(dispatcher: Person, crew: Person, theirs: Person) -> None:
    case = make_safe(manhole(dispatcher, crew), crew)
    merge(OWNER, HEIR, TUESDAY + 2 * HOUR)
    at = TUESDAY + timedelta(hours=3)
    actions.accept(number=case.number, actor=theirs.actor, at=at)
    actions.resolve(
        number=case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已更换井盖",
        attested=True,
        actor=theirs.actor,
        at=at + HOUR,
    )
    (handled,) = standing(case, Outcome.Kind.HANDLED)
    assert (handled.unit_code, handled.first) == (HEIR, True)


def test_settled_by_the_first_sending_whoever_goes_on_with_it(handler: Person, theirs: Person) -> None:
    case = file_report()
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + HOUR)
    merge(LAMP_UNIT, HEIR, TUESDAY + 2 * HOUR)
    actions.resolve(
        number=case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="修好了",
        attested=True,
        actor=theirs.actor,
        at=TUESDAY + 3 * HOUR,
    )
    (handled,) = standing(case, Outcome.Kind.HANDLED)
    assert handled.first
    assert handled.automatic == Assignment.objects.filter(incident=case).order_by("pk")[0].automatic


def test_the_breach_of_a_merged_unit_leaves_the_rate_by_its_successors_appeal(
    breached: Incident, theirs: Person, supervisor: Person
) -> None:
    (due,) = standing(breached, Outcome.Kind.DUE)
    assert (due.unit_code, due.on_time) == (LAMP_UNIT, False)
    at = due.at + 2 * HOUR
    actions.appeal(number=breached.number, reason="停电两天", actor=theirs.actor, at=at)
    actions.decide_appeal(
        number=breached.number, agreed=True, reason="属实", actor=supervisor.actor, at=at + HOUR
    )
    assert standing(breached, Outcome.Kind.DUE) == []


def test_whoever_tells_of_the_breach_tells_whose_it_was(breached: Incident, theirs: Person) -> None:
    reader = Client()
    reader.force_login(theirs.user)
    told = reader.get(f"/api/v1/incidents/{breached.number}/").json()
    clock = next(clock for clock in told["times"]["clocks"] if clock["kind"] == "handling")
    assert clock["unit"] == HEIR
    assert {stage["unit"] for stage in clock["fired"]} == {LAMP_UNIT}


def test_what_runs_out_later_is_the_successors(accepted_case: Incident) -> None:
    Incident.objects.filter(pk=accepted_case.pk).update(level="D")
    merge(LAMP_UNIT, HEIR, TUESDAY + 2 * HOUR)
    sweeps.catch_up(at=reload(accepted_case).due_at)
    breach = FiredStage.objects.get(timer__incident=accepted_case, timer__kind="handling", stage="breach")
    assert breach.whose == HEIR


def test_a_breach_before_a_case_went_elsewhere_is_appealed_by_the_successor(
    accepted_case: Incident, dispatcher: Person, theirs: Person, other_handler: Person
) -> None:
    Incident.objects.filter(pk=accepted_case.pk).update(level="D")
    late = reload(accepted_case).due_at + HOUR
    sweeps.catch_up(at=late)
    actions.redispatch(
        number=accepted_case.number,
        item_code="0204-001",
        unit_code="water-group",
        reason="裁定",
        actor=dispatcher.actor,
        at=late,
    )
    merge(LAMP_UNIT, HEIR, late)
    with pytest.raises(ActionRefused):
        actions.appeal(number=accepted_case.number, reason="停电", actor=other_handler.actor, at=late + HOUR)
    actions.appeal(number=accepted_case.number, reason="停电", actor=theirs.actor, at=late + HOUR)


def test_a_breach_is_appealed_over_however_many_mergers(accepted_case: Incident, theirs: Person) -> None:
    Incident.objects.filter(pk=accepted_case.pk).update(level="D")
    late = reload(accepted_case).due_at + HOUR
    sweeps.catch_up(at=late)
    chain = [LAMP_UNIT, "justice", "water-group", "discipline", "traffic-police", HEIR]
    for unit, to in itertools.pairwise(chain):
        OrgUnit.objects.filter(pk=unit).update(is_open=False, successor=to)
    while succession.step(at=late):
        pass
    actions.appeal(number=accepted_case.number, reason="停电", actor=theirs.actor, at=late + HOUR)


def test_of_a_unit_that_nobody_goes_on_for_a_right_first_dispatch_stays_right_and_quick(
    handler: Person, dispatcher: Person, other_handler: Person
) -> None:
    case = file_report()
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + HOUR)
    (sent,) = standing(case, Outcome.Kind.DISPATCHED)
    at = TUESDAY + timedelta(days=40)
    OrgUnit.objects.filter(pk=LAMP_UNIT).update(is_open=False, successor=None)
    while succession.step(at=at):
        pass
    given = {"number": case.number, "actor": dispatcher.actor, "item_code": "0204-001"}
    # A slip at the desk is taken back, and changes nothing either.
    actions.dispatch(**given, unit_code="justice", at=at + HOUR)
    actions.recall(number=case.number, actor=dispatcher.actor, at=at + HOUR + timedelta(seconds=20))
    actions.dispatch(**given, unit_code="water-group", at=at + 2 * HOUR)
    (again,) = standing(case, Outcome.Kind.DISPATCHED)
    assert (again.unit_code, again.elapsed, again.day, again.automatic) == (
        LAMP_UNIT,
        sent.elapsed,
        sent.day,
        sent.automatic,
    )
    assert case.outcomes.filter(kind=Outcome.Kind.DISPATCHED, sign=1, first=True).count() == 1
    actions.accept(number=case.number, actor=other_handler.actor, at=at + 3 * HOUR)
    actions.resolve(
        number=case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已更换灯泡",
        attested=True,
        actor=other_handler.actor,
        at=at + 5 * HOUR,
    )
    (handled,) = standing(case, Outcome.Kind.HANDLED)
    assert (handled.unit_code, handled.first) == ("water-group", True)
    assert handled.elapsed == 3 * HOUR.total_seconds()  # its own time
    with connection.cursor() as cursor:
        assert list(case_differences(cursor, 10)) == []


def test_a_wrong_sending_after_that_is_wrong(
    handler: Person, dispatcher: Person, other_handler: Person
) -> None:
    case = file_report()
    at = TUESDAY + timedelta(days=40)
    OrgUnit.objects.filter(pk=LAMP_UNIT).update(is_open=False, successor=None)
    while succession.step(at=at):
        pass
    given = {"number": case.number, "actor": dispatcher.actor, "item_code": "0204-001"}
    actions.dispatch(**given, unit_code="justice", at=at + HOUR)
    actions.redispatch(**given, unit_code="water-group", reason="裁定", at=at + 2 * HOUR)
    (again,) = standing(case, Outcome.Kind.DISPATCHED)
    assert (again.unit_code, again.first) == ("water-group", False)
    assert again.elapsed > timedelta(days=39).total_seconds()


def test_a_call_typed_in_after_the_merger_corrects_what_was_counted(
    emergency: Incident, operator: Person
) -> None:
    limit = Timer.objects.get(incident=emergency, kind="acceptance").due_at
    sweeps.catch_up(at=limit + timedelta(minutes=5))
    (silent,) = standing(emergency, Outcome.Kind.ACCEPTED)
    assert silent.on_time is False
    unit = reload(emergency).owner_unit_id
    merge(unit, HEIR, limit + timedelta(minutes=6))
    phone(
        emergency,
        operator,
        at=limit + timedelta(minutes=10),
        happened_at=limit - timedelta(minutes=2),
    )
    (taken,) = standing(emergency, Outcome.Kind.ACCEPTED)
    assert (taken.unit_code, taken.on_time) == (unit, True)


def test_a_call_that_waits_to_be_countersigned_waits_on(
    emergency: Incident, operator: Person, supervisor: Person
) -> None:
    limit = Timer.objects.get(incident=emergency, kind="acceptance").due_at
    typed = limit + timedelta(minutes=50)
    sweeps.catch_up(at=typed)
    unit = reload(emergency).owner_unit_id
    taken = limit - timedelta(minutes=2)
    phone(emergency, operator, at=typed, happened_at=taken)
    merge(unit, HEIR, typed)
    actions.countersign(
        number=emergency.number, fact="accepted", agreed=True, actor=supervisor.actor, at=typed + HOUR
    )
    lead = Assignment.objects.get(incident=emergency, role="lead", ended_at=None)
    assert (lead.unit_id, lead.accepted_at, reload(emergency).accepted_at) == (HEIR, taken, taken)
    (counted,) = standing(emergency, Outcome.Kind.ACCEPTED)
    assert (counted.unit_code, counted.on_time) == (unit, True)
