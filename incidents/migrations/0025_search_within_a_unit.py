"""A case's search row says whose it is, so that a unit's search never reads the district's.

What changes whose a case is puts it into the queue: another owner or street, a supporting unit, a
checker. A resolution that comes with its sending, as a patrol's late one does, does so too.
"""

from django.db import migrations

QUEUE = """
CREATE FUNCTION incidents_queue_owned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incidents_searchpending (incident_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER incidents_queue_owned AFTER UPDATE OF owner_unit_id, street_code ON incidents_incident
    FOR EACH ROW WHEN (
        NEW.owner_unit_id IS DISTINCT FROM OLD.owner_unit_id
        OR NEW.street_code IS DISTINCT FROM OLD.street_code
    ) EXECUTE FUNCTION incidents_queue_owned();
CREATE TRIGGER incidents_queue_sent AFTER INSERT ON incidents_assignment
    FOR EACH ROW WHEN (NEW.role = 'support' OR NEW.resolution_id IS NOT NULL)
    EXECUTE FUNCTION incidents_queue_case();
CREATE TRIGGER incidents_queue_checked AFTER INSERT ON incidents_verification
    FOR EACH ROW WHEN (NEW.unit_id IS NOT NULL) EXECUTE FUNCTION incidents_queue_case();

INSERT INTO incidents_searchpending (incident_id) SELECT id FROM incidents_incident ORDER BY id DESC;
"""
UNQUEUE = """
DROP TRIGGER incidents_queue_owned ON incidents_incident;
DROP TRIGGER incidents_queue_sent ON incidents_assignment;
DROP TRIGGER incidents_queue_checked ON incidents_verification;
DROP FUNCTION incidents_queue_owned();
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0024_upstream")]

    operations = [migrations.RunSQL(QUEUE, UNQUEUE)]
