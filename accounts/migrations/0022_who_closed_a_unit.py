import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Who closed a unit, and why."""

    small = "units are some hundreds"
    dependencies = [
        ("accounts", "0021_audit_by_who"),
    ]

    operations = [
        migrations.AddField(
            model_name="orgunit",
            name="closed_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="closed_why",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
    ]
