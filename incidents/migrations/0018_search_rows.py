"""Cases are found by their words: rows filled beside the work, and a queue that triggers write.

The queue is written in the transaction that changes what a case is found by, whoever does it: a report
that comes to a case or leaves it, what is said later, what a unit says it did, and an erased text.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

QUEUE = """
CREATE FUNCTION incidents_queue_linked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incidents_searchpending (incident_id) SELECT DISTINCT incident_id FROM added;
    RETURN NULL;
END $$;
CREATE FUNCTION incidents_queue_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incidents_searchpending (incident_id) VALUES (NEW.incident_id);
    RETURN NULL;
END $$;
CREATE FUNCTION incidents_queue_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incidents_searchpending (incident_id)
    SELECT incident_id FROM incidents_incidentreport
    WHERE report_id = NEW.report_id AND unlinked_at IS NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION incidents_queue_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incidents_searchpending (incident_id)
    SELECT l.incident_id FROM incidents_incidentreport l JOIN incidents_report r ON r.id = l.report_id
    WHERE r.text_id = NEW.id
    UNION
    SELECT l.incident_id FROM incidents_incidentreport l
    JOIN incidents_reportupdate u ON u.report_id = l.report_id WHERE u.text_id = NEW.id
    UNION
    SELECT incident_id FROM incidents_assignment WHERE resolution_id = NEW.id;
    RETURN NULL;
END $$;

-- A batch of reports costs one more INSERT.
CREATE TRIGGER incidents_queue_linked AFTER INSERT ON incidents_incidentreport
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION incidents_queue_linked();
CREATE TRIGGER incidents_queue_unlinked AFTER UPDATE OF unlinked_at ON incidents_incidentreport
    FOR EACH ROW WHEN (NEW.unlinked_at IS DISTINCT FROM OLD.unlinked_at)
    EXECUTE FUNCTION incidents_queue_case();
CREATE TRIGGER incidents_queue_result AFTER UPDATE OF resolution_id ON incidents_assignment
    FOR EACH ROW WHEN (NEW.resolution_id IS DISTINCT FROM OLD.resolution_id)
    EXECUTE FUNCTION incidents_queue_case();
CREATE TRIGGER incidents_queue_update AFTER INSERT ON incidents_reportupdate
    FOR EACH ROW WHEN (NEW.text_id IS NOT NULL) EXECUTE FUNCTION incidents_queue_report();
CREATE TRIGGER incidents_queue_text AFTER UPDATE OF body, erased_at ON incidents_text
    FOR EACH ROW EXECUTE FUNCTION incidents_queue_text();

-- What was there before is taken in too, the newest first.
INSERT INTO incidents_searchpending (incident_id) SELECT id FROM incidents_incident ORDER BY id DESC;
"""
UNQUEUE = """
DROP TRIGGER incidents_queue_linked ON incidents_incidentreport;
DROP TRIGGER incidents_queue_unlinked ON incidents_incidentreport;
DROP TRIGGER incidents_queue_result ON incidents_assignment;
DROP TRIGGER incidents_queue_update ON incidents_reportupdate;
DROP TRIGGER incidents_queue_text ON incidents_text;
DROP FUNCTION incidents_queue_linked();
DROP FUNCTION incidents_queue_case();
DROP FUNCTION incidents_queue_report();
DROP FUNCTION incidents_queue_text();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_list_steward"),
        ("dispatch", "0006_import_tries"),
        ("incidents", "0017_callbacks_and_knowledge"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("page", models.CharField(choices=[("cases", "Cases"), ("desk", "Desk")], max_length=8)),
                ("name", models.CharField(max_length=24)),
                ("query", models.CharField(max_length=600)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="SearchPending",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("incident_id", models.BigIntegerField()),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="SearchRow",
            fields=[
                (
                    "incident",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="search_row",
                        serialize=False,
                        to="incidents.incident",
                    ),
                ),
                (
                    "grams",
                    django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["source", "-received_at", "-id"], name="incident_source"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["community_code", "-received_at", "-id"], name="incident_community"),
        ),
        migrations.AddField(
            model_name="savedview",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="saved_views",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="unit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="saved_views",
                to="accounts.orgunit",
            ),
        ),
        migrations.AddIndex(
            model_name="searchrow",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["grams"], name="search_grams"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("owner", "page", "name"), name="view_once_per_owner"),
        ),
        migrations.RunSQL(QUEUE, UNQUEUE),
    ]
