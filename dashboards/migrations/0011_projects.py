"""Projects: recurring cases taken up as one, with what is done by when; their trail stays."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The function is the timeline's.
KEEP = """
CREATE TRIGGER dashboards_projectevent_keeps_rows BEFORE UPDATE OR DELETE ON dashboards_projectevent
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_projectevent_keeps_all BEFORE TRUNCATE ON dashboards_projectevent
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
"""
UNDO_KEEP = """
DROP TRIGGER dashboards_projectevent_keeps_rows ON dashboards_projectevent;
DROP TRIGGER dashboards_projectevent_keeps_all ON dashboards_projectevent;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_acceptance_changes"),
        ("dashboards", "0010_warning_events"),
        ("incidents", "0036_what_came_of_what_was_due"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="warningevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("claimed", "Took it over"),
                    ("released", "Gave it back"),
                    ("useful", "Judged it useful"),
                    ("useless", "Judged it not useful"),
                    ("dismissed", "Set it aside as no problem"),
                    ("supervised", "Ordered supervision of its cases"),
                    ("project", "Made it part of a project"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="Project",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("street_code", models.CharField(blank=True, max_length=15)),
                ("community_code", models.CharField(blank=True, max_length=15)),
                (
                    "categories",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=4), default=list, size=None
                    ),
                ),
                ("start", models.DateField()),
                ("end", models.DateField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("watch", "Kept watch"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner_unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.orgunit"
                    ),
                ),
                (
                    "problem",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.text"
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.AddField(
            model_name="warning",
            name="project",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="warnings",
                to="dashboards.project",
            ),
        ),
        migrations.CreateModel(
            name="ProjectCase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.incident"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="dashboards.project",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="ProjectEvent",
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
                            ("opened", "Opened"),
                            ("warning", "Took in a warning"),
                            ("item", "Added to its lists"),
                            ("item_done", "Carried a measure out"),
                            ("status", "Changed its state"),
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
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="dashboards.project",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="ProjectItem",
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
                        choices=[("resource", "Resource"), ("measure", "Measure")], max_length=8
                    ),
                ),
                ("due", models.DateField(blank=True, null=True)),
                ("added_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "done_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="dashboards.project",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.orgunit"
                    ),
                ),
                (
                    "words",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.text"
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("start__lte", models.F("end"))), name="project_has_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="projectcase",
            constraint=models.UniqueConstraint(fields=("project", "incident"), name="project_case_once"),
        ),
        migrations.RunSQL(KEEP, UNDO_KEEP),
    ]
