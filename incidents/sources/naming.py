"""The district's tables of what each source calls a category: kept in the browser, or by a sheet.

Who keeps them answers for where cases go, so each change says who and when, and is never taken out again.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import viewer_of
from dispatch.models import Category, SourceCategory, SourceCategoryChange
from dispatch.spreadsheets.cells import CategoryNames
from dispatch.spreadsheets.delimited import read_delimited
from dispatch.spreadsheets.export import escaped
from dispatch.spreadsheets.grid import TableError
from dispatch.stewards import is_district_steward
from dispatch.vocabulary import Source
from incidents.errors import ActionRefused, InvalidInput

KEEPERS = (Role.ADMIN, Role.STEWARD)
NAME_MAX = 120
# Names that are in no table are counted among the newest reports, whoever sent them.
LOOKED_AT = 50_000
UNMAPPED_SHOWN = 100
SHEET_ROWS_MOST = 5_000
WRONG_SHOWN = 20
SHEET_BYTES_MOST = 2 * 1024 * 1024
HEAD = ("source", "name", "category")

_UNMAPPED = """
SELECT r.source_category, count(*), max(r.received_at)
FROM (SELECT source, source_category, received_at FROM incidents_report ORDER BY id DESC LIMIT %(looked)s) r
LEFT JOIN dispatch_sourcecategory s ON s.source = r.source AND s.name = r.source_category
WHERE r.source = %(source)s AND r.source_category <> '' AND s.id IS NULL
GROUP BY r.source_category ORDER BY count(*) DESC, r.source_category LIMIT %(shown)s
"""


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A name that a source uses and no table knows."""

    name: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet did: how many names it set, and how many said what was there already."""

    changed: int
    unchanged: int


def unmapped(source: str) -> list[Unmapped]:
    """The names of a source that no table knows, the most frequent first, among the newest reports."""
    with connection.cursor() as db:
        db.execute(_UNMAPPED, {"source": source, "looked": LOOKED_AT, "shown": UNMAPPED_SHOWN})
        return [Unmapped(*row) for row in db.fetchall()]


@transaction.atomic(durable=True)
def set_name(*, source: str, name: str, category: str, user: User, at: datetime) -> bool:
    """Say what a source's name means from now on, by the category's code or name; an empty one takes it out.
    Has anything changed?"""
    _guard(user)
    code = _codes(category)[category]
    _check(source, name, code)
    return _write(source, name.strip(), code or "", user=user, at=at)


@transaction.atomic(durable=True)
def take_sheet(*, data: bytes, user: User, at: datetime) -> Sheet:
    """Set the names of a CSV (source, name, category); all of them or, where one is wrong, none.

    Raises InvalidInput (field `sheet`) that names the rows and what is wrong with each.
    """
    _guard(user)
    if len(data) > SHEET_BYTES_MOST:
        raise InvalidInput("sheet", "too_large", _("The file is larger than 2 MB."))
    rows = list(_rows(data))
    codes = _codes(*{category for _number, _source, _name, category in rows})
    seen: set[tuple[str, str]] = set()
    wrong: list[tuple[int, InvalidInput]] = []
    for number, source, name, category in rows:
        try:
            _check(source, name, codes[category])
            if (source, name) in seen:
                raise InvalidInput("name", "twice", _("This name stands in the sheet twice."))
        except InvalidInput as error:
            wrong.append((number, error))
        seen.add((source, name))
    if wrong:
        raise _in_rows(wrong)
    changed = sum(
        _write(source, name, codes[category] or "", user=user, at=at)
        for _number, source, name, category in rows
    )
    return Sheet(changed, len(rows) - changed)


def as_sheet(source: str = "") -> Iterator[str]:
    """The tables as CSV, with the names that are still in none of them: to be filled in and taken back."""
    yield "\ufeff"
    yield _line(HEAD)
    for code in Source.values:
        if source and code != source:
            continue
        for one in SourceCategory.objects.filter(source=code).select_related("category").order_by("name"):
            # Of a category that is switched off, what it means by now: so the sheet can be taken back.
            yield _line((code, one.name, one.category.successor_id or one.category_id))
        for name in unmapped(code):
            yield _line((code, name.name, ""))


def _line(cells: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([escaped(one) for one in cells])
    return written.getvalue()


def _rows(data: bytes) -> Iterator[tuple[int, str, str, str]]:
    try:
        grid = read_delimited(data)
    except TableError as error:
        raise InvalidInput("sheet", "unreadable", str(error)) from error
    lines = grid.lines
    head = [cell.strip().lower() for cell in lines[0].cells] if lines else []
    if head[: len(HEAD)] != list(HEAD):
        raise InvalidInput(
            "sheet", "head", _("The first row names the columns: %(head)s.") % {"head": ", ".join(HEAD)}
        )
    if len(lines) - 1 > SHEET_ROWS_MOST:
        raise InvalidInput("sheet", "too_many", _("At most %(max)d rows.") % {"max": SHEET_ROWS_MOST})
    for line in lines[1:]:
        source, name, category = (*line.cells, "", "", "")[:3]
        yield line.number, source.strip(), name.strip(), category.strip()


def _codes(*wanted: str) -> dict[str, str | None]:
    """The code of each category that is named, by its code or by a name that is one's alone; else None."""
    known = CategoryNames(Category.objects.in_use().values_list("code", "name_zh", "name_en"))
    told: dict[str, str | None] = {}
    for word in wanted:
        found = known.find(word) if word else ("",)
        told[word] = found[0] if len(found) == 1 else None
    return told


def _check(source: str, name: str, category: str | None) -> None:
    if source not in Source.values:
        raise InvalidInput("source", "unknown", _("There is no such source."))
    if not name.strip():
        raise InvalidInput("name", "required", _("Write the source's own name for it."))
    if len(name.strip()) > NAME_MAX:
        raise InvalidInput("name", "max_length", _("At most %(max)d characters.") % {"max": NAME_MAX})
    if category is None:
        raise InvalidInput("category", "unknown", _("There is no category with this code or name."))


def _write(source: str, name: str, category: str, *, user: User, at: datetime) -> bool:
    row = SourceCategory.objects.select_for_update().filter(source=source, name=name).first()
    before = row.category_id if row else ""
    if before == category:
        return False
    if not category:
        assert row is not None
        row.delete()
    else:
        told: Mapping[str, object] = {"category_id": category, "changed_by": user, "changed_at": at}
        SourceCategory.objects.update_or_create(source=source, name=name, defaults=told)
    SourceCategoryChange.objects.create(
        source=source, name=name, before=before, after=category, changed_by=user, changed_at=at
    )
    return True


def _in_rows(wrong: Sequence[tuple[int, InvalidInput]]) -> InvalidInput:
    """What is wrong with each of the first rows, and how many more there are."""
    told = [
        _("Row %(row)d: %(what)s") % {"row": number, "what": error.message}
        for number, error in wrong[:WRONG_SHOWN]
    ]
    if more := len(wrong) - WRONG_SHOWN:
        told += [_("And %(count)d rows more.") % {"count": more}] if more > 0 else []
    return InvalidInput("sheet", wrong[0][1].code, " ".join(told))


def may_name(user: User) -> bool:
    """May this person say what a source's names mean? It moves cases of the whole district: that is not for
    the steward of one unit's items."""
    return Role.ADMIN in viewer_of(user).roles or is_district_steward(user)


def _guard(user: User) -> None:
    if not may_name(user):
        raise ActionRefused("not_allowed", _("Your role does not allow this."))
