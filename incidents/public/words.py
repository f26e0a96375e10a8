"""Codes as they are typed, and the first words of a report."""

import re
import unicodedata

from incidents.public.facts import UnknownCode

_CODE_NOISE = re.compile(r"[^0-9A-Z]")
_TITLE_ENDS = re.compile(r"[，,。.！!？?；;：:\n]")
_TITLE_MAX = 22


def code_of(typed: str) -> str:
    """The tracking code, however it was typed; raises UnknownCode for what cannot be one."""
    letters = _CODE_NOISE.sub("", unicodedata.normalize("NFKC", typed[:40]).upper())
    if len(letters) != 10:
        raise UnknownCode(typed)
    return f"{letters[:5]}-{letters[5:]}"


def title_of(words: str) -> str:
    first = _TITLE_ENDS.split(words.strip(), maxsplit=1)[0].strip()
    return first if len(first) <= _TITLE_MAX else f"{first[: _TITLE_MAX - 1]}…"
