"""Past cases as a rehearsal reads them: what was known when they came, and what really became of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson
from django.db import connection

from dispatch.comparing import PastCase
from dispatch.facts import Facts
from incidents.models import Assignment, RehearsalPart
from incidents.models.incident import ResolutionOutcome, Status

# What a unit can have come to. Whatever ends otherwise was settled by none.
BY_A_UNIT: Final = (
    ResolutionOutcome.SOLVED,
    ResolutionOutcome.EXPLAINED,
    ResolutionOutcome.LEGAL_ROUTE,
    ResolutionOutcome.UNFOUNDED,
    ResolutionOutcome.UNREACHABLE,
)
OVER: Final = (Status.CLOSED, Status.REJECTED)
# Stands for facts that were not fetched, because none of a case's likely categories is asked about.
UNTOUCHED: Final = Facts(source="", at=datetime(2000, 1, 1, tzinfo=UTC))

# A merged case is another's: a root counts once. Of each case its first decision, which no person made.
# The inner LIMIT has its document unpacked once and not for every use.
_PART = """
SELECT incident.id, incident.number, incident.status, incident.outcome, incident.return_count,
       asked.facts IS NOT NULL,
       CASE WHEN asked.touched THEN asked.facts::text END,
       CASE WHEN asked.touched AND said.erased_at IS NULL THEN said.body END
FROM incidents_incident AS incident
LEFT JOIN LATERAL (
    SELECT read.facts, EXISTS (
        SELECT FROM jsonb_array_elements(read.facts->'categories') AS guess
        WHERE guess->>'code' = ANY(%(categories)s)
    ) AS touched
    FROM (
        SELECT record.detail->'facts' AS facts FROM incidents_decisionrecord AS record
        WHERE record.incident_id = incident.id AND record.made_by_id IS NULL
          AND record.report_id IS NOT NULL
        ORDER BY record.id LIMIT 1
    ) AS read
) AS asked ON TRUE
LEFT JOIN incidents_text AS said ON said.id = incident.text_id
WHERE (incident.received_at, incident.id) >= (%(first_at)s, %(first_id)s)
  AND (incident.received_at, incident.id) <= (%(last_at)s, %(last_id)s)
  AND incident.status <> 'merged'
ORDER BY incident.received_at, incident.id
"""
# The first and last case of each stretch of so many, by the index on (received_at, id).
_STRETCHES = """
SELECT min(received_at), (array_agg(id ORDER BY received_at, id))[1],
       max(received_at), (array_agg(id ORDER BY received_at DESC, id DESC))[1], count(*)
FROM (
    SELECT received_at, id, (row_number() OVER (ORDER BY received_at, id) - 1) / %(size)s AS part
    FROM incidents_incident
    WHERE received_at >= %(since)s AND received_at < %(until)s AND status <> 'merged'
) AS numbered
GROUP BY part ORDER BY part
"""


@dataclass(frozen=True, slots=True)
class Sending:
    """A lead sending, as far as it tells whose case it rightly was."""

    pk: int
    unit: str
    item: str
    follows: int | None
    automatic: bool
    resolved: bool


def stretches(
    *, since: datetime, until: datetime, size: int
) -> list[tuple[datetime, int, datetime, int, int]]:
    """(first received_at, id, last received_at, id, how many) of each stretch of `size` cases."""
    with connection.cursor() as cursor:
        cursor.execute(_STRETCHES, {"since": since, "until": until, "size": size})
        return list(cursor.fetchall())


def cases_of(part: RehearsalPart, categories: Iterable[str]) -> Iterator[tuple[int, PastCase | None]]:
    """The cases of a stretch with their ids, read in two statements; None where no facts were recorded.

    Only those with one of `categories` among their readings come with their facts and their text.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _PART,
            {
                "categories": sorted(categories),
                **{name: getattr(part, name) for name in ("first_at", "first_id", "last_at", "last_id")},
            },
        )
        rows = cursor.fetchall()
    sent = _sendings([row[0] for row in rows])
    for pk, number, status, outcome, returns, has_facts, facts, text in rows:
        if not has_facts:
            yield pk, None
            continue
        sendings = sent.get(pk, ())
        settled = settling(status, outcome, sendings)
        first = sendings[0] if sendings else None
        yield (
            pk,
            PastCase(
                key=number,
                facts=UNTOUCHED if facts is None else Facts.from_json(orjson.loads(facts)),
                text=text,
                settled_unit=settled.unit if settled else None,
                settled_item=settled.item if settled else None,
                is_open=status not in OVER,
                sent_unit=first.unit if first is not None and first.automatic else None,
                returns=returns,
            ),
        )


def settling(status: str, outcome: str, sendings: Sequence[Sending]) -> Sending | None:
    """The sending that a closed case was rightly settled by.

    Where the case was raised a level or made safe first, it goes on under the same decision: that began
    with the first sending of the chain, and so did the right dispatch.
    """
    if status != Status.CLOSED or outcome not in BY_A_UNIT:
        return None
    by_pk = {sending.pk: sending for sending in sendings}
    last = next((sending for sending in reversed(sendings) if sending.resolved), None)
    while last is not None and last.follows is not None and last.follows in by_pk:
        last = by_pk[last.follows]
    return last


def _sendings(incidents: Sequence[int]) -> dict[int, list[Sending]]:
    found: dict[int, list[Sending]] = {}
    rows = (
        Assignment.objects.filter(incident__in=incidents, role=Assignment.Role.LEAD)
        .order_by("pk")
        .values_list("incident_id", "pk", "unit_id", "item_code", "follows_id", "automatic", "resolved_at")
    )
    for incident, pk, unit, item, follows, automatic, resolved_at in rows:
        told = Sending(pk, unit, item, follows, automatic, resolved_at is not None)
        found.setdefault(incident, []).append(told)
    return found
