"""Loading reference files into the tables: checked wholly first, then written in one transaction."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import override

from accounts.reference import Row, Rows, read_rows
from dispatch import lists
from dispatch.item_rules import CONDITIONS, FIELDS, LISTS, NUMBERS, known, problems_of
from dispatch.models import Category, CategoryChange, ListTerm, ResponsibilityItem, ResponsibilityList

DATA = Path(__file__).parent / "data"
CATEGORY_COLUMNS = ("code", "domain_code", "domain_zh", "domain_en", "name_zh", "name_en", "scope_zh")
ITEM_COLUMNS = (
    *("code", "category_code", "matter_zh", "filing_condition_zh", "closing_condition_zh"),
    *("keywords", "owners", "place_types", "sources", "hours"),
    *("lead_unit", "support_units", "follow_up_unit", "supervising_unit", "level", "urgency"),
    *("dispatch_minutes", "accept_minutes", "handle_limit", "legal_basis"),
)


def load_categories(path: Path) -> tuple[int, int]:
    """Load the categories; returns how many were written new or changed, and how many there are.

    A category that the file no longer has stays: cases hang on it. Raises BadFile.
    """
    rows = read_rows(path, CATEGORY_COLUMNS)
    rows.require("code", "domain_code", "domain_zh", "domain_en", "name_zh", "name_en")
    rows.unique("code")
    _fits(rows)
    for row in rows:
        if not row["code"].startswith(row["domain_code"]):
            rows.refuse(row, "code", f"{row['code']!r} does not begin with its domain {row['domain_code']!r}")
    rows.check()
    with transaction.atomic():
        known = {category.code: category for category in Category.objects.all()}
        # What the district has named itself is not named back by a new release.
        own = set(CategoryChange.objects.values_list("category", flat=True))
        changed = []
        for row in rows:
            if row["code"] in own:
                continue
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
        lists.lock()
        live = ResponsibilityList.objects.live(at).first()
        if live is not None and live.content_hash == content:
            return live, False
        version = lists.new_version(title=title, based_on=live, by=None, at=at, content_hash=content)
        ResponsibilityItem.objects.bulk_create(
            [ResponsibilityItem(list=version, **record) for record in records], batch_size=500
        )
        lists.begin_now(version, at=at)
    return version, True


def is_kept_by_hand(at: datetime) -> bool:
    """Has somebody edited what is live? Then a new release's file must not put itself in its place."""
    live = ResponsibilityList.objects.live(at).first()
    edited = live is not None and live.created_by_id is not None
    # What somebody has decided to begin later rests on what is live now.
    return edited or ListTerm.objects.standing().filter(starts_at__gt=at).exists()


def _item_records(rows: Rows) -> list[dict[str, Any]]:
    """The model fields of every row, with all complaints noted in `rows`."""
    allowed = known()
    rows.unique("code")
    catch_alls: dict[str, int] = {}
    records = []
    with override("en"):  # the other complaints about files are English too
        for row in rows:
            values = _values(row)
            for problem in problems_of(values, allowed):
                column = "category_code" if problem.field == "category" else problem.field
                rows.refuse(row, column, problem.message)
            if not any(row[name] for name in CONDITIONS):
                first = catch_alls.setdefault(row["category_code"], row.number)
                if first != row.number:
                    rows.refuse(row, "keywords", f"a second item without conditions, after row {first}")
            records.append({"category_id": values.pop("category"), **values})
    for category in sorted({row["category_code"] for row in rows} - set(catch_alls)):
        last = max(row.number for row in rows if row["category_code"] == category)
        rows.refuse(last, "category_code", f"{category} has no item without conditions")
    return records


def _values(row: Row) -> dict[str, Any]:
    """The row's cells as an item's values; what is no number is None, for the rules to refuse."""
    values: dict[str, Any] = {name: row["category_code" if name == "category" else name] for name in FIELDS}
    values.update({name: row[name].split("|") if row[name] else [] for name in LISTS})
    for name in NUMBERS:
        values[name] = int(row[name]) if row[name].isascii() and row[name].isdigit() else None
    return values


def _fits(rows: Rows) -> None:
    """No cell is longer than its field."""
    for column in CATEGORY_COLUMNS:
        longest = getattr(Category._meta.get_field(column), "max_length", None)
        for row in rows:
            if longest and len(row[column]) > longest:
                rows.refuse(row, column, f"is longer than {longest} characters")
