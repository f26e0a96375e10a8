"""Cases that are another matter by now, or lie elsewhere, are looked at again for what they repeat.

The queue is written in the transaction that changes the case, whoever does it. And who reports on an
instruction does not judge the report.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

QUEUE = """
CREATE FUNCTION incidents_queue_repeat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incidents_repeatagain (incident_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER incidents_queue_repeat AFTER UPDATE OF category_id, nature, lat, lon, status
    ON incidents_incident FOR EACH ROW WHEN (
        NEW.category_id IS DISTINCT FROM OLD.category_id OR NEW.nature IS DISTINCT FROM OLD.nature
        OR NEW.lat IS DISTINCT FROM OLD.lat OR NEW.lon IS DISTINCT FROM OLD.lon
        OR (OLD.status = 'merged' AND NEW.status <> 'merged')
    ) EXECUTE FUNCTION incidents_queue_repeat();

-- Pairs that were found before: parts of one case, and protected reporters, were among them.
INSERT INTO incidents_repeatagain (incident_id)
SELECT incident_id FROM incidents_repeat UNION SELECT earlier_id FROM incidents_repeat;
"""
UNQUEUE = """
DROP TRIGGER incidents_queue_repeat ON incidents_incident;
DROP FUNCTION incidents_queue_repeat();
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0022_lists_by_what_is_rare")]

    operations = [
        migrations.CreateModel(
            name="RepeatAgain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("incident_id", models.BigIntegerField()),
            ],
            options={"ordering": ("pk",)},
        ),
        migrations.RunSQL(QUEUE, UNQUEUE),
        # Not of the rows that are there: what was judged before stays on record as it was.
        AddConstraintNotValid(
            model_name="instructionreport",
            constraint=models.CheckConstraint(
                condition=models.Q(("judged_by", models.F("reported_by")), _negated=True),
                name="nobody_judges_their_own_report",
            ),
        ),
    ]
