"""A minute of chaos, and the proof that its checks can fail.

Marked `chaos`: `make chaos-test` runs it (CI does), `make chaos` the long one.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos import checks
from chaos.ledger import Ledger
from chaos.receiver import ANSWERED
from chaos.rules import RULES
from chaos.run import Run
from chaos.traffic import ACKNOWLEDGED, LOOKED

pytestmark = pytest.mark.chaos

SECONDS = 65
EVERY = 3.3  # seconds between two kills
# A run in which little happened would prove little.
KILLS = 16  # as many as there are kinds; each comes once before chance alone decides
REPORTS, CALLS, STAGES, PAGES = 50, 50, 100, 20
WANTED = (  # what only time brings, and tampering below needs
    "SELECT 1 FROM incidents_timelineentry WHERE kind = 'level_raised' AND data->>'why' = 'breach'",
    "SELECT 1 FROM incidents_supervision WHERE timer_id IS NOT NULL",
    "SELECT 1 FROM incidents_timelineentry WHERE kind = 'deemed_accepted'",
)
LONGEST = 300.0  # seconds that these may take where the machine is slow


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    folder = Path(tempfile.mkdtemp(prefix="yw-chaos-"))
    folder.chmod(0o711)
    run = Run(folder, seed=3)
    try:
        run.live(
            seconds=SECONDS,
            every=EVERY,
            kills=KILLS,
            reports=REPORTS,
            calls=CALLS,
            wanted=WANTED,
            longest=LONGEST,
        )
        yield run
    finally:
        run.close()
        if run.result.good:
            shutil.rmtree(folder, ignore_errors=True)


def test_nothing_is_lost_and_nothing_doubled(run: Run) -> None:
    print(run.result)
    assert run.result.good, f"{run.result}\nkept in {run.stack.folder}"
    assert run.result.kills.total() >= KILLS
    assert run.result.traffic[ACKNOWLEDGED] >= REPORTS
    assert run.result.traffic[ANSWERED] >= CALLS
    assert run.result.traffic[LOOKED] >= PAGES
    assert run.result.counts["stages fired"] >= STAGES


# For each rule, something done to the finished database that breaks it.
TAMPERING: dict[str, str] = {
    "an acknowledged report is there exactly once, under the id that was answered": """
        DELETE FROM incidents_report WHERE id = (SELECT max(report) FROM seen)""",
    "a report sent is there at most once, and none is there that was not sent": """
        UPDATE incidents_report SET external_id = 'never-sent' WHERE id = (SELECT max(report) FROM seen)""",
    "a report belongs to exactly one case": """
        INSERT INTO incidents_incidentreport (incident_id, report_id, linked_at, how)
        SELECT incident_id, report_id, linked_at, how FROM incidents_incidentreport ORDER BY id LIMIT 1""",
    "a report's case is the one that was answered": """
        UPDATE incidents_incidentreport SET incident_id = (SELECT max(id) FROM incidents_incident)
        WHERE report_id = (SELECT min(report) FROM seen)""",
    "a report came in on exactly one line of the timeline": """
        DELETE FROM incidents_timelineentry WHERE id = (
            SELECT max(id) FROM incidents_timelineentry WHERE kind = 'received')""",
    "a case counts its reports": """
        UPDATE incidents_incident SET report_count = report_count + 1
        WHERE id = (SELECT max(id) FROM incidents_incident)""",
    "a case was received once: one line, one fact": """
        DELETE FROM incidents_outcome WHERE id = (
            SELECT max(id) FROM incidents_outcome WHERE kind = 'received')""",
    "a case nobody touched was sent once, or put on the desk once": """
        INSERT INTO incidents_timelineentry (incident_id, at, recorded_at, kind, data)
        SELECT incident_id, at, recorded_at, kind, data FROM incidents_timelineentry e
        WHERE kind = 'dispatched' AND incident_id IN (
            SELECT id FROM incidents_incident WHERE version <= 2)""",
    "each sending has one line, one fact and one message": """
        DELETE FROM incidents_outboxmessage WHERE id = (
            SELECT max(id) FROM incidents_outboxmessage WHERE key LIKE 'case.dispatched:%')""",
    "what stands agrees with the state: owner, open sending, counted sending": """
        UPDATE incidents_assignment SET ended_at = sent_at
        WHERE id = (SELECT max(id) FROM incidents_assignment WHERE ended_at IS NULL AND role = 'lead')""",
    "a stage that was due while its clock ran has fired": """
        DELETE FROM incidents_firedstage WHERE id = (
            -- of the clock's present run: of an earlier one the end may not be known
            SELECT max(f.id) FROM incidents_firedstage f
            JOIN incidents_timer t ON t.id = f.timer_id AND t.run = f.run
            WHERE f.due_at <= COALESCE(least(t.stopped_at, t.paused_at), f.due_at))""",
    "a stage fires once": """
        INSERT INTO incidents_timelineentry (incident_id, at, recorded_at, kind, data)
        SELECT incident_id, at, recorded_at, kind, data FROM incidents_timelineentry
        WHERE kind = 'warned' LIMIT 1""",
    "no stage fired early": """
        UPDATE incidents_firedstage SET fired_at = due_at - interval '1 second'
        WHERE id = (SELECT max(id) FROM incidents_firedstage)""",
    "a stage that fired was planned, for that instant": """
        UPDATE incidents_firedstage SET due_at = due_at - interval '1 second'
        WHERE id = (SELECT max(id) FROM incidents_firedstage)""",
    "no stage fired after its clock was stopped": """
        WITH late AS (
            SELECT t.id, t.incident_id, t.run, t.stopped_at FROM incidents_timer t
            JOIN incidents_timelineentry e ON e.incident_id = t.incident_id AND e.at = t.stopped_at
            WHERE e.kind NOT IN ('warned', 'breached', 'escalated') ORDER BY t.id DESC LIMIT 1
        ), planned_later AS (
            UPDATE incidents_timer SET stage_names = ARRAY['warn_50'],
                stage_times = ARRAY[late.stopped_at + interval '1 hour']
            FROM late WHERE incidents_timer.id = late.id
        )
        INSERT INTO incidents_timelineentry (incident_id, at, recorded_at, kind, data)
        SELECT incident_id, stopped_at + interval '1 hour', now(), 'warned',
            jsonb_build_object('timer', id, 'run', run, 'stage', 'warn_50') FROM late""",
    "no clock was stopped before it began": """
        UPDATE incidents_timer SET stopped_at = started_at - interval '1 second'
        WHERE id = (SELECT max(id) FROM incidents_timer WHERE stopped_at IS NOT NULL)""",
    "a stage that tells has one line on the timeline": """
        DELETE FROM incidents_timelineentry WHERE id = (
            SELECT max(id) FROM incidents_timelineentry WHERE kind = 'warned')""",
    "a line about a stage has a stage that fired": """
        UPDATE incidents_timelineentry SET data = data || '{"run": 999}'
        WHERE id = (SELECT max(id) FROM incidents_timelineentry WHERE kind = 'warned')""",
    "a stage that tells has one message in the outbox": """
        DELETE FROM incidents_outboxmessage WHERE id = (
            SELECT max(id) FROM incidents_outboxmessage WHERE key LIKE 'stage:%')""",
    "a message about a stage has a stage that fired": """
        UPDATE incidents_outboxmessage SET key = 'stage:0:1:warn_50' WHERE id = (
            SELECT max(id) FROM incidents_outboxmessage WHERE key LIKE 'stage:%')""",
    "of nearly every earlier run it is known when the next one began": """
        UPDATE incidents_timelineentry SET incident_id = 0""",
    "what an acting stage demanded was taken up once": """
        DELETE FROM chaos.deed WHERE id = (SELECT max(id) FROM chaos.deed WHERE stage = 'supervise')""",
    "each supporting unit was asked on one line, by one message, under one clock that ends with it": """
        DELETE FROM incidents_outboxmessage WHERE id = (
            SELECT max(id) FROM incidents_outboxmessage WHERE key LIKE 'support.asked:%')""",
    "a breach raised its case once, where there was a level above": """
        DELETE FROM incidents_timelineentry WHERE id = (SELECT max(id) FROM incidents_timelineentry
            WHERE kind = 'level_raised' AND data->>'why' = 'breach')""",
    "levels follow upon each other": """
        UPDATE incidents_timelineentry SET data = data || '{"after": "A"}' WHERE id = (
            SELECT max(id) FROM incidents_timelineentry WHERE kind = 'level_raised')""",
    "no stage gave two orders": """
        INSERT INTO incidents_supervision (number, incident_id, unit_id, cause, timer_id, ordered_at, level,
            answer_by, ended_at, "end")
        SELECT number || '-2', incident_id, unit_id, cause, timer_id, ordered_at, level, answer_by, answer_by,
            'lifted'
        FROM incidents_supervision WHERE timer_id IS NOT NULL LIMIT 1""",
    "each order has the line that gave it, and every line its order": """
        DELETE FROM incidents_supervision WHERE id = (SELECT max(id) FROM incidents_supervision)""",
    "an acting stage was acted on": """
        UPDATE incidents_timer SET stopped_at = NULL WHERE id = (
            SELECT max(f.timer_id) FROM incidents_firedstage f JOIN incidents_timer t ON t.id = f.timer_id
            WHERE f.stage = 'deemed' AND NOT EXISTS (SELECT 1 FROM incidents_timer o WHERE o.kind = t.kind
                AND o.incident_id = t.incident_id AND o.stopped_at IS NULL))""",
    "silence became an acceptance once": """
        DELETE FROM incidents_timelineentry WHERE id = (
            SELECT max(id) FROM incidents_timelineentry WHERE kind = 'deemed_accepted')""",
    "a stop of work is declared once, and not where it was refused": """
        DELETE FROM dispatch_stoppage WHERE reason LIKE 'stop-%'""",
    "every change of the calendar made one edition": """
        DELETE FROM dispatch_calendaredition WHERE cause = 'stoppage'""",
    "no running clock was left behind by the calendar": """
        UPDATE incidents_timer SET calendar_revision = 0 WHERE id = (SELECT max(id) FROM incidents_timer
            WHERE stopped_at IS NULL AND paused_at IS NULL AND "limit" LIKE '%w%')""",
    "a clock that the calendar moved has its line and its run": """
        INSERT INTO incidents_timelineentry (incident_id, at, recorded_at, kind, data)
        SELECT incident_id, at, recorded_at, kind, data FROM incidents_timelineentry
        WHERE kind = 'calendar_moved' LIMIT 1""",
    "a running clock waits for its next stage, and no other does": """
        DELETE FROM incidents_pendingstage WHERE id = (SELECT max(id) FROM incidents_pendingstage)""",
    "an open case has its clock": """
        DELETE FROM incidents_timer WHERE incident_id = (
            SELECT max(id) FROM incidents_incident WHERE status IN ('triage', 'dispatched', 'handling'))""",
    "a breach of the handling limit is counted, and a case is due once": """
        DELETE FROM incidents_outcome WHERE kind = 'due' AND NOT on_time AND id = (
            SELECT max(id) FROM incidents_outcome WHERE kind = 'due' AND NOT on_time)""",
    "every message was spread, and every parcel of it delivered": """
        UPDATE incidents_parcel SET sent_at = NULL WHERE id = (SELECT max(id) FROM incidents_parcel)""",
    "a message has a row for everybody whom it reached": """
        DELETE FROM incidents_notification WHERE id = (SELECT max(id) FROM incidents_notification)""",
    "upstream is told of every message about its reports": """
        DELETE FROM incidents_parcel WHERE id = (
            SELECT max(id) FROM incidents_parcel WHERE channel = 'webhook')""",
    "what counts as delivered was received and answered": """
        UPDATE incidents_parcel SET key = 'never-received' WHERE id = (
            SELECT max(id) FROM incidents_parcel WHERE channel = 'webhook')""",
    "what was received is what was to be said, signed": """
        UPDATE incidents_parcel SET kind = 'report.closed' WHERE id = (
            SELECT max(id) FROM incidents_parcel WHERE channel = 'webhook' AND kind = 'report.received')""",
    "on one line a case's messages come in their order": """
        UPDATE incidents_parcel SET id = -id, line = 'one', incident_id = 1 WHERE channel = 'webhook'""",
    "nobody answers what they asked for, nor countersigns what they entered": """
        UPDATE incidents_caserequest SET answered_by_id = asked_by_id WHERE id = (
            SELECT max(id) FROM incidents_caserequest WHERE answered_by_id IS NOT NULL)""",
    "a late entry counts as it was told where it was countersigned, and only there": """
        DELETE FROM incidents_timelineentry WHERE id = (
            SELECT max(id) FROM incidents_timelineentry WHERE kind = 'countersigned')""",
    "each call has its line": """
        DELETE FROM incidents_timelineentry WHERE id = (SELECT max(id) FROM incidents_timelineentry
            WHERE kind IN ('contacted', 'phoned', 'called_back'))""",
}
_AGAIN = """
INSERT INTO incidents_timelineentry (incident_id, at, recorded_at, kind, data)
SELECT incident_id, at, recorded_at, kind, data FROM incidents_timelineentry
WHERE id = (SELECT max(id) FROM incidents_timelineentry WHERE {line})"""
_GONE = """
DELETE FROM incidents_timelineentry
WHERE id = (SELECT max(id) FROM incidents_timelineentry WHERE {line})"""
_ORDERED = "a stage that orders ordered once, and one that raises raised once"
# Lines that one stage alone wrote, which had to: where two stages of a case are due at one instant, or
# where one may be silent, a line more or less is no breach of the rule.
_BY_ONE_STAGE = """kind IN ('supervised', 'supervision_raised') AND (
    SELECT count(*) FILTER (WHERE d.stopped_at IS NULL
            AND d.status IN ('dispatched', 'handling', 'parked', 'suspended')
            AND CASE d.stage WHEN 'supervise'
                THEN d.lead IS NOT NULL AND (d.asked IS NULL OR d.asked = d.lead)
                ELSE d.order_level < 3 END) = 1 AND count(*) = 1
    FROM chaos.deed d WHERE d.incident_id = incidents_timelineentry.incident_id
        AND d.due_at = incidents_timelineentry.at AND d.stage IN ('supervise', 'raise')
) AND 1 = (SELECT count(*) FROM incidents_timelineentry beside
    WHERE beside.incident_id = incidents_timelineentry.incident_id AND beside.at = incidents_timelineentry.at
    AND beside.kind IN ('supervised', 'supervision_raised'))"""
# More that breaks a rule: what acting stages did, undone and done twice.
MORE_TAMPERING: list[tuple[str, str]] = [
    (
        "a breach raised its case once, where there was a level above",
        _AGAIN.format(line="kind = 'level_raised' AND data->>'why' = 'breach'"),
    ),
    *((_ORDERED, how.format(line=_BY_ONE_STAGE)) for how in (_AGAIN, _GONE)),
    (
        "what an acting stage demanded was taken up once",
        """INSERT INTO chaos.deed (timer_id, run, stage, due_at, incident_id, level, status, xid)
        SELECT timer_id, run, stage, due_at, incident_id, level, status, xid FROM chaos.deed
        WHERE stage = 'raise' LIMIT 1""",
    ),
    (
        "nobody answers what they asked for, nor countersigns what they entered",
        """UPDATE incidents_lateentry SET answered_by_id = 1, entered_by_id = 1
        WHERE id = (SELECT max(id) FROM incidents_lateentry)""",
    ),
]
# What stands in the way of tampering, and goes with the transaction that tampers.
_UNLOCK = """
SET LOCAL session_replication_role = replica;
DROP INDEX report_in_one_incident;
CREATE TEMP TABLE seen ON COMMIT DROP AS SELECT id AS report FROM incidents_report;
"""


@pytest.mark.parametrize(("rule", "change"), [*TAMPERING.items(), *MORE_TAMPERING])
def test_tampering_is_found(run: Run, rule: str, change: str) -> None:
    with contextlib.closing(run.stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(_UNLOCK)
        cursor.execute(change)
        assert cursor.rowcount > 0, "nothing there to tamper with"
        found = checks.broken_rules(connection, run.book, now=run.ticker.now(), only=[rule])
        connection.rollback()
    assert [violation.rule for violation in found] == [rule]


# For each rule about what the driver saw, a line that could not have been in its ledger.
FORGED: dict[str, list[dict[str, object]]] = {
    "a key never comes with other content": [
        {
            "kind": "webhook",
            "key": "k",
            "hook": "/h",
            "digest": digest,
            "body": {},
            "signed": True,
            "status": 200,
        }
        for digest in ("one", "another")
    ],
    "what is away is told as away (503): nobody is answered a fault": [
        {"kind": "fault", "status": 500, "method": "GET", "path": "incidents/"}
    ],
    **{
        rule: [
            {"kind": "asked", "action": action, "token": "never-done", "number": "", "how": ""},
            {"kind": "done", "action": action, "token": "never-done", "number": ""},
        ]
        for rule, action in (
            (
                "an acknowledged action is on the timeline once, a lost one at most, a refused one never",
                "note",
            ),
            ("a closing is on the timeline once", "close"),
            ("acceptances are as many as were acknowledged, and the lost ones at most", "accept"),
            ("a case is merged as often as was acknowledged, and then its reports are elsewhere", "merge"),
            ("what upstream added is there once, with one line", "update"),
        )
    },
}


@pytest.mark.parametrize("rule", FORGED)
def test_what_the_ledger_has_and_the_database_has_not_is_found(run: Run, rule: str, tmp_path: Path) -> None:
    book = Path(shutil.copy(run.book, tmp_path / "ledger.jsonl"))
    with contextlib.closing(Ledger(book)) as ledger:
        for line in FORGED[rule]:
            ledger.note(**line)
    with contextlib.closing(run.stack.connect()) as connection:
        found = checks.broken_rules(connection, book, now=run.ticker.now(), only=[rule])
    assert [violation.rule for violation in found] == [rule]


def test_a_changed_fact_is_found(run: Run) -> None:
    change = "UPDATE incidents_outcome SET unit_code = %s WHERE id = (SELECT min(id) FROM incidents_outcome)"
    with contextlib.closing(run.stack.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT unit_code FROM incidents_outcome ORDER BY id LIMIT 1")
        (was,) = cursor.fetchone()
        for unit in ("nobody", was):
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(change, [unit])
            connection.commit()
            assert bool(run.rollup_differences()) == (unit == "nobody")


def test_every_rule_can_fail() -> None:
    assert set(RULES) == {*TAMPERING, *FORGED, *(rule for rule, _change in MORE_TAMPERING)}
