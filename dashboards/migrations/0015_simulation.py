"""Years that were simulated, as their results were kept."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboards", "0014_briefs")]

    operations = [
        migrations.CreateModel(
            name="SimulationRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField()),
                ("loaded_at", models.DateTimeField()),
                ("is_current", models.BooleanField(default=True)),
                ("document", models.JSONField()),
            ],
            options={"ordering": ("-made_at", "-pk")},
        ),
    ]
