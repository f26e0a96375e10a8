"""What still waits: read from the cases as they stand now, since no fact says "not yet"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from dashboards.reading import Selection, Span
from incidents.models.incident import OPEN_STATUSES, Status

# Days since receipt, up to and including; the last band has no end.
AGES: Final[tuple[tuple[str, int | None], ...]] = (
    ("0-3", 3),
    ("4-7", 7),
    ("8-14", 14),
    ("15-30", 30),
    ("31-", None),
)
# Waiting for the unit: everything open except what only waits for its check.
UNHANDLED: Final = tuple(status for status in OPEN_STATUSES if status != Status.RESOLVED)
_PAUSED: Final = (Status.PARKED, Status.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open cases of one street and one age: how many, and how they stand."""

    street: str
    age: str
    in_time: int
    overdue: int
    paused: int

    @property
    def open(self) -> int:
        return self.in_time + self.overdue + self.paused


def cases_of(selection: Selection) -> Q:
    """The condition on a case under which it belongs to the selection."""
    condition = Q()
    if selection.streets:
        condition &= Q(street_code__in=selection.streets)
    if selection.units:
        condition &= Q(owner_unit__in=selection.units)
    if selection.categories:
        condition &= Q(category__in=selection.categories)
    if selection.sources:
        condition &= Q(source__in=selection.sources)
    return condition


def open_cases(selection: Selection, *, at: datetime) -> list[Waiting]:
    """Every open case of the selection, by street and age in days since receipt."""
    where, values = _filters(selection, "i", "owner_unit_id", "category_id")
    bands = " ".join(f"WHEN age <= {most} THEN '{name}'" for name, most in AGES if most is not None)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT street_code, CASE {bands} ELSE '31-' END AS band,
                   count(*) FILTER (WHERE NOT paused AND NOT late), count(*) FILTER (WHERE late),
                   count(*) FILTER (WHERE paused AND NOT late)
            FROM (SELECT i.street_code, floor(extract(epoch FROM %s - i.received_at) / 86400) AS age,
                         i.status = ANY(%s) AS paused, coalesce(i.due_at < %s, false) AS late
                  FROM incidents_incident i WHERE i.status = ANY(%s){where}) AS waiting
            GROUP BY 1, 2
            """,
            [at, list(_PAUSED), at, list(OPEN_STATUSES), *values],
        )
        return [Waiting(*row) for row in cursor.fetchall()]


def still_waiting(selection: Selection, span: Span) -> dict[tuple[str, str], tuple[int, int]]:
    """Of the cases that fell due in the span, by (street, unit): not handled yet, and not closed yet."""
    where, values = _filters(selection, "o", "unit_code", "category_code")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT o.street_code, o.unit_code, count(*) FILTER (WHERE i.status = ANY(%s)), count(*)
            FROM incidents_outcome o JOIN incidents_incident i ON i.id = o.incident_id
            WHERE o.kind = 'due' AND o.day BETWEEN %s AND %s AND o.sign > 0 AND i.status = ANY(%s){where}
              AND NOT EXISTS (SELECT 1 FROM incidents_outcome n WHERE n.reverses_id = o.id)
            GROUP BY 1, 2
            """,
            [list(UNHANDLED), span.first, span.last, list(OPEN_STATUSES), *values],
        )
        return {(street, unit): (unhandled, unclosed) for street, unit, unhandled, unclosed in cursor}


def _filters(selection: Selection, alias: str, unit: str, category: str) -> tuple[str, list[Any]]:
    where, values = "", []
    chosen: Sequence[tuple[str, tuple[str, ...]]] = (
        ("street_code", selection.streets),
        (unit, selection.units),
        (category, selection.categories),
        ("source", selection.sources),
    )
    for column, codes in chosen:
        if codes:
            where += f" AND {alias}.{column} = ANY(%s)"
            values.append(list(codes))
    return where, values
