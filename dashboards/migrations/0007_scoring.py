"""评分周期, their editions, appeals, rulings and exclusions; what was published is only ever added to."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLES = (
    "dashboards_edition",
    "dashboards_standing",
    "dashboards_appeal",
    "dashboards_ruling",
    "dashboards_exclusion",
)
# A published period is never taken back: its formula, its days and who published it stay.
PERIOD = """
CREATE FUNCTION dashboards_refuse_unpublishing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'open' THEN
            RAISE EXCEPTION 'a published period stays' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.status <> 'open' AND (
        (NEW.kind, NEW.first, NEW.last, NEW.formula, NEW.published_at, NEW.published_by_id, NEW.appeals_until)
        IS DISTINCT FROM
        (OLD.kind, OLD.first, OLD.last, OLD.formula, OLD.published_at, OLD.published_by_id, OLD.appeals_until)
        OR NEW.status = 'open' OR (OLD.status = 'final' AND NEW.status <> 'final')
    ) THEN
        RAISE EXCEPTION 'what was published is not rewritten' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER dashboards_scoringperiod_stays BEFORE UPDATE OR DELETE ON dashboards_scoringperiod
    FOR EACH ROW EXECUTE FUNCTION dashboards_refuse_unpublishing();
"""
UNDO_PERIOD = """
DROP TRIGGER dashboards_scoringperiod_stays ON dashboards_scoringperiod;
DROP FUNCTION dashboards_refuse_unpublishing();
"""


def guard(table: str) -> str:
    """The database itself refuses to change what was published (the function is the timeline's)."""
    return f"""
CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
"""


def unguard(table: str) -> str:
    return f"DROP TRIGGER {table}_keeps_rows ON {table}; DROP TRIGGER {table}_keeps_all ON {table};"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_accepts_closing"),
        ("dashboards", "0006_warnings"),
        ("incidents", "0033_facts_know_their_cell"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Appeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("case", "The whole case"),
                            ("due", "Whether it was on time"),
                            ("rework", "That it was reworked"),
                            ("rating", "Its rating"),
                        ],
                        max_length=8,
                    ),
                ),
                ("indicator", models.CharField(blank=True, max_length=32)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("force_majeure", "Storm, flood or other force majeure"),
                            ("emergency", "Handed to 110, 119 or 120"),
                            ("others", "Held up by somebody else"),
                            ("not_ours", "Not the unit's matter"),
                            ("duplicate", "Counted twice"),
                            ("untrue", "Unfounded or in bad faith"),
                            ("wrong_fact", "Recorded wrongly"),
                        ],
                        max_length=16,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.incident",
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
                "ordering": ("-at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Ruling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("upheld", models.BooleanField()),
                ("at", models.DateTimeField()),
                (
                    "appeal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ruling",
                        to="dashboards.appeal",
                    ),
                ),
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
        migrations.CreateModel(
            name="ScoringPeriod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("month", "Month"), ("quarter", "Quarter")], max_length=8),
                ),
                ("first", models.DateField()),
                ("last", models.DateField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Not published"),
                            ("provisional", "Published, appeals open"),
                            ("final", "Final"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("formula", models.CharField(blank=True, max_length=16)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("appeals_until", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "published_by",
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
                "ordering": ("-first", "kind", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Exclusion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("case", "The whole case"),
                            ("due", "Whether it was on time"),
                            ("rework", "That it was reworked"),
                            ("rating", "Its rating"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("force_majeure", "Storm, flood or other force majeure"),
                            ("emergency", "Handed to 110, 119 or 120"),
                            ("others", "Held up by somebody else"),
                            ("not_ours", "Not the unit's matter"),
                            ("duplicate", "Counted twice"),
                            ("untrue", "Unfounded or in bad faith"),
                            ("wrong_fact", "Recorded wrongly"),
                        ],
                        max_length=16,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "appeal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exclusion",
                        to="dashboards.appeal",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.incident"
                    ),
                ),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exclusions",
                        to="dashboards.scoringperiod",
                    ),
                ),
            ],
            options={
                "ordering": ("-at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Edition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("published", "Publication"),
                            ("appeal", "An appeal was upheld"),
                            ("late", "Facts came or changed after publication"),
                        ],
                        max_length=12,
                    ),
                ),
                ("formula", models.CharField(max_length=16)),
                ("at", models.DateTimeField()),
                (
                    "appeal",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="editions",
                        to="dashboards.appeal",
                    ),
                ),
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.orgunit"
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
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="editions",
                        to="dashboards.scoringperiod",
                    ),
                ),
            ],
            options={
                "ordering": ("period", "number"),
            },
        ),
        migrations.AddField(
            model_name="appeal",
            name="period",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="appeals",
                to="dashboards.scoringperiod",
            ),
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "league",
                    models.CharField(
                        choices=[
                            ("district", "The district"),
                            ("unit", "Units"),
                            ("street", "Streets"),
                            ("community", "Communities"),
                        ],
                        max_length=12,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=64)),
                ("name_zh", models.CharField(max_length=80)),
                ("name_en", models.CharField(max_length=120)),
                ("counts", models.JSONField()),
                ("seconds", models.JSONField()),
                ("values", models.JSONField()),
                ("unclosed", models.PositiveIntegerField(default=0)),
                ("excluded", models.PositiveIntegerField(default=0)),
                ("score", models.FloatField(null=True)),
                ("adjusted", models.FloatField(null=True)),
                ("half", models.FloatField(null=True)),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("better", "Better than the district"),
                            ("alike", "Level with the district"),
                            ("worse", "Below the district"),
                            ("small", "○ too few cases, not judged"),
                        ],
                        max_length=8,
                    ),
                ),
                ("band", models.CharField(blank=True, max_length=12)),
                ("handle_adjusted", models.FloatField(null=True)),
                ("handle_half", models.FloatField(null=True)),
                (
                    "handle_verdict",
                    models.CharField(
                        choices=[
                            ("better", "Better than the district"),
                            ("alike", "Level with the district"),
                            ("worse", "Below the district"),
                            ("small", "○ too few cases, not judged"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="standings",
                        to="dashboards.edition",
                    ),
                ),
            ],
            options={
                "ordering": ("edition", "league", "code", "pk"),
            },
        ),
        migrations.AddIndex(
            model_name="scoringperiod",
            index=models.Index(
                condition=models.Q(("status", "provisional")), fields=["appeals_until"], name="scoring_window"
            ),
        ),
        migrations.AddConstraint(
            model_name="scoringperiod",
            constraint=models.UniqueConstraint(fields=("kind", "first"), name="scoring_period_once"),
        ),
        migrations.AddConstraint(
            model_name="scoringperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("first__lt", models.F("last"))), name="scoring_period_has_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="scoringperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("appeals_until__isnull", True),
                        ("closed_at__isnull", True),
                        ("formula", ""),
                        ("published_at__isnull", True),
                        ("status", "open"),
                    ),
                    models.Q(
                        ("published_at__isnull", False),
                        ("status__in", ["provisional", "final"]),
                        ("appeals_until__isnull", False),
                        models.Q(("formula", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="scoring_published_has_formula",
            ),
        ),
        migrations.AddConstraint(
            model_name="scoringperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", False), ("status", "final")),
                    models.Q(models.Q(("status", "final"), _negated=True), ("closed_at__isnull", True)),
                    _connector="OR",
                ),
                name="scoring_final_is_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="exclusion",
            constraint=models.UniqueConstraint(fields=("period", "incident", "what"), name="exclusion_once"),
        ),
        migrations.AddConstraint(
            model_name="edition",
            constraint=models.UniqueConstraint(fields=("period", "number"), name="scoring_edition_once"),
        ),
        migrations.AddConstraint(
            model_name="edition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cause", "published"), ("number", 0)),
                    models.Q(("number__gt", 0), models.Q(("cause", "published"), _negated=True)),
                    _connector="OR",
                ),
                name="scoring_edition_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("incident__isnull", False), ("indicator", ""), models.Q(("what", ""), _negated=True)
                    ),
                    models.Q(
                        ("incident__isnull", True), ("what", ""), models.Q(("indicator", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="appeal_about_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("incident__isnull", False)),
                fields=("period", "unit", "incident", "what"),
                name="appeal_case_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("incident__isnull", True)),
                fields=("period", "unit", "indicator"),
                name="appeal_figure_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="standing",
            constraint=models.UniqueConstraint(fields=("edition", "league", "code"), name="standing_once"),
        ),
        migrations.RunSQL(
            "".join(guard(table) for table in TABLES) + PERIOD,
            "".join(unguard(table) for table in TABLES) + UNDO_PERIOD,
        ),
    ]
