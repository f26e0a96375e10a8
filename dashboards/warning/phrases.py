"""Which runs of characters are said by more people than before, and which of them are phrases.

Chinese has no spaces: candidates are all runs of two to six characters, counted by how many reporters said
them. Texts become one array of characters and every run a rolling hash, so that a week of a district of
ten million cases is counted by sorting, not by a dictionary of strings. Pure: no database, no clock.

- growth: as many or more of the week's reporters, were the phrase as common as in the past: a gamma-Poisson
  prediction with some burstiness (Church & Gale 1995), against all runs of the week together (Bonferroni);
- a phrase and no fragment: inner cohesion (PMI at the weakest cut), freedom on both sides (branching
  entropy; Jin & Tanaka-Ishii 2006), not merely part of a longer one.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from dashboards.warning import tails

Array = np.ndarray[Any, Any]

SHORTEST, LONGEST = 2, 6
# Fewer reporters in a window are no theme.
LEAST: Final = 5
# In eight weeks what was said counts half.
HALF_LIFE: Final = 56.0
# What has so little left is forgotten; said once, a phrase is kept for some two weeks and a half.
_FORGOTTEN: Final = 0.8
# Entries kept at most: some fifty megabytes.
MOST_ENTRIES: Final = 4_000_000
# Words come in bursts by themselves: variance beyond Poisson.
_BURSTINESS: Final = 0.15
_COHESION: Final = 2.0  # nats, at the weakest cut
_FREEDOM: Final = 0.6  # nats of what stands beside it, on either side
_SWALLOWED: Final = 0.75  # said mostly as part of a longer phrase

_BASE = np.uint64(0x9E37_79B9_7F4A_7C15)
_SEPARATOR = 0


def plain(text: str) -> str:
    """As phrases are compared: full-width and capital letters like plain ones."""
    return unicodedata.normalize("NFKC", text).casefold()


@dataclass(frozen=True, slots=True)
class Talk:
    """Texts as one array of characters, with who said each of them."""

    characters: Array  # uint32, texts apart by a separator
    speaker: Array  # int32, for each character
    speakers: int

    @classmethod
    def of(cls, texts: Sequence[str], who: Sequence[int]) -> "Talk":
        """`texts`, plain, and their reporters; what is no letter or digit of any script separates."""
        joined = "\n".join(texts)
        characters = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype="<u4").copy()
        lengths = np.array([len(text) for text in texts], dtype=int) + 1
        _unique, speaker = np.unique(np.array(who, dtype=np.int64), return_inverse=True)
        spread = np.repeat(speaker.astype(np.int32), lengths)[: len(characters)]
        characters[~_is_word(characters)] = _SEPARATOR
        return cls(characters, spread, len(_unique))


def _is_word(characters: Array) -> Array:
    """Han characters and plain letters. Digits are left out: a number is no theme, and may be a person's."""
    return np.asarray(
        ((characters >= 0x4E00) & (characters <= 0x9FFF))
        | ((characters >= ord("a")) & (characters <= ord("z")))
    )


def _hashed(talk: Talk) -> Iterator[tuple[int, Array, Array]]:
    """For each length: the hashes of all runs of it that no separator cuts, and where they begin."""
    size = len(talk.characters)
    word = talk.characters != _SEPARATOR
    code = (talk.characters.astype(np.uint64) + np.uint64(1)) * _BASE
    code ^= code >> np.uint64(29)
    rolling, whole = code.copy(), word.copy()
    for length in range(2, LONGEST + 1):
        if size < length:
            return
        shift = length - 1
        rolling = rolling[: size - shift] * np.uint64(0x100_0000_01B3) + code[shift:]
        whole = whole[: size - shift] & word[shift:]
        begins = np.flatnonzero(whole)
        mixed = rolling[begins]
        mixed ^= mixed >> np.uint64(31)
        yield length, mixed * _BASE + np.uint64(length), begins


def said_by(talk: Talk, *, least: int = 1) -> tuple[Array, Array, Array, Array, int]:
    """Runs that at least so many reporters said: hashes (sorted), reporters, where one stands, its length.

    And how many different runs there are altogether.
    """
    parts: list[tuple[Array, Array, Array, Array]] = []
    different = 0
    for length, hashes, begins in _hashed(talk):
        order = np.lexsort((talk.speaker[begins], hashes))
        hashes, begins = hashes[order], begins[order]
        speaker = talk.speaker[begins]
        fresh = np.ones(len(hashes), dtype=bool)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (speaker[1:] != speaker[:-1])
        hashes, begins = hashes[fresh], begins[fresh]
        starts = (
            np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1]))) if len(hashes) else begins
        )
        reporters = np.diff(np.append(starts, len(hashes)))
        different += len(starts)
        kept = reporters >= least
        starts = starts[kept]
        parts.append(
            (hashes[starts], reporters[kept], begins[starts], np.full(len(starts), length, dtype=np.int8))
        )
    if not parts:
        empty = np.zeros(0, dtype=np.int64)
        return empty.astype(np.uint64), empty, empty, empty, 0
    hashes, reporters, begins, lengths = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(hashes)
    return hashes[order], reporters[order], begins[order], lengths[order], different


@dataclass(frozen=True, slots=True)
class Past:
    """How many reporters said each run before, older days counting less."""

    hashes: Array  # uint64, sorted
    counts: Array  # float32
    reporters: float

    @classmethod
    def empty(cls) -> "Past":
        return cls(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.float32), 0.0)

    def of(self, hashes: Array) -> Array:
        """The counts of these runs; nothing for what was never said, or is forgotten."""
        if not len(self.hashes):
            return np.zeros(len(hashes))
        at = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[at] == hashes, self.counts[at], 0.0)

    def after(self, talk: Talk) -> "Past":
        """The past with one more day in it (lossy counting: what is too seldom is dropped)."""
        hashes, reporters, *_rest = said_by(talk)
        fade = 0.5 ** (1 / HALF_LIFE)
        everything = np.concatenate((self.hashes, hashes))
        counts = np.concatenate((self.counts * np.float32(fade), reporters.astype(np.float32)))
        order = np.argsort(everything, kind="stable")
        everything, counts = everything[order], counts[order]
        starts = np.flatnonzero(np.concatenate(([True], everything[1:] != everything[:-1])))
        starts = starts if len(everything) else np.zeros(0, dtype=int)
        counts = np.add.reduceat(counts, starts) if len(starts) else counts
        everything = everything[starts]
        least = _FORGOTTEN
        if len(counts) > MOST_ENTRIES:
            least = max(least, float(np.partition(counts, -MOST_ENTRIES)[-MOST_ENTRIES]) * 1.0001)
        kept = counts >= least
        return Past(everything[kept], counts[kept], self.reporters * fade + talk.speakers)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that grew."""

    words: str
    reporters: int
    expected: float
    size: float
    chance: float

    @property
    def surprise(self) -> float:
        return -math.log10(max(self.chance, 1e-300))


def grown(
    talk: Talk, past: Past, *, false_ones: float, least: int = LEAST
) -> list[tuple[Phrase, frozenset[int]]]:
    """Phrases that more reporters say than the past explains, and who (as numbers within `talk`).

    `false_ones`: how many of them may be expected to be chance, all runs of the window together.
    """
    hashes, reporters, begins, lengths, different = said_by(talk, least=least)
    if past.reporters <= 0 or not len(hashes):
        return []
    before = past.of(hashes)
    # What was forgotten may have been said a little: one is added, and chance strays as with one.
    share = talk.speakers / past.reporters
    expected = (before + 1.0) * share
    limit = false_ones / max(1, different)
    rising = np.flatnonzero(reporters > 2 * expected)
    found: list[tuple[str, int, float, float, float]] = []
    for index in rising:
        size = 1.0 / (1.0 / (before[index] + 1.0) + _BURSTINESS)
        chance = tails.upper(int(reporters[index]), float(expected[index]), size)
        if chance <= limit:
            at, length = int(begins[index]), int(lengths[index])
            words = "".join(map(chr, talk.characters[at : at + length]))
            found.append((words, int(reporters[index]), float(expected[index]), size, chance))
    counted = {}
    for words, number, mean, size, chance in found:
        places = _places(talk, words)
        if _is_phrase(talk, words, places):
            speakers = frozenset(talk.speaker[places].tolist())
            counted[words] = (Phrase(words, number, mean, size, chance), speakers)
    return _not_swallowed(counted)


def _places(talk: Talk, words: str) -> Array:
    """Where it stands."""
    codes = [ord(character) for character in words]
    places = np.flatnonzero(talk.characters[: len(talk.characters) - len(codes) + 1] == codes[0])
    for offset, code in enumerate(codes[1:], start=1):
        places = places[talk.characters[places + offset] == code]
    return np.asarray(places)


def _is_phrase(talk: Talk, words: str, places: Array) -> bool:
    """Does it hold together, and stand free on both sides?"""
    if words.isascii():  # a Latin word: whole, or nothing
        return len(words) >= 3 and not any(
            _latin(talk, place - 1) or _latin(talk, place + len(words)) for place in places[:20].tolist()
        )
    total = max(1, len(talk.characters))
    whole = len(places) / total
    cohesion = min(
        math.log(whole / (len(_places(talk, words[:cut])) / total * len(_places(talk, words[cut:])) / total))
        for cut in range(1, len(words))
    )
    return (
        cohesion >= _COHESION
        and _entropy(talk, places - 1) >= _FREEDOM
        and _entropy(talk, places + len(words)) >= _FREEDOM
    )


def _latin(talk: Talk, place: int) -> bool:
    return 0 <= place < len(talk.characters) and ord("a") <= talk.characters[place] <= ord("z")


def _entropy(talk: Talk, places: Array) -> float:
    """Of the characters there; an end of a text or a stop is free like a character that stands once."""
    inside = (places >= 0) & (places < len(talk.characters))
    beside = talk.characters[places[inside]].tolist() + [_SEPARATOR] * int((~inside).sum())
    counts = Counter(character for character in beside if character != _SEPARATOR)
    free = sum(character == _SEPARATOR for character in beside)
    total = len(beside)
    return -sum(n / total * math.log(n / total) for n in counts.values()) + free / total * math.log(
        max(total, 2)
    )


def _not_swallowed(
    counted: dict[str, tuple[Phrase, frozenset[int]]],
) -> list[tuple[Phrase, frozenset[int]]]:
    """Without those that are said mostly as part of a longer one, or add nothing to a shorter one."""
    kept: dict[str, tuple[Phrase, frozenset[int]]] = {}
    for words in sorted(counted, key=lambda words: (-len(words), words)):
        phrase, _speakers = counted[words]
        longer = [other for other in kept if words in other]
        if any(kept[other][0].reporters >= _SWALLOWED * phrase.reporters for other in longer):
            continue
        kept[words] = counted[words]
    return sorted(kept.values(), key=lambda pair: (pair[0].chance, -len(pair[0].words), pair[0].words))


def themes(
    found: Sequence[tuple[Phrase, frozenset[int]]], *, share: float = 0.5
) -> list[list[tuple[Phrase, frozenset[int]]]]:
    """Phrases that the same people say, grouped; the most telling theme first."""
    groups: list[list[tuple[Phrase, frozenset[int]]]] = []
    for phrase, speakers in found:
        for group in groups:
            if any(_overlap(speakers, others) >= share for _phrase, others in group):
                group.append((phrase, speakers))
                break
        else:
            groups.append([(phrase, speakers)])
    return groups


def _overlap(one: Collection[int], other: frozenset[int]) -> float:
    return len(other.intersection(one)) / max(1, min(len(one), len(other)))
