"""Cells count what reporters say about being contacted. No fact told it before, so none is folded again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0017_callbacks_and_knowledge"),
        ("dashboards", "0004_levels"),
    ]

    operations = [
        migrations.AddField(
            model_name="rollup", name="asked_contacted", field=models.BigIntegerField(null=True)
        ),
        migrations.AddField(
            model_name="rollup", name="said_contacted", field=models.BigIntegerField(null=True)
        ),
    ]
