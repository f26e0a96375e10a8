"""Shifts and centres for the tests of operations centres."""

from datetime import datetime, timedelta

from accounts.models import DutyShift
from incidents.centre.centres import Centre, centre_at
from incidents.models import QueueShare
from tests.cast import TUESDAY, Person

DISTRICT = "440307000000"
PINGHU = "440307003000"
SHIFT = timedelta(hours=8)


def centre(code: str = DISTRICT) -> Centre:
    found = centre_at(code)
    assert found is not None
    return found


def on_shift(who: Person, *, unit: str = "", at: datetime = TUESDAY, hours: float = 8) -> DutyShift:
    """On duty from an hour before `at`."""
    return DutyShift.objects.create(
        unit_id=unit or who.unit,
        user=who.user,
        starts_at=at - timedelta(hours=1),
        ends_at=at + timedelta(hours=hours),
    )


def share(who: Person, weight: int = 1, *, unit: str = "") -> QueueShare:
    return QueueShare.objects.create(
        unit_id=unit or who.unit, user=who.user, weight=weight, set_by=who.user, set_at=TUESDAY
    )
