"""The paper of an edition is kept: it stays what was mailed, and nobody changes it."""

import django.db.models.deletion
from django.db import migrations, models

# The function is the timeline's.
KEEP = """
CREATE TRIGGER dashboards_briefpaper_keeps_rows BEFORE UPDATE OR DELETE ON dashboards_briefpaper
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER dashboards_briefpaper_keeps_all BEFORE TRUNCATE ON dashboards_briefpaper
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
"""
UNDO_KEEP = """
DROP TRIGGER dashboards_briefpaper_keeps_rows ON dashboards_briefpaper;
DROP TRIGGER dashboards_briefpaper_keeps_all ON dashboards_briefpaper;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0015_simulation"),
    ]

    operations = [
        migrations.CreateModel(
            name="BriefPaper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("language", models.CharField(max_length=8)),
                ("body", models.BinaryField()),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="dashboards.briefedition",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(fields=("edition", "language"), name="brief_paper_once")
                ],
            },
        ),
        migrations.RunSQL(KEEP, UNDO_KEEP),
    ]
