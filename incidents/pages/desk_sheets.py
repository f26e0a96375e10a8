"""What the desk's own sheets offer: a report's clauses to split by, owners and categories to set right."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.edition import Edition
from incidents.models import Incident
from incidents.pages.choices import Choice, Reader

# A report longer than this is split by typing: nobody ticks fifty clauses.
CLAUSES_MOST = 16
_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")
_CLAUSE = re.compile(r"[^。！？!?；;\n，,、]+[。！？!?；;\n，,、]*")


def clauses_of(text: str) -> list[str]:
    """The report in pieces that can be ticked: its sentences, or the clauses of its only one."""
    for pattern in (_SENTENCE, _CLAUSE):
        found = [piece.strip() for piece in pattern.findall(text) if piece.strip()]
        if 1 < len(found) <= CLAUSES_MOST:
            return found
    return []


def words_ticked(clauses: Sequence[str]) -> str:
    """Ticked pieces as one text; what only held them together at the end is dropped."""
    return "".join(clauses).strip().rstrip("，,、；;")


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who may own the facility."""

    code: str
    name: str
    matters: bool = False  # a candidate depends on it


def owners_of(incident: Incident, choices: Sequence[Choice], reader: Reader) -> list[Owner]:
    """Every owner that some item of the list asks for, those that would decide this case first."""
    asked = {owner for choice in choices for owner in _asked(reader.now, choice.item)}
    known = {owner for item in reader.now.index.items.values() for owner in item.owners} - {"unknown"}
    owners = [Owner(code, reader.explain.unit(code), matters=code in asked) for code in known]
    return sorted(owners, key=lambda owner: (not owner.matters, owner.code == "private", owner.name))


def _asked(now: Edition, code: str) -> frozenset[str]:
    item = now.index.items.get(code)
    return item.owners if item else frozenset()


def categories_of(reader: Reader) -> list[tuple[str, str]]:
    """Every category by its code, to be chosen from."""
    return [(code, reader.explain.category(code)) for code in sorted(reader.now.names.categories)]
