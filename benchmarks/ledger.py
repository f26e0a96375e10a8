"""Cases by the million with their facts, made in SQL, for measuring boards: no action is run.

Shapes follow what districts publish: most cases of few matters, log-normal waits and handling times, quiet
nights and Sundays, 72 % sent by the list, a few per cent returned, late or reworked, an eighth enquiries that
are answered at once, a third of reporters who rate. Everything is drawn from hashes of the case's number, so
two runs count the same rows. What waits is there too: cases of the last days are open.

Timelines are not written: no board reads them.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db import connection

from benchmarks import district
from grids.models import Area
from incidents.models import Text

YEARS: Final = 3
DAYS: Final = YEARS * 365
_CHUNK: Final = 500_000
_FACTS: Final = "incidents_outcome"
_CASES: Final = "incidents_incident"


def _drawn(salt: int) -> str:
    """The SQL of a number between 0 and 1 that belongs to case `n`."""
    return f"(((hashint8extended(n, {salt}) & 1048575) + 0.5) / 1048576.0)"


def _normal(salt: int) -> str:
    return f"sqrt(-2 * ln({_drawn(salt)})) * cos(2 * pi() * {_drawn(salt + 1)})"


_MADE: Final = f"""
CREATE TEMP TABLE made ON COMMIT DROP AS
SELECT n AS id, k.kind, k.item, k.category, k.unit, k.urgency, k.street, k.community,
       c.cells[1 + (hashint8extended(n, 3) & 1023) %% array_length(c.cells, 1)] AS cell,
       received, draw.*, received + wait * interval '1 second' AS sent,
       received + (wait + handle) * interval '1 second' AS done,
       received + (wait + handle + 7200 + {_drawn(21)} * 120000) * interval '1 second' AS ended,
       received + (wait + (ARRAY[1, 3, 5, 7, 10, 15])[1 + k.kind %% 6] * 110000) * interval '1 second' AS due
FROM (
    SELECT n, days.day + make_interval(secs => hours.hour * 3600 + {_drawn(6)} * 3600) AS received,
           floor({district.KINDS} * power({_drawn(1)}, 2.2))::int AS kind
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) n
    CROSS JOIN LATERAL (SELECT %(until)s - make_interval(
        secs => {DAYS} * 86400 * (1 - (n - %(base)s) / %(count)s::float8)) AS at) w
    CROSS JOIN LATERAL (SELECT (date_trunc('day', w.at AT TIME ZONE 'Asia/Shanghai')
        - CASE WHEN extract(isodow FROM w.at) = 7 AND {_drawn(4)} < 0.4 THEN interval '1 day'
               ELSE interval '0' END) AT TIME ZONE 'Asia/Shanghai' AS day) days
    CROSS JOIN LATERAL (SELECT (ARRAY[0,3,7,8,8,9,9,9,10,10,10,10,11,11,14,14,15,15,16,16,17,18,19,20,21,22]
        )[1 + floor({_drawn(5)} * 26)::int] AS hour) hours
) drawn
JOIN kinds k USING (kind)
JOIN cells_of c ON c.community = k.community
CROSS JOIN LATERAL (
    SELECT CASE WHEN {_drawn(7)} < 0.72 THEN 2 ELSE exp(7.9 + 0.9 * {_normal(8)}) END
               + CASE WHEN {_drawn(7)} > 0.96 THEN 20000 ELSE 0 END AS wait,
           exp(11.9 + 0.9 * {_normal(10)} + 0.3 * sin(k.kind)) AS handle,
           {_drawn(7)} < 0.72 AS automatic, {_drawn(7)} > 0.96 AS returned,
           {_drawn(12)} < 0.12 AS enquiry, {_drawn(13)} AS chance, {_drawn(14)} AS said,
           (ARRAY['hotline','hotline','hotline','hotline','city_app','city_app','patrol','patrol','sensor',
                  'ai_video'])[1 + floor({_drawn(15)} * 10)::int] AS source,
           (ARRAY['A','B','C','C','D'])[1 + floor({_drawn(16)} * 5)::int] AS level
) draw
WHERE received < %(until)s
"""
_IS_DONE: Final = "NOT enquiry AND done < %(until)s"
_STATUS: Final = """CASE WHEN enquiry THEN 'closed' WHEN ended < %(until)s THEN 'closed'
    WHEN done < %(until)s THEN 'resolved' WHEN sent < %(until)s THEN 'handling' ELSE 'triage' END"""
_CASE_COLUMNS: Final = {
    "id": "id",
    "number": "to_char(received AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD-') || lpad(id::text, 8, '0')",
    "status": _STATUS,
    "nature": "CASE WHEN enquiry THEN 'enquiry' WHEN source = 'patrol' THEN 'finding' ELSE 'complaint' END",
    "source": "source",
    "category_id": "category",
    "text_id": "%(text)s",
    "item_code": "item",
    "urgency": "urgency",
    "level": "level",
    "first_level": "level",
    "owner_unit_id": "CASE WHEN sent < %(until)s AND NOT enquiry THEN unit ELSE 'operations-centre' END",
    "community_code": "community",
    "street_code": "street",
    "cell_code": "cell",
    "in_district": "true",
    "received_at": "received",
    "first_dispatched_at": "CASE WHEN sent < %(until)s AND NOT enquiry THEN sent END",
    "dispatched_at": "CASE WHEN sent < %(until)s AND NOT enquiry THEN sent END",
    "resolved_at": f"CASE WHEN {_IS_DONE} THEN done END",
    "closed_at": "CASE WHEN enquiry THEN received WHEN ended < %(until)s THEN ended END",
    "due_at": f"CASE WHEN {_STATUS} <> 'closed' THEN due END",
    "outcome": "''",
    "address": "''",
    "place_type": "''",
    "asset_owner": "''",
    "clock_kind": "''",
    "pause_kind": "''",
    "supervision_number": "''",
    "auto_dispatched": "automatic",
    "report_count": "1",
    "return_count": "0",
    "rework_count": "0",
    "handling_run": "1",
    "chased_count": "0",
    "supervision_count": "0",
    "triage_codes": "'{}'",
    "version": "3",
}
# Each fact: kind, when, whether there is one, then elapsed, on_time, solved, score, first, automatic, paused.
_NO: Final = "NULL::int, NULL::bool, NULL::bool, NULL::int, false, false, NULL::int"
_FACT_ROWS: Final = f"""(VALUES
    ('received', received, true, {_NO}),
    ('returned', sent - interval '1 hour', returned AND NOT enquiry, {_NO}),
    ('dispatched', sent, NOT enquiry, wait::int, NULL, NULL, NULL, NOT returned, automatic, NULL),
    ('accepted', sent + interval '40 minutes', NOT enquiry, 2400, chance < 0.96, NULL, NULL, false, false,
     NULL),
    ('contacted', sent + interval '5 hours', NOT enquiry AND source = 'hotline', NULL, chance < 0.93, NULL,
     NULL, false, false, NULL),
    ('handled', done, NOT enquiry, handle::int, done <= due, said < 0.86, NULL, NOT returned, automatic,
     CASE WHEN chance > 0.92 THEN 86400 ELSE 0 END),
    ('due', due, NOT enquiry AND (due < %(until)s OR done < %(until)s), NULL, done <= due, NULL, NULL, false,
     false, NULL),
    ('settled', due, {_IS_DONE} AND done > due, NULL, false, NULL, NULL, false, false, NULL),
    ('finished', due, NOT enquiry AND ended < %(until)s, NULL, done <= due AND chance < 0.97, NULL, NULL,
     false, false, NULL),
    ('closed', CASE WHEN enquiry THEN received ELSE ended END, true,
     CASE WHEN enquiry THEN 300 ELSE (wait + handle)::int END, NULL, NULL, NULL, false, false, NULL),
    ('reworked', done, NOT enquiry AND said > 0.988, {_NO}),
    ('rated', ended + interval '9 hours', NOT enquiry AND chance BETWEEN 0.2 AND 0.5, NULL, NULL, said < 0.9,
     CASE WHEN said < 0.92 THEN 5 ELSE 2 END, false, false, NULL)
) AS f (kind, at, is_there, elapsed, on_time, solved, score, first, automatic, paused)"""
_INSERT_FACTS: Final = f"""
INSERT INTO {_FACTS} (incident_id, kind, sign, at, day, unit_code, street_code, community_code, cell_code,
    category_code, item_code, source, nature, level, first_level, urgency, elapsed, working, automatic,
    first, on_time, solved, score, paused)
SELECT id, f.kind, 1, f.at, (f.at AT TIME ZONE 'Asia/Shanghai')::date, unit, street, community, cell,
    category, item, source,
    CASE WHEN enquiry THEN 'enquiry' WHEN source = 'patrol' THEN 'finding' ELSE 'complaint' END,
    level, level, urgency, f.elapsed, f.elapsed / 3, f.automatic, f.first, f.on_time, f.solved, f.score,
    f.paused
FROM made CROSS JOIN LATERAL {_FACT_ROWS}
WHERE f.is_there AND (f.at < %(until)s OR f.kind IN ('due', 'settled', 'finished'))
"""


def prepare() -> None:
    """Once in a new database: what cases are of, and tables without what slows a load down."""
    with connection.cursor() as cursor:
        district.kinds(cursor)
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_kinds AS SELECT * FROM kinds; DROP TABLE kinds")
        cursor.execute("CREATE TEMP VIEW kinds AS SELECT * FROM bench_kinds")
        cells: dict[str, list[str]] = {}
        for code, community in Area.objects.cells().values_list("code", "parent_id"):
            cells.setdefault(community, []).append(code)
        cursor.execute("CREATE TEMP TABLE cells_of (community text, cells text[])")
        for community in Area.objects.communities().values_list("code", flat=True):
            cursor.execute("INSERT INTO cells_of VALUES (%s, %s)", [community, cells.get(community) or [""]])
        for table in (_CASES, _FACTS):
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", [table]
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute("ALTER TABLE incidents_outcome DISABLE TRIGGER dashboards_queue_facts")
    Text.objects.get_or_create(pk=1, defaults={"body": "…", "created_at": "2026-01-01T00:00Z"})


def load(*, count: int, base: int, until: datetime) -> int:
    """Put so many cases over three years up to `until`, with ids above `base`; answers how many facts."""
    kept, total = _without_indexes(), 0
    for first in range(base + 1, base + count + 1, _CHUNK):
        values = {
            "first": first,
            "last": min(first + _CHUNK - 1, base + count),
            "base": base,
            "count": count,
            "until": until,
            "text": 1,
        }
        with connection.cursor() as cursor:
            cursor.execute("BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL work_mem = '128MB'")
            cursor.execute(_MADE, values)
            columns = ", ".join(_CASE_COLUMNS)
            cursor.execute(
                f"INSERT INTO {_CASES} ({columns}) SELECT {', '.join(_CASE_COLUMNS.values())} FROM made",
                values,
            )
            cursor.execute(_INSERT_FACTS, values)
            total += cursor.rowcount
            cursor.execute("COMMIT")
    _with_indexes(kept)
    return total


# Of the cases only what a board and its lists ask for is built again: the rest is measured in pages.py.
_WANTED: Final = ("_pkey", "incident_queue", "incident_inbox")


def _without_indexes() -> list[str]:
    """Take the indexes out that a load would keep up row by row; answers how they are made."""
    kept = []
    with connection.cursor() as cursor:
        for table in (_CASES, _FACTS):
            cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [table])
            for name, definition in cursor.fetchall():
                if name.endswith("_pkey"):
                    continue
                if table == _FACTS or name.startswith(_WANTED[1:]):
                    kept.append(definition)
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}"')
                cursor.execute(f'DROP INDEX IF EXISTS "{name}"')
    return kept


def _with_indexes(kept: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for definition in kept:
            cursor.execute(definition)
        for table in (_CASES, _FACTS):
            cursor.execute(f"VACUUM ANALYZE {table}")
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


def sizes() -> Iterator[tuple[str, int]]:
    """What each part takes on disk, with its indexes, in bytes."""
    with connection.cursor() as cursor:
        for table in (_CASES, _FACTS, "dashboards_rollup"):
            cursor.execute("SELECT pg_total_relation_size(%s)", [table])
            yield table, int(cursor.fetchone()[0])
