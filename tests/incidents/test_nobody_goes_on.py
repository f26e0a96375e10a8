"""撤并与回避: a case for which nobody goes on, or nobody may, is before a person, who is told why."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError
from pytest_django import DjangoAssertNumQueries

from accounts.models import OrgUnit
from accounts.roles import Role
from accounts.units import keeping
from dispatch import conduct
from dispatch.edition import edition
from incidents import actions, succession
from incidents.models import Assignment, Incident, OutboxMessage, Outcome, Text, Timer, Verification
from incidents.models.incident import Status
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, person, reload

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DESK = settings.TRIAGE_UNIT
POLICE, LOOKS_INTO, OTHERS = "traffic-police", "discipline", "1903-016"


@pytest.fixture(autouse=True)
def fresh_worker() -> None:
    succession._later.clear()
    succession._read.clear()


def close(unit: str, to: str | None = None) -> None:
    OrgUnit.objects.filter(pk=unit).update(is_open=False, successor=to)


def run(at: Any = TUESDAY + 5 * HOUR) -> int:
    total = 0
    while done := succession.step(at=at):
        total += done
    return total


@pytest.fixture
def complaint(dispatcher: Person) -> Incident:
    """About the traffic police; the discipline office looks into it, with the justice bureau's help."""
    case = file_report(text="交警态度恶劣,交警罚单异议没人理", category="1903", place=NOWHERE)
    given = {"number": case.number, "actor": dispatcher.actor, "at": TUESDAY + HOUR}
    actions.dispatch(**given, item_code=OTHERS, unit_code=LOOKS_INTO)
    actions.invite_support(**given, units=["justice"])
    return reload(case)


def test_a_complaint_does_not_come_to_those_it_is_about_by_a_merger(complaint: Incident) -> None:
    close(LOOKS_INTO, POLICE)
    assert run() == 1
    case = reload(complaint)
    assert (case.status, case.owner_unit_id, case.triage_codes) == (
        Status.TRIAGE,
        DESK,
        ["conflict_of_interest"],
    )
    assert not Assignment.objects.filter(incident=case, ended_at=None).exists()
    assert not Timer.objects.filter(incident=case, stopped_at=None).exclude(kind="dispatch").exists()
    assert case.timeline.filter(kind="to_desk", data__from=LOOKS_INTO).exists()
    assert run() == 0


def test_nor_does_their_part_in_it(complaint: Incident) -> None:
    close("justice", POLICE)
    run()
    case = reload(complaint)
    assert case.owner_unit_id == LOOKS_INTO
    assert not Assignment.objects.filter(incident=case, role="support", ended_at=None).exists()


def test_a_complaint_about_a_merged_unit_is_about_who_has_its_people(complaint: Incident) -> None:
    close(POLICE, LOOKS_INTO)
    run()
    case = reload(complaint)
    assert (case.status, case.owner_unit_id) == (Status.TRIAGE, DESK)
    assert run() == 0


def test_nor_do_those_who_support_it_become_theirs(complaint: Incident) -> None:
    close(POLICE, "justice")
    assert run() == 1
    case = reload(complaint)
    assert case.owner_unit_id == LOOKS_INTO
    assert not Assignment.objects.filter(incident=case, role="support", ended_at=None).exists()
    assert not Timer.objects.filter(incident=case, kind="support", stopped_at=None).exists()
    assert case.timeline.get(kind="support_released").data["unit"] == "justice"
    assert OutboxMessage.objects.filter(incident=case, kind="support.ended", receiver="unit:justice").exists()
    assert run() == 0


@pytest.fixture
def settled(complaint: Incident) -> Incident:
    """Looked into, and to be checked."""
    given = {"number": complaint.number, "actor": person("looks", Role.HANDLER, LOOKS_INTO).actor}
    actions.accept(**given, at=TUESDAY + HOUR)
    actions.release_support(**given, unit="justice", reason="不用了", at=TUESDAY + HOUR)
    actions.resolve(**given, outcome="solved", text="已谈话", attested=True, at=TUESDAY + 2 * HOUR)
    return reload(complaint)


def test_nor_those_who_are_to_check_it(settled: Incident) -> None:
    was = settled.verifications.get().unit_id
    close(POLICE, was)
    assert run() == 1
    now = settled.verifications.get().unit_id
    assert now != was
    assert Timer.objects.get(incident=settled, kind="verification", stopped_at=None).unit_code == now
    assert reload(settled).status == Status.RESOLVED
    assert run() == 0


def test_a_settled_complaint_about_the_heir_waits_for_its_check_and_is_not_left(settled: Incident) -> None:
    close(LOOKS_INTO, POLICE)
    assert succession.waiting() == {}
    assert run() == 0


def test_a_complaint_whose_taking_failed_is_taken_a_little_later(
    complaint: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_args: Any, **_named: Any) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    close(POLICE, LOOKS_INTO)
    with monkeypatch.context() as patch:
        patch.setattr(actions, "take_from_its_own", dies)
        assert run() == 0
    assert run() == 0  # not at once
    succession._later.update(dict.fromkeys(succession._later, 0.0))
    assert run() == 1
    assert reload(complaint).owner_unit_id == DESK


def test_people_go_on_saying_the_name_of_a_unit_that_is_no_more(db: None) -> None:
    close(POLICE, LOOKS_INTO)
    units = edition().units
    name = units.closed[POLICE][0]
    assert conduct.complained_of(name, units, street=None, community=None) == (LOOKS_INTO,)
    assert conduct.is_own(LOOKS_INTO, [POLICE], units)
    assert not conduct.is_own("justice", [POLICE], units)


def test_merged_into_the_whole_district_nobody_is_complained_of(db: None) -> None:
    close(POLICE, "district")
    units = edition().units
    assert not conduct.is_own(LOOKS_INTO, [POLICE], units)


@pytest.mark.parametrize("doing", ["dispatched", "handling", "suspended", "parked"])
def test_a_case_of_a_unit_without_a_successor_is_before_the_desk(
    doing: str, handler: Person, supervisor: Person
) -> None:
    case = file_report()
    given = {"number": case.number, "actor": handler.actor, "at": TUESDAY + HOUR}
    if doing != "dispatched":
        actions.accept(**given)
    if doing == "suspended":
        actions.request_suspension(**given, until=TUESDAY + timedelta(days=2), reason="等材料")
        actions.decide_suspension(
            number=case.number, agreed=True, actor=supervisor.actor, at=TUESDAY + 2 * HOUR
        )
    if doing == "parked":
        until = (TUESDAY + timedelta(days=40)).date()
        actions.resolve(**given, outcome="parked", text="已列入改造计划", parked_until=until)
    assert reload(case).status == doing
    close(LAMP_UNIT)
    assert succession.waiting() == {LAMP_UNIT: 1}
    assert run() == 1
    now = reload(case)
    assert (now.status, now.owner_unit_id, now.triage_codes) == (Status.TRIAGE, DESK, ["unit_closed"])
    assert list(
        Timer.objects.filter(incident=case, stopped_at=None)
        .exclude(kind="first_contact")
        .values_list("kind", flat=True)
    ) == ["dispatch"]
    assert not Outcome.objects.filter(
        incident=case, kind=Outcome.Kind.DISPATCHED, sign=1, reversal=None
    ).exists()
    assert run() == 0


def test_what_was_settled_is_checked_and_what_was_not_fixed_is_before_the_desk(
    resolved_case: Incident,
) -> None:
    close(LAMP_UNIT)
    assert run() == 0
    assert succession.waiting() == {}
    check = Verification.objects.get(incident=resolved_case)
    actions.verify(
        number=resolved_case.number,
        fixed=False,
        text="还是不亮",
        actor=person("checks", Role.HANDLER, check.unit_id).actor,
        at=TUESDAY + 3 * HOUR,
    )
    assert run() == 1
    assert reload(resolved_case).owner_unit_id == DESK


def test_a_case_that_is_opened_again_for_a_closed_unit_is_before_the_desk(
    resolved_case: Incident, operator: Person
) -> None:
    given = {"number": resolved_case.number, "actor": operator.actor}
    actions.close(**given, reason="看过了", at=TUESDAY + 3 * HOUR)
    close(LAMP_UNIT)
    actions.reopen(**given, reason="又坏了", at=TUESDAY + 4 * HOUR)
    assert reload(resolved_case).owner_unit_id == LAMP_UNIT
    assert run() == 1
    assert reload(resolved_case).owner_unit_id == DESK


def test_who_was_to_check_for_a_closed_unit_is_drawn_anew(resolved_case: Incident) -> None:
    was = resolved_case.verifications.get().unit_id
    close(was)
    assert run() == 1
    now = resolved_case.verifications.get().unit_id
    assert now != was
    assert Timer.objects.get(incident=resolved_case, kind="verification", stopped_at=None).unit_code == now


def test_the_line_says_who_merged_the_unit_and_why(admin: Person) -> None:
    case = file_report()
    unit = OrgUnit.objects.get(pk=LAMP_UNIT)
    keeping.close(
        code=LAMP_UNIT,
        successor="water-affairs",
        reason="机构改革",
        seen=keeping.stamp_of(unit),
        actor=admin.user,
    )
    run()
    line = case.timeline.get(kind="unit_succeeded")
    assert line.actor == admin.user
    assert Text.objects.get(pk=line.data["text"]).body == "机构改革"


def test_a_look_costs_no_more_queries_however_many_units_were_merged(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    codes = ["justice", "water-group", LAMP_UNIT]
    for code in codes:
        close(code, "water-affairs")
    file_report()
    with django_assert_num_queries(2):
        succession.waiting()


# --- between the look and the lock ----------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.CLOSED, Status.REJECTED, Status.MERGED])
@pytest.mark.parametrize("heir", [None, "water-group"])
def test_what_ended_meanwhile_stays_ended(db: None, status: str, heir: str | None) -> None:
    case = file_report()
    into = file_report(text="另一件事", place=NOWHERE) if status == Status.MERGED else None
    Incident.objects.filter(pk=case.pk).update(
        status=status, closed_at=TUESDAY, outcome="solved", due_at=None, clock_kind="", merged_into=into
    )
    close(LAMP_UNIT, heir)
    before = reload(case)
    went = actions.succeed(
        number=case.number, unit_code=LAMP_UNIT, to=heir, actor=succession.SYSTEM, at=TUESDAY + HOUR
    )
    after = reload(case)
    assert not went
    assert (after.status, after.owner_unit_id, after.version) == (status, LAMP_UNIT, before.version)


def test_a_unit_that_is_open_again_keeps_its_cases(db: None) -> None:
    case = file_report()
    assert not actions.succeed(
        number=case.number, unit_code=LAMP_UNIT, to="water-group", actor=succession.SYSTEM, at=TUESDAY + HOUR
    )
    assert reload(case).owner_unit_id == LAMP_UNIT


def test_a_complaint_that_was_settled_meanwhile_waits_for_its_check(complaint: Incident) -> None:
    Incident.objects.filter(pk=complaint.pk).update(status=Status.RESOLVED, owner_unit=POLICE)
    assert not actions.take_from_its_own(
        number=complaint.number, actor=succession.SYSTEM, at=TUESDAY + 2 * HOUR
    )
    assert reload(complaint).status == Status.RESOLVED
