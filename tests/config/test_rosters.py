"""The demo's rosters: somebody answers in every unit with a sign-in, and running it again changes nothing."""

from datetime import timedelta

import pytest

from accounts.models import DutyShift, NoticePreference, User
from config.simulation.rosters import prepare_rosters
from tests.cast import TUESDAY, Person

UNITS = ["lighting-company", "operations-centre", "pinghu"]


@pytest.fixture
def prepared(handler: Person, operator: Person, dispatcher: Person) -> list[str]:
    names = [one.user.username for one in (handler, operator, dispatcher)]
    prepare_rosters(names, UNITS, at=TUESDAY)
    return names


def test_somebody_answers_in_every_unit_with_people(prepared: list[str]) -> None:
    # Ten in the morning of each day of that week.
    for day in range(-1, 6):
        found = DutyShift.objects.on_duty(UNITS, TUESDAY + timedelta(days=day))
        assert [bool(found[unit]) for unit in UNITS] == [True, True, False]
        assert all(shift.calls for shifts in found.values() for shift in shifts)


def test_two_people_share_day_and_night_and_one_alone_leaves_gaps(prepared: list[str]) -> None:
    night = TUESDAY + timedelta(hours=14)  # midnight
    found = DutyShift.objects.on_duty(UNITS, night)
    assert found["operations-centre"]
    assert not found["lighting-company"]


def test_again_what_somebody_changed_stays(prepared: list[str], handler: Person) -> None:
    DutyShift.objects.filter(unit="lighting-company").first().delete()  # type: ignore[union-attr]
    NoticePreference.objects.filter(user=handler.user).update(sms_mode="off")
    User.objects.filter(pk=handler.user.pk).update(phone="0755-1")
    before = list(DutyShift.objects.values_list("pk", flat=True))
    prepare_rosters(prepared, UNITS, at=TUESDAY + timedelta(days=1))
    assert list(DutyShift.objects.values_list("pk", flat=True)) == before
    assert NoticePreference.of([handler.user])[handler.user.pk].sms_mode == "off"
    assert User.objects.get(pk=handler.user.pk).phone == "0755-1"


def test_a_week_later_the_roster_goes_on(prepared: list[str]) -> None:
    at = TUESDAY + timedelta(days=14)
    prepare_rosters(prepared, UNITS, at=at)
    assert DutyShift.objects.on_duty(UNITS, at)["lighting-company"]
