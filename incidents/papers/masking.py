"""Numbers that belong to a person, made unreadable in words that go on paper."""

import re

# A mainland identity card, with its check digit or X.
_IDENTITY = re.compile(r"(?<![0-9])([0-9]{6})[0-9]{8}([0-9]{3}[0-9Xx])(?![0-9])")
# A mobile number, also where people group it.
_MOBILE = re.compile(r"(?<![0-9])(1[3-9][0-9])[ \-]?[0-9]{4}[ \-]?([0-9]{4})(?![0-9])")
# Anything else that is as long: accounts, cards. Not what is part of a case number (20260707-000123).
_LONG = re.compile(r"(?<![0-9\-])([0-9]{3})[0-9]{6,}([0-9]{4})(?![0-9\-])")


def masked(words: str) -> str:
    """Telephones, identity cards and accounts with their middle starred: 138****2207."""
    for pattern in (_IDENTITY, _MOBILE, _LONG):
        words = pattern.sub(r"\1****\2", words)
    return words
