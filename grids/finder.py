"""Finding known names in a text: as they are written, as they sound, and with one character wrong.

Three passes of one automaton each (Aho-Corasick), and each looks only at what the one before left over:
the longest name as written; names of four characters or more by their sound; then those of which half is
there, compared character by character.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

import ahocorasick

from grids.spelling import sound

How = Literal["written", "sound", "near"]
# Shorter names would be read into everyday words.
FUZZY_LEAST: Final = 4
# What is called 花园 or 工业区 may be anything: so many characters have to name it.
_PROPER_LEAST: Final = 3
# Half a name that begins or ends more names than this tells nothing.
_SHARED_MOST: Final = 6
# What a place is: the part of a name that has to be right.
_GENERIC: Final = (
    *(
        "工业园区",
        "工业园",
        "工业区",
        "产业园",
        "科技园",
        "花园",
        "家园",
        "公寓",
        "小区",
        "新村",
        "老围",
        "围村",
    ),
    *(
        "大道",
        "公园",
        "广场",
        "医院",
        "学校",
        "小学",
        "中学",
        "幼儿园",
        "地铁站",
        "社区",
        "街道",
        "市场",
        "大厦",
    ),
    *("中心", "宿舍", "厂", "站", "村", "路", "街", "巷", "苑", "城", "园"),
)
_GAP: Final = "\n"  # stands where something was found already; no name has one


class Spot(NamedTuple):
    """A name that a text says: where, in which words, and how it was told."""

    name: str
    words: str
    end: int
    how: How


def _automaton(words: Iterable[tuple[str, object]]) -> ahocorasick.Automaton | None:
    automaton = ahocorasick.Automaton()
    for word, value in words:
        automaton.add_word(word, value)
    if not len(automaton):
        return None
    automaton.make_automaton()
    return automaton


class NameFinder:
    """A set of names to be found in texts that are `spelling.plain` already."""

    def __init__(self, names: Iterable[str], *, by_sound: Iterable[str]) -> None:
        """`by_sound`: those of the names that may also be told by their sound or with an error."""
        self._written = _automaton((name, name) for name in names)
        fuzzy = sorted({name for name in by_sound if len(name) >= FUZZY_LEAST})
        sounds: dict[str, list[str]] = defaultdict(list)
        for name in fuzzy:
            sounds[sound(name)].append(name)
        # Two names that sound alike are told apart by their characters alone.
        self._sounds = _automaton((heard, own[0]) for heard, own in sounds.items() if len(own) == 1)
        halves: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        for name in fuzzy:
            if len(_proper(name)) >= _PROPER_LEAST:
                middle = len(name) // 2
                halves[name[:middle]].append((name, True))
                halves[name[middle:]].append((name, False))
        self._halves = _automaton(
            (half, tuple(named)) for half, named in halves.items() if len(named) <= _SHARED_MOST
        )

    def find(self, text: str) -> list[Spot]:
        """The names in `text`, in its order; none overlaps another."""
        if self._written is None:
            return []
        spots = [Spot(name, name, end + 1, "written") for end, name in self._written.iter_long(text)]
        left = _without(text, spots)
        if self._sounds is not None:
            heard = [
                Spot(name, left[end + 1 - len(name) : end + 1], end + 1, "sound")
                for end, name in self._sounds.iter_long(sound(left))
            ]
            if heard:
                spots += heard
                left = _without(left, heard)
        if self._halves is not None:
            spots += self._nearly(left)
        return sorted(spots, key=lambda spot: spot.end) if len(spots) > 1 else spots

    def _nearly(self, text: str) -> list[Spot]:
        assert self._halves is not None
        found: dict[str, Spot] = {}
        for end, named in self._halves.iter(text):
            for name, is_head in named:
                if name in found:
                    continue
                if spot := _one_off(text, name, end + 1, is_head=is_head):
                    found[name] = spot
        # One stretch of words that may be two names is neither.
        ends = [spot.end for spot in found.values()]
        return [spot for spot in found.values() if sum(abs(spot.end - end) <= 1 for end in ends) == 1]


def _without(text: str, spots: Iterable[Spot]) -> str:
    for spot in spots:
        start = spot.end - len(spot.words)
        text = text[:start] + _GAP * len(spot.words) + text[spot.end :]
    return text


def _proper(name: str) -> str:
    """The name without the word for what it is."""
    for generic in _GENERIC:
        if name.endswith(generic) and len(name) > len(generic):
            return name.removesuffix(generic)
    return name


def _one_off(text: str, name: str, end: int, *, is_head: bool) -> Spot | None:
    """Is `name` there with one character wrong, missing or too many? One of its halves ends at `end`."""
    middle = len(name) // 2
    generic = name[len(_proper(name)) :]
    for length in (len(name), len(name) - 1, len(name) + 1):
        start = end - middle if is_head else end - length
        words = text[start : start + length]
        if start < 0 or len(words) != length or _GAP in words:
            continue
        if words.endswith(generic) and not _differs_in_digits(words, name) and _distance_is_one(words, name):
            return Spot(name, words, start + length, "near")
    return None


def _distance_is_one(words: str, name: str) -> bool:
    if len(words) == len(name):
        return sum(one != other for one, other in zip(words, name, strict=True)) == 1
    shorter, longer = sorted((words, name), key=len)
    index = next((at for at, letter in enumerate(shorter) if letter != longer[at]), len(shorter))
    return shorter[index:] == longer[index + 1 :]


def _differs_in_digits(words: str, name: str) -> bool:
    """第二工业区 is not 第三工业区, and 3号线 not 4号线."""
    counts = "0123456789一二三四五六七八九十东南西北上下"
    return [letter for letter in words if letter in counts] != [letter for letter in name if letter in counts]
