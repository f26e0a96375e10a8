"""Whom a complaint about conduct is about, so that it never goes to the one complained of.

A case about a unit or its staff goes to a unit outside its tree. Who is meant is read from the words: the
units' own names, and what people call them (dispatch/data/unit_words.csv). A unit that is only mentioned
counts as well: a person then decides, which costs less than a complaint in the wrong hands.
"""

from collections.abc import Collection
from functools import cache, lru_cache

import ahocorasick

from accounts.reference import read_rows
from dispatch.items import normal_form
from dispatch.loading import DATA
from dispatch.units import UnitDirectory

# 作风与效能: the one category whose matter is how a unit's people behave.
CATEGORY = "1903"
TABLE = DATA / "unit_words.csv"
COLUMNS = ("pattern", "words")


def complained_of(
    plain: str, units: UnitDirectory, *, street: str | None, community: str | None
) -> tuple[str, ...]:
    """Codes of the units that `plain` (in its normal form) names, each once and in order of their codes.

    What people call a street's or a community's people is theirs of the place; unknown where it is.
    """
    named = {pattern for _end, pattern in _names(units).iter_long(plain)}
    resolved = (units.resolve(pattern, street=street, community=community) for pattern in named)
    return tuple(sorted({code for code in resolved if code}))


def is_own(unit: str, about: Collection[str], units: UnitDirectory) -> bool:
    """Is `unit` one of these, or below one of them? The people of a unit that was merged are its heir's."""
    if not about:
        return False
    unit = units.heirs.get(unit, unit)
    above = set(units.paths.get(unit, "").split(">")) | {unit}
    return not above.isdisjoint({*about, *(heir for code in about if (heir := _heir(code, units)))})


def _heir(code: str, units: UnitDirectory) -> str:
    """Who goes on for a closed unit; the district as a whole is nobody's own."""
    heir = units.heirs.get(code, "")
    return heir if ">" in units.paths.get(heir, "") else ""


@lru_cache(maxsize=4)
def _names_of(named: tuple[tuple[str, str], ...]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for code, name in named:
        automaton.add_word(normal_form(name), code)
        # 区教育局 is called 教育局 by everybody.
        if len(short := name.removeprefix("区")) > 2:
            automaton.add_word(normal_form(short), code)
    for pattern, word in _called():
        automaton.add_word(word, pattern)
    automaton.make_automaton()
    return automaton


def _names(units: UnitDirectory) -> ahocorasick.Automaton:
    # First those that were merged, whose names people go on saying: an open unit's own name wins.
    merged = ((code, names[0]) for code, names in units.closed.items() if _heir(code, units))
    stand = ((code, names[0]) for code, names in units.names.items() if ">" in units.paths.get(code, ""))
    return _names_of((*merged, *stand))


@cache
def _called() -> list[tuple[str, str]]:
    """What people call units: (pattern, word)."""
    rows = read_rows(TABLE, COLUMNS)
    rows.require("pattern", "words")
    rows.unique("pattern")
    rows.check()
    return [(row["pattern"], normal_form(word)) for row in rows for word in row["words"].split("|")]
