"""What a name of a place may be: the rules that a sheet and a form share."""

import re
from typing import Final

# Names of two characters (中心, 保安) are everyday words.
NAME_LEAST: Final = 3
_SEPARATORS: Final = re.compile(r"[|｜、,，;；/\n]+")
_NUMBERS: Final = re.compile(r"(\d{1,5})\s*[-—~～至]\s*(\d{1,5})\s*号?\s*(odd|even|单号|双号|单|双)?")
_PARITY: Final = {
    "odd": " odd",
    "单号": " odd",
    "单": " odd",
    "even": " even",
    "双号": " even",
    "双": " even",
}


def aliases_of(text: str) -> str:
    """Other names, however they are separated, as they are kept: by |."""
    words = (word.strip() for word in _SEPARATORS.split(text))
    return "|".join(dict.fromkeys(word for word in words if word))


def numbers_of(text: str) -> str | None:
    """House numbers as they are kept (1-199, 1-199 odd); None for what is no range."""
    found = _NUMBERS.fullmatch(text.strip())
    if found is None or int(found[1]) > int(found[2]):
        return None
    return f"{int(found[1])}-{int(found[2])}{_PARITY.get(found[3] or '', '')}"
