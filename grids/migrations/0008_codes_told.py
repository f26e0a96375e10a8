from django.db import migrations

# Putting a printed code out of use and back into it; of one that is in use again its row says nothing.
TELL = """
CREATE TRIGGER grids_placecode_audited AFTER UPDATE OF retired_at ON grids_placecode
    FOR EACH ROW WHEN (OLD.retired_at IS DISTINCT FROM NEW.retired_at)
    EXECUTE FUNCTION accounts_audit_change(
        'config', 'place_code', 'retired_by_id', 'code', 'code', 'retired_at,retired_by_id', '');
"""
UNTELL = """
DROP TRIGGER grids_placecode_audited ON grids_placecode;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_audit_log"),
        ("grids", "0007_audit"),
    ]

    operations = [
        migrations.RunSQL(TELL, UNTELL),
    ]
