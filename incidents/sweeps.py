"""What the clock does by itself: fires stages, performs what they demand, one small batch a call.

Each step claims rows with SKIP LOCKED, does its database effect in the same transaction and says how
much it did, so a test needs no loop and a killed worker loses nothing.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from dispatch.edition import distrust
from incidents import parking, pausing, recalendar, timers
from incidents.acceptance import deem_accepted
from incidents.actor import SYSTEM
from incidents.levels import level_up
from incidents.models import DueAction, Incident, PendingStage, SweepBeat, Timer
from incidents.ruling import fall_back
from incidents.stages import ACTING_STAGES
from incidents.supervising import order_for_breach, raise_order

log = logging.getLogger(__name__)

STAGE_BATCH = 2000
ACTION_BATCH = 50
_RETRY = timedelta(seconds=30)

# What an acting stage of a clock demands of its locked case, called with `timer` and `actor`. Each does
# nothing where the case has moved on, and happens as of the instant that the rule names.
_ACTIONS: Mapping[tuple[str, str], Callable[..., None]] = {
    ("deemed", Timer.Kind.ACCEPTANCE): deem_accepted,
    ("wake", Timer.Kind.PARKED): parking.wake,
    ("wake", Timer.Kind.PAUSE): pausing.wake,
    ("level_up", Timer.Kind.HANDLING): level_up,
    # The rules may let the breach of any clock order.
    **{("supervise", kind): order_for_breach for kind in Timer.Kind},
    ("raise", Timer.Kind.SUPERVISION): raise_order,
    ("fall_back", Timer.Kind.ADJUDICATION): fall_back,
}

# One statement claims the due stages, removes them, queues each clock's next stage, and writes what
# follows: the fired log (unique per timer, run and stage), the timeline, the outbox, the due facts of
# breached handling clocks, and the queue of acting stages. The claim walks the index on fire_at and locks
# only the pending rows: whoever changes a clock holds those first (timers.lock_open).
# Warnings and breaches tell the unit whose clock it is; escalations tell those above it.
_FIRE = """
WITH due AS (
    SELECT p.ctid AS row, p.id, p.timer_id, p.incident_id, p.run, p.position,
           t.stage_names[p.position] AS stage, t.stage_times[p.position] AS fire_at,
           t.stage_times[p.position + 1] AS next_at, t.kind, t.unit_code, t.due_at,
           (t.stopped_at IS NULL AND t.paused_at IS NULL AND t.run = p.run) AS live
    FROM incidents_pendingstage p
    JOIN incidents_timer t ON t.id = p.timer_id
    WHERE p.fire_at <= %(at)s {only}
    -- nothing by a due time that the work calendar has moved: such a clock waits until it is reckoned anew
    AND (t."limit" NOT LIKE '%%w%%' OR t.stopped_at IS NOT NULL OR t.paused_at IS NOT NULL
         OR t.calendar_revision >= (SELECT coalesce(max(revision), 0) FROM dispatch_calendaredition))
    ORDER BY p.fire_at, p.id
    LIMIT %(limit)s
    FOR UPDATE OF p SKIP LOCKED
), horizon AS (
    -- nothing after what a claimed clock does next, so that a long silence is made up for in due order
    -- (and never before that clock's own stage: one clock out of order must not hold up all others)
    SELECT min(CASE WHEN {barrier} THEN fire_at WHEN next_at IS NOT NULL THEN greatest(next_at, fire_at) END)
        AS at FROM due WHERE live
), gone AS (
    DELETE FROM incidents_pendingstage p USING due, horizon
    WHERE p.ctid = due.row AND (horizon.at IS NULL OR due.fire_at <= horizon.at)
    RETURNING due.*
), live AS (
    SELECT gone.*, coalesce(nullif(gone.unit_code, ''), i.owner_unit_id) AS clock_unit, i.owner_unit_id,
           CASE WHEN gone.stage = 'breach' THEN 'breached'
                WHEN starts_with(gone.stage, 'esc_') THEN 'escalated' ELSE 'warned' END AS says,
           jsonb_build_object('timer', gone.timer_id, 'run', gone.run, 'clock', gone.kind,
                              'stage', gone.stage, 'due_at', gone.due_at, 'urgency', i.urgency) AS data,
           i.street_code, i.community_code, i.cell_code,
           coalesce(i.category_id, '') AS category_code, i.item_code, i.source, i.nature, i.level,
           i.first_level, i.urgency
    FROM gone JOIN incidents_incident i ON i.id = gone.incident_id
    WHERE gone.live
), next AS (
    INSERT INTO incidents_pendingstage (timer_id, incident_id, run, position, fire_at, attempts, last_error)
    SELECT timer_id, incident_id, run, position + 1, next_at, 0, '' FROM live WHERE next_at IS NOT NULL
), fired AS (
    INSERT INTO incidents_firedstage (timer_id, run, stage, due_at, fired_at, unit_code)
    SELECT timer_id, run, stage, fire_at, %(at)s, unit_code FROM live ORDER BY fire_at, id
), told AS (
    INSERT INTO incidents_timelineentry (incident_id, at, recorded_at, kind, data)
    SELECT incident_id, fire_at, now(), says, data
    FROM live WHERE stage <> ALL (%(acting)s)
    ORDER BY fire_at, id
), sent AS (
    INSERT INTO incidents_outboxmessage
           (key, incident_id, kind, receiver, data, created_at, not_before, attempts, last_error)
    SELECT 'stage:' || timer_id || ':' || run || ':' || stage, incident_id, 'timer.' || says,
           CASE WHEN stage = 'esc_head' THEN 'head:' || clock_unit
                WHEN stage = 'esc_street' AND street_code <> '' THEN 'street:' || street_code
                WHEN stage IN ('esc_street', 'esc_district') THEN 'supervisors'
                WHEN stage = 'esc_leader' THEN 'leaders'
                WHEN kind = 'verification' THEN 'check:' || clock_unit
                ELSE 'unit:' || clock_unit END,
           data, %(at)s, %(at)s, 0, ''
    FROM live WHERE stage <> ALL (%(acting)s)
    ORDER BY fire_at, id
), named AS (
    -- those who answer for the block by name, each a step later
    INSERT INTO incidents_outboxmessage
           (key, incident_id, kind, receiver, data, created_at, not_before, attempts, last_error)
    SELECT 'block:' || timer_id || ':' || run || ':' || stage, incident_id, 'timer.' || says,
           'block:' || r.area_id || ':' || r.role, data, %(at)s, %(at)s, 0, ''
    FROM live JOIN incidents_blockcell c ON c.cell_id = live.cell_code
    JOIN incidents_blockrole r ON r.area_id = c.block_id AND r.until IS NULL
    WHERE live.kind = 'handling' AND r.role = CASE live.stage
        WHEN 'breach' THEN 'head' WHEN 'esc_head' THEN 'instructor'
        WHEN 'esc_street' THEN 'first_secretary' END
    ORDER BY live.fire_at, live.id
), counted AS (
    INSERT INTO incidents_outcome
           (incident_id, kind, sign, at, day, unit_code, street_code, community_code, cell_code,
            category_code, item_code, source, nature, level, first_level, urgency, automatic, first, on_time)
    SELECT incident_id, CASE kind WHEN 'handling' THEN 'due' ELSE 'contacted' END, 1, due_at,
           (due_at AT TIME ZONE 'Asia/Shanghai')::date, owner_unit_id, street_code, community_code, cell_code,
           category_code, item_code, source, nature, level, first_level, urgency, false, false, false
    FROM live WHERE stage = 'breach' AND kind IN ('handling', 'first_contact')
    -- a case is due once, however often its clock is started again
    AND NOT (kind = 'handling' AND EXISTS (
        SELECT 1 FROM incidents_outcome o
        LEFT JOIN incidents_outcome r ON r.reverses_id = o.id
        WHERE o.incident_id = live.incident_id AND o.kind = 'due' AND o.sign = 1 AND r.id IS NULL))
), asked AS (
    INSERT INTO incidents_dueaction
           (timer_id, run, stage, incident_id, due_at, attempts, not_before, last_error)
    SELECT timer_id, run, stage, incident_id, fire_at, 0, %(at)s, ''
    FROM live WHERE stage = ANY (%(acting)s)
)
SELECT count(*) FROM gone
"""
# A sweep asks this first: the big statement takes longer to plan than this takes altogether.
_NEXT_DUE = "SELECT fire_at FROM incidents_pendingstage {after} ORDER BY fire_at LIMIT 1"
_NEXT_DUE_OF_CASE = """
SELECT min(p.fire_at) FROM incidents_pendingstage p JOIN incidents_timer t ON t.id = p.timer_id
WHERE t.incident_id = %(incident)s
"""
# Statistics lag behind a table that is emptied and filled all day. With few rows claimed, walking
# indexes is right whatever they say.
_PLAN = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"


class Floor:
    """An instant up to which this process found nothing waiting, so that its next look starts there.

    While somebody holds an old snapshot, the entries of fired stages stay in the index, and each look
    would walk over all of them. Only speed depends on the floor: a stage that is written below it later
    (a clock that starts overdue, a transaction that took long) is found at the next full look, which
    comes every `RESCAN` seconds and whenever the clock is set back.
    """

    RESCAN = 10.0  # seconds on this machine's steady clock
    MARGIN = timedelta(seconds=5)  # for stages whose transactions are about to commit

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._until = 0.0

    def at(self, at: datetime) -> datetime | None:
        """Where a look at `at` may start; None for the very beginning."""
        if self._at is None or at < self._at or time.monotonic() >= self._until:
            self._at = None
        return self._at

    def looked(self, at: datetime, *, found: int) -> None:
        """Note what a look at `at` found; the floor rises only after a full one that found nothing."""
        if found:
            return
        if self._at is None:
            self._at, self._until = at - self.MARGIN, time.monotonic() + self.RESCAN
        else:
            self._at = max(self._at, at - self.MARGIN)


def fire_due_stages(*, at: datetime, limit: int = STAGE_BATCH, floor: Floor | None = None) -> int:
    """Fire up to `limit` stages that are due at `at`, oldest first; answers how many were tried.

    One that the database refuses stops only itself: the batch is halved down to it, and it backs off
    with its error while the others go on. A sweep that runs again and again hands in its `floor`.
    """
    above = floor.at(at) if floor else None
    fired = _fire_batch(at=at, limit=limit, above=above)
    if floor:
        floor.looked(at, found=fired)
    return fired


def _fire_batch(*, at: datetime, limit: int, above: datetime | None) -> int:
    next_due = _next_due(above=above)
    if next_due is None or next_due > at:
        return 0
    while limit > 1:
        try:
            with transaction.atomic(durable=True):
                with connection.cursor() as cursor:
                    cursor.execute(_PLAN)
                return _fire(at=at, limit=limit, above=above)
        except OperationalError:
            raise  # the connection, not a row
        except DatabaseError:
            log.exception("a batch of %s stages failed: trying fewer", limit)
            limit //= 2
    with transaction.atomic(durable=True):
        return _fire_one(at=at)


def settle(incident: Incident, *, at: datetime) -> bool:
    """Bring a locked case up to `at` before somebody acts on it: fire its stages, do what they demand.

    So a late sweep never changes what an action sees: a unit that was silent past its limit is deemed
    to have accepted, even when nobody has said so yet. Answers whether a due stage is left: one whose
    clock was reckoned by a calendar that is not the newest any more.
    """
    failed: set[int] = set()
    while True:
        next_due = _next_due(incident=incident)
        due = next_due is not None and next_due <= at
        fired = _fire(at=at, limit=STAGE_BATCH, incident=incident) if due else 0
        for action in (
            DueAction.objects.select_for_update().filter(incident=incident).order_by("due_at", "pk")
        ):
            if action.pk in failed:
                continue
            fired += 1  # what it started may have stages that are due already
            try:
                with transaction.atomic():
                    _perform(action, incident)
            except Exception as error:  # it stays with its row, and people can go on with the case
                failed.add(action.pk)
                _set_aside(action.pk, error, at=at)
                incident.refresh_from_db()
        if not fired:
            return due


def due_by(incidents: Sequence[Incident], *, at: datetime) -> set[int]:
    """Those of these cases that have a stage to fire by `at`, or a deed that one demands; two queries."""
    ids = [incident.pk for incident in incidents]
    stages = PendingStage.objects.filter(fire_at__lte=at, timer__incident__in=ids)
    deeds = DueAction.objects.filter(incident__in=ids)
    return {
        *stages.values_list("timer__incident", flat=True),
        *deeds.values_list("incident", flat=True),
    }


def perform_due_actions(*, at: datetime, limit: int = ACTION_BATCH) -> int:
    """Perform up to `limit` acting stages, one transaction each; answers how many were tried.

    One that fails backs off and stays in the table with its error; the others go on.
    """
    waiting = DueAction.objects.filter(not_before__lte=at).order_by("not_before", "pk")
    tried = 0
    for action_id, incident_id in list(waiting.values_list("pk", "incident_id")[:limit]):
        try:
            tried += _perform_one(action_id=action_id, incident_id=incident_id)
        except Exception as error:  # whatever it is, it stays with its row and the sweep goes on
            _set_aside(action_id, error, at=at)
            tried += 1
    return tried


def catch_up(*, at: datetime) -> int:
    """Fire and perform everything that is due at `at`; for whoever drives the clocks alone."""
    done = 0
    while recalendar.move_clocks(at=at):
        pass
    while step := fire_due_stages(at=at) + perform_due_actions(at=at):
        done += step
    return done


def beat(name: str, *, done: int) -> None:
    """Note that a sweep ran to its end; a missing beat is an alarm."""
    SweepBeat.objects.update_or_create(name=name, defaults={"ran_at": timezone.now(), "done": done})


def _next_due(*, incident: Incident | None = None, above: datetime | None = None) -> datetime | None:
    """When the next stage of a case, or of all of them, is due; None where none waits."""
    with connection.cursor() as cursor:
        if incident:
            cursor.execute(_NEXT_DUE_OF_CASE, {"incident": incident.pk})
        else:
            cursor.execute(
                _NEXT_DUE.format(after="WHERE fire_at > %(above)s" if above else ""), {"above": above}
            )
        row = cursor.fetchone()
    return row[0] if row else None


def _fire(
    *,
    at: datetime,
    limit: int,
    above: datetime | None = None,
    incident: Incident | None = None,
    pending: PendingStage | None = None,
) -> int:
    only = "AND p.fire_at > %(above)s" if above else ""
    if incident:
        only = "AND t.incident_id = %(incident)s"
    elif pending:
        only = "AND p.id = %(pending)s"
    # On one case what an acting stage does comes before whatever is due after it.
    barrier = "stage = ANY (%(acting)s)" if incident else "false"
    with connection.cursor() as cursor:
        cursor.execute(
            _FIRE.format(only=only, barrier=barrier),
            {
                "at": at,
                "limit": limit,
                "above": above,
                "acting": list(ACTING_STAGES),
                "incident": incident.pk if incident else None,
                "pending": pending.pk if pending else None,
            },
        )
        return int(cursor.fetchone()[0])


def _set_aside(action_id: int, error: Exception, *, at: datetime) -> None:
    log.exception("due action %s failed", action_id)
    DueAction.objects.filter(pk=action_id).update(
        attempts=F("attempts") + 1,
        not_before=at + _RETRY,
        last_error=f"{type(error).__name__}: {error}"[:200],
    )


def _fire_one(*, at: datetime) -> int:
    """Fire the oldest due stage, or set it aside where the database refuses it."""
    pending = (
        PendingStage.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(fire_at__lte=at)
        .order_by("fire_at", "pk")
        .first()
    )
    if pending is None:
        return 0
    try:
        with transaction.atomic():
            return _fire(at=at, limit=1, pending=pending)
    except DatabaseError as error:
        log.exception("stage %s set aside", pending.pk)
        pending.attempts += 1
        pending.fire_at = at + _RETRY * 2 ** min(pending.attempts, 7)
        pending.last_error = f"{type(error).__name__}: {error}"[:200]
        pending.save(update_fields=["attempts", "fire_at", "last_error"])
        return 1


def _perform_one(*, action_id: int, incident_id: int) -> int:
    with transaction.atomic(durable=True):
        incident = (
            Incident.objects.select_for_update(no_key=True, of=("self",), skip_locked=True)
            .filter(pk=incident_id)
            .first()
        )
        if incident is None:
            return 0  # somebody is acting on the case, and settles it first
        timers.lock_open([incident])
        action = DueAction.objects.select_for_update().filter(pk=action_id).first()
        if action is None:
            return 0
        # What was due before it on the case's other clocks is told first: the deed may end them.
        distrust()
        recalendar.follow_calendar(incident, at=action.due_at)
        while _fire(at=action.due_at, limit=STAGE_BATCH, incident=incident):
            pass
        _perform(action, incident)
        return 1


def _perform(action: DueAction, incident: Incident) -> None:
    timer = action.timer
    act = _ACTIONS.get((action.stage, timer.kind))
    if act is None:
        raise LookupError(f"no action for stage {action.stage!r} of a {timer.kind} clock")
    act(incident, timer=timer, actor=SYSTEM)
    action.delete()
