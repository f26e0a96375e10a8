"""The block that a case lies in, and who answers for it by name, for the case's page."""

from typing import Any

from grids.models import Area
from incidents import blocks
from incidents.models import Incident


def block_of(incident: Incident) -> dict[str, Any]:
    """`case_block` and `block_roles`; nothing (and no query) where the street has cut no block there."""
    code = blocks.block_of(incident.cell_code) if incident.cell_code else ""
    if not code:
        return {}
    area = Area.objects.without_polygons().filter(code=code).first()
    return {"case_block": area, "block_roles": blocks.roles_of(code)} if area is not None else {}
