"""The demo's duty rosters and how its people want to be told. Made up, and the same every time."""

import random
from datetime import datetime, time, timedelta

from accounts.models import DutyShift, Membership, NoticeMode, NoticePreference, User
from accounts.roles import ADMINISTRATORS, Role
from incidents.numbers import DISTRICT_ZONE, district_day

WEEKS = 3  # last week, this one and the next
_DAY, _NIGHT = time(8), time(20)
_HALF = timedelta(hours=12)
WEEK = timedelta(days=7)
_PREFERENCES: dict[str, dict[str, str]] = {
    "handler": {"sms_mode": NoticeMode.NOW, "email_mode": NoticeMode.OFF},
    "street": {"email_mode": NoticeMode.DIGEST},
    "supervisor": {"email_mode": NoticeMode.DIGEST},
    "lamps-head": {"wework_mode": NoticeMode.NOW, "wework_id": "luoming"},
}


def prepare_rosters(usernames: list[str], units: list[str], *, at: datetime) -> None:
    """Numbers, choices and rosters for the demo's people; again, what somebody has changed stays."""
    people = list(User.objects.filter(username__in=usernames).order_by("pk"))
    for user in people:
        if not user.phone:
            # 1990000: an area of numbers that nobody has been given.
            user.phone = f"1990000{random.Random(user.username).randrange(10_000):04d}"
            user.email = user.email or f"{user.username}@demo.invalid"
    User.objects.bulk_update(people, ["phone", "email"])
    NoticePreference.objects.bulk_create(
        [
            NoticePreference(user=user, **_PREFERENCES[user.username])
            for user in people
            if user.username in _PREFERENCES
        ],
        ignore_conflicts=True,
    )
    monday = district_day(at) - timedelta(days=district_day(at).weekday() + 7)
    since = datetime.combine(monday, time(), DISTRICT_ZONE)
    known = DutyShift.objects.filter(unit__in=units, starts_at__gte=since).values_list("unit", "starts_at")
    kept = {(unit, (starts_at - since) // WEEK) for unit, starts_at in known}
    shifts = [
        shift
        for unit in units
        for shift in _roster(unit, since)
        if (unit, (shift.starts_at - since) // WEEK) not in kept
    ]
    # One person cannot be in two places: the second is left out, and is a gap.
    DutyShift.objects.bulk_create(shifts, ignore_conflicts=True)


def _roster(unit: str, since: datetime) -> list[DutyShift]:
    """Day and night by turns. Who is alone does the days and one night: the other nights are gaps."""
    members = list(
        Membership.objects.filter(unit=unit, user__is_active=True)
        # None of them handles cases, so none takes a unit's calls.
        .exclude(role__in=[*ADMINISTRATORS, Role.STEWARD])
        .order_by("pk")
        .values_list("user", flat=True)
        .distinct()
    )[:6]
    made: list[DutyShift] = []
    for number in range(WEEKS * 7 if members else 0):
        day = (since + timedelta(days=number)).astimezone(DISTRICT_ZONE).date()
        starts = [_DAY, _NIGHT] if len(members) > 1 or day.weekday() == 4 else [_DAY]
        for turn, start in enumerate(starts):
            starts_at = datetime.combine(day, start, DISTRICT_ZONE)
            made.append(
                DutyShift(
                    unit_id=unit,
                    user_id=members[(number + turn) % len(members)],
                    starts_at=starts_at,
                    ends_at=starts_at + _HALF,
                )
            )
    return made
