"""From other people's words to our codes, and back. The tables are data; nothing here guesses.

Natures, urgencies, kinds of notice and of event stand in data/words.csv: a row without a system holds for
all of them. Names of categories are the district's own to map, in the browser (dispatch.SourceCategory).
Names of streets and communities are those of the register of areas.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dispatch.models import SourceCategory
from grids.locate import Geography, geography
from grids.models import Area, code_prefix
from incidents.models import Report

WORDS = Path(__file__).parent / "data" / "words.csv"
# Between the levels of a source's category, from the widest to the narrowest.
BETWEEN_LEVELS = "/"
# What stands where no name is known.
_NAMELESS = frozenset({"", "-", "/", "无", "不详", "未知", "其他", "其它"})
NAME_MAX = Report._meta.get_field("source_category").max_length or 80


@lru_cache(maxsize=1)
def _words() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """(system, kind) → word → code, in the order of the file."""
    tables: dict[tuple[str, str], dict[str, str]] = {}
    with WORDS.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            tables.setdefault((row["system"], row["kind"]), {})[row["word"]] = row["code"]
    return tables


def table(system: str, kind: str) -> Mapping[str, str]:
    """Every word of a kind that this system may use, and what we call it."""
    return {**_words().get(("", kind), {}), **_words().get((system, kind), {})}


def code_of(system: str, kind: str, word: str) -> str | None:
    """Our code for a word of `kind` (nature, urgency, notice, outcome); None for one that no table knows."""
    word = word.strip()
    return _words().get((system, kind), {}).get(word) or _words().get(("", kind), {}).get(word)


def word_of(system: str, kind: str, code: str) -> str:
    """The system's own word for a code of ours, the first that the table names; else the code itself."""
    return next((word for word, known in table(system, kind).items() if known == code), code)


@dataclass(frozen=True, slots=True)
class Named:
    """What a source calls a category, and what is ours where only a wider name of its is mapped."""

    source_category: str
    category: str | None = None


class CategoryNames:
    """One source's names for categories, read once: for a single report as for a file of a hundred
    thousand rows."""

    def __init__(self, source: str) -> None:
        self.source = source
        rows = SourceCategory.objects.filter(source=source).values_list("name", "category_id")
        self._known: dict[str, str] = dict(rows)

    def find(self, levels: Iterable[str]) -> Named:
        """For a name in levels (市容环境, 垃圾清运, 垃圾满溢) the whole name, and our category.

        The whole name is looked up at decision time like any other; where it is not mapped, the nearest
        wider one that is (市容环境/垃圾清运) says the category, or the narrowest word alone does.
        """
        parts = [part.strip().replace(BETWEEN_LEVELS, "／") for part in levels if part and part.strip()]
        whole = BETWEEN_LEVELS.join(parts)[:NAME_MAX]
        if not whole or whole in self._known:
            return Named(whole)
        wider = [BETWEEN_LEVELS.join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
        return Named(whole, next((self._known[n] for n in (parts[-1], *wider) if n in self._known), None))


def area_of(*names: str) -> str | None:
    """The code of the area that these names mean, the widest first: a street, and a community in it.

    Two communities share a name: without their street they mean none. None where a name is not known.
    """
    found: str | None = None
    for name in (name.strip() for name in names if name and name.strip()):
        codes = _areas().get(name, ())
        within = [code for code in codes if found is None or code.startswith(code_prefix(found))]
        if len(within) == 1:
            found = within[0]
    return found


def is_elsewhere(name: str) -> bool:
    """Is this the name of another district or city?"""
    return bool(name.strip() and geography().gazetteer.read(name).outside)


def is_unknown(name: str) -> bool:
    """Is this a name, and of no area that is known, here or elsewhere?"""
    plain = name.strip()
    if plain in _NAMELESS or plain in _areas():
        return False
    read = geography().gazetteer.read(plain)
    return not (read.in_district or read.outside or read.street)


def forget() -> None:
    """Read the register of areas anew at the next question; for whoever has just loaded another one."""
    _named.cache_clear()


def _areas() -> Mapping[str, Sequence[str]]:
    return _named(geography())


@lru_cache(maxsize=1)  # by the areas themselves: others are read where the map has changed
def _named(areas: Geography) -> Mapping[str, Sequence[str]]:
    named: dict[str, list[str]] = {}
    for kind, ending in ((Area.Kind.STREET, "街道"), (Area.Kind.COMMUNITY, "社区")):
        for code in areas.in_use(kind):
            name = areas.names[code][0]
            for spelling in {name, name.removesuffix(ending), name.removesuffix("办事处")}:
                named.setdefault(spelling, []).append(code)
    return named
