"""Instructions of leaders, letters to secretaries, and complaints that come again."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_list_steward"),
        ("dispatch", "0006_import_tries"),
        ("incidents", "0015_operations_centre"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE incidents_instruction_serial CACHE 1",
            "DROP SEQUENCE incidents_instruction_serial",
        ),
        migrations.CreateModel(
            name="RepeatCursor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("done_to", models.BigIntegerField(default=0)),
                ("settled_to", models.BigIntegerField(default=0)),
                ("mark_to", models.BigIntegerField(default=0)),
                ("mark_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.AlterField(
            model_name="notification",
            name="incident",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notifications",
                to="incidents.incident",
            ),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="incident",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="incidents.incident",
            ),
        ),
        migrations.CreateModel(
            name="Instruction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=20, unique=True)),
                ("given_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[("done", "All reports accepted"), ("withdrawn", "Withdrawn")],
                        max_length=10,
                    ),
                ),
                (
                    "cases",
                    models.ManyToManyField(blank=True, related_name="instructions", to="incidents.incident"),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instructions_given",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instructions_given",
                        to="accounts.orgunit",
                    ),
                ),
                (
                    "reason",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                "ordering": ("-pk",),
            },
        ),
        migrations.CreateModel(
            name="InstructionPart",
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
                            ("waiting", "To report"),
                            ("reported", "Reported"),
                            ("accepted", "Accepted"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("sent_back_count", models.PositiveSmallIntegerField(default=0)),
                ("was_late", models.BooleanField(default=False)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("warned_at", models.DateTimeField(blank=True, null=True)),
                ("overdue_told_at", models.DateTimeField(blank=True, null=True)),
                (
                    "instruction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="incidents.instruction",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instructions",
                        to="accounts.orgunit",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="InstructionReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reported_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("judged_at", models.DateTimeField(blank=True, null=True)),
                ("accepted", models.BooleanField(blank=True, null=True)),
                (
                    "judged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="incidents.instructionpart",
                    ),
                ),
                (
                    "remark",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "text",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.text"
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="Repeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("by_reporter", models.BooleanField(default=False)),
                ("at_place", models.BooleanField(default=False)),
                (
                    "earlier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="repeated_by",
                        to="incidents.incident",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="repeats",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="SecretaryLetter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("marked_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("drafted_at", models.DateTimeField(blank=True, null=True)),
                ("signed_at", models.DateTimeField(blank=True, null=True)),
                ("warned_at", models.DateTimeField(blank=True, null=True)),
                ("overdue_told_at", models.DateTimeField(blank=True, null=True)),
                (
                    "draft",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "marked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "office",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="accounts.orgunit",
                    ),
                ),
                (
                    "reply",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
                (
                    "report",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letter",
                        to="incidents.report",
                    ),
                ),
                (
                    "signed_by",
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
                "ordering": ("pk",),
            },
        ),
        migrations.AddIndex(
            model_name="instruction",
            index=models.Index(fields=["office", "-id"], name="instruction_ledger"),
        ),
        migrations.AddIndex(
            model_name="instructionpart",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["due_at", "id"], name="instruction_part_due"
            ),
        ),
        migrations.AddIndex(
            model_name="instructionpart",
            index=models.Index(fields=["unit", "-id"], name="instruction_part_unit"),
        ),
        migrations.AddConstraint(
            model_name="instructionpart",
            constraint=models.UniqueConstraint(fields=("instruction", "unit"), name="instruction_part_once"),
        ),
        migrations.AddConstraint(
            model_name="instructionpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state__in", ["waiting", "reported"])),
                    models.Q(("ended_at__isnull", False), ("state__in", ["accepted", "withdrawn"])),
                    _connector="OR",
                ),
                name="instruction_part_ended_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="instructionreport",
            constraint=models.UniqueConstraint(
                condition=models.Q(("judged_at__isnull", True)), fields=("part",), name="one_report_to_judge"
            ),
        ),
        migrations.AddConstraint(
            model_name="repeat",
            constraint=models.UniqueConstraint(fields=("incident", "earlier"), name="repeat_once"),
        ),
        migrations.AddIndex(
            model_name="secretaryletter",
            index=models.Index(
                condition=models.Q(("signed_at__isnull", True)),
                fields=["office", "due_at", "id"],
                name="letter_open",
            ),
        ),
        migrations.AddIndex(
            model_name="secretaryletter",
            index=models.Index(fields=["office", "-signed_at"], name="letter_signed"),
        ),
        migrations.AddConstraint(
            model_name="secretaryletter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("reply__isnull", True), ("signed_at__isnull", True), ("signed_by__isnull", True)
                    ),
                    models.Q(
                        ("reply__isnull", False), ("signed_at__isnull", False), ("signed_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="letter_signed_by_somebody",
            ),
        ),
    ]
