"""The matters that one text names, each in its own words, and what is left once some of them have left."""

import re
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np

from dispatch.normalise import talk
from dispatch.normalise.model import Reading

Read = Callable[[str], Reading]

MOST = 5
# Below this a piece reads as nothing: it belongs to what was said before it.
FAINT = 0.2

_CLAUSE = re.compile(r"[^,，。;；!！?？、\n]+")
# What joins a matter to the one before: a word for it, or its number.
_JOINER = re.compile(
    r"\s*(?:另外|此外|还有|再就是|顺便|同时还|而且还|以及|(?:其|第)[一二三四五]|[一二三四五]是|[1-5][.、)）])[,，:：、\s]*"
)
_TIES = re.compile(r"(?:另外|此外|还有|再就是|顺便|同时|而且|以及|[,，、;；:：\s])+$")
_NOISE = re.compile(r"[\W_]+")


def pieces(text: str, read: Read) -> list[tuple[str, int]]:
    """Each matter in its own words, as they were written, with its category's place; empty where it is one.

    Words that join another matter on say where one begins; without them the text is cut where its halves
    read most differently.
    """
    spans = [hit.span() for hit in _CLAUSE.finditer(text) if hit[0].strip()]
    starts = [start for start, _ in spans if _JOINER.match(text, start)]
    first = spans[0][0] if spans else 0
    if first not in starts:
        starts.insert(0, first)
    if not 2 <= len(starts) <= talk.MOST_PARTS:
        return talk.halves(text, read)
    found = list[tuple[str, int]]()
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        words = _bare(text[start:end])
        chances = read(words).categories
        at = int(np.argmax(chances))
        if found and (at == found[-1][1] or len(words) < talk.SHORTEST_PART or float(chances[at]) < FAINT):
            began = text.index(found[-1][0], 0, start)
            found[-1] = (_bare(text[began:end]), found[-1][1])
        else:
            found.append((words, at))
    return found[:MOST] if len(found) > 1 else talk.halves(text, read)


def without(text: str, left: Iterable[str]) -> str:
    """A text without the words that have left it; as it was where they are none of its own.

    Words that were typed anew take nothing away. Never empty: then the text as it was.
    """
    rest = text
    for words in left:
        rest = _without(rest, words.strip())
    return rest if _plain(rest) else text


def _without(text: str, words: str) -> str:
    if len(words) >= talk.SHORTEST_PART and text.count(words) == 1:
        before, after = text.split(words)
        before = _TIES.sub("", before)
        after = after.lstrip(" ,，、;；。")
        return f"{before}。{after}" if before and after and before[-1] not in "。!！?？" else before + after
    gone = Counter(_plain(piece) for piece in _CLAUSE.findall(words))
    kept, at = list[str](), 0
    for hit in _CLAUSE.finditer(text):
        ends = re.compile(r"[,，。;；!！?？、\n]*").match(text, hit.end())
        end = ends.end() if ends else hit.end()
        plain = _plain(hit[0])
        if gone[plain] > 0:
            gone[plain] -= 1
        else:
            kept.append(text[at:end])
        at = end
    return text if len(kept) == len(_CLAUSE.findall(text)) else _TIES.sub("", "".join(kept))


def has_left(words: str, left: Iterable[str]) -> bool:
    """Are these words, all of them, among those that have left before?"""
    gone = {_plain(piece) for told in left for piece in _CLAUSE.findall(told)}
    asked = {_plain(piece) for piece in _CLAUSE.findall(words)} - {""}
    return bool(asked) and asked <= gone


def is_nothing_left(text: str, words: str) -> bool:
    """Would taking these words leave nothing of the text?"""
    all_of_it = {_plain(piece) for piece in _CLAUSE.findall(text)} - {""}
    return bool(all_of_it) and all_of_it <= {_plain(piece) for piece in _CLAUSE.findall(words)}


def _bare(words: str) -> str:
    """A piece without what joins it to those beside it."""
    told = words.strip()
    joined = _JOINER.match(told)
    return _TIES.sub("", told[joined.end() :] if joined else told)


def _plain(clause: str) -> str:
    """A clause as it is compared: without marks, and without the word that joins it on."""
    joined = _JOINER.match(clause)
    return _NOISE.sub("", clause[joined.end() :] if joined else clause)
