"""Who is asked how it was, and who has said so since, as facts of the day on which the case was closed."""

from django.db import migrations, models

_DIMENSIONS = """
       i.owner_unit_id, i.street_code, i.community_code, i.cell_code, coalesce(i.category_id, ''), i.item_code,
       i.source, i.nature, i.level, i.first_level, i.urgency, false, false
"""
_INTO = """
INSERT INTO incidents_outcome
       (incident_id, kind, sign, at, day, unit_code, street_code, community_code, cell_code, category_code,
        item_code, source, nature, level, first_level, urgency, automatic, first)
"""
# What closing writes from now on, of the callbacks that are there; see calling/counted.py.
QUEUED = f"""
{_INTO}
SELECT i.id, k.kind, 1, b.opened_at, (b.opened_at AT TIME ZONE 'Asia/Shanghai')::date, {_DIMENSIONS}
FROM incidents_callback b JOIN incidents_incident i ON i.id = b.incident_id
CROSS JOIN (VALUES ('asked'), ('answered')) AS k (kind)
WHERE b."end" <> 'lapsed' AND (k.kind = 'asked' OR EXISTS (
    SELECT 1 FROM incidents_feedback f WHERE f.incident_id = b.incident_id AND f.report_id = b.report_id
    AND f.handling_run = b.handling_run))
"""
# Who rated what was resolved before it was closed needed no call.
BEFORE = f"""
{_INTO}
SELECT i.id, k.kind, 1, i.closed_at, (i.closed_at AT TIME ZONE 'Asia/Shanghai')::date, {_DIMENSIONS}
FROM incidents_feedback f JOIN incidents_incident i ON i.id = f.incident_id
JOIN incidents_report r ON r.id = f.report_id JOIN incidents_contact c ON c.id = r.contact_id
CROSS JOIN (VALUES ('asked'), ('answered')) AS k (kind)
WHERE i.status = 'closed' AND f.handling_run = i.handling_run AND f.given_at <= i.closed_at
  AND i.outcome NOT IN ('answered', 'not_accepted', 'withdrawn', 'cleared')
  AND r.source NOT IN ('patrol', 'sensor', 'ai_video') AND r.withdrawn_at IS NULL AND c.phone_index <> ''
  AND NOT EXISTS (SELECT 1 FROM incidents_callback b WHERE b.incident_id = f.incident_id
                  AND b.report_id = f.report_id AND b.handling_run = f.handling_run)
"""
# Taken back and filled in again, a fact would be there twice. Facts point at facts: what is to be asked of
# that at the end is asked before the table is altered again.
BACK = """
ALTER TABLE incidents_outcome DISABLE TRIGGER incidents_outcome_keeps_rows;
DELETE FROM incidents_outcome WHERE kind IN ('asked', 'answered');
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE incidents_outcome ENABLE TRIGGER incidents_outcome_keeps_rows
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0040_old_episodes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="outcome",
            name="kind",
            field=models.CharField(
                choices=[
                    ("received", "Received"),
                    ("dispatched", "Dispatched"),
                    ("returned", "Returned"),
                    ("refused", "Refused"),
                    ("handled", "Handled"),
                    ("due", "Due"),
                    ("closed", "Closed"),
                    ("reworked", "Reworked"),
                    ("rated", "Rated"),
                    ("accepted", "Accepted"),
                    ("contacted", "Contacted"),
                    ("settled", "Settled"),
                    ("finished", "Finished"),
                    ("repeated", "Repeated"),
                    ("asked", "Asked"),
                    ("answered", "Answered"),
                ],
                max_length=12,
            ),
        ),
        migrations.RunSQL(QUEUED, BACK),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
    ]
