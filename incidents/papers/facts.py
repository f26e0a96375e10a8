"""What stands on a case's paper. Nobody's number: paper is copied, left lying and carried away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.masking import starred
from accounts.models import User
from accounts.templatetags.ui import spoken
from dispatch.edition import edition
from dispatch.explain import Explainer
from incidents import mediating, policy, queries, timeline_words
from incidents.actions.handling import closing_condition
from incidents.models import Assignment, Attachment, Incident, IncidentReport

REPORTS_MOST = 20
LINES_MOST = 120
PICTURES_MOST = 8


@dataclass(frozen=True, slots=True)
class Said:
    """One report behind the case."""

    source: str
    at: datetime
    who: str
    words: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of what happened."""

    at: datetime
    words: str
    who: str
    note: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A case, ready to be read by whoever it is handed to."""

    number: str
    status: str
    tags: tuple[str, ...]
    rows: tuple[tuple[str, str | datetime], ...]
    words: str
    condition: str
    outcome: str
    resolution: str
    reports: tuple[Said, ...]
    reports_more: int
    pictures: tuple[Attachment, ...]
    lines: tuple[Happened, ...]
    # Whoever took it away, and when: on every page.
    taken_by: str
    taken_at: datetime


def paper_of(incident: Incident, user: User, *, at: datetime) -> Paper:
    """The paper of a case for this reader, with names and numbers masked; a fixed number of queries."""
    protected = policy.protects_reporter(incident)
    links = list(
        incident.links.filter(unlinked_at__isnull=True)
        .select_related("report__text", "report__contact")
        .order_by("pk")[: REPORTS_MOST + 1]
    )
    leads = list(
        incident.assignments.filter(role=Assignment.Role.LEAD)
        .select_related("unit", "resolution", "accepted_by")
        .order_by("pk")
    )
    lead = leads[-1] if leads else None
    rows = incident.timeline.select_related("actor", "actor_unit", "client").order_by("at", "pk")[:LINES_MOST]
    resolution = lead.resolution if lead is not None else None
    return Paper(
        number=incident.number,
        status=str(incident.get_status_display()),
        tags=tuple(_tags(incident)),
        rows=tuple(_rows(incident, lead)),
        words=_readable(incident.text.body),
        condition=closing_condition(incident),
        outcome=_outcome(incident, lead),
        resolution=_readable(resolution.body) if resolution is not None else "",
        reports=tuple(_said(link, protected=protected) for link in links[:REPORTS_MOST]),
        reports_more=max(0, incident.report_count - REPORTS_MOST) if len(links) > REPORTS_MOST else 0,
        pictures=tuple(_pictures(incident)),
        lines=tuple(
            Happened(line.at, line.words, line.who, _readable(line.note))
            for line in timeline_words.read(rows)
        ),
        taken_by=str(user),
        taken_at=at,
    )


def _readable(words: str) -> str:
    return starred(words.strip())


def _tags(incident: Incident) -> Iterable[str]:
    if incident.urgency != "routine":
        yield str(incident.get_urgency_display())
    if incident.category is not None:
        yield incident.category.name
    if incident.level:
        yield str(incident.get_level_display())
    if incident.rework_count:
        yield _("rework %(count)d") % {"count": incident.rework_count}


def _rows(incident: Incident, lead: Assignment | None) -> Iterable[tuple[str, str | datetime]]:
    """Term and value, in the order of a case's life; what is not known is left out."""
    place = " ".join(
        part for part in (queries.places_of([incident]).full(incident), incident.address) if part
    )
    found: Sequence[tuple[str, str | datetime | None]] = (
        (_("Place"), starred(place)),
        (_("Responsible unit"), incident.owner_unit.name),
        (_("In the hands of"), str(incident.handler) if incident.handler else ""),
        (
            _("Item of the list"),
            Explainer(edition().names).item(lead.item_code) if lead and lead.item_code else "",
        ),
        (_("Reported"), incident.received_at),
        (_("Dispatched"), incident.dispatched_at),
        (_("Accepted"), incident.accepted_at),
        (_("Due"), incident.due_at if incident.is_open else None),
        (_("Resolved"), incident.resolved_at),
        (_("Closed"), incident.closed_at),
        (_("Handled within"), _took(incident)),
    )
    return ((term, value) for term, value in found if value)


def _took(incident: Incident) -> str:
    if incident.resolved_at is None or incident.dispatched_at is None:
        return ""
    return spoken((incident.resolved_at - incident.dispatched_at).total_seconds())


def _outcome(incident: Incident, lead: Assignment | None) -> str:
    if lead is None or not lead.outcome:
        return ""
    said = str(lead.get_outcome_display())
    mediation = mediating.last_of(incident, [lead])
    if mediation is None:
        return said
    ended = _("settled") if mediation.settled else _("not settled")
    return f"{said} · {mediation.get_kind_display()} · {ended}"


def _said(link: IncidentReport, *, protected: bool) -> Said:
    report = link.report
    if report.contact is None:
        who = _("no contact left")
    elif protected:
        who = _("reporter protected")
    else:
        who = f"{report.contact.masked_name} {report.contact.masked_phone}".strip()
    return Said(str(report.get_source_display()), report.received_at, who, _readable(report.text.body))


def _pictures(incident: Incident) -> Sequence[Attachment]:
    """Those of the work first: what it was like before and after."""
    links = IncidentReport.objects.filter(incident=incident, unlinked_at__isnull=True)
    found = list(
        Attachment.objects.filter(Q(incident=incident) | Q(report__in=links.values("report"))).order_by(
            "uploaded_at", "pk"
        )[:60]
    )
    order = [
        Attachment.Stage.BEFORE,
        Attachment.Stage.AFTER,
        Attachment.Stage.REPORT,
        Attachment.Stage.CHECK,
    ]
    found.sort(key=lambda one: order.index(Attachment.Stage(one.stage)))
    return found[:PICTURES_MOST]
