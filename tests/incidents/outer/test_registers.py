"""The district's registers, outside what they are in the core: whole, in slices, and what went is gone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from grids.models import Area, Facility, NamedPlace, PlaceCode
from incidents import actions
from incidents.attachments import store_picture
from incidents.models import Incident
from incidents.models.outer import OuterPushed
from incidents.outer import everybodys, exchange, publishing, registers, standing, wire
from incidents.public.open_facts import PAGE_MOST
from tests.cast import TUESDAY, Person, file_report
from tests.incidents.outer.test_one_process import both_zones as both_zones
from tests.incidents.outer.test_one_process import exchanged
from tests.incidents.resident.conftest import picture, upload

pytestmark = pytest.mark.django_db
AREAS, PLACES, CODES = "register:1-areas", "register:2-places", "register:4-codes"
LATER = TUESDAY + timedelta(hours=1)


def told(key: str) -> list[tuple[str, Any]]:
    return [(name, wire.plain(body)) for name, body in registers.slices(key)]


def put(pages: list[tuple[str, Any]]) -> None:
    for name, rows in pages:
        registers.put(name, rows, at=LATER)


def used(model: Any) -> list[tuple[Any, ...]]:
    return list(model.objects.filter(retired_at=None).order_by("pk").values_list())


@pytest.mark.parametrize("kind", ["cell", "community", "street"])
@pytest.mark.parametrize("size", [registers.SLICE_BYTES, 60_000])
def test_an_area_that_is_retired_in_the_core_leaves_the_outer_zone(
    kind: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registers, "SLICE_BYTES", size)
    area = Area.objects.filter(kind=kind, retired_at=None).order_by("code")[2]
    area.retired_at = TUESDAY
    area.save()
    pages = told(AREAS)
    Area.objects.filter(pk=area.pk).update(retired_at=None)  # as it is outside
    put(pages)
    assert Area.objects.get(pk=area.pk).retired_at == LATER
    assert Area.objects.get(kind="district").retired_at is None


def test_in_slices_a_register_comes_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    places, areas = used(NamedPlace), used(Area)
    monkeypatch.setattr(registers, "SLICE_BYTES", 20_000)
    pages = [*told(AREAS), *told(PLACES)]
    assert len(pages) > 10
    assert max(len(body) for key in (AREAS, PLACES) for _name, body in registers.slices(key)) < 60_000
    # Outside one is called otherwise, one is missing, and there are some that are not in the core any more.
    first, second, *_rest = NamedPlace.objects.filter(retired_at=None).order_by("code")
    NamedPlace.objects.filter(pk=first.pk).update(name="旧名")
    NamedPlace.objects.filter(pk=second.pk).delete()
    for code in ("!before-all", f"{first.code}-between", "~after-all"):
        NamedPlace.objects.create(code=code, name=code, kind="other", area_id=first.area_id)
    put(pages)
    assert (used(NamedPlace), used(Area)) == (places, areas)
    assert NamedPlace.objects.filter(retired_at=LATER).count() == 3


def test_slices_are_compared_in_the_order_in_which_they_were_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of the district's own may be under the order of a language: there a2 comes before B1."""
    monkeypatch.setattr(registers, "SLICE_BYTES", 20_000)
    _first, (name, rows), *_rest = told(PLACES)
    with CaptureQueriesContext(connection) as asked:
        registers.put(name, rows, at=LATER)
    (compared,) = [query["sql"] for query in asked.captured_queries if rows["after"] in query["sql"][:1_000]]
    for bound in (f"> '{rows['after']}'", f"<= '{rows['until']}'"):
        assert f'COLLATE "C" {bound}' in compared.replace(")", "")


def test_a_code_may_stand_for_what_another_slices_code_stood_for(monkeypatch: pytest.MonkeyPatch) -> None:
    area = Area.objects.filter(kind="community").order_by("code")[0]
    PlaceCode.objects.create(code="ZZZZZZZZ", area=area, made_at=TUESDAY)
    PlaceCode.objects.filter(code="ZZZZZZZZ").update(retired_at=TUESDAY)
    PlaceCode.objects.create(code="AAAAAAAA", area=area, made_at=TUESDAY)
    monkeypatch.setattr(registers, "SLICE_BYTES", 10)
    pages = told(CODES)
    PlaceCode.objects.filter(code="AAAAAAAA").delete()
    PlaceCode.objects.filter(code="ZZZZZZZZ").update(retired_at=None)  # as it is outside
    put(pages)
    assert PlaceCode.objects.get(code="AAAAAAAA").retired_at is None
    assert PlaceCode.objects.get(code="ZZZZZZZZ").retired_at == LATER


def test_a_plate_may_have_moved_to_a_facility_that_comes_first() -> None:
    cell = Area.objects.filter(kind="cell").order_by("code")[0]
    row = {"kind": "lamp", "lon": 114.2, "lat": 22.7, "cell_id": cell.pk}
    Facility.objects.create(code="L2", plate="P1", **row)
    registers.put("register:3-facilities", [{"code": "L1", "plate": "P1", **row}], at=LATER)
    assert Facility.objects.get(code="L1").plate == "P1"


def test_a_register_that_names_what_is_not_there_is_refused_alone() -> None:
    gone = {"code": "C0000001", "area_id": "440399999", "facility_id": None, "place_id": None}
    with pytest.raises(IntegrityError):
        registers.put(CODES, [{**gone, "made_at": TUESDAY.isoformat()}], at=LATER)
    OuterPushed.objects.create(key=CODES, wanted_at=TUESDAY)
    OuterPushed.objects.create(key="week", wanted_at=TUESDAY)
    found = publishing.Made([], [], more=False)
    found.takes(publishing.Page(CODES, "1", lambda: wire.written([{**gone, "made_at": TUESDAY}])), LATER)
    found.takes(publishing.Page("week", "2", lambda: b"{}"), LATER)
    kept, refused = exchange._take(found.told, at=LATER)
    assert (kept, refused) == ([["week", "2"]], [CODES])
    publishing.note_kept([("week", "2")], [], refused, made_at=LATER)
    assert not publishing.is_any_wanted()  # and so until it is looked at again
    assert standing.left_out() == [f"{CODES} (refused)"]


# --- what everybody may see -----------------------------------------------------------------------


@pytest.fixture
def case(operator: Person, settings: Any, tmp_path: Path) -> Incident:
    """Known to everybody, with a picture that was released."""
    settings.MEDIA_ROOT = tmp_path
    photo = store_picture(upload(picture()), at=TUESDAY)
    case = file_report(attachments=(photo.pk,))
    return actions.publish(
        number=case.number, text="灯坏了", photos={photo.pk: []}, actor=operator.actor, at=TUESDAY
    )


@pytest.mark.usefixtures("case")
def test_each_page_alone_is_what_it_is_among_all() -> None:
    everything = {page.key: page for page in everybodys.pages_of_all(at=LATER)}
    assert {key.split(":")[0] for key in everything} == {"register", "week", "catalogue", "case", "picture"}
    for key, page in everything.items():
        (alone,) = everybodys.pages_of([key], at=LATER)
        assert (alone.key, alone.digest, alone.body()) == (key, page.digest, page.body())
    assert list(everybodys.pages_of(["case:20200101-000001", f"picture:{'0' * 32}"], at=LATER)) == []


def test_a_case_that_others_come_before_meanwhile_is_not_gone(case: Incident, operator: Person) -> None:
    """Between the questions in the two languages, and between two pages of the list."""
    publishing.look_at_the_public(at=LATER)
    exchanged(at=LATER, times=3)
    asked = []

    def another_comes(execute: Any, sql: str, *told: Any) -> Any:
        done = execute(sql, *told)
        if f"LIMIT {PAGE_MOST + 1}" in sql and not asked:
            asked.append(sql)
            new = file_report(text="另一盏路灯也坏了", at=LATER)
            actions.publish(number=new.number, text="灯坏了", photos={}, actor=operator.actor, at=LATER)
        return done

    with connection.execute_wrapper(another_comes):
        found = publishing.look_at_the_public(at=LATER + timedelta(minutes=5))
    assert asked
    assert f"case:{case.number}" in found
    assert publishing.made(found, at=LATER + timedelta(minutes=5)).gone == []


def test_only_what_is_wanted_is_made(case: Incident, django_assert_max_num_queries: Any) -> None:
    OuterPushed.objects.create(key=f"case:{case.number}", wanted_at=LATER)
    with django_assert_max_num_queries(14):
        made = publishing.made(None, at=LATER)
    assert [page["key"] for page in made.told] == [f"case:{case.number}"]


def test_a_page_that_no_message_holds_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    publishing.look_at_the_public(at=LATER)
    largest = max(everybodys.pages_of_all(at=LATER), key=lambda page: len(page.body()))
    monkeypatch.setattr(publishing, "PAGE_MOST", len(largest.body()))
    exchanged(at=LATER, times=5)
    assert standing.left_out() == [f"{largest.key} (too_large)"]
    assert not publishing.is_any_wanted()
    kept = OuterPushed.objects.exclude(digest="").values_list("key", flat=True)
    assert set(kept) == {page.key for page in everybodys.pages_of_all(at=LATER)} - {largest.key}


def test_a_message_is_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    publishing.look_at_the_public(at=LATER)
    monkeypatch.setattr(publishing, "_BYTES", 1_000)
    told = publishing.made(None, at=LATER)
    assert (len(told.told), told.more) == (1, True)
