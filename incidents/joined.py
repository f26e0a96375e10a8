"""A case answers reports; a report and the parts that were split off it are one, wherever they come together
again: counted once, and its reporter answered once.
"""

from collections.abc import Collection
from datetime import datetime

from incidents.models import Incident, IncidentReport


def move(child: Incident, parent: Incident, *, at: datetime) -> int:
    """Let `parent` answer what `child` answered; answers how many reports that were."""
    links = child.links.filter(unlinked_at__isnull=True)
    reports = list(links.values_list("report_id", flat=True))
    links.update(unlinked_at=at)
    _link(parent, reports, how="merged", at=at)
    return len(reports)


def give_back(parent: Incident, child: Incident, reports: Collection[int], *, at: datetime) -> None:
    """Let `child` answer these reports again, as far as `parent` still does."""
    links = parent.links.filter(report__in=reports, unlinked_at__isnull=True)
    moved = list(links.values_list("report_id", flat=True))
    links.update(unlinked_at=at)
    _link(child, moved, how="unmerged", at=at)


def brought(child: Incident) -> list[int]:
    """The reports that a merged case brought into the other one: its own, not those of cases that it had
    absorbed, which go back to their own cases."""
    ended = child.links.filter(unlinked_at__isnull=False).order_by("-unlinked_at").first()
    if ended is None:
        return []
    own = child.links.filter(unlinked_at=ended.unlinked_at).exclude(how="merged")
    return list(own.values_list("report_id", flat=True))


def count(incident: Incident) -> int:
    """How many reports a case answers, each with its parts once."""
    return len(spoken_to(incident))


def spoken_to(incident: Incident) -> list[int]:
    """The reports whose reporters are answered: of a report and its parts in one case, the first."""
    rows = incident.links.filter(unlinked_at__isnull=True).order_by("report_id")
    split = rows.values_list("report_id", "report__attributes__split_from")
    known = list(split)
    if all(root is None for _report, root in known):
        return [report for report, _root in known]
    # A source may write what it likes among its attributes: only the centre makes parts.
    parts = set(
        IncidentReport.objects.filter(
            report__in=[report for report, _root in known], how="split", incident__split_from__isnull=False
        ).values_list("report_id", flat=True)
    )
    told: set[int] = set()
    found: list[int] = []
    for report, root in known:
        family = root if report in parts and isinstance(root, int) else report
        if family not in told:
            told.add(family)
            found.append(report)
    return found


def _link(incident: Incident, reports: Collection[int], *, how: str, at: datetime) -> None:
    IncidentReport.objects.bulk_create(
        IncidentReport(incident=incident, report_id=report, linked_at=at, how=how) for report in reports
    )
