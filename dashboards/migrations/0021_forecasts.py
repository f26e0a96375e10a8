"""What was expected on a day, kept to be held against what came."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0019_rule_changes_and_finishes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Forecast",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("made_at", models.DateTimeField()),
                ("rule", models.CharField(max_length=24)),
                ("history_days", models.PositiveIntegerField()),
                ("origins", models.PositiveIntegerField()),
                ("series", models.JSONField()),
                ("scales", models.JSONField()),
            ],
            options={
                "ordering": ("-day",),
            },
        ),
    ]
