"""Where a case says what was looked for: a piece of the sentence, with the words to be marked."""

from collections.abc import Sequence
from dataclasses import dataclass

from incidents.searching.grams import hidden, marks, plain
from incidents.searching.rows import Said

LENGTH = 64
_BEFORE = 14

Marked = list[tuple[str, bool]]  # pieces of a text in order, and whether each is to be marked


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of one sentence of a case."""

    kind: str  # as in rows.Said
    pieces: Marked


def marked(text: str, words: Sequence[str]) -> Marked:
    """`text` cut where one of the words begins or ends."""
    pieces: Marked = []
    end = 0
    for begin, until in marks(text, words):
        if begin > end:
            pieces.append((text[end:begin], False))
        pieces.append((text[begin:until], True))
        end = until
    if end < len(text):
        pieces.append((text[end:], False))
    return pieces


def excerpt(said: Sequence[Said], words: Sequence[str], *, title: str = "") -> Excerpt | None:
    """The sentence that says most of what `title` does not say; None where the title says it all."""
    missing = [word for word in words if word not in plain(title)]
    best, most = None, 0
    for one in said:
        if (count := sum(word in plain(one.words) for word in missing)) > most:
            best, most = one, count
    if best is None:
        return None
    text = " ".join(hidden(best.words).split())
    begin = max(0, min((begin for begin, _end in marks(text, missing)), default=0) - _BEFORE)
    piece = text[begin : begin + LENGTH]
    piece = f"{'…' if begin else ''}{piece}{'…' if begin + LENGTH < len(text) else ''}"
    return Excerpt(best.kind, marked(piece, words))
