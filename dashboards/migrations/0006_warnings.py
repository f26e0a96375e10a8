"""Warnings, what their sweeps keep, and the thresholds for repeats to begin with."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# By place: what a community's station would call again and again. By person: nobody is a problem who
# calls; a matter that makes somebody call that often is.
RULES = (("place", 30, 5), ("reporter", 30, 5))


def begin(apps, schema_editor):
    rules = apps.get_model("dashboards", "RepeatRule").objects
    for by, days, at_least in RULES:
        rules.create(by=by, matter_code="", days=days, at_least=at_least)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_accepts_closing"),
        ("dashboards", "0005_responses"),
        ("incidents", "0032_sources_of_alarms"),
    ]

    operations = [
        migrations.CreateModel(
            name="CountedDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("voices", models.PositiveIntegerField()),
                ("counts", models.BinaryField()),
            ],
            options={
                "ordering": ("day",),
            },
        ),
        migrations.CreateModel(
            name="WarningSweep",
            fields=[
                ("name", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("swept_to", models.DateTimeField()),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Warning",
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
                        choices=[("burst", "Burst"), ("theme", "Emerging theme"), ("repeat", "Repeats")],
                        max_length=8,
                    ),
                ),
                ("key", models.CharField(max_length=120)),
                ("rule", models.CharField(max_length=24)),
                (
                    "stream",
                    models.CharField(
                        choices=[("people", "Residents and patrols"), ("devices", "Devices")],
                        default="people",
                        max_length=8,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Not looked at"),
                            ("claimed", "Being looked at"),
                            ("supervised", "Under supervision"),
                            ("project", "Made a project"),
                            ("dismissed", "Set aside"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("useful", models.BooleanField(blank=True, null=True)),
                ("street_code", models.CharField(blank=True, max_length=15)),
                ("community_code", models.CharField(blank=True, max_length=15)),
                ("domain_code", models.CharField(blank=True, max_length=4)),
                ("category_code", models.CharField(blank=True, max_length=4)),
                ("unit_code", models.CharField(blank=True, max_length=64)),
                (
                    "terms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=24), blank=True, default=list, size=None
                    ),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("found_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("window_hours", models.PositiveIntegerField()),
                ("observed", models.PositiveIntegerField()),
                ("expected", models.FloatField()),
                ("expected_low", models.FloatField(default=0)),
                ("expected_high", models.FloatField()),
                ("surprise", models.FloatField(default=0)),
                ("case_count", models.PositiveIntegerField(default=0)),
                ("reporter_count", models.PositiveIntegerField(default=0)),
                ("evidence", models.JSONField(blank=True, default=dict)),
            ],
            options={
                "ordering": ("-pk",),
                "indexes": [
                    models.Index(fields=["-found_at", "-id"], name="warning_found"),
                    models.Index(fields=["status", "-found_at", "-id"], name="warning_status"),
                    models.Index(fields=["kind", "key", "-found_at"], name="warning_key"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("kind", "key"),
                        name="warning_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WarningCase",
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
                    "warning",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="dashboards.warning",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="RepeatRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        choices=[
                            ("place", "Same place, same matter"),
                            ("reporter", "Same person, same kind of matter"),
                        ],
                        max_length=8,
                    ),
                ),
                ("matter_code", models.CharField(blank=True, max_length=4)),
                ("days", models.PositiveSmallIntegerField(default=30)),
                ("at_least", models.PositiveSmallIntegerField()),
                ("is_active", models.BooleanField(default=True)),
                ("changed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "changed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("by", "matter_code"),
                "constraints": [
                    models.UniqueConstraint(fields=("by", "matter_code"), name="repeat_rule_once"),
                    models.CheckConstraint(
                        condition=models.Q(("at_least__gte", 2), ("days__gte", 1), ("days__lte", 366)),
                        name="repeat_rule_bounds",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="warningcase",
            constraint=models.UniqueConstraint(fields=("warning", "incident"), name="warning_case_once"),
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
