"""Rows into files: CSV and Parquet side by side, a piece at a time, whatever the number of rows.

pyarrow is imported where a Parquet file is opened and nowhere else: builds run in a worker of the queue
`long` or in a command, never in a web process.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date
from itertools import islice
from pathlib import Path
from typing import Any, Final

from dashboards.datasets.codes import CodeLists
from dashboards.datasets.definition import Cut, DataSet, Field, Row
from dashboards.datasets.privacy import Gate
from dispatch.spreadsheets.export import escaped

# Rows that are in memory as Python values at the same time.
PIECE: Final = 10_000
# A row group: what a reader of Parquet unpacks at once.
ROW_GROUP: Final = 100_000
# A mark in the CSV every so many rows: pages of the API start there.
MARK: Final = 1_000
_READ: Final = 1 << 20


@dataclass(slots=True)
class Written:
    """What stands in the files."""

    rows: int = 0
    by_domain: Counter[str] = field(default_factory=Counter)
    # (byte where the row begins, its day or "") of every thousandth row.
    marks: list[tuple[int, str]] = field(default_factory=list)


def write(dataset: DataSet, cut: Cut, folder: Path) -> Written:
    """Both files of a data set into a folder, as `data.csv` and `data.parquet`."""
    gate = Gate(dataset.fields, CodeLists(), cut)
    told = Written()
    domain = dataset.at(dataset.domain_field) if dataset.domain_field else None
    with (
        (folder / "data.csv").open("wb") as sheet,
        _Parquet(dataset, cut, folder / "data.parquet") as parquet,
    ):
        sheet.write(_line([dataset.names], bom=True))
        for rows in _pieces(dataset.rows(cut)):
            columns = gate.through(list(zip(*rows, strict=True)))
            _write_csv(dataset, columns, sheet, told)
            parquet.take(columns)
            if domain is not None:
                told.by_domain.update(value for value in columns[domain] if value)
            told.rows += len(rows)
    return told


def _pieces(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while piece := list(islice(rows, PIECE)):
        yield piece


# --- CSV -------------------------------------------------------------------------------------------


def cell(value: Any, kind: str) -> str:
    """A value as CSV says it: nothing for empty, ISO days, true and false, and no formula of anybody's."""
    if value is None:
        return ""
    if kind == "text":
        return escaped(value)
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "date":
        day: date = value
        return day.isoformat()
    return repr(value)


def value_of(text: str, kind: str) -> Any:
    """The value that a cell of ours says."""
    if not text:
        return None
    if kind == "text":
        bare = text[1:]
        return bare if text[0] == "'" and escaped(bare) == text else text
    if kind == "boolean":
        return text == "true"
    if kind == "integer":
        return int(text)
    return float(text) if kind == "number" else text


def _write_csv(dataset: DataSet, columns: Sequence[Sequence[Any]], sheet: Any, told: Written) -> None:
    day = dataset.at(dataset.day_field) if dataset.day_field else None
    said = [
        [cell(value, one.kind) for value in column]
        for one, column in zip(dataset.fields, columns, strict=True)
    ]
    lines = list(zip(*said, strict=True))
    # PIECE is a multiple of MARK: every piece begins with a mark.
    for start in range(0, len(lines), MARK):
        told.marks.append((sheet.tell(), said[day][start] if day is not None else ""))
        sheet.write(_line(lines[start : start + MARK]))


def _line(rows: Iterable[Sequence[str]], *, bom: bool = False) -> bytes:
    out = io.StringIO(newline="")
    if bom:
        out.write("\ufeff")  # or Excel takes the Chinese in it for something else
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


# --- Parquet ---------------------------------------------------------------------------------------


class _Parquet:
    """A Parquet file that is written by row groups."""

    def __init__(self, dataset: DataSet, cut: Cut, path: Path) -> None:
        import pyarrow
        from pyarrow import parquet

        # What a build has used goes back to the system, and it takes one processor.
        pyarrow.set_memory_pool(pyarrow.system_memory_pool())
        pyarrow.set_cpu_count(1)
        self._arrow = pyarrow
        self.schema = pyarrow.schema(
            [_arrow_field(pyarrow, one) for one in dataset.fields],
            metadata={
                "dataset": dataset.code,
                "schema_version": str(dataset.version),
                "cut_at": cut.at.astimezone(UTC).isoformat(),
                "licence": dataset.licence,
            },
        )
        self._writer = parquet.ParquetWriter(path, self.schema, compression="zstd")
        self._waiting: list[Any] = []
        self._rows = 0

    def take(self, columns: Sequence[Sequence[Any]]) -> None:
        """Keep a piece until there are enough for a row group."""
        arrays = [
            self._arrow.array(column, type=one.type) for one, column in zip(self.schema, columns, strict=True)
        ]
        self._waiting.append(self._arrow.RecordBatch.from_arrays(arrays, schema=self.schema))
        self._rows += len(columns[0])
        if self._rows >= ROW_GROUP:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            table = self._arrow.Table.from_batches(self._waiting, schema=self.schema)
            self._writer.write_table(table, row_group_size=ROW_GROUP)
            self._waiting, self._rows = [], 0

    def __enter__(self) -> "_Parquet":
        return self

    def __exit__(self, failed: Any, *_rest: Any) -> None:
        if failed is None:
            self._write()
        self._writer.close()


def _arrow_field(arrow: Any, one: Field) -> Any:
    kinds = {
        "text": arrow.string(),
        "integer": arrow.int64(),
        "number": arrow.float64(),
        "boolean": arrow.bool_(),
        "date": arrow.date32(),
    }
    return arrow.field(one.name, kinds[one.kind], nullable=True)


# --- files -----------------------------------------------------------------------------------------


def digest(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of a file, read a piece at a time."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_READ):
            found.update(piece)
    return path.stat().st_size, found.hexdigest()
