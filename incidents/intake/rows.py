"""Every row that a batch of reports becomes, written in one statement.

The rows are unsaved instances of the models, so whoever makes one needs not know how it is written. The
statement is made from the models' own fields: a column that is added to a model is written from then on,
and there is no list of columns here to forget it in. A table's rows travel as one JSON array of objects that
hold only what differs from the model's default; the database fills in the rest. What follows from other rows
of the batch does not travel at all (`following`), and what many rows have in common travels once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from django.utils import timezone

from incidents.actor import SYSTEM, Actor
from incidents.intake import following
from incidents.intake.following import Opened
from incidents.intake.statements import Prepared
from incidents.models import (
    Assignment,
    Contact,
    DecisionRecord,
    Incident,
    IncidentReport,
    OutboxMessage,
    Outcome,
    Report,
    Text,
    TimelineEntry,
    Timer,
)
from incidents.numbers import NUMBER, day_prefix

# Others point at these rows, so their ids are drawn before they are written (`sequence_of`).
DRAWN: Final[tuple[type[models.Model], ...]] = (
    Text,
    Contact,
    Report,
    Incident,
    DecisionRecord,
    Assignment,
    Timer,
)
WRITTEN: Final[tuple[type[models.Model], ...]] = (
    *DRAWN,
    IncidentReport,
    TimelineEntry,
    OutboxMessage,
    Outcome,
)
# The columns of a table's rows that are the same wherever a few of them are: the course of a clock, which a
# batch starts a thousand times at one instant.
ALIKE: Final[Mapping[type[models.Model], frozenset[str]]] = {
    Timer: frozenset(
        {
            *("kind", "limit", "run", "started_at", "due_at", "own_due_at", "reckoned_from"),
            *("calendar_revision", "stage_names", "stage_times"),
        }
    )
}


def sequence_of(model: type[models.Model]) -> str:
    """The sequence that a table's ids are drawn from."""
    return f"{model._meta.db_table}_{model._meta.pk.column}_seq"


def write(
    rows: Iterable[models.Model],
    *,
    at: datetime,
    base: int,
    opened: Sequence[Opened] = (),
    actor: Actor = SYSTEM,
) -> None:
    """Write unsaved rows of these tables, and give the cases among them their numbers of that day.

    The first stage of a clock is written with it, and what follows from the cases that are `opened` here
    by `actor`, with them. Raises IntegrityError or DataError, and then nothing is there.
    """
    by_table: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        by_table.setdefault(type(row), []).append(row)
    now = timezone.now()
    present = tuple(model for model in WRITTEN if model in by_table)
    told: list[Any] = [
        document for model in present for document in _table(model).documents(by_table[model], now)
    ]
    told += [now, day_prefix(at), base]
    if opened:
        told += following.shared(opened, at=at, actor=actor)
    numbers = dict(_statement(present, bool(opened)).run(told))
    for incident in by_table.get(Incident, ()):
        assert isinstance(incident, Incident)
        incident.number = numbers[incident.pk]
    alias = connection.alias
    for written in by_table.values():
        for row in written:
            row._state.adding, row._state.db = False, alias


@dataclass(frozen=True)
class _Column:
    """One column of a table: where its value comes from, and what it is without one."""

    attribute: str
    name: str
    type: str
    default: Any
    is_binary: bool
    is_stamp: bool  # the moment of writing

    @classmethod
    def of(cls, field: Any) -> "_Column":
        if field.default in (list, dict):
            default = field.default()
        elif field.has_default() and callable(field.default):
            default = None  # made anew for every row
        else:
            default = field.get_default()
        column = cls(
            attribute=field.attname,
            name=field.column,
            type=field.db_type(connection),
            default=default,
            is_binary=isinstance(field, models.BinaryField),
            is_stamp=getattr(field, "auto_now_add", False),
        )
        if (default is not None and field.null) or isinstance(default, DatabaseDefault):
            raise TypeError(
                f"{field}: here a default is one of the model's, and of a column that is never empty"
            )
        return column

    def value(self, row: str) -> str:
        """Its value in SQL, of this row of a document."""
        if self.default is None:
            return f'{row}."{self.name}"'
        return f'coalesce({row}."{self.name}", {_literal(self.default, self.type)})'


class _Table:
    """A model as its rows are written."""

    def __init__(self, model: type[models.Model]) -> None:
        fields = [field for field in model._meta.concrete_fields if model in DRAWN or not field.primary_key]
        self.model = model
        self.name = model._meta.db_table
        self.columns = [_Column.of(field) for field in fields]
        plain = [
            (column.attribute, column.name, column.default)
            for column in self.columns
            if not column.is_binary and not column.is_stamp
        ]
        alike = ALIKE.get(model, frozenset())
        self._plain = [one for one in plain if one[0] not in alike]
        self._alike = [one for one in plain if one[0] in alike]
        self._binary = [(column.attribute, column.name) for column in self.columns if column.is_binary]

    def documents(self, rows: Iterable[models.Model], now: datetime) -> list[str]:
        """The rows as a JSON array of what is not by default; and what many of them share as another."""
        told = []
        groups: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in rows:
            values = row.__dict__
            one = _unlike(values, self._plain)
            for attribute, name in self._binary:
                one[name] = "\\x" + bytes(values[attribute]).hex()
            if self._alike:
                # A list that is shared is one and the same.
                said = (values[attribute] for attribute, _name, _default in self._alike)
                key = tuple(id(value) if type(value) is list else value for value in said)
                if (group := groups.get(key)) is None:
                    group = groups[key] = _unlike(values, self._alike) | {"group": len(groups)}
                one["group"] = group["group"]
            told.append(one)
        documents = [told, list(groups.values())] if self._alike else [told]
        return [orjson.dumps(document).decode() for document in documents]

    @property
    def parameters(self) -> int:
        """How many documents its rows are."""
        return 2 if self._alike else 1

    def insert(self, parameter: int, *, now: str, instead: Mapping[str, str]) -> str:
        """INSERT of the documents from this parameter on; `instead` has expressions for some columns."""
        alike = {name for _attribute, name, _default in self._alike}
        source = f"json_to_recordset(${parameter}) x ({self._types(exclude=alike)})"
        if alike:
            source += f" JOIN json_to_recordset(${parameter + 1}) g ({self._types(only=alike)})"
            source += ' ON g."group" = x."group"'
        values = {
            column.attribute: column.value("g" if column.name in alike else "x") for column in self.columns
        }
        return self._insert({**values, **self._stamped(now), **instead}, source)

    def insert_from(self, values: Mapping[str, str], source: str, *, now: str) -> str:
        """INSERT of rows that others tell: expressions for these columns, and the default for the rest."""
        if unknown := values.keys() - {column.attribute for column in self.columns}:
            raise TypeError(f"{self.name} has no {', '.join(sorted(unknown))}")
        defaults = {
            column.attribute: _literal(column.default, column.type)
            for column in self.columns
            if column.default is not None
        }
        return self._insert({**defaults, **self._stamped(now), **values}, source)

    def _insert(self, values: Mapping[str, str], source: str) -> str:
        told = [
            (column.name, values[column.attribute]) for column in self.columns if column.attribute in values
        ]
        names = ", ".join(f'"{name}"' for name, _value in told)
        return (
            f"INSERT INTO {self.name} ({names}) SELECT {', '.join(value for _, value in told)} FROM {source}"
        )

    def _stamped(self, now: str) -> dict[str, str]:
        return {column.attribute: now for column in self.columns if column.is_stamp}

    def _types(self, *, only: Collection[str] | None = None, exclude: Collection[str] = ()) -> str:
        told = [
            f'"{column.name}" {column.type}'
            for column in self.columns
            if not column.is_stamp and column.name not in exclude and (only is None or column.name in only)
        ]
        return ", ".join([*told, '"group" int'] if self._alike else told)


def _unlike(values: Mapping[str, Any], columns: Iterable[tuple[str, str, Any]]) -> dict[str, Any]:
    """What of these columns is not by default."""
    return {name: value for attribute, name, default in columns if (value := values[attribute]) != default}


@lru_cache(maxsize=32)
def _table(model: type[models.Model]) -> _Table:
    return _Table(model)


@lru_cache(maxsize=256)
def _statement(present: tuple[type[models.Model], ...], opens: bool) -> Prepared:
    """The statement that writes rows of these tables; opening a table for nothing costs as much as a row."""
    first = sum(_table(model).parameters for model in present) + 1
    now, prefix, base = (f"${at}" for at in range(first, first + 3))
    instead: dict[type[models.Model], dict[str, str]] = {
        Incident: {"number": NUMBER.format(prefix=prefix, base=base)}
    }
    told = {Incident: f"RETURNING number, {', '.join(following.CASE)}", Timer: "RETURNING *"}
    written, at = {}, 1
    for model in present:
        table = _table(model)
        insert = table.insert(at, now=now, instead=instead.get(model, {}))
        written[f"{model._meta.model_name}_rows"] = f"({insert} {told.get(model, '')})"
        at += table.parameters

    def insert_from(model: type[models.Model], values: Mapping[str, str], source: str) -> str:
        return _table(model).insert_from(values, source, now=now)

    if Timer in present:
        written["stages"] = f"({following.of_clocks(insert_from, 'timer_rows')})"
    if opens:
        written |= following.of_cases(insert_from, "incident_rows", first=first + 3)
    numbers = (
        "SELECT id, number FROM incident_rows" if Incident in present else "SELECT NULL, NULL WHERE false"
    )
    return Prepared(
        "_".join(("intake_write", *(str(WRITTEN.index(model)) for model in present), *("opens",) * opens)),
        (*["json"] * (first - 1), "timestamptz", "text", "bigint", *(following.types() if opens else ())),
        f"WITH {', '.join(f'{name} AS {query}' for name, query in written.items())} {numbers}",
    )


def _literal(value: Any, type_name: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if type_name == "jsonb":
        return f"'{orjson.dumps(value).decode()}'::jsonb"
    if isinstance(value, list):
        return f"'{{}}'::{type_name}"
    text = str(value.value if hasattr(value, "value") else value).replace("'", "''")
    return f"'{text}'"
