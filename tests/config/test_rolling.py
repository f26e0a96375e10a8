"""Two versions of the code use the same tables during an upgrade: a migration may not come between them."""

import pytest
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as do
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from config.rolling import RELEASED, faults, number_of

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


def found(loader: MigrationLoader, *operations: Operation, **attributes: object) -> list[str]:
    """Of a migration of incidents that comes after all that are there."""
    last = max((name for app, name in loader.disk_migrations if app == "incidents"), default="")
    later = type("Migration", (Migration,), {"operations": list(operations), **attributes})(
        "9999_x", "incidents"
    )
    later.dependencies = [("incidents", last)]
    both = MigrationLoader(None)
    both.graph.add_node(("incidents", "9999_x"), later)
    both.graph.add_dependency(later, ("incidents", "9999_x"), ("incidents", last))
    return list(faults(both, later))


NULLABLE, REQUIRED = models.IntegerField(null=True), models.IntegerField(default=0)
INDEX = models.Index(fields=["lon"], name="report_lon")
LATER = models.CheckConstraint(condition=models.Q(lon__gte=-180), name="report_lon_known")


@pytest.mark.parametrize(
    "operation",
    [
        do.AddField("report", "more", NULLABLE),
        do.AddField("report", "more", models.IntegerField(default=0, db_default=0)),
        do.AlterField("report", "address", models.CharField(max_length=400, blank=True)),
        do.AlterField("report", "received_at", models.DateTimeField(null=True)),
        AddIndexConcurrently("report", INDEX),
        AddConstraintNotValid("report", LATER),
        do.SeparateDatabaseAndState(state_operations=[do.RemoveField("report", "lon")]),
        do.RunSQL("CREATE INDEX CONCURRENTLY report_lon ON incidents_report (lon)"),
    ],
)
def test_what_the_version_before_can_ignore_is_allowed(loader, operation: Operation) -> None:
    assert found(loader, operation) == []


@pytest.mark.parametrize(
    ("operation", "instead"),
    [
        (do.AddField("report", "more", REQUIRED), "db_default"),
        (do.RemoveField("report", "lon"), "state_operations"),
        (do.DeleteModel("IdempotencyKey"), "state_operations"),
        (do.RenameField("report", "lon", "longitude"), "db_column"),
        (do.RenameModel("Report", "Message"), "db_table"),
        (do.AlterField("report", "lon", models.FloatField()), "constraint first"),
        (do.AlterField("report", "lon", models.CharField(max_length=20, null=True)), "second column"),
        (do.AlterField("report", "address", models.CharField(max_length=20)), "second column"),
        (do.AddIndex("report", INDEX), "AddIndexConcurrently"),
        (do.AddConstraint("report", LATER), "AddConstraintNotValid"),
        (do.RunSQL("ALTER TABLE incidents_report DROP COLUMN lon"), "drops"),
        (do.RunSQL([("ALTER TABLE incidents_report RENAME COLUMN lon TO longitude", None)]), "renames"),
        (do.RunSQL("create unique index once on incidents_report (lon)"), "index under a lock"),
        (do.RunSQL("ALTER TABLE incidents_report ALTER COLUMN lon SET NOT NULL"), "forbids"),
    ],
)
def test_what_would_break_it_is_refused_with_what_to_do_instead(loader, operation, instead: str) -> None:
    (fault,) = found(loader, operation)
    assert instead in fault
    assert "incidents.9999_x" in fault


def test_a_table_of_the_same_migration_is_nobody_s_yet(loader) -> None:
    table = do.CreateModel("Fresh", [("id", models.BigAutoField(primary_key=True)), ("lon", NULLABLE)])
    fresh_index = do.AddIndex("fresh", models.Index(fields=["lon"], name="fresh_lon"))
    assert found(loader, table, do.AddField("fresh", "more", REQUIRED), fresh_index) == []


def test_what_a_released_migration_forgot_may_go(loader) -> None:
    drop = do.RunSQL("ALTER TABLE incidents_report DROP COLUMN lon")
    assert found(loader, drop, finishes="0001_initial") == []
    assert found(loader, drop, finishes="9998_not_released")


def test_a_window_is_a_decision_with_a_reason(loader) -> None:
    assert found(loader, do.RemoveField("report", "lon"), needs_window="it cannot be done otherwise") == []


def test_what_was_released_is_exempt(loader) -> None:
    for app, last in RELEASED.items():
        assert any(
            room == app and number_of(loader.disk_migrations[room, name]) <= last
            for room, name in loader.disk_migrations
        )
