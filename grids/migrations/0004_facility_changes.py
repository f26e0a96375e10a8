import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# As the timeline's: whoever may write to the table may add to it, and nothing else.
REFUSE = """
CREATE FUNCTION grids_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER grids_facilitychange_keeps_rows BEFORE UPDATE OR DELETE ON grids_facilitychange
    FOR EACH ROW EXECUTE FUNCTION grids_refuse_change();
CREATE TRIGGER grids_facilitychange_keeps_all BEFORE TRUNCATE ON grids_facilitychange
    FOR EACH STATEMENT EXECUTE FUNCTION grids_refuse_change();
"""
ALLOW = """
DROP TRIGGER grids_facilitychange_keeps_rows ON grids_facilitychange;
DROP TRIGGER grids_facilitychange_keeps_all ON grids_facilitychange;
DROP FUNCTION grids_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("grids", "0003_who_keeps_codes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FacilityChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("facility", models.CharField(max_length=40)),
                ("before", models.CharField(blank=True, max_length=64)),
                ("after", models.CharField(blank=True, max_length=64)),
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
            options={"ordering": ("-pk",)},
        ),
        migrations.AddIndex(
            model_name="facilitychange",
            index=models.Index(fields=["facility", "-id"], name="facility_changes"),
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
