from django.db import migrations

# A replaced token is access for as long as it is good: that there is one, and that somebody ended it early.
TELL = """
CREATE FUNCTION accounts_audit_old_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM accounts_audit_tell(
        'config', 'old_token', NULL, NULL, 'system',
        (SELECT name FROM accounts_apiclient WHERE id = NEW.client_id),
        jsonb_build_object('op', lower(TG_OP), 'good_until', NEW.good_until), NULL, ''
    );
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_oldtoken_audited
    AFTER INSERT OR UPDATE OF good_until, client_id, token_hash ON accounts_oldtoken
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_old_token();
"""
UNTELL = """
DROP TRIGGER accounts_oldtoken_audited ON accounts_oldtoken;
DROP FUNCTION accounts_audit_old_token();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0019_provider_told"),
    ]

    operations = [
        migrations.RunSQL(TELL, UNTELL),
    ]
