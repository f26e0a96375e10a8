"""Cells know the levels: at which a case was settled, and where it had begun. All facts are folded again."""

from django.db import migrations, models

REFOLD = """
DELETE FROM dashboards_rollup;
INSERT INTO dashboards_unfolded (outcome_id) SELECT id FROM incidents_outcome ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0010_levels_and_cohandling"),
        ("dashboards", "0003_cells_of_weeks"),
    ]

    operations = [
        migrations.RunSQL(REFOLD, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="rollup",
            name="began_a",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="began_b",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="began_c",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="settled_a",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="settled_b",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="settled_c",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="settled_d",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="stayed_a",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="stayed_b",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="rollup",
            name="stayed_c",
            field=models.BigIntegerField(null=True),
        ),
    ]
