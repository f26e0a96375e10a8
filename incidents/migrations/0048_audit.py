from django.db import migrations

# What the audit log tells of this room (accounts.audit).
TELL = """
CREATE FUNCTION incidents_audit_look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM accounts_audit_tell(
        'personal', NEW.kind, NEW.actor_id, NEW.client_id, 'case',
        (SELECT number FROM incidents_incident WHERE id = NEW.incident_id), NEW.data, NULL, ''
    );
    RETURN NULL;
END $$;
CREATE TRIGGER incidents_webhook_audited AFTER INSERT OR UPDATE OR DELETE ON incidents_webhook
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'webhook', '', 'webhook', 'name',
        'name,source,kinds,is_active', '');
CREATE TRIGGER incidents_alertrule_audited AFTER INSERT OR UPDATE OR DELETE ON incidents_alertrule
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'alert_rule', 'changed_by_id', 'rule', 'name',
        'position,category_code,urgency,makes_case,closes_itself,is_active', 'changed_at');
CREATE TRIGGER incidents_alertinhibition_audited AFTER INSERT OR UPDATE OR DELETE ON incidents_alertinhibition
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'alert_inhibition', 'changed_by_id', 'rule', 'name',
        'is_active,of_parent,equal', 'changed_at');
CREATE TRIGGER incidents_clockrule_audited AFTER INSERT OR UPDATE OR DELETE ON incidents_clockrule
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'clock_rule', '', 'rule', 'kind',
        'kind,urgency,limit,warn_at,head_after,street_after,district_after,leader_after,supervise_after', '');
CREATE TRIGGER incidents_blockchange_audited AFTER INSERT ON incidents_blockchange
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_history(
        'config', 'block', 'by_id', 'area', 'area_code',
        '', 'what');
"""
UNTELL = """
DROP TRIGGER incidents_webhook_audited ON incidents_webhook;
DROP TRIGGER incidents_alertrule_audited ON incidents_alertrule;
DROP TRIGGER incidents_alertinhibition_audited ON incidents_alertinhibition;
DROP TRIGGER incidents_clockrule_audited ON incidents_clockrule;
DROP TRIGGER incidents_blockchange_audited ON incidents_blockchange;
DROP FUNCTION incidents_audit_look();
"""


class Migration(migrations.Migration):
    """The timeline, which everybody writes to, has its own: 0058_looks_told."""

    small = "webhooks, rules and blocks: tens of rows"
    dependencies = [
        ("accounts", "0012_audit_log"),
        ("incidents", "0047_closed_in_order"),
    ]

    operations = [
        migrations.RunSQL(TELL, UNTELL),
    ]
