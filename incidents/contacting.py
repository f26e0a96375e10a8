"""首次联系 and 回访: whose reporters have to be spoken to, and when that is done.

A unit speaks to a reporter within a day of the sending. After closing, the centre calls back whoever has
not rated: up to three attempts at different hours.
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from dispatch.vocabulary import Nature, Source
from incidents import clock_rules, timers
from incidents.calling import rules
from incidents.models import Assignment, Feedback, Incident, IncidentReport, PhoneCall, Report, Timer
from incidents.models.incident import ResolutionOutcome, Status
from incidents.numbers import district_hour

# Nobody to be called stands behind these.
NOT_RESIDENTS = frozenset({Source.PATROL, Source.SENSOR, Source.AI_VIDEO})
ATTEMPTS = 3
# The domain of labour matters: codes of categories begin with their domain's.
LABOUR = "15"
# Nothing was handled, so nobody is asked how it was.
_NOTHING_TO_ASK = frozenset(
    {
        ResolutionOutcome.ANSWERED,
        ResolutionOutcome.NOT_ACCEPTED,
        ResolutionOutcome.WITHDRAWN,
        ResolutionOutcome.CLEARED,
    }
)


def said_in_confidence() -> Q:
    """The condition on a case's link that its report is a tip-off, or a letter that asks that nobody learns
    who wrote it."""
    return Q(report__nature=Nature.TIP_OFF) | Q(report__attributes__confidential=True)


def protected(case: str = "") -> Q:
    """The condition that a case protects who reported it, as `policy.protects_reporter` holds for one.

    `case` is the field that points at it; without, the condition is on cases.
    """
    of = f"{case}__" if case else ""
    hidden = IncidentReport.objects.filter(
        said_in_confidence(), incident=OuterRef(f"{case}_id" if case else "pk"), unlinked_at__isnull=True
    )
    return (
        Q(**{f"{of}nature": Nature.TIP_OFF})
        | Q(**{f"{of}category__code__startswith": LABOUR})
        | Q(Exists(hidden))
    )


def unit_must_call(
    *, source: str, nature: str, category: str, has_phone: bool, in_confidence: bool = False
) -> bool:
    """Does a sending of such a report start the first-contact clock of its unit?

    Not where nobody left a number, and not where the unit never learns who reported: there the centre
    speaks with them.
    """
    hidden = in_confidence or nature == Nature.TIP_OFF or category.startswith(LABOUR)
    return has_phone and not hidden and source not in NOT_RESIDENTS


def start_first_contact(incident: Incident, assignment: Assignment, *, at: datetime) -> None:
    """Start the unit's first-contact clock with a sending, where one is needed and not met already."""
    if incident.first_contact_at is not None:
        return
    for report in reporters(incident):
        if unit_must_call(
            source=report.source,
            nature=report.nature,
            category=incident.category_id or "",
            has_phone=True,
            in_confidence=report.attributes.get("confidential") is True,
        ):
            timers.start(
                incident,
                Timer.Kind.FIRST_CONTACT,
                clock_rules.limit_for(Timer.Kind.FIRST_CONTACT, incident.urgency),
                at=at,
                assignment=assignment,
                unit_code=assignment.unit_id,
            )
            return


def reporters(incident: Incident) -> list[Report]:
    """The reports of a case whose reporters can be called."""
    links = incident.links.filter(unlinked_at__isnull=True, report__withdrawn_at__isnull=True)
    reachable = links.exclude(report__contact__phone_index="").filter(
        # What was erased keeps no number, and something by which its reports are still one person's.
        report__contact__isnull=False,
        report__contact__erased_at__isnull=True,
    )
    found = reachable.exclude(report__source__in=NOT_RESIDENTS).select_related("report").order_by("pk")
    return [link.report for link in found]


def readers(incident: Incident) -> int:
    """How many people follow a report of this case, and would read what is written to them."""
    links = incident.links.filter(unlinked_at__isnull=True, report__withdrawn_at__isnull=True)
    return links.exclude(report__source__in=NOT_RESIDENTS).count()


def is_of_owner(incident: Incident, unit_code: str | None) -> bool:
    """Does this unit have the case, or stand above the one that has it and below the district?"""
    return unit_code in incident.owner_unit.path.split(">")[1:] and unit_code != settings.TRIAGE_UNIT


def to_ask(incident: Incident) -> list[Report]:
    """Reporters of a closed case who can be asked how it was, whether they have said so already or not."""
    if incident.status != Status.CLOSED or incident.outcome in _NOTHING_TO_ASK:
        return []
    return reporters(incident)


def to_call_back(incident: Incident, *, among: list[Report] | None = None) -> list[Report]:
    """Reporters of a closed case who have neither rated this handling nor been tried often enough.

    `among` are those who can be asked, where the caller has them already.
    """
    asked = to_ask(incident) if among is None else among
    if not asked:
        return []
    rated = set(
        Feedback.objects.filter(
            incident=incident, handling_run=incident.handling_run, report__in=asked
        ).values_list("report_id", flat=True)
    )
    calls = calls_since(incident, PhoneCall.Purpose.CALLBACK, incident.closed_at)
    return [
        report
        for report in asked
        if report.pk not in rated
        and not rules.is_done([call for call in calls if call.report_id == report.pk])
    ]


def calls_since(incident: Incident, purpose: str, since: datetime | None) -> list[PhoneCall]:
    """The attempts of this kind, oldest first."""
    calls = PhoneCall.objects.filter(incident=incident, purpose=purpose).order_by("pk")
    return list(calls.filter(called_at__gte=since) if since else calls)


def is_tried(calls: Sequence[PhoneCall]) -> bool:
    """A unit has done what it must for a first contact: somebody was reached, or three attempts were made at
    different hours of the day. When a callback is done, calling.rules says."""
    if any(call.reached for call in calls):
        return True
    hours = {district_hour(call.called_at) for call in calls}
    return len(calls) >= ATTEMPTS and len(hours) >= ATTEMPTS
