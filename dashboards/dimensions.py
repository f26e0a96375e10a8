"""By what numbers are split and narrowed: one table of what each dimension is called where.

A fact and a case both carry them; the fact as it was when it was counted, the case as it stands now.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from django.db.models import Q

Clock = Literal["elapsed", "working"]
By = Literal[
    "day",
    "week",
    "month",
    "unit",
    "street",
    "community",
    "block",
    "cell",
    "category",
    "domain",
    "item",
    "source",
    "level",
    "nature",
]
# A cell's code is longer than a community's.
COMMUNITY_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Selection:
    """What is looked at, beside the days. Empty means all; units are given with those below them.

    `areas` are communities and grid cells, told apart by the length of their codes; a block is given as
    its cells.
    """

    streets: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    natures: tuple[str, ...] = ()
    clock: Clock = "elapsed"

    def only(self, **changes: Any) -> "Selection":
        """The same with other values."""
        return replace(self, **changes)

    @property
    def communities(self) -> tuple[str, ...]:
        return tuple(code for code in self.areas if len(code) <= COMMUNITY_DIGITS)

    @property
    def cells(self) -> tuple[str, ...]:
        return tuple(code for code in self.areas if len(code) > COMMUNITY_DIGITS)


# What narrows: the selection's field, the fact's column, the case's.
_NARROWS: Final = (
    ("streets", "street_code", "street_code"),
    ("units", "unit_code", "owner_unit_id"),
    ("categories", "category_code", "category_id"),
    ("items", "item_code", "item_code"),
    ("sources", "source", "source"),
    ("levels", "level", "level"),
    ("natures", "nature", "nature"),
)
# What splits: the SQL of a fact `o`.
FACT_COLUMNS: Final[dict[By, str]] = {
    "day": "o.day",
    "week": "date_trunc('week', o.day)::date",
    "month": "date_trunc('month', o.day)::date",
    "unit": "o.unit_code",
    "street": "o.street_code",
    "community": "o.community_code",
    "cell": "o.cell_code",
    "category": "o.category_code",
    "domain": "left(o.category_code, 2)",
    "item": "o.item_code",
    "source": "o.source",
    "level": "o.level",
    "nature": "o.nature",
}

Of = Literal["facts", "cases"]


def narrowed(selection: Selection, of: Of = "facts") -> list[tuple[dict[str, Sequence[str]], ...]]:
    """The conditions of a selection: each is a column with the codes that it may have, or several such of
    which one must hold."""
    found: list[tuple[dict[str, Sequence[str]], ...]] = []
    for field, fact, case in _NARROWS:
        if codes := getattr(selection, field):
            found.append(({fact if of == "facts" else case: codes},))
    if selection.areas:
        either: list[dict[str, Sequence[str]]] = []
        if selection.communities:
            either.append({"community_code": selection.communities})
        if selection.cells:
            either.append({"cell_code": selection.cells})
        found.append(tuple(either))
    return found


def where(selection: Selection, alias: str, of: Of = "facts") -> tuple[str, list[Any]]:
    """The selection as SQL that follows other conditions, with its values."""
    parts, values = "", []
    for alternatives in narrowed(selection, of):
        terms = []
        for one in alternatives:
            for column, codes in one.items():
                terms.append(f"{alias}.{column} = ANY(%s)")
                values.append(list(codes))
        parts += f" AND ({' OR '.join(terms)})" if len(terms) > 1 else f" AND {terms[0]}"
    return parts, values


def condition(selection: Selection, of: Of = "facts") -> Q:
    """The selection as a condition on facts or on cases."""
    whole = Q()
    for alternatives in narrowed(selection, of):
        either = Q()
        for one in alternatives:
            either |= Q(**{f"{column}__in": codes for column, codes in one.items()})
        whole &= either
    return whole
