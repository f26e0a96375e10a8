"""What a fact adds to a cell, written once: the fold, the reading and the check all take it from here."""

from enum import IntFlag
from typing import Final

from dashboards.models import ANY, Rollup
from dashboards.sketch import LN_GAMMA


class Dim(IntFlag):
    """The dimensions that a cell can split by. A cell has a street or a community, never both."""

    UNIT = 1
    STREET = 2
    CATEGORY = 4
    SOURCE = 8
    COMMUNITY = 16


NONE: Final = Dim(0)

# Every subset of unit × street × category is kept by month, those of at most two also by day; a range
# is whole months, then whole weeks, and the days at its edges. Anything else is read from the facts.
MONTH_SPLITS: Final = (
    NONE,
    Dim.UNIT,
    Dim.STREET,
    Dim.CATEGORY,
    Dim.SOURCE,
    Dim.COMMUNITY,
    Dim.UNIT | Dim.STREET,
    Dim.UNIT | Dim.CATEGORY,
    Dim.STREET | Dim.CATEGORY,
    Dim.STREET | Dim.SOURCE,
    Dim.UNIT | Dim.STREET | Dim.CATEGORY,
)
DAY_SPLITS: Final = MONTH_SPLITS[:-1]
# Weeks are kept where a day has many cells: most of a month that starts on any day is whole weeks.
WEEK_SPLITS: Final = tuple(split for split in DAY_SPLITS if split not in (NONE, Dim.STREET, Dim.SOURCE))
SPLITS: Final[dict[str, tuple[Dim, ...]]] = {
    Rollup.Grain.DAY: DAY_SPLITS,
    Rollup.Grain.WEEK: WEEK_SPLITS,
    Rollup.Grain.MONTH: MONTH_SPLITS,
}


def is_kept(grain: str, split: Dim) -> bool:
    """Are there cells of this grain with exactly these dimensions?"""
    return split in SPLITS[grain]


def _when(condition: str, value: str = "o.sign") -> str:
    return f"CASE WHEN {condition} THEN {value} ELSE 0 END"


def _kind(kind: str, also: str = "") -> str:
    return f"o.kind = '{kind}'{f' AND {also}' if also else ''}"


# What one fact `o` adds to each measure. A reversal carries sign -1 and so takes it out again.
# first_sent is gross: a sending that was returned later was still the first one.
_FIRST = _kind("dispatched", "o.first AND o.sign > 0")
MEASURES: Final[dict[str, str]] = {
    "received": _when(_kind("received")),
    "dispatched": _when(_kind("dispatched")),
    "automatic": _when(_kind("dispatched", "o.automatic")),
    "returned": _when(_kind("returned")),
    "handled": _when(_kind("handled")),
    "handled_first": _when(_kind("handled", "o.first")),
    "solved": _when(_kind("handled", "o.solved")),
    "due": _when(_kind("due")),
    "due_met": _when(_kind("due", "o.on_time")),
    "closed": _when(_kind("closed")),
    "reworked": _when(_kind("reworked")),
    "rated": _when(_kind("rated")),
    "scored": _when(_kind("rated", "o.score IS NOT NULL")),
    "satisfied": _when(_kind("rated", "o.score >= 4")),
    "asked_solved": _when(_kind("rated", "o.solved IS NOT NULL")),
    "said_solved": _when(_kind("rated", "o.solved")),
    "asked_contacted": _when(_kind("rated", "o.contacted IS NOT NULL")),
    "said_contacted": _when(_kind("rated", "o.contacted")),
    "first_sent": _when(_FIRST),
    **{f"settled_{level.lower()}": _when(_kind("handled", f"o.level = '{level}'")) for level in "ABCD"},
    **{f"began_{level.lower()}": _when(_kind("handled", f"o.first_level = '{level}'")) for level in "ABC"},
    **{
        f"stayed_{level.lower()}": _when(
            _kind("handled", f"o.first_level = '{level}' AND o.level = '{level}'")
        )
        for level in "ABC"
    },
    "dispatch_elapsed": _when(_kind("dispatched"), "o.sign * coalesce(o.elapsed, 0)"),
    "dispatch_working": _when(_kind("dispatched"), "o.sign * coalesce(o.working, 0)"),
    "handle_elapsed": _when(_kind("handled"), "o.sign * coalesce(o.elapsed, 0)"),
    "handle_working": _when(_kind("handled"), "o.sign * coalesce(o.working, 0)"),
    "first_elapsed": _when(_FIRST, "coalesce(o.elapsed, 0)"),
    "first_working": _when(_FIRST, "coalesce(o.working, 0)"),
}

# The bins: (kind of fact, its column).
BINS: Final[dict[str, tuple[str, str]]] = {
    "dispatch_elapsed_bins": ("dispatched", "elapsed"),
    "dispatch_working_bins": ("dispatched", "working"),
    "handle_elapsed_bins": ("handled", "elapsed"),
    "handle_working_bins": ("handled", "working"),
}

COUNT_MASK: Final = 0xFFFFFFFF


def bin_of(column: str) -> str:
    """The SQL for a duration's bin: 0 for none, else 1 + its logarithm to the base 1.02, rounded down."""
    return f"CASE WHEN {column} > 0 THEN 1 + floor(ln({column}::float8) / {LN_GAMMA!r})::bigint ELSE 0 END"


def packed(bin_sql: str, count_sql: str) -> str:
    """The SQL for a bin and its count in one number."""
    return f"(({bin_sql})::bigint << 32) | (({count_sql})::bigint & {COUNT_MASK})"


def fact_bins(name: str) -> str:
    """The SQL for what one fact `o` adds to the bins `name`, as text; NULL where that is nothing."""
    kind, column = BINS[name]
    value = packed(bin_of(f"o.{column}"), "o.sign")
    return f"CASE WHEN o.kind = '{kind}' AND o.{column} IS NOT NULL THEN ({value})::text END"


def dimensions(split_sql: str) -> dict[str, str]:
    """The SQL for a cell's dimensions, where `split_sql` says which of them a fact `o` is split by."""

    def given(dim: Dim, column: str, otherwise: str = f"'{ANY}'") -> str:
        return f"CASE WHEN {split_sql} & {int(dim)} > 0 THEN {column} ELSE {otherwise} END"

    return {
        "unit_code": given(Dim.UNIT, "o.unit_code"),
        "area_code": given(Dim.STREET, "o.street_code", given(Dim.COMMUNITY, "o.community_code")),
        "category_code": given(Dim.CATEGORY, "o.category_code"),
        "source": given(Dim.SOURCE, "o.source"),
    }
