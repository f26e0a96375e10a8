"""Where in a text words were found, so that a page can underline them."""

from collections.abc import Mapping
from dataclasses import dataclass

from dispatch.items import normal_form


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text; `rank` says whose word it is, 0 nobody's."""

    text: str
    rank: int = 0


def marked(text: str, ranks: Mapping[str, int]) -> list[Piece]:
    """The text in pieces, with each of these words (in normal form) under its rank.

    Words are found as the matcher finds them, full-width or not. Where two overlap the better rank
    counts, then the longer word.
    """
    plain, origins = _with_origins(text)
    owner = [""] * len(text)
    for word in sorted(ranks, key=lambda word: (-ranks[word], len(word))):
        at = plain.find(word) if word else -1
        while at >= 0:
            for position in origins[at : at + len(word)]:
                owner[position] = word
            at = plain.find(word, at + 1)
    pieces: list[Piece] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or owner[at] != owner[start]:
            pieces.append(Piece(text[start:at], ranks.get(owner[start], 0)))
            start = at
    return pieces


def _with_origins(text: str) -> tuple[str, list[int]]:
    """The normal form, and for each of its characters where it came from."""
    plain, origins = [], []
    for at, character in enumerate(text):
        normal = normal_form(character)
        plain.append(normal)
        origins += [at] * len(normal)
    return "".join(plain), origins
