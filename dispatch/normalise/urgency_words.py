"""The tables of words of danger, Chinese and English: what they say, and where a text has it.

A row is one word, or two with little between them. In a word "…" stands for a few letters of the same
clause and "/" for one or the other; "@name" is a set of words, "~" any ending of an English word.
What stands under `unless` may not stand between the two nor right behind them; with "=" before it only not
right behind, with "<" not earlier in the clause (the sentence, in English), with ">" not later.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import ahocorasick

from accounts.reference import Row, read_rows
from dispatch.items import normal_form
from dispatch.loading import DATA
from dispatch.vocabulary import Urgency

CHINESE, ENGLISH = DATA / "emergency_words.csv", DATA / "emergency_words_english.csv"
COLUMNS = ("danger", "urgency", "first", "gap", "second", "unless")
# As far to both sides as a barred word is looked for.
_NEAR = 60
_SET = "@"


@dataclass(frozen=True, slots=True)
class Language:
    """How far apart a word's sides may stand, what ends a clause and a sentence, and a word's edges."""

    is_english: bool
    inner: str  # between the sides of one word
    between: str  # one letter between two words
    clause_end: re.Pattern[str]
    starts: str = ""
    ends: str = ""


_CHINESE = Language(False, "[^,。;!?\n]{0,4}?", "[^。;!?\n]", re.compile(r"[,。;!?\n]"))
# A possessive ends what is told of somebody: "my son's bike is missing".
_OWNED = (
    r"(?!['’]s (?!missing|lost|gone|going|not|been|stuck|trapped|drown|uncon|chok|bleed|fall|having|in ))"
)
_ENGLISH = Language(
    True,
    rf"(?:{_OWNED}[^.;!?。\n]){{0,16}}?",
    rf"{_OWNED}[^.;!?。\n]",
    re.compile(r"[!?;。\n]|\.(?=\s|$)"),
    r"(?<![a-z])",
    r"(?![a-z])",
)


@dataclass(frozen=True, slots=True)
class Words:
    """One row of a table, ready to be looked for."""

    danger: str
    urgency: str
    language: Language
    pattern: re.Pattern[str]
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None

    def hits(self, text: str) -> Iterator["Hit"]:
        """Where `text` (in its normal form) has it, from left to right."""
        for found in self.pattern.finditer(text):
            spans = [span for at in range(1, self.pattern.groups + 1) if (span := found.span(at))[0] >= 0]
            if not self._is_barred(text, found.start(), found.end()):
                yield Hit(text, found.start(), found.end(), tuple(spans))

    def _is_barred(self, text: str, start: int, end: int) -> bool:
        cut = self.language.clause_end
        if self.before and self.before.search(cut.split(text[max(0, start - _NEAR) : start])[-1]):
            return True
        return bool(self.after and self.after.search(cut.split(text[end : end + _NEAR], maxsplit=1)[0]))


@dataclass(frozen=True, slots=True)
class Hit:
    """A place in a text with a row's words, and where each part of these stands."""

    text: str
    start: int
    end: int
    parts: tuple[tuple[int, int], ...]

    @property
    def said(self) -> str:
        return self.text[self.start : self.end]

    @property
    def gaps(self) -> list[str]:
        """What stands between the parts."""
        text, parts = self.text, self.parts
        return [text[one[1] : other[0]] for one, other in pairwise(parts)]

    @property
    def phrase(self) -> str:
        """The words of the table, without what stood between them."""
        gaps = self.gaps
        joint = "…" if any(gap.strip() for gap in gaps) else " " if any(gaps) else ""
        return joint.join(self.text[start:end] for start, end in self.parts)


class Table:
    """The rows, and which of them are worth trying on a text."""

    def __init__(self, rows: list[tuple[Words, set[str], set[str]]]) -> None:
        self.rows = [row for row, _first, _second in rows]
        self._single = sum(1 << at for at, (_row, _first, second) in enumerate(rows) if not second)
        firsts: dict[str, int] = {}
        seconds: dict[str, int] = {}
        for at, (_row, first, second) in enumerate(rows):
            for word in first:
                firsts[word] = firsts.get(word, 0) | 1 << at
            for word in second:
                seconds[word] = seconds.get(word, 0) | 1 << at
        words = sorted({*firsts, *seconds})
        self._masks = [(firsts.get(word, 0), seconds.get(word, 0)) for word in words]
        self._automaton = ahocorasick.Automaton()
        for number, word in enumerate(words):
            self._automaton.add_word(word, number)
        self._automaton.make_automaton()

    def wanted(self, text: str) -> list[Words]:
        """The rows whose words all occur in `text` (in its normal form), wherever that may be."""
        first = second = 0
        for number in {number for _end, number in self._automaton.iter(text)}:
            one, other = self._masks[number]
            first |= one
            second |= other
        left = first & (second | self._single)
        found = []
        while left:
            lowest = left & -left
            found.append(self.rows[lowest.bit_length() - 1])
            left ^= lowest
        return found


@cache
def table(dangers: tuple[str, ...]) -> Table:
    """Both files. Raises BadFile for a row of them that cannot be understood."""
    return Table([*_read(CHINESE, _CHINESE, dangers), *_read(ENGLISH, _ENGLISH, dangers)])


def _read(path: Path, language: Language, dangers: tuple[str, ...]) -> list[tuple[Words, set[str], set[str]]]:
    rows = read_rows(path, COLUMNS)
    rows.require("first")
    sets: dict[str, list[str]] = {}
    for row in rows:
        if row["danger"].startswith(_SET):
            sets[row["danger"]] = _cell(row["first"], sets)
    rows.one_of("danger", [*dangers, *sets])
    rows.one_of("urgency", [Urgency.EMERGENCY, Urgency.URGENT, ""])
    rows.check()
    return [_row(row, language, sets) for row in rows if row["danger"] not in sets]


def _row(row: Row, language: Language, sets: dict[str, list[str]]) -> tuple[Words, set[str], set[str]]:
    first, second, unless = (_cell(row[name], sets) for name in ("first", "second", "unless"))
    earlier = [word[1:] for word in unless if word[0] == "<"]
    later = [word[1:] for word in unless if word[0] == ">"]
    behind = [word.removeprefix("=") for word in unless if word[0] not in "<>"]
    here = [word for word in unless if word[0] not in "<>="]
    barred = f"(?!{_any(here, language, '?:')})" if here else ""
    pattern = _any(first, language)
    if second:
        pattern += f"(?:{barred}{language.between}){{0,{int(row['gap'])}}}?{_any(second, language)}"
    if behind:
        pattern += f"(?!\\s?{_any(behind, language, '?:')})"
    words = Words(
        row["danger"],
        row["urgency"],
        language,
        re.compile(pattern),
        re.compile(_any(earlier, language, "?:")) if earlier else None,
        re.compile(_any(later, language, "?:")) if later else None,
    )
    return words, _keys(first), _keys(second)


def _cell(cell: str, sets: dict[str, list[str]]) -> list[str]:
    """The words of a cell in their normal form, sets spelt out."""
    found = []
    for word in filter(None, cell.split("|")):
        if word in sets:
            found += sets[word]
            continue
        sides = [
            "/".join("/".join(sets.get(part, [part])) for part in side.split("/")) for side in word.split("…")
        ]
        found.append("…".join(normal_form(side) for side in sides))
    return found


def _any(words: list[str], language: Language, kind: str = "") -> str:
    """One of these, the longest that fits; each side of a word with "…" is a part for itself."""

    def side(parts: list[str]) -> str:
        longest_first = sorted(parts, key=lambda part: (-len(part), part))
        return f"{language.starts}({kind}{'|'.join(map(_letters, longest_first))}){language.ends}"

    plain = [word for word in words if not _sides(word)]
    choices = [side(plain)] if plain else []
    choices += [language.inner.join(map(side, sides)) for word in words if (sides := _sides(word))]
    return f"(?:{'|'.join(choices)})"


def _sides(word: str) -> list[list[str]]:
    """What a word with "…" or "/" is made of; nothing for a plain one."""
    if "…" not in word and "/" not in word:
        return []
    return [side.split("/") for side in word.split("…")]


def _letters(word: str) -> str:
    """A plain word as a pattern: "~" is any ending, an apostrophe may be missing, a space a hyphen."""
    pattern = re.escape(word).replace(r"\ ", "[ -]+").replace(r"\~", "[a-z]{0,5}").replace("~", "[a-z]{0,5}")
    return pattern.replace("'", "['’]?")


def _keys(words: list[str]) -> set[str]:
    """Letters of which one must occur for one of `words` to; the rarest guess of each."""
    found = set()
    for word in words:
        sides = _sides(word) or [[word]]
        side = max(sides, key=lambda parts: min(len(_key(part)) for part in parts))
        found |= {_key(part) for part in side}
    return found


def _key(word: str) -> str:
    """The longest run of letters in a word that stand as they are."""
    return max(re.split(r"[ '~-]", word), key=len)
