from django.db import migrations

# What the audit log tells of this room (accounts.audit).
TELL = """
CREATE FUNCTION dashboards_audit_download() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM accounts_audit_tell(
        'export', 'dataset', NEW.user_id, NEW.client_id, 'dataset', NEW.dataset,
        jsonb_build_object(
            'version', NEW.version, 'format', NEW.format, 'rows', NEW.rows, 'domain', NEW.domain
        ), NULL, ''
    );
    RETURN NULL;
END $$;
CREATE TRIGGER dashboards_download_audited AFTER INSERT ON dashboards_download
    FOR EACH ROW EXECUTE FUNCTION dashboards_audit_download();
CREATE TRIGGER dashboards_dataevent_audited AFTER INSERT ON dashboards_dataevent
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_history(
        'config', 'data', 'by_id', 'dataset', 'dataset',
        'request_id,data', 'kind');
CREATE TRIGGER dashboards_repeatrulerevision_audited AFTER INSERT ON dashboards_repeatrulerevision
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_history(
        'config', 'repeat_rule', 'changed_by_id', 'rule', 'matter_code',
        'by,street_code,before,days,at_least,is_active', '');
CREATE TRIGGER dashboards_screendisplay_audited AFTER INSERT OR UPDATE OR DELETE ON dashboards_screendisplay
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'screen', 'opened_by_id', 'area', 'area_code',
        'name,area_code,expires_at,ended_at', 'seen_at');
"""
UNTELL = """
DROP TRIGGER dashboards_download_audited ON dashboards_download;
DROP TRIGGER dashboards_dataevent_audited ON dashboards_dataevent;
DROP TRIGGER dashboards_repeatrulerevision_audited ON dashboards_repeatrulerevision;
DROP TRIGGER dashboards_screendisplay_audited ON dashboards_screendisplay;
DROP FUNCTION dashboards_audit_download();
"""


class Migration(migrations.Migration):
    small = "rules, screens, and who took which data set: some rows in a day"
    dependencies = [
        ("accounts", "0012_audit_log"),
        ("dashboards", "0022_rules_of_streets"),
    ]

    operations = [
        migrations.RunSQL(TELL, UNTELL),
    ]
