"""What the list said about each case, and whether it stayed so: one row for each case and item.

A case is an item's where the machine or a person sent it under this item, or where the desk was shown
the item as the best guess and sent the case otherwise. How it left the item is told by the first thing
that took it away:

* `returned`: its unit returned it, and the centre agreed;
* `overridden`: the desk chose another unit than the machine's best guess, or than the item's own;
* `redispatched`: the centre sent it on to a unit elsewhere;
* `ruled`: an adjudication named another unit;

Three more are counted apart: the first two had the right street or unit, the last tells of how the words
were read rather than of the list:

* `inside`: a street moved it among its own teams (街道内转派), which is no return;
* `reread`: the desk chose another item than the machine's best guess, and the same unit (or nobody could
  tell the guess's unit);
* `unsure`: the desk chose another unit than a best guess that the machine itself had called unsure.

A case that was raised a level or made safe goes on under the same decision: it has not left. Merged cases
are their root's. See docs/decisions/0014.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection

from dashboards.filters import Asked
from incidents.models.incident import OPEN_STATUSES
from incidents.numbers import DISTRICT_ZONE

MOVES: Final = ("returned", "overridden", "redispatched", "ruled")
# A best guess of at least this probability was no mere guess.
SURE: Final = 0.8
APART: Final = ("inside", "reread", "unsure")
_APART: Final = "('inside', 'reread', 'unsure')"
# Claims of one item that its page looks at, the latest first.
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Question:
    """Which claims are asked for."""

    start: datetime
    end: datetime
    live: int | None  # the version that decides now
    streets: tuple[str, ...] = ()
    units: tuple[str, ...] = ()  # units that the list named
    categories: tuple[str, ...] = ()
    as_now: bool = True  # only where the item's conditions and unit were what they are now

    @classmethod
    def of(cls, asked: Asked, *, live: int | None, as_now: bool = True) -> "Question":
        span = asked.period.span
        start = datetime.combine(span.first, time(), DISTRICT_ZONE)
        end = datetime.combine(span.last + timedelta(days=1), time(), DISTRICT_ZONE)
        chosen = asked.selection
        return cls(start, end, live, chosen.streets, chosen.units, chosen.categories, as_now)


class Tally(NamedTuple):
    """How often an item decided in these cases, and how many of them left it in which way."""

    code: str
    decided: int
    automatic: int
    returned: int
    overridden: int
    redispatched: int
    ruled: int
    inside: int
    reread: int
    unsure: int
    refused: int
    disputed: int
    moved_open: int

    @property
    def moved(self) -> int:
        return self.returned + self.overridden + self.redispatched + self.ruled


class Landing(NamedTuple):
    """So many cases of an item ended up with a unit, at a place; `unit` is empty where nobody has them."""

    code: str
    how: str  # "moved", or one of APART
    unit: str
    street: str
    community: str
    cases: int


class Claim(NamedTuple):
    """One case under one item."""

    incident: int
    how: str
    list_version: int
    unit: str  # that the list named
    automatic: bool
    final_unit: str  # that settled it or holds it; empty where nobody does
    final_item: str
    is_open: bool
    refused: bool
    disputed: bool
    street: str
    community: str
    place_type: str
    owner: str
    source: str
    hour: int
    keywords: tuple[str, ...]


def tallies(question: Question) -> tuple[list[Tally], list[Landing]]:
    """Every item that decided anything, and where what left it landed: one statement."""
    sql = f"""{_CLAIMS},
    tally AS (
        SELECT item_code, count(*) AS decided, count(*) FILTER (WHERE automatic),
               {", ".join(f"count(*) FILTER (WHERE how = '{how}')" for how in (*MOVES, *APART))},
               count(*) FILTER (WHERE refused), count(*) FILTER (WHERE disputed),
               count(*) FILTER (WHERE how <> '' AND how NOT IN {_APART} AND is_open)
        FROM claim GROUP BY item_code
    ),
    landing AS (
        SELECT item_code, CASE WHEN how IN {_APART} THEN how ELSE 'moved' END AS how,
               final_unit, street_code, community_code, count(*)
        FROM claim WHERE how <> '' GROUP BY 1, 2, 3, 4, 5
    )
    SELECT true, tally.*, NULL, NULL, NULL, NULL FROM tally
    UNION ALL
    SELECT false, item_code, count, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
           how, final_unit, street_code, community_code
    FROM landing
    """
    counted, landed = [], []
    for is_tally, code, *rest in _rows(sql, question):
        if is_tally:
            counted.append(Tally(code, *rest[:12]))
        else:
            landed.append(Landing._make((code, *rest[12:16], rest[0])))
    return counted, landed


def claims_of(code: str, question: Question) -> list[Claim]:
    """The cases of one item, the latest first, at most MOST of them."""
    sql = f"""{_CLAIMS}
    SELECT k.incident_id, k.how, l.version, k.unit, k.automatic, k.final_unit, k.final_item, k.is_open,
           k.refused, k.disputed, k.street_code, k.community_code, k.place_type, k.asset_owner, k.source,
           extract(hour FROM k.received_at AT TIME ZONE %(zone)s)::int,
           (d.detail #> '{{facts,keywords}}')::text
    FROM (SELECT * FROM claim WHERE item_code = %(code)s
          ORDER BY received_at DESC, incident_id DESC LIMIT {MOST}) AS k
    JOIN dispatch_responsibilitylist l ON l.id = k.list_id
    LEFT JOIN first_word f ON f.incident_id = k.incident_id
    LEFT JOIN incidents_decisionrecord d ON d.id = f.id
    ORDER BY k.received_at DESC, k.incident_id DESC
    """
    return [
        Claim._make((*row[:16], _words(row[16])))
        for row in _rows(sql, question, code=code, zone=str(DISTRICT_ZONE))
    ]


def _words(told: str | None) -> tuple[str, ...]:
    """A list of words as the database keeps it, in JSON."""
    return tuple(json.loads(told) or ()) if told else ()


def _rows(sql: str, question: Question, **more: Any) -> Iterator[tuple[Any, ...]]:
    given = {
        "start": question.start,
        "end": question.end,
        "live": question.live,
        "streets": list(question.streets) or None,
        "units": list(question.units) or None,
        "categories": list(question.categories) or None,
        "as_now": question.as_now,
        "open": list(OPEN_STATUSES),
        "code": None,
        "sure": SURE,
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        yield from cursor.fetchall()


# A decision's detail is kilobytes where the machine made it, so it is read only of a person's, which is
# short. `sending`: the lead sendings of each case in order, without those that go on under the same
# decision. Sent on under the same item, a case has left it by the end of the sending before.
# `first_word`: what the machine said when the report came in.
_CLAIMS: Final = """
WITH chosen AS MATERIALIZED (
    SELECT id, status, received_at, street_code, community_code, place_type, asset_owner, source
    FROM incidents_incident
    WHERE received_at >= %(start)s AND received_at < %(end)s AND status <> 'merged'
      AND (%(streets)s::text[] IS NULL OR street_code = ANY(%(streets)s::text[]))
      AND (%(code)s::text IS NULL OR id IN (
          SELECT incident_id FROM incidents_assignment WHERE item_code = %(code)s
          UNION SELECT incident_id FROM incidents_decisionrecord WHERE item_code = %(code)s))
),
office AS MATERIALIZED (
    SELECT u.code AS unit, o.code AS office
    FROM accounts_orgunit u
    JOIN accounts_orgunit o ON o.kind = 'street_office' AND (u.path = o.path OR u.path LIKE o.path || '>%%')
),
sent AS (
    SELECT a.id, a.incident_id, a.item_code, a.unit_id, a.end_reason, a.automatic,
           d.responsibility_list_id AS list_id, r.id IS NOT NULL AS ruled,
           CASE WHEN d.made_by_id IS NOT NULL OR r.id IS NOT NULL THEN d.detail ->> 'unit_by_list'
                ELSE a.unit_id END AS own_unit,
           o.office
    FROM chosen c
    JOIN incidents_assignment a ON a.incident_id = c.id AND a.role = 'lead' AND a.follows_id IS NULL
        AND a.end_reason <> 'recalled'
    JOIN incidents_decisionrecord d ON d.id = a.decision_id
    LEFT JOIN incidents_adjudication r ON r.decision_id = d.id
    LEFT JOIN office o ON o.unit = a.unit_id
),
sending AS MATERIALIZED (
    SELECT *, row_number() OVER w AS nth, lead(office) OVER w AS next_office,
           lead(ruled) OVER w AS next_ruled,
           lag(item_code) OVER w AS item_before,
           lead(id) OVER w IS NULL AS is_last
    FROM sent WINDOW w AS (PARTITION BY incident_id ORDER BY id)
),
first_word AS MATERIALIZED (
    SELECT DISTINCT ON (d.incident_id)
           d.id, d.incident_id, d.outcome, d.item_code, d.unit_code, d.confidence,
           d.responsibility_list_id AS list_id
    FROM chosen c JOIN incidents_decisionrecord d ON d.incident_id = c.id
    WHERE d.made_by_id IS NULL ORDER BY d.incident_id, d.id
),
said AS (
    SELECT f.incident_id, f.item_code, f.list_id, f.unit_code AS unit, 0 AS nth,
           CASE WHEN f.unit_code IN ('', s.unit_id) THEN 'reread'
                WHEN f.confidence < %(sure)s THEN 'unsure' ELSE 'overridden' END AS how,
           false AS automatic
    FROM first_word f JOIN sending s ON s.incident_id = f.incident_id AND s.nth = 1
    WHERE f.outcome = 'triage' AND f.item_code <> ''
      AND (s.item_code <> f.item_code OR (f.unit_code <> '' AND s.unit_id <> f.unit_code))
    UNION ALL
    SELECT incident_id, item_code, list_id, coalesce(own_unit, unit_id), nth,
           CASE WHEN own_unit <> unit_id THEN
                    CASE WHEN item_before = item_code THEN '' WHEN ruled THEN 'ruled' ELSE 'overridden' END
                WHEN end_reason = 'returned' THEN 'returned'
                WHEN end_reason = 'redispatched' THEN
                    CASE WHEN next_ruled THEN 'ruled' WHEN next_office = office THEN 'inside'
                         ELSE 'redispatched' END
                ELSE '' END,
           automatic
    FROM sending WHERE item_code <> ''
),
once AS (
    SELECT DISTINCT ON (incident_id, item_code) *,
           bool_or(automatic) OVER (PARTITION BY incident_id, item_code) AS by_list
    FROM said
    ORDER BY incident_id, item_code, how IN ('', 'inside', 'reread', 'unsure'), how = '', nth
),
refusal AS MATERIALIZED (
    SELECT DISTINCT a.incident_id, a.item_code
    FROM incidents_caserequest q JOIN incidents_assignment a ON a.id = q.assignment_id
    JOIN chosen c ON c.id = a.incident_id
    WHERE q.kind = 'return' AND q.answer = 'refused'
),
dispute AS MATERIALIZED (
    SELECT DISTINCT a.incident_id, a.item_code
    FROM incidents_adjudication r JOIN incidents_assignment a ON a.id = r.disputed_id
    JOIN chosen c ON c.id = a.incident_id
),
wording AS MATERIALIZED (
    SELECT i.list_id, i.code, i.category_id,
           coalesce((i.lead_unit, i.keywords, i.owners, i.place_types, i.sources, i.hours)
                  = (n.lead_unit, n.keywords, n.owners, n.place_types, n.sources, n.hours), false) AS as_now
    FROM dispatch_responsibilityitem i
    LEFT JOIN dispatch_responsibilityitem n ON n.list_id = %(live)s AND n.code = i.code
    WHERE i.list_id IN (SELECT DISTINCT list_id FROM once)
),
claim AS MATERIALIZED (
    SELECT o.incident_id, o.item_code, o.list_id, o.unit, o.how, o.by_list AS automatic,
           c.received_at, c.street_code, c.community_code, c.place_type, c.asset_owner, c.source,
           c.status = ANY(%(open)s) AS is_open,
           CASE WHEN c.status = 'triage' OR f.end_reason IN ('returned', 'redispatched') THEN ''
                ELSE f.unit_id END AS final_unit,
           f.item_code AS final_item,
           q.incident_id IS NOT NULL AS refused, r.incident_id IS NOT NULL AS disputed
    FROM once o
    JOIN chosen c ON c.id = o.incident_id
    JOIN sending f ON f.incident_id = o.incident_id AND f.is_last
    JOIN wording w ON w.list_id = o.list_id AND w.code = o.item_code
    LEFT JOIN refusal q ON q.incident_id = o.incident_id AND q.item_code = o.item_code
    LEFT JOIN dispute r ON r.incident_id = o.incident_id AND r.item_code = o.item_code
    WHERE (w.as_now OR NOT %(as_now)s)
      AND (%(units)s::text[] IS NULL OR o.unit = ANY(%(units)s::text[]))
      AND (%(categories)s::text[] IS NULL OR w.category_id = ANY(%(categories)s::text[]))
)"""
