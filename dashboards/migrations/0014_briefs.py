"""Briefs: what was issued stays, with its numbers and words; the working copy may change."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The function is the timeline's. Of entries only those of an edition are kept: the rest is a working copy.
KEEP = """
CREATE TRIGGER dashboards_briefedition_keeps_rows BEFORE UPDATE OR DELETE ON dashboards_briefedition
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_briefedition_keeps_all BEFORE TRUNCATE ON dashboards_briefedition
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_briefentry_keeps_rows BEFORE UPDATE OR DELETE ON dashboards_briefentry
    FOR EACH ROW WHEN (OLD.edition_id IS NOT NULL) EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_briefentry_keeps_all BEFORE TRUNCATE ON dashboards_briefentry
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_brief_stays BEFORE DELETE ON dashboards_brief
    FOR EACH ROW WHEN (OLD.status <> 'draft') EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_brief_stays_issued BEFORE UPDATE ON dashboards_brief
    FOR EACH ROW WHEN (
        OLD.status <> 'draft' AND
        (NEW.kind, NEW.about, NEW.code, NEW.first, NEW.last, NEW.number, NEW.status, NEW.issued_at)
        IS DISTINCT FROM
        (OLD.kind, OLD.about, OLD.code, OLD.first, OLD.last, OLD.number, OLD.status, OLD.issued_at)
    ) EXECUTE FUNCTION incidents_refuse_change();
"""
UNDO_KEEP = """
DROP TRIGGER dashboards_briefedition_keeps_rows ON dashboards_briefedition;
DROP TRIGGER dashboards_briefedition_keeps_all ON dashboards_briefedition;
DROP TRIGGER dashboards_briefentry_keeps_rows ON dashboards_briefentry;
DROP TRIGGER dashboards_briefentry_keeps_all ON dashboards_briefentry;
DROP TRIGGER dashboards_brief_stays ON dashboards_brief;
DROP TRIGGER dashboards_brief_stays_issued ON dashboards_brief;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_acceptance_changes"),
        ("dashboards", "0013_datasets"),
        ("incidents", "0036_what_came_of_what_was_due"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Brief",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=[("week", "Weekly"), ("month", "Monthly")], max_length=8)),
                (
                    "about",
                    models.CharField(
                        choices=[("district", "The district"), ("street", "Street"), ("unit", "Department")],
                        max_length=8,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=64)),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(max_length=120)),
                ("first", models.DateField()),
                ("last", models.DateField()),
                ("number", models.PositiveIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("issued", "Issued")], default="draft", max_length=8
                    ),
                ),
                ("is_told", models.BooleanField(default=True)),
                ("issue_at", models.DateTimeField()),
                ("version", models.PositiveIntegerField(default=0)),
                ("made_at", models.DateTimeField()),
                ("issued_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-first", "kind", "about", "code", "-pk"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "draft")), fields=["issue_at", "id"], name="brief_due"
                    ),
                    models.Index(fields=["-first", "-id"], name="brief_archive"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "about", "code", "first"), name="brief_once"),
                    models.UniqueConstraint(
                        fields=("kind", "about", "code", "number"), name="brief_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("first__lt", models.F("last"))), name="brief_has_days"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("about", "district"), ("code", "")),
                            models.Q(
                                models.Q(("about", "district"), _negated=True),
                                models.Q(("code", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="brief_about_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("issued_at__isnull", True), ("status", "draft")),
                            models.Q(("issued_at__isnull", False), ("status", "issued")),
                            _connector="OR",
                        ),
                        name="brief_issued_is_dated",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BriefEdition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("figures", models.JSONField()),
                ("at", models.DateTimeField()),
                (
                    "brief",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="editions",
                        to="dashboards.brief",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
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
                    "note",
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
                "ordering": ("brief", "number"),
            },
        ),
        migrations.CreateModel(
            name="BriefEntry",
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
                            ("problem", "Problem"),
                            ("followed", "Advice followed up"),
                            ("decision", "Decision asked for"),
                            ("outlook", "What is coming"),
                        ],
                        max_length=8,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("due", models.DateField(blank=True, null=True)),
                ("indicator", models.CharField(blank=True, max_length=32)),
                ("street_code", models.CharField(blank=True, max_length=15)),
                ("category_code", models.CharField(blank=True, max_length=4)),
                ("measured", models.JSONField(blank=True, default=dict)),
                (
                    "state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("done", "Done"),
                            ("under_way", "Under way"),
                            ("not_done", "Not done"),
                            ("not_said", "No answer yet"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "advice",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
                (
                    "brief",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="dashboards.brief",
                    ),
                ),
                (
                    "cause",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
                (
                    "edition",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="dashboards.briefedition",
                    ),
                ),
                (
                    "follows",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="dashboards.briefentry",
                    ),
                ),
                (
                    "unit",
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
            ],
            options={
                "ordering": ("brief", "edition", "kind", "position", "pk"),
            },
        ),
        migrations.CreateModel(
            name="BriefRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=[("week", "Weekly"), ("month", "Monthly")], max_length=8)),
                ("first", models.DateField()),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [models.UniqueConstraint(fields=("kind", "first"), name="brief_run_once")],
            },
        ),
        migrations.CreateModel(
            name="BriefSubscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=[("week", "Weekly"), ("month", "Monthly")], max_length=8)),
                (
                    "about",
                    models.CharField(
                        choices=[("district", "The district"), ("street", "Street"), ("unit", "Department")],
                        max_length=8,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=64)),
                ("wanted", models.BooleanField()),
                ("since", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="brief_subscriptions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.AddConstraint(
            model_name="briefedition",
            constraint=models.UniqueConstraint(fields=("brief", "number"), name="brief_edition_once"),
        ),
        migrations.AddConstraint(
            model_name="briefedition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("note__isnull", True), ("number", 0)),
                    models.Q(("note__isnull", False), ("number__gt", 0)),
                    _connector="OR",
                ),
                name="brief_revision_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="briefentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("kind", "followed"), _negated=True),
                        ("follows__isnull", True),
                        ("state", ""),
                    ),
                    models.Q(
                        ("follows__isnull", False),
                        ("kind", "followed"),
                        models.Q(("state", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="brief_followed_has_origin",
            ),
        ),
        migrations.AddConstraint(
            model_name="briefsubscription",
            constraint=models.UniqueConstraint(
                fields=("user", "kind", "about", "code"), name="brief_subscribed_once"
            ),
        ),
        migrations.RunSQL(KEEP, UNDO_KEEP),
    ]
