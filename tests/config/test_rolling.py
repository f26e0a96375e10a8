"""Two versions of the code use the same tables during an upgrade: a migration may not come between them."""

import pytest
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    ValidateConstraint,
)
from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as do
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import functions

from config.rolling import RELEASED, faults

ROOMS = ("accounts", "config", "dashboards", "dispatch", "grids", "incidents")


@pytest.fixture(scope="module")
def loader() -> MigrationLoader:
    return MigrationLoader(None)


def test_every_migration_since_the_last_release_can_run_beside_the_version_before(loader) -> None:
    ours = [migration for (app, _name), migration in loader.disk_migrations.items() if app in ROOMS]
    assert len(ours) > 80
    assert [fault for migration in ours for fault in faults(loader, migration)] == []


def test_what_needs_a_window_stands_in_the_upgrade_notes(loader) -> None:
    notes = (settings.BASE_DIR / "docs" / "operation.md").read_text()
    for (app, name), migration in loader.disk_migrations.items():
        if app in ROOMS and getattr(migration, "needs_window", ""):
            assert f"{app}.{name}" in notes


def found(loader: MigrationLoader, *operations: Operation, number: int = 9999, **words: object) -> list[str]:
    """Of a migration of incidents that comes after all that are there."""
    last = max((name for app, name in loader.disk_migrations if app == "incidents"), default="")
    name = f"{number:04}_x"
    later = type("Migration", (Migration,), {"operations": list(operations), **words})(name, "incidents")
    later.dependencies = [("incidents", last)]
    both = MigrationLoader(None)
    both.graph.add_node(("incidents", name), later)
    both.graph.add_dependency(later, ("incidents", name), ("incidents", last))
    return list(faults(both, later))


def key(**options: object) -> models.Field:
    return models.ForeignKey("accounts.OrgUnit", models.PROTECT, related_name="+", **options)


def table(**columns: models.Field) -> do.CreateModel:
    return do.CreateModel("Fresh", [("id", models.BigAutoField(primary_key=True)), *columns.items()])


NULLABLE, REQUIRED = models.IntegerField(null=True), models.IntegerField(default=0)
INDEX = models.Index(fields=["lon"], name="report_lon")
LATER = models.CheckConstraint(condition=models.Q(lon__gte=-180), name="report_lon_known")
ONCE = models.UniqueConstraint(fields=["address"], name="report_once")


@pytest.mark.parametrize(
    "operation",
    [
        do.AddField("report", "more", NULLABLE),
        do.AddField("report", "more", models.IntegerField(default=0, db_default=0)),
        do.AddField("report", "more", models.DateTimeField(db_default=functions.Now())),
        do.AddField("report", "more", key(null=True, db_index=False)),
        do.AddField("report", "more", models.ManyToManyField("accounts.OrgUnit", related_name="+")),
        do.AlterField("report", "address", models.CharField(max_length=400, blank=True)),
        do.AlterField("report", "received_at", models.DateTimeField(null=True)),
        do.AlterUniqueTogether("report", set()),
        AddIndexConcurrently("report", INDEX),
        AddConstraintNotValid("report", LATER),
        ValidateConstraint("report", "report_lon_known"),
        do.SeparateDatabaseAndState(state_operations=[do.RemoveField("report", "lon")]),
        do.SeparateDatabaseAndState(
            [do.RunSQL("CREATE UNIQUE INDEX CONCURRENTLY report_once ON incidents_report (address)")],
            [do.AddConstraint("report", ONCE)],
        ),
        do.RunSQL("CREATE INDEX CONCURRENTLY report_lon ON incidents_report (lon)"),
        do.RunSQL(
            "ALTER TABLE incidents_report ADD more integer, ADD COLUMN most integer NOT NULL DEFAULT 0"
        ),
        do.RunSQL("ALTER TABLE incidents_report ADD CONSTRAINT x CHECK (lon > 0) NOT VALID"),
        do.RunSQL("ALTER TABLE incidents_report VALIDATE CONSTRAINT x"),
        do.RunSQL("ALTER TABLE incidents_report ADD CONSTRAINT x UNIQUE USING INDEX report_once"),
        do.RunSQL("ALTER TABLE incidents_report RENAME CONSTRAINT a TO b"),
        do.RunSQL("ALTER TABLE incidents_report ALTER COLUMN lon DROP NOT NULL"),
        do.RunSQL(
            "-- it's DROP TABLE here\nCOMMENT ON TABLE incidents_report IS 'ALTER TABLE x DROP COLUMN y'"
        ),
        do.RunSQL("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM x; END $$"),
        do.RunSQL("CREATE TABLE incidents_more (id bigint NOT NULL UNIQUE)"),
        do.RunSQL("CREATE TRIGGER x AFTER INSERT OR UPDATE OF lon ON incidents_report EXECUTE FUNCTION f()"),
        do.RunSQL("DROP TRIGGER IF EXISTS x ON incidents_report; DROP FUNCTION f()"),
    ],
)
def test_what_the_version_before_can_ignore_is_allowed(loader, operation: Operation) -> None:
    assert found(loader, operation) == []


@pytest.mark.parametrize(
    ("operation", "instead"),
    [
        (do.AddField("report", "more", REQUIRED), "db_default"),
        (do.AddField("report", "more", key(null=True)), "db_index=False"),
        (do.AddField("report", "more", models.IntegerField(null=True, db_index=True)), "db_index=False"),
        (do.AddField("report", "more", models.IntegerField(null=True, unique=True)), "unique=False"),
        (do.AddField("report", "more", models.PositiveIntegerField(null=True)), "check"),
        (do.AddField("report", "more", models.UUIDField(db_default=RandomUUID())), "reckoned"),
        (do.AddField("report", "more", key(db_default=1, db_index=False)), "a key without a default"),
        (do.RemoveField("report", "lon"), "state_operations"),
        (do.DeleteModel("IdempotencyKey"), "state_operations"),
        (do.RenameField("report", "lon", "longitude"), "db_column"),
        (do.RenameModel("Report", "Message"), "db_table"),
        (do.AlterField("report", "lon", models.FloatField()), "constraint first"),
        (do.AlterField("report", "lon", models.CharField(max_length=20, null=True)), "second column"),
        (do.AlterField("report", "address", models.CharField(max_length=20)), "second column"),
        (do.AlterField("report", "address", models.CharField(max_length=400, db_index=True)), "db_index"),
        (do.AlterField("report", "address", models.CharField(max_length=400, unique=True)), "unique=False"),
        (do.AlterField("report", "address", models.CharField(max_length=400, db_column="at")), "db_column"),
        (do.AlterUniqueTogether("report", {("lon", "lat")}), "UNIQUE INDEX CONCURRENTLY"),
        (do.AddIndex("report", INDEX), "AddIndexConcurrently"),
        (do.AddConstraint("report", LATER), "AddConstraintNotValid"),
        (do.AddConstraint("report", ONCE), "UNIQUE INDEX CONCURRENTLY"),
        (do.RunPython(do.RunPython.noop), "moves"),
        (do.RunSQL("ALTER TABLE incidents_report DROP COLUMN lon"), "drops"),
        (do.RunSQL("ALTER TABLE ONLY incidents_report DROP lon"), "drops"),
        (do.RunSQL([("ALTER TABLE incidents_report RENAME COLUMN lon TO longitude", None)]), "renames"),
        (do.RunSQL("ALTER TABLE incidents_report RENAME lon TO longitude"), "renames"),
        (do.RunSQL("ALTER TABLE incidents_report RENAME TO incidents_message"), "renames"),
        (do.RunSQL("create unique index once on incidents_report (lon)"), "index under a lock"),
        (do.RunSQL("ALTER TABLE incidents_report ALTER COLUMN lon SET NOT NULL"), "forbids"),
        (do.RunSQL("ALTER TABLE incidents_report ALTER lon TYPE text"), "rewrites"),
        (do.RunSQL("ALTER TABLE incidents_report ADD COLUMN more integer NOT NULL"), "DEFAULT"),
        (do.RunSQL("ALTER TABLE incidents_report ADD a integer, ADD b numeric(4, 2) NOT NULL"), "DEFAULT"),
        (do.RunSQL("ALTER TABLE incidents_report ADD a uuid DEFAULT gen_random_uuid()"), "reckoned"),
        (do.RunSQL("ALTER TABLE incidents_report ADD a integer CHECK (a > 0)"), "check"),
        (do.RunSQL("ALTER TABLE incidents_report ADD a integer UNIQUE"), "index under a lock"),
        (do.RunSQL("ALTER TABLE incidents_report ADD CONSTRAINT x CHECK (lon > 0)"), "NOT VALID"),
        (do.RunSQL("ALTER TABLE incidents_report ADD FOREIGN KEY (x) REFERENCES accounts_user"), "NOT VALID"),
        (do.RunSQL("UPDATE incidents_report SET lon = 0"), "moves"),
        (do.RunSQL("DO $$ BEGIN DROP TABLE incidents_report; END $$"), "moves"),
        (do.RunSQL("TRUNCATE incidents_report"), "empties"),
        (do.RunSQL("REINDEX TABLE incidents_report"), "CONCURRENTLY"),
    ],
)
def test_what_would_break_it_is_refused_with_what_to_do_instead(loader, operation, instead: str) -> None:
    (fault,) = found(loader, operation)
    assert instead in fault
    assert "incidents.9999_x" in fault


TRIGGER = "CREATE OR REPLACE TRIGGER x AFTER INSERT ON {} FOR EACH ROW EXECUTE FUNCTION f()"


@pytest.mark.parametrize(
    "beside",
    [
        do.RunSQL(TRIGGER.format("incidents_text")),
        do.AddField("report", "more", NULLABLE),
        do.RunSQL("COMMENT ON TABLE incidents_report IS 'x'"),
    ],
)
def test_a_trigger_waits_for_its_table_alone(loader, beside: Operation) -> None:
    trigger = do.RunSQL(TRIGGER.format("incidents_report"))
    assert any("alone in a migration" in fault for fault in found(loader, trigger, beside))
    assert found(loader, trigger, beside, small="as many rows as units") == []
    off = do.RunSQL("ALTER TABLE incidents_report DISABLE TRIGGER x")
    assert any("alone in a migration" in fault for fault in found(loader, off))


def test_a_trigger_of_a_table_that_nobody_knows_yet(loader) -> None:
    beside = do.RunSQL(TRIGGER.format("incidents_fresh"))
    assert found(loader, table(lon=NULLABLE), beside) == []


def test_an_operation_that_nobody_has_thought_about_is_refused(loader) -> None:
    class Strange(Operation):
        def state_forwards(self, app_label, state) -> None:
            pass

    (fault,) = found(loader, Strange())
    assert "no rule knows" in fault


def test_a_key_beside_the_version_before(loader) -> None:
    """As docs/operation.md says it: the column with its key, and the index after it."""
    column = do.AddField("report", "more", key(null=True, db_index=False))
    assert found(loader, column) == []
    index = AddIndexConcurrently("report", models.Index(fields=["more"], name="report_more"))
    assert found(loader, column, index) == []
    (fault,) = found(loader, column, do.AlterField("report", "more", key(null=True)))
    assert "db_index=False" in fault


def test_a_table_of_the_same_migration_is_nobody_s_yet(loader) -> None:
    operations = [
        table(lon=NULLABLE),
        do.AddField("fresh", "more", REQUIRED),
        do.AddField("fresh", "of", key()),
        do.AddIndex("fresh", models.Index(fields=["lon"], name="fresh_lon")),
        do.AlterUniqueTogether("fresh", {("lon", "more")}),
        do.AlterField("fresh", "lon", models.IntegerField(unique=True)),
        do.RunSQL("CREATE UNIQUE INDEX fresh_once ON incidents_fresh (more)"),
        do.RunSQL('ALTER TABLE "incidents_fresh" ADD CHECK (lon > 0)'),
    ]
    assert found(loader, *operations) == []


def test_what_a_released_migration_forgot_may_go(loader) -> None:
    drop = do.RunSQL("ALTER TABLE incidents_report DROP COLUMN lon")
    assert found(loader, drop, finishes="0001_initial") == []
    assert found(loader, drop, finishes="9998_not_released")
    rename = do.RunSQL("ALTER TABLE incidents_report RENAME lon TO longitude")
    assert found(loader, rename, finishes="0001_initial")  # it drops, and nothing else


def test_a_window_is_a_decision_with_a_reason(loader) -> None:
    assert found(loader, do.RemoveField("report", "lon"), needs_window="it cannot be done otherwise") == []
    assert found(loader, do.RemoveField("report", "lon"), needs_window=True)


def test_a_word_excuses_its_own_kind_of_fault_only(loader) -> None:
    indexed = do.AddField("report", "more", models.IntegerField(null=True, db_index=True))
    assert found(loader, indexed, small="as many rows as units") == []
    assert found(loader, indexed, small="yes")  # that is no reason
    assert found(loader, indexed, moves="as many rows as units")
    update = do.RunSQL("UPDATE incidents_report SET lon = 0 WHERE lon IS NULL")
    assert found(loader, update, moves="a few rows of one day") == []
    assert found(loader, update, small="a few rows of one day")
    assert found(loader, do.AddField("report", "more", REQUIRED), small="as many rows as units")
    assert found(loader, do.RemoveField("report", "lon"), moves="as many rows as units")


def test_what_was_released_is_exempt(loader) -> None:
    remove = do.RemoveField("report", "lon")
    assert found(loader, remove, number=RELEASED["incidents"]) == []
    assert found(loader, remove, number=RELEASED["incidents"] + 1)
