"""A witness inside the database: what every clock's stages were at each moment, whatever came later.

A restart overwrites a clock's stages, so its earlier runs could not be judged afterwards; and what an
acting stage demanded is gone once it is done, with the case as it was then. Triggers of the superuser's,
which the application neither sees nor may touch, copy both into tables of their own.
"""

from typing import Any

INSTALL = """
CREATE SCHEMA chaos;
GRANT USAGE ON SCHEMA chaos TO yiwang;
CREATE TABLE chaos.clock (
    id bigserial PRIMARY KEY, timer_id bigint, incident_id bigint, run int, names text[],
    times timestamptz[], paused_at timestamptz, stopped_at timestamptz, xid text, reckoned_by int,
    told bigint -- the last line of any timeline by then
);
CREATE INDEX ON chaos.clock (timer_id, run);
-- What acting stages demanded, as it was taken off the list, and what of the case it depends on, then. Its
-- numbers are the clocks' too, so that they tell what came first.
CREATE TABLE chaos.deed (
    id bigint PRIMARY KEY DEFAULT nextval('chaos.clock_id_seq'), timer_id bigint, run int, stage text,
    due_at timestamptz, incident_id bigint, level text, status text, lead bigint, stopped_at timestamptz,
    paused_at timestamptz, asked bigint, order_level int, xid text
);
CREATE INDEX ON chaos.deed (incident_id);
CREATE TABLE chaos.level (
    id bigint PRIMARY KEY DEFAULT nextval('chaos.clock_id_seq'), incident_id bigint, was text, xid text
);
CREATE INDEX ON chaos.level (incident_id);
CREATE FUNCTION chaos.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO chaos.clock (timer_id, incident_id, run, names, times, paused_at, stopped_at, xid,
                             reckoned_by, told)
    VALUES (NEW.id, NEW.incident_id, NEW.run, NEW.stage_names, NEW.stage_times, NEW.paused_at,
            NEW.stopped_at, pg_current_xact_id()::xid::text,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.calendar_revision END,
            (SELECT last_value FROM public.incidents_timelineentry_id_seq));
    RETURN NULL;
END $$;
CREATE FUNCTION chaos.see_deed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO chaos.deed (timer_id, run, stage, due_at, incident_id, level, status, lead, stopped_at,
                            paused_at, asked, order_level, xid)
    SELECT OLD.timer_id, OLD.run, OLD.stage, OLD.due_at, OLD.incident_id, i.level, i.status, a.id,
           t.stopped_at, t.paused_at, t.assignment_id, s.level, pg_current_xact_id()::xid::text
    FROM public.incidents_incident i
    JOIN public.incidents_timer t ON t.id = OLD.timer_id
    LEFT JOIN public.incidents_assignment a
        ON a.incident_id = i.id AND a.role = 'lead' AND a.ended_at IS NULL
    LEFT JOIN public.incidents_supervision s ON s.incident_id = i.id AND s.ended_at IS NULL
    WHERE i.id = OLD.incident_id LIMIT 1;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_sees_deed AFTER DELETE ON incidents_dueaction
    FOR EACH ROW EXECUTE FUNCTION chaos.see_deed();
CREATE FUNCTION chaos.see_level() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO chaos.level (incident_id, was, xid)
    VALUES (NEW.id, OLD.level, pg_current_xact_id()::xid::text);
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_sees_level AFTER UPDATE ON incidents_incident FOR EACH ROW
    WHEN (OLD.level <> NEW.level) EXECUTE FUNCTION chaos.see_level();
CREATE TRIGGER chaos_sees_new AFTER INSERT ON incidents_timer FOR EACH ROW EXECUTE FUNCTION chaos.see();
CREATE TRIGGER chaos_sees AFTER UPDATE ON incidents_timer FOR EACH ROW
    WHEN (OLD.run <> NEW.run OR OLD.stage_times <> NEW.stage_times
          OR OLD.paused_at IS DISTINCT FROM NEW.paused_at OR OLD.stopped_at IS DISTINCT FROM NEW.stopped_at)
    EXECUTE FUNCTION chaos.see();
"""


def install(connection: Any) -> None:
    """Put the witness in its place, before the first case."""
    with connection, connection.cursor() as cursor:
        cursor.execute(INSTALL)
