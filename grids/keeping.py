"""Keeping the register of facilities, one at a time: each change says who made it, and when."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from grids import registers
from grids.locate import geography
from grids.models import Facility, FacilityChange


@transaction.atomic(durable=True)
def save_facility(*, facility: Facility, by: User, at: datetime) -> Facility:
    """Keep what a form has checked: a new one, or one that is in use again from now on."""
    before = _held(facility.pk)
    hit = geography().cells.find(facility.lon, facility.lat)
    facility.cell_id, facility.retired_at = hit.code if hit else None, None
    facility.save()
    _record(facility.pk, before, facility.owner_code, by=by, at=at)
    registers.touch(registers.FACILITIES)
    return facility


@transaction.atomic(durable=True)
def retire_facility(*, code: str, by: User, at: datetime) -> None:
    """It is gone: it stays in the register, and is nobody's thing any more. Again is no change."""
    before = _held(code)
    if Facility.objects.in_use().filter(pk=code).update(retired_at=at):
        _record(code, before, "", by=by, at=at)
        registers.touch(registers.FACILITIES)


def _held(code: str) -> str:
    """Whose it was until now; the row is held, so that two at once are told one after the other."""
    held = Facility.objects.select_for_update(no_key=True).filter(pk=code).first()
    return held.owner_code if held is not None and held.retired_at is None else ""


def _record(code: str, before: str, after: str, *, by: User, at: datetime) -> None:
    if before != after:
        FacilityChange.objects.create(facility=code, before=before, after=after, changed_by=by, changed_at=at)
