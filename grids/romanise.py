"""Chinese place names in Latin letters, for readers of the English pages."""

from typing import Final

from pypinyin import Style, lazy_pinyin

# What follows the proper name, and what English calls it.
_KINDS: Final = (("街道", "Subdistrict"), ("社区", "Community"), ("区", "District"))
# Names that dictionaries of everyday words read otherwise than the people who live there.
_READINGS: Final = {"圳": "zhen", "埔": "pu", "圩": "xu", "墟": "xu", "坳": "ao", "坭": "ni", "厦": "xia"}


def romanise(name: str) -> str:
    """良安田社区 becomes Liang'antian Community: one capitalised word, apostrophes where they are due."""
    for suffix, english in _KINDS:
        if name.endswith(suffix) and len(name) > len(suffix):
            return f"{_word(name.removesuffix(suffix))} {english}"
    return _word(name)


def _word(name: str) -> str:
    syllables = [
        _READINGS.get(character, reading)
        for character, reading in zip(name, lazy_pinyin(name, style=Style.NORMAL), strict=True)
    ]
    joined = ""
    for syllable in syllables:
        # A syllable that begins with a vowel would run into the one before it.
        joined += "'" + syllable if joined and syllable[0] in "aoe" else syllable
    return joined[:1].upper() + joined[1:]
