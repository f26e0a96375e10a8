"""Cells by year, item, level, nature and community with its matters; bins as bytes; no number of their own.

Cells are made from the facts, so the table is made anew and every fact is folded again.
"""

from django.db import migrations, models

MEASURES = (
    "received",
    "received_late",
    "dispatched",
    "automatic",
    "sent_in_time",
    "first_sent",
    "returned",
    "refused",
    "accepted",
    "accepted_in_time",
    "contact_due",
    "contacted_in_time",
    "handled",
    "handled_first",
    "solved",
    "unjudged",
    "paused",
    "mediated",
    "mediated_settled",
    "told_late",
    "due",
    "due_met",
    "due_settled",
    "due_closed",
    "due_closed_in_time",
    "closed",
    "reworked",
    "repeated",
    "rated",
    "scored",
    "satisfied",
    "asked_solved",
    "said_solved",
    "asked_contacted",
    "said_contacted",
    "settled_a",
    "settled_b",
    "settled_c",
    "settled_d",
    "began_a",
    "began_b",
    "began_c",
    "stayed_a",
    "stayed_b",
    "stayed_c",
    "dispatch_elapsed",
    "dispatch_working",
    "handle_elapsed",
    "handle_working",
    "first_elapsed",
    "first_working",
    "paused_seconds",
)
BINS = (
    "dispatch_elapsed_bins",
    "dispatch_working_bins",
    "handle_elapsed_bins",
    "handle_working_bins",
)
REFOLD = """
INSERT INTO dashboards_unfolded (outcome_id) SELECT id FROM incidents_outcome ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0033_facts_know_their_cell"),
        ("dashboards", "0007_scoring"),
    ]

    operations = [
        migrations.DeleteModel(name="Rollup"),
        migrations.RunSQL("DROP FUNCTION dashboards_add_bins(bigint[], bigint[]);", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Compaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first_day", models.DateField()),
                ("made_at", models.DateTimeField()),
            ],
            options={"ordering": ("-first_day",)},
        ),
        migrations.CreateModel(
            name="Rollup",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "split",
                        "grain",
                        "day",
                        "area_code",
                        "unit_code",
                        "matter_code",
                        "trait",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("split", models.SmallIntegerField()),
                (
                    "grain",
                    models.CharField(
                        choices=[("day", "Day"), ("week", "Week"), ("month", "Month"), ("year", "Year")],
                        max_length=5,
                    ),
                ),
                ("day", models.DateField()),
                ("area_code", models.CharField(default="*", max_length=15)),
                ("unit_code", models.CharField(default="*", max_length=64)),
                ("matter_code", models.CharField(default="*", max_length=20)),
                ("trait", models.CharField(default="*", max_length=24)),
                *((name, models.BigIntegerField(null=True)) for name in MEASURES),
                *((name, models.BinaryField(null=True)) for name in BINS),
            ],
            options={"ordering": ("pk",)},
        ),
        migrations.RunSQL(REFOLD, migrations.RunSQL.noop),
    ]
