"""What a data set is: its fields, its owner, who may have it, and the rows it is made of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

from django.utils.functional import Promise

from accounts.roles import Role
from dashboards.models import DataRule

Text = str | Promise
Row = tuple[Any, ...]
# What a value is, in every format: see writing.py for how CSV, Parquet and the API say it.
Kind = Literal["text", "integer", "number", "boolean", "date"]
# By which rule a field leaves the house. The build holds every value to its field's rule (privacy.py).
Rule = Literal[
    "code",  # a word of a closed list; anything else is kept back
    "key",  # a pseudonym: the same thing has the same key, and nobody can tell the thing from it
    "official",  # words of a public register; kept back where anything in them looks personal
    "figure",  # a number, a day, yes or no
    "small",  # a figure of a group; kept back where the group is too small to be nobody in particular
]
Mode = DataRule.Mode


@dataclass(frozen=True, slots=True)
class Field:
    """One column. Its name and its kind never change within a version: published.py holds that."""

    name: str
    kind: Kind
    meaning: Text
    rule: Rule = "figure"
    codes: str = ""  # the code list (codes.py), where the rule is "code"
    unit: Text = ""

    def __post_init__(self) -> None:
        if (self.rule == "code") != bool(self.codes) or (self.kind == "text" and self.rule == "figure"):
            raise ValueError(f"{self.name}: words leave as codes, keys or official words, nothing else")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may have it without asking. Everybody else who signs in may ask its owner."""

    mode: Mode
    roles: tuple[Role, ...] = ()  # held for the whole district
    units: tuple[str, ...] = ()  # with those below them


@dataclass(frozen=True, slots=True)
class Cut:
    """The instant that a snapshot is of."""

    at: datetime  # the district's clock
    day: date  # of the district

    # What the rules kept back, told with the snapshot.
    withheld: dict[str, int] = field(default_factory=dict)
    suppressed: list[int] = field(default_factory=lambda: [0])


@dataclass(frozen=True, slots=True)
class DataSet:
    """One entry of the catalogue, in one version of its schema."""

    code: str
    version: int
    topic: str
    name: Text
    about: Text
    owner_unit: str
    access: Access
    key: tuple[str, ...]  # the fields that no two rows share
    fields: tuple[Field, ...]
    rows: Callable[[Cut], Iterator[Row]]
    # Who of the owner's unit answers requests.
    owner_roles: tuple[Role, ...] = (Role.SUPERVISOR,)
    left_out: tuple[Text, ...] = ()  # what is not in it, and why
    licence: str = "internal"
    domain_field: str = ""  # where rows belong to a domain (大类)
    day_field: str = ""  # where rows are in the order of a day
    # From when on it is served no more; set when a newer version is published.
    sunset: date | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.fields)

    def at(self, name: str) -> int:
        """The position of a field."""
        return self.names.index(name)


# A version that has a successor is served for so many days more.
DEPRECATION_DAYS: Final = 180
