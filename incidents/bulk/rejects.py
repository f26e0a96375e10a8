"""What was refused, as a sheet: the columns that it came with, and what is to be mended.

Corrected and sent again, only what is in it is looked at; what was taken in before is known by its number.
"""

from collections.abc import Iterator, Mapping
from tempfile import TemporaryFile
from typing import IO, Any

from openpyxl import Workbook

from accounts.masking import for_others
from dispatch.spreadsheets.export import csv_of, heads_of, lay_out, text_of
from incidents.bulk.checking import reader_of
from incidents.bulk.fields import PERSONAL, REJECT_COLUMNS, heading_of
from incidents.bulk.lines import opened, unpacked
from incidents.bulk.rows import Problem
from incidents.bulk.words import field_name, sentence
from incidents.models import BulkImport

_WIDTH = 16
# Where people write what they like, names and numbers too.
_FREE_TEXT = frozenset({"title", "text", "address"})


def count(bulk: BulkImport) -> int:
    """How many rows the sheet has."""
    if bulk.state == BulkImport.State.READY:
        return int(bulk.counts.get("bad", 0))
    return int(bulk.result.get("refused", 0))


def are_kept(bulk: BulkImport) -> bool:
    """Are the refused rows still there?"""
    if bulk.state == BulkImport.State.READY:
        return count(bulk) > 0
    return bulk.parts.exclude(rejects=b"").exists()


def heading(bulk: BulkImport) -> list[str]:
    """The sheet's own columns, and ours behind them in the reader's language."""
    told = heading_of(bulk.heading)
    labels = list(told.labels) if told else []
    return [*labels, *(str(name) for name in REJECT_COLUMNS)]


def rows(bulk: BulkImport, *, with_people: bool) -> Iterator[list[str]]:
    """Every refused row; before the file is taken in, every row that would be."""
    labels = heading_of(bulk.heading)
    width = len(labels.labels) if labels else 0
    fields = {int(column): name for column, name in bulk.mapping.items()}
    for number, cells, _faults, problems in _refused(bulk):
        told = [Problem(*one) for one in problems]
        padded = [*cells, *[""] * (width - len(cells))][:width]
        if not with_people:
            padded = _without_people(padded, fields)
        yield [
            *padded,
            str(number),
            "; ".join(f"{one.column} {field_name(one.field)}".strip() for one in told),
            "; ".join(dict.fromkeys(one.code for one in told)),
            " ".join(dict.fromkeys(sentence(one.code, one.word) for one in told)),
        ]


def _without_people(cells: list[str], fields: Mapping[int, str]) -> list[str]:
    """A row for who did not send the file. What no field is for may be anything: an identity card, a name."""
    known = [cell for at, cell in enumerate(cells) if fields.get(at) in PERSONAL]
    told = []
    for at, cell in enumerate(cells):
        name = fields.get(at)
        if name in _FREE_TEXT:
            told.append(for_others(cell, known))
        else:
            told.append("*" if cell and (name is None or name in PERSONAL) else cell)
    return told


def as_csv(bulk: BulkImport, *, with_people: bool) -> Iterator[bytes]:
    return csv_of(heading(bulk), rows(bulk, with_people=with_people))


def as_xlsx(bulk: BulkImport, *, with_people: bool) -> IO[bytes]:
    """A workbook in a file of its own; no cell of it is a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    names = heading(bulk)
    lay_out(sheet, [_WIDTH] * len(names))
    sheet.append(heads_of(sheet, names))
    for row in rows(bulk, with_people=with_people):
        sheet.append([text_of(sheet, cell) for cell in row])
    out = TemporaryFile()  # noqa: SIM115  # the response closes it
    book.save(out)
    out.seek(0)
    return out


def _refused(bulk: BulkImport) -> Iterator[list[Any]]:
    """Lines with their problems, a part at a time."""
    for part in bulk.parts.order_by("position").iterator(chunk_size=4):
        if bulk.state != BulkImport.State.READY:
            yield from opened(part.rejects)
            continue
        assert bulk.checked_at is not None
        reader = reader_of(bulk, at=bulk.checked_at)
        for line in unpacked(part.rows):
            if not reader.is_row(line):
                continue
            read = reader.read(line, with_place=False)
            if read.draft is not None:
                reader.check_point(read)
            if (first := part.repeats.get(str(line.number))) is not None:
                read.problems.append(Problem("", "external_id", "twice", str(first)))
            if read.problems:
                yield [line.number, line.cells, [], [one.as_json() for one in read.problems]]
