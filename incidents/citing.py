"""Whoever says that a case is not theirs says by which item of the list, or by which law.

An item that is cited is in the list, and a unit that is named beside it has something to do under it at
this place. A law is beyond what the list can tell: there the centre judges whom the unit names.
"""

import re
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from dispatch.edition import edition
from dispatch.items import Item
from dispatch.units import UnitDirectory
from incidents.choosing import place_of
from incidents.errors import InvalidInput
from incidents.models import Assignment, Incident

CITES_MAX = 120
_ITEM = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{3}(?![0-9])")


def check(
    incident: Incident, lead: Assignment, *, cites: str, proposed_unit: str
) -> tuple[str, OrgUnit | None]:
    """What is cited, and the unit that is named instead of the one that has the case. Raises InvalidInput.

    Naming a unit that leads an item of the case's category here is citing that item. Whoever cites the item
    that the case was sent under says that it does not fit: then any unit may be named.
    """
    cites, unit = cites.strip()[:CITES_MAX], _other_unit(proposed_unit, lead.unit_id)
    now = edition()
    items = now.index.items
    if not cites and unit is not None:
        cites = _item_of(now.units, unit, incident, items.values())
    if not cites:
        raise InvalidInput(
            "cites",
            "required",
            _("Cite the item or the law, or name a unit that the list knows for such cases."),
        )
    cited = items_in(cites)
    unknown = [code for code in cited if code not in items]
    if unknown:
        raise InvalidInput("cites", "unknown", _("The list has no item “%(code)s”.") % {"code": unknown[0]})
    fits = not cited or lead.item_code in cited
    if unit is not None and not fits:
        fits = any(_has_to_do(now.units, unit, items[code], incident) for code in cited)
        if not fits:
            raise InvalidInput(
                "proposed_unit",
                "not_by_item",
                _("The list names another unit for %(items)s.") % {"items": ", ".join(cited)},
            )
    return cites, unit


def borne_out_by(incident: Incident, cites: str, unit: OrgUnit) -> str:
    """The item of the live list by which `unit` has to do with such a case: one that is cited, else one of
    its category; empty where the list knows nothing of it."""
    now = edition()
    for code in items_in(cites):
        item = now.index.items.get(code)
        if item is not None and _has_to_do(now.units, unit, item, incident):
            return code
    return _item_of(now.units, unit, incident, now.index.items.values())


def items_in(cites: str) -> list[str]:
    """The codes of items in what is cited, whether the list has them or not."""
    return list(dict.fromkeys(_ITEM.findall(cites)))


def _other_unit(code: str, owner: str) -> OrgUnit | None:
    if not code:
        return None
    unit = OrgUnit.objects.open().filter(code=code).first()
    if unit is None or unit.code == owner:
        raise InvalidInput(
            "proposed_unit", "unknown", _("There is no other unit “%(code)s”.") % {"code": code}
        )
    return unit


def _item_of(units: UnitDirectory, unit: OrgUnit, incident: Incident, items: Iterable[Item]) -> str:
    """The first item of the case's category that this unit leads here; empty where there is none."""
    of_category = (item for item in items if item.category == incident.category_id)
    return next((item.code for item in of_category if _means(units, unit, item.lead_unit, incident)), "")


def _has_to_do(units: UnitDirectory, unit: OrgUnit, item: Item, incident: Incident) -> bool:
    patterns = (item.lead_unit, item.follow_up_unit, *item.support_units)
    return any(_means(units, unit, pattern, incident) for pattern in patterns)


def _means(units: UnitDirectory, unit: OrgUnit, pattern: str, incident: Incident) -> bool:
    """Could the list mean this unit by that here? As a facility's owner anybody may be named: that is
    what the dispute is about."""
    place = place_of(incident)
    return (
        units.resolve(pattern, street=place.street, community=place.community, owner=unit.code) == unit.code
    )
