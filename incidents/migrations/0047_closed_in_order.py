from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The sweep of what was kept for as long as it may be walks the cases in the order in which they closed."""

    atomic = False
    dependencies = [("incidents", "0046_forgetting")]

    operations = [
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)),
                fields=["closed_at", "id"],
                name="incident_closed",
            ),
        ),
    ]
