"""Changing the work calendar: days, years, hours, stoppages. Each change is one transaction and an edition.

Running clocks are moved afterwards, by the sweep that looks for older editions.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit, User
from dispatch import edition
from dispatch.calendar import SHANGHAI, BadPeriods, parse_periods
from dispatch.calendar_book import lock_calendar, write_edition
from dispatch.models import CalendarDay, CalendarEdition, CalendarYear, Stoppage, WorkingHours
from dispatch.workdays import published_days

# A typing error in a date must not stop the district for a year.
STOPPAGE_LONGEST = timedelta(days=14)
# Declared after the event: the storm came in the night.
STOPPAGE_EARLIEST = timedelta(days=2)

_PERIOD_RULES = {
    "format": _("Write periods such as 09:00-12:00,14:00-18:00."),
    "count": _("At most six periods a day."),
    "order": _("Periods follow each other and do not overlap, also not with those of the next day."),
}


class CalendarRefused(Exception):
    """The change breaks a rule: `field` names the input, `code` the rule, str() tells the reader."""

    def __init__(self, field: str, code: str, message: object) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


@transaction.atomic(durable=True)
def confirm_year(*, year: int, actor: User, at: datetime) -> None:
    """The State Council's notice is out and the days are as it says: the year is no forecast any more."""
    lock_calendar()
    row = _year(year)
    if not row.confirmed:
        row.confirmed, row.confirmed_by, row.confirmed_at = True, actor, at
        row.save(update_fields=["confirmed", "confirmed_by", "confirmed_at"])
    _changed(CalendarEdition.Cause.DAYS, at=at)


@transaction.atomic(durable=True)
def set_day(*, day: date, is_working: bool, name: str, actor: User, at: datetime) -> None:
    """Say of one day whether it is worked, whatever was published."""
    lock_calendar()
    if not name.strip():
        raise CalendarRefused("name", "required", _("Say why the day is different."))
    CalendarDay.objects.update_or_create(
        date=day,
        defaults={
            "year": _year(day.year),
            "is_working": is_working,
            "name_zh": name.strip()[:80],
            "by_hand": True,
        },
    )
    _changed(CalendarEdition.Cause.DAYS, at=at)


@transaction.atomic(durable=True)
def reset_day(*, day: date, actor: User, at: datetime) -> None:
    """Let one day be again what is published for it, or what the plain week says."""
    lock_calendar()
    year = _year(day.year)
    CalendarDay.objects.filter(date=day).delete()
    if told := published_days(day.year).get(day):
        is_working, name = told
        CalendarDay.objects.create(date=day, year=year, is_working=is_working, name_zh=name)
    _changed(CalendarEdition.Cause.DAYS, at=at)


@transaction.atomic(durable=True)
def set_hours(
    *,
    unit_code: str,
    periods: str,
    weekdays: Iterable[int],
    follows_holidays: bool,
    follows_stoppages: bool,
    actor: User,
    at: datetime,
) -> None:
    """Set the hours of a unit and of those below it; of the whole district where no unit is named."""
    lock_calendar()
    unit = OrgUnit.objects.filter(code=unit_code).first() if unit_code else None
    if unit_code and unit is None:
        raise CalendarRefused("unit", "unknown", _("There is no such unit."))
    days = sorted(set(weekdays))
    if not days:
        raise CalendarRefused("weekdays", "required", _("Choose at least one weekday."))
    try:
        read = parse_periods(periods)
    except BadPeriods as error:
        raise CalendarRefused("periods", error.code, _PERIOD_RULES[error.code]) from error
    WorkingHours.objects.update_or_create(
        unit=unit,
        defaults={
            # Midnight at a period's end is written as such.
            "periods": ",".join(
                f"{a:%H:%M}-{'24:00' if not b.hour + b.minute else f'{b:%H:%M}'}" for a, b in read
            ),
            "weekdays": days,
            "follows_holidays": follows_holidays,
            "follows_stoppages": follows_stoppages,
            "changed_at": at,
            "changed_by": actor,
        },
    )
    _changed(CalendarEdition.Cause.HOURS, at=at)


@transaction.atomic(durable=True)
def remove_hours(*, unit_code: str, actor: User, at: datetime) -> None:
    """Let a unit follow the one above it again, and the district the offices' usual hours."""
    lock_calendar()
    WorkingHours.objects.filter(unit_id=unit_code or None).delete()
    _changed(CalendarEdition.Cause.HOURS, at=at)


@transaction.atomic(durable=True)
def declare_stoppage(
    *, reason: str, starts_at: datetime, ends_at: datetime, actor: User, at: datetime
) -> Stoppage:
    """Take a stretch out of everybody's working time."""
    lock_calendar()
    check_stoppage(reason=reason, starts_at=starts_at, ends_at=ends_at, at=at)
    stoppage = Stoppage.objects.create(
        reason=reason.strip(), starts_at=starts_at, ends_at=ends_at, declared_at=at, declared_by=actor
    )
    _changed(CalendarEdition.Cause.STOPPAGE, at=at)
    return stoppage


def check_stoppage(*, reason: str, starts_at: datetime, ends_at: datetime, at: datetime) -> None:
    """May this be declared? Raises CalendarRefused."""
    if not reason.strip():
        raise CalendarRefused("reason", "required", _("Say why work stops."))
    if ends_at <= starts_at:
        raise CalendarRefused("ends_at", "order", _("It ends after it has begun."))
    if ends_at - starts_at > STOPPAGE_LONGEST:
        raise CalendarRefused(
            "ends_at",
            "too_long",
            _("At most %(days)d days at a time.") % {"days": STOPPAGE_LONGEST.days},
        )
    if starts_at < at - STOPPAGE_EARLIEST:
        raise CalendarRefused(
            "starts_at",
            "too_early",
            _("It may have begun at most %(days)d days ago: what passed before stands.")
            % {"days": STOPPAGE_EARLIEST.days},
        )
    known = CalendarYear.objects.filter(
        year__in=[moment.astimezone(SHANGHAI).year for moment in (starts_at, ends_at)]
    )
    if known.count() < len({moment.astimezone(SHANGHAI).year for moment in (starts_at, ends_at)}):
        raise CalendarRefused("ends_at", "unknown_year", _("The calendar does not have this year."))


@transaction.atomic(durable=True)
def revoke_stoppage(*, stoppage_id: int, actor: User, at: datetime) -> Stoppage:
    """Work goes on: a stop that has not begun never was, one that has begun ends now."""
    lock_calendar()
    stoppage = Stoppage.objects.select_for_update().filter(pk=stoppage_id).first()
    if stoppage is None:
        raise CalendarRefused("stoppage", "unknown", _("There is no such stop."))
    if stoppage.revoked_at is not None or stoppage.ends_at <= at:
        raise CalendarRefused("stoppage", "over", _("This stop is over already."))
    stoppage.revoked_at, stoppage.revoked_by = at, actor
    stoppage.save(update_fields=["revoked_at", "revoked_by"])
    _changed(CalendarEdition.Cause.STOPPAGE, at=at)
    return stoppage


def _year(year: int) -> CalendarYear:
    row = CalendarYear.objects.filter(year=year).first()
    if row is None:
        raise CalendarRefused("year", "unknown_year", _("The calendar does not have this year."))
    return row


def _changed(cause: CalendarEdition.Cause, *, at: datetime) -> None:
    write_edition(cause, at=at)
    # At once for this transaction, and again when it stands: a question in between saw the old one.
    edition.has_changed()
