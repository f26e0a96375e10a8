from django.db import migrations

# OR REPLACE: where the migrations were run before, 0048 has made it with the others.
TELL = """
CREATE OR REPLACE TRIGGER incidents_timelineentry_audited AFTER INSERT ON incidents_timelineentry
    FOR EACH ROW WHEN (NEW.kind IN ('unmasked', 'mediation_read'))
    EXECUTE FUNCTION incidents_audit_look();
"""
UNTELL = """
DROP TRIGGER incidents_timelineentry_audited ON incidents_timelineentry;
"""


class Migration(migrations.Migration):
    """Alone: everybody writes to the timeline, and waits for whoever holds it."""

    dependencies = [("incidents", "0057_to_forget")]

    operations = [migrations.RunSQL(TELL, UNTELL)]
