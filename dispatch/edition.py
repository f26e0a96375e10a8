"""The list, the units and the calendar as they stand now, compiled once and shared by all threads.

A process asks the database in one short statement whether anything changed; only then does it read
and compile again. What a batch of decisions was handed stays the same until that batch is done.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.models import OrgUnit
from config import clock
from dispatch.calendar import WorkCalendar
from dispatch.calendar_book import CalendarBook, book_at, newest_book
from dispatch.errors import NoLiveList
from dispatch.index import MatchIndex
from dispatch.items import Item
from dispatch.models import Category, ResponsibilityItem, ResponsibilityList
from dispatch.units import UnitDirectory
from grids import registers

# Everything that makes a new edition: the live version, the categories, the work calendar, the units. The
# stamps of the registers of places come along, so that those cost no statement of their own.
_PROBE = f"""
SELECT
    (SELECT ARRAY[list.id::text, list.version::text, list.revision::text, list.content_hash]
     FROM dispatch_listterm AS term JOIN dispatch_responsibilitylist AS list ON list.id = term.list_id
     WHERE term.cancelled_at IS NULL AND (term.starts_at IS NULL OR term.starts_at <= %s)
     ORDER BY term.starts_at DESC NULLS LAST LIMIT 1),
    (SELECT ARRAY[count(*), sum(hashtext(concat_ws('|', code, name_zh, name_en, successor_id)))]
     FROM dispatch_category),
    (SELECT max(revision) FROM dispatch_calendaredition),
    (SELECT ARRAY[count(*), sum(hashtext(
        concat_ws('|', code, area_code, path, is_open::text, successor_id, kind, name_zh, name_en)
     ))] FROM accounts_orgunit),
    {registers.STAMPS_SQL}
"""


@dataclass(frozen=True, slots=True)
class Names:
    """What codes are called, in Chinese and English (items in Chinese only)."""

    categories: Mapping[str, tuple[str, str]]
    units: Mapping[str, tuple[str, str]]  # the open ones
    items: Mapping[str, str]
    closed: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # units that decisions still name


@dataclass(frozen=True, slots=True)
class Edition:
    """One consistent state of everything that decisions rest on."""

    list_id: int
    version: int
    index: MatchIndex
    units: UnitDirectory
    calendars: CalendarBook
    names: Names
    paths: Mapping[str, str]  # of every unit in the tree, closed ones too
    # Categories that are switched off, and the one in use that each has become.
    moved: Mapping[str, str] = field(default_factory=dict)

    @property
    def calendar(self) -> WorkCalendar:
        """The district's own calendar."""
        return self.calendars.district


_current: tuple[tuple[Any, ...], Edition] | None = None
_compiling = threading.Lock()
_probed_at = 0.0
_doubts = 0  # how often somebody said that what is held may be old
_probed_for: datetime | None = None  # the district's time then: a term may begin while nobody asks
# Seconds for which an edition that was just asked about is taken to be unchanged.
CALENDAR_TRUST = 1.0


def edition() -> Edition:
    """The edition that decides now: one statement when nothing changed. Raises NoLiveList."""
    global _current, _probed_at, _probed_for
    asked_for, asked_at, doubts = clock.now(), time.monotonic(), _doubts
    with connection.cursor() as cursor:
        cursor.execute(_PROBE, [asked_for])
        live, categories, calendar, units, stamps = cursor.fetchone()
    registers.notice(stamps)
    if live is None:
        raise NoLiveList("There is no live responsibility list: run `manage.py load_items`.")
    stamp = (tuple(live), tuple(categories), calendar, tuple(units))
    held = _current
    if held is None or held[0] != stamp:
        with _compiling:
            held = _current
            if held is None or held[0] != stamp:
                # One assignment swaps it: readers see the old edition or the new one, never a mixture.
                held = _current = (stamp, _compile(int(live[0]), int(live[1])))
    # Trusted from when it was asked about, and not where somebody has changed something meanwhile.
    _probed_for = asked_for
    _probed_at = asked_at if doubts == _doubts else 0.0
    return held[1]


def recent_edition() -> Edition:
    """The edition as of the last second, by the machine's clock and the district's; mostly no statement.

    For intake: asking before each of a thousand reports a second would cost more than deciding them. What
    this process changes itself holds at once (`distrust`), what another one changes a second later.
    """
    held = _current
    if (
        held is not None
        and _probed_for is not None
        and time.monotonic() - _probed_at < CALENDAR_TRUST
        and abs((clock.now() - _probed_for).total_seconds()) < CALENDAR_TRUST
    ):
        return held[1]
    return edition()


def work_calendar(unit_code: str = "") -> WorkCalendar:
    """The calendar of this unit (its own, its nearest ancestor's, or the district's).

    At most CALENDAR_TRUST old: one action asks for it many times.
    """
    held = _held()
    return held.calendars.of(unit_code, held.paths)


def calendar_revision() -> int:
    """The revision that `work_calendar` has just answered from; asks the database only where nobody did.

    A due time and its revision are then of one piece, also where the calendar changes in between.
    """
    held = _current
    return (held[1] if held is not None and _probed_at else edition()).calendars.revision


def calendar_at(revision: int, unit_code: str = "") -> WorkCalendar:
    """This unit's calendar as it was at that revision (by the tree of units as it is now)."""
    return book_at(revision).of(unit_code, _held().paths)


def distrust() -> None:
    """Ask the database at the next question."""
    global _probed_at, _doubts
    _doubts += 1
    _probed_at = 0.0


def has_changed() -> None:
    """For whoever has just changed the calendar or the list: ask anew, and again when others can see it."""
    distrust()
    transaction.on_commit(distrust)


def _held() -> Edition:
    held = _current
    if held is not None and time.monotonic() - _probed_at < CALENDAR_TRUST:
        return held[1]
    return edition()


def edition_of(version: ResponsibilityList) -> Edition:
    """What would decide if this version were live: its items, with today's units and calendar.

    The few last asked for are kept, by the version's revision: whoever edits a draft asks again and again.
    """
    now = edition()
    key = (version.pk, version.revision)
    with _rehearsing:
        held = _rehearsed.pop(key, None)
        if held is None:
            items = _items(version.pk)
            held = (MatchIndex(items, version.version), {item.code: item.matter_zh for item in items})
            while len(_rehearsed) >= REHEARSED_MOST:
                _rehearsed.pop(next(iter(_rehearsed)))
        _rehearsed[key] = held
    index, matters = held
    return replace(
        now,
        list_id=version.pk,
        version=version.version,
        index=index,
        names=replace(now.names, items=matters),
    )


# Versions compiled, the one last asked for at the end: (list, revision) → its index, its items' names.
_rehearsed: dict[tuple[int, int], tuple[MatchIndex, Mapping[str, str]]] = {}
REHEARSED_MOST = 4
_rehearsing = threading.Lock()


def _items(list_id: int) -> list[Item]:
    rows = ResponsibilityItem.objects.filter(list_id=list_id).order_by("code").values()
    return [Item.from_row(row) for row in rows]


def _compile(list_id: int, version: int) -> Edition:
    items = _items(list_id)
    units = UnitDirectory.read()
    rows = list(Category.objects.values_list("code", "name_zh", "name_en", "successor_id"))
    categories = [row[:3] for row in rows]
    return Edition(
        list_id=list_id,
        version=version,
        index=MatchIndex(items, version),
        units=units,
        calendars=newest_book(),
        names=Names(
            categories={code: (name_zh, name_en) for code, name_zh, name_en in categories},
            units=units.names,
            closed=units.closed,
            items={item.code: item.matter_zh for item in items},
        ),
        paths=dict(OrgUnit.objects.values_list("code", "path")),
        moved=_moved({code: after for code, _zh, _en, after in rows if after}),
    )


def _moved(successors: Mapping[str, str]) -> dict[str, str]:
    """The category in use at the end of each one's successors."""
    ends: dict[str, str] = {}
    for code in successors:
        end, passed = code, {code}
        while (after := successors.get(end)) is not None and after not in passed:
            end = after
            passed.add(after)
        ends[code] = end
    return ends
