"""Making and retiring the printed codes of areas and facilities."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from grids import qr, registers
from grids.models import PlaceCode


@transaction.atomic(durable=True)
def make_codes(
    *,
    areas: Collection[str] = (),
    facilities: Collection[str] = (),
    at: datetime,
    by: User | None = None,
) -> int:
    """Draw a code for each of these that has none in use; answers how many were drawn.

    Asked twice at once it is done once: the unique constraints let the first one in.
    """
    coded = PlaceCode.objects.filter(retired_at__isnull=True)
    without_areas = set(areas) - set(coded.filter(area__in=areas).values_list("area", flat=True))
    without = set(facilities) - set(coded.filter(facility__in=facilities).values_list("facility", flat=True))
    drawn: Sequence[PlaceCode] = [
        *(PlaceCode(code=qr.draw(), area_id=code, made_at=at, made_by=by) for code in sorted(without_areas)),
        *(PlaceCode(code=qr.draw(), facility_id=code, made_at=at, made_by=by) for code in sorted(without)),
    ]
    PlaceCode.objects.bulk_create(drawn, ignore_conflicts=True)
    if drawn:
        registers.touch(registers.CODES)
    return len(drawn)


@transaction.atomic(durable=True)
def retire_code(*, code: str, at: datetime, by: User | None = None) -> bool:
    """Take a code out of use: its plate was torn down, or copied to another wall. False: it was not."""
    in_use = PlaceCode.objects.filter(code=code, retired_at__isnull=True)
    done = in_use.update(retired_at=at, retired_by=by)
    if done:
        registers.touch(registers.CODES)
    return bool(done)
