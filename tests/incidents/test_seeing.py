"""Which cases a person sees: the same ones, however a list asks for them."""

import pytest

from incidents import policy, seeing
from incidents.models import Assignment, Incident
from tests.cast import TUESDAY, Person


@pytest.mark.parametrize("few", [0, 1, seeing.FEW])
def test_a_list_reads_the_cases_that_one_may_see(
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    operator: Person,
    handler: Person,
    other_handler: Person,
    street_supervisor: Person,
    admin: Person,
    lamp_case: Incident,
    desk_case: Incident,
    resolved_case: Incident,
) -> None:
    monkeypatch.setattr(seeing, "FEW", few)
    seen = {}
    for person in (operator, handler, other_handler, street_supervisor, admin):
        by_condition = set(Incident.objects.filter(policy.visible(person.user)))
        assert set(policy.cases_of(person.user)) == by_condition
        seen[person.user.username] = by_condition
    everything = {lamp_case, desk_case, resolved_case}
    assert seen[operator.user.username] == everything
    assert lamp_case in seen[handler.user.username] < everything
    assert seen[admin.user.username] == set()


def test_a_case_that_was_sent_again_and_again_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, handler: Person, lamp_case: Incident, desk_case: Incident
) -> None:
    """Two of three sendings are one case: what was read of them is not all of them."""
    monkeypatch.setattr(seeing, "FEW", 2)
    for case in (lamp_case, lamp_case, desk_case):
        sent = lamp_case.assignments.get(ended_at=None)
        sent.pk, sent.incident = None, case
        sent.ended_at, sent.end_reason = TUESDAY, Assignment.End.RETURNED
        sent.save(force_insert=True)
    assert desk_case.pk > lamp_case.pk
    assert set(policy.cases_of(handler.user)) == {lamp_case, desk_case}
