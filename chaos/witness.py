"""A witness inside the database: what every clock's stages were at each moment, whatever came later.

A restart overwrites a clock's stages, so its earlier runs could not be judged afterwards. A trigger of
the superuser's, which the application neither sees nor may touch, copies them into a table of its own.
"""

from typing import Any

INSTALL = """
CREATE SCHEMA chaos;
GRANT USAGE ON SCHEMA chaos TO yiwang;
CREATE TABLE chaos.clock (
    id bigserial PRIMARY KEY, timer_id bigint, incident_id bigint, run int, names text[],
    times timestamptz[], paused_at timestamptz, stopped_at timestamptz, xid text
);
CREATE FUNCTION chaos.see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO chaos.clock (timer_id, incident_id, run, names, times, paused_at, stopped_at, xid)
    VALUES (NEW.id, NEW.incident_id, NEW.run, NEW.stage_names, NEW.stage_times, NEW.paused_at,
            NEW.stopped_at, pg_current_xact_id()::xid::text);
    RETURN NULL;
END $$;
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
