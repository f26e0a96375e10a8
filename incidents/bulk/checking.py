"""Checking a file before anything of it is written: each part by itself, then what only all of it shows."""

from datetime import datetime
from typing import Any

from incidents.bulk.fields import heading_of
from incidents.bulk.lines import unpacked
from incidents.bulk.rows import RowReader
from incidents.models import BulkImport, BulkPart, Report

_SHOWN_OF_PART = 200  # problems of a part that are kept to be looked at; the refused rows' sheet has all


def reader_of(bulk: BulkImport, *, at: datetime) -> RowReader:
    """How the rows of this import are read."""
    heading = heading_of(bulk.heading)
    assert heading is not None
    return RowReader(
        source=bulk.source,
        heading=heading,
        columns={int(column): name for column, name in bulk.mapping.items()},
        options=bulk.options,
        digest=bulk.digest,
        at=at,
    )


def check_part(part: BulkPart, *, at: datetime) -> None:
    """Read each line, note what is wrong, and what is there already."""
    reader = reader_of(part.bulk, at=at)
    counts = {"rows": 0, "passed": 0, "left_out": 0, "bad": 0, "good": 0, "there": 0}
    numbers: list[list[Any]] = []
    problems: list[list[Any]] = []
    for line in unpacked(part.rows):
        if not reader.is_row(line):
            counts["passed"] += 1
            continue
        counts["rows"] += 1
        read = reader.read(line, with_place=False)
        if read.draft is not None:
            reader.check_point(read)
        if read.left_out:
            counts["left_out"] += 1
        elif read.problems:
            counts["bad"] += 1
            problems += [[line.number, *one.as_json()] for one in read.problems]
        else:
            assert read.draft is not None
            counts["good"] += 1
            numbers.append([line.number, read.draft.external_id, read.draft.content_hash()[:16]])
    known = Report.objects.filter(source=part.bulk.source, external_id__in=[one[1] for one in numbers])
    counts["there"] = known.count() if numbers else 0
    part.counts, part.problems = {**counts, "problems": len(problems)}, problems[:_SHOWN_OF_PART]
    part.numbers, part.checked_at = numbers, at
    # Asked for anew meanwhile, in other columns: that check finds its part unchecked again.
    BulkPart.objects.filter(
        pk=part.pk, bulk__state=BulkImport.State.CHECKING, bulk__asked_at=part.bulk.asked_at
    ).update(counts=part.counts, problems=part.problems, numbers=part.numbers, checked_at=part.checked_at)


def add_up(bulk: BulkImport) -> dict[str, int]:
    """What the check found in all parts, and which numbers stand in the file twice."""
    told: dict[str, int] = {"twice": 0, "repeated": 0}
    first: dict[str, tuple[int, str]] = {}
    for part in bulk.parts.order_by("position").defer("rows", "rejects"):
        for name, count in part.counts.items():
            told[name] = told.get(name, 0) + count
        repeats: dict[str, int] = {}
        for row, number, digest in part.numbers:
            seen_at, seen = first.setdefault(number, (row, digest))
            if seen_at == row:
                continue
            if seen == digest:
                told["repeated"] += 1  # the same row again: it answers as being there
                continue
            repeats[str(row)] = seen_at
            told["twice"] += 1
        twice = [[int(row), "", "external_id", "twice", str(at)] for row, at in repeats.items()]
        part.problems, part.repeats, part.numbers = (part.problems + twice)[:_SHOWN_OF_PART], repeats, []
        part.save(update_fields=["problems", "repeats", "numbers"])
    for name in ("good", "bad", "problems"):
        told.setdefault(name, 0)
    told["good"] -= told["twice"]
    told["bad"] += told["twice"]
    told["problems"] += told["twice"]
    return told
