"""All reports of one telephone number, for whoever has shown that it is theirs."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from grids.models import Area
from incidents import proving
from incidents.models import Feedback, Incident, IncidentReport
from incidents.models.incident import PauseKind
from incidents.public.facts import OwnCase, OwnReports, Phase, UnknownCode
from incidents.public.following import phase_of, title_of

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
    places = _place_names(links.values())
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
                place=places.get(case.community_code) or places.get(case.street_code, ""),
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


def _place_names(cases: Iterable[Incident]) -> dict[str, str]:
    codes = {code for case in cases for code in (case.street_code, case.community_code) if code}
    return {area.code: area.name for area in Area.objects.without_polygons().filter(code__in=codes)}
