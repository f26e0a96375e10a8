"""Who takes the call, and how people want to be told."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model
from pytest_django import DjangoAssertNumQueries

from accounts.models import DutyShift, NoticePreference, OrgUnit, User
from accounts.roles import Role
from tests.cast import TUESDAY, Person, person

HOUR = timedelta(hours=1)


def shift(
    who: Person, *, start: datetime = TUESDAY, hours: float = 8, unit: str = "", phone: str = ""
) -> DutyShift:
    return DutyShift.objects.create(
        unit_id=unit or who.unit, user=who.user, starts_at=start, ends_at=start + hours * HOUR, phone=phone
    )


def called(unit: str, at: datetime) -> list[User]:
    return [found.user for found in DutyShift.objects.on_duty([unit], at)[unit]]


def test_who_is_on_duty_takes_the_call_until_the_shift_ends(handler: Person) -> None:
    shift(handler)
    assert called("lighting-company", TUESDAY) == [handler.user]
    assert called("lighting-company", TUESDAY + 8 * HOUR - timedelta(seconds=1)) == [handler.user]
    assert called("lighting-company", TUESDAY + 8 * HOUR) == []
    assert called("lighting-company", TUESDAY - timedelta(seconds=1)) == []


def test_two_people_may_share_a_shift(handler: Person) -> None:
    second = person("second", Role.HANDLER, handler.unit)
    shift(handler)
    shift(second, start=TUESDAY + HOUR)
    assert called(handler.unit, TUESDAY + 2 * HOUR) == [handler.user, second.user]


def test_where_a_unit_has_nobody_its_nearest_ancestor_takes_the_call(db: None) -> None:
    street, district = (
        person("street", Role.HANDLER, "pinghu"),
        person("district", Role.SUPERVISOR, "district"),
    )
    shift(district)
    assert called("pinghu/safety", TUESDAY) == [district.user]
    shift(street)
    assert called("pinghu/safety", TUESDAY) == [street.user]
    assert called("buji/safety", TUESDAY) == [district.user]
    own = person("own", Role.HANDLER, "pinghu/safety")
    shift(own)
    assert called("pinghu/safety", TUESDAY) == [own.user]


def test_a_sibling_or_a_unit_below_is_not_called(db: None) -> None:
    shift(person("below", Role.HANDLER, "pinghu/safety"))
    assert called("pinghu", TUESDAY) == called("pinghu/peace", TUESDAY) == []


def test_who_has_left_is_not_called(handler: Person) -> None:
    shift(handler)
    handler.user.memberships.all().delete()
    assert called(handler.unit, TUESDAY) == []


def test_many_units_are_asked_in_two_queries(
    handler: Person, other_handler: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shift(handler)
    shift(other_handler)
    with django_assert_num_queries(2):
        found = DutyShift.objects.on_duty(["lighting-company", "water-group", "pinghu"], TUESDAY)
        assert {code: [one.user.pk for one in shifts] for code, shifts in found.items()} == {
            "lighting-company": [handler.user.pk],
            "water-group": [other_handler.user.pk],
            "pinghu": [],
        }
    units = list(OrgUnit.objects.filter(code="lighting-company"))
    with django_assert_num_queries(1):
        assert DutyShift.objects.on_duty_of(units, TUESDAY)["lighting-company"][0].user == handler.user


def test_the_number_to_ring_is_the_shifts_or_the_persons(handler: Person) -> None:
    handler.user.phone = "13800000001"
    assert shift(handler).calls == "13800000001"
    assert shift(handler, start=TUESDAY + 9 * HOUR, phone="0755-1").calls == "0755-1"


@pytest.mark.parametrize("hours", [0, -1, 7 * 24 + 0.1])
def test_a_shift_ends_after_it_starts_and_lasts_a_week_at_most(handler: Person, hours: float) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        shift(handler, hours=hours)


def test_a_week_long_shift_is_a_shift(handler: Person) -> None:
    shift(handler, hours=7 * 24)
    assert called(handler.unit, TUESDAY + 160 * HOUR) == [handler.user]


def test_nobody_is_on_duty_twice_at_once(handler: Person) -> None:
    shift(handler)
    shift(handler, start=TUESDAY + 8 * HOUR)  # the next one begins as the first ends
    with pytest.raises(IntegrityError, match="one_at_a_time"), transaction.atomic():
        shift(handler, start=TUESDAY + 7 * HOUR, unit="water-group")


# --- preferences --------------------------------------------------------------------------------


def local(hour: int, minute: int = 0, day: int = 7) -> datetime:
    """That time in the district."""
    return datetime(2026, 7, day, hour, minute, tzinfo=UTC) - 8 * HOUR


def test_who_has_chosen_nothing_has_the_defaults(
    handler: Person, other_handler: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    NoticePreference.objects.create(user=handler.user, email_mode="digest", language="en")
    people: list[Model | int] = [handler.user, other_handler.user.pk]
    with django_assert_num_queries(1):
        found = NoticePreference.of(people)
    assert found[handler.user.pk].mode_of("email") == "digest"
    assert found[handler.user.pk].spoken == "en"
    default = found[other_handler.user.pk]
    assert [default.mode_of(channel) for channel in ("email", "sms", "wework")] == ["now", "off", "off"]
    assert (default.quiet_from, default.quiet_until, default.digest_at) == (time(22), time(7), time(8, 30))
    assert default.spoken == "zh-hans"


@pytest.mark.parametrize(
    ("at", "quiet"),
    [(local(21, 59), False), (local(22), True), (local(0), True), (local(6, 59), True), (local(7), False)],
)
def test_quiet_hours_cross_midnight(at: datetime, quiet: bool) -> None:
    assert NoticePreference().is_quiet(at) is quiet


def test_quiet_hours_may_lie_within_a_day_or_not_be(db: None) -> None:
    noon = NoticePreference(quiet_from=time(12), quiet_until=time(14))
    assert [noon.is_quiet(local(hour)) for hour in (11, 12, 13, 14)] == [False, True, True, False]
    never = NoticePreference(quiet_from=time(12), quiet_until=time(12))
    assert not any(never.is_quiet(local(hour)) for hour in range(24))


def test_after_quiet_hours_it_is_loud_again() -> None:
    chosen = NoticePreference()
    assert chosen.loud_from(local(23)) == local(7, day=8)
    assert chosen.loud_from(local(3)) == local(7)
    assert chosen.loud_from(local(12)) == local(12)


def test_the_next_digest_lies_ahead() -> None:
    chosen = NoticePreference()
    assert chosen.next_digest(local(8)) == local(8, 30)
    assert chosen.next_digest(local(8, 30)) == local(8, 30, day=8)
