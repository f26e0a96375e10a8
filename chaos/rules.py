"""What must be true of a finished run: each rule is a query whose rows break it.

`sent`, `acked`, `acts`, `told` and `put_back` are the driver's ledger, `planned` is every stage of every
run of every clock (checks.py makes them); `%(now)s` is the district's time at the end.
"""

from collections.abc import Mapping

# Lines of the timeline that stages write.
STAGE_LINES = "('warned', 'breached', 'escalated')"

# Stages with their place in the run: of runs that stand (the clock's own arrays), and of earlier runs
# (what the witness saw last of them, and when the next run began by the timeline of that transaction).
PLANNED = """
CREATE TEMP TABLE planned ON COMMIT DROP AS
WITH last_seen AS (
    SELECT DISTINCT ON (timer_id, run) timer_id, run, names, times, id FROM chaos.clock
    ORDER BY timer_id, run, id DESC
), ended AS (
    SELECT s.timer_id, s.run, min(e.at) AS at
    FROM last_seen s
    JOIN LATERAL (
        SELECT c.xid, c.incident_id FROM chaos.clock c
        WHERE c.timer_id = s.timer_id AND c.run > s.run ORDER BY c.id LIMIT 1
    ) n ON true
    JOIN incidents_timelineentry e ON e.incident_id = n.incident_id AND e.xmin::text = n.xid
         AND e.kind NOT IN {stage_lines}
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
        GROUP BY i.id HAVING count(l.id) <> i.report_count OR count(l.id) = 0""",
    # --- sendings ---
    "a case was received once: one line, one fact": """
        SELECT i.number, lines.n, facts.n FROM incidents_incident i
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_timelineentry e
            WHERE e.incident_id = i.id AND e.kind = 'received') lines ON true
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_outcome o
            WHERE o.incident_id = i.id AND o.kind = 'received') facts ON true
        WHERE i.status <> 'merged' AND (lines.n <> 1 OR facts.n <> 1)""",
    "a case nobody touched was sent once, or put on the desk once": """
        SELECT i.number, count(*) FILTER (WHERE e.kind = 'dispatched') AS sent,
            count(*) FILTER (WHERE e.kind = 'to_desk') AS desk,
            (SELECT count(*) FROM incidents_assignment a WHERE a.incident_id = i.id AND a.role = 'lead')
        FROM incidents_incident i LEFT JOIN incidents_timelineentry e ON e.incident_id = i.id
        WHERE NOT EXISTS (SELECT 1 FROM acts WHERE acts.number = i.number)
        GROUP BY i.id HAVING
            count(*) FILTER (WHERE e.kind IN ('dispatched', 'redispatched')) <>
            (SELECT count(*) FROM incidents_assignment a WHERE a.incident_id = i.id AND a.role = 'lead')
            OR count(*) FILTER (WHERE e.kind IN ('dispatched', 'to_desk')) <> 1""",
    "each sending has one line, one fact and one message": """
        SELECT a.id, i.number, lines.n, messages.n
        FROM incidents_assignment a JOIN incidents_incident i ON i.id = a.incident_id
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_timelineentry e
            WHERE e.incident_id = i.id AND e.kind IN ('dispatched', 'redispatched')
            AND (e.data->>'assignment')::bigint = a.id) lines ON true
        JOIN LATERAL (SELECT count(*) AS n FROM incidents_outboxmessage m
            WHERE m.key = 'case.dispatched:' || a.id) messages ON true
        WHERE a.role = 'lead' AND (lines.n <> 1 OR messages.n <> 1)
        UNION ALL
        SELECT NULL, i.number, count(*) FILTER (WHERE a.role = 'lead'),
            (SELECT count(*) FROM incidents_outcome o
             WHERE o.incident_id = i.id AND o.kind = 'dispatched' AND o.sign = 1)
        FROM incidents_incident i LEFT JOIN incidents_assignment a ON a.incident_id = i.id
        GROUP BY i.id HAVING count(*) FILTER (WHERE a.role = 'lead') <>
            (SELECT count(*) FROM incidents_outcome o
             WHERE o.incident_id = i.id AND o.kind = 'dispatched' AND o.sign = 1)""",
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
        LEFT JOIN incidents_firedstage f ON f.timer_id = p.timer_id AND f.run = p.run AND f.stage = p.stage
        WHERE f.id IS NULL AND (p.stands OR p.ends IS NOT NULL) AND p.at <= least(p.ends, %(now)s)""",
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
        SELECT e.id, p.timer_id, p.kind, p.run, p.stage, p.at, t.stopped_at, t.stop_reason, stop.id
        FROM planned p JOIN incidents_timer t ON t.id = p.timer_id
        JOIN incidents_timelineentry e ON e.incident_id = p.incident_id AND e.kind IN {stage_lines}
            AND (e.data->>'timer')::bigint = p.timer_id AND (e.data->>'run')::int = p.run
            AND e.data->>'stage' = p.stage
        JOIN LATERAL (SELECT min(s.id) AS id FROM incidents_timelineentry s
            WHERE s.incident_id = p.incident_id AND s.at = t.stopped_at
            AND s.kind NOT IN {stage_lines}) stop ON true
        WHERE p.stands AND p.at > t.stopped_at AND e.id > stop.id""",
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
        WHERE f.stage IN ('deemed', 'wake') AND t.stopped_at IS NULL
        UNION ALL SELECT timer_id, last_error, stage, due_at FROM incidents_dueaction""",
    "silence became an acceptance once": """
        SELECT a.id, a.acceptance, count(e.id) FROM incidents_assignment a
        LEFT JOIN incidents_timelineentry e ON e.incident_id = a.incident_id AND e.kind = 'deemed_accepted'
            AND (e.data->>'assignment')::bigint = a.id
        GROUP BY a.id HAVING count(e.id) <> (a.acceptance = 'deemed')::int""",
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
        WHERE a.action NOT IN ('accept', 'close', 'update') GROUP BY 1, 2, 3, 4
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
}
