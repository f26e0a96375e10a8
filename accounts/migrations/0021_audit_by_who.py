from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Lines by a name: of systems, and of people who were called so then."""

    atomic = False
    dependencies = [
        ("accounts", "0020_old_tokens_told"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("who", ""), _negated=True), fields=["who", "-id"], name="audit_by_who"
            ),
        ),
    ]
