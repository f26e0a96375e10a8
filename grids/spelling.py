"""How a name sounds, letter for letter: what a phone's keyboard mixes up reads alike.

A table gives each character of GB 2312 its syllable without the tone (data/syllables.txt, written by
`manage.py write_syllables` out of pypinyin's own tables), and syllables that southern speakers do not tell
apart are one. A text becomes a string of the same length, so that what is found in it has a position.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Final

SYLLABLES: Final = Path(__file__).parent / "data" / "syllables.txt"
# zh/z, ch/c, sh/s, n/l at the beginning, -ng/-n at the end.
_ALIKE: Final = (
    ("^zh", "z"),
    ("^ch", "c"),
    ("^sh", "s"),
    ("^n", "l"),
    ("ang$", "an"),
    ("eng$", "en"),
    ("ing$", "in"),
)
_PRIVATE: Final = 0xE000  # a character of its own for each syllable


def plain(text: str) -> str:
    """NFKC without white space: full-width letters and spread-out names read like plain ones."""
    return "".join(unicodedata.normalize("NFKC", text).split())


@lru_cache(maxsize=1)
def _table() -> dict[int, int]:
    sounds: dict[str, int] = {}
    table: dict[int, int] = {}
    for line in SYLLABLES.read_text(encoding="utf-8").splitlines():
        syllable, _space, characters = line.partition(" ")
        for pattern, other in _ALIKE:
            syllable = re.sub(pattern, other, syllable)
        sound = sounds.setdefault(syllable, _PRIVATE + len(sounds))
        for character in characters:
            table[ord(character)] = sound
    return table


def sound(text: str) -> str:
    """The text with a letter for each syllable; what has none stays as it is."""
    return text.translate(_table())
