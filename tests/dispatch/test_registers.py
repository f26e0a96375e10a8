"""Sheets of facilities and names: what is refused at which cell, and that nothing is half imported."""

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from dispatch.errors import ListRefused
from dispatch.models import RegisterImport
from dispatch.registers import runs
from dispatch.spreadsheets.grid import TableError
from grids import registers
from grids.coordinates import GCJ02, from_wgs84
from grids.facilities import RADIUS_M
from grids.locate import locate
from grids.models import Area, Facility, FacilityChange, NamedPlace
from tests.cast import Person

pytestmark = pytest.mark.django_db

HEAD = "部件编码,类型,权属单位,经度,纬度,铭牌,状态"
State, Register = RegisterImport.State, RegisterImport.Register


@pytest.fixture(autouse=True)
def clean_registers():
    registers.distrust()
    yield
    Facility.objects.all().delete()
    registers.touch(registers.FACILITIES)


@pytest.fixture
def spot() -> Area:
    return Area.objects.get(kind="community", name_zh="良安田社区")


def send(
    keeper: Person, *lines: str, register: str = Register.FACILITIES, encoding: str = "utf-8"
) -> RegisterImport:
    return runs.begin(
        register=register,
        file_name="census.csv",
        data="\n".join(lines).encode(encoding),
        language="en",
        by=keeper.user,
        at=timezone.now(),
    )


def problems(run: RegisterImport) -> list[tuple[int, str, str]]:
    return [(row, column, name) for row, column, name, _message in run.problems]


def test_a_census_is_read_in_its_own_words_and_placed(chief_steward: Person, spot: Area):
    lon, lat = from_wgs84(spot.lon, spot.lat, GCJ02)
    run = send(
        chief_steward,
        "龙岗区部件普查表,,,,,",
        HEAD + ",坐标系",
        f"MH-1,通信井盖,电信分公司,{lon},{lat},LG-JG-001,在用,高德",
        f"LD-1,lamp,lighting-company,{spot.lon},{spot.lat},,,",
        "FAR-1,路灯,lighting-company,116.4,39.9,,,",
        encoding="gb18030",
    )
    assert (run.state, run.counts["added"], run.counts["outside"], run.problems) == (State.CHECKED, 3, 1, [])
    assert not Facility.objects.exists()
    runs.apply(run=run, by=chief_steward.user, at=timezone.now())
    lid = Facility.objects.get(code="MH-1")
    assert (lid.kind, lid.owner_code, lid.cell.parent_id) == ("manhole", "china-telecom", spot.code)
    assert (lid.lon, lid.lat) == pytest.approx((spot.lon, spot.lat), abs=1e-5)
    # The index of this process has heard of it.
    near = registers.current().facilities.nearest("manhole", spot.lon, spot.lat, radius=RADIUS_M)
    assert [one.facility.code for one in near] == ["MH-1"]


def test_every_problem_is_at_its_cell_and_nothing_is_imported(chief_steward: Person, spot: Area):
    at = f"{spot.lon},{spot.lat}"
    Facility.objects.create(
        code="OLD-1", kind="lamp", owner_code="lighting-company", lon=spot.lon, lat=spot.lat, plate="P-1"
    )
    run = send(
        chief_steward,
        HEAD,
        f"A-1,飞碟,电信分公司,{at},,",
        f"A-2,路灯,没有这个单位,{at},,",
        "A-3,路灯,电信分公司,22.6,114.1,,",
        "A-4,路灯,电信分公司,abc,22.6,,",
        f",路灯,电信分公司,{at},,",
        f"A-6,路灯,电信分公司,{at},P-9,",
        f"A-7,路灯,电信分公司,{at},P-9,",
        f"A-8,路灯,电信分公司,{at},P-1,",
        f"A-6,路灯,电信分公司,{at},,",
        f"A-9,路灯,电信分公司,{at},,也许",
        f"OK-1,路灯,电信分公司,{at},,",
        f'"A-\n13",路灯,电信分公司,{at},,',
        f'A-14,路灯,电信分公司,{at},"P-\n14",',
    )
    assert problems(run) == [
        (2, "B", "kind"),
        (3, "C", "owner"),
        (4, "E", "lat"),
        (5, "D", "lon"),
        (6, "A", "code"),
        (8, "F", "plate"),
        (10, "A", "code"),
        (11, "G", "state"),
        (13, "A", "code"),
        (14, "F", "plate"),
        (9, "F", "plate"),
    ]
    with pytest.raises(ListRefused) as refused:
        runs.apply(run=run, by=chief_steward.user, at=timezone.now())
    assert refused.value.code == "problems"
    assert list(Facility.objects.values_list("code", flat=True)) == ["OLD-1"]


def test_a_line_break_in_one_row_moves_no_other(spot: Area):
    rows = [
        Facility(
            code=code, kind=kind, owner_code=owner, lon=spot.lon, lat=spot.lat + step / 1_000, plate=plate
        )
        for step, (code, kind, owner, plate) in enumerate(
            [
                ("A-1", "lamp", "private", "P-1"),
                ("B\n-2", "lamp", "unknown", "P\n-2"),
                ("C-3", "hydrant", "private", ""),
                ("D-4", "manhole", "unknown", "P-4"),
            ]
        )
    ]
    Facility.objects.bulk_create(rows)
    registers.touch(registers.FACILITIES)
    held = registers.current().facilities
    for row in rows:
        found = held.get(row.code)
        assert (found.code, found.kind, found.owner, found.plate) == (
            row.code,
            row.kind,
            row.owner_code,
            row.plate,
        )
        assert (found.lon, found.lat) == (row.lon, row.lat)


def test_a_known_code_is_updated_kept_or_retired_and_plates_change_hands(chief_steward: Person, spot: Area):
    at = f"{spot.lon},{spot.lat}"
    first = send(
        chief_steward, HEAD, f"A,路灯,lighting-company,{at},P-1,", f"B,路灯,lighting-company,{at},P-2,"
    )
    runs.apply(run=first, by=chief_steward.user, at=timezone.now())
    third = send(chief_steward, "编码,权属,铭牌,状态", "A,供电局,P-2,", "B,,P-1,报废")
    assert (third.counts["changed"], third.counts["retired"]) == (2, 1)
    now = timezone.now()
    runs.apply(run=third, by=chief_steward.user, at=now)
    assert list(Facility.objects.values_list("code", "owner_code", "plate", "retired_at")) == [
        ("A", "power-grid", "P-2", None),
        ("B", "lighting-company", "P-1", now),
    ]
    again = send(chief_steward, "编码,权属,铭牌,状态", "A,供电局,P-2,", "B,,P-1,报废")
    assert (again.counts["kept"], again.counts["changed"]) == (2, 0)


def test_what_changed_between_preview_and_button_is_checked_again(chief_steward: Person, spot: Area):
    run = send(chief_steward, HEAD, f"A,路灯,lighting-company,{spot.lon},{spot.lat},P-1,")
    Facility.objects.create(
        code="Z", kind="lamp", owner_code="lighting-company", lon=spot.lon, lat=spot.lat, plate="P-1"
    )
    held = runs.apply(run=run, by=chief_steward.user, at=timezone.now())
    assert (held.state, held.counts["problems"]) == (State.CHECKED, 1)
    assert not Facility.objects.filter(code="A").exists()


@pytest.mark.parametrize("lines", [("无标题,两列", "1,2"), ("",), ("code,code,kind", "1,2,3")])
def test_a_sheet_without_a_heading_is_refused_in_words(chief_steward: Person, lines: tuple[str, ...]):
    if not any(lines):
        with pytest.raises(TableError):
            send(chief_steward, *lines)
        return
    run = send(chief_steward, *lines)
    assert (run.state, bool(run.failure)) == (State.FAILED, True)


def test_only_keepers_import(lamps_steward: Person, operator: Person):
    for somebody in (lamps_steward, operator):
        with pytest.raises(ListRefused) as refused:
            send(somebody, HEAD)
        assert refused.value.code == "not_allowed"


def test_a_large_file_waits_for_a_worker_and_a_forgotten_one_goes(
    chief_steward: Person, spot: Area, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(runs, "AT_ONCE_BYTES", 10)
    run = send(chief_steward, HEAD, f"A,路灯,lighting-company,{spot.lon},{spot.lat},P-1,")
    assert run.state == State.WAITING
    assert runs.work_next(at=timezone.now())
    run.refresh_from_db()
    assert run.state == State.CHECKED
    assert not runs.work_next(at=timezone.now())
    runs.drop(run=run, by=chief_steward.user, at=timezone.now())
    with pytest.raises(ListRefused):
        runs.apply(run=run, by=chief_steward.user, at=timezone.now())
    assert runs.forget_old(at=timezone.now() + timedelta(days=29)) == 0
    assert runs.forget_old(at=timezone.now() + timedelta(days=31)) == 1
    assert not RegisterImport.objects.exists()


def test_names_of_places_are_imported_and_read_at_once(chief_steward: Person, spot: Area):
    head = "编码,名称,类型,别名,曾用名,所在社区,门牌号"
    run = send(
        chief_steward,
        head,
        "T-1,望月轩雅筑,住宅小区,望月轩、望月雅筑,老鹿场新村,良安田社区,",
        "T-2,鹿鸣北路,道路,,,良安田社区,1-99单号",
        "T-3,两字,住宅小区,短,,良安田社区,",
        "T-4,某某广场,广场,,,凤凰社区,",
        register=Register.PLACES,
    )
    assert problems(run) == [(4, "D", "aliases"), (4, "B", "name"), (5, "F", "area")]
    good = send(
        chief_steward,
        head,
        "T-1,望月轩雅筑,住宅小区,望月轩、望月雅筑,老鹿场新村,良安田社区,",
        "T-2,鹿鸣北路,道路,,,良安田社区,1-99单号",
        register=Register.PLACES,
    )
    runs.apply(run=good, by=chief_steward.user, at=timezone.now())
    try:
        assert locate(address="鹿鸣北路17号门口").community == spot.code
        assert locate(address="老鹿场新村三栋").community == spot.code
        assert NamedPlace.objects.get(code="T-2").numbers == "1-99 odd"
    finally:
        NamedPlace.objects.filter(code__startswith="T-").delete()
        registers.touch(registers.PLACES)


def test_a_sheet_says_who_applied_it_for_each_owner_that_it_changes(
    chief_steward: Person, admin: Person, spot: Area
):
    at = f"{spot.lon},{spot.lat}"
    first = send(
        chief_steward,
        HEAD,
        f"A,lamp,lighting-company,{at},,",
        f"B,lamp,private,{at},,",
        f"C,lamp,private,{at},,停用",
    )
    runs.apply(run=first, by=chief_steward.user, at=timezone.now())
    # The same plates anew: A has another owner, B a plate, C is in use again, D is new.
    lines = [f"A,lamp,power-grid,{at},,", f"B,lamp,private,{at},P-1,", f"C,lamp,private,{at},,在用"]
    second = send(chief_steward, HEAD, *lines, f"D,lamp,unknown,{at},,")
    assert second.counts["problems"] == 0
    runs.apply(run=second, by=admin.user, at=timezone.now())
    told = FacilityChange.objects.order_by("pk").values_list(
        "facility", "before", "after", "changed_by__username"
    )
    assert set(told[:2]) == {
        ("A", "", "lighting-company", "chief-steward"),
        ("B", "", "private", "chief-steward"),
    }
    assert set(told[2:]) == {
        ("A", "lighting-company", "power-grid", "admin"),
        ("C", "", "private", "admin"),
        ("D", "", "unknown", "admin"),
    }
    assert len(told) == 5


def test_what_nobody_foresaw_is_told_and_holds_up_nothing(
    chief_steward: Person, spot: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the request as in the worker: no error page, and nothing that waits for ever."""

    def broken(*_given: object, **_more: object) -> None:
        raise DatabaseError("the ring is open")

    line = f"A-1,路灯,lighting-company,{spot.lon},{spot.lat},,"
    with monkeypatch.context() as patch:
        patch.setattr("dispatch.registers.facilities.make_plan", broken)
        run = send(chief_steward, HEAD, line)
    assert (run.state, bool(run.failure)) == (State.FAILED, True)
    run = send(chief_steward, HEAD, line)
    with monkeypatch.context() as patch:
        patch.setattr("dispatch.registers.facilities.write", broken)
        runs.apply(run=run, by=chief_steward.user, at=timezone.now())
    run.refresh_from_db()
    assert (run.state, "nothing" in run.failure) == (State.FAILED, True)
    assert not Facility.objects.exists()
    assert not runs.work_next(at=timezone.now())


def test_a_register_of_a_newer_version_waits_for_its_worker(chief_steward: Person) -> None:
    run = send(chief_steward, HEAD)
    RegisterImport.objects.filter(pk=run.pk).update(register="rivers", state=State.WAITING)
    assert not runs.work_next(at=timezone.now())
    assert RegisterImport.objects.get(pk=run.pk).state == State.WAITING


def test_a_map_under_which_much_lies_is_written_by_the_worker(
    admin: Person, spot: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each facility looks for its cell anew: that is nothing for a page to wait for."""
    for number in range(3):
        Facility.objects.create(
            code=f"F-{number}", kind="lamp", owner_code="lighting-company", lon=spot.lon, lat=spot.lat
        )
    monkeypatch.setattr(runs, "_AT_ONCE_ROWS", 2 + NamedPlace.objects.count())
    run = RegisterImport.objects.create(
        register=Register.AREAS,
        state=State.CHECKED,
        file_name="map.geojson",
        data=b"{}",
        language="en",
        counts={"rows": 1, "problems": 0},
        created_by=admin.user,
        created_at=timezone.now(),
    )
    assert runs.apply(run=run, by=admin.user, at=timezone.now()).state == State.APPLYING
