from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

# What was forgotten while each rule of retention kept how far it had got; their rows say it no more.
KNOWN = """
UPDATE incidents_incident AS incident SET forgotten_at = line.at
FROM (
    SELECT incident_id, max(at) AS at FROM incidents_timelineentry
    WHERE kind = 'forgotten' AND data->>'why' = 'age' GROUP BY incident_id
) AS line
WHERE incident.id = line.incident_id AND incident.status IN ('closed', 'rejected')
    AND incident.closed_at < line.at;
"""


class Migration(migrations.Migration):
    """The sweep walks what is over and still whole, in the order in which it closed."""

    atomic = False
    moves = "those that were forgotten before: none in a release, and few where it was tried"
    dependencies = [("incidents", "0056_forgotten_at")]

    operations = [
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False), ("forgotten_at__isnull", True)),
                fields=["closed_at", "id"],
                name="incident_to_forget",
            ),
        ),
        RemoveIndexConcurrently(model_name="incident", name="incident_closed"),
    ]
