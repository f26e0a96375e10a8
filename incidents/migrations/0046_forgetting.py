from django.db import migrations, models

GUARD = """
CREATE TRIGGER incidents_privacyrequest_keeps_rows BEFORE UPDATE OR DELETE ON incidents_privacyrequest
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER incidents_privacyrequest_keeps_all BEFORE TRUNCATE ON incidents_privacyrequest
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
"""
UNGUARD = """
DROP TRIGGER incidents_privacyrequest_keeps_rows ON incidents_privacyrequest;
DROP TRIGGER incidents_privacyrequest_keeps_all ON incidents_privacyrequest;
"""


class Migration(migrations.Migration):
    """How far each rule of retention has got, and who asked for a copy or for erasure."""

    dependencies = [("incidents", "0045_blocks_and_meetings_as_they_came")]

    operations = [
        migrations.CreateModel(
            name="Retention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule", models.CharField(max_length=24, unique=True)),
                ("closed_at", models.DateTimeField()),
                ("case", models.BigIntegerField(default=0)),
            ],
            options={"ordering": ("rule",)},
        ),
        migrations.CreateModel(
            name="PrivacyRequest",
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
                        choices=[("copy", "A copy of what is kept"), ("erasure", "Erasure")], max_length=8
                    ),
                ),
                ("at", models.DateTimeField()),
                ("done_by", models.CharField(max_length=80)),
                ("reason", models.CharField(max_length=200)),
                ("counts", models.JSONField(default=dict)),
            ],
            options={"ordering": ("-pk",)},
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
