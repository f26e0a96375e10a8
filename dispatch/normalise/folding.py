"""The normal form of a text that several readers ask for, one after the other."""

import re
from functools import lru_cache

from dispatch.items import normal_form

# Of the few texts that are being read; reading one asks six times.
folded = lru_cache(maxsize=64)(normal_form)

_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTERS = re.compile(r"[^\W\d_\u3400-\u9fff]")
# Links, addresses, and what has a digit or a hyphen in it: makes, plates, the numbers of tickets.
_NO_WORDS = re.compile(r"https?://\S+|\S+@\S+|(?=[a-z-]*[\d-])[a-z\d][a-z\d-]*", re.ASCII)
# A word or two of Latin letters is a make, a plate or a name.
_FOREIGN_LETTERS = 8
# Characters of a Chinese name of a place among English words.
_LETTERS_PER_HAN = 4


def is_foreign(plain: str) -> bool:
    """Is a text written in another language than Chinese, but for a name in it?"""
    plain = _NO_WORDS.sub(" ", plain)
    letters = len(_LETTERS.findall(plain))
    return letters >= _FOREIGN_LETTERS and letters > _LETTERS_PER_HAN * len(_HAN.findall(plain))
