"""Cells packed, a row for each split and period. They are made from the facts: every fact is folded again."""

from django.db import migrations, models

# Packed numbers do not shrink any further: spare the attempt.
PLAIN = "".join(
    f"ALTER TABLE dashboards_rollup ALTER COLUMN {column} SET STORAGE EXTERNAL;"
    for column in (
        "keys",
        "measures",
        "dispatch_elapsed_bins",
        "dispatch_working_bins",
        "handle_elapsed_bins",
        "handle_working_bins",
    )
)
REFOLD = """
INSERT INTO dashboards_unfolded (outcome_id) SELECT id FROM incidents_outcome ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [("dashboards", "0016_brief_papers")]

    operations = [
        migrations.DeleteModel(name="Rollup"),
        migrations.CreateModel(
            name="Word",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dim", models.SmallIntegerField()),
                ("word", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [models.UniqueConstraint(fields=("dim", "word"), name="word_of_dimension")],
            },
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
                        "number",
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
                ("number", models.IntegerField()),
                ("size", models.IntegerField()),
                ("keys", models.BinaryField()),
                ("measures", models.BinaryField()),
                ("dispatch_elapsed_bins", models.BinaryField()),
                ("dispatch_working_bins", models.BinaryField()),
                ("handle_elapsed_bins", models.BinaryField()),
                ("handle_working_bins", models.BinaryField()),
            ],
            options={"ordering": ("pk",)},
        ),
        migrations.RunSQL(PLAIN, migrations.RunSQL.noop),
        migrations.RunSQL(REFOLD, migrations.RunSQL.noop),
    ]
