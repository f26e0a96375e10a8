"""Data sets: their snapshots, who may have them, who asked and who took them; every step is kept."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The function is the timeline's: nothing of who asked, granted and withdrew is changed or taken out.
KEEP = """
CREATE TRIGGER dashboards_dataevent_keeps_rows BEFORE UPDATE OR DELETE ON dashboards_dataevent
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_dataevent_keeps_all BEFORE TRUNCATE ON dashboards_dataevent
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
"""
UNDO_KEEP = """
DROP TRIGGER dashboards_dataevent_keeps_rows ON dashboards_dataevent;
DROP TRIGGER dashboards_dataevent_keeps_all ON dashboards_dataevent;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_acceptance_changes"),
        ("accounts", "__first__"),
        ("dashboards", "0012_displays"),
        ("incidents", "0036_what_came_of_what_was_due"),
    ]

    operations = [
        migrations.CreateModel(
            name="DataRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dataset", models.CharField(max_length=40)),
                ("days", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("granted", "Granted"),
                            ("refused", "Refused"),
                            ("cancelled", "Taken back"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.apiclient",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "purpose",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.text"
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.orgunit"
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="DataEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dataset", models.CharField(max_length=40)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("asked", "Asked for it"),
                            ("granted", "Granted it"),
                            ("refused", "Refused it"),
                            ("cancelled", "Took the request back"),
                            ("withdrawn", "Withdrew the grant"),
                            ("rule", "Changed who may have it"),
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
                    "words",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="dashboards.datarequest",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="DataRule",
            fields=[
                ("dataset", models.CharField(max_length=40, primary_key=True, serialize=False)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("open", "Open to everybody who signs in"),
                            ("roles", "By role"),
                            ("units", "By unit"),
                            ("request", "On request only"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16), blank=True, default=list, size=None
                    ),
                ),
                (
                    "units",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), blank=True, default=list, size=None
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("dataset",),
            },
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dataset", models.CharField(max_length=40)),
                ("version", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("building", "Being made"), ("ready", "Ready"), ("failed", "Failed")],
                        default="building",
                        max_length=8,
                    ),
                ),
                ("cut_at", models.DateTimeField()),
                ("began_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("rows", models.BigIntegerField(default=0)),
                ("withheld", models.JSONField(blank=True, default=dict)),
                ("suppressed", models.BigIntegerField(default=0)),
                ("by_domain", models.JSONField(blank=True, default=dict)),
                ("marks", models.JSONField(blank=True, default=list)),
                ("error", models.CharField(blank=True, max_length=80)),
            ],
            options={
                "ordering": ("-cut_at", "-pk"),
                "indexes": [models.Index(fields=["dataset", "version", "-cut_at"], name="snapshot_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "building")),
                        fields=("dataset", "version"),
                        name="snapshot_built_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Download",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dataset", models.CharField(max_length=40)),
                ("version", models.PositiveSmallIntegerField()),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "CSV"), ("parquet", "Parquet"), ("api", "API")], max_length=8
                    ),
                ),
                ("unit_code", models.CharField(blank=True, max_length=64)),
                ("domain", models.CharField(blank=True, max_length=4)),
                ("day", models.DateField()),
                ("at", models.DateTimeField()),
                ("rows", models.BigIntegerField()),
                ("bytes", models.BigIntegerField()),
                ("requests", models.PositiveIntegerField(default=1)),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.apiclient",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="downloads",
                        to="dashboards.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="SnapshotFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("format", models.CharField(choices=[("csv", "CSV"), ("parquet", "Parquet")], max_length=8)),
                ("name", models.CharField(max_length=200)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "snapshot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="dashboards.snapshot",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.AddIndex(
            model_name="datarequest",
            index=models.Index(fields=["dataset", "state", "-at"], name="data_request_inbox"),
        ),
        migrations.AddIndex(
            model_name="datarequest",
            index=models.Index(fields=["client", "dataset"], name="data_request_client"),
        ),
        migrations.AddConstraint(
            model_name="datarequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("dataset", "by", "client"),
                name="data_request_waits_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="datarequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["waiting", "refused", "cancelled"]),
                    ("until__isnull", False),
                    _connector="OR",
                ),
                name="data_grant_ends",
            ),
        ),
        migrations.AddIndex(
            model_name="dataevent",
            index=models.Index(fields=["dataset", "-id"], name="data_event_dataset"),
        ),
        migrations.AddConstraint(
            model_name="datarule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("mode__in", ["open", "request"]),
                    models.Q(("mode", "roles"), ("roles__len__gt", 0)),
                    models.Q(("mode", "units"), ("units__len__gt", 0)),
                    _connector="OR",
                ),
                name="data_rule_names_somebody",
            ),
        ),
        migrations.AddIndex(
            model_name="download",
            index=models.Index(fields=["dataset", "-at"], name="download_dataset"),
        ),
        migrations.AddConstraint(
            model_name="download",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("client__isnull", True), ("user__isnull", False)),
                    models.Q(("client__isnull", False), ("user__isnull", True)),
                    _connector="OR",
                ),
                name="download_says_who",
            ),
        ),
        migrations.AddConstraint(
            model_name="download",
            constraint=models.UniqueConstraint(
                condition=models.Q(("format", "api")),
                fields=("snapshot", "user", "client", "domain", "day"),
                name="download_pages_once_a_day",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshotfile",
            constraint=models.UniqueConstraint(fields=("snapshot", "format"), name="snapshot_file_once"),
        ),
        migrations.RunSQL(KEEP, UNDO_KEEP),
    ]
