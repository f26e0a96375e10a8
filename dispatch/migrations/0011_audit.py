from django.db import migrations

# What the audit log tells of this room (accounts.audit).
TELL = """
CREATE FUNCTION dispatch_audit_list() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM accounts_audit_tell(
        'list', 'list_' || NEW.kind, NEW.by_id, NULL, 'list',
        (SELECT version::text FROM dispatch_responsibilitylist WHERE id = NEW.list_id),
        jsonb_build_object('at', NEW.at), NULL, ''
    );
    RETURN NULL;
END $$;
CREATE TRIGGER dispatch_listevent_audited AFTER INSERT ON dispatch_listevent
    FOR EACH ROW EXECUTE FUNCTION dispatch_audit_list();
CREATE TRIGGER dispatch_sourcecategorychange_audited AFTER INSERT ON dispatch_sourcecategorychange
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_history(
        'list', 'mapping', 'changed_by_id', 'source', 'source',
        'name,before,after', '');
CREATE TRIGGER dispatch_calendaryear_audited AFTER INSERT OR UPDATE OR DELETE ON dispatch_calendaryear
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'calendar_year', 'confirmed_by_id', 'year', 'year',
        'confirmed', '');
CREATE TRIGGER dispatch_workinghours_audited AFTER INSERT OR UPDATE OR DELETE ON dispatch_workinghours
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'working_hours', 'changed_by_id', 'unit', 'unit_id',
        'periods,weekdays,follows_holidays,follows_stoppages', 'changed_at');
CREATE TRIGGER dispatch_stoppage_audited AFTER INSERT OR UPDATE OR DELETE ON dispatch_stoppage
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'stoppage', 'declared_by_id', 'stoppage', 'id',
        'starts_at,ends_at,revoked_at', '');
"""
UNTELL = """
DROP TRIGGER dispatch_listevent_audited ON dispatch_listevent;
DROP TRIGGER dispatch_sourcecategorychange_audited ON dispatch_sourcecategorychange;
DROP TRIGGER dispatch_calendaryear_audited ON dispatch_calendaryear;
DROP TRIGGER dispatch_workinghours_audited ON dispatch_workinghours;
DROP TRIGGER dispatch_stoppage_audited ON dispatch_stoppage;
DROP FUNCTION dispatch_audit_list();
"""


class Migration(migrations.Migration):
    small = "lists, names of sources, years and hours: some rows in a day"
    dependencies = [
        ("accounts", "0012_audit_log"),
        ("dispatch", "0010_who_applied_imports"),
    ]

    operations = [
        migrations.RunSQL(TELL, UNTELL),
    ]
