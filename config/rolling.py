"""May this migration run while the version before it still serves people?

Between `migrate` and the restart of the last process two versions of the code use the same tables. So a
release only adds what the one before can ignore, and takes away what no running code knows any more; and
nothing holds a lock on a table that grows for longer than a request waits. docs/operation.md says how each
thing is done instead, a foreign key among them. Four words of a migration, each with its reason, say more:

    small = "…"         the tables it locks have few rows and always will: no lock lasts
    moves = "…"         it changes rows (RunPython, UPDATE …): how many, and why that disturbs nobody
    finishes = "0042_…" it drops what that migration, of an earlier release, has made the code forget
    needs_window = "…"  it cannot keep to the rule; it stands in the upgrade notes
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    CreateExtension,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import connection, models
from django.db.migrations import Migration
from django.db.migrations import operations as do
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, expressions, functions

from config.rolling_sql import Harm, harms, table_of_triggers

# Up to here no version before was in use anywhere. Raised with each release to its last migrations.
RELEASED: Final = {"accounts": 8, "config": 2, "dashboards": 22, "dispatch": 10, "grids": 6, "incidents": 45}


class Kind(Enum):
    """What is wrong with an operation, and so which of a migration's words excuses it."""

    BREAKS = "needs_window"
    DROPS = "finishes"
    LOCKS = "small"
    MOVES = "moves"


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    instead: str


# They lock nothing for long and take nothing away. What is neither here nor looked at below is refused: an
# operation that nobody has thought about yet.
_HARMLESS: Final = (
    do.AlterModelManagers,
    do.AlterModelOptions,
    do.AlterModelTableComment,
    do.CreateModel,
    do.RemoveConstraint,
    do.RemoveIndex,
    do.RenameIndex,
    AddConstraintNotValid,
    AddIndexConcurrently,
    CreateExtension,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
_SQL: Final = {
    Harm.BREAKS: Kind.BREAKS,
    Harm.DROPS: Kind.DROPS,
    Harm.LOCKS: Kind.LOCKS,
    Harm.MOVES: Kind.MOVES,
}
_INDEX_LATER = (
    "db_index=False now, and an Index in Meta.indexes by AddIndexConcurrently in the next migration"
)
_SECOND_COLUMN = "add a second column, copy, and change over"
_UNIQUE_LATER = (
    "CREATE UNIQUE INDEX CONCURRENTLY by RunSQL in a migration of its own, with the constraint as its "
    "state_operations"
)


def number_of(migration: Migration) -> int:
    """By which migrations of a room are ordered: 41 of 0041_asked_and_answered."""
    return int(migration.name.partition("_")[0])


def faults(loader: MigrationLoader, migration: Migration) -> Iterator[str]:
    """What of it may not run beside the version before, and what to do instead."""
    if number_of(migration) <= RELEASED.get(migration.app_label, 0) or _says(migration, "needs_window"):
        return
    excused = {kind for kind in (Kind.LOCKS, Kind.MOVES) if _says(migration, kind.value)}
    if _finishes(migration):
        excused.add(Kind.DROPS)
    if _is_about_triggers_of_one_table(migration):
        excused.add(Kind.LOCKS)
    state = loader.project_state((migration.app_label, migration.name), at_end=False).clone()
    made: set[str] = set()
    for operation in migration.operations:
        for fault in _of(operation, state, migration.app_label, made):
            if fault.kind not in excused:
                yield f"{migration.app_label}.{migration.name}: {operation.describe()}: {fault.instead}"
        if isinstance(operation, do.CreateModel):
            made.add(operation.name_lower)
        operation.state_forwards(migration.app_label, state)


def _says(migration: Migration, word: str) -> bool:
    """A reason is a sentence."""
    return len(str(getattr(migration, word, "")).split()) > 2


def _is_about_triggers_of_one_table(migration: Migration) -> bool:
    """Is it a moment, once it has the table? For that config/migrating.py waits, and lets others by."""
    scripts = [one.sql for one in migration.operations if isinstance(one, do.RunSQL)]
    return len(scripts) == len(migration.operations) and table_of_triggers(scripts) is not None


def _finishes(migration: Migration) -> bool:
    """Does it take away what an earlier release has already forgotten?"""
    name = getattr(migration, "finishes", "")
    return bool(name) and int(name.partition("_")[0]) <= RELEASED.get(migration.app_label, 0)


def _of(operation: Operation, before: ProjectState, app: str, made: set[str]) -> Iterator[Fault]:
    if isinstance(operation, do.SeparateDatabaseAndState):
        # What only the code forgets is just how it is done.
        for inner in operation.database_operations:
            yield from _of(inner, before, app, made)
    elif isinstance(operation, do.RunSQL):
        yield from (Fault(_SQL[harm], instead) for harm, instead in harms(operation.sql, _tables(app, made)))
    elif isinstance(operation, do.RunPython):
        yield Fault(Kind.MOVES, "say in `moves` how many rows it changes, and why that disturbs nobody")
    elif isinstance(operation, (do.RemoveField, do.DeleteModel)):
        instead = "forget it in state_operations now, and drop it in a release that `finishes` this one"
        yield Fault(Kind.BREAKS, instead)
    elif isinstance(operation, (do.RenameField, do.RenameModel, do.AlterModelTable)):
        instead = (
            "keep the name in the database (db_column, db_table), or add, copy and drop over three releases"
        )
        yield Fault(Kind.BREAKS, instead)
    elif getattr(operation, "model_name_lower", getattr(operation, "name_lower", "")) in made:
        return  # nobody knows the table yet
    elif isinstance(operation, do.AddField):
        yield from _added(operation.name, operation.field)
    elif isinstance(operation, do.AlterField):
        old = before.models[app, operation.model_name_lower].fields.get(operation.name)
        if old is not None:
            yield from _altered(operation.name, old, operation.field)
    elif isinstance(operation, (do.AlterUniqueTogether, do.AlterIndexTogether)):
        there = before.models[app, operation.name_lower].options.get(operation.option_name) or set()
        if {tuple(fields) for fields in operation.option_value or ()} - {tuple(fields) for fields in there}:
            yield Fault(Kind.LOCKS, _UNIQUE_LATER)
    elif isinstance(operation, do.AlterOrderWithRespectTo):
        if operation.order_with_respect_to:
            yield Fault(Kind.BREAKS, "add the column that orders yourself, with null=True or db_default")
    elif isinstance(operation, do.AddConstraint) and not isinstance(operation, AddConstraintNotValid):
        if isinstance(operation.constraint, models.UniqueConstraint):
            yield Fault(Kind.LOCKS, _UNIQUE_LATER)
        else:
            yield Fault(Kind.LOCKS, "AddConstraintNotValid, then ValidateConstraint in the next migration")
    elif isinstance(operation, do.AddIndex) and not isinstance(operation, AddIndexConcurrently):
        yield Fault(Kind.LOCKS, "AddIndexConcurrently, in a migration with atomic = False")
    elif not isinstance(operation, _HARMLESS):
        yield Fault(Kind.BREAKS, "no rule knows this operation yet: think, and put it into config/rolling.py")


def _tables(app: str, made: set[str]) -> set[str]:
    return {f"{app}_{name}" for name in made}


def _added(name: str, field: models.Field) -> Iterator[Fault]:
    if field.many_to_many:
        return  # a table of its own, and its columns go by the names of both
    if isinstance(field, models.GeneratedField):
        yield Fault(
            Kind.LOCKS, "a generated column is written into every row under a lock: " + _SECOND_COLUMN
        )
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield Fault(
            Kind.BREAKS, "give it null=True or db_default: the running version writes rows without it"
        )
    if _is_reckoned(field):
        yield Fault(
            Kind.LOCKS, "a default reckoned for each row writes them all under a lock: " + _SECOND_COLUMN
        )
    named = field.clone()
    named.set_attributes_from_name(name)
    if named.db_check(connection):
        yield Fault(
            Kind.LOCKS, "a check reads the whole table: IntegerField now, the check NOT VALID after it"
        )
    if field.unique:
        yield Fault(Kind.LOCKS, f"unique=False now; {_UNIQUE_LATER}")
    elif _is_indexed(field):
        yield Fault(Kind.LOCKS, _INDEX_LATER)
    # A key in a new column that is empty in every row is true without looking; one with a default is not.
    if _is_key(field) and field.db_default is not NOT_PROVIDED:
        yield Fault(Kind.LOCKS, "a key without a default: rows that are there keep null=True")


def _is_reckoned(field: models.Field) -> bool:
    default = field.db_default
    if default is NOT_PROVIDED or not isinstance(default, expressions.BaseExpression):
        return False
    return not isinstance(default, (functions.Now, expressions.Value))


def _is_indexed(field: models.Field) -> bool:
    return bool(getattr(field, "db_index", False))


def _is_key(field: models.Field) -> bool:
    return bool(field.remote_field) and getattr(field, "db_constraint", False)


def _altered(name: str, old: models.Field, new: models.Field) -> Iterator[Fault]:
    if old.many_to_many or new.many_to_many:
        if old.many_to_many != new.many_to_many or _target(old) != _target(new):
            yield Fault(Kind.BREAKS, "a table of its own with another name, then copy and change over")
        return
    if old.null and not new.null:
        yield Fault(
            Kind.BREAKS, "fill it and forbid nothing-there by a constraint first (NOT VALID, then VALIDATE)"
        )
    if _column(name, old) != _column(name, new):
        yield Fault(Kind.BREAKS, "keep the name in the database (db_column)")
    elif _is_another_type(old, new):
        yield Fault(Kind.BREAKS, f"another type rewrites the table under a lock: {_SECOND_COLUMN}")
    if new.unique and not old.unique:
        yield Fault(Kind.LOCKS, f"unique=False; {_UNIQUE_LATER}")
    elif _is_indexed(new) and not (_is_indexed(old) or old.unique):
        yield Fault(Kind.LOCKS, _INDEX_LATER)
    if _is_key(new) and not _is_key(old):
        instead = (
            "ADD CONSTRAINT … FOREIGN KEY … NOT VALID by RunSQL, then VALIDATE CONSTRAINT in the next one"
        )
        yield Fault(Kind.LOCKS, instead)


def _column(name: str, field: models.Field) -> str:
    return field.db_column or (f"{name}_id" if field.remote_field else name)


def _target(field: models.Field) -> str:
    to = field.remote_field.model if field.remote_field else ""
    return str(to if isinstance(to, str) else to._meta.label).lower()


def _is_another_type(old: models.Field, new: models.Field) -> bool:
    if old.remote_field or new.remote_field:
        return _target(old) != _target(new)
    wider = (
        type(old) is type(new)
        and isinstance(new, models.CharField)
        and (new.max_length is None or (old.max_length is not None and old.max_length <= new.max_length))
    )
    return not wider and old.db_type(connection) != new.db_type(connection)
