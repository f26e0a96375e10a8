"""What people do with warnings: who has one, who was told, and the trail, which the database keeps."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The function is the timeline's: nothing of the trail is changed or taken out.
KEEP = """
CREATE TRIGGER dashboards_warningevent_keeps_rows BEFORE UPDATE OR DELETE ON dashboards_warningevent
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_warningevent_keeps_all BEFORE TRUNCATE ON dashboards_warningevent
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
"""
UNDO_KEEP = """
DROP TRIGGER dashboards_warningevent_keeps_rows ON dashboards_warningevent;
DROP TRIGGER dashboards_warningevent_keeps_all ON dashboards_warningevent;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_acceptance_changes"),
        ("dashboards", "0009_phrases"),
        ("incidents", "0036_what_came_of_what_was_due"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="warning",
            name="claimed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="warning",
            name="claimed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="warning",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="WarningEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("claimed", "Took it over"),
                            ("released", "Gave it back"),
                            ("useful", "Judged it useful"),
                            ("useless", "Judged it not useful"),
                            ("dismissed", "Set it aside as no problem"),
                            ("supervised", "Ordered supervision of its cases"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("data", models.JSONField(blank=True, default=dict)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "by_unit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.orgunit",
                    ),
                ),
                (
                    "warning",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="dashboards.warning",
                    ),
                ),
                (
                    "words",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.RunSQL(KEEP, UNDO_KEEP),
    ]
