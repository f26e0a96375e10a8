"""The check of a version of the list, made once for each state of it."""

import hashlib
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.items import Item
from dispatch.lint import ERROR, District, Finding, lint, tally
from dispatch.models import Category, ListCheck, ResponsibilityItem, ResponsibilityList
from dispatch.units import UnitDirectory
from grids.models import Area

# Raised when the check itself changes, so that what an older one said is not shown for it.
EDITION = 1


@dataclass(frozen=True, slots=True)
class Check:
    """What the check of one revision says."""

    list_id: int
    revision: int
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    took_ms: int
    checked_at: datetime

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What keeps the version from being proposed."""
        return tuple(finding for finding in self.findings if finding.severity == ERROR)

    def about(self, codes: Collection[str]) -> tuple[Finding, ...]:
        """What concerns any of these items, or a category of this code as a whole."""
        return tuple(
            finding
            for finding in self.findings
            if (not finding.items and finding.category in codes)
            or any(code in codes for code in finding.items)
        )


def check_list(version: ResponsibilityList, *, at: datetime) -> Check:
    """The findings of this version as it stands; checked now (some tenths of a second) where nobody has."""
    district = district_now()
    stamp = _stamp(district)
    kept = ListCheck.objects.filter(list=version, revision=version.revision, district_hash=stamp).first()
    return _told(kept or _check(version, district, stamp, at))


def district_now() -> District:
    """The units, areas and categories as they are, in three queries; a category that is switched off needs
    no items any more."""
    areas = Area.objects.communities().order_by("code").values_list("code", "parent_id")
    return District(
        units=UnitDirectory.read(),
        areas=tuple((code, street) for code, street in areas if street is not None),
        categories=tuple(Category.objects.in_use().order_by("code").values_list("code", flat=True)),
    )


def _check(version: ResponsibilityList, district: District, stamp: str, at: datetime) -> ListCheck:
    began = time.perf_counter()
    rows = ResponsibilityItem.objects.filter(list=version).order_by("code").values()
    findings = lint([Item.from_row(row) for row in rows], district)
    check = ListCheck(
        list=version,
        revision=version.revision,
        district_hash=stamp,
        findings=[finding.as_json() for finding in findings],
        counts=tally(findings),
        took_ms=round(1000 * (time.perf_counter() - began)),
        checked_at=at,
    )
    # Two readers may check at once: they say the same, and the later one is kept.
    ListCheck.objects.bulk_create(
        [check],
        update_conflicts=True,
        unique_fields=["list", "revision"],
        update_fields=["district_hash", "findings", "counts", "took_ms", "checked_at"],
    )
    # A draft is checked after every edit; nobody goes back to what it said before.
    ListCheck.objects.filter(list=version, revision__lt=version.revision).delete()
    return check


def _told(check: ListCheck) -> Check:
    return Check(
        list_id=check.list_id,
        revision=check.revision,
        findings=tuple(Finding.from_json(told) for told in check.findings),
        counts=check.counts,
        took_ms=check.took_ms,
        checked_at=check.checked_at,
    )


def _stamp(district: District) -> str:
    units = district.units
    told = [
        EDITION,
        sorted((code, units.kinds[code], units.paths[code]) for code in units.codes),
        sorted(units.closed),
        sorted(units.streets.items()),
        sorted(units.communities.items()),
        district.areas,
        district.categories,
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
