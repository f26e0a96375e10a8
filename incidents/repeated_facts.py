"""重复诉求率: what is reported again at a place within thirty days, after closing, counts against the closer.

Written by the sweep that finds the pairs, set-based, and taken back with the pair: one fact for each later
case, of the unit whose closed work it came after last, under that earlier case's place and matter.
"""

from collections.abc import Sequence
from typing import Final

from django.db import connection

from incidents.outcomes import STORED

_STORED: Final = ", ".join(STORED)
# What is to be counted as the pairs stand, and what is counted now.
_WANTED: Final = """
    SELECT DISTINCT ON (i.id) i.id AS incident_id, 'repeated' AS kind, i.received_at AS at,
           (i.received_at AT TIME ZONE 'Asia/Shanghai')::date AS day, e.owner_unit_id AS unit_code,
           e.street_code, e.community_code, e.cell_code, coalesce(e.category_id, '') AS category_code,
           e.item_code, e.source, e.nature, e.level, e.first_level, e.urgency, NULL::bigint AS elapsed,
           NULL::bigint AS working, false AS automatic, false AS first, NULL::boolean AS on_time,
           NULL::boolean AS solved, NULL::boolean AS contacted, NULL::smallint AS score,
           NULL::bigint AS paused, NULL::boolean AS mediated, false AS late_entry
    FROM incidents_repeat r
    JOIN incidents_incident i ON i.id = r.incident_id
    JOIN incidents_incident e ON e.id = r.earlier_id
    WHERE {touched} r.at_place AND i.status <> 'merged' AND NOT e.self_fixed
      -- what nobody was sent to do was closed by nobody whose work it was
      AND e.status = 'closed' AND e.dispatched_at IS NOT NULL
      AND i.received_at >= e.closed_at
    ORDER BY i.id, e.closed_at DESC, e.id DESC
"""
_STANDING: Final = """
    SELECT o.* FROM incidents_outcome o
    WHERE o.kind = 'repeated' AND o.sign = 1 {touched}
      AND NOT EXISTS (SELECT 1 FROM incidents_outcome n WHERE n.reverses_id = o.id)
"""
_KEY: Final = "({0}.incident_id, {0}.unit_code, {0}.at, {0}.category_code)"
_SAME: Final = f"{_KEY.format('w')} = {_KEY.format('s')}"
_FOLLOW: Final = f"""
WITH touched AS (
    SELECT id FROM unnest(%(ids)s) AS id
    UNION SELECT incident_id FROM incidents_repeat WHERE earlier_id = ANY(%(ids)s)
    UNION SELECT o.incident_id FROM incidents_outcome o
    WHERE o.kind = 'repeated' AND o.incident_id = ANY(%(ids)s)
), wanted AS (
{_WANTED.format(touched="i.id IN (SELECT id FROM touched) AND")}
), standing AS (
{_STANDING.format(touched="AND o.incident_id IN (SELECT id FROM touched)")}
), undone AS (
    INSERT INTO incidents_outcome ({_STORED}, sign, reverses_id)
    SELECT {_STORED}, -1, id FROM standing s
    WHERE NOT EXISTS (SELECT 1 FROM wanted w WHERE {_SAME})
)
INSERT INTO incidents_outcome ({_STORED}, sign)
SELECT {_STORED}, 1 FROM wanted w
WHERE NOT EXISTS (SELECT 1 FROM standing s WHERE {_SAME})
"""
# Cases whose pairs wait to be found anew are not judged.
DIFFERENT: Final = f"""
WITH wanted AS ({_WANTED.format(touched="")}), standing AS ({_STANDING.format(touched="")})
SELECT i.number FROM incidents_incident i WHERE i.id IN (
    SELECT w.incident_id FROM wanted w WHERE NOT EXISTS (SELECT 1 FROM standing s WHERE {_SAME})
    UNION SELECT s.incident_id FROM standing s WHERE NOT EXISTS (SELECT 1 FROM wanted w WHERE {_SAME})
    UNION SELECT s.incident_id FROM standing s GROUP BY 1 HAVING count(*) > 1
) AND NOT EXISTS (
    SELECT 1 FROM incidents_repeatagain q WHERE q.incident_id = i.id OR q.incident_id IN (
        SELECT r.earlier_id FROM incidents_repeat r WHERE r.incident_id = i.id)
) ORDER BY i.id LIMIT %(limit)s
"""


def follow(ids: Sequence[int]) -> None:
    """Count what these cases repeat, and what repeats them, as the pairs now stand."""
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_FOLLOW, {"ids": list(ids)})
