"""What every fired stage writes carries no index that nobody reads, and locks no case and no timer.

The references to cases and timers lose their constraints, which lock the row that they point at; in
their place the database refuses to delete cases and timers at all, which nothing ever does.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = ("incidents_incident", "incidents_timer")
KEEP = "".join(
    f"CREATE TRIGGER {table}_keeps_rows BEFORE DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();"
    for table in TABLES
)
UNKEEP = "".join(f"DROP TRIGGER {table}_keeps_rows ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_duty_and_notices"),
        ("incidents", "0006_supervision"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="firedstage",
            name="timer",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="fired",
                to="incidents.timer",
            ),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="incident",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="incidents.incident",
            ),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="key",
            field=models.CharField(max_length=120),
        ),
        migrations.AlterField(
            model_name="pendingstage",
            name="incident_id",
            field=models.BigIntegerField(),
        ),
        migrations.AlterField(
            model_name="pendingstage",
            name="timer",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="pending",
                to="incidents.timer",
            ),
        ),
        migrations.AlterField(
            model_name="timelineentry",
            name="actor",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="timelineentry",
            name="actor_unit",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.orgunit",
            ),
        ),
        migrations.AlterField(
            model_name="timelineentry",
            name="client",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.apiclient",
            ),
        ),
        migrations.AlterField(
            model_name="timelineentry",
            name="incident",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="timeline",
                to="incidents.incident",
            ),
        ),
        migrations.AddConstraint(
            model_name="outboxmessage",
            constraint=models.UniqueConstraint(fields=("key",), name="outbox_key_once"),
        ),
        migrations.RunSQL(KEEP, UNKEEP),
    ]
