"""One report of a source, and the parts that the centre split off it: one order upstream, several cases."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from incidents import cases
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Incident, IncidentReport, Report

_TRIES = 5


def root_of(report: Report) -> Report:
    """The report as its source knows it: of a part, the one that it was split off."""
    first = report.attributes.get("split_from") if isinstance(report.attributes, dict) else None
    if not isinstance(first, int):
        return report
    root = Report.objects.filter(pk=first, source=report.source).first()
    # A source may write what it likes among its attributes: only the centre makes parts.
    return root if root is not None and report in parts_of(root) else report


def parts_of(report: Report) -> list[Report]:
    """The reports that were split off this one, in their order; each is under a case of its own."""
    roots = report.links.values("incident")
    parts = Report.objects.filter(attributes__split_from=report.pk, links__incident__split_from__in=roots)
    return list(parts.distinct().order_by("pk"))


def hold(report: Report, *, actor: Actor, at: datetime) -> list[tuple[Report, Incident]]:
    """Lock the cases that answer a report and its parts now, however often they are merged meanwhile.

    In pairs, the report itself first; two of them may be under one case, which is then one object.
    """
    for _try in range(_TRIES):
        family = [report, *parts_of(report)]
        links = _links(family)
        numbers = list(dict.fromkeys(links[one.pk].incident.number for one in family))
        held = {case.pk: case for case in cases.hold_all(*numbers, actor=actor, action=None, at=at)}
        # Under the locks no report leaves its case and no part is split off.
        now = _links([report, *parts_of(report)])
        if {pk: link.incident_id for pk, link in links.items()} == {
            pk: link.incident_id for pk, link in now.items()
        }:
            return [(one, held[links[one.pk].incident_id]) for one in family]
    raise ActionRefused("moved", _("This report is being moved between cases. Try again in a moment."))


def _links(family: Sequence[Report]) -> dict[int, IncidentReport]:
    found = IncidentReport.objects.filter(report__in=family, unlinked_at__isnull=True)
    return {link.report_id: link for link in found.select_related("incident").order_by("report_id")}
