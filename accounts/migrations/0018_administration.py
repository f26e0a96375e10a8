import django.db.models.deletion
from django.db import migrations, models

# As before, and the reason that the deed was given (accounts.audit.reasons), where there is one.
_TELL = """
CREATE OR REPLACE FUNCTION accounts_audit_tell(
    kind text, what text, by_user bigint, by_client bigint, about_kind text, about text, details jsonb,
    address inet, device text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    acting jsonb := accounts_audit_actor();
    known bigint := by_user;
BEGIN
    IF known IS NULL AND by_client IS NULL THEN
        known := (acting->>'user')::bigint;
    END IF;
    INSERT INTO accounts_auditevent (
        at, kind, what, user_id, client_id, who, address, device, about_kind, about, details, digest, key
    ) VALUES (
        clock_timestamp(), kind, left(what, 64), known, by_client,
        COALESCE(
            (SELECT username FROM accounts_user WHERE id = known),
            (SELECT name FROM accounts_apiclient WHERE id = by_client),
            ''
        ),
        COALESCE(address, (acting->>'address')::inet),
        COALESCE(NULLIF(device, ''), acting->>'device', ''),
        about_kind, left(COALESCE(about, ''), 160), COALESCE(details, '{}'::jsonb)%s, '', ''
    );
END $$;
"""
_REASON = """ || jsonb_strip_nulls(
            jsonb_build_object('reason', NULLIF(current_setting('yiwang.reason', true), ''))
        )"""
_UNIT = """
DROP TRIGGER accounts_orgunit_audited ON accounts_orgunit;
CREATE TRIGGER accounts_orgunit_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_orgunit
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'unit', '', 'unit', 'code', 'kind,name_zh,%sparent_id,area_code,is_open%s', 'path');
"""


class Migration(migrations.Migration):
    small = "people and units: some thousands of rows, seldom written"
    dependencies = [
        ("accounts", "0013_provider"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="password_is_first",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="successor",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="succeeds",
                to="accounts.orgunit",
            ),
        ),
        migrations.RunSQL(
            _TELL % _REASON + _UNIT % ("name_en,", ",successor_id"), _TELL % "" + _UNIT % ("", "")
        ),
    ]
