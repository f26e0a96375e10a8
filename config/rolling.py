"""May this migration run while the version before it still serves people?

Between `migrate` and the restart of the last process two versions of the code use the same tables. So a
release only adds what the one before can ignore, and takes away what no running code knows any more; and
nothing holds a lock on a table that grows for longer than a request waits. docs/operation.md says how each
thing is done instead; a migration that cannot keep to it says why in `needs_window`, and stands in the
upgrade notes.
"""

import re
from collections.abc import Iterator
from typing import Final

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import connection, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelTable,
    CreateModel,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
    RunSQL,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

# Up to here no version before was in use anywhere. Raised with each release to its last migrations.
RELEASED: Final = {"accounts": 8, "config": 2, "dashboards": 22, "dispatch": 10, "grids": 6, "incidents": 45}

_LOCKS: Final = (
    (re.compile(r"\bDROP\s+(?:COLUMN|TABLE)\b", re.I), "drops what the running version may still use"),
    (re.compile(r"\bRENAME\s+(?:TO|COLUMN)\b", re.I), "renames what the running version still uses"),
    (re.compile(r"\bSET\s+NOT\s+NULL\b", re.I), "forbids nothing-there, which the running version may write"),
    (
        re.compile(r"\bALTER\s+COLUMN\s+\S+\s+(?:SET\s+DATA\s+)?TYPE\b", re.I),
        "rewrites the table under a lock",
    ),
    (re.compile(r"\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY)", re.I), "builds an index under a lock"),
)


def number_of(migration: Migration) -> int:
    """By which migrations of a room are ordered: 41 of 0041_asked_and_answered."""
    return int(migration.name.partition("_")[0])


def faults(loader: MigrationLoader, migration: Migration) -> Iterator[str]:
    """What of it may not run beside the version before, and what to do instead."""
    if number_of(migration) <= RELEASED.get(migration.app_label, 0) or bool(
        getattr(migration, "needs_window", None)
    ):
        return
    before = loader.project_state((migration.app_label, migration.name), at_end=False)
    made = {operation.name_lower for operation in migration.operations if isinstance(operation, CreateModel)}
    finished = _finishes(migration)
    for operation in migration.operations:
        for fault in _of(operation, before, migration.app_label, made, finished=finished):
            yield f"{migration.app_label}.{migration.name}: {operation.describe()}: {fault}"


def _of(
    operation: Operation, before: ProjectState, app: str, made: set[str], *, finished: bool
) -> Iterator[str]:
    if isinstance(operation, SeparateDatabaseAndState):
        # What only the code forgets is just how it is done.
        for inner in operation.database_operations:
            yield from _of(inner, before, app, made, finished=finished)
    elif isinstance(operation, RunSQL):
        if not finished:
            yield from _in_sql(operation)
    elif isinstance(operation, (RemoveField, DeleteModel)):
        yield "forget it in state_operations now, and drop it in a release that `finishes` this one"
    elif isinstance(operation, (RenameField, RenameModel, AlterModelTable)):
        yield "keep the name in the database (db_column, db_table), or add, copy and drop over three releases"
    elif isinstance(operation, AddField):
        if operation.model_name_lower not in made:
            yield from _added(operation.field)
    elif isinstance(operation, AlterField):
        old = before.models[app, operation.model_name_lower].fields.get(operation.name)
        if old is not None:
            yield from _altered(old, operation.field)
    elif isinstance(operation, AddIndex) and not isinstance(operation, AddIndexConcurrently):
        if operation.model_name_lower not in made:
            yield "AddIndexConcurrently, in a migration with atomic = False"
    elif (
        isinstance(operation, AddConstraint)
        and not isinstance(operation, AddConstraintNotValid)
        and operation.model_name_lower not in made
    ):
        yield "AddConstraintNotValid, then ValidateConstraint in the next one; a unique one over its index"


def _finishes(migration: Migration) -> bool:
    """Does it take away what an earlier release has already forgotten?"""
    name = getattr(migration, "finishes", "")
    return bool(name) and int(name.partition("_")[0]) <= RELEASED.get(migration.app_label, 0)


def _in_sql(operation: RunSQL) -> Iterator[str]:
    parts = operation.sql if isinstance(operation.sql, (list, tuple)) else [operation.sql]
    text = " ".join(part if isinstance(part, str) else part[0] for part in parts)
    for pattern, why in _LOCKS:
        if pattern.search(text):
            yield why


def _added(field: models.Field) -> Iterator[str]:
    if field.many_to_many or field.null or field.db_default is not NOT_PROVIDED:
        return
    yield "give it null=True or db_default: the running version writes rows without it"


def _altered(old: models.Field, new: models.Field) -> Iterator[str]:
    if old.null and not new.null:
        yield "fill it and forbid nothing-there by a constraint first (NOT VALID, then VALIDATE)"
    wider = (
        type(old) is type(new)
        and isinstance(new, models.CharField)
        and (new.max_length is None or (old.max_length is not None and old.max_length <= new.max_length))
    )
    if not wider and old.db_type(connection) != new.db_type(connection):
        yield "another type rewrites the table under a lock: add a second column, copy, and change over"
