"""Loading reference files into the tables: checked wholly first, then written in one transaction."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.reference import Row, Rows, read_rows
from dispatch.deadlines import Limit
from dispatch.items import Hours
from dispatch.models import Category, ResponsibilityItem, ResponsibilityList
from dispatch.units import UnitDirectory
from dispatch.vocabulary import Level, PlaceType, Source, Urgency

DATA = Path(__file__).parent / "data"
CATEGORY_COLUMNS = ("code", "domain_code", "domain_zh", "domain_en", "name_zh", "name_en", "scope_zh")
ITEM_COLUMNS = (
    *("code", "category_code", "matter_zh", "filing_condition_zh", "closing_condition_zh"),
    *("keywords", "owners", "place_types", "sources", "hours"),
    *("lead_unit", "support_units", "follow_up_unit", "supervising_unit", "level", "urgency"),
    *("dispatch_minutes", "accept_minutes", "handle_limit", "legal_basis"),
)
# An owner that is not one of the district's units.
OTHER_OWNERS = frozenset({"private", "unknown"})


def load_categories(path: Path) -> tuple[int, int]:
    """Load the categories; returns how many were written new or changed, and how many there are.

    A category that the file no longer has stays: cases hang on it. Raises BadFile.
    """
    rows = read_rows(path, CATEGORY_COLUMNS)
    rows.require("code", "domain_code", "domain_zh", "domain_en", "name_zh", "name_en")
    rows.unique("code")
    _fits(rows, Category, {column: column for column in CATEGORY_COLUMNS})
    for row in rows:
        if not row["code"].startswith(row["domain_code"]):
            rows.refuse(row, "code", f"{row['code']!r} does not begin with its domain {row['domain_code']!r}")
    rows.check()
    with transaction.atomic():
        known = {category.code: category for category in Category.objects.all()}
        changed = []
        for row in rows:
            category = Category(**{column: row[column] for column in CATEGORY_COLUMNS})
            old = known.get(category.code)
            if old is None or any(getattr(old, name) != row[name] for name in CATEGORY_COLUMNS):
                changed.append(category)
        Category.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=[name for name in CATEGORY_COLUMNS if name != "code"],
        )
    return len(changed), len(rows)


def load_items(path: Path, *, at: datetime, title: str) -> tuple[ResponsibilityList, bool]:
    """Load a responsibility list and make it the live one, as a new version where it differs.

    Returns the live version and whether it is new. Raises BadFile.
    """
    rows = read_rows(path, ITEM_COLUMNS)
    records = _item_records(rows)
    rows.check()
    told = json.dumps(sorted(records, key=lambda record: record["code"]), ensure_ascii=False, sort_keys=True)
    content = hashlib.sha256(told.encode()).hexdigest()
    with transaction.atomic():
        # Two loads at once: the second waits here and then finds the first one's version live.
        versions = list(ResponsibilityList.objects.select_for_update().order_by("version"))
        live = next((one for one in versions if one.state == ResponsibilityList.State.LIVE), None)
        if live is not None and live.content_hash == content:
            return live, False
        version = ResponsibilityList.objects.create(
            version=versions[-1].version + 1 if versions else 1, title=title, content_hash=content
        )
        ResponsibilityItem.objects.bulk_create(
            [ResponsibilityItem(list=version, **record) for record in records], batch_size=500
        )
        version.go_live(at=at)
    return version, True


def _item_records(rows: Rows) -> list[dict[str, Any]]:
    """The model fields of every row, with all complaints noted in `rows`."""
    units = UnitDirectory.read()
    categories = set(Category.objects.values_list("code", flat=True))
    rows.require("code", "category_code", "matter_zh", "lead_unit", "supervising_unit")
    rows.unique("code")
    rows.one_of("category_code", categories)
    rows.one_of("place_types", PlaceType.values, separator="|", blank=True)
    rows.one_of("sources", Source.values, separator="|", blank=True)
    rows.one_of("level", Level.values)
    rows.one_of("urgency", Urgency.values)
    _fits(
        rows,
        ResponsibilityItem,
        {name: name for name in ("code", "matter_zh", "lead_unit", "hours", "handle_limit")},
    )
    catch_alls: dict[str, int] = {}
    records = []
    for row in rows:
        record = _item_record(rows, row, units)
        if not any(row[name] for name in ("keywords", "owners", "place_types", "sources", "hours")):
            first = catch_alls.setdefault(row["category_code"], row.number)
            if first != row.number:
                rows.refuse(row, "keywords", f"a second item without conditions, after row {first}")
        records.append(record)
    for category in sorted({row["category_code"] for row in rows} - set(catch_alls)):
        last = max(row.number for row in rows if row["category_code"] == category)
        rows.refuse(last, "category_code", f"{category} has no item without conditions")
    return records


def _item_record(rows: Rows, row: Row, units: UnitDirectory) -> dict[str, Any]:
    def words(column: str) -> list[str]:
        parts = row[column].split("|") if row[column] else []
        if any(not part.strip() for part in parts):
            rows.refuse(row, column, "has an empty word between two bars")
        if len(set(parts)) < len(parts):
            rows.refuse(row, column, "says the same word twice")
        return parts

    for keyword in row["keywords"].split("|"):
        if len(keyword) > 40:
            rows.refuse(row, "keywords", f"{keyword[:20]!r}… is longer than 40 characters")
    for owner in words("owners"):
        if owner not in OTHER_OWNERS and owner not in units.codes:
            rows.refuse(row, "owners", f"{owner!r} is not known")
    for column in ("lead_unit", "support_units", "follow_up_unit", "supervising_unit"):
        for pattern in words(column):
            if not units.knows(pattern):
                rows.refuse(row, column, f"{pattern!r} is not a unit")
    if row["hours"]:
        rows.convert(row, "hours", Hours.parse)
    rows.convert(row, "handle_limit", Limit.parse)
    return {
        "code": row["code"],
        "category_id": row["category_code"],
        **{name: row[name] for name in ("matter_zh", "filing_condition_zh", "closing_condition_zh")},
        **{name: words(name) for name in ("keywords", "owners", "place_types", "sources", "support_units")},
        **{name: row[name] for name in ("hours", "lead_unit", "follow_up_unit", "supervising_unit")},
        **{name: row[name] for name in ("level", "urgency", "handle_limit", "legal_basis")},
        "dispatch_minutes": rows.convert(row, "dispatch_minutes", _minutes),
        "accept_minutes": rows.convert(row, "accept_minutes", _minutes),
    }


def _minutes(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit()) or not 0 < int(cell) <= 100_000:
        raise ValueError(f"{cell!r} is not a number of minutes")
    return int(cell)


def _fits(rows: Rows, model: type[Category] | type[ResponsibilityItem], columns: dict[str, str]) -> None:
    """No cell is longer than its field."""
    for column, name in columns.items():
        longest = getattr(model._meta.get_field(name), "max_length", None)
        for row in rows:
            if longest and len(row[column]) > longest:
                rows.refuse(row, column, f"is longer than {longest} characters")
