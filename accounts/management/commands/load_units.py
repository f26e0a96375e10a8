"""Load the organisation's units from a CSV file."""

import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final, cast

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import CharField

from accounts.models import OrgUnit
from accounts.reference import Row, Rows, read_rows

FILE: Final = Path(__file__).resolve().parents[2] / "data" / "org_units.csv"
COLUMNS: Final = ("code", "kind", "name_zh", "name_en", "parent_code", "area_code")
_CODE: Final = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?")
_AREA_CODE: Final = re.compile(r"\d{12}(\d{3})?")


class Command(BaseCommand):
    help = "Load the units; those the file no longer names are closed, never deleted. Repeatable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, default=FILE)

    def handle(self, *args: Any, **options: Any) -> None:
        units = units_from(read_rows(options["path"], COLUMNS))
        with transaction.atomic():
            OrgUnit.objects.bulk_create(
                units,
                update_conflicts=True,
                unique_fields=["code"],
                update_fields=["kind", "name_zh", "name_en", "parent", "area_code", "path", "is_open"],
            )
            named = [unit.code for unit in units]
            closed = OrgUnit.objects.open().exclude(code__in=named).update(is_open=False)
        self.stdout.write(f"Units: {len(units)}, and {closed} closed that the file no longer names")


def units_from(rows: Rows) -> list[OrgUnit]:
    """The file's units, parents before children. Raises BadFile naming every cell that is wrong."""
    rows.require("code", "kind", "name_zh", "name_en", "area_code")
    rows.unique("code")
    rows.one_of("kind", OrgUnit.Kind.values)
    limits = {column: _longest(column) for column in ("code", "name_zh", "name_en")}
    for row in rows:
        for column, limit in limits.items():
            if len(row[column]) > limit:
                rows.refuse(row, column, f"is longer than {limit} characters")
        if not _CODE.fullmatch(row["code"]):
            rows.refuse(row, "code", f"{row['code']!r} is not lower-case letters, digits and hyphens")
        if not _AREA_CODE.fullmatch(row["area_code"]):
            rows.refuse(row, "area_code", f"{row['area_code']!r} is not an area's code of 12 or 15 digits")
    paths = _paths(rows)
    rows.check()
    units = [
        OrgUnit(
            code=row["code"],
            kind=row["kind"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            parent_id=row["parent_code"] or None,
            area_code=row["area_code"],
            path=paths[row["code"]],
            is_open=True,
        )
        for row in rows
    ]
    return sorted(units, key=lambda unit: (unit.path.count(">"), unit.code))


def _longest(field: str) -> int:
    return cast("CharField[str, str]", OrgUnit._meta.get_field(field)).max_length or 0


def _paths(rows: Rows) -> dict[str, str]:
    """Codes from the root to each unit; refuses unknown parents, circles and a second root."""
    by_code: dict[str, Row] = {row["code"]: row for row in rows}
    roots = [row for row in rows if not row["parent_code"]]
    if not roots and len(rows):
        rows.refuse(rows.rows[0], "parent_code", "no unit is the root: one must have no parent")
    for row in roots[1:]:
        rows.refuse(row, "parent_code", f"is empty, but the root is {roots[0]['code']!r}")
    paths: dict[str, str] = {}
    for row in rows:
        chain = [row["code"]]
        parent = row["parent_code"]
        while parent:
            if parent not in by_code:
                if len(chain) == 1:
                    rows.refuse(row, "parent_code", f"{parent!r} is not a unit of this file")
                break
            if parent in chain:
                rows.refuse(row, "parent_code", f"{parent!r} is below this unit: a circle")
                break
            chain.append(parent)
            parent = by_code[parent]["parent_code"]
        paths[row["code"]] = ">".join(reversed(chain))
        if len(paths[row["code"]]) > _longest("path"):
            rows.refuse(row, "parent_code", "lies too deep in the tree")
    return paths
