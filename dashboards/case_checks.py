"""Facts against the cases and the timeline that they were written beside."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.db.backends.utils import CursorWrapper

from incidents import repeated_facts
from incidents.models.incident import OPEN_STATUSES, Status


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where two ways of counting disagree."""

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what}: {self.where}"


# Facts against the rows and the timeline that they were written beside. Each answers the case numbers
# that disagree. `standing` is what counts of a kind for a case now.
_STANDING: Final = """
WITH standing AS (
    SELECT incident_id, {sums},
           sum(CASE WHEN kind = 'due' AND NOT on_time THEN sign ELSE 0 END) AS late,
           sum(CASE WHEN kind = 'dispatched' THEN sign * elapsed END) AS dispatch_time,
           sum(CASE WHEN kind = 'handled' THEN sign * elapsed END) AS handle_time,
           sum(CASE WHEN kind = 'handled' THEN sign * (256 * ascii(level) + ascii(first_level)) END) AS levels
    FROM incidents_outcome GROUP BY incident_id
), told AS (
    SELECT incident_id,
           count(*) FILTER (WHERE kind = 'return_agreed') AS returned,
           count(*) FILTER (WHERE kind = 'return_refused') AS refused,
           count(*) FILTER (WHERE kind = 'rated') AS rated,
           count(*) FILTER (WHERE kind IN ('accepted', 'deemed_accepted') AND data->>'how' <> 'ruled')
               AS accepted,
           count(*) FILTER (WHERE kind = 'resolved') AS resolved
    FROM incidents_timelineentry GROUP BY incident_id
), contact AS (
    -- each first-contact clock counts once a run: when it broke, or when it was met in time
    SELECT t.incident_id, count(f.id) + count(DISTINCT t.id) FILTER (WHERE t.stop_reason IN ('met', 'tried')
               AND t.stopped_at <= t.due_at AND NOT EXISTS (SELECT 1 FROM incidents_firedstage n
                   WHERE n.timer_id = t.id AND n.run = t.run AND n.stage = 'breach')) AS counted
    FROM incidents_timer t LEFT JOIN incidents_firedstage f ON f.timer_id = t.id AND f.stage = 'breach'
    WHERE t.kind = 'first_contact' GROUP BY t.incident_id
)
SELECT i.number FROM incidents_incident i
LEFT JOIN standing s ON s.incident_id = i.id LEFT JOIN told t ON t.incident_id = i.id
LEFT JOIN contact c ON c.incident_id = i.id
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
    "accepted",
    "settled",
    "finished",
    "contacted",
    "asked",
    "answered",
)
_OPEN: Final = ", ".join(f"'{status}'" for status in OPEN_STATUSES)
_UNHANDLED: Final = ", ".join(f"'{status}'" for status in OPEN_STATUSES if status != Status.RESOLVED)
_CASE_CHECKS: Final = {
    "received once, unless merged": "coalesce(s.received, 0) <> (i.status <> 'merged')::int",
    "dispatched while sent": "coalesce(s.dispatched, 0) <> (i.status NOT IN ('triage', 'merged')"
    " AND i.dispatched_at IS NOT NULL)::int AND i.status NOT IN ('closed', 'rejected')",
    "handled once its resolution stands": "coalesce(s.handled, 0) <> 1 AND i.status = 'resolved'"
    " OR coalesce(s.handled, 0) > (i.resolved_at IS NOT NULL)::int",
    "closed while closed": "coalesce(s.closed, 0) <> (i.status IN ('closed', 'rejected'))::int",
    "due at most once": "coalesce(s.due, 0) NOT IN (0, 1)",
    "of those that fell due late, settled once handled": "coalesce(s.settled, 0) <> (coalesce(s.late, 0) > 0"
    f" AND i.status NOT IN ({_UNHANDLED}))::int",
    "of those that fell due, finished once it ended": "coalesce(s.finished, 0) <> (coalesce(s.due, 0) > 0"
    f" AND i.status NOT IN ({_OPEN}))::int",
    "accepted as often as the timeline says": "coalesce(s.accepted, 0) <> coalesce(t.accepted, 0)",
    "returned as often as the timeline says": "coalesce(s.returned, 0) <> coalesce(t.returned, 0)",
    "refused as often as the timeline says": "coalesce(s.refused, 0) <> coalesce(t.refused, 0)",
    "rated as often as the timeline says": "coalesce(s.rated, 0) <> coalesce(t.rated, 0)",
    "reworked as often as the case says": "coalesce(s.reworked, 0) <> i.rework_count",
    "first contacts as often as their clocks broke or were met": "coalesce(s.contacted, 0)"
    " <> coalesce(c.counted, 0)",
    # Nobody else is both asked and silent: who rated before the closing answered with the asking.
    "asked and silent as the queue of callbacks says": "coalesce(s.asked, 0) - coalesce(s.answered, 0) <>"
    " (SELECT count(*) FROM incidents_callback b WHERE b.incident_id = i.id AND b.\"end\" <> 'lapsed'"
    " AND NOT EXISTS (SELECT 1 FROM incidents_feedback f WHERE f.incident_id = i.id"
    " AND f.report_id = b.report_id AND f.handling_run = b.handling_run))",
    # Or to one before it whose unit was closed, with nobody to go on for it.
    "dispatch duration from receipt to the sending that stands": "s.dispatched = 1 AND abs(s.dispatch_time"
    " - greatest(0, extract(epoch FROM i.dispatched_at - i.received_at))) > 1 AND NOT EXISTS (SELECT 1"
    " FROM incidents_assignment a WHERE a.incident_id = i.id AND a.role = 'lead'"
    " AND a.end_reason = 'succeeded'"
    " AND abs(s.dispatch_time - greatest(0, extract(epoch FROM a.sent_at - i.received_at))) <= 1)",
    "handled at the level where it stands, from where it began": "s.handled = 1 AND"
    " s.levels <> 256 * ascii(i.level) + ascii(i.first_level)",
    "handling duration from that sending to the resolution": "s.handled = 1 AND s.dispatched = 1 AND"
    " abs(s.handle_time - greatest(0, extract(epoch FROM i.resolved_at - i.dispatched_at))) > 1",
}


def case_differences(cursor: CursorWrapper, limit: int) -> Iterator[Difference]:
    sums = ", ".join(f"sum(CASE WHEN kind = '{kind}' THEN sign ELSE 0 END) AS {kind}" for kind in _KINDS)
    # What a patrol found and fixed is a class of its own: nothing that looks well is counted for it.
    checks = {rule: f"NOT i.self_fixed AND ({wrong})" for rule, wrong in _CASE_CHECKS.items()}
    checks["of no account while self-found and self-fixed"] = (
        "i.self_fixed AND num_nonnulls(nullif(s.received, 0), nullif(s.dispatched, 0), nullif(s.handled, 0),"
        " nullif(s.closed, 0)) > 0"
    )
    statements = {rule: _STANDING.format(sums=sums, wrong=wrong) for rule, wrong in checks.items()}
    statements["reported again as the pairs of cases at one place say"] = repeated_facts.DIFFERENT
    for rule, statement in statements.items():
        cursor.execute(statement, {"limit": limit})
        for (number,) in cursor.fetchall():
            yield Difference(f"case not “{rule}”", number)
