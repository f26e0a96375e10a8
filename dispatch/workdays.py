"""The mainland's published holidays and make-up working days, written into the work calendar."""

from collections.abc import Iterable
from datetime import date, datetime

import holidays
from django.db import transaction
from django.utils import timezone

from dispatch.calendar_book import FIRST_YEAR, LAST_YEAR, lock_calendar, write_edition
from dispatch.models import CalendarDay, CalendarEdition, CalendarYear

__all__ = ["FIRST_YEAR", "LAST_YEAR", "is_confirmed", "load_calendar", "published_days"]


def published_days(year: int) -> dict[date, tuple[bool, str]]:
    """Holidays and make-up working days of a year: whether each is worked, and its Chinese name."""
    told = holidays.country_holidays("CN", years=year, language="zh_CN")
    days = {day: (False, str(name)) for day, name in told.items() if day.year == year}
    # A year's make-up days may be worked off in the year before (New Year's Day), so ask both.
    around = holidays.country_holidays("CN", years=(year, year + 1))
    for day in sorted(around.weekend_workdays):
        if day.year == year:
            days[day] = (True, "调休上班")
    return days


def is_confirmed(year: int) -> bool:
    """Has the State Council's notice for this year been taken into the holiday tables?

    The notice always moves some working days; a year without any is a forecast from the law alone.
    """
    return year in holidays.country_holidays("CN").special_public_holidays


def load_calendar(
    years: Iterable[int] = range(FIRST_YEAR, LAST_YEAR + 1), *, at: datetime | None = None
) -> tuple[int, int]:
    """Write these years; returns how many changed and how many are confirmed.

    A year that a person has confirmed in the meantime, with days of their own, is left alone where
    the tables still only forecast it; and so is every single day that was set by hand. `at` is the
    instant of the change in the district, now where none is named.
    """
    changed = confirmed = 0
    with transaction.atomic():
        lock_calendar()
        for year in years:
            known = CalendarYear.objects.filter(year=year).first()
            sure = is_confirmed(year)
            confirmed += sure or bool(known and known.confirmed)
            if known and known.confirmed and not sure:
                continue
            by_hand = set(
                CalendarDay.objects.filter(year_id=year, by_hand=True).values_list("date", flat=True)
            )
            days = {day: told for day, told in published_days(year).items() if day not in by_hand}
            stored = {
                day: (is_working, name)
                for day, is_working, name in CalendarDay.objects.filter(
                    year_id=year, by_hand=False
                ).values_list("date", "is_working", "name_zh")
            }
            if known and known.confirmed == sure and stored == days:
                continue
            changed += 1
            row, _created = CalendarYear.objects.update_or_create(year=year, defaults={"confirmed": sure})
            row.days.filter(by_hand=False).delete()
            CalendarDay.objects.bulk_create(
                CalendarDay(date=day, year=row, is_working=is_working, name_zh=name)
                for day, (is_working, name) in sorted(days.items())
            )
        write_edition(CalendarEdition.Cause.DAYS, at=at or timezone.now())
    return changed, confirmed
