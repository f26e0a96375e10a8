"""核查: who checks is picked at random, in another street, and in no tree of who did the work."""

from datetime import timedelta

import pytest

from accounts.models import OrgUnit
from incidents import actions
from incidents.models import Assignment, Incident
from incidents.verifying import checkers_for
from tests.cast import TUESDAY, Person, file_report, reload

pytestmark = pytest.mark.django_db


def lead_of(case: Incident) -> Assignment:
    return case.assignments.get(role="lead")


def trees(codes: list[str]) -> set[str]:
    """Every unit that stands above these, or is one of them."""
    return {code for unit in OrgUnit.objects.filter(code__in=codes) for code in unit.path.split(">")}


def test_every_other_streets_station_may_check_a_departments_work(lamp_case):
    stations = OrgUnit.objects.open().filter(code__endswith="/grid-station")
    streets = {station.area_code for station in stations} - {lamp_case.street_code}
    named = OrgUnit.objects.filter(code__in=checkers_for(lamp_case, lead_of(lamp_case)))
    assert {station.area_code for station in named} == streets


def test_a_team_of_the_street_that_supervises_keeps_its_whole_street_out(lamp_case):
    lead = lead_of(lamp_case)
    lead.supervising_unit = "pingdi/operations"
    assert "pingdi" not in trees(checkers_for(lamp_case, lead))


def test_who_supported_the_work_does_not_check_it_nor_their_neighbours(accepted_case, handler, operator):
    actions.invite_support(
        number=accepted_case.number,
        units=["buji/enforcement"],
        asked="请到场配合",
        due_at=TUESDAY + timedelta(days=1),
        actor=handler.actor,
        at=TUESDAY + timedelta(minutes=20),
    )
    named = checkers_for(reload(accepted_case), lead_of(accepted_case))
    assert named
    assert "buji" not in trees(named)


def test_the_pick_is_not_always_the_same(operator: Person, handler: Person):
    picked = set()
    for _case in range(8):
        case = file_report()
        actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + timedelta(minutes=5))
        actions.resolve(
            number=case.number,
            outcome="solved",
            text="已换新",
            attested=True,
            actor=handler.actor,
            at=TUESDAY + timedelta(minutes=9),
        )
        asked = case.verifications.get()
        assert asked.unit_id in checkers_for(case, asked.assignment)
        picked.add(asked.unit_id)
    assert len(picked) > 1  # eight times the same of ten stations: once in ten million runs
