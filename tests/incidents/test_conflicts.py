"""回避: a complaint about a unit goes to nobody of that unit's tree, by itself or by anybody's hand."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from dispatch import conduct, service
from dispatch.edition import edition
from dispatch.facts import PlaceFacts
from dispatch.vocabulary import Level
from grids.locate import locate
from incidents import actions, conflicts, levels
from incidents.choosing import machine_record
from incidents.errors import ActionRefused
from incidents.models import Assignment, Incident
from incidents.models.incident import Status
from tests.cast import LAMP_POINT, NOWHERE, TUESDAY, Person, file_report, reload

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
HERE = PlaceFacts(cell="440307003002001", community="440307003002", street="440307003000", in_district=True)
OTHERS = "1903-016"


def decided(text: str, **given: Any) -> service.Decision:
    told = {"text": text, "source": "hotline", "at": TUESDAY, "place": HERE, "category": "1903", **given}
    return service.decide(**told)


def test_who_is_complained_of_is_read_from_names_and_from_what_people_call_them() -> None:
    units = edition().units
    read = conduct.complained_of(
        "街道办的人和城管推来推去,教育局也不管", units, street=HERE.street, community=HERE.community
    )
    assert read == ("education", "pinghu", "pinghu/enforcement")
    assert not conduct.complained_of("街道办和城管都不管", units, street=None, community=None)
    assert conduct.is_own("pinghu/enforcement", ["pinghu"], units)
    assert not conduct.is_own("pinghu", ["pinghu/enforcement"], units)
    assert not conduct.is_own("discipline", read, units)


def test_it_does_not_go_by_itself_to_the_unit_complained_of() -> None:
    own = decided("城管局的人暴力执法,选择性执法")
    assert own.unit == "urban-management"
    assert not own.is_dispatched
    assert "conflict_of_interest" in own.triage_codes
    outside = decided("平湖街道办的街道干部不作为,街道领导敷衍")
    assert outside.unit == "discipline"
    assert "conflict_of_interest" not in outside.triage_codes


def test_a_matter_that_is_not_about_conduct_names_units_freely() -> None:
    lamp = decided("路灯不亮,已向街道办反映", category="0204")
    assert lamp.facts.about == ()


@pytest.fixture
def complaint(db: None) -> Incident:
    """About the lamp company's neighbour in the list: the traffic police."""
    return file_report(text="交警态度恶劣,交警罚单异议没人理", category="1903", place=NOWHERE)


def test_nobody_sends_it_to_them_either(complaint: Incident, dispatcher: Person) -> None:
    assert complaint.status == Status.TRIAGE
    record = machine_record(complaint)
    assert record is not None
    assert record.detail["facts"]["about"] == ["traffic-police"]
    send = {"number": complaint.number, "actor": dispatcher.actor, "at": TUESDAY + HOUR}
    with pytest.raises(ActionRefused) as refused:
        actions.dispatch(**send, item_code="1903-008")
    assert refused.value.code == "conflict_of_interest"
    assert reload(complaint).status == Status.TRIAGE
    actions.dispatch(**send, item_code=OTHERS, unit_code="discipline")
    case = reload(complaint)
    assert case.owner_unit_id == "discipline"

    later = {"number": complaint.number, "actor": dispatcher.actor, "at": TUESDAY + 2 * HOUR}
    with pytest.raises(ActionRefused) as refused:
        actions.redispatch(**later, item_code=OTHERS, unit_code="traffic-police", reason="他们自己查")
    assert refused.value.code == "conflict_of_interest"
    with pytest.raises(ActionRefused) as refused:
        actions.invite_support(**later, units=["justice", "traffic-police"])
    assert refused.value.code == "conflict_of_interest"
    actions.invite_support(**later, units=["justice"])


def test_under_another_matter_it_may_go_to_them(complaint: Incident, dispatcher: Person) -> None:
    """The words misled: it is about a car in the way, and the traffic police tow it."""
    cars = next(item for item in edition().index.items.values() if item.lead_unit == "traffic-police")
    assert cars.category != conduct.CATEGORY
    send = {"number": complaint.number, "item_code": cars.code, "actor": dispatcher.actor}
    with pytest.raises(ActionRefused) as refused:
        actions.dispatch(**send, at=TUESDAY + HOUR)
    assert refused.value.code == "conflict_of_interest"
    actions.correct(
        number=complaint.number, category=cars.category, actor=dispatcher.actor, at=TUESDAY + HOUR
    )
    actions.dispatch(**send, at=TUESDAY + 2 * HOUR)
    assert reload(complaint).owner_unit_id == "traffic-police"


def test_whoever_files_it_under_conduct_by_hand_is_held_to_it_too(dispatcher: Person) -> None:
    """Its words were read as another matter, so that the machine complained of nobody."""
    case = file_report(text="路灯坏了,交警路过态度恶劣", category="0204", place=NOWHERE)
    record = machine_record(case)
    assert record is not None
    assert record.detail["facts"]["about"] == []
    with pytest.raises(ActionRefused) as refused:
        actions.redispatch(
            number=case.number,
            item_code="1903-008",
            reason="属作风投诉",
            actor=dispatcher.actor,
            at=TUESDAY + HOUR,
        )
    assert refused.value.code == "conflict_of_interest"


def test_what_joined_it_says_whom_it_is_about(complaint: Incident, dispatcher: Person) -> None:
    joined = file_report(text="教育局也推来推去", category="1903", place=NOWHERE)
    actions.merge(number=joined.number, into=complaint.number, actor=dispatcher.actor, at=TUESDAY + HOUR)
    assert conflicts.complained_of(reload(complaint)) == ("education", "traffic-police")


def test_it_does_not_come_to_them_as_the_unit_above(dispatcher: Person) -> None:
    """About a street's office: once its limit has passed, not the street's own centre has it."""
    at = {"place": locate(lon=LAMP_POINT[0], lat=LAMP_POINT[1])}
    case = file_report(text="街道办的街道干部不作为", category="1903", **at)
    street = edition().units.streets[case.street_code]
    assert street in conflicts.complained_of(case)
    lead = Assignment(incident=case, unit_id=edition().units.communities[case.community_code])
    assert levels.unit_above(case, lead, Level.STREET, edition().units) == settings.TRIAGE_UNIT
    other = file_report(text="网络上的人态度恶劣", category="1903", **at)
    assert levels.unit_above(other, lead, Level.STREET, edition().units).startswith(street)


def test_an_emergency_does_not_take_them_along(dispatcher: Person) -> None:
    told = {"text": "报警没人管,派出所不立案", "category": "1903", "urgency": "emergency", "place": NOWHERE}
    case = file_report(**told)
    if case.status == Status.TRIAGE:
        at = TUESDAY + HOUR
        actions.dispatch(number=case.number, item_code="1903-007", actor=dispatcher.actor, at=at)
    lead = case.assignments.get(role=Assignment.Role.LEAD)
    assert (lead.unit_id, lead.supporting_units) == ("discipline", ["police", "justice"])
    asked = case.assignments.filter(role=Assignment.Role.SUPPORT).values_list("unit_id", flat=True)
    assert list(asked) == ["justice"]
