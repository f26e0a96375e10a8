"""Which cases a person sees: the same ones, however a list asks for them."""

import pytest

from incidents import policy
from incidents.models import Incident
from tests.cast import Person


@pytest.mark.parametrize("few", [0, 1, policy.FEW])
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
    monkeypatch.setattr(policy, "FEW", few)
    seen = {}
    for person in (operator, handler, other_handler, street_supervisor, admin):
        by_condition = set(Incident.objects.filter(policy.visible(person.user)))
        assert set(policy.cases_of(person.user)) == by_condition
        seen[person.user.username] = by_condition
    everything = {lamp_case, desk_case, resolved_case}
    assert seen[operator.user.username] == everything
    assert lamp_case in seen[handler.user.username] < everything
    assert seen[admin.user.username] == set()
