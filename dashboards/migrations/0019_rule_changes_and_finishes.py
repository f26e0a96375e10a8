"""Who changed which rule of repeats and why; lines taken out of a project's lists, its owner, its end."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The function is the timeline's: nothing of the history is changed or taken out.
KEEP = """
CREATE TRIGGER dashboards_repeatrulerevision_keeps_rows BEFORE UPDATE OR DELETE ON dashboards_repeatrulerevision
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_repeatrulerevision_keeps_all BEFORE TRUNCATE ON dashboards_repeatrulerevision
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
"""
UNDO_KEEP = """
DROP TRIGGER dashboards_repeatrulerevision_keeps_rows ON dashboards_repeatrulerevision;
DROP TRIGGER dashboards_repeatrulerevision_keeps_all ON dashboards_repeatrulerevision;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_acceptance_changes"),
        ("dashboards", "0018_brief_papers_forget"),
        ("incidents", "0036_what_came_of_what_was_due"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RepeatRuleRevision",
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
                ("before", models.JSONField(blank=True, default=dict)),
                ("days", models.PositiveSmallIntegerField()),
                ("at_least", models.PositiveSmallIntegerField()),
                ("is_active", models.BooleanField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.AddField(
            model_name="projectevent",
            name="words",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="incidents.text",
            ),
        ),
        migrations.AddField(
            model_name="projectitem",
            name="dropped_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="projectevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("opened", "Opened"),
                    ("warning", "Took in a warning"),
                    ("item", "Added to its lists"),
                    ("item_done", "Carried a measure out"),
                    ("item_dropped", "Took a line out of its lists"),
                    ("owner", "Gave it another owner"),
                    ("status", "Changed its state"),
                    ("finished", "Finished it"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="projectitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("done_at", None), ("dropped_at", None), _connector="OR"),
                name="project_item_done_or_dropped",
            ),
        ),
        migrations.AddField(
            model_name="repeatrulerevision",
            name="by_unit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.orgunit",
            ),
        ),
        migrations.AddField(
            model_name="repeatrulerevision",
            name="changed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="repeatrulerevision",
            name="words",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="incidents.text"
            ),
        ),
        migrations.AddIndex(
            model_name="repeatrulerevision",
            index=models.Index(fields=["by", "matter_code", "id"], name="repeat_revision_of"),
        ),
        migrations.RunSQL(KEEP, UNDO_KEEP),
    ]
