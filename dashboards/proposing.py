"""From what was learned to a change of the list: proposed with its counts, and decided by people.

`lead`: most of all the item's cases end up with one unit, so the item should name it. `word`: they end up
under another item that names this unit already, and a word tells them apart, so that item should ask for
the word. `split`: something tells them apart, so an item of their own should.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from dashboards.learning import LEAST_MOVED, Condition, Place, Study
from dispatch.item_rules import FIELDS, values_of
from dispatch.models import ResponsibilityItem

LEAD, WORD, SPLIT = "lead", "word", "split"
KINDS: Final = (LEAD, WORD, SPLIT)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that the numbers speak for."""

    kind: str
    place: Place
    condition: Condition | None = None
    other: ResponsibilityItem | None = None  # the item that names the unit already


def proposal_of(
    study: Study, item: ResponsibilityItem, items: Mapping[str, ResponsibilityItem]
) -> Proposal | None:
    """The change that the numbers speak for; None where they speak for none. `items`: others, by code."""
    place, overall = study.leading, study.overall
    if place is None or overall is None or place.share.part < LEAST_MOVED:
        return None
    if place.pattern != item.lead_unit and overall.low > 0.5:
        return Proposal(LEAD, place)
    condition = telling(study)
    if condition is None:
        return None
    other = _named_already(place, item, items)
    if other is not None and condition.field == "keywords" and condition.value not in other.keywords:
        return Proposal(WORD, place, condition, other)
    if place.pattern == item.lead_unit:
        return None
    return Proposal(SPLIT, place, condition)


def telling(study: Study) -> Condition | None:
    """The condition that tells the cases of the leading destination apart, where one does: of the cases
    that have it, surely more moved than stayed."""
    return next((one for one in study.conditions if one.is_telling and one.precision.low > 0.5), None)


def changed_values(
    kind: str,
    item: ResponsibilityItem,
    place: Place | None,
    condition: Condition | None,
    other: ResponsibilityItem | None,
) -> dict[str, Any]:
    """The FIELDS of the item that a change is about, as proposed."""
    if kind == WORD and other is not None:
        values = values_of(other)
        if condition is not None:
            values["keywords"] = [*other.keywords, condition.value]
        return values
    values = values_of(item)
    if place is not None:
        values["lead_unit"] = place.pattern
    if kind == SPLIT:
        values["code"] = ""
        if condition is not None:
            values[condition.field] = condition.value if condition.field == "hours" else [condition.value]
            values["matter_zh"] = _matter(item, condition)
    return values


def _matter(item: ResponsibilityItem, condition: Condition) -> str:
    return f"{item.matter_zh}（{condition.value}）" if condition.field == "keywords" else item.matter_zh


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ: what `suggest` is told."""
    return {name: after[name] for name in FIELDS if name != "code" and before[name] != after[name]}


def _named_already(
    place: Place, item: ResponsibilityItem, items: Mapping[str, ResponsibilityItem]
) -> ResponsibilityItem | None:
    """The item that most of these cases were then sent under, where it names that unit."""
    code, cases = next(iter(place.items.items()), ("", 0))
    other = items.get(code)
    if other is None or code == item.code or 2 * cases <= place.share.part:
        return None
    return other if other.lead_unit == place.pattern else None


def why_of(study: Study, place_name: str, code: str) -> str:
    """The reason with its counts, short enough for the history of the item."""
    if study.leading is None:
        return ""
    share = study.leading.share
    return _(
        "%(part)d of %(whole)d cases that left %(code)s ended up with %(unit)s "
        "(%(low)d–%(high)d %%); %(moved)d of %(decided)d left it."
    ) % {
        "part": share.part,
        "whole": share.whole,
        "code": code,
        "unit": place_name,
        "low": round(share.low * 100),
        "high": round(share.high * 100),
        "moved": study.share.part,
        "decided": study.share.whole,
    }
