"""A patrol's own fix is no first sending either, and a closing that is undone lets repeats be looked at again."""

from django.db import migrations, models

_SAME = (
    "incident_id, kind, at, day, unit_code, street_code, community_code, cell_code, category_code, item_code,"
    " source, nature, level, first_level, urgency, elapsed, working, automatic, on_time, solved, contacted,"
    " score, paused, mediated, late_entry"
)
# What patrols put right themselves was taken back before there was this column. Two facts more for each, that
# come to nothing but for the first sending: they are folded like all others, and no cell is made anew.
OWN_FIXES = f"""
WITH own AS (
    SELECT o.* FROM incidents_outcome o JOIN incidents_incident i ON i.id = o.incident_id
    WHERE i.self_fixed AND o.kind = 'dispatched' AND o.first AND o.sign = 1
      AND EXISTS (SELECT 1 FROM incidents_outcome n WHERE n.reverses_id = o.id)
), once AS (
    INSERT INTO incidents_outcome ({_SAME}, sign, first)
    SELECT {_SAME}, 1, false FROM own RETURNING *
)
INSERT INTO incidents_outcome ({_SAME}, sign, first, reverses_id, entirely)
SELECT {_SAME}, -1, true, id, true FROM once;
"""
TRIGGER = """
DROP TRIGGER incidents_queue_repeat ON incidents_incident;
CREATE TRIGGER incidents_queue_repeat
    AFTER UPDATE OF category_id, nature, lat, lon, status, received_at
    ON incidents_incident FOR EACH ROW WHEN (
        NEW.category_id IS DISTINCT FROM OLD.category_id OR NEW.nature IS DISTINCT FROM OLD.nature
        OR NEW.lat IS DISTINCT FROM OLD.lat OR NEW.lon IS DISTINCT FROM OLD.lon
        OR NEW.received_at <> OLD.received_at
        OR (OLD.status = 'merged') <> (NEW.status = 'merged')
        OR (OLD.status = 'closed' AND NEW.status <> 'closed')
    ) EXECUTE FUNCTION incidents_queue_repeat();
"""
BEFORE = """
DROP TRIGGER incidents_queue_repeat ON incidents_incident;
CREATE TRIGGER incidents_queue_repeat AFTER UPDATE OF category_id, nature, lat, lon, status
    ON incidents_incident FOR EACH ROW WHEN (
        NEW.category_id IS DISTINCT FROM OLD.category_id OR NEW.nature IS DISTINCT FROM OLD.nature
        OR NEW.lat IS DISTINCT FROM OLD.lat OR NEW.lon IS DISTINCT FROM OLD.lon
        OR (OLD.status = 'merged' AND NEW.status <> 'merged')
    ) EXECUTE FUNCTION incidents_queue_repeat();
"""
QUEUE = """
INSERT INTO incidents_repeatagain (incident_id)
SELECT DISTINCT r.earlier_id FROM incidents_repeat r JOIN incidents_incident e ON e.id = r.earlier_id
WHERE r.at_place AND e.status <> 'closed';
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0036_what_came_of_what_was_due")]

    operations = [
        migrations.AddField(
            model_name="outcome",
            name="entirely",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(TRIGGER, BEFORE),
        migrations.RunSQL(QUEUE, migrations.RunSQL.noop),
        migrations.RunSQL(OWN_FIXES, migrations.RunSQL.noop),
    ]
