"""Rows of cases: events as they stand at the cut, and the durations that the boards count.

Read in short pieces by key (received_at, id) or by day, inside the one snapshot of the database that the
build holds open: neither we nor the server keep more than a piece in memory, however long the history is.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models.expressions import RawSQL

from dashboards.datasets.definition import Cut, Row
from dashboards.datasets.holders import Holders
from dashboards.datasets.privacy import Keys, place
from dispatch.vocabulary import Nature
from incidents.contacting import LABOUR, said_in_confidence
from incidents.models import IncidentReport, Outcome
from incidents.numbers import district_day, district_hour

PIECE: Final = 5_000

_CASES: Final = """
SELECT i.id, i.received_at, i.number, i.source, i.nature, coalesce(i.category_id, ''), i.item_code, i.urgency,
       i.level, i.first_level, i.status, i.outcome, i.owner_unit_id, i.street_code, i.community_code,
       i.cell_code, i.place_type, i.report_count, i.return_count, i.rework_count, i.supervision_count,
       i.auto_dispatched, i.self_fixed, i.first_dispatched_at, i.resolved_at, i.closed_at
FROM incidents_incident i
WHERE (i.received_at, i.id) > (%s, %s) AND i.received_at <= %s
ORDER BY i.received_at, i.id LIMIT %s
"""
# Standing facts alone: what was taken back is not there, and neither is its negative.
_FACTS_OF: Final = """
SELECT o.incident_id, o.kind, o.day, o.elapsed, o.working, o.paused, o.on_time
FROM incidents_outcome o
WHERE o.incident_id = ANY(%s) AND o.kind IN ('received', 'dispatched', 'handled', 'due') AND o.sign > 0
  AND NOT EXISTS (SELECT FROM incidents_outcome n WHERE n.reverses_id = o.id)
ORDER BY o.id
"""
_FACTS_ON: Final = """
SELECT o.incident_id, i.number, o.kind, o.day, o.unit_code, o.source, o.nature, o.category_code, o.item_code,
       o.urgency, o.level, o.street_code, o.community_code, o.cell_code, o.elapsed, o.working, o.paused,
       o.automatic, o.first, o.on_time, o.solved, i.nature, coalesce(i.category_id, ''), o.id
FROM incidents_outcome o JOIN incidents_incident i ON i.id = o.incident_id
WHERE o.kind IN ('dispatched', 'handled') AND o.day = %s AND o.sign > 0 AND o.id > %s
  AND NOT EXISTS (SELECT FROM incidents_outcome n WHERE n.reverses_id = o.id)
ORDER BY o.id LIMIT %s
"""


def _read(statement: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def _in_confidence(ids: list[int]) -> set[int]:
    """Of these cases, those with a report that was made in confidence."""
    # As one array: the planner starts from it, and not from all reports that there are.
    links = IncidentReport.objects.filter(
        said_in_confidence(),
        incident_id__in=RawSQL("SELECT unnest(%s::bigint[])", [ids]),
        unlinked_at__isnull=True,
    )
    return set(links.values_list("incident_id", flat=True))


def _is_protected(nature: str, category: str) -> bool:
    """Is nobody to guess who reported it? As incidents.contacting.protected has it, for what a row says."""
    return nature == Nature.TIP_OFF or category.startswith(LABOUR)


def events(cut: Cut) -> Iterator[Row]:
    """One row for each case, in the order in which they came in."""
    keys, holders = Keys(), Holders()
    after: tuple[Any, int] = ("-infinity", 0)
    while rows := _read(_CASES, [*after, cut.at, PIECE]):
        after = rows[-1][1], rows[-1][0]
        ids = [row[0] for row in rows]
        facts: dict[int, dict[str, Any]] = {}
        for case, kind, *fact in _read(_FACTS_OF, [ids]):
            facts.setdefault(case, {})[kind] = fact
        hidden = _in_confidence(ids)
        for row in rows:
            is_protected = row[0] in hidden or _is_protected(row[4], row[5])
            yield _event(row, facts.get(row[0], {}), is_protected, keys, holders)
        if len(rows) < PIECE:
            return


_NO_FACT: Final = (None, None, None, None, None)


def _event(row: Any, facts: dict[str, Any], is_protected: bool, keys: Keys, holders: Holders) -> Row:
    (_id, received_at, number, source, nature, category, item, urgency, level, first_level, status, outcome,
     unit, street, community, cell, place_type, reports, returns, reworks, orders, automatic, self_fixed,
     sent_at, resolved_at, closed_at) = row  # fmt: skip
    counted = facts.get("received", _NO_FACT)[0]
    sent = facts.get("dispatched", _NO_FACT)
    handled = facts.get("handled", _NO_FACT)
    due = facts.get("due", _NO_FACT)
    return (
        keys.of(number),
        district_day(received_at),
        None if is_protected else district_hour(received_at),
        source,
        nature,
        category,
        category[:2],
        item,
        urgency,
        level,
        first_level,
        status,
        outcome,
        holders.told(unit, is_protected=is_protected),
        *place(
            is_protected=is_protected,
            nature=nature,
            category=category,
            street=street,
            community=community,
            cell=cell,
        ),
        "" if is_protected else place_type,
        reports,
        returns,
        reworks,
        orders,
        automatic,
        self_fixed,
        district_day(sent_at) if sent_at else None,
        district_day(resolved_at) if resolved_at else None,
        district_day(closed_at) if closed_at else None,
        sent[1],
        handled[1],
        handled[3],
        due[4],
        counted is not None,
        counted,
    )


def durations(cut: Cut) -> Iterator[Row]:
    """One row for each dispatch and each handling that the boards count, by day."""
    keys, holders = Keys(), Holders()
    first = Outcome.objects.filter(kind__in=["dispatched", "handled"]).order_by("day").values("day").first()
    day = first["day"] if first else cut.day + timedelta(days=1)
    while day <= cut.day:
        yield from _durations_on(day, keys, holders)
        day += timedelta(days=1)


def _durations_on(day: date, keys: Keys, holders: Holders) -> Iterator[Row]:
    after = 0
    while rows := _read(_FACTS_ON, [day, after, PIECE]):
        after = rows[-1][-1]
        hidden = _in_confidence([row[0] for row in rows])
        for row in rows:
            # As it was counted, and as the case stands by now.
            is_protected = row[0] in hidden or _is_protected(row[6], row[7]) or _is_protected(*row[-3:-1])
            yield _duration(row[:-3], row[-1], is_protected, keys, holders)
        if len(rows) < PIECE:
            return


def _duration(row: Any, fact: int, is_protected: bool, keys: Keys, holders: Holders) -> Row:
    (_case, number, kind, day, unit, source, nature, category, item, urgency, level, street, community, cell,
     elapsed, working, paused, automatic, first, on_time, solved) = row  # fmt: skip
    is_handling = kind == Outcome.Kind.HANDLED
    return (
        keys.of(f"fact {fact}"),
        keys.of(number),
        kind,
        day,
        holders.told(unit, is_protected=is_protected),
        source,
        nature,
        category,
        category[:2],
        item,
        urgency,
        level,
        *place(
            is_protected=is_protected,
            nature=nature,
            category=category,
            street=street,
            community=community,
            cell=cell,
        ),
        elapsed,
        working,
        paused if is_handling else None,
        None if is_handling else automatic,
        first,
        on_time if is_handling else None,
        solved if is_handling else None,
    )
