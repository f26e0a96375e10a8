"""Facts by small areas and items; of every case that fell due, whether it was settled and ended since."""

from django.db import migrations, models

# What the actions write from now on, of the cases that are there; see outcomes.follow_due.
FOLLOW = """
INSERT INTO incidents_outcome
       (incident_id, kind, sign, at, day, unit_code, street_code, community_code, cell_code, category_code,
        item_code, source, nature, level, first_level, urgency, automatic, first, on_time)
SELECT o.incident_id, f.kind, 1, o.at, o.day, o.unit_code, o.street_code, o.community_code, o.cell_code,
       o.category_code, o.item_code, o.source, o.nature, o.level, o.first_level, o.urgency, false, false,
       f.kind = 'finished' AND coalesce(o.on_time, false) AND NOT EXISTS (
           SELECT 1 FROM incidents_timer t JOIN incidents_firedstage s ON s.timer_id = t.id
           WHERE t.incident_id = i.id AND t.kind = 'verification' AND s.stage = 'breach')
FROM incidents_outcome o
JOIN incidents_incident i ON i.id = o.incident_id
CROSS JOIN (VALUES ('settled'), ('finished')) AS f (kind)
WHERE o.kind = 'due' AND o.sign = 1
  AND NOT EXISTS (SELECT 1 FROM incidents_outcome n WHERE n.reverses_id = o.id)
  AND i.status IN ('resolved', 'closed', 'rejected', 'merged')
  AND CASE f.kind WHEN 'settled' THEN o.on_time IS NOT TRUE ELSE i.status <> 'resolved' END
"""
# Who took a case on, by word or by silence.
ACCEPT = """
INSERT INTO incidents_outcome
       (incident_id, kind, sign, at, day, unit_code, street_code, community_code, cell_code, category_code,
        item_code, source, nature, level, first_level, urgency, automatic, first, on_time)
SELECT i.id, 'accepted', 1, e.at, (e.at AT TIME ZONE 'Asia/Shanghai')::date,
       coalesce(e.data->>'unit', i.owner_unit_id), i.street_code, i.community_code, i.cell_code,
       coalesce(i.category_id, ''), i.item_code, i.source, i.nature, i.level, i.first_level, i.urgency,
       false, false, e.kind = 'accepted'
FROM incidents_timelineentry e JOIN incidents_incident i ON i.id = e.incident_id
WHERE e.kind IN ('accepted', 'deemed_accepted') AND e.data->>'how' <> 'ruled'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0035_fewer_indexes"),
    ]

    operations = [
        migrations.RunSQL(FOLLOW, migrations.RunSQL.noop),
        migrations.RunSQL(ACCEPT, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(fields=["community_code", "day"], name="outcome_community"),
        ),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(
                condition=models.Q(("cell_code", ""), _negated=True),
                fields=["cell_code", "day"],
                name="outcome_cell",
            ),
        ),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(
                condition=models.Q(("item_code", ""), _negated=True),
                fields=["item_code", "day"],
                name="outcome_item",
            ),
        ),
    ]
