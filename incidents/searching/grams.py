"""Pairs of neighbouring characters: what Chinese is found by, where no word has an end.

A trigram index never answers for two characters, which is what people type. A pair is kept as one
integer, so an index over arrays of them is small and compares fast.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from accounts import masking

# Of one case, after which no further text is taken in: the index holds something of every case, not
# everything of one.
MOST: Final = 4_000

# Letters and digits of any script that stand together.
_STRETCH = re.compile(r"[^\W_]+")
_LATIN = re.compile(r"[0-9a-z]+")


def plain(text: str) -> str:
    """As words are compared: full-width and capital letters like plain ones."""
    return unicodedata.normalize("NFKC", text).casefold()


def masked(text: str) -> str:
    """`text`, plain, with a blank in place of every number that belongs to a person: nobody is found by one
    here, a caller's number is looked up where it is kept sealed."""
    return masking.without(plain(text), " ")


def hidden(text: str) -> str:
    """`text` as it stands, with dots in place of such numbers."""
    return masking.without(text, "•••")


def grams(*texts: str) -> set[int]:
    """What `texts` are found by: their pairs, and each Latin word or short number as a whole."""
    found: set[int] = set()
    for text in texts:
        for stretch in _STRETCH.findall(masked(text)):
            found.update(_pairs(stretch))
            found.update(whole(word) for word in _LATIN.findall(stretch))
        if len(found) >= MOST:
            break
    return found


def wanted(word: str) -> set[int]:
    """What a text must have in order to say `word`; nothing where the word is too short to be looked for.

    All of its pairs: whoever has them all has, but for rare accidents, the word. A Latin word or number of
    one or two characters must be there as a whole, so that 3号楼 is not found in 13号楼; a longer one may
    be a part, so that a plate is found by its beginning.
    """
    found: set[int] = set()
    for stretch in _STRETCH.findall(masked(word)):
        found.update(_pairs(stretch))
        found.update(whole(part) for part in _LATIN.findall(stretch) if len(part) <= 2)
    return found


def whole(word: str) -> int:
    """A word as a whole, as a signed integer of 32 bits."""
    return _signed(zlib.crc32(word.encode()))


def serial(digits: str) -> int:
    """The last part of a case's number, for those who say only that: 123 and 000123 are the same."""
    return whole(f"#{int(digits)}")


def filed_under(code: str) -> int:
    """A unit's or a street's code, among whose cases a word is looked for."""
    return whole(f"@{code}")


def _pairs(stretch: str) -> Iterator[int]:
    for first, second in pairwise(stretch):
        yield _signed((ord(first) & 0xFFFF) << 16 | ord(second) & 0xFFFF)


def _signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number


def marks(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where `words` stand in `text`, as (begin, end) without overlap, for a list to mark them."""
    folded = text.casefold()
    if len(folded) != len(text):  # a letter that folds to two: its places are not the text's
        folded = text
    spans: list[tuple[int, int]] = []
    for word in words:
        if part := word.casefold():
            spans += [(hit.start(), hit.end()) for hit in re.finditer(re.escape(part), folded)]
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged
