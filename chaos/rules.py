"""What must be true of a finished run: each rule is a query whose rows break it.

`sent`, `acked`, `acts`, `told`, `put_back` and `fault` are the driver's ledger, `planned` is every stage of
every run of every clock (checks.py makes them); `%(now)s` is the district's time at the end.
"""

from collections.abc import Mapping

# Lines of the timeline that stages write.
STAGE_LINES = "('warned', 'breached', 'escalated')"

# A receipt that was countersigned counts its sending anew, from another instant on: no second sending.
COUNTED_ANEW = """AND o.xmin::text NOT IN (SELECT e.xmin::text FROM incidents_timelineentry e
             WHERE e.incident_id = i.id AND e.kind = 'countersigned')"""
LEVELS = "ARRAY['A', 'B', 'C', 'D']"
ORDERABLE = "('dispatched', 'handling', 'parked', 'suspended')"
WORDS = {
    "{stage_lines}": STAGE_LINES,
    "{counted_anew}": COUNTED_ANEW,
    "{levels}": LEVELS,
    "{orderable}": ORDERABLE,
}


def worded(query: str) -> str:
    """A query with the words that several share."""
    for word, meaning in WORDS.items():
        query = query.replace(word, meaning)
    return query


# Stages with their place in the run: of runs that stand (the clock's own arrays), and of earlier runs
# (what the witness saw last of them, and when the next run began by the timeline of that transaction).
PLANNED = """
CREATE TEMP TABLE planned ON COMMIT DROP AS
WITH last_seen AS (
    SELECT DISTINCT ON (timer_id, run) timer_id, run, names, times, id FROM chaos.clock
    ORDER BY timer_id, run, id DESC
), ended AS (
    -- Lines of what was made up for first are of earlier; the calendar ends a run when it was changed.
    SELECT s.timer_id, s.run, least(max(e.at), min(c.made_at)) AS at
    FROM last_seen s
    JOIN LATERAL (
        SELECT c.xid, c.incident_id, c.reckoned_by FROM chaos.clock c
        WHERE c.timer_id = s.timer_id AND c.run > s.run ORDER BY c.id LIMIT 1
    ) n ON true
    JOIN incidents_timelineentry e ON e.incident_id = n.incident_id AND e.xmin::text = n.xid
         AND e.kind NOT IN {stage_lines}
    LEFT JOIN dispatch_calendaredition c ON e.kind = 'calendar_moved' AND c.revision > n.reckoned_by
         AND e.data->'clocks' @> jsonb_build_array(jsonb_build_object('timer', s.timer_id))
    GROUP BY 1, 2
)
SELECT t.id AS timer_id, t.incident_id, t.kind, t.run, s.position, s.stage, s.at,
       least(t.stopped_at, t.paused_at) AS ends, true AS stands
FROM incidents_timer t, unnest(t.stage_names, t.stage_times) WITH ORDINALITY AS s(stage, at, position)
UNION ALL
SELECT t.id, t.incident_id, t.kind, h.run, s.position, s.stage, s.at, e.at, false
FROM last_seen h JOIN incidents_timer t ON t.id = h.timer_id AND h.run <> t.run
LEFT JOIN ended e ON e.timer_id = h.timer_id AND e.run = h.run,
unnest(h.names, h.times) WITH ORDINALITY AS s(stage, at, position)
"""

RULES: Mapping[str, str] = {
    # --- reports ---
    "an acknowledged report is there exactly once, under the id that was answered": """
        SELECT a.source, a.external, a.report, count(r.id), min(r.id) FROM acked a
        LEFT JOIN incidents_report r ON r.source = a.source AND r.external_id = a.external
        GROUP BY 1, 2, 3 HAVING count(r.id) <> 1 OR min(r.id) <> a.report""",
    "a report sent is there at most once, and none is there that was not sent": """
        SELECT r.source, r.external_id, count(*) FROM incidents_report r
        LEFT JOIN sent s ON s.source = r.source AND s.external = r.external_id
        GROUP BY 1, 2 HAVING count(DISTINCT r.id) <> 1 OR count(s.external) = 0""",
    "a report belongs to exactly one case": """
        SELECT r.id, r.external_id, count(l.id) FROM incidents_report r
        LEFT JOIN incidents_incidentreport l ON l.report_id = r.id AND l.unlinked_at IS NULL
        GROUP BY 1, 2 HAVING count(l.id) <> 1""",
    "a report's case is the one that was answered": """
        SELECT a.external, a.number FROM acked a WHERE NOT EXISTS (
            SELECT 1 FROM incidents_incidentreport l JOIN incidents_incident i ON i.id = l.incident_id
            WHERE l.report_id = a.report AND i.number = a.number)""",
    "a report came in on exactly one line of the timeline": """
        SELECT r.id, count(e.id) FROM incidents_report r LEFT JOIN incidents_timelineentry e
        ON e.kind IN ('received', 'joined') AND (e.data->>'report')::bigint = r.id
        GROUP BY 1 HAVING count(e.id) <> 1""",
    "a case counts its reports": """
        SELECT i.number, i.report_count, count(l.id) FROM incidents_incident i
        LEFT JOIN incidents_incidentreport l ON l.incident_id = i.id AND l.unlinked_at IS NULL
        GROUP BY i.id HAVING CASE WHEN i.status = 'merged' THEN count(l.id) <> 0
            ELSE count(l.id) <> i.report_count OR count(l.id) = 0 END""",
    # --- sendings ---
    "a case was received once: one line, one fact": """
        SELECT i.number, lines.n, facts.n FROM incidents_incident i
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_timelineentry e
            WHERE e.incident_id = i.id AND e.kind = 'received') lines ON true
        JOIN LATERAL (SELECT coalesce(sum(sign), 0) AS n FROM incidents_outcome o
            WHERE o.incident_id = i.id AND o.kind = 'received') facts ON true
        WHERE lines.n <> 1 OR facts.n <> (i.status <> 'merged')::int""",
    "a case nobody touched was sent once, or put on the desk once": """
        SELECT i.number, count(*) FILTER (WHERE e.kind = 'dispatched') AS sent,
            count(*) FILTER (WHERE e.kind = 'to_desk') AS desk,
            (SELECT count(*) FROM incidents_assignment a WHERE a.incident_id = i.id AND a.role = 'lead'
             AND a.follows_id IS NULL)
        FROM incidents_incident i LEFT JOIN incidents_timelineentry e ON e.incident_id = i.id
        WHERE NOT EXISTS (SELECT 1 FROM acts WHERE acts.number = i.number)
        GROUP BY i.id HAVING
            count(*) FILTER (WHERE e.kind IN ('dispatched', 'redispatched')) <>
            (SELECT count(*) FROM incidents_assignment a WHERE a.incident_id = i.id AND a.role = 'lead'
             AND a.follows_id IS NULL)
            OR count(*) FILTER (WHERE e.kind IN ('dispatched', 'to_desk')) <> 1""",
    "each sending has one line, one fact and one message": """
        SELECT a.id, i.number, lines.n, messages.n
        FROM incidents_assignment a JOIN incidents_incident i ON i.id = a.incident_id
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_timelineentry e
            WHERE e.incident_id = i.id
            AND e.kind IN ('dispatched', 'redispatched', 'ruled', 'level_raised', 'repair_sent')
            AND (e.data->>'assignment')::bigint = a.id) lines ON true
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_outboxmessage m
            WHERE m.key = 'case.dispatched:' || a.id) messages ON true
        WHERE a.role = 'lead' AND (lines.n <> 1 OR messages.n <> 1)
        UNION ALL
        -- a sending that goes on from another, raised or made safe, is no dispatch of its own
        SELECT NULL, i.number, count(*) FILTER (WHERE a.role = 'lead' AND a.follows_id IS NULL),
            (SELECT count(*) FROM incidents_outcome o
             WHERE o.incident_id = i.id AND o.kind = 'dispatched' AND o.sign = 1 {counted_anew})
        FROM incidents_incident i LEFT JOIN incidents_assignment a ON a.incident_id = i.id
        GROUP BY i.id HAVING count(*) FILTER (WHERE a.role = 'lead' AND a.follows_id IS NULL) <>
            (SELECT count(*) FROM incidents_outcome o
             WHERE o.incident_id = i.id AND o.kind = 'dispatched' AND o.sign = 1 {counted_anew})""",
    "each supporting unit was asked on one line, by one message, under one clock that ends with it": """
        SELECT a.id, i.number, lines.n, messages.n, clocks.n, clocks.running, a.ended_at
        FROM incidents_assignment a JOIN incidents_incident i ON i.id = a.incident_id
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_timelineentry e
            WHERE e.incident_id = i.id AND e.kind = 'support_asked'
            AND e.data->'supports' @> to_jsonb(a.id)) lines ON true
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_outboxmessage m
            WHERE m.key = 'support.asked:' || a.id) messages ON true
        JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE t.stopped_at IS NULL) AS running
            FROM incidents_timer t WHERE t.assignment_id = a.id AND t.kind = 'support') clocks ON true
        WHERE a.role = 'support' AND (lines.n <> 1 OR messages.n <> 1 OR clocks.n <> 1
            OR clocks.running <> (a.ended_at IS NULL)::int)""",
    "what stands agrees with the state: owner, open sending, counted sending": """
        SELECT i.number, i.status, i.owner_unit_id, a.leads, a.unit, o.standing FROM incidents_incident i
        LEFT JOIN LATERAL (SELECT count(*) AS leads, min(unit_id) AS unit FROM incidents_assignment a
            WHERE a.incident_id = i.id AND a.role = 'lead' AND a.ended_at IS NULL) a ON true
        LEFT JOIN LATERAL (SELECT coalesce(sum(sign), 0) AS standing FROM incidents_outcome o
            WHERE o.incident_id = i.id AND o.kind = 'dispatched') o ON true
        WHERE CASE WHEN i.status IN ('dispatched', 'handling', 'resolved', 'parked', 'suspended')
            THEN a.leads <> 1 OR a.unit <> i.owner_unit_id OR o.standing <> 1
            ELSE a.leads <> 0 OR o.standing NOT IN (0, 1) OR (i.status = 'triage' AND o.standing <> 0) END""",
    # --- clocks ---
    "a stage that was due while its clock ran has fired": """
        SELECT p.timer_id, p.kind, p.run, p.stage, p.at, p.ends, p.stands FROM planned p
        LEFT JOIN incidents_firedstage f ON f.timer_id = p.timer_id AND f.stage = p.stage
            AND (f.run = p.run OR (f.run > p.run AND f.due_at = p.at))
        WHERE f.id IS NULL AND (p.stands OR p.ends IS NOT NULL) AND p.at <= least(p.ends, %(now)s)""",
    "of nearly every earlier run it is known when the next one began": """
        SELECT ended.n, ended.unknown FROM (
            SELECT count(*) AS n, count(*) FILTER (WHERE ends IS NULL) AS unknown
            FROM (SELECT DISTINCT timer_id, run, ends FROM planned WHERE NOT stands) runs) ended
        WHERE ended.unknown > 2 + ended.n / 50""",
    "a stage fires once": """
        SELECT timer_id, run, stage, count(*) FROM incidents_firedstage GROUP BY 1, 2, 3 HAVING count(*) > 1
        UNION ALL SELECT (data->>'timer')::bigint, (data->>'run')::int, data->>'stage', count(*)
        FROM incidents_timelineentry WHERE kind IN {stage_lines} GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "no stage fired early": """
        SELECT timer_id, run, stage, due_at, fired_at FROM incidents_firedstage WHERE fired_at < due_at""",
    "a stage that fired was planned, for that instant": """
        SELECT f.timer_id, f.run, f.stage, f.due_at, p.at FROM incidents_firedstage f
        LEFT JOIN planned p ON p.timer_id = f.timer_id AND p.run = f.run AND p.stage = f.stage
        WHERE p.at IS DISTINCT FROM f.due_at""",
    "no stage fired after its clock was stopped": """
        SELECT e.id, t.id, t.kind, e.data->>'run', e.data->>'stage', e.at, t.stopped_at, t.stop_reason,
            stop.told
        FROM incidents_timer t
        JOIN LATERAL (SELECT min(c.told) AS told FROM chaos.clock c
            WHERE c.timer_id = t.id AND c.stopped_at IS NOT NULL) stop ON true
        JOIN incidents_timelineentry e ON e.incident_id = t.incident_id AND e.kind IN {stage_lines}
            AND (e.data->>'timer')::bigint = t.id
        WHERE e.id > stop.told""",
    "no clock was stopped before it began": """
        SELECT id, kind, started_at, stopped_at, stop_reason FROM incidents_timer
        WHERE stopped_at < started_at""",
    "a stage that tells has one line on the timeline": """
        SELECT f.timer_id, f.run, f.stage, count(e.id) FROM incidents_firedstage f
        JOIN incidents_timer t ON t.id = f.timer_id
        LEFT JOIN incidents_timelineentry e ON e.incident_id = t.incident_id AND e.kind IN {stage_lines}
            AND (e.data->>'timer')::bigint = f.timer_id AND (e.data->>'run')::int = f.run
            AND e.data->>'stage' = f.stage AND e.at = f.due_at
        WHERE f.stage <> ALL (%(acting)s) GROUP BY f.id HAVING count(e.id) <> 1""",
    "a line about a stage has a stage that fired": """
        SELECT e.id, e.data FROM incidents_timelineentry e LEFT JOIN incidents_firedstage f
        ON f.timer_id = (e.data->>'timer')::bigint AND f.run = (e.data->>'run')::int
            AND f.stage = e.data->>'stage'
        WHERE e.kind IN {stage_lines} AND f.id IS NULL""",
    "a stage that tells has one message in the outbox": """
        SELECT f.timer_id, f.run, f.stage, count(m.id) FROM incidents_firedstage f
        LEFT JOIN incidents_outboxmessage m
            ON m.key = 'stage:' || f.timer_id || ':' || f.run || ':' || f.stage
        WHERE f.stage <> ALL (%(acting)s) GROUP BY f.id HAVING count(m.id) <> 1""",
    "a message about a stage has a stage that fired": """
        SELECT m.id, m.key FROM incidents_outboxmessage m LEFT JOIN incidents_firedstage f
        ON m.key = 'stage:' || f.timer_id || ':' || f.run || ':' || f.stage
        WHERE starts_with(m.key, 'stage:') AND f.id IS NULL""",
    "an acting stage was acted on": """
        SELECT t.id, t.kind, f.stage, f.due_at FROM incidents_firedstage f
        JOIN incidents_timer t ON t.id = f.timer_id AND f.run = t.run
        WHERE f.stage IN ('deemed', 'wake', 'fall_back') AND t.stopped_at IS NULL
        UNION ALL SELECT timer_id, last_error, stage, due_at FROM incidents_dueaction""",
    "what an acting stage demanded was taken up once": """
        SELECT f.timer_id, f.run, f.stage, f.due_at, count(d.id) FROM incidents_firedstage f
        LEFT JOIN chaos.deed d ON d.timer_id = f.timer_id AND d.run = f.run AND d.stage = f.stage
            AND d.due_at = f.due_at
        WHERE f.stage = ANY (%(acting)s) GROUP BY f.id HAVING count(d.id) <> 1
        UNION ALL SELECT d.timer_id, d.run, d.stage, d.due_at, -1 FROM chaos.deed d
        LEFT JOIN incidents_firedstage f ON f.timer_id = d.timer_id AND f.run = d.run AND f.stage = d.stage
        WHERE f.id IS NULL""",
    # A clock that was stopped first has moved nothing, and above the last level there is none. What the
    # witness saw of a case is of when it was done: the level of before, where it was changed for this.
    "a breach raised its case once, where there was a level above": """
        SELECT incident_id, due_at, coalesce(d.most, 0), coalesce(d.least, 0), coalesce(e.n, 0) FROM (
            SELECT o.incident_id, o.due_at, count(*) AS most,
                -- the raise itself stops the clock of the unit that was late
                count(*) FILTER (WHERE coalesce(o.was, o.level) IN ('A', 'B', 'C') AND (o.stopped_at IS NULL
                    OR EXISTS (SELECT 1 FROM incidents_timer t WHERE t.id = o.timer_id
                        AND t.stop_reason = 'raised' AND t.stopped_at = o.due_at))) AS least
            FROM (
                SELECT d.*, (SELECT l.was FROM chaos.level l
                    WHERE l.incident_id = d.incident_id AND l.xid = d.xid AND l.id < d.id
                    AND l.id > (SELECT coalesce(max(p.id), 0) FROM chaos.deed p
                        WHERE p.incident_id = d.incident_id AND p.id < d.id)
                    ORDER BY l.id LIMIT 1) AS was
                FROM chaos.deed d WHERE d.stage = 'level_up') o
            GROUP BY 1, 2) d
        FULL JOIN (SELECT incident_id, at AS due_at, count(*) AS n FROM incidents_timelineentry
            WHERE kind = 'level_raised' AND data->>'why' = 'breach' GROUP BY 1, 2) e
        USING (incident_id, due_at)
        WHERE coalesce(e.n, 0) NOT BETWEEN coalesce(d.least, 0) AND coalesce(d.most, 0)""",
    "levels follow upon each other": """
        SELECT l.incident_id, l.id, l.was, l.data FROM (
            SELECT e.*, lag(CASE WHEN e.kind = 'level_raised' THEN e.data->>'after' END)
                OVER (PARTITION BY e.incident_id ORDER BY e.id) AS was
            FROM incidents_timelineentry e
            WHERE e.kind IN ('level_raised', 'dispatched', 'redispatched', 'ruled')) l
        WHERE l.kind = 'level_raised' AND (l.was <> l.data->>'before' OR
            array_position({levels}, l.data->>'after') IS DISTINCT FROM
            array_position({levels}, l.data->>'before') + 1)""",
    # Both at one instant on one case: each counts for itself, and what may not have been answered any
    # more when its turn came (another had raised the same order before) is not asked for.
    "a stage that orders ordered once, and one that raises raised once": """
        SELECT incident_id, due_at, coalesce(d.most, 0), coalesce(d.least, 0), coalesce(e.n, 0) FROM (
            SELECT o.incident_id, o.due_at, count(*) FILTER (WHERE o.may) AS most,
                count(*) FILTER (WHERE o.must) AS least
            FROM (
                SELECT d.incident_id, d.due_at, CASE d.stage
                    WHEN 'supervise' THEN d.stopped_at IS NULL AND d.status IN {orderable}
                        AND d.lead IS NOT NULL AND (d.asked IS NULL OR d.asked = d.lead)
                    ELSE CASE WHEN d.stopped_at IS NULL THEN d.order_level < 3
                        ELSE NOT before.stopped END END AS must,
                    d.stage = 'supervise' OR NOT before.stopped AS may
                FROM chaos.deed d
                JOIN LATERAL (SELECT count(*) > 0 AS stopped FROM chaos.clock c
                    WHERE c.timer_id = d.timer_id AND c.stopped_at IS NOT NULL AND c.id < d.id
                    AND (c.xid <> d.xid OR EXISTS (SELECT 1 FROM chaos.deed other
                        WHERE other.incident_id = d.incident_id AND other.id > c.id AND other.id < d.id))
                ) before ON true
                WHERE d.stage IN ('supervise', 'raise')) o
            GROUP BY 1, 2) d
        FULL JOIN (SELECT incident_id, at AS due_at, count(*) AS n FROM incidents_timelineentry l
            WHERE kind = 'supervision_raised'
            OR (kind = 'supervised' AND data->>'cause' = 'breach' AND NOT data ? 'moved'
                -- nor passed on with a case that was merged into this one
                AND NOT EXISTS (SELECT 1 FROM incidents_timelineentry m
                    WHERE m.incident_id = l.incident_id AND m.at = l.at AND m.kind = 'absorbed'))
            GROUP BY 1, 2) e USING (incident_id, due_at)
        WHERE coalesce(e.n, 0) NOT BETWEEN coalesce(d.least, 0) AND coalesce(d.most, 0)""",
    "no stage gave two orders": """
        SELECT timer_id, ordered_at, count(*), min(number), max(number) FROM incidents_supervision
        WHERE timer_id IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1""",
    "each order has the line that gave it, and every line its order": """
        SELECT s.number, s.incident_id, s.cause, count(e.id) FROM incidents_supervision s
        LEFT JOIN incidents_timelineentry e ON e.incident_id = s.incident_id AND e.kind = 'supervised'
            AND (e.data->>'supervision')::bigint = s.id AND e.at = s.ordered_at
            AND NOT e.data ? 'moved' AND NOT e.data ? 'again'
        GROUP BY s.id HAVING count(e.id) <> 1
        UNION ALL SELECT e.data->>'number', e.incident_id, e.kind, 0 FROM incidents_timelineentry e
        LEFT JOIN incidents_supervision s ON s.id = (e.data->>'supervision')::bigint
        WHERE e.kind IN ('supervised', 'supervision_raised') AND s.id IS NULL""",
    # A call that was taken before takes the place of the silence; the line about that stays.
    "silence became an acceptance once": """
        SELECT a.id, a.acceptance, count(e.id) FROM incidents_assignment a
        LEFT JOIN incidents_timelineentry e ON e.incident_id = a.incident_id AND e.kind = 'deemed_accepted'
            AND (e.data->>'assignment')::bigint = a.id
        GROUP BY a.id HAVING count(e.id) > 1 OR (count(e.id) = 1 AND a.acceptance NOT IN ('deemed', 'phone'))
            OR (count(e.id) = 0 AND a.acceptance = 'deemed')""",
    # --- the work calendar ---
    "a stop of work is declared once, and not where it was refused": """
        SELECT a.token, a.state, count(s.id) FROM acts a LEFT JOIN dispatch_stoppage s ON s.reason = a.token
        WHERE a.action = 'stop' GROUP BY 1, 2
        HAVING (a.state = 'done' AND count(s.id) <> 1) OR (a.state = 'unanswered' AND count(s.id) > 1)
            OR (a.state = 'declined' AND count(s.id) > 0)""",
    "every change of the calendar made one edition": """
        SELECT s.n, c.n FROM
            (SELECT count(*) + count(revoked_at) AS n FROM dispatch_stoppage) s,
            (SELECT count(*) AS n FROM dispatch_calendaredition WHERE cause = 'stoppage') c
        WHERE s.n <> c.n""",
    "no running clock was left behind by the calendar": """
        SELECT id, incident_id, kind, run, calendar_revision, own_due_at FROM incidents_timer
        WHERE stopped_at IS NULL AND paused_at IS NULL AND "limit" LIKE '%%w%%'
            AND calendar_revision < (SELECT max(revision) FROM dispatch_calendaredition)""",
    "a clock that the calendar moved has its line and its run": """
        SELECT e.incident_id, e.id, c.told FROM incidents_timelineentry e,
            jsonb_array_elements(e.data->'clocks') AS c(told)
        WHERE e.kind = 'calendar_moved' AND NOT EXISTS (SELECT 1 FROM chaos.clock k
            WHERE k.timer_id = (c.told->>'timer')::bigint AND k.run = (c.told->>'run')::int)
        UNION ALL SELECT min(e.incident_id), min(e.id), c.told FROM incidents_timelineentry e,
            jsonb_array_elements(e.data->'clocks') AS c(told)
        WHERE e.kind = 'calendar_moved'
        GROUP BY c.told->'timer', c.told->'run', c.told HAVING count(*) > 1""",
    "a running clock waits for its next stage, and no other does": """
        SELECT t.id, t.kind, t.run, t.stopped_at, t.paused_at, w.n, w.position, f.n FROM incidents_timer t
        LEFT JOIN LATERAL (SELECT count(*) AS n, min(position) AS position FROM incidents_pendingstage w
            WHERE w.timer_id = t.id) w ON true
        LEFT JOIN LATERAL (SELECT count(*) AS n FROM incidents_firedstage f
            WHERE f.timer_id = t.id AND f.run = t.run) f ON true
        WHERE CASE WHEN t.stopped_at IS NULL AND t.paused_at IS NULL AND f.n < cardinality(t.stage_names)
            THEN w.n <> 1 OR w.position <> f.n + 1 ELSE w.n <> 0 END""",
    "an open case has its clock": """
        SELECT i.number, i.status, i.clock_kind FROM incidents_incident i
        WHERE i.status IN ('triage', 'dispatched', 'handling', 'resolved', 'parked') AND NOT EXISTS (
            SELECT 1 FROM incidents_timer t WHERE t.incident_id = i.id AND t.stopped_at IS NULL)
        UNION ALL SELECT i.number, i.status, t.kind FROM incidents_incident i
        JOIN incidents_timer t ON t.incident_id = i.id AND t.stopped_at IS NULL
        WHERE i.status IN ('rejected', 'merged')""",
    "a breach of the handling limit is counted, and a case is due once": """
        SELECT i.number, i.breached, o.standing, o.late FROM (
            SELECT i.id, i.number, bool_or(f.id IS NOT NULL) AS breached FROM incidents_incident i
            LEFT JOIN incidents_timer t ON t.incident_id = i.id AND t.kind = 'handling'
            LEFT JOIN incidents_firedstage f ON f.timer_id = t.id AND f.stage = 'breach'
            GROUP BY i.id) i
        LEFT JOIN LATERAL (SELECT coalesce(sum(sign), 0) AS standing,
            coalesce(sum(sign) FILTER (WHERE NOT on_time), 0) AS late
            FROM incidents_outcome o WHERE o.incident_id = i.id AND o.kind = 'due') o ON true
        WHERE o.standing > 1 OR o.standing < 0 OR (i.breached AND o.standing <> 1 AND NOT EXISTS (
            SELECT 1 FROM incidents_timelineentry m WHERE m.incident_id = i.id AND m.kind = 'merged'
        ) AND NOT EXISTS (
            SELECT 1 FROM incidents_caserequest q
            WHERE q.incident_id = i.id AND q.kind = 'appeal' AND q.answer = 'agreed'))""",
    # --- what was told ---
    "every message was spread, and every parcel of it delivered": """
        SELECT key, receiver, attempts, last_error, dead_at FROM incidents_outboxmessage
        WHERE sent_at IS NULL
        UNION ALL SELECT key, line, attempts, last_error, dead_at FROM incidents_parcel
        WHERE sent_at IS NULL""",
    "a message has a row for everybody whom it reached": """
        SELECT m.key, m.receiver, m.recipients, people.n, outside.n FROM incidents_outboxmessage m
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_notification n WHERE n.message_id = m.id) people
            ON true
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_parcel p
            WHERE p.message_id = m.id AND p.user_id IS NULL) outside ON true
        WHERE m.sent_at IS NOT NULL AND m.recipients IS DISTINCT FROM people.n + outside.n""",
    "upstream is told of every message about its reports": """
        SELECT m.key, m.receiver, r.source, count(p.id) FROM incidents_outboxmessage m
        JOIN incidents_report r ON m.receiver = 'report:' || r.id
        LEFT JOIN incidents_webhook w ON w.source = r.source AND w.is_active
        LEFT JOIN incidents_parcel p ON p.message_id = m.id AND p.webhook_id = w.id
        GROUP BY m.id, r.id, w.id HAVING count(p.id) <> 1""",
    "what counts as delivered was received and answered": """
        SELECT p.key, p.channel, p.attempts, count(t.key) FROM incidents_parcel p
        LEFT JOIN told t ON t.key = p.key AND t.status = 200
        WHERE p.channel IN ('webhook', 'sms') AND p.sent_at IS NOT NULL
        GROUP BY p.id HAVING count(t.key) = 0""",
    "a key never comes with other content": """
        SELECT key, hook, count(DISTINCT digest) FROM told GROUP BY 1, 2 HAVING count(DISTINCT digest) > 1""",
    "what was received is what was to be said, signed": """
        SELECT t.key, t.hook, t.body, p.data, t.signed FROM told t
        LEFT JOIN incidents_parcel p ON p.key = t.key LEFT JOIN incidents_incident i ON i.id = p.incident_id
        WHERE p.id IS NULL OR NOT t.signed OR t.body->>'id' <> t.key
            OR (p.channel = 'webhook' AND (t.body->>'kind', t.body->>'at', t.body#>>'{incident,number}',
                t.body#>>'{report,id}') IS DISTINCT FROM
                (p.kind::text, p.data->>'at', i.number::text, p.data#>>'{report,id}'))""",
    "on one line a case's messages come in their order": """
        SELECT a.line, a.incident_id, a.key, a.good, b.key, b.first FROM (
            SELECT p.*, min(t.place) FILTER (WHERE t.status = 200) AS good FROM incidents_parcel p
            JOIN told t ON t.key = p.key GROUP BY p.id) a
        JOIN (SELECT p.*, min(t.place) AS first FROM incidents_parcel p
            JOIN told t ON t.key = p.key GROUP BY p.id) b
            ON b.line = a.line AND b.incident_id = a.incident_id AND b.id > a.id
        WHERE b.first < a.good AND a.key NOT IN (SELECT key FROM put_back)""",
    # --- what people did ---
    "an acknowledged action is on the timeline once, a lost one at most, a refused one never": """
        SELECT a.token, a.action, a.number, a.state, count(e.id) FROM acts a
        LEFT JOIN incidents_text x ON x.body = a.token
        LEFT JOIN incidents_timelineentry e ON (e.data->>'text')::bigint = x.id AND e.kind NOT IN ('closed')
        WHERE a.action NOT IN ('accept', 'close', 'update', 'merge', 'unmerge', 'stop') GROUP BY 1, 2, 3, 4
        HAVING (a.state = 'done' AND count(e.id) <> 1) OR (a.state = 'unanswered' AND count(e.id) > 1)
            OR (a.state = 'declined' AND count(e.id) > 0)""",
    "a closing is on the timeline once": """
        SELECT a.token, a.number, a.state, count(e.id) FROM acts a
        LEFT JOIN incidents_text x ON x.body = a.token
        LEFT JOIN incidents_timelineentry e ON (e.data->>'text')::bigint = x.id AND e.kind = 'closed'
        WHERE a.action = 'close' GROUP BY 1, 2, 3
        HAVING (a.state = 'done' AND count(e.id) <> 1) OR (a.state = 'unanswered' AND count(e.id) > 1)
            OR (a.state = 'declined' AND count(e.id) > 0)""",
    "acceptances are as many as were acknowledged, and the lost ones at most": """
        SELECT a.number, count(DISTINCT e.id) AS lines, a.done, a.lost FROM (
            SELECT number, count(*) FILTER (WHERE state = 'done') AS done,
                count(*) FILTER (WHERE state = 'unanswered') AS lost
            FROM acts WHERE action = 'accept' GROUP BY 1) a
        LEFT JOIN incidents_incident i ON i.number = a.number
        LEFT JOIN incidents_timelineentry e ON e.incident_id = i.id AND e.kind = 'accepted'
            AND e.data->>'how' NOT IN ('phone', 'ruled')
        GROUP BY a.number, a.done, a.lost
        HAVING count(DISTINCT e.id) < a.done OR count(DISTINCT e.id) > a.done + a.lost""",
    "what upstream added is there once, with one line": """
        SELECT a.token, a.how, a.number, a.state, count(DISTINCT u.id), count(e.id) FROM acts a
        LEFT JOIN incidents_reportupdate u ON u.external_id = a.token
        LEFT JOIN incidents_timelineentry e ON (e.data->>'update')::bigint = u.id
            AND e.kind IN ('supplemented', 'chased', 'deadline_set', 'withdrawn')
        WHERE a.action = 'update' GROUP BY 1, 2, 3, 4
        HAVING count(DISTINCT u.id) <> count(e.id) OR (a.state = 'done' AND count(e.id) <> 1)
            OR (a.state = 'unanswered' AND count(e.id) > 1) OR (a.state = 'declined' AND count(e.id) > 0)""",
    "a case is merged as often as was acknowledged, and then its reports are elsewhere": """
        SELECT a.number, count(DISTINCT e.id) AS lines, a.done, a.lost FROM (
            SELECT number, count(*) FILTER (WHERE state = 'done') AS done,
                count(*) FILTER (WHERE state = 'unanswered') AS lost
            FROM acts WHERE action = 'merge' GROUP BY 1) a
        LEFT JOIN incidents_incident i ON i.number = a.number
        LEFT JOIN incidents_timelineentry e ON e.incident_id = i.id AND e.kind = 'merged'
        GROUP BY a.number, a.done, a.lost
        HAVING count(DISTINCT e.id) < a.done OR count(DISTINCT e.id) > a.done + a.lost
        UNION ALL SELECT i.number, count(e.id), count(o.id), 0 FROM incidents_incident i
        JOIN incidents_timelineentry e ON e.incident_id = i.id AND e.kind = 'merged'
        LEFT JOIN incidents_timelineentry o ON o.kind = 'absorbed' AND o.data->>'number' = i.number
        GROUP BY i.id HAVING count(DISTINCT e.id) <> count(DISTINCT o.id)""",
    "nobody answers what they asked for, nor countersigns what they entered": """
        SELECT i.number, q.kind, q.id, q.asked_by_id, q.answer FROM incidents_caserequest q
        JOIN incidents_incident i ON i.id = q.incident_id WHERE q.asked_by_id = q.answered_by_id
        UNION ALL SELECT i.number, l.fact, l.id, l.entered_by_id, l.state FROM incidents_lateentry l
        JOIN incidents_incident i ON i.id = l.incident_id WHERE l.entered_by_id = l.answered_by_id""",
    "a late entry counts as it was told where it was countersigned, and only there": """
        SELECT l.id, l.incident_id, l.fact, l.state, count(e.id) FROM incidents_lateentry l
        LEFT JOIN incidents_timelineentry e ON e.incident_id = l.incident_id
            AND e.kind IN ('countersigned', 'countersign_refused') AND (e.data->>'entry')::bigint = l.id
            AND (e.kind = 'countersigned') = (l.state = 'signed')
        GROUP BY l.id HAVING count(e.id) <> (l.state = 'signed' OR
            (l.state = 'refused' AND l.answered_by_id IS NOT NULL))::int
        UNION ALL SELECT l.id, l.incident_id, l.fact, 'too late', 0 FROM incidents_lateentry l
        WHERE (l.state = 'counted') <> (l.entered_at - l.happened_at <= interval '30 minutes')
            OR l.entered_at - l.happened_at > interval '24 hours'""",
    "each call has its line": """
        SELECT c.id, c.incident_id, c.purpose, count(e.id) FROM incidents_phonecall c
        LEFT JOIN incidents_timelineentry e ON e.incident_id = c.incident_id
            AND e.kind IN ('contacted', 'phoned', 'called_back') AND (e.data->>'call')::bigint = c.id
        GROUP BY c.id HAVING count(e.id) <> 1""",
    # --- what people and programs were answered meanwhile ---
    "what is away is told as away (503): nobody is answered a fault": """
        SELECT status, method, regexp_replace(path, '[0-9]{4,}', 'N', 'g'), count(*) FROM fault
        GROUP BY 1, 2, 3 ORDER BY 4 DESC""",
}
