"""The short codes that are printed on walls, lids and poles: eight characters that nobody mixes up."""

import secrets
from typing import Final

# Crockford's base 32: no I, L, O, U. Seven that are drawn, and one that checks them.
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DRAWN: Final = 7
_MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def draw() -> str:
    """A new code; 34 billion of them, and no other says where the next one is."""
    drawn = "".join(secrets.choice(_LETTERS) for _letter in range(_DRAWN))
    return drawn + _check(drawn)


def plain_code(told: str) -> str:
    """A code as somebody typed it off a wall: small letters, a dash, O for 0."""
    return told[:32].upper().translate(_MISREAD)


def is_one(code: str) -> bool:
    """Could we have drawn it? One letter wrong, or two changed about, is no code."""
    return len(code) == _DRAWN + 1 and set(code) <= set(_LETTERS) and code[-1] == _check(code[:-1])


def shown(code: str) -> str:
    """As it is printed below its picture: ABCD-EFGH."""
    return f"{code[:4]}-{code[4:]}"


def _check(drawn: str) -> str:
    # Odd weights are prime to 32: every single wrong letter is found, and neighbours changed about
    # unless they differ by 16.
    return _LETTERS[sum((2 * place + 1) * _LETTERS.index(letter) for place, letter in enumerate(drawn)) % 32]
