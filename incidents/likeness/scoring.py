"""How likely it is that two tellings are about one thing, and what speaks for and against it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import cos, exp, hypot, log1p, radians
from typing import Final

from rapidfuzz import fuzz

from incidents.likeness.telling import Telling, matter, read
from incidents.likeness.weights import INTERCEPT, WEIGHTS

METRES_PER_DEGREE: Final = 111_320.0
# Two phones at one spot are so far apart: nearer than this says nothing more.
PHONE_M: Final = 25.0
# Farther apart, nothing joins by itself; nor, however near, what has hardly a word in common.
RADIUS_M: Final = 150.0
LEAST_WORDS: Final = 0.3
FEATURES: Final = (
    "matter",
    "setting",
    "again",
    "rare",
    "clash",
    "names",
    "numbers",
    "near",
    "no_point",
    "hours",
    "category",
    "facility",
)
# What says for itself that they are two things, in the order in which it is told.
NEVER: Final = ("numbers", "roads", "places", "sides", "facility")


@dataclass(frozen=True, slots=True)
class Seen:
    """One side of a comparison: what was said, where, when and what about."""

    text: str
    category: str
    at: datetime
    lon: float | None = None
    lat: float | None = None
    facility: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """The answer: a probability, and from what it comes."""

    score: float  # 0-1
    words: float  # 0-1: how alike they tell what is wrong
    metres: float | None  # None: one of them has no point
    hours: float
    same_category: bool
    same_facility: bool
    names: tuple[str, ...]  # places that both name
    numbers: tuple[str, ...]  # numbers that both give of one thing
    against: tuple[str, ...]  # which of NEVER holds

    @property
    def has_same_place(self) -> bool:
        """Do both name one place, one number of it, or one facility?"""
        return bool(self.names or self.numbers or self.same_facility)

    @property
    def may_join(self) -> bool:
        """Is there nothing that forbids to join by itself, whatever the score? Without a point both name one
        place."""
        is_near = self.metres <= RADIUS_M if self.metres is not None else self.has_same_place
        return is_near and self.words >= LEAST_WORDS and not self.against


def compare(one: Seen, other: Seen) -> Likeness:
    """Compare two tellings; the same whichever comes first."""
    first, second = read(one.text, one.address), read(other.text, other.address)
    metres = metres_between(one.lon, one.lat, other.lon, other.lat)
    hours = abs((one.at - other.at).total_seconds()) / 3600
    against = tuple(_against(one, other, first, second))
    found = Likeness(
        score=0.0,
        words=_cosine(first.matter, second.matter),
        metres=metres,
        hours=hours,
        same_category=one.category == other.category,
        same_facility=bool(one.facility) and one.facility == other.facility,
        names=tuple(sorted((first.roads & second.roads) | (first.places & second.places))),
        numbers=tuple(
            sorted(
                number
                for unit in first.numbers.keys() & second.numbers.keys()
                for number in first.numbers[unit] & second.numbers[unit]
            )
        ),
        against=against,
    )
    features = features_of(found, first, second)
    told = INTERCEPT + sum(value * WEIGHTS.get(name, 0.0) for name, value in features.items())
    score = 1 / (1 + exp(-told))
    # Shown to a person at most as something to look at, never as the same.
    return replace(found, score=score * 0.3 if against else score)


def joining(one: Seen, other: Seen) -> Likeness | None:
    """What `compare` answers, where it may join by itself; else None.

    Most of what is near is not near enough, or about something else: that is seen before all is compared.
    """
    metres = metres_between(one.lon, one.lat, other.lon, other.lat)
    if metres is not None and metres > RADIUS_M:
        return None
    if _cosine(matter(one.text), matter(other.text)) < LEAST_WORDS:
        return None
    alike = compare(one, other)
    return alike if alike.may_join else None


def features_of(found: Likeness, first: Telling, second: Telling) -> dict[str, float]:
    """What the weights are for; each between 0 and 1."""
    letters = fuzz.ratio(first.plain, second.plain) / 100
    # Each has a name, it seems, that the other has not.
    clash = bool(first.rare - second.rare) and bool(second.rare - first.rare)
    rarest = min(len(first.rare), len(second.rare))
    rare = len(first.rare & second.rare) / rarest if rarest else 0.0
    has_point = found.metres is not None
    return {
        "matter": found.words,
        "setting": _cosine(first.setting, second.setting),
        "again": 0.0 if clash else max(0.0, letters - 0.6) / 0.4,
        "rare": rare,
        "clash": 1.0 if clash else 0.0,
        "names": 1.0 if found.names else 0.0,
        "numbers": 1.0 if found.numbers else 0.0,
        "near": exp(-max(found.metres, PHONE_M) / 50) if found.metres is not None else 0.0,
        "no_point": 0.0 if has_point else 1.0,
        "hours": min(1.0, log1p(found.hours) / log1p(72)),
        "category": 1.0 if found.same_category else 0.0,
        "facility": 1.0 if found.same_facility else 0.0,
    }


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    few, many = (one, other) if len(one) <= len(other) else (other, one)
    return sum(weight * many[gram] for gram, weight in few.items() if gram in many)


def metres_between(
    lon_a: float | None, lat_a: float | None, lon_b: float | None, lat_b: float | None
) -> float | None:
    """Distance over a district's few kilometres, where the earth is flat to a decimetre; None without
    points."""
    if lon_a is None or lat_a is None or lon_b is None or lat_b is None:
        return None
    east = (lon_a - lon_b) * METRES_PER_DEGREE * cos(radians((lat_a + lat_b) / 2))
    return hypot(east, (lat_a - lat_b) * METRES_PER_DEGREE)


def _against(one: Seen, other: Seen, first: Telling, second: Telling) -> Iterable[str]:
    if any(
        not first.numbers[unit] & second.numbers[unit]
        for unit in first.numbers.keys() & second.numbers.keys()
    ):
        yield "numbers"
    if first.roads - second.roads and second.roads - first.roads:
        yield "roads"
    if _are_elsewhere(first.places, second.places):
        yield "places"
    if first.sides and second.sides and not first.sides & second.sides:
        yield "sides"
    if one.facility and other.facility and one.facility != other.facility:
        yield "facility"


def _are_elsewhere(one: frozenset[str], other: frozenset[str]) -> bool:
    """Does each name a place that the other does not, of one kind (a 花园, a 村)?"""
    return bool({name[2:] for name in one - other} & {name[2:] for name in other - one})


def common_words(text: str, other: str, *, least: int = 2) -> Sequence[tuple[int, int]]:
    """Where `text` has words of `other`: spans of at least `least` characters that both have."""
    theirs = {other[at : at + least] for at in range(len(other) - least + 1)}
    marked = [False] * len(text)
    for at in range(len(text) - least + 1):
        piece = text[at : at + least]
        if piece in theirs and all(letter.isalnum() for letter in piece):
            marked[at : at + least] = [True] * least
    spans: list[tuple[int, int]] = []
    for at, is_marked in enumerate(marked):
        if is_marked and spans and spans[-1][1] == at:
            spans[-1] = (spans[-1][0], at + 1)
        elif is_marked:
            spans.append((at, at + 1))
    return spans
