import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# As the timeline's: whoever may write to the table may add to it, and nothing else.
REFUSE = """
CREATE FUNCTION accounts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER accounts_acceptancechange_keeps_rows BEFORE UPDATE OR DELETE ON accounts_acceptancechange
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER accounts_acceptancechange_keeps_all BEFORE TRUNCATE ON accounts_acceptancechange
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""
ALLOW = """
DROP TRIGGER accounts_acceptancechange_keeps_rows ON accounts_acceptancechange;
DROP TRIGGER accounts_acceptancechange_keeps_all ON accounts_acceptancechange;
DROP FUNCTION accounts_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_accepts_closing")]

    operations = [
        migrations.CreateModel(
            name="AcceptanceChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("before", models.BooleanField()),
                ("after", models.BooleanField()),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acceptance_changes",
                        to="accounts.apiclient",
                    ),
                ),
            ],
            options={"ordering": ("-pk",)},
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
