import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A copy is the fullest look at a resident that there is, and an erasure cannot be looked at afterwards.
TELL = """
CREATE FUNCTION incidents_audit_privacy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM accounts_audit_tell(
        CASE NEW.kind WHEN 'copy' THEN 'export' ELSE 'personal' END, 'privacy_' || NEW.kind, NEW.by_id, NULL,
        'privacy', NEW.id::text,
        jsonb_build_object('done_by', NEW.done_by, 'reason', NEW.reason) || NEW.counts, NULL, ''
    );
    RETURN NULL;
END $$;
CREATE TRIGGER incidents_privacyrequest_audited AFTER INSERT ON incidents_privacyrequest
    FOR EACH ROW EXECUTE FUNCTION incidents_audit_privacy();
"""
UNTELL = """
DROP TRIGGER incidents_privacyrequest_audited ON incidents_privacyrequest;
DROP FUNCTION incidents_audit_privacy();
"""


class Migration(migrations.Migration):
    """When each case was forgotten, in place of how far each rule has got; files that are still to go."""

    small = "requests for privacy are some rows in a year"
    dependencies = [
        ("accounts", "0012_audit_log"),
        ("incidents", "0055_outer_zone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="forgotten_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        # The table stays for as long as the version before may be at it; a later release drops it.
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel(name="Retention")]),
        migrations.CreateModel(
            name="DoomedFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
            ],
            options={"ordering": ("pk",)},
        ),
        migrations.AddField(
            model_name="privacyrequest",
            name="by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunSQL(TELL, UNTELL),
    ]
