from django.db import migrations, models

# Of the three administrators nobody is two, and who audits is nothing else: whatever way a row comes. The
# person's row is locked, so that two of them given at the same moment see each other.
APART = """
CREATE FUNCTION accounts_keep_apart() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    three CONSTANT text[] := ARRAY['admin', 'security', 'auditor'];
BEGIN
    PERFORM 1 FROM accounts_user WHERE id = NEW.user_id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT 1 FROM accounts_membership
        WHERE user_id = NEW.user_id AND id IS DISTINCT FROM NEW.id AND role <> NEW.role
            AND (role = 'auditor' OR NEW.role = 'auditor' OR (role = ANY (three) AND NEW.role = ANY (three)))
    ) THEN
        RAISE EXCEPTION 'system, security and audit administrator are three people, and who audits has no other role'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_membership_apart BEFORE INSERT OR UPDATE OF user_id, role ON accounts_membership
    FOR EACH ROW EXECUTE FUNCTION accounts_keep_apart();
"""
TOGETHER = """
DROP TRIGGER accounts_membership_apart ON accounts_membership;
DROP FUNCTION accounts_keep_apart();
"""


class Migration(migrations.Migration):
    small = "some rows for each person"
    dependencies = [
        ("accounts", "0009_no_forms_in_the_log"),
    ]

    operations = [
        migrations.AlterField(
            model_name="membership",
            name="role",
            field=models.CharField(
                choices=[
                    ("operator", "Operator"),
                    ("dispatcher", "Dispatcher"),
                    ("handler", "Handler"),
                    ("supervisor", "Supervisor"),
                    ("leader", "Leader"),
                    ("admin", "System administrator"),
                    ("steward", "List steward"),
                    ("patrol", "Patrol and grid member"),
                    ("security", "Security administrator"),
                    ("auditor", "Audit administrator"),
                ],
                max_length=16,
            ),
        ),
        migrations.RunSQL(APART, TOGETHER),
    ]
