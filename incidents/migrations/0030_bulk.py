import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_accepts_closing"),
        ("incidents", "0029_alarms_and_suggestions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("reading", "Being read"),
                            ("mapping", "Columns to be matched"),
                            ("checking", "Being checked"),
                            ("ready", "Checked"),
                            ("running", "Being taken in"),
                            ("done", "Taken in"),
                            ("cancelled", "Stopped"),
                            ("failed", "Could not be read"),
                            ("dropped", "Dropped"),
                        ],
                        default="reading",
                        max_length=10,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("hotline", "12345 hotline"),
                            ("resident_form", "Resident web form"),
                            ("patrol", "Patrol"),
                            ("letter_visit", "Letters and visits"),
                            ("city_app", "City app"),
                            ("sensor", "Sensor"),
                            ("ai_video", "AI video"),
                            ("council", "Block council"),
                        ],
                        max_length=24,
                    ),
                ),
                ("file_name", models.CharField(max_length=120)),
                ("file_size", models.PositiveIntegerField()),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("sheets", models.JSONField(default=list)),
                ("sheet", models.CharField(blank=True, max_length=64)),
                ("heading", models.JSONField(default=dict)),
                ("lines", models.PositiveIntegerField(default=0)),
                ("mapping", models.JSONField(default=dict)),
                ("options", models.JSONField(default=dict)),
                ("language", models.CharField(max_length=10)),
                ("starts_itself", models.BooleanField(default=False)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("failure", models.CharField(blank=True, max_length=300)),
                ("counts", models.JSONField(default=dict)),
                ("result", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
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
                    "created_by",
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
                "ordering": ("-pk",),
            },
        ),
        migrations.CreateModel(
            name="BulkFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sealed", models.BinaryField()),
                (
                    "bulk",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="file",
                        to="incidents.bulkimport",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BulkMapping",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("hotline", "12345 hotline"),
                            ("resident_form", "Resident web form"),
                            ("patrol", "Patrol"),
                            ("letter_visit", "Letters and visits"),
                            ("city_app", "City app"),
                            ("sensor", "Sensor"),
                            ("ai_video", "AI video"),
                            ("council", "Block council"),
                        ],
                        max_length=24,
                    ),
                ),
                ("signature", models.CharField(max_length=64)),
                ("mapping", models.JSONField()),
                ("options", models.JSONField(default=dict)),
                ("used_at", models.DateTimeField()),
                (
                    "used_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BulkPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("size", models.PositiveIntegerField()),
                ("rows", models.BinaryField(default=b"")),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("counts", models.JSONField(default=dict)),
                ("problems", models.JSONField(default=list)),
                ("numbers", models.JSONField(default=list)),
                ("repeats", models.JSONField(default=dict)),
                ("tried", models.JSONField(default=list)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("result", models.JSONField(default=dict)),
                ("rejects", models.BinaryField(default=b"")),
                (
                    "bulk",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="incidents.bulkimport",
                    ),
                ),
            ],
            options={
                "ordering": ("bulk", "position"),
            },
        ),
        migrations.AddIndex(
            model_name="bulkimport",
            index=models.Index(
                condition=models.Q(("state__in", ["reading", "checking", "running"])),
                fields=["id"],
                name="bulk_import_at_work",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkimport",
            index=models.Index(fields=["source", "digest"], name="bulk_import_of_table"),
        ),
        migrations.AddConstraint(
            model_name="bulkimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("created_by__isnull", False), ("client__isnull", False), _connector="OR"),
                name="bulk_import_has_sender",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkmapping",
            constraint=models.UniqueConstraint(fields=("source", "signature"), name="bulk_mapping_once"),
        ),
        migrations.AddConstraint(
            model_name="bulkpart",
            constraint=models.UniqueConstraint(fields=("bulk", "position"), name="bulk_part_once"),
        ),
    ]
