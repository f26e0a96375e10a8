"""The map of the district is changed in the browser: areas are retired, and each change says who made it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Only added to, as the other histories. A map changes thousands of areas: who changed how many is one line of
# the audit log, each stands in its own history. Names of places have none, so the log has theirs by statement.
TELL = """
CREATE TRIGGER grids_areachange_keeps_rows BEFORE UPDATE OR DELETE ON grids_areachange
    FOR EACH ROW EXECUTE FUNCTION grids_refuse_change();
CREATE TRIGGER grids_areachange_keeps_all BEFORE TRUNCATE ON grids_areachange
    FOR EACH STATEMENT EXECUTE FUNCTION grids_refuse_change();
CREATE FUNCTION grids_audit_areas() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT changed_by_id, count(*) AS rows, min(area) AS first, min(before) AS was, min(after) AS is_now,
               count(*) FILTER (WHERE what = 'added') AS added,
               count(*) FILTER (WHERE what = 'changed') AS changed,
               count(*) FILTER (WHERE what = 'retired') AS retired
        FROM fresh GROUP BY changed_by_id
    LOOP
        PERFORM accounts_audit_tell(
            'config', 'areas', one.changed_by_id, NULL, 'area',
            CASE WHEN one.rows = 1 THEN one.first ELSE '' END,
            CASE WHEN one.rows = 1
                THEN jsonb_build_object('before', one.was, 'after', one.is_now)
                ELSE jsonb_build_object('areas_added', one.added, 'areas_changed', one.changed,
                                        'areas_retired', one.retired)
            END,
            NULL, ''
        );
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER grids_areachange_audited AFTER INSERT ON grids_areachange
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION grids_audit_areas();
CREATE FUNCTION grids_audit_places() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT count(*) AS rows, min(code) AS first INTO one FROM fresh;
    ELSE
        SELECT count(*) AS rows, min(fresh.code) AS first INTO one
        FROM fresh JOIN stale ON stale.code = fresh.code
        WHERE to_jsonb(stale) IS DISTINCT FROM to_jsonb(fresh);
    END IF;
    IF one.rows > 0 THEN
        PERFORM accounts_audit_tell(
            'config', 'named_places', NULL, NULL, 'named_place',
            CASE WHEN one.rows = 1 THEN one.first ELSE '' END,
            jsonb_build_object('op', lower(TG_OP), 'rows', one.rows), NULL, ''
        );
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER grids_namedplace_audited AFTER INSERT ON grids_namedplace
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION grids_audit_places();
CREATE TRIGGER grids_namedplace_change_audited AFTER UPDATE ON grids_namedplace
    REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION grids_audit_places();
"""
UNTELL = """
DROP TRIGGER grids_namedplace_change_audited ON grids_namedplace;
DROP TRIGGER grids_namedplace_audited ON grids_namedplace;
DROP FUNCTION grids_audit_places();
DROP TRIGGER grids_areachange_audited ON grids_areachange;
DROP FUNCTION grids_audit_areas();
DROP TRIGGER grids_areachange_keeps_rows ON grids_areachange;
DROP TRIGGER grids_areachange_keeps_all ON grids_areachange;
"""


class Migration(migrations.Migration):
    small = "areas are some thousand rows: checking one constraint of them lasts no time"

    dependencies = [
        ("accounts", "0012_audit_log"),
        ("grids", "0008_codes_told"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AreaChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("area", models.CharField(max_length=15)),
                (
                    "what",
                    models.CharField(
                        choices=[("added", "New"), ("changed", "Changed"), ("retired", "Retired")],
                        max_length=8,
                    ),
                ),
                ("before", models.CharField(blank=True, max_length=40)),
                ("after", models.CharField(blank=True, max_length=40)),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
                "indexes": [models.Index(fields=["area", "-id"], name="area_changes")],
            },
        ),
        migrations.RemoveConstraint(model_name="area", name="area_retired_if_block"),
        migrations.AddConstraint(
            model_name="area",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("retired_at__isnull", True),
                    models.Q(("kind", "district"), _negated=True),
                    _connector="OR",
                ),
                name="area_district_stays",
            ),
        ),
        migrations.RunSQL(TELL, UNTELL),
    ]
