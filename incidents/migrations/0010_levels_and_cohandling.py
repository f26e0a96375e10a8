"""Levels that a case began at, supporting units with clocks of their own, and requests to be raised.

Cases of before began where their first move upwards says, or else where they stand.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

BEGAN = """
UPDATE incidents_incident i SET first_level = coalesce(
    (SELECT e.data->>'before' FROM incidents_timelineentry e
     WHERE e.incident_id = i.id AND e.kind = 'level_raised' ORDER BY e.id LIMIT 1), i.level);
-- Facts are append-only; a column that they never had is filled once, and the guard stands again.
ALTER TABLE incidents_outcome DISABLE TRIGGER incidents_outcome_keeps_rows;
UPDATE incidents_outcome o SET first_level = i.first_level FROM incidents_incident i WHERE i.id = o.incident_id;
ALTER TABLE incidents_outcome ENABLE TRIGGER incidents_outcome_keeps_rows;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_list_steward"),
        ("incidents", "0009_adjudication"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="timer",
            name="one_open_timer_of_a_kind",
        ),
        migrations.AddField(
            model_name="assignment",
            name="answer",
            field=models.CharField(
                blank=True,
                choices=[("done", "Done"), ("nothing", "Nothing to do here"), ("cannot", "Cannot be done")],
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="asked",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="incidents.text",
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="follows",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="incidents.assignment",
            ),
        ),
        migrations.AddField(
            model_name="incident",
            name="first_level",
            field=models.CharField(
                blank=True,
                choices=[
                    ("A", "A · block or grid"),
                    ("B", "B · community"),
                    ("C", "C · street"),
                    ("D", "D · district"),
                ],
                max_length=1,
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="first_level",
            field=models.CharField(blank=True, max_length=1),
        ),
        migrations.AlterField(
            model_name="assignment",
            name="end_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("closed", "Closed"),
                    ("returned", "Returned"),
                    ("redispatched", "Sent elsewhere"),
                    ("reopened", "Reopened"),
                    ("merged", "Merged"),
                    ("withdrawn", "Withdrawn"),
                    ("raised", "Moved up a level"),
                    ("made_safe", "Made safe"),
                    ("answered", "Answered"),
                    ("declined", "Declined"),
                    ("released", "Released"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="caserequest",
            name="kind",
            field=models.CharField(
                choices=[
                    ("return", "Return"),
                    ("extension", "Extension"),
                    ("suspension", "Suspension"),
                    ("appeal", "Appeal"),
                    ("raise", "Raise"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="clockrule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("dispatch", "Dispatch"),
                    ("acceptance", "Acceptance"),
                    ("first_contact", "First contact"),
                    ("handling", "Handling"),
                    ("verification", "Verification"),
                    ("callback", "Callback"),
                    ("parked", "Parked"),
                    ("pause", "Pause"),
                    ("support", "Support"),
                    ("supervision", "Supervision"),
                    ("adjudication", "Adjudication"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="timer",
            name="kind",
            field=models.CharField(
                choices=[
                    ("dispatch", "Dispatch"),
                    ("acceptance", "Acceptance"),
                    ("first_contact", "First contact"),
                    ("handling", "Handling"),
                    ("verification", "Verification"),
                    ("callback", "Callback"),
                    ("parked", "Parked"),
                    ("pause", "Pause"),
                    ("support", "Support"),
                    ("supervision", "Supervision"),
                    ("adjudication", "Adjudication"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True), ("role", "support")),
                fields=["unit"],
                name="assignment_support",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True), ("role", "support")),
                fields=("incident", "unit"),
                name="one_open_support_of_a_unit",
            ),
        ),
        migrations.AddConstraint(
            model_name="timer",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("stopped_at__isnull", True), models.Q(("kind", "support"), _negated=True)
                ),
                fields=("incident", "kind"),
                name="one_open_timer_of_a_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="timer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "support"), ("stopped_at__isnull", True)),
                fields=("assignment",),
                name="one_open_clock_of_a_support",
            ),
        ),
        migrations.RunSQL(BEGAN, migrations.RunSQL.noop),
    ]
