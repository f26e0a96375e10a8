"""All reports of one telephone number, for whoever has shown that it is theirs."""

from datetime import datetime

from django.utils import timezone

from incidents import proving
from incidents.models import Feedback, IncidentReport
from incidents.models.incident import PauseKind
from incidents.public.facts import OwnCase, OwnReports, Phase, UnknownCode
from incidents.public.following import phase_of, title_of
from incidents.queries import places_of

# Whose due time is the reporter's business: where somebody has it in hand.
_RUNNING = frozenset({Phase.SENT, Phase.HANDLING})


def own_cases(asked: OwnReports, *, at: datetime) -> tuple[OwnCase, ...]:
    """Newest first, in a fixed number of queries; raises UnknownCode where the ticket opens nothing."""
    index = proving.index_of(asked.ticket, now=timezone.now())
    if index is None:
        raise UnknownCode
    if not asked.most:
        return ()
    reports = proving.reports_of(index, at=at, most=asked.most)
    links = {
        link.report_id: link.incident
        for link in IncidentReport.objects.filter(
            report__in=reports, unlinked_at__isnull=True
        ).select_related("incident__owner_unit")
    }
    rated = set(
        Feedback.objects.filter(report__in=reports).values_list("report_id", "incident_id", "handling_run")
    )
    places = places_of(links.values())
    found = []
    for report in reports:
        case = links[report.pk]
        phase = phase_of(case, report)
        due_at = case.due_at if phase in _RUNNING else None
        found.append(
            OwnCase(
                code=report.tracking_code,
                phase=phase,
                title=title_of(report.text.body),
                place=places.short(case),
                unit="" if phase == Phase.DECIDING else case.owner_unit.name,
                received_at=report.received_at,
                due_at=due_at,
                overdue=due_at is not None and at > due_at,
                asks=phase == Phase.PAUSED and case.pause_kind == PauseKind.RESIDENT,
                may_rate=(
                    case.resolved_at is not None
                    and phase != Phase.WITHDRAWN
                    and (report.pk, case.pk, case.handling_run) not in rated
                ),
            )
        )
    return tuple(found)
