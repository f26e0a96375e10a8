"""What still waits: read from the cases as they stand now, since no fact says "not yet"."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Q

from dashboards.dimensions import Selection, condition, where
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
    return condition(selection, "cases")


def open_cases(selection: Selection, *, at: datetime) -> list[Waiting]:
    """Every open case of the selection, by street and age in days since receipt."""
    narrow, values = where(selection, "i", "cases")
    bands = " ".join(f"WHEN age <= {most} THEN '{name}'" for name, most in AGES if most is not None)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT street_code, CASE {bands} ELSE '31-' END AS band,
                   count(*) FILTER (WHERE NOT paused AND NOT late), count(*) FILTER (WHERE late),
                   count(*) FILTER (WHERE paused AND NOT late)
            FROM (SELECT i.street_code, floor(extract(epoch FROM %s - i.received_at) / 86400) AS age,
                         i.status = ANY(%s) AS paused, coalesce(i.due_at < %s, false) AS late
                  FROM incidents_incident i WHERE i.status = ANY(%s){narrow}) AS waiting
            GROUP BY 1, 2
            """,
            [at, list(_PAUSED), at, list(OPEN_STATUSES), *values],
        )
        return [Waiting(*row) for row in cursor.fetchall()]
