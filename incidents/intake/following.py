"""What follows from a case that a report has just opened: rows that the database makes of the others.

Nine of ten reports are plain: a case of its own, told as it came, sent to one unit or put on the desk. All
that is then still to be written repeats what its case, its decision and its clocks say, so it is written in
SQL from those rows and never travels: which report opened it, its first lines, its facts, who is told. What
is not plain is laid out row by row (`writing`); a test holds both ways to one another.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from incidents.actor import Actor
from incidents.models import IncidentReport, OutboxMessage, Outcome, PendingStage, TimelineEntry
from incidents.numbers import district_day
from incidents.timeline import Kind

# Writes an INSERT: into this table, these expressions (all else by the model's default), from this source.
Insert = Callable[[Any, Mapping[str, str], str], str]


@dataclass(frozen=True, slots=True)
class Opened:
    """A plain case by the ids of its rows."""

    incident: int
    report: int
    decision: int
    assignment: int | None  # None: it waits on the desk
    has_contact: bool
    occurred_at: str | None


# What all of a batch share, and how the statement calls it.
_SHARED: Final = (
    ("opened", "json"),
    ("at", "timestamptz"),
    ("day", "date"),
    ("user", "bigint"),
    ("unit", "text"),
    ("client", "bigint"),
)
# What is told again of a case.
CASE: Final = (
    *("id", "status", "source", "nature", "urgency", "level", "first_level", "owner_unit_id"),
    *("category_id", "item_code", "street_code", "community_code", "cell_code", "triage_codes"),
)


def types() -> tuple[str, ...]:
    """The types of the values that `shared` hands over."""
    return tuple(kind for _name, kind in _SHARED)


def shared(opened: Sequence[Opened], *, at: datetime, actor: Actor) -> list[Any]:
    """What the statements below ask for."""
    return [
        orjson.dumps(opened).decode(),
        at,
        district_day(at),
        actor.user.pk if actor.user else None,
        actor.unit_code,
        actor.client.pk if actor.client else None,
    ]


def of_clocks(insert: Insert, clocks: str) -> str:
    """The first stage of each clock among these rows."""
    first = {"timer_id": "id", "incident_id": "incident_id", "run": "run", "position": "1"}
    source = f"{clocks} WHERE cardinality(stage_names) > 0"
    return insert(PendingStage, {**first, "fire_at": "stage_times[1]"}, source)


def of_cases(insert: Insert, cases: str, *, first: int) -> dict[str, str]:
    """What follows from the new cases among these rows, by name; `first`: where the parameters begin."""
    name = {told: f"${at}" for at, (told, _kind) in enumerate(_SHARED, first)}
    columns = ", ".join(f"c.{column}" for column in CASE)
    return {
        "opened": f"""MATERIALIZED (
            SELECT o.*, {columns} FROM json_to_recordset({name["opened"]}) o (
                incident bigint, report bigint, decision bigint, assignment bigint, has_contact bool,
                occurred_at text
            ) JOIN {cases} c ON c.id = o.incident)""",
        "link": f"({_links(insert, name)})",
        "lines": f"({_lines(insert, name)})",
        "facts": f"({_facts(insert, name)})",
        "notices": f"({_notices(insert, name)})",
    }


def _links(insert: Insert, name: Mapping[str, str]) -> str:
    first = {"incident_id": "incident", "report_id": "report", "linked_at": name["at"], "how": "'first'"}
    # In the order of the cases, so that a batch written again has its links in the same order.
    return insert(IncidentReport, first, "opened ORDER BY incident")


def _lines(insert: Insert, name: Mapping[str, str]) -> str:
    """Received, and then sent or put on the desk; in this order, which is that of their ids."""
    received = """jsonb_build_object('report', report, 'source', source, 'nature', nature,
        'occurred_at', occurred_at)"""
    sent = """jsonb_build_object('assignment', assignment, 'unit', owner_unit_id, 'item', item_code,
        'decision', decision, 'automatic', true)"""
    waits = "jsonb_build_object('decision', decision, 'codes', triage_codes)"
    told = f"""(
        SELECT incident, place, line.* FROM opened, LATERAL (VALUES
            (1, '{Kind.RECEIVED}', {name["user"]}, {name["unit"]}, {name["client"]}, {received}),
            (2, CASE WHEN assignment IS NULL THEN '{Kind.TO_DESK}' ELSE '{Kind.DISPATCHED}' END,
                NULL, NULL, NULL, CASE WHEN assignment IS NULL THEN {waits} ELSE {sent} END)
        ) AS line (place, kind, actor, unit, client, data)
        ORDER BY incident, place) AS told"""
    line = {"incident_id": "incident", "at": name["at"], "kind": "kind", "data": "data"}
    return insert(
        TimelineEntry, {**line, "actor_id": "actor", "actor_unit_id": "unit", "client_id": "client"}, told
    )


def _facts(insert: Insert, name: Mapping[str, str]) -> str:
    """Received, and sent at the same instant: no time passed between the two."""
    told = f"""(
        SELECT opened.*, fact.* FROM opened, LATERAL (VALUES
            ('{Outcome.Kind.RECEIVED}', false, false, NULL),
            ('{Outcome.Kind.DISPATCHED}', true, true, 0)
        ) AS fact (kind, automatic, first, seconds)
        WHERE kind = '{Outcome.Kind.RECEIVED}' OR assignment IS NOT NULL
        ORDER BY incident, kind DESC) AS told"""
    same = ("source", "nature", "urgency", "level", "first_level", "item_code")
    places = ("street_code", "community_code", "cell_code")
    return insert(
        Outcome,
        {
            **{column: column for column in (*same, *places, "kind", "automatic", "first")},
            "incident_id": "incident",
            "at": name["at"],
            "day": name["day"],
            "unit_code": "owner_unit_id",
            "category_code": "coalesce(category_id, '')",
            "elapsed": "seconds",
            "working": "seconds",
        },
        told,
    )


def _notices(insert: Insert, name: Mapping[str, str]) -> str:
    """The unit is told of its case, and who reported that it has come in."""
    told = """(
        SELECT incident, notice.* FROM opened, LATERAL (VALUES
            ('case.dispatched', assignment, 'unit:' || owner_unit_id,
                jsonb_build_object('item', item_code, 'urgency', urgency)),
            ('report.received', CASE WHEN has_contact THEN report END, 'report:' || report,
                CASE WHEN assignment IS NULL THEN '{}'::jsonb
                ELSE jsonb_build_object('unit', owner_unit_id) END)
        ) AS notice (kind, fact, receiver, data)
        WHERE fact IS NOT NULL
        ORDER BY incident, kind) AS told"""
    return insert(
        OutboxMessage,
        {
            "key": "kind || ':' || fact",
            "incident_id": "incident",
            "kind": "kind",
            "receiver": "receiver",
            "data": "data",
            "created_at": name["at"],
            "not_before": name["at"],
        },
        told,
    )
