"""Whoever says that a case is not theirs says by which item of the list, or by which law.

An item that is cited is in the list, and a unit that is named beside it has something to do under it at
this place. A law is beyond what the list can tell: there the centre judges whom the unit names.
"""

import re

from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from dispatch.edition import edition
from dispatch.items import Item
from incidents.choosing import place_of
from incidents.errors import InvalidInput
from incidents.models import Incident

CITES_MAX = 120
_ITEM = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{3}(?![0-9])")


def check(incident: Incident, *, cites: str, proposed_unit: str, owner: str) -> tuple[str, OrgUnit | None]:
    """What is cited, and the unit that is named instead of `owner`. Raises InvalidInput.

    Naming a unit that leads an item of the case's category here is citing that item.
    """
    cites, unit = cites.strip()[:CITES_MAX], _other_unit(proposed_unit, owner)
    items = edition().index.items
    if not cites and unit is not None:
        of_category = (item for item in items.values() if item.category == incident.category_id)
        cites = next((item.code for item in of_category if _leads(unit, item, incident)), "")
    if not cites:
        raise InvalidInput(
            "cites",
            "required",
            _("Cite the item or the law, or name a unit that the list knows for such cases."),
        )
    cited = []
    for code in dict.fromkeys(_ITEM.findall(cites)):
        if code not in items:
            raise InvalidInput("cites", "unknown", _("The list has no item “%(code)s”.") % {"code": code})
        cited.append(items[code])
    if unit is not None and cited and not any(_has_to_do(unit, item, incident) for item in cited):
        raise InvalidInput(
            "proposed_unit",
            "not_by_item",
            _("The list names another unit for %(items)s.")
            % {"items": ", ".join(item.code for item in cited)},
        )
    return cites, unit


def _other_unit(code: str, owner: str) -> OrgUnit | None:
    if not code:
        return None
    unit = OrgUnit.objects.open().filter(code=code).first()
    if unit is None or unit.code == owner:
        raise InvalidInput(
            "proposed_unit", "unknown", _("There is no other unit “%(code)s”.") % {"code": code}
        )
    return unit


def _leads(unit: OrgUnit, item: Item, incident: Incident) -> bool:
    return _means(unit, item.lead_unit, incident)


def _has_to_do(unit: OrgUnit, item: Item, incident: Incident) -> bool:
    patterns = (item.lead_unit, item.follow_up_unit, *item.support_units)
    return any(_means(unit, pattern, incident) for pattern in patterns)


def _means(unit: OrgUnit, pattern: str, incident: Incident) -> bool:
    """Could the list mean this unit by that here? As a facility's owner anybody may be named: that is
    what the dispute is about."""
    place = place_of(incident)
    units = edition().units
    return (
        units.resolve(pattern, street=place.street, community=place.community, owner=unit.code) == unit.code
    )
