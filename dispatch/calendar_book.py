"""The work calendar as a value: the district's and its units', at one revision.

Every change writes a whole new CalendarEdition, so that what a clock was reckoned by can be asked later,
and so that a process reads days, hours and stoppages of one moment in one row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import connection, models

from dispatch.calendar import WorkCalendar, parse_periods
from dispatch.models import CalendarDay, CalendarEdition, CalendarYear, Stoppage, WorkingHours

FIRST_YEAR, LAST_YEAR = 2015, 2035
DISTRICT = ""  # whose hours count where neither the unit nor one above it has its own
DEFAULT_HOURS: Mapping[str, Any] = {
    "periods": "09:00-12:00,14:00-18:00",
    "weekdays": [0, 1, 2, 3, 4],
    "holidays": True,
    "stoppages": True,
}
_LOCK = (3, 1)  # of this product's advisory locks: 3 is the work calendar
_KEPT = 32  # how many revisions a process keeps read


@dataclass(frozen=True)
class CalendarBook:
    """Calendars by the unit that has its own; the district's is always there."""

    revision: int
    snapshot: Mapping[str, Any]
    _calendars: dict[str, WorkCalendar] = field(default_factory=dict, repr=False, compare=False)

    @property
    def district(self) -> WorkCalendar:
        """The default calendar."""
        return self.calendar_of(DISTRICT)

    def of(self, unit_code: str, paths: Mapping[str, str]) -> WorkCalendar:
        """The unit's own calendar, its nearest ancestor's, or the district's.

        `paths` has every unit's path in the tree: codes from the root, joined by ">".
        """
        return self.calendar_of(self.owner_of(unit_code, paths))

    def owner_of(self, unit_code: str, paths: Mapping[str, str]) -> str:
        """Whose hours count for this unit; empty for the district's default."""
        hours = self.snapshot["hours"]
        if not hours or not unit_code:
            return DISTRICT
        line = reversed(paths.get(unit_code, unit_code).split(">"))
        return next((code for code in line if code in hours), DISTRICT)

    def calendar_of(self, owner: str) -> WorkCalendar:
        """The calendar that was set for this unit itself."""
        found = self._calendars.get(owner)
        if found is None:
            found = self._calendars[owner] = _calendar(
                self.snapshot, self.snapshot["hours"].get(owner, DEFAULT_HOURS)
            )
        return found


def lock_calendar() -> None:
    """One change at a time, until the transaction ends: each edition then holds all earlier changes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)


def write_edition(cause: CalendarEdition.Cause, *, at: datetime) -> int:
    """Keep the tables as they stand as a new edition; the caller holds the lock. Answers the revision.

    Where nothing differs from the newest edition, that one stays.
    """
    snapshot = read_tables()
    newest = CalendarEdition.objects.order_by("-revision").first()
    if newest is not None and newest.snapshot == snapshot:
        return newest.revision
    return CalendarEdition.objects.create(cause=cause, made_at=at, snapshot=snapshot).revision


def newest_book() -> CalendarBook:
    """The calendar that counts now."""
    return book_at(CalendarEdition.objects.aggregate(newest=models.Max("revision"))["newest"] or 0)


def book_at(revision: int) -> CalendarBook:
    """The calendar as it was at this revision; before the first edition, as the first has it."""
    if revision:
        return _book(revision)
    first = CalendarEdition.objects.aggregate(first=models.Min("revision"))["first"]
    return _book(first) if first else CalendarBook(0, read_tables())


def read_tables() -> dict[str, Any]:
    """What an edition keeps, from the tables."""
    return {
        "years": {str(year): sure for year, sure in CalendarYear.objects.values_list("year", "confirmed")},
        "days": {
            day.isoformat(): worked for day, worked in CalendarDay.objects.values_list("date", "is_working")
        },
        "hours": {
            row.unit_id or DISTRICT: {
                "periods": row.periods,
                "weekdays": sorted(row.weekdays),
                "holidays": row.follows_holidays,
                "stoppages": row.follows_stoppages,
            }
            for row in WorkingHours.objects.all()
        },
        "stoppages": [
            [row.starts_at.isoformat(), row.ended_at.isoformat()]
            for row in Stoppage.objects.order_by("pk")
            if row.ended_at > row.starts_at
        ],
    }


@lru_cache(maxsize=_KEPT)
def _book(revision: int) -> CalendarBook:
    """Editions never change: one that was read once stays read."""
    edition = CalendarEdition.objects.filter(revision__lte=revision).order_by("-revision").first()
    if edition is None:
        edition = CalendarEdition.objects.order_by("revision").first()
    return CalendarBook(edition.revision, edition.snapshot) if edition else CalendarBook(0, read_tables())


def _calendar(snapshot: Mapping[str, Any], hours: Mapping[str, Any]) -> WorkCalendar:
    years = {int(year): sure for year, sure in snapshot["years"].items()}
    follows = hours["holidays"]
    return WorkCalendar(
        exceptions={date.fromisoformat(day): worked for day, worked in snapshot["days"].items()}
        if follows
        else {},
        first_year=min(years, default=FIRST_YEAR),
        last_year=max(years, default=LAST_YEAR),
        hours=parse_periods(hours["periods"]),
        weekdays=frozenset(hours["weekdays"]),
        unconfirmed_years=frozenset(year for year, sure in years.items() if not sure)
        if follows
        else frozenset(),
        stoppages=tuple(
            (datetime.fromisoformat(start), datetime.fromisoformat(end))
            for start, end in snapshot["stoppages"]
        )
        if hours["stoppages"]
        else (),
    )
