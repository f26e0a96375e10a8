"""What a fact adds to a cell, written once: the fold, the reading and the check all take it from here."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from dashboards.sketch import BIN_COUNT, COUNT_BITS, COUNT_MASK, LN_GAMMA
from incidents.models import Outcome


class Dim(IntFlag):
    """The dimensions that a cell can split by."""

    UNIT = 1
    STREET = 2
    CATEGORY = 4
    SOURCE = 8
    COMMUNITY = 16
    LEVEL = 32
    NATURE = 64
    ITEM = 128


NONE: Final = Dim(0)
# The SQL of what a fact `o` has of each dimension. A community that is not known stands as its street, so
# that cells by community know the street too; an item stands behind its category.
DIM_SQL: Final[dict[Dim, str]] = {
    Dim.UNIT: "o.unit_code",
    Dim.STREET: "o.street_code",
    Dim.COMMUNITY: "coalesce(nullif(o.community_code, ''), o.street_code)",
    Dim.CATEGORY: "o.category_code",
    Dim.ITEM: "o.category_code || '/' || o.item_code",
    Dim.SOURCE: "o.source",
    Dim.LEVEL: "o.level",
    Dim.NATURE: "o.nature",
}
DIMS: Final = tuple(DIM_SQL)

U, S, C, M = Dim.UNIT, Dim.STREET, Dim.CATEGORY, Dim.COMMUNITY
_TRAITS: Final = (Dim.SOURCE, Dim.LEVEL, Dim.NATURE)
_SINGLE: Final = (NONE, *_TRAITS, S, U, M, C)
# By day, week, month and year, from the smallest: a question is put to the first that has its dimensions.
# A range is whole years, whole months, whole weeks, and the days at its edges.
_MANY: Final = (
    U | S,
    *(U | trait for trait in _TRAITS),
    *(M | trait for trait in _TRAITS),
    U | C,
    S | C,
    M | U,
    *(S | C | trait for trait in _TRAITS),
    Dim.ITEM,
    U | S | C,
    M | C,
)
SPLITS: Final = (*_SINGLE, *_MANY)
# Days and weeks of many groups are most of what is stored: compaction.py takes out the old ones.
_COMPACTED: Final = frozenset((grain, split) for grain in ("day", "week") for split in _MANY)


def is_compacted(grain: str, split: Dim) -> bool:
    """Are there such cells of the last months alone?"""
    return (grain, split) in _COMPACTED


COMPACTED_SPLITS: Final = _MANY


def split_for(dims: Dim) -> Dim | None:
    """The smallest cells that have these dimensions; None where none have."""
    return next((split for split in SPLITS if split & dims == dims), None)


@dataclass(frozen=True, slots=True)
class Counted:
    """A count: facts of one kind for which a condition holds."""

    kind: str
    also: str = ""
    # Takes in what was taken back later, but not entirely: a sending that was returned was still the first.
    gross: bool = False

    @property
    def conditions(self) -> list[str]:
        """What must hold beside the kind."""
        return [*filter(None, [self.also]), *(["(o.sign > 0 OR o.entirely)"] * self.gross)]

    @property
    def holds(self) -> str:
        return " AND ".join([f"o.kind = '{self.kind}'", *self.conditions])

    @property
    def sql(self) -> str:
        """What a fact `o` adds. A reversal carries sign -1 and so takes it out again."""
        return f"CASE WHEN {self.holds} THEN o.sign ELSE 0 END"


@dataclass(frozen=True, slots=True)
class Summed:
    """A sum of seconds over what a count counts."""

    of: Counted
    column: str

    @property
    def sql(self) -> str:
        return f"CASE WHEN {self.of.holds} THEN o.sign * coalesce(o.{self.column}, 0) ELSE 0 END"


_FIRST: Final = Counted("dispatched", "o.first", gross=True)
# 30 minutes for what is urgent, two hours otherwise.
_QUICKLY: Final = "o.elapsed <= CASE WHEN o.urgency = 'routine' THEN 7200 ELSE 1800 END"
COUNTED: Final[dict[str, Counted]] = {
    "received": Counted("received"),
    "dispatched": Counted("dispatched"),
    "automatic": Counted("dispatched", "o.automatic"),
    "sent_in_time": Counted("dispatched", _QUICKLY),
    "returned": Counted("returned"),
    "refused": Counted("refused"),
    "accepted": Counted("accepted"),
    "accepted_in_time": Counted("accepted", "o.on_time"),
    "contact_due": Counted("contacted"),
    "contacted_in_time": Counted("contacted", "o.on_time"),
    "handled": Counted("handled"),
    "handled_first": Counted("handled", "o.first"),
    "solved": Counted("handled", "o.solved"),
    "unjudged": Counted("handled", "o.on_time IS NULL"),
    "paused": Counted("handled", "o.paused > 0"),
    "mediated": Counted("handled", "o.mediated IS NOT NULL"),
    "mediated_settled": Counted("handled", "o.mediated"),
    "told_late": Counted("handled", "o.late_entry"),
    "received_late": Counted("received", "o.late_entry"),
    "due": Counted("due"),
    "due_met": Counted("due", "o.on_time"),
    "due_settled": Counted("settled"),
    "due_closed": Counted("finished"),
    "due_closed_in_time": Counted("finished", "o.on_time"),
    "closed": Counted("closed"),
    "reworked": Counted("reworked"),
    "repeated": Counted("repeated"),
    "rated": Counted("rated"),
    "scored": Counted("rated", "o.score IS NOT NULL"),
    "satisfied": Counted("rated", "o.score >= 4"),
    "asked_solved": Counted("rated", "o.solved IS NOT NULL"),
    "said_solved": Counted("rated", "o.solved"),
    "asked_contacted": Counted("rated", "o.contacted IS NOT NULL"),
    "said_contacted": Counted("rated", "o.contacted"),
    "first_sent": _FIRST,
    **{f"settled_{level.lower()}": Counted("handled", f"o.level = '{level}'") for level in "ABCD"},
    **{f"began_{level.lower()}": Counted("handled", f"o.first_level = '{level}'") for level in "ABC"},
    **{
        f"stayed_{level.lower()}": Counted("handled", f"o.first_level = '{level}' AND o.level = '{level}'")
        for level in "ABC"
    },
    "asked": Counted("asked"),
    "answered": Counted("answered"),
}
_CLOCKS: Final = ("elapsed", "working")
SUMMED: Final[dict[str, Summed]] = {
    f"{name}_{clock}": Summed(of, clock)
    for name, of in (
        ("dispatch", COUNTED["dispatched"]),
        ("handle", COUNTED["handled"]),
        ("first", _FIRST),
    )
    for clock in _CLOCKS
} | {"paused_seconds": Summed(COUNTED["handled"], "paused")}

# The SQL of what one fact `o` adds to each measure of a cell.
MEASURES: Final[dict[str, str]] = {name: one.sql for name, one in (COUNTED | SUMMED).items()}

# The bins: (kind of fact, its column).
BINS: Final[dict[str, tuple[str, str]]] = {
    f"{name}_{clock}_bins": (kind, clock)
    for name, kind in (("dispatch", "dispatched"), ("handle", "handled"))
    for clock in _CLOCKS
}
KINDS: Final = tuple(Outcome.Kind.values)


def bin_of(column: str) -> str:
    """The SQL for a duration's bin: 0 for none, else 1 + its logarithm to the base γ, rounded down."""
    return (
        f"CASE WHEN {column} > 0 THEN least(1 + floor(ln({column}::float8) / {LN_GAMMA!r})::int,"
        f" {BIN_COUNT - 1}) ELSE 0 END"
    )


def fact_bins(name: str) -> str:
    """The SQL for what one fact `o` adds to the bins `name`, as bytes; NULL where that is nothing."""
    kind, column = BINS[name]
    value = f"int4send((({bin_of(f'o.{column}')}) << {COUNT_BITS}) | (o.sign::int & {COUNT_MASK}))"
    return f"CASE WHEN o.kind = '{kind}' AND o.{column} IS NOT NULL THEN {value} END"
