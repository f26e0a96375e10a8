"""What is taken out of a period's figures, and what stands beside them.

Exclusions are taken out by the same measures as cells are made of (cells.MEASURES), as the exact negative
of what the excluded facts had added.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connection

from dashboards.cells import MEASURES, fact_bins
from dashboards.models.scoring import KINDS_OF, What
from dashboards.reading import Figures, Span
from dashboards.sketch import Durations
from dispatch.normalise.urgency import NUMBERS
from incidents.models import Outcome
from incidents.repeats import WINDOW

# unit, street, community, category
Matter = tuple[str, str, str, str]
Pair = tuple[int, str]  # a case, and how much of it (What)

# Kept with every row, for the formula, the page and whoever checks it later.
COUNTS: Final = (
    "received",
    "dispatched",
    "returned",
    "handled",
    "handled_first",
    "solved",
    "paused",
    "told_late",
    "received_late",
    "due",
    "due_met",
    "due_closed",
    "closed",
    "reworked",
    "rated",
    "scored",
    "satisfied",
    "asked_solved",
    "said_solved",
    "asked_contacted",
    "said_contacted",
    "asked",
    "answered",
)

# They grow for days after a period is over, as its reporters are called: no reason to revise what is frozen.
GROW: Final = frozenset({"answered", "asked"})


@dataclass(slots=True)
class Taken:
    """What exclusions take out."""

    figures: dict[Matter, Figures] = field(default_factory=dict)
    cases: dict[Matter, set[int]] = field(default_factory=dict)
    unclosed: dict[Matter, int] = field(default_factory=dict)


def taken_out(pairs: Iterable[Pair], span: Span, *, closed_by: datetime) -> Taken:
    """The negative of what these cases had added in the span.

    `closed_by` is the instant up to which a closing counts for "closed".
    """
    spread = sorted({(case, kind) for case, what in pairs for kind in KINDS_OF[what]})
    answer = Taken()
    if not spread:
        return answer
    columns = [f"-sum({MEASURES[name]})" for name in COUNTS]
    columns += [f"-sum({MEASURES[name]})" for name in ("dispatch_elapsed", "handle_elapsed")]
    for what in ("dispatch", "handle"):
        negative = fact_bins(f"{what}_elapsed_bins").replace("o.sign", "-o.sign")
        columns.append(f"string_agg({negative}, ''::bytea)")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT o.unit_code, o.street_code, o.community_code, o.category_code,
                   array_agg(DISTINCT o.incident_id), {", ".join(columns)},
                   sum(CASE WHEN o.kind = 'due' AND NOT EXISTS (
                       SELECT 1 FROM incidents_outcome c WHERE c.incident_id = o.incident_id
                       AND c.kind = 'closed' AND c.sign > 0 AND c.at <= %s) THEN o.sign ELSE 0 END)
            FROM incidents_outcome o
            JOIN unnest(%s::bigint[], %s::text[]) AS x (incident, kind)
              ON o.incident_id = x.incident AND o.kind = x.kind
            WHERE o.day BETWEEN %s AND %s
            GROUP BY 1, 2, 3, 4
            """,
            [closed_by, [case for case, _k in spread], [kind for _c, kind in spread], span.first, span.last],
        )
        for unit, street, community, category, cases, *values, unclosed in cursor.fetchall():
            figures = Figures()
            figures.counts.update(zip(COUNTS, map(int, values[: len(COUNTS)]), strict=True))
            dispatch, handle, dispatch_bins, handle_bins = values[len(COUNTS) :]
            figures.seconds.update(dispatch=int(dispatch), handle=int(handle))
            figures.dispatch, figures.handle = Durations(dispatch_bins or b""), Durations(handle_bins or b"")
            key = (unit, street, community, category)
            answer.figures[key] = figures
            answer.cases[key] = set(cases)
            answer.unclosed[key] = int(unclosed)
    return answer


# From the small table: a month has many resolutions and few repeats.
_CAME_BACK: Final = """
SELECT o.unit_code, o.street_code, o.community_code, o.category_code, count(DISTINCT o.id)
FROM incidents_repeat r JOIN incidents_outcome o ON o.incident_id = r.earlier_id
JOIN incidents_incident i ON i.id = r.incident_id
WHERE o.kind = 'handled' AND o.sign > 0 AND o.day BETWEEN %(first)s AND %(last)s
  AND NOT o.incident_id = ANY(%(without)s)
  AND NOT EXISTS (SELECT 1 FROM incidents_outcome n WHERE n.reverses_id = o.id)
  AND r.at_place AND i.status NOT IN ('merged', 'rejected')
  AND i.received_at > o.at AND i.received_at <= o.at + %(window)s::interval
GROUP BY 1, 2, 3, 4
"""


def came_back(span: Span, *, without: Sequence[Pair] = ()) -> dict[Matter, int]:
    """Resolutions of the span after which the same was reported again at the same place within 30 days,
    those of cases that are taken out whole left out.

    Counted against who closed it, in the period in which it was closed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CAME_BACK,
            {
                "first": span.first,
                "last": span.last,
                "window": f"{WINDOW.days} days",
                "without": sorted({case for case, what in without if what == What.CASE}),
            },
        )
        return {
            (unit, street, community, category): count
            for unit, street, community, category, count in cursor.fetchall()
        }


# 110, 119 and 120: the dangers that one of them is called to before anything else.
_RESCUE: Final = sorted(
    danger for danger, numbers in NUMBERS.items() if not {"110", "119", "120"}.isdisjoint(numbers)
)


def of_rescue(span: Span) -> list[Pair]:
    """Cases of the span whose words told of danger that 110, 119 or 120 is called to first, where nobody has
    found since that there was none: all of each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.incident_id FROM incidents_emergencyalarm a WHERE a.danger = ANY(%s)"
            " AND a.false_at IS NULL AND EXISTS (SELECT FROM incidents_outcome o"
            " WHERE o.incident_id = a.incident_id AND o.day BETWEEN %s AND %s) ORDER BY 1",
            [_RESCUE, span.first, span.last],
        )
        return [(case, What.CASE.value) for (case,) in cursor.fetchall()]


def facts_of(case: int, span: Span) -> list[Outcome]:
    """What is counted of a case in the span."""
    rows = Outcome.objects.filter(incident=case, day__range=(span.first, span.last), sign=1)
    return list(rows.filter(reversal__isnull=True).order_by("pk"))
