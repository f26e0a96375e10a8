"""A block that is taken apart keeps its row: plates on walls name it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("grids", "0005_codes_of_buildings_and_their_scans"),
    ]

    operations = [
        migrations.AddField(
            model_name="area",
            name="retired_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="area",
            constraint=models.CheckConstraint(
                condition=models.Q(("retired_at__isnull", True), ("kind", "block"), _connector="OR"),
                name="area_retired_if_block",
            ),
        ),
    ]
