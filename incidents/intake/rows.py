"""Every row that a batch of reports becomes, written in one statement.

The rows are unsaved instances of the models, so whoever makes one needs not know how it is written. The
statement is made from the models' own fields: a column that is added to a model is written from then on,
and there is no list of columns here to forget it in. A table's rows travel as one JSON array of objects that
hold only what differs from the model's default; the database fills in the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from django.utils import timezone

from incidents.intake.statements import Prepared
from incidents.models import (
    Assignment,
    Contact,
    DecisionRecord,
    Incident,
    IncidentReport,
    OutboxMessage,
    Outcome,
    PendingStage,
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
    PendingStage,
    TimelineEntry,
    OutboxMessage,
    Outcome,
)


def sequence_of(model: type[models.Model]) -> str:
    """The sequence that a table's ids are drawn from."""
    return f"{model._meta.db_table}_{model._meta.pk.column}_seq"


def write(rows: Iterable[models.Model], *, day: datetime, base: int) -> None:
    """Write unsaved rows of these tables, and give the cases among them their numbers of that day.

    Raises IntegrityError or DataError, and then none of them is there.
    """
    by_table: dict[type[models.Model], list[models.Model]] = {}
    for row in rows:
        by_table.setdefault(type(row), []).append(row)
    now = timezone.now()
    present = tuple(model for model in WRITTEN if model in by_table)
    documents = [_table(model).document(by_table[model], now) for model in present]
    numbers = dict(_statement(present).run([*documents, day_prefix(day), base]))
    for incident in by_table.get(Incident, ()):
        assert isinstance(incident, Incident)
        incident.number = numbers[incident.pk]
    for written in by_table.values():
        for row in written:
            row._state.adding, row._state.db = False, connection.alias


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

    @property
    def value(self) -> str:
        """Its value in SQL, of the row `x`."""
        if self.default is None:
            return f'x."{self.name}"'
        return f'coalesce(x."{self.name}", {_literal(self.default, self.type)})'


class _Table:
    """A model as its rows are written."""

    def __init__(self, model: type[models.Model]) -> None:
        fields = [field for field in model._meta.concrete_fields if model in DRAWN or not field.primary_key]
        self.model = model
        self.columns = [_Column.of(field) for field in fields]
        self._plain = [
            (column.attribute, column.name, column.default)
            for column in self.columns
            if not column.is_binary and not column.is_stamp
        ]
        self._binary = [(column.attribute, column.name) for column in self.columns if column.is_binary]
        self._stamps = [column.name for column in self.columns if column.is_stamp]

    def document(self, rows: Iterable[models.Model], now: datetime) -> str:
        """The rows as a JSON array of what is not by default."""
        told = []
        for row in rows:
            values = row.__dict__
            one = {
                name: value
                for attribute, name, default in self._plain
                if (value := values[attribute]) != default
            }
            for attribute, name in self._binary:
                one[name] = "\\x" + bytes(values[attribute]).hex()
            for name in self._stamps:
                one[name] = now
            told.append(one)
        return orjson.dumps(told).decode()

    def insert(self, parameter: int, instead: Mapping[str, str]) -> str:
        """INSERT of the document in this parameter; `instead` has expressions for some columns."""
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        types = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        values = ", ".join(instead.get(column.name, column.value) for column in self.columns)
        table = self.model._meta.db_table
        return (
            f"INSERT INTO {table} ({names}) SELECT {values} FROM json_to_recordset(${parameter}) x ({types})"
        )


@lru_cache(maxsize=len(WRITTEN))
def _table(model: type[models.Model]) -> _Table:
    return _Table(model)


@lru_cache(maxsize=256)
def _statement(present: tuple[type[models.Model], ...]) -> Prepared:
    """The statement that writes rows of these tables; opening a table for nothing costs as much as a row."""
    number = NUMBER.format(prefix=f"${len(present) + 1}", base=f"${len(present) + 2}")
    instead: dict[type[models.Model], dict[str, str]] = {Incident: {"number": number}}
    written = [
        f"{model._meta.model_name}_rows AS ({_table(model).insert(at, instead.get(model, {}))}"
        f"{' RETURNING id, number' if model is Incident else ''})"
        for at, model in enumerate(present, 1)
    ]
    told = "SELECT id, number FROM incident_rows" if Incident in present else "SELECT NULL, NULL WHERE false"
    return Prepared(
        "_".join(("intake_write", *(str(WRITTEN.index(model)) for model in present))),
        (*["json"] * len(present), "text", "bigint"),
        f"WITH {', '.join(written)} {told}",
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
