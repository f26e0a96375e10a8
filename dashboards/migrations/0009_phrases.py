"""Phrases of the past, to know new ones by; repeats are looked for as far back as their pairs go."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0008_cells_of_years"),
    ]

    operations = [
        migrations.CreateModel(
            name="PastTalk",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateField()),
                ("reporters", models.FloatField()),
                ("hashes", models.BinaryField()),
                ("counts", models.BinaryField()),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.RemoveConstraint(
            model_name="repeatrule",
            name="repeat_rule_bounds",
        ),
        migrations.AddConstraint(
            model_name="repeatrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("at_least__gte", 2), ("days__gte", 1), ("days__lte", 30)),
                name="repeat_rule_bounds",
            ),
        ),
    ]
