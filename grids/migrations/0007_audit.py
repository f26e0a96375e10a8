from django.db import migrations

# What the audit log tells of this room (accounts.audit).
TELL = """
CREATE FUNCTION grids_audit_facilities() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    -- A sheet changes a quarter of a million of them: who changed how many is one line, each stands in its own
    -- history.
    FOR one IN
        SELECT changed_by_id, count(*) AS rows, min(facility) AS first FROM fresh GROUP BY changed_by_id
    LOOP
        PERFORM accounts_audit_tell(
            'list', 'facility_owners', one.changed_by_id, NULL, 'facility',
            CASE WHEN one.rows = 1 THEN one.first ELSE '' END, jsonb_build_object('rows', one.rows), NULL, ''
        );
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER grids_facilitychange_audited AFTER INSERT ON grids_facilitychange
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION grids_audit_facilities();
"""
UNTELL = """
DROP TRIGGER grids_facilitychange_audited ON grids_facilitychange;
DROP FUNCTION grids_audit_facilities();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_audit_log"),
        ("grids", "0006_blocks_that_were_taken_apart"),
    ]

    operations = [
        migrations.RunSQL(TELL, UNTELL),
    ]
