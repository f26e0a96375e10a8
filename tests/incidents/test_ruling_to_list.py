"""裁定转清单: with one click a ruling becomes a proposed change of the list, and only that."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.roles import Role
from dispatch.edition import edition
from dispatch.models import ItemChange, ResponsibilityList
from dispatch.units import UnitDirectory
from incidents import actions
from incidents.errors import ActionRefused
from incidents.models import Adjudication, Incident
from tests.cast import LAMP_UNIT, TUESDAY, Person, person, reload
from tests.drawing import examples

pytestmark = pytest.mark.django_db
NOON = TUESDAY + timedelta(hours=2)


@pytest.fixture
def rule(accepted_case: Incident, handler: Person, supervisor: Person):
    """The lighting company objects, and the supervisor rules."""

    def ruled(unit: str, item: str = "0204-001", words: str = "该路段路灯已移交") -> Incident:
        actions.raise_objection(
            number=accepted_case.number, reason="不归我们", cites="第三条", actor=handler.actor, at=NOON
        )
        actions.rule(
            number=accepted_case.number,
            ruling=words,
            item_code=item,
            unit_code=unit,
            actor=supervisor.actor,
            at=NOON,
        )
        return reload(accepted_case)

    return ruled


def propose(case: Incident, actor: Person) -> Adjudication:
    return actions.propose_change(number=case.number, actor=actor.actor, at=NOON + timedelta(hours=1))


def test_the_ruling_becomes_a_change_in_the_draft_of_suggestions(rule, supervisor: Person) -> None:
    case = rule("transport")
    dispute = propose(case, supervisor)
    draft = dispute.suggested_list
    assert draft is not None
    assert (draft.state, draft.for_suggestions) == (ResponsibilityList.State.DRAFT, True)
    assert draft.items.get(code="0204-001").lead_unit == "transport"
    change = ItemChange.objects.get(list=draft)
    assert (change.item_code, change.by, change.reference) == ("0204-001", supervisor.user, case.number)
    assert "该路段路灯已移交" in change.why
    # and only that: what is live decides as before
    assert edition().index.items["0204-001"].lead_unit == LAMP_UNIT
    assert case.timeline.get(kind="change_proposed").data["version"] == draft.version


@pytest.mark.parametrize(
    ("unit", "pattern"),
    [
        ("longgang", "@street"),
        ("longgang/enforcement", "@street/enforcement"),
        ("longgang/c001", "longgang/c001"),  # another community's
        ("pinghu/enforcement", "pinghu/enforcement"),  # another street's
        ("power-grid", "power-grid"),
    ],
)
def test_the_streets_own_unit_is_meant_in_every_street(rule, supervisor: Person, unit, pattern) -> None:
    case = rule(unit)
    draft = propose(case, supervisor).suggested_list
    assert draft is not None
    assert draft.items.get(code="0204-001").lead_unit == pattern


def test_the_communitys_own_unit_is_meant_in_every_community(
    rule, supervisor: Person, accepted_case: Incident
) -> None:
    station = edition().units.communities[accepted_case.community_code]
    draft = propose(rule(station), supervisor).suggested_list
    assert draft is not None
    assert draft.items.get(code="0204-001").lead_unit == "@community"


def test_who_leads_by_the_ruling_does_not_support_as_well(rule, supervisor: Person) -> None:
    draft = propose(rule("urban-management"), supervisor).suggested_list
    assert draft is not None
    item = draft.items.get(code="0204-001")
    assert (item.lead_unit, item.support_units) == ("urban-management", [])


def test_a_long_ruling_is_cut_and_not_refused(rule, supervisor: Person) -> None:
    case = rule("transport", words="移" * 1_900)
    assert propose(case, supervisor).suggested_list is not None


def test_what_the_list_says_already_is_not_proposed(rule, supervisor: Person) -> None:
    case = rule("power-grid", "0204-002")  # the ruling names another item's unit
    actions.propose_change(number=case.number, actor=supervisor.actor, at=NOON)
    confirmed = rule_again(case, supervisor)
    with pytest.raises(ActionRefused) as refused:
        propose(confirmed, supervisor)
    assert refused.value.code == "unchanged"


def rule_again(case: Incident, supervisor: Person) -> Incident:
    """Sent back to the lighting company, which objects in vain."""
    actions.redispatch(
        number=case.number, item_code="0204-001", reason="重查", actor=supervisor.actor, at=NOON
    )
    lamps = person("lamps", Role.HANDLER, LAMP_UNIT)
    actions.accept(number=case.number, actor=lamps.actor, at=NOON)
    actions.raise_objection(number=case.number, reason="不归", cites="第三条", actor=lamps.actor, at=NOON)
    actions.rule(number=case.number, ruling="归照明", actor=supervisor.actor, at=NOON)
    return reload(case)


def test_a_change_is_proposed_once(rule, supervisor: Person) -> None:
    case = rule("transport")
    propose(case, supervisor)
    with pytest.raises(ActionRefused) as refused:
        propose(case, supervisor)
    assert refused.value.code == "nothing_ruled"


def test_who_was_stopped_half_way_finishes_with_the_next_click(rule, supervisor: Person) -> None:
    case = rule("transport")
    dispute = propose(case, supervisor)
    draft = dispute.suggested_list
    # as if the process had died after the list's transaction
    Adjudication.objects.update(suggested_list=None, suggested_at=None, suggested_item="")
    again = propose(case, supervisor)
    assert again.suggested_list == draft
    assert ItemChange.objects.count() == 1


def test_where_the_clock_decided_nobody_proposes_anything(
    accepted_case: Incident, handler: Person, supervisor: Person
) -> None:
    dispute = actions.raise_objection(
        number=accepted_case.number, reason="不归我们", cites="第三条", actor=handler.actor, at=NOON
    )
    with pytest.raises(ActionRefused) as refused:
        actions.propose_change(
            number=accepted_case.number, actor=supervisor.actor, at=dispute.timer.due_at + timedelta(hours=1)
        )
    assert refused.value.code == "nothing_ruled"


@pytest.mark.parametrize("who", ["handler", "operator", "leader", "street_supervisor"])
def test_who_does_not_rule_proposes_nothing(rule, who: str, request) -> None:
    case = rule("transport")
    with pytest.raises(ActionRefused) as refused:
        propose(case, request.getfixturevalue(who))
    assert refused.value.code == "not_allowed"


@given(data=st.data())
@examples(200)
def test_a_pattern_means_the_same_unit_at_its_own_place(data: st.DataObject) -> None:
    units = UnitDirectory.read()
    street = data.draw(st.sampled_from([None, *sorted(units.streets)]))
    community = data.draw(st.sampled_from([None, *sorted(units.communities)]))
    code = data.draw(st.sampled_from(sorted(units.codes)))
    pattern = units.pattern_for(code, street=street, community=community)
    assert units.resolve(pattern, street=street, community=community) == code
    assert units.knows(pattern)
