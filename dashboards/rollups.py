"""Folding facts into cells, and proving that the cells say what the facts say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from dashboards.cells import (
    BINS,
    COUNT_MASK,
    MEASURES,
    SPLITS,
    bin_of,
    dimensions,
)
from dashboards.models import Rollup, Unfolded

# Facts in one fold: a few hundred milliseconds of one transaction.
BATCH: Final = 5_000
# Only one folder works at a time; whoever comes second goes home (the lock's number is ours alone).
_LOCK: Final = 0x79_77_66_6F

_KEY: Final = ("split", "grain", "day", "area_code", "unit_code", "category_code", "source")
_SPLITS: Final = ", ".join(
    f"('{grain}', {int(split)})" for grain, splits in SPLITS.items() for split in splits
)

# Every fact of `taken`, once for each cell that it belongs to.
_SPREAD: Final = """
spread AS (
    SELECT s.split, s.grain,
           CASE s.grain WHEN 'day' THEN o.day ELSE date_trunc(s.grain, o.day)::date END AS day,
           {dimensions}, o.kind, o.sign, o.elapsed, o.working, {measures}
    FROM taken o CROSS JOIN (VALUES {splits}) AS s (grain, split)
), counted AS (
    SELECT {key}, {sums} FROM spread GROUP BY {key}
), tallied AS (
    SELECT {key}, {bins}
    FROM (SELECT {key}, name, bin, sum(sign) AS n
          FROM spread CROSS JOIN LATERAL (VALUES {durations}) AS d (name, of_kind, bin)
          WHERE kind = of_kind AND bin IS NOT NULL
          GROUP BY {key}, name, bin HAVING sum(sign) <> 0) AS per_bin
    GROUP BY {key}
), cells AS (
    SELECT {key}, {measure_names}, {bin_names}
    FROM counted LEFT JOIN tallied USING ({key})
)
"""


def _spread() -> str:
    key = ", ".join(_KEY)
    bins = [
        f"array_agg((bin << 32) | (n::bigint & {COUNT_MASK}) ORDER BY bin)"
        f" FILTER (WHERE name = '{name}') AS {name}"
        for name in BINS
    ]
    durations = ", ".join(
        f"('{name}', '{kind}', CASE WHEN {column} IS NOT NULL THEN {bin_of(column)} END)"
        for name, (kind, column) in BINS.items()
    )
    return _SPREAD.format(
        dimensions=", ".join(f"{sql} AS {name}" for name, sql in dimensions("s.split").items()),
        measures=", ".join(f"{sql} AS {name}" for name, sql in MEASURES.items()),
        splits=_SPLITS,
        key=key,
        sums=", ".join(f"sum({name}) AS {name}" for name in MEASURES),
        bins=", ".join(bins),
        durations=durations,
        measure_names=", ".join(f"nullif({name}, 0) AS {name}" for name in MEASURES),
        bin_names=", ".join(BINS),
    )


def _fold_statement() -> str:
    columns = ", ".join((*_KEY, *MEASURES, *BINS))
    add = ", ".join(
        [
            f"{name} = CASE WHEN excluded.{name} IS NULL THEN r.{name}"
            f" ELSE nullif(coalesce(r.{name}, 0) + excluded.{name}, 0) END"
            for name in MEASURES
        ]
        + [
            f"{name} = CASE WHEN excluded.{name} IS NULL THEN r.{name}"
            f" ELSE nullif(dashboards_add_bins(coalesce(r.{name}, '{{}}'), excluded.{name}), '{{}}') END"
            for name in BINS
        ]
    )
    return f"""
    WITH claimed AS (
        DELETE FROM dashboards_unfolded WHERE outcome_id IN (
            SELECT outcome_id FROM dashboards_unfolded ORDER BY outcome_id LIMIT %(limit)s)
        RETURNING outcome_id
    ), taken AS MATERIALIZED (
        SELECT o.* FROM incidents_outcome o JOIN claimed c ON c.outcome_id = o.id
    ), {_spread()}, folded AS (
        INSERT INTO dashboards_rollup AS r ({columns}) SELECT {columns} FROM cells
        ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET {add}
    )
    SELECT count(*) FROM claimed
    """


_FOLD: Final = _fold_statement()


def fold(*, limit: int = BATCH) -> int:
    """Fold up to `limit` waiting facts; answers how many were. Idempotent: each fact is claimed once.

    Claim and cells are one statement, so a killed folder leaves both as they were. While another one
    folds, this one answers 0.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        # A batch is spread over some twenty cells per fact: let it be hashed in memory, and don't compile
        # a plan that is always the same.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        cursor.execute(_FOLD, {"limit": limit})
        return int(cursor.fetchone()[0])


def fold_all(*, limit: int = BATCH) -> Iterator[int]:
    """Fold until nothing waits; yields the size of each batch."""
    while folded := fold(limit=limit):
        yield folded


def rebuild() -> Iterator[int]:
    """Throw the cells away and fold every fact again. Boards meanwhile read the waiting facts."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute("LOCK TABLE dashboards_unfolded IN EXCLUSIVE MODE")
        cursor.execute("DELETE FROM dashboards_rollup")
        cursor.execute(
            "INSERT INTO dashboards_unfolded (outcome_id) SELECT id FROM incidents_outcome"
            " ON CONFLICT DO NOTHING"
        )
    yield from fold_all()


def waiting() -> int:
    """How many facts no cell holds yet."""
    return Unfolded.objects.count()


# --- proof ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two ways of counting disagree."""

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what}: {self.where}"


def _compare_statement() -> str:
    columns = ", ".join((*_KEY, *MEASURES, *BINS))
    some = f"num_nonnulls({', '.join(MEASURES)}) > 0"
    return f"""
    WITH taken AS (
        SELECT o.* FROM incidents_outcome o
        WHERE NOT EXISTS (SELECT 1 FROM dashboards_unfolded u WHERE u.outcome_id = o.id)
    ), {_spread()}, expected AS (
        SELECT {columns} FROM cells WHERE {some}
    ), held AS (
        SELECT {columns} FROM dashboards_rollup WHERE {some}
    )
    (SELECT 'missing', * FROM (SELECT * FROM expected EXCEPT SELECT * FROM held) AS a)
    UNION ALL
    (SELECT 'unfounded', * FROM (SELECT * FROM held EXCEPT SELECT * FROM expected) AS b)
    LIMIT %(limit)s
    """


# Facts against the rows and the timeline that they were written beside. Each answers the case numbers
# that disagree. `standing` is what counts of a kind for a case now.
_STANDING: Final = """
WITH standing AS (
    SELECT incident_id, {sums}, sum(CASE WHEN kind = 'dispatched' THEN sign * elapsed END) AS dispatch_time,
           sum(CASE WHEN kind = 'handled' THEN sign * elapsed END) AS handle_time,
           sum(CASE WHEN kind = 'handled' THEN sign * (256 * ascii(level) + ascii(first_level)) END) AS levels
    FROM incidents_outcome GROUP BY incident_id
), told AS (
    SELECT incident_id,
           count(*) FILTER (WHERE kind = 'return_agreed') AS returned,
           count(*) FILTER (WHERE kind = 'return_refused') AS refused,
           count(*) FILTER (WHERE kind = 'rated') AS rated,
           count(*) FILTER (WHERE kind = 'resolved') AS resolved
    FROM incidents_timelineentry GROUP BY incident_id
)
SELECT i.number FROM incidents_incident i
LEFT JOIN standing s ON s.incident_id = i.id LEFT JOIN told t ON t.incident_id = i.id
WHERE {wrong} ORDER BY i.id LIMIT %(limit)s
"""
_KINDS: Final = (
    "received",
    "dispatched",
    "returned",
    "refused",
    "handled",
    "due",
    "closed",
    "reworked",
    "rated",
)
_CASE_CHECKS: Final = {
    "received once, unless merged": "coalesce(s.received, 0) <> (i.status <> 'merged')::int",
    "dispatched while sent": "coalesce(s.dispatched, 0) <> (i.status NOT IN ('triage', 'merged')"
    " AND i.dispatched_at IS NOT NULL)::int AND i.status NOT IN ('closed', 'rejected')",
    "handled once its resolution stands": "coalesce(s.handled, 0) <> 1 AND i.status = 'resolved'"
    " OR coalesce(s.handled, 0) > (i.resolved_at IS NOT NULL)::int",
    "closed while closed": "coalesce(s.closed, 0) <> (i.status IN ('closed', 'rejected'))::int",
    "due at most once": "coalesce(s.due, 0) NOT IN (0, 1)",
    "returned as often as the timeline says": "coalesce(s.returned, 0) <> coalesce(t.returned, 0)",
    "refused as often as the timeline says": "coalesce(s.refused, 0) <> coalesce(t.refused, 0)",
    "rated as often as the timeline says": "coalesce(s.rated, 0) <> coalesce(t.rated, 0)",
    "reworked as often as the case says": "coalesce(s.reworked, 0) <> i.rework_count",
    "dispatch duration from receipt to the sending that stands": "s.dispatched = 1 AND abs(s.dispatch_time"
    " - greatest(0, extract(epoch FROM i.dispatched_at - i.received_at))) > 1",
    "handled at the level where it stands, from where it began": "s.handled = 1 AND"
    " s.levels <> 256 * ascii(i.level) + ascii(i.first_level)",
    "handling duration from that sending to the resolution": "s.handled = 1 AND s.dispatched = 1 AND"
    " abs(s.handle_time - greatest(0, extract(epoch FROM i.resolved_at - i.dispatched_at))) > 1",
}


def differences(*, limit: int = 50) -> Iterator[Difference]:
    """Recompute every cell from the facts, and every fact from the case and its timeline; what differs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
        yield from _cell_differences(cursor, limit)
        yield from _case_differences(cursor, limit)


def _cell_differences(cursor: CursorWrapper, limit: int) -> Iterator[Difference]:
    cursor.execute(_compare_statement(), {"limit": limit})
    names = [column.name for column in cursor.description or ()]
    for which, *values in cursor.fetchall():
        row: dict[str, Any] = dict(zip(names[1:], values, strict=True))
        key = " ".join(str(row[name]) for name in _KEY)
        counts = " ".join(f"{name}={row[name]}" for name in MEASURES if row[name])
        yield Difference(f"cell {which}", f"{key} {counts}")


def _case_differences(cursor: CursorWrapper, limit: int) -> Iterator[Difference]:
    sums = ", ".join(f"sum(CASE WHEN kind = '{kind}' THEN sign ELSE 0 END) AS {kind}" for kind in _KINDS)
    # What a patrol found and fixed is a class of its own: nothing that looks well is counted for it.
    checks = {rule: f"NOT i.self_fixed AND ({wrong})" for rule, wrong in _CASE_CHECKS.items()}
    checks["of no account while self-found and self-fixed"] = (
        "i.self_fixed AND num_nonnulls(nullif(s.received, 0), nullif(s.dispatched, 0), nullif(s.handled, 0),"
        " nullif(s.closed, 0)) > 0"
    )
    for rule, wrong in checks.items():
        cursor.execute(_STANDING.format(sums=sums, wrong=wrong), {"limit": limit})
        for (number,) in cursor.fetchall():
            yield Difference(f"case not “{rule}”", number)


def cell_count() -> int:
    """How many cells there are."""
    return Rollup.objects.count()
