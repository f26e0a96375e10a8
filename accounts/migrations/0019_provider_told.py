from django.db import migrations, models

# What a group means, and who somebody is at the provider, stand in the audit log; and a role that a group gave
# is told from one that somebody here gave.
TELL = """
CREATE TRIGGER accounts_grouprole_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_grouprole
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'role', 'group_role', 'ended_by_id', 'group', 'group', 'group,unit_id,role,ended_at', '');
CREATE TRIGGER accounts_providerlink_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_providerlink
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'role', 'provider_link', 'linked_by_id', 'user', 'user_id', 'issuer,subject,login_name',
        'groups,groups_at,is_proved');
DROP TRIGGER accounts_membership_audited ON accounts_membership;
CREATE TRIGGER accounts_membership_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_membership
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'role', 'membership', '', 'user', 'user_id', 'user_id,unit_id,role,by_provider', '');
"""
# A row of a group ends once and stays; a link is somebody's for as long as it is there.
GUARD = """
CREATE FUNCTION accounts_group_role_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
        AND to_jsonb(NEW) - ARRAY['ended_at', 'ended_by_id'] = to_jsonb(OLD) - ARRAY['ended_at', 'ended_by_id']
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what a group means is ended and never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION accounts_provider_link_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.user_id = OLD.user_id AND NEW.issuer = OLD.issuer
        AND (OLD.subject IS NULL OR NEW.subject IS NOT DISTINCT FROM OLD.subject) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'whose a link is never changes: take it away and make another'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER accounts_grouprole_ends BEFORE UPDATE ON accounts_grouprole
    FOR EACH ROW EXECUTE FUNCTION accounts_group_role_ends();
CREATE TRIGGER accounts_grouprole_keeps_rows BEFORE DELETE ON accounts_grouprole
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER accounts_grouprole_keeps_all BEFORE TRUNCATE ON accounts_grouprole
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER accounts_providerlink_stays BEFORE UPDATE ON accounts_providerlink
    FOR EACH ROW EXECUTE FUNCTION accounts_provider_link_stays();
"""
UNDO = """
DROP TRIGGER accounts_grouprole_audited ON accounts_grouprole;
DROP TRIGGER accounts_providerlink_audited ON accounts_providerlink;
DROP TRIGGER accounts_grouprole_ends ON accounts_grouprole;
DROP TRIGGER accounts_grouprole_keeps_rows ON accounts_grouprole;
DROP TRIGGER accounts_grouprole_keeps_all ON accounts_grouprole;
DROP TRIGGER accounts_providerlink_stays ON accounts_providerlink;
DROP FUNCTION accounts_group_role_ends();
DROP FUNCTION accounts_provider_link_stays();
DROP TRIGGER accounts_membership_audited ON accounts_membership;
CREATE TRIGGER accounts_membership_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_membership
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'role', 'membership', '', 'user', 'user_id', 'user_id,unit_id,role', '');
"""
# Roles by group hold for a while after the provider spoke of somebody last: of who came already that is known.
SPOKEN = """
UPDATE accounts_providerlink AS link SET groups_at = came.at, is_proved = true
FROM (
    SELECT user_id, max(at) AS at FROM accounts_signinevent
    WHERE kind = 'signed_in' AND factor LIKE 'sso%' GROUP BY user_id
) AS came
WHERE came.user_id = link.user_id AND link.subject IS NOT NULL;
"""


class Migration(migrations.Migration):
    small = "people, their roles and links, what groups mean: some rows for each person"
    moves = "links with the provider, one row for each person: a sign-in waits for a moment"

    dependencies = [
        ("accounts", "0018_administration"),
    ]

    operations = [
        migrations.AddField(
            model_name="providerlink",
            name="groups",
            field=models.JSONField(blank=True, db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="providerlink",
            name="groups_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="providerlink",
            name="is_proved",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(SPOKEN, migrations.RunSQL.noop),
        migrations.RunSQL(TELL + GUARD, UNDO),
    ]
