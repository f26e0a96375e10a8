from django.db import migrations, models

# What has been made safe is a repair since then, also where a person has sent it on.
MADE_SAFE = """
UPDATE incidents_incident i SET made_safe_at = safe.at
FROM (SELECT incident_id, max(ended_at) AS at FROM incidents_assignment
      WHERE end_reason = 'made_safe' GROUP BY incident_id) safe
WHERE safe.incident_id = i.id;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0011_rehearsal"),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="made_safe_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunSQL(MADE_SAFE, migrations.RunSQL.noop),
    ]
