"""Write the table of syllables that grids.spelling reads; for developers, when pypinyin has changed."""

from collections import defaultdict
from typing import Any

from django.core.management.base import BaseCommand
from pypinyin import Style, pinyin

from grids.spelling import SYLLABLES

# Place names read otherwise than the words of everyday (as in grids.romanise).
_READINGS = {"圳": "zhen", "埔": "pu", "圩": "xu", "墟": "xu", "坳": "ao", "坭": "ni", "厦": "xia"}


def syllables() -> str:
    """A line for each syllable, and the characters of GB 2312 that are read so."""
    found: dict[str, list[str]] = defaultdict(list)
    for high in range(0xB0, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                character = bytes((high, low)).decode("gb2312")
            except UnicodeDecodeError:
                continue
            reading = _READINGS.get(character) or pinyin(character, style=Style.NORMAL)[0][0]
            found[reading].append(character)
    return "".join(f"{reading} {''.join(characters)}\n" for reading, characters in sorted(found.items()))


class Command(BaseCommand):
    help = "Write grids/data/syllables.txt from pypinyin (MIT). A test holds the file to it."

    def handle(self, *args: Any, **options: Any) -> None:
        SYLLABLES.write_text(syllables(), encoding="utf-8")
        self.stdout.write(f"{SYLLABLES.name} written")
