"""After the map was changed: open cases lie in areas of today, and who works for a street still sees them."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import translation

from accounts.models import OrgUnit, User
from accounts.roles import Role
from grids import outlines, redrawing, redrawn, registers
from grids.locate import locate
from grids.models import Area
from incidents import following_map, policy, timeline_words
from incidents.models import Incident, Outcome
from tests.cast import TUESDAY, Person, file_report, person, reload
from tests.grids.test_redrawing import NOW, STREET, collection, feature

pytestmark = pytest.mark.django_db

UNDER = "440307099"  # the new code of the same street


@pytest.fixture(autouse=True)
def fresh_areas() -> Any:
    registers.distrust()
    registers.current()
    following_map._settled.clear()
    following_map._later.clear()
    yield
    following_map._settled.clear()
    registers.distrust()


def give_another_code(admin: Person) -> redrawing.Redrawing:
    """The street, its communities and cells under other codes, drawn as they were."""
    district = Area.objects.get(kind="district")
    old = Area.objects.in_use().filter(code__startswith=STREET[:9]).exclude(kind="block").order_by("code")
    told = [feature(area, code=f"{UNDER}{area.code[9:]}") for area in old]
    others = Area.objects.in_use().filter(kind="street").exclude(code=STREET)
    rest = Area.objects.in_use().exclude(kind="block").exclude(code__startswith=STREET[:9])
    assert others.exists()
    file = collection(*[feature(area) for area in rest.order_by("code")], *told)
    found = redrawing.redraw(outlines.read(file, crs="WGS-84"), whole_of=district.code)
    assert found.faults == []
    with transaction.atomic():
        redrawn.hold()
        redrawn.write(found, by=admin.user, at=NOW)
    registers.distrust()
    registers.current()
    return found


def in_the_street(**given: Any) -> Incident:
    cell = Area.objects.cells().filter(code__startswith=STREET[:9]).order_by("code").first()
    assert cell is not None
    return file_report(place=locate(lon=cell.lon, lat=cell.lat), **given)


def test_open_cases_follow_and_closed_ones_keep_their_time(admin: Person) -> None:
    case, over = in_the_street(), in_the_street(text="另一盏路灯不亮,在另一处")
    Incident.objects.filter(pk=over.pk).update(status="closed", closed_at=TUESDAY, due_at=None, clock_kind="")
    bare = in_the_street(text="街道里的一件事,没有坐标")
    Incident.objects.filter(pk=bare.pk).update(lon=None, lat=None, cell_code="", community_code="")
    was = reload(case)
    give_another_code(admin)
    assert following_map.step(at=TUESDAY) == 2
    assert following_map.step(at=TUESDAY) == 0
    now = reload(case)
    assert now.street_code == f"{UNDER}000"
    assert now.cell_code == f"{UNDER}{was.cell_code[9:]}"
    assert (now.owner_unit_id, now.due_at, now.version) == (was.owner_unit_id, was.due_at, was.version + 1)
    assert reload(over).street_code == STREET
    alone = reload(bare)
    assert (alone.street_code, alone.community_code, alone.cell_code) == (f"{UNDER}000", "", "")
    # What is counted by street follows, so that a list and its number agree.
    facts = Outcome.objects.filter(incident=case, kind=Outcome.Kind.RECEIVED)
    by_street: dict[str, int] = {}
    for fact in facts:
        by_street[fact.street_code] = by_street.get(fact.street_code, 0) + fact.sign
    assert by_street == {STREET: 0, f"{UNDER}000": 1}
    line = case.timeline.get(kind="placed")
    with translation.override("en"):
        assert "The map has changed" in str(timeline_words.read([line])[0].words)


def test_who_works_for_the_street_goes_on_seeing_its_cases(admin: Person) -> None:
    office = OrgUnit.objects.get(kind="street_office", area_code=STREET)
    head = person("street-head", Role.SUPERVISOR, office.pk)
    case = in_the_street()
    assert Incident.objects.filter(policy.visible(head.user), pk=case.pk).exists()
    found = give_another_code(admin)
    assert found.recoded[STREET] == f"{UNDER}000"
    assert OrgUnit.objects.get(pk=office.pk).area_code == f"{UNDER}000"
    assert not OrgUnit.objects.open().filter(area_code__startswith=STREET[:9]).exists()
    following_map.step(at=TUESDAY)
    again = User.objects.get(pk=head.user.pk)  # as the next request reads them
    assert Incident.objects.filter(policy.visible(again), pk=case.pk).exists()


def test_one_that_fails_stops_nobody_behind_it(admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = in_the_street(), in_the_street(text="另一盏路灯不亮,在另一处")
    give_another_code(admin)
    follow = following_map.actions.follow_map

    def fails(*, number: str, **more: Any) -> bool:
        if number == first.number:
            raise RuntimeError("broken")
        return follow(number=number, **more)

    with monkeypatch.context() as patch:
        patch.setattr(following_map.actions, "follow_map", fails)
        assert following_map.step(at=TUESDAY) == 2
        assert following_map.step(at=TUESDAY) == 0  # it rests
    assert reload(second).street_code == f"{UNDER}000"
    following_map._later.clear()
    assert following_map.step(at=TUESDAY) == 1
    assert reload(first).street_code == f"{UNDER}000"


def test_a_map_that_did_not_change_is_not_looked_at_again(
    admin: Person, django_assert_num_queries: Any
) -> None:
    assert following_map.step(at=TUESDAY) == 0
    with django_assert_num_queries(1):
        assert following_map.step(at=TUESDAY) == 0
