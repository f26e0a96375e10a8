"""Words and point disagree; and a person on the desk says where it is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.roles import Role
from grids import registers
from grids.locate import locate
from grids.models import Area, Facility
from incidents import actions, timeline
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import ReportDraft, receive_one
from incidents.models import Incident, Outcome
from incidents.models.incident import Status
from tests.cast import Person, person

pytestmark = pytest.mark.django_db

TEXT = "{place}这边流动摊贩占道卖水果，人行道走不了"
# A lane's stalls are the street's own team's: another street, another unit.
STALLS = "0105"


@pytest.fixture(autouse=True)
def fresh_registers():
    registers.distrust()
    yield
    Facility.objects.all().delete()
    registers.touch(registers.FACILITIES)


@pytest.fixture
def here() -> Area:
    return Area.objects.get(kind="community", name_zh="良安田社区")


@pytest.fixture
def there() -> Area:
    return Area.objects.get(kind="community", name_zh="五和社区")


def report(text: str, place: Area, serial: str = "1", **more: object) -> Incident:
    draft = ReportDraft(
        source="hotline",
        external_id=f"place-{serial}",
        text=text,
        category=more.pop("category", STALLS),  # type: ignore[arg-type]
        place=locate(lon=place.lon, lat=place.lat, address=more.pop("address", None)),
        **more,  # type: ignore[arg-type]
    )
    receipt = receive_one(draft, at=timezone.now())
    return Incident.objects.get(pk=receipt.incident.pk)  # type: ignore[union-attr]


def facts_of(case: Incident) -> dict:
    return case.decisions.latest("pk").detail["facts"]


def test_words_that_agree_with_the_point_go_out_by_themselves(here: Area):
    case = report(TEXT.format(place="平湖街道良安田社区"), here)
    assert (case.status, case.street_code) == (Status.DISPATCHED, "440307003000")
    assert facts_of(case)["doubts"] == []


@pytest.mark.parametrize("where", ["text", "address"])
def test_words_that_name_another_street_wait_for_a_person(here: Area, there: Area, where: str):
    name = "坂田街道五和社区"
    case = (
        report(TEXT.format(place=name), here)
        if where == "text"
        else report(TEXT.format(place=""), here, address=name)
    )
    assert (case.status, "places_differ" in case.triage_codes) == (Status.TRIAGE, True)
    (doubt,) = facts_of(case)["doubts"]
    assert (doubt["community"], doubt["params"]["where"]) == (there.code, where)
    reason = next(one for one in case.decisions.get().detail["reasons"] if one["code"] == "places_differ")
    assert reason["params"]["unit"] != reason["params"]["others"][0]["unit"]


def test_another_street_makes_no_difference_where_the_unit_is_the_same(here: Area):
    # Street lighting is one company's, whichever the street.
    case = report("坂田街道五和社区路灯坏了不亮", here, category="0204")
    assert case.status == Status.DISPATCHED
    assert any(reason["code"] == "named_elsewhere" for reason in case.decisions.get().detail["reasons"])


def test_the_desk_takes_the_place_that_the_words_name(operator, handler, here: Area, there: Area):
    case = report(TEXT.format(place="坂田街道五和社区"), here)
    hand = operator.actor
    at = timezone.now()
    record = actions.set_place(
        number=case.number, place=locate(area=there.code), actor=hand, at=at, seen_version=case.version
    )
    case.refresh_from_db()
    assert (case.community_code, case.lon, case.cell_code) == (there.code, None, "")
    assert (case.status, "places_differ" in case.triage_codes) == (Status.TRIAGE, False)
    assert record.unit_code.startswith("bantian")
    line = case.timeline.get(kind=timeline.Kind.PLACED)
    assert (line.data["area"], line.data["moved"]) == (there.code, True)
    # What is counted by street follows: the old fact and its exact reversal come to nothing.
    rows = Outcome.objects.filter(incident=case, kind=Outcome.Kind.RECEIVED)
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.street_code] = totals.get(row.street_code, 0) + row.sign
    assert totals == {here.parent_id: 0, there.parent_id: 1}


def test_a_checked_place_stays_settled_whatever_is_set_right_later(operator, here: Area):
    case = report(TEXT.format(place="坂田街道五和社区"), here)
    hand = operator.actor
    actions.set_place(number=case.number, actor=hand, at=timezone.now())
    case.refresh_from_db()
    assert (case.street_code, "places_differ" in case.triage_codes) == (here.parent_id, False)
    actions.correct(number=case.number, category="0105", actor=hand, at=timezone.now())
    case.refresh_from_db()
    assert "places_differ" not in case.triage_codes
    assert not Outcome.objects.filter(incident=case, sign=-1).exists()


def test_a_place_is_not_set_by_whoever_may_not_or_came_late(operator, handler, here: Area, there: Area):
    case = report(TEXT.format(place="坂田街道五和社区"), here)
    place, at = locate(area=there.code), timezone.now()
    with pytest.raises(ActionRefused) as refused:
        actions.set_place(number=case.number, place=place, actor=handler.actor, at=at)
    assert refused.value.code == "not_allowed"
    hand = operator.actor
    with pytest.raises(ActionRefused) as stale:
        actions.set_place(number=case.number, place=place, actor=hand, at=at, seen_version=case.version + 1)
    assert stale.value.code == "stale"
    with pytest.raises(InvalidInput) as unknown:
        actions.set_place(number=case.number, place=locate(address="某某"), actor=hand, at=at)
    assert unknown.value.code == "unknown"


@pytest.fixture
def street_dispatcher() -> Person:
    return person("street-dispatcher", Role.DISPATCHER, "pinghu/operations")


def test_a_street_moves_a_case_inside_itself_and_the_district_across(
    street_dispatcher: Person, operator: Person, here: Area, there: Area
):
    case = report("这里有点事情想反映一下", here, category=None)
    assert (case.status, case.street_code) == (Status.TRIAGE, here.parent_id)
    neighbour = Area.objects.communities().filter(parent=here.parent_id).exclude(pk=here.pk)[0]
    for elsewhere in (locate(area=there.code), locate(lon=116.4, lat=39.9)):
        with pytest.raises(ActionRefused) as refused:
            actions.set_place(
                number=case.number, place=elsewhere, actor=street_dispatcher.actor, at=timezone.now()
            )
        assert refused.value.code == "outside_street"
    case.refresh_from_db()
    assert case.community_code == here.code
    assert not Outcome.objects.filter(incident=case, sign=-1).exists()
    later = timezone.now() + timedelta(hours=1)  # it is in the street's hands no more
    for actor, place, at in (
        (street_dispatcher.actor, neighbour, timezone.now()),
        (operator.actor, there, later),
    ):
        actions.set_place(number=case.number, place=locate(area=place.code), actor=actor, at=at)
        case.refresh_from_db()
        assert case.community_code == place.code


LID = "路口的井盖破了，很危险"


def lids(place: Area, *owners_and_metres: tuple[str, float]) -> None:
    Facility.objects.bulk_create(
        Facility(
            code=f"MH-{number}",
            kind="manhole",
            owner_code=owner,
            lon=place.lon,
            lat=place.lat + metres / 111_320,
            plate=f"LG-JG-00{number}",
        )
        for number, (owner, metres) in enumerate(owners_and_metres, start=1)
    )
    registers.touch(registers.FACILITIES)


def test_the_nearest_facility_of_the_kind_says_whose_it_is(here: Area):
    lids(here, ("china-telecom", 4), ("china-mobile", 30))
    case = report(LID, here, category="0201")
    assert (case.asset_owner, case.status) == ("china-telecom", Status.DISPATCHED)
    near = next(one for one in case.decisions.get().detail["reasons"] if one["code"] == "facility_near")
    assert (near["params"]["facility"], near["params"]["metres"]) == ("MH-1", 4)


def test_two_owners_about_equally_near_are_both_named_and_none_is_taken(here: Area):
    lids(here, ("china-telecom", 4), ("china-mobile", 9))
    case = report(LID, here, category="0201")
    assert (case.asset_owner, case.status) == ("", Status.TRIAGE)
    assert "owners_differ" in case.triage_codes
    told = next(one for one in case.decisions.get().detail["reasons"] if one["code"] == "facilities_near")
    assert told["params"]["owners"] == ["china-telecom", "china-mobile"]


def test_words_go_before_distance_and_a_plate_before_words(here: Area):
    lids(here, ("china-telecom", 4), ("china-mobile", 9))
    said = report("移动井盖破了，很危险", here, "2", category="0201")
    assert (said.asset_owner, said.decisions.get().detail["facts"]["facility"]) == ("china-mobile", "MH-2")
    plated = report("联通的井盖破了，编号 lg-jg 001", here, "3", category="0201")
    plated_tight = report("联通的井盖破了，编号LG-JG-001", here, "4", category="0201", joins="")
    assert plated.asset_owner == "china-unicom"  # a plate torn apart by a blank is not guessed at
    assert plated_tight.asset_owner == "china-telecom"


def test_a_plate_that_stands_elsewhere_is_another_place(here: Area, there: Area):
    lids(there, ("private", 0))
    case = report("井盖 LG-JG-001 旁边流动摊贩占道卖水果", here)
    (doubt,) = facts_of(case)["doubts"]
    assert (doubt["community"], "places_differ" in case.triage_codes) == (there.code, True)


def test_a_plate_alone_carries_its_place(there: Area):
    lids(there, ("china-telecom", 0))
    assert locate(facility="lg jg 001").community == there.code
