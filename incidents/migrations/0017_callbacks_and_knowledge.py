import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Who was to be called when this came: everybody behind a callback clock that runs, but those who rated.
TO_BE_CALLED = """
INSERT INTO incidents_callback
    (report_id, incident_id, handling_run, opened_at, rank, next_at, attempts, "end")
SELECT l.report_id, i.id, i.handling_run, t.started_at, 3, t.started_at,
       (SELECT count(*) FROM incidents_phonecall c
        WHERE c.incident_id = i.id AND c.report_id = r.id AND c.purpose = 'callback'
          AND c.called_at >= i.closed_at), ''
FROM incidents_timer t
JOIN incidents_incident i ON i.id = t.incident_id
JOIN incidents_incidentreport l ON l.incident_id = i.id AND l.unlinked_at IS NULL
JOIN incidents_report r ON r.id = l.report_id
JOIN incidents_contact who ON who.id = r.contact_id
WHERE t.kind = 'callback' AND t.stopped_at IS NULL AND i.status = 'closed'
  AND r.withdrawn_at IS NULL AND who.phone_index <> ''
  AND r.source NOT IN ('patrol', 'sensor', 'ai_video')
  AND NOT EXISTS (SELECT 1 FROM incidents_feedback f
                  WHERE f.report_id = r.id AND f.incident_id = i.id AND f.handling_run = i.handling_run)
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("incidents", "0016_instructions_and_letters"),
    ]

    operations = [
        migrations.AddField(
            model_name="outcome",
            name="contacted",
            field=models.BooleanField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="phonecall",
            name="again_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="phonecall",
            name="recording",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="phonecall",
            name="result",
            field=models.CharField(
                blank=True,
                choices=[
                    ("answered", "Answered the questions"),
                    ("declined", "Would rather not say"),
                    ("later", "Call again later"),
                    ("no_answer", "No answer"),
                    ("busy", "Busy"),
                    ("off", "Switched off or out of service"),
                    ("wrong", "Not the reporter's number"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="Article",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=80)),
                ("valid_until", models.DateField(blank=True, null=True)),
                (
                    "head_grams",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "grams",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="dispatch.category",
                    ),
                ),
                (
                    "owner_unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="articles",
                        to="accounts.orgunit",
                    ),
                ),
                (
                    "retired_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "retired_why",
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
        migrations.CreateModel(
            name="ArticleEdition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("title", models.CharField(max_length=80)),
                ("questions", models.TextField(blank=True)),
                ("answer", models.TextField()),
                ("basis", models.CharField(blank=True, max_length=200)),
                ("valid_until", models.DateField()),
                ("written_at", models.DateTimeField()),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Waiting for its review"),
                            ("approved", "Approved"),
                            ("sent_back", "Sent back"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="editions",
                        to="incidents.article",
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
                    "reviewed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
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
        migrations.AddField(
            model_name="article",
            name="current",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="in_use_by",
                to="incidents.articleedition",
            ),
        ),
        migrations.CreateModel(
            name="ArticleUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("used_at", models.DateTimeField()),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="incidents.article",
                    ),
                ),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="incidents.articleedition",
                    ),
                ),
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="article_use",
                        to="incidents.incident",
                    ),
                ),
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
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="Callback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("handling_run", models.PositiveSmallIntegerField()),
                ("opened_at", models.DateTimeField()),
                ("rank", models.PositiveSmallIntegerField()),
                ("next_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("held_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("answered", "Answered the questions"),
                            ("rated", "Rated by themselves"),
                            ("declined", "Would rather not say"),
                            ("tried", "Not reached in three attempts"),
                            ("wrong", "Not the reporter's number"),
                            ("lapsed", "Nobody to call any more"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "held_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="callbacks",
                        to="incidents.incident",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="callbacks",
                        to="incidents.report",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.AddConstraint(
            model_name="articleedition",
            constraint=models.UniqueConstraint(fields=("article", "number"), name="edition_number_once"),
        ),
        migrations.AddConstraint(
            model_name="articleedition",
            constraint=models.UniqueConstraint(
                condition=models.Q(("verdict", "")), fields=("article",), name="one_edition_waits_for_review"
            ),
        ),
        migrations.AddConstraint(
            model_name="articleedition",
            constraint=models.CheckConstraint(
                condition=models.Q(("reviewed_by", models.F("written_by")), _negated=True),
                name="nobody_reviews_their_own",
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("retired_at__isnull", True)), fields=["grams"], name="article_grams"
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=models.Index(
                condition=models.Q(("retired_at__isnull", True)),
                fields=["valid_until", "id"],
                name="article_expiry",
            ),
        ),
        migrations.AddIndex(
            model_name="articleuse",
            index=models.Index(fields=["used_at", "article"], name="article_use_lately"),
        ),
        migrations.AddIndex(
            model_name="callback",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["rank", "opened_at", "id"],
                name="callback_queue",
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.UniqueConstraint(
                fields=("report", "incident", "handling_run"), name="callback_once_a_handling"
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end", ""), ("ended_at__isnull", True)),
                    models.Q(("ended_at__isnull", False), models.Q(("end", ""), _negated=True)),
                    _connector="OR",
                ),
                name="callback_end_says_why",
            ),
        ),
        migrations.RunSQL(TO_BE_CALLED, migrations.RunSQL.noop),
    ]
