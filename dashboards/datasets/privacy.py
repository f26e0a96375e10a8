"""What leaves the house, by rule: every value passes the gate of its field, and small groups are kept back.

No word that a person wrote leaves in any data set: not what was reported, no address, no answer, no remark.
What leaves is a code of a closed list, a pseudonym, a figure, or an official word of a public register. The
gates hold that whatever a source put into its row, so a telephone number in a field of codes stays here.
"""

import hmac
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any, Final

from django.conf import settings

from accounts.masking import for_others
from dashboards.datasets.codes import CodeLists
from dashboards.datasets.definition import Cut, Field
from dispatch.vocabulary import Nature
from incidents.contacting import LABOUR

# Matters of a household or of somebody's own affairs: no grid cell is told, where a door could be guessed.
# 住房物业, 社会治安, 矛盾纠纷, 劳动社保, 教育文体, 卫生民政, 政务服务.
OWN_AFFAIRS: Final = frozenset({"07", "13", "14", LABOUR, "16", "17", "19"})
# What somebody asks for themselves, whatever it is about.
FOR_THEMSELVES: Final = frozenset({Nature.ENQUIRY, Nature.HELP})


def is_own_affair(category: str, nature: str = "") -> bool:
    """Is this somebody's own affair, or a household's? So is what has no category yet."""
    return nature in FOR_THEMSELVES or category[:2] in OWN_AFFAIRS or not category


def place(
    *, is_protected: bool, nature: str, category: str, street: str, community: str, cell: str
) -> tuple[str, str, str]:
    """Street, community and grid cell as far as they are told: tip-offs and labour matters the street alone,
    people's own affairs the community, all else the cell. Never an address or a point."""
    if is_protected:
        return street, "", ""
    if is_own_affair(category, nature):
        return street, community, ""
    return street, community, cell


class Keys:
    """Pseudonyms: the same case has the same key in every data set and every snapshot of an installation."""

    def __init__(self) -> None:
        self._secret = hmac.digest(settings.SECRET_KEY.encode(), b"dashboards.datasets", "sha256")

    def of(self, number: str) -> str:
        """Sixteen hexadecimal digits that nobody without the installation's key can undo."""
        return blake2b(number.encode(), key=self._secret, digest_size=8).hexdigest()


# --- the gates -------------------------------------------------------------------------------------

Column = Sequence[Any]
_HEX: Final = frozenset("0123456789abcdef")


class Gate:
    """Holds columns of values to the rules of their fields, and counts what it keeps back."""

    def __init__(self, fields: Sequence[Field], lists: CodeLists, cut: Cut) -> None:
        self.cut = cut
        self._gates = [self._gate(one, lists) for one in fields]

    def through(self, columns: Sequence[Column]) -> list[list[Any]]:
        """The columns as they may leave."""
        return [gate(column) for gate, column in zip(self._gates, columns, strict=True)]

    def _gate(self, field: Field, lists: CodeLists) -> Callable[[Column], list[Any]]:
        if field.rule == "code":
            known = lists[field.codes]
            return lambda column: self._codes(field.name, column, known)
        if field.rule == "key":
            return lambda column: [self._key(field.name, value) for value in column]
        if field.rule == "official":
            return lambda column: [self._official(field.name, value) for value in column]
        check = _FIGURES[field.kind]
        return lambda column: [None if value is None else check(value) for value in column]

    def _codes(self, name: str, column: Column, known: Collection[str]) -> list[Any]:
        told = [value if value in known else None for value in column]
        if None in told:
            # Nothing said is nothing kept back.
            strange = sum(1 for value, kept in zip(column, told, strict=True) if value and kept is None)
            if strange:
                self.cut.withheld[name] = self.cut.withheld.get(name, 0) + strange
        return told

    def _official(self, name: str, value: Any) -> str | None:
        """The words, or nothing of them where anything in them looks personal: what stands beside a number
        may be a name."""
        text = str(value) if value else ""
        if text and for_others(text) != text:
            self._keep(name)
            return None
        return text or None

    def _key(self, name: str, value: Any) -> str | None:
        if isinstance(value, str) and len(value) == 16 and _HEX.issuperset(value):
            return value
        self._keep(name)
        return None

    def _keep(self, name: str) -> None:
        self.cut.withheld[name] = self.cut.withheld.get(name, 0) + 1


def _day(value: Any) -> date:
    if type(value) is not date:
        raise TypeError(f"{value!r} is no day")
    return value


# What is no figure is a mistake of ours, and stops the build.
_FIGURES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "integer": int,
    "number": float,
    "boolean": bool,
    "date": _day,
}


# --- small groups ----------------------------------------------------------------------------------


def too_small(sizes: Mapping[Any, int], parts: Iterable[Sequence[Hashable]], *, least: int) -> set[Any]:
    """Which groups are not told: those of fewer than `least` cases, and as many others as it takes that none
    of them can be worked out from a total.

    Each of `parts` are groups that add up to a total which is told elsewhere. In each of them what is kept
    back has to add up to `least` at least; if not, the next smallest is kept back too. A group with nothing
    in it is told: it is about nobody.
    """
    hidden: set[Any] = {key for key, size in sizes.items() if 0 < size < least}
    told_with: dict[Any, list[list[Hashable]]] = defaultdict(list)
    listed = [[key for key in part if sizes.get(key, 0) > 0] for part in parts]
    for part in listed:
        for key in part:
            told_with[key].append(part)
    waiting = [part for part in listed if any(key in hidden for key in part)]
    while waiting:
        part = waiting.pop()
        while (kept := sum(sizes[key] for key in part if key in hidden)) < least and kept:
            rest = [key for key in part if key not in hidden]
            if not rest:
                break  # the total itself is smaller than that, and kept back where it stands
            smallest = min(rest, key=lambda key: (sizes[key], str(key)))
            hidden.add(smallest)
            # Other totals that it is part of may be given away by it now.
            waiting += [other for other in told_with[smallest] if other is not part]
    return hidden
