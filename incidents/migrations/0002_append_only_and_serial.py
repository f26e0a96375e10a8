"""The timeline and the countable facts only grow, and case serials come from one sequence."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION incidents_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
"""


def guard(table: str) -> str:
    return f"""
CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION incidents_refuse_change();
"""


def unguard(table: str) -> str:
    return f"DROP TRIGGER {table}_keeps_rows ON {table}; DROP TRIGGER {table}_keeps_all ON {table};"


TABLES = ("incidents_timelineentry", "incidents_outcome", "incidents_firedstage")


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]

    operations = [
        migrations.RunSQL(
            REFUSE + "".join(guard(table) for table in TABLES),
            "".join(unguard(table) for table in TABLES) + "DROP FUNCTION incidents_refuse_change();",
        ),
        migrations.RunSQL("CREATE SEQUENCE incidents_serial CACHE 1", "DROP SEQUENCE incidents_serial"),
    ]
