"""Changing the work calendar: every change is an edition, and each unit is told its own calendar."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from dispatch import calendar_changes as changes
from dispatch.calendar import SHANGHAI
from dispatch.calendar_book import newest_book
from dispatch.calendar_changes import CalendarRefused
from dispatch.edition import calendar_at, calendar_revision, work_calendar
from dispatch.models import CalendarDay, CalendarEdition, CalendarYear, Stoppage
from dispatch.workdays import load_calendar

pytestmark = pytest.mark.django_db


def local(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


NOW = local(7, 7, 10)


@pytest.fixture
def keeper(db: None) -> User:
    """Keeps the calendar."""
    return User.objects.create_user("keeper")


def hours(keeper: User, unit: str, **given: Any) -> None:
    told = {
        "periods": "00:00-24:00",
        "weekdays": range(7),
        "follows_holidays": False,
        "follows_stoppages": True,
        **given,
    }
    changes.set_hours(unit_code=unit, actor=keeper, at=NOW, **told)


STORM, STORM_OVER = local(7, 8), local(7, 9)


def storm(keeper: User, start: datetime = STORM, end: datetime = STORM_OVER) -> Stoppage:
    return changes.declare_stoppage(reason="台风停工", starts_at=start, ends_at=end, actor=keeper, at=NOW)


def worked(day: date, unit: str = "") -> bool:
    return work_calendar(unit).is_working_day(day)


def test_a_unit_without_hours_of_its_own_has_its_nearest_ancestors(keeper: User) -> None:
    sunday = date(2026, 7, 12)
    hours(keeper, "pinghu", weekdays=[6])
    hours(keeper, "pinghu/enforcement")
    assert worked(sunday, "pinghu")
    assert worked(sunday, "pinghu/operations")  # below the street office
    assert not worked(date(2026, 7, 13), "pinghu/operations")
    assert worked(date(2026, 7, 13), "pinghu/enforcement")
    assert not worked(sunday, "lighting-company")
    assert not worked(sunday)
    changes.remove_hours(unit_code="pinghu/enforcement", actor=keeper, at=NOW)
    assert not worked(date(2026, 7, 13), "pinghu/enforcement")


def test_the_districts_own_hours_are_everybodys_default(keeper: User) -> None:
    hours(keeper, "", periods="08:30-12:00", weekdays=range(5), follows_holidays=True)
    assert work_calendar("lighting-company").working_time(local(7, 8), local(7, 9)) == timedelta(hours=3.5)
    assert not worked(date(2026, 10, 1))


def test_a_unit_on_watch_works_through_holidays_and_storms(keeper: User) -> None:
    hours(keeper, "water-group", follows_stoppages=False)
    storm(keeper)
    assert worked(date(2026, 7, 8), "water-group")
    assert worked(date(2026, 10, 1), "water-group")
    assert not worked(date(2026, 7, 8))


def test_every_change_is_an_edition_and_the_old_one_can_be_asked(keeper: User) -> None:
    work_calendar()
    before = calendar_revision()
    storm(keeper)
    assert not worked(date(2026, 7, 8))
    after = calendar_revision()
    assert after > before
    assert calendar_at(before).is_working_day(date(2026, 7, 8))
    assert not calendar_at(after).is_working_day(date(2026, 7, 8))
    assert CalendarEdition.objects.get(pk=after).cause == "stoppage"


def test_what_changes_nothing_makes_no_edition(keeper: User) -> None:
    hours(keeper, "pinghu")
    count = CalendarEdition.objects.count()
    hours(keeper, "pinghu")
    assert CalendarEdition.objects.count() == count


def test_a_stop_revoked_before_it_began_never_was(keeper: User) -> None:
    stop = storm(keeper)
    changes.revoke_stoppage(stoppage_id=stop.pk, actor=keeper, at=NOW)
    assert worked(date(2026, 7, 8))


def test_a_stop_revoked_later_ended_then(keeper: User) -> None:
    stop = storm(keeper)
    changes.revoke_stoppage(stoppage_id=stop.pk, actor=keeper, at=local(7, 8, 15))
    assert work_calendar().working_time(local(7, 8), local(7, 9)) == timedelta(hours=3)
    with pytest.raises(CalendarRefused) as refused:
        changes.revoke_stoppage(stoppage_id=stop.pk, actor=keeper, at=local(7, 8, 16))
    assert refused.value.code == "over"


@pytest.mark.parametrize(
    ("start", "end", "field", "code"),
    [
        (local(7, 8), local(7, 8), "ends_at", "order"),
        (local(7, 8), local(8, 8), "ends_at", "too_long"),
        (local(7, 4), local(7, 8), "starts_at", "too_early"),
        (local(12, 30).replace(year=2099), local(12, 31).replace(year=2099), "ends_at", "unknown_year"),
    ],
)
def test_a_stop_that_cannot_be_meant_is_refused(
    keeper: User, start: datetime, end: datetime, field: str, code: str
) -> None:
    with pytest.raises(CalendarRefused) as caught:
        storm(keeper, start, end)
    assert (caught.value.field, caught.value.code) == (field, code)
    assert not Stoppage.objects.exists()


def test_hours_that_cannot_be_read_are_refused(keeper: User) -> None:
    for given, field in (
        ({"periods": "9-5"}, "periods"),
        ({"weekdays": []}, "weekdays"),
    ):
        with pytest.raises(CalendarRefused) as caught:
            hours(keeper, "pinghu", **given)
        assert caught.value.field == field
    with pytest.raises(CalendarRefused) as refused:
        hours(keeper, "nowhere")
    assert refused.value.code == "unknown"


def test_a_day_set_by_hand_outlives_the_next_loading(keeper: User) -> None:
    day = date(2026, 7, 10)
    changes.set_day(day=day, is_working=False, name="区庆", actor=keeper, at=NOW)
    assert not worked(day)
    assert load_calendar([2026])[0] == 0
    assert CalendarDay.objects.get(pk=day).name_zh == "区庆"
    changes.reset_day(day=day, actor=keeper, at=NOW)
    assert worked(day)


def test_a_published_day_comes_back_when_it_is_reset(keeper: User) -> None:
    day = date(2026, 10, 1)
    changes.set_day(day=day, is_working=True, name="值守", actor=keeper, at=NOW)
    assert worked(day)
    changes.reset_day(day=day, actor=keeper, at=NOW)
    assert not worked(day)


def test_a_confirmed_year_is_no_forecast_any_more(keeper: User) -> None:
    assert 2030 in work_calendar().unconfirmed_years
    changes.confirm_year(year=2030, actor=keeper, at=NOW)
    assert 2030 not in work_calendar().unconfirmed_years
    assert CalendarYear.objects.get(year=2030).confirmed_by == keeper
    with pytest.raises(CalendarRefused) as refused:
        changes.confirm_year(year=2099, actor=keeper, at=NOW)
    assert refused.value.code == "unknown_year"


def test_loading_writes_an_edition_of_what_it_changed() -> None:
    CalendarDay.objects.filter(date="2026-10-01").delete()
    before = newest_book()
    assert load_calendar([2026])[0] == 1
    # The newest edition had the day all along: the tables agree with it again.
    assert newest_book() == before
