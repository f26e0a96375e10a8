"""重复诉求: what is said again within thirty days, by the same reporter or at the same place.

Found by a sweep and kept as pairs of cases, so that intake stays fast and a page of overdue cases asks
one small table. A pair says that somebody should look, not that it is the same thing: what is certainly
the same and still open was joined at intake. What changes a case's matter or place puts it into a queue
(migration repeats_again), for the machine's first guess is not what the case is about.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from dispatch.vocabulary import Nature
from incidents import repeated_facts
from incidents.contacting import LABOUR, protected
from incidents.models import Incident, Repeat, RepeatAgain, RepeatCursor
from incidents.models.incident import OPEN_STATUSES, Status

WINDOW = timedelta(days=30)
# Points of one address lie this close, as phones and operators place them.
RADIUS_M = 60.0
# A caller who calls every day makes no million pairs: each case remembers its latest few.
MOST = 10
BATCH = 500
# A transaction that drew its ids is committed within this time, or it is never.
SETTLED_AFTER = timedelta(seconds=60)

# For each case that is looked at: its pairs with those before it, and with those after it that were
# there already (a report that is typed in late comes between others). Enquiries, suggestions and praise
# are no complaints, and what the centre split off was not said again. The reporter by the blind index of
# the telephone number, within one domain of matters; the place by the category and the point. Never by the
# reporter where either case protects who reported it: from the one that does not, a unit would learn who
# gave it the tip.
_PROTECTED = """(
    {case}.nature = %(tip_off)s OR left({case}.category_id, 2) = %(labour)s OR EXISTS (
        SELECT 1 FROM incidents_incidentreport tl JOIN incidents_report tr ON tr.id = tl.report_id
        WHERE tl.incident_id = {case}.id AND tl.unlinked_at IS NULL
            AND (tr.nature = %(tip_off)s OR tr.attributes @> %(in_confidence)s)
    )
)"""
_FIND = f"""
WITH fresh AS (
    SELECT i.id, i.received_at, i.category_id, c.domain_code, i.lat, i.lon,
           COALESCE(i.split_from_id, i.id) AS root,
           {_PROTECTED.format(case="i")} AS is_protected
    FROM incidents_incident i JOIN dispatch_category c ON c.code = i.category_id
    WHERE i.id = ANY(%(ids)s)
    AND i.nature NOT IN ('enquiry', 'suggestion', 'praise') AND i.status <> 'merged'
), pairs AS (
    SELECT f.id AS one, f.received_at AS one_at, e.id AS other, e.received_at AS other_at,
           true AS by_reporter, false AS at_place
    FROM fresh f
    JOIN incidents_incidentreport l ON l.incident_id = f.id AND l.unlinked_at IS NULL
    JOIN incidents_report r ON r.id = l.report_id
    JOIN incidents_contact k ON k.id = r.contact_id AND k.phone_index <> ''
    CROSS JOIN LATERAL (
        SELECT e.id, e.received_at
        FROM incidents_contact k2
        JOIN incidents_report r2 ON r2.contact_id = k2.id
        JOIN incidents_incidentreport l2 ON l2.report_id = r2.id AND l2.unlinked_at IS NULL
        JOIN incidents_incident e ON e.id = l2.incident_id
        JOIN dispatch_category c2 ON c2.code = e.category_id
        WHERE k2.phone_index = k.phone_index AND COALESCE(e.split_from_id, e.id) <> f.root
        AND c2.domain_code = f.domain_code
        AND e.received_at >= f.received_at - %(window)s::interval
        AND e.received_at <= f.received_at + %(window)s::interval
        AND e.nature NOT IN ('enquiry', 'suggestion', 'praise') AND e.status <> 'merged'
        AND NOT {_PROTECTED.format(case="e")}
        ORDER BY e.received_at DESC, e.id DESC
        LIMIT %(most)s
    ) e
    WHERE NOT f.is_protected
    UNION ALL
    SELECT f.id, f.received_at, e.id, e.received_at, false, true
    FROM fresh f
    CROSS JOIN LATERAL (
        SELECT e.id, e.received_at
        FROM incidents_incident e
        WHERE e.category_id = f.category_id AND COALESCE(e.split_from_id, e.id) <> f.root
        AND e.received_at >= f.received_at - %(window)s::interval
        AND e.received_at <= f.received_at + %(window)s::interval
        AND e.lat BETWEEN f.lat - %(lat)s AND f.lat + %(lat)s
        AND e.lon BETWEEN f.lon - %(lon)s AND f.lon + %(lon)s
        AND e.nature NOT IN ('enquiry', 'suggestion', 'praise') AND e.status <> 'merged'
        ORDER BY e.received_at DESC, e.id DESC
        LIMIT %(most)s
    ) e
    WHERE f.lat IS NOT NULL
)
INSERT INTO incidents_repeat (incident_id, earlier_id, by_reporter, at_place)
SELECT CASE WHEN is_later THEN one ELSE other END, CASE WHEN is_later THEN other ELSE one END,
       bool_or(by_reporter), bool_or(at_place)
FROM (SELECT *, (one_at, one) > (other_at, other) AS is_later FROM pairs) told
GROUP BY 1, 2
ON CONFLICT DO NOTHING
"""
_METRES_PER_DEGREE = 111_320.0
# Of a degree of longitude at the district's latitude, 22.7 degrees north.
_NARROWER = 0.9225


def find_repeats(*, now: datetime, limit: int = BATCH) -> int:
    """Look at the next ids, and again at those that have settled; answers how many ids were looked at.

    `now` is the machine's clock: it is about transactions, not about the district.
    """
    with transaction.atomic(durable=True):
        RepeatCursor.objects.get_or_create(pk=1)
        cursor = RepeatCursor.objects.select_for_update().get(pk=1)
        newest = Incident.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        begun, cursor.done_to = cursor.done_to, min(newest, cursor.done_to + limit)
        looked = _look(range(begun + 1, cursor.done_to + 1)) + _look_again(limit)
        if cursor.mark_at is None:
            cursor.mark_to, cursor.mark_at = cursor.done_to, now
        elif now - cursor.mark_at >= SETTLED_AFTER:
            again, cursor.settled_to = cursor.settled_to, min(cursor.mark_to, cursor.settled_to + limit)
            looked += _look(range(again + 1, cursor.settled_to + 1))
            if cursor.settled_to == cursor.mark_to:
                cursor.mark_to, cursor.mark_at = cursor.done_to, now
        cursor.save()
        return looked


def _look_again(limit: int) -> int:
    """Find anew what the cases in the queue repeat, and what repeats them; answers how many it took."""
    # One sweep at a time holds the cursor. What comes into the queue meanwhile is a row of its own.
    queued = list(RepeatAgain.objects.order_by("pk")[:limit])
    ids = {row.incident_id for row in queued}
    if ids:
        RepeatAgain.objects.filter(pk__in=[row.pk for row in queued]).delete()
        Repeat.objects.filter(Q(incident__in=ids) | Q(earlier__in=ids)).delete()
        _look(sorted(ids))
    return len(queued)


def _look(ids: Sequence[int]) -> int:
    """Find the pairs of these cases, and count those that come after closed work."""
    if ids:
        with connection.cursor() as database:
            # Of what has just come in by the thousand the statistics know nothing yet: a table that is taken
            # for empty would be read whole for each case, and again for each that is found there.
            database.execute("SELECT current_setting('enable_seqscan')")
            (as_it_was,) = database.fetchone()
            database.execute("SET LOCAL enable_seqscan = off")
            database.execute(
                _FIND,
                {
                    "ids": list(ids),
                    "window": f"{WINDOW.days} days",
                    "most": MOST,
                    "lat": RADIUS_M / _METRES_PER_DEGREE,
                    "lon": RADIUS_M / _METRES_PER_DEGREE / _NARROWER,
                    "tip_off": Nature.TIP_OFF,
                    "labour": LABOUR,
                    "in_confidence": '{"confidential": true}',
                },
            )
            database.execute("SELECT set_config('enable_seqscan', %s, true)", [as_it_was])
        repeated_facts.follow(ids)
    return len(ids)


def _told() -> QuerySet[Repeat]:
    """The pairs that may be told of, with `is_protected`; what was merged since is one with another case.

    Asked anew each time: a case becomes protected when a tip-off joins it.
    """
    either = protected("incident") | protected("earlier")
    return (
        Repeat.objects.exclude(earlier__status=Status.MERGED)
        .annotate(is_protected=ExpressionWrapper(either, BooleanField()))
        .filter(Q(at_place=True) | Q(is_protected=False))
    )


def repeated() -> Q:
    """The condition under which an open case is about what was said before."""
    found = _told().filter(incident__status__in=OPEN_STATUSES)
    return Q(pk__in=found.values("incident"))


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier case, what it shares with the later one, and whether the reader may know which it is."""

    case: Incident
    by_reporter: bool
    at_place: bool
    earlier: timedelta
    is_seen: bool


def before(cases: Iterable[Incident], *, among: Q) -> Mapping[int, list[Before]]:
    """What was said before each of these cases, newest first; one query.

    `among` is the condition on the cases that the reader may see. Never that it was the same person, where
    either case protects who reported it.
    """
    rows = {case.pk: case for case in cases}
    found: dict[int, list[Before]] = defaultdict(list)
    pairs = (
        _told()
        .filter(incident__in=rows)
        .annotate(is_seen=Exists(Incident.objects.filter(among, pk=OuterRef("earlier_id"))))
        .select_related("earlier__owner_unit", "earlier__text", "earlier__category")
        .order_by("-earlier__received_at", "-earlier_id")
    )
    for pair in pairs:
        gap = rows[pair.incident_id].received_at - pair.earlier.received_at
        by_reporter = pair.by_reporter and not pair.is_protected  # type: ignore[attr-defined]
        found[pair.incident_id].append(Before(pair.earlier, by_reporter, pair.at_place, gap, pair.is_seen))
    return found
