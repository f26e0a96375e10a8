"""Which phrases are no theme: what the list already has a word for, names of places, what may be a person."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from accounts import masking
from dashboards.warning.phrases import Past, Talk, plain, said_by
from dispatch.models import Category, ResponsibilityItem
from grids.models import Area, NamedPlace

# Those that masking knows: any of them may begin a name.
_SURNAMES: Final = frozenset(masking.SURNAMES)
# What the names of places end in, known to the register or not.
_PLACE_ENDS: Final = re.compile(
    r"(?:路|街|巷|道|村|社区|街道|小区|花园|家园|公寓|苑|园|城|大厦|广场|栋|号楼|单元|工业区|学校|小学|中学|医院|站)$"
)


@dataclass(frozen=True, slots=True)
class KnownWords:
    """The words of the list and of the map, each as one long string to be looked into."""

    matters: str
    places: tuple[str, ...]
    all_places: str

    @classmethod
    def read(cls) -> "KnownWords":
        """In four statements."""
        matters: set[str] = set()
        for name, scope in Category.objects.values_list("name_zh", "scope_zh"):
            matters.update((name, *re.split("[、，,；;（）()与和]", scope)))
        for name, keywords in ResponsibilityItem.objects.values_list("matter_zh", "keywords").distinct():
            matters.update((name, *keywords))
        places: set[str] = set(Area.objects.exclude(kind=Area.Kind.CELL).values_list("name_zh", flat=True))
        for name, aliases, former in NamedPlace.objects.values_list("name", "aliases", "former_names"):
            places.update((name, *aliases.split("|"), *former.split("|")))
        named = {plain(place) for place in places}
        named |= {re.sub("(?:社区|街道|新区|区)$", "", place) for place in named}
        kept = sorted((place for place in named if len(place) > 1), key=lambda place: (-len(place), place))
        return cls("\n".join(sorted(map(plain, matters))), tuple(kept), "\n".join(kept))

    def is_matter(self, words: str) -> bool:
        """Does the list say it, or a longer word that it is part of?"""
        return words in self.matters

    def is_place(self, words: str) -> bool:
        """Is it a name of a place or part of one, or little more than one, or does it end as they do?"""
        if words in self.all_places or _PLACE_ENDS.search(words):
            return True
        return any(place in words and len(words) - len(place) < 2 for place in self.places)


def may_be_a_person(words: str, past: Past) -> bool:
    """A surname, and behind it what has never stood behind it before: then rather no phrase than a name.

    Titles and introductions are masked before; this is for names that neighbours say without either.
    """
    at = [place for place, character in enumerate(words) if character in _SURNAMES]
    if not at:
        return False
    # A surname at the end may be a name cut off by the longest run that is counted.
    if at[-1] == len(words) - 1 and len(words) > 2:
        return True
    pairs = [words[place : place + 2] for place in at if place + 1 < len(words)]
    return any(_seldom(pair, past) for pair in pairs)


def _seldom(pair: str, past: Past) -> bool:
    hashes, *_rest = said_by(Talk.of([pair], [0]))
    return bool(len(hashes)) and float(np.max(past.of(hashes))) < 2.0


def survives(words: str, texts: Iterable[str]) -> bool:
    """Does it stand in these texts when everything is masked that may tell who it is about?"""
    told = [words in plain(masking.for_others(text)) for text in texts]
    return bool(told) and sum(told) >= 0.8 * len(told)
