"""Word of a new warning to those who should know: the district's supervisors and leaders, its street's."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from accounts.models import OrgUnit
from dashboards.models import Warning
from dispatch.models import Category
from dispatch.vocabulary import Urgency
from grids.models import Area
from incidents import outbox
from incidents.models import OutboxMessage

# What was found longer ago is no news: an installation that takes in its history is not flooded with it.
_NEWS: Final = timedelta(days=1)


@transaction.atomic(durable=True)
def tell_new(*, at: datetime) -> int:
    """Queue the messages of warnings that nobody was told of; how many warnings. Twice is once."""
    rows = list(
        Warning.objects.select_for_update(no_key=True, skip_locked=True)
        .filter(told_at=None, found_at__gt=at - _NEWS)
        .order_by("pk")
    )
    if not rows:
        return 0
    areas = {
        area.code: area
        for area in Area.objects.filter(
            code__in={code for row in rows for code in (row.street_code, row.community_code) if code}
        )
    }
    matters = Category.objects.in_bulk({row.category_code for row in rows if row.category_code})
    streets = {row.street_code for row in rows if row.street_code}
    units = list(OrgUnit.objects.open().filter(area_code__in=streets))
    messages = []
    for row in rows:
        area = areas.get(row.community_code) or areas.get(row.street_code)
        matter = matters.get(row.category_code)
        data = {
            "what": row.kind,
            "place_zh": area.name_zh if area else "",
            "place_en": area.name_en if area else "",
            "matter_zh": matter.name_zh if matter else "",
            "matter_en": matter.name_en if matter else "",
            "terms": row.terms[:2],
            "observed": row.observed,
            "low": round(row.expected_low),
            "high": round(row.expected_high),
            "hours": row.window_hours,
        }
        messages += [
            outbox.message(
                "warning.found",
                incident_id=None,
                receiver=receiver,
                key=f"warning.found:{row.pk}:{receiver}",
                at=at,
                number=str(row.pk),
                urgency=Urgency.ROUTINE,
                **data,
            )
            for receiver in _receivers(row, units)
        ]
        row.told_at = at
    OutboxMessage.objects.bulk_create(messages, ignore_conflicts=True)
    Warning.objects.bulk_update(rows, ["told_at"])
    return len(rows)


def _receivers(row: Warning, units: list[OrgUnit]) -> list[str]:
    """A street without a centre of its own is looked after by the district's supervisors."""
    found = ["supervisors", "leaders"]
    for unit in units:
        if unit.area_code != row.street_code:
            continue
        if unit.code.endswith("/operations"):
            found.append(f"street:{row.street_code}")
        elif unit.kind == OrgUnit.Kind.STREET_OFFICE:
            found.append(f"head:{unit.code}")
    return found
