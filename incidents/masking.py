"""Which numbers in somebody's words belong to a person: one rule for search, for excerpts and for paper."""

import re

# What stands between the groups of a number that is written in groups.
_GAP = r"[ \t\u3000.．·\-－‐-―()（）]{0,3}"
# Telephones with and without a prefix, identity cards, accounts; \d has full-width digits too.
_NUMBER = re.compile(
    rf"""
    (?P<kept>
        # a case's own number
        (?<!\d) 20[0-9]{{2}} (?:0[1-9]|1[0-2]) (?:0[1-9]|[12][0-9]|3[01]) - [0-9]{{6}} (?!\d)
        # a day
        | (?<!\d) (?:19|20)[0-9]{{2}} ([-./]) (?:0?[1-9]|1[0-2]) \2 (?:0?[1-9]|[12][0-9]|3[01]) (?!\d)
        # a door: building, staircase, room
        | (?<![\d-]) [0-9]{{1,2}} - [0-9]{{1,2}} - [0-9]{{3,4}} (?![\d-])
    )
    | \d (?:{_GAP}\d){{6,}} [xX]?
    """,
    re.VERBOSE,
)
_GAPS = re.compile(r"[^\dxX]")
_IDENTITY_LENGTH, _MOBILE_LENGTH = 18, 11


def holds_personal(text: str) -> bool:
    """Does it have a number that belongs to a person?"""
    return any(not hit["kept"] for hit in _NUMBER.finditer(text))


def without(text: str, instead: str) -> str:
    """`text` with `instead` in place of every such number."""
    return _NUMBER.sub(lambda hit: hit["kept"] or instead, text)


def starred(text: str) -> str:
    """`text` with the middle of every such number starred, so that who knows it knows it again:
    138****2207."""
    return _NUMBER.sub(lambda hit: hit["kept"] or _star(_GAPS.sub("", hit[0])), text)


def _star(number: str) -> str:
    if len(number) < _MOBILE_LENGTH:  # a land line: little of it must show
        return f"****{number[-2:]}"
    return f"{number[: 6 if len(number) == _IDENTITY_LENGTH else 3]}****{number[-4:]}"
