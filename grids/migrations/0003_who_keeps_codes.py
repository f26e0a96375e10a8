import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _somebody() -> models.ForeignKey:
    return models.ForeignKey(
        blank=True,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("grids", "0002_registers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("placecode", "made_by", _somebody()),
        migrations.AddField("placecode", "retired_by", _somebody()),
    ]
