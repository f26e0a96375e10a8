"""A district's closed cases as the classifier learns from them: the words, and the unit whose job it was."""

from typing import Final, NamedTuple

from accounts.masking import without
from dispatch.normalise.history import Settled
from dispatch.units import UnitDirectory
from incidents.models import Assignment, Incident
from incidents.models.incident import Status
from incidents.past_cases import BY_A_UNIT

MOST: Final = 30_000  # cases, the most recent: more teach little and cost minutes


class _Sending(NamedTuple):
    case: int
    unit: str
    item: str
    follows: int | None
    end: str


def closed_cases(most: int = MOST) -> list[Settled]:
    """Closed cases that a unit settled, the oldest first: the first report's words without numbers of
    persons, and the unit of the sending that stood.

    Where a case went on under the same decision (up a level, or to its repair), the sending that began
    it counts: that is where such a report belongs. Units are told as the list would say them here.
    """
    cases = Incident.objects.filter(
        status=Status.CLOSED, outcome__in=BY_A_UNIT, text__erased_at__isnull=True
    ).order_by("-received_at", "-pk")
    chosen = {
        row["pk"]: row
        for row in cases.values(
            *("pk", "text__body", "category_id", "received_at", "street_code", "community_code")
        )[:most]
    }
    sendings = Assignment.objects.filter(incident__in=list(chosen), role=Assignment.Role.LEAD).order_by("pk")
    by_id = {
        pk: _Sending(case, unit, item, follows, end)
        for pk, case, unit, item, follows, end in sendings.values_list(
            "pk", "incident_id", "unit__code", "item_code", "follows_id", "end_reason"
        )
    }
    last = {sending.case: sending for sending in by_id.values()}
    units = UnitDirectory.read()
    told = []
    for pk, case in reversed(chosen.items()):
        sending = last.get(pk)
        if sending is None or sending.end != Assignment.End.CLOSED:
            continue
        while sending.follows in by_id:
            sending = by_id[sending.follows]
        unit = units.pattern_for(
            sending.unit, street=case["street_code"] or None, community=case["community_code"] or None
        )
        told.append(
            Settled(
                without(case["text__body"], ""),
                unit,
                case["category_id"] or "",
                sending.item,
                case["received_at"],
            )
        )
    return told
