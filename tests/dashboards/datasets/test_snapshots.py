"""Files are written once, from one state of the database, and served until there are newer ones."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from pyarrow import parquet

from dashboards.datasets import building, writing
from dashboards.datasets.catalogue import ALL, DURATIONS, EVENTS, ITEMS, UNITS
from dashboards.datasets.definition import Cut, Row
from dashboards.models import Snapshot, SnapshotFile
from incidents.models import Incident
from tests.dashboards.datasets.built import build, sheet, stored, table
from tests.dashboards.datasets.conftest import NOON
from tests.dashboards.facts import DAY, case, fact

pytestmark = pytest.mark.django_db


def test_csv_and_parquet_say_the_same_in_the_types_that_are_promised(accepted_case: Incident) -> None:
    for snapshot in build(at=NOON):
        dataset = next(one for one in ALL if one.code == snapshot.dataset)
        told, rows = table(snapshot), sheet(snapshot)
        assert told.num_rows == len(rows) == snapshot.rows
        kinds = {
            "text": "string",
            "integer": "int64",
            "number": "double",
            "boolean": "bool",
            "date": "date32[day]",
        }
        assert [(one.name, str(one.type)) for one in told.schema] == [
            (one.name, kinds[one.kind]) for one in dataset.fields
        ]
        assert told.schema.metadata[b"schema_version"] == b"1"
        for one in dataset.fields:
            said = [writing.value_of(row[one.name], one.kind) for row in rows]
            bare = told.column(one.name).to_pylist()
            assert said == [value.isoformat() if one.kind == "date" and value else value for value in bare]
        assert len({tuple(row[name] for name in dataset.key) for row in rows}) == len(rows)


def test_no_cell_of_the_csv_is_a_formula() -> None:
    (snapshot,) = build(ITEMS, at=NOON)
    leads = {row["lead_unit"] for row in sheet(snapshot)}
    relative = {lead for lead in leads if "@" in lead}
    assert relative
    assert all(lead.startswith("'@") for lead in relative)
    # Parquet runs nowhere, and has the bare value.
    assert all(not lead.startswith("'") for lead in table(snapshot).column("lead_unit").to_pylist())
    for evil in ("=1+1", "+49", "-2", "@SUM(A1)", "\t=1", "＝1", "'=1"):
        assert writing.cell(evil, "text").startswith("'")
        assert writing.value_of(writing.cell(evil, "text"), "text") == evil
    assert writing.cell(-2, "integer") == "-2"  # a figure is a figure


def fails_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")


def fails_as_nobody_has_thought_of() -> None:
    raise KeyError("x")


@pytest.mark.parametrize(
    ("fails", "error"),
    [(fails_in_the_database, "ProgrammingError"), (fails_as_nobody_has_thought_of, "KeyError")],
)
def test_a_build_that_fails_leaves_what_is_there(fails: Callable[[], None], error: str) -> None:
    case()
    (good,) = build(EVENTS, at=NOON)

    def breaks(_cut: Cut) -> Any:
        yield from EVENTS.rows(_cut)
        fails()

    later = NOON + timedelta(days=1)
    with time_machine.travel(later, tick=False):
        made = building.build([replace(EVENTS, rows=breaks), UNITS], at=later)
    # The other one is made all the same.
    assert [one.dataset for one in made] == ["units"]
    assert building.newest(EVENTS) == good
    assert stored(good, "csv")
    failed = Snapshot.objects.get(state="failed")
    assert (failed.dataset, failed.error) == ("events", error)
    assert not failed.files.exists()
    assert building.is_stale(good, later + timedelta(hours=4))
    with time_machine.travel(later, tick=False):
        # It is not tried again at once, but the others are due.
        assert "events" not in {one.code for one in building.due(later)}
    with time_machine.travel(later + timedelta(hours=1), tick=False):
        assert "events" in {one.code for one in building.due(later)}


class Full(FileSystemStorage):
    """A storage that takes the first file of `events`, and breaks with an error of its own at the second."""

    def save(self, name: Any, content: Any, max_length: int | None = None) -> str:
        if name.endswith("events.parquet"):
            raise ArithmeticError(name)
        return super().save(name, content, max_length)


def test_a_storage_that_fails_keeps_no_half_of_a_data_set(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "tests.dashboards.datasets.test_snapshots.Full"}
    }
    case()
    made = building.build([EVENTS, UNITS], at=NOON)
    assert [one.dataset for one in made] == ["units"]
    failed = Snapshot.objects.get(state="failed")
    assert (failed.dataset, failed.error) == ("events", "ArithmeticError")
    assert default_storage.listdir(f"datasets/events/v1/{failed.pk}") == ([], [])


def test_what_is_due_is_built_once_a_night() -> None:
    assert len(building.due(NOON)) == len(ALL)
    assert building.build_due(at=NOON) == len(ALL)
    assert building.build_due(at=NOON) == 0
    before, after = (NOON.replace(hour=19, minute=59), NOON.replace(hour=20, minute=0))  # four in the morning
    assert building.due(before) == []
    assert len(building.due(after)) == len(ALL)
    newest = building.newest(UNITS)
    assert not building.is_stale(newest, after + timedelta(hours=2))
    assert building.is_stale(newest, after + timedelta(hours=4))


def test_two_builders_at_once_write_it_once() -> None:
    running = Snapshot.objects.create(dataset="units", version=1, cut_at=NOON, began_at=NOON)
    left = default_storage.save(f"datasets/units/v1/{running.pk}/units.csv", ContentFile(b"half"))
    assert building.build([UNITS], at=NOON) == []
    # One that was killed is given up, and the night's build is made.
    with time_machine.travel(NOON + timedelta(hours=3), tick=False):
        assert building.build_due(at=NOON + timedelta(hours=3)) == len(ALL)
    running.refresh_from_db()
    assert (running.state, running.error) == ("failed", "stopped")
    assert not default_storage.exists(left)


def test_old_files_go_and_what_they_were_stays(settings: Any) -> None:
    settings.DATASETS_KEPT = 2
    made = [build(UNITS, at=NOON + timedelta(days=day))[0] for day in range(3)]
    gone, *kept = (list(SnapshotFile.objects.filter(snapshot=one).order_by("format")) for one in made)
    assert all(file.removed_at and not default_storage.exists(file.name) for file in gone)
    assert all(not file.removed_at and default_storage.exists(file.name) for files in kept for file in files)
    assert gone[0].sha256 == kept[0][0].sha256  # the same rows are the same CSV


def test_pieces_and_row_groups_meet_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than a piece, a mark and a row group: every row is there once, and marks lead to theirs."""
    monkeypatch.setattr(writing, "PIECE", 4)
    monkeypatch.setattr(writing, "MARK", 2)
    monkeypatch.setattr(writing, "ROW_GROUP", 8)
    count = 21
    names = UNITS.names

    def many(_cut: Cut) -> Any:
        for number in range(count):
            row: Row = (None, "street_team", f"队{number}", "", None, None, True)
            yield row

    (snapshot,) = build(replace(UNITS, rows=many), at=NOON)
    assert [row["name_zh"] for row in sheet(snapshot)] == [f"队{number}" for number in range(count)]
    told = parquet.ParquetFile(io.BytesIO(stored(snapshot, "parquet")))
    assert [told.metadata.row_group(one).num_rows for one in range(told.num_row_groups)] == [8, 8, 5]
    snapshot.refresh_from_db()
    data = stored(snapshot, "csv")
    for number, (byte, _day) in enumerate(snapshot.marks):
        line = next(csv.reader(io.StringIO(data[byte:].decode(), newline="")))
        assert line[names.index("name_zh")] == f"队{2 * number}"


@pytest.mark.django_db(transaction=True)
def test_all_of_a_night_are_of_one_state() -> None:
    """What is counted while the files are being written is in none of them."""
    fact(case(), "handled", elapsed=7200, working=3600, first=True)
    during: list[int] = []

    def interrupted(cut: Cut) -> Any:
        yield from EVENTS.rows(cut)
        during.append(_told_from_outside())

    made = building.build([replace(EVENTS, rows=interrupted), DURATIONS], at=NOON)
    assert during == [2]
    assert [one.rows for one in made] == [1, 1]
    (events, durations) = (sheet(one) for one in made)
    assert {row["event"] for row in events} == {row["event"] for row in durations}


def _told_from_outside() -> int:
    """Another connection takes in and handles a case, and commits."""
    counted: list[int] = []

    def tell() -> None:
        try:
            fact(case(), "handled", elapsed=60, working=60, day=DAY)
            counted.append(Incident.objects.count())
        finally:
            connection.close()

    thread = Thread(target=tell)
    thread.start()
    thread.join()
    return counted[0]
