"""Making, counting and retiring the printed codes of areas, facilities and places with a name."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from accounts.models import User
from grids import qr, registers
from grids.models import PlaceCode

# A slip is noticed at once; what was out of use for longer was meant so, and its plate may be gone.
UNDO_WITHIN: Final = timedelta(hours=24)
_DISTRICT_TIME: Final = ZoneInfo("Asia/Shanghai")
_COUNT_SQL: Final = """
INSERT INTO grids_placecodeday (code_id, day, scans, reports)
SELECT code, %(day)s, %(scans)s, %(reports)s FROM grids_placecode WHERE code = %(code)s
ON CONFLICT (code_id, day) DO UPDATE SET
    scans = grids_placecodeday.scans + excluded.scans, reports = grids_placecodeday.reports + excluded.reports
"""


@transaction.atomic(durable=True)
def make_codes(
    *,
    areas: Collection[str] = (),
    facilities: Collection[str] = (),
    places: Collection[str] = (),
    at: datetime,
    by: User | None = None,
) -> int:
    """Draw a code for each of these that has none in use; answers how many were drawn.

    Asked twice at once it is done once: the unique constraints let the first one in.
    """
    coded = PlaceCode.objects.filter(retired_at__isnull=True)
    without_areas = set(areas) - set(coded.filter(area__in=areas).values_list("area", flat=True))
    without = set(facilities) - set(coded.filter(facility__in=facilities).values_list("facility", flat=True))
    without_places = set(places) - set(coded.filter(place__in=places).values_list("place", flat=True))
    drawn: Sequence[PlaceCode] = [
        *(PlaceCode(code=qr.draw(), area_id=code, made_at=at, made_by=by) for code in sorted(without_areas)),
        *(PlaceCode(code=qr.draw(), facility_id=code, made_at=at, made_by=by) for code in sorted(without)),
        *(
            PlaceCode(code=qr.draw(), place_id=code, made_at=at, made_by=by)
            for code in sorted(without_places)
        ),
    ]
    PlaceCode.objects.bulk_create(drawn, ignore_conflicts=True)
    if drawn:
        registers.touch(registers.CODES)
    return len(drawn)


def count_use(*, code: str, at: datetime, scans: int = 0, reports: int = 0) -> None:
    """This code was scanned or typed, or something was filed by it. One statement: two at once count two."""
    day = at.astimezone(_DISTRICT_TIME).date()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_SQL, {"code": code, "day": day, "scans": scans, "reports": reports})


@transaction.atomic(durable=True)
def retire_code(*, code: str, at: datetime, by: User | None = None) -> bool:
    """Take a code out of use: its plate was torn down, or copied to another wall. False: it was not."""
    in_use = PlaceCode.objects.filter(code=code, retired_at__isnull=True)
    done = in_use.update(retired_at=at, retired_by=by)
    if done:
        registers.touch(registers.CODES)
    return bool(done)


@transaction.atomic(durable=True)
def restore_code(*, code: str, at: datetime) -> bool:
    """Put a code back into use that was retired by a slip. False: too long ago, or its
    place has another one, or is there no more."""
    try:
        with transaction.atomic():
            lately = PlaceCode.objects.filter(code=code, retired_at__gt=at - UNDO_WITHIN)
            still_there = Q(area__retired_at=None, facility__retired_at=None, place__retired_at=None)
            found = lately.filter(still_there).values("pk")
            done = PlaceCode.objects.filter(pk__in=found).update(retired_at=None, retired_by=None)
    except IntegrityError:  # one code in use for each thing
        return False
    if done:
        registers.touch(registers.CODES)
    return bool(done)


def retire_codes_of(*, area: str, at: datetime, by: User | None = None) -> int:
    """Take the plates of an area out of use that is there no more, in its transaction; answers how many."""
    in_use = PlaceCode.objects.filter(area=area, retired_at__isnull=True)
    done = in_use.update(retired_at=at, retired_by=by)
    if done:
        registers.touch(registers.CODES)
    return done
