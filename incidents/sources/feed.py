"""What became of a system's reports, in order, for the system that comes and asks: nothing twice in one walk,
nothing left out, to be taken up again at any place.

A feed is read from the timeline and keeps nothing of its own (see `watermark` for what may be read). After
an error a page is simply asked for again; an entry's id tells what has been seen before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from accounts.models import ApiClient, OrgUnit
from incidents import policy
from incidents.models import Incident, IncidentReport, Report, Text, TimelineEntry, UpstreamRequest
from incidents.models.incident import OPEN_STATUSES
from incidents.sources import watermark
from incidents.sources.watermark import Cursor
from incidents.timeline import Kind

LIMIT = 100
LIMIT_MOST = 500
# An entry of a case that answers this many reports is told of each of them in one page.
EVENTS: Mapping[str, str] = {
    Kind.RECEIVED: "received",
    Kind.JOINED: "received",
    Kind.DISPATCHED: "dispatched",
    Kind.REDISPATCHED: "dispatched",
    Kind.RULED: "dispatched",
    Kind.ACCEPTED: "accepted",
    Kind.DEEMED_ACCEPTED: "accepted",
    Kind.PARKED: "parked",
    Kind.RESOLVED: "resolved",
    Kind.ANSWERED: "answered",
    Kind.REJECTED: "rejected",
    Kind.UPSTREAM_ASKED: "asked",  # return_asked or extension_asked
    Kind.UPSTREAM_SUBMITTED: "submitted",
    Kind.CLOSED: "closed",
    Kind.REOPENED: "reopened",
    Kind.OBJECTED: "reopened",
    Kind.UPSTREAM_SENT_BACK: "reopened",
    Kind.VERIFICATION_FAILED: "reopened",
    Kind.SPLIT: "split",
    Kind.MERGED: "merged",
}
_SENDINGS = frozenset(kind for kind, event in EVENTS.items() if event == "dispatched")
_TAKEN_BACK = frozenset({Kind.TO_DESK, Kind.RETURN_AGREED, Kind.RECALLED})
# Words that are written for the reporter's eyes, or for the source's own.
_WITH_WORDS = frozenset({"parked", "resolved", "answered", "rejected", "submitted", "asked"})
# About one report of the case alone.
_OF_ONE = frozenset({Kind.RECEIVED, Kind.JOINED, Kind.UPSTREAM_ASKED})


@dataclass(frozen=True, slots=True)
class Order:
    """The report as its source knows it, where the centre has made several cases of it."""

    external_id: str
    part: int  # 1: what it was at first
    parts: int
    complete: bool  # as it stands now: every part has been dealt with


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that became of one report."""

    id: str
    at: datetime
    event: str
    report: Report
    incident: Incident
    order: Order
    unit: OrgUnit | None = None
    text: str = ""
    outcome: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order, where to go on, whether there is more at once, and whether later lines wait for
    somebody's transaction to end."""

    events: Sequence[Event]
    cursor: str
    more: bool
    waits: bool


@dataclass(slots=True)
class _Links:
    """Which reports of the system each case answered, and from which line on."""

    by_case: dict[int, list[IncidentReport]] = field(default_factory=dict)
    since: dict[int, int] = field(default_factory=dict)  # link → line


def page(client: ApiClient, cursor: str, *, limit: int = LIMIT) -> Page:
    """The next events of a system's reports after `cursor`: empty for the beginning, `latest` for none but
    what is still to come. Raises InvalidInput for a cursor that was never given out."""
    where = Cursor.read(cursor) if cursor not in ("", "latest") else watermark.beginning()
    end, noted = watermark.safe_end(where)
    if cursor == "latest":
        while end > where.last:
            where = Cursor(end, noted.seen, noted.xid)
            end, noted = watermark.safe_end(where)
        return Page((), str(noted), more=False, waits=noted.seen > end)
    own = IncidentReport.objects.filter(
        policy.own_reports(client, "report__"), incident=OuterRef("incident_id")
    )
    entries = list(
        TimelineEntry.objects.filter(pk__gt=where.last, pk__lte=end, kind__in=EVENTS)
        .filter(Exists(own))
        .select_related("incident")
        .order_by("pk")[:limit]
    )
    last = entries[-1].pk if len(entries) == limit else end
    more = last < end or end - where.last >= watermark.WINDOW
    note = Cursor(last, noted.seen, noted.xid)
    return Page(_events(entries, client), str(note), more, waits=not more and noted.seen > end)


def _events(entries: Sequence[TimelineEntry], client: ApiClient) -> list[Event]:
    if not entries:
        return []
    links = _links_of(entries, client)
    standing = _standing(entries)
    concerned = [
        (entry, link.report)
        for entry in entries
        for link in links.by_case.get(entry.incident_id, ())
        if _concerns(entry, link, links)
    ]
    texts = Text.objects.in_bulk({entry.data.get("text") for entry in entries} - {None})
    named = [*entries, *standing.values()]
    units = OrgUnit.objects.in_bulk({entry.data.get("unit") for entry in named} - {None, ""})
    orders = _orders([report for _entry, report in concerned])
    told = list[Event]()
    for entry, report in concerned:
        told.append(_event(entry, report, orders[report.pk], texts, units))
        if sent := standing.get(entry.pk):
            # Its source learns whose it is as it would of a case of its own.
            unit = units.get(sent.data.get("unit") or "")
            told.append(replace(told[-1], id=f"{told[-1].id}-{sent.pk}", event="dispatched", unit=unit))
    return told


def _standing(entries: Sequence[TimelineEntry]) -> Mapping[int, TimelineEntry]:
    """Of each line by which a report joined a case: the sending that stood then, where there was one."""
    joined = [entry for entry in entries if entry.kind == Kind.JOINED]
    if not joined:
        return {}
    lines = TimelineEntry.objects.filter(
        incident__in={entry.incident_id for entry in joined}, kind__in=(*_SENDINGS, *_TAKEN_BACK)
    )
    by_case: dict[int, list[TimelineEntry]] = {}
    for line in lines.order_by("pk"):
        by_case.setdefault(line.incident_id, []).append(line)
    found = {}
    for entry in joined:
        before = [line for line in by_case.get(entry.incident_id, ()) if line.pk < entry.pk]
        if before and before[-1].kind in _SENDINGS:
            found[entry.pk] = before[-1]
    return found


def _event(
    entry: TimelineEntry,
    report: Report,
    order: Order,
    texts: Mapping[int, Text],
    units: Mapping[str, OrgUnit],
) -> Event:
    name, data = EVENTS[entry.kind], entry.data
    text = texts.get(data.get("text") or 0) if name in _WITH_WORDS else None
    if name == "asked":
        name = f"{UpstreamRequest.Kind(data['request'])}_asked"
    return Event(
        id=f"{entry.pk}-{report.pk}",
        at=entry.at,
        event=name,
        report=report,
        incident=entry.incident,
        order=order,
        unit=units.get(data.get("unit") or ""),
        text="" if text is None or text.erased_at else text.body,
        outcome=str(data.get("outcome") or ""),
        until=datetime.fromisoformat(data["until"]) if _is_instant(data.get("until")) else None,
    )


def _is_instant(told: Any) -> bool:
    return isinstance(told, str) and "T" in told


def _links_of(entries: Iterable[TimelineEntry], client: ApiClient) -> _Links:
    cases = {entry.incident_id for entry in entries}
    found = _Links()
    rows = IncidentReport.objects.filter(policy.own_reports(client, "report__"), incident__in=cases)
    for link in rows.select_related("report").order_by("pk"):
        found.by_case.setdefault(link.incident_id, []).append(link)
    later = {
        case: [link for link in links if link.how in ("same", "merged")]
        for case, links in found.by_case.items()
        if any(link.how in ("same", "merged") for link in links)
    }
    if not later:
        return found
    began = TimelineEntry.objects.filter(incident__in=later, kind__in=(Kind.JOINED, Kind.ABSORBED))
    for line in began.order_by("pk"):
        for link in later[line.incident_id]:
            joined = line.kind == Kind.JOINED and line.data.get("report") == link.report_id
            if joined or (line.kind == Kind.ABSORBED and line.at == link.linked_at):
                found.since.setdefault(link.pk, line.pk)
    return found


def _concerns(entry: TimelineEntry, link: IncidentReport, links: _Links) -> bool:
    """Was it this report's case when the line was written? Lines may bear an earlier time than that."""
    if entry.kind in _OF_ONE:
        return bool(entry.data.get("report") == link.report_id)
    if entry.kind == Kind.UPSTREAM_SUBMITTED:
        return link.report_id in entry.data.get("reports", ())
    if entry.pk < links.since.get(link.pk, 0):
        return False
    return link.unlinked_at is None or entry.at <= link.unlinked_at


def _orders(reports: Sequence[Report]) -> Mapping[int, Order]:
    """Each report's order: its root as the source knows it, which part it is, and of how many."""
    named = {report.pk for report in reports} | {first for report in reports if (first := _first_of(report))}
    roots = Report.objects.filter(source__in={report.source for report in reports}).in_bulk(named)
    cases = IncidentReport.objects.filter(report__in=roots).values("incident")
    split = IncidentReport.objects.filter(
        incident__split_from__in=cases, report__attributes__split_from__in=list(roots)
    )
    families: dict[int, list[int]] = {pk: [pk] for pk in roots}
    root_of = {report.pk: report.pk for report in reports}
    # Only what the centre split off is a part: a source may write what it likes among its attributes.
    for link in split.select_related("report").order_by("report_id"):
        root = link.report.attributes["split_from"]
        if link.report_id not in families[root]:
            families[root].append(link.report_id)
            root_of[link.report_id] = root
    everyone = [pk for family in families.values() if len(family) > 1 for pk in family]
    undone = _undone(everyone) if everyone else set()
    told = {}
    for report in reports:
        family = families[root_of[report.pk]]
        told[report.pk] = Order(
            external_id=roots[root_of[report.pk]].external_id,
            part=family.index(report.pk) + 1,
            parts=len(family),
            complete=not undone.intersection(family),
        )
    return told


def _undone(reports: Sequence[int]) -> set[int]:
    """Those of these reports whose case is still being worked on."""
    links = IncidentReport.objects.filter(
        report__in=reports,
        unlinked_at__isnull=True,
        report__withdrawn_at__isnull=True,
        incident__status__in=OPEN_STATUSES,
        incident__upstream_since__isnull=True,
    )
    return set(links.values_list("report_id", flat=True))


def _first_of(report: Report) -> int:
    first = report.attributes.get("split_from") if isinstance(report.attributes, dict) else None
    return first if isinstance(first, int) else 0
