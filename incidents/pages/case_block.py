"""The block that a case lies in, and who answers for it by name, for the case's page."""

from typing import Any

from dispatch.vocabulary import Source
from grids.models import Area
from incidents import blocks
from incidents.models import Incident


def block_of(incident: Incident) -> dict[str, Any]:
    """`case_block` and `block_roles`; nothing (and no query) where the street has cut no block there."""
    code = blocks.block_of(incident.cell_code) if incident.cell_code else ""
    if not code:
        return {}
    area = Area.objects.without_polygons().filter(code=code).first()
    if area is None:
        return {}
    return {
        "case_block": area,
        "block_roles": blocks.roles_of(code),
        "somewhere_in_block": _is_somewhere(incident, code),
    }


def _is_somewhere(incident: Incident, code: str) -> bool:
    """Is the block all that is known of the place, so that its cell only stands for it?"""
    if incident.lon is not None or incident.source != Source.COUNCIL:
        return False
    told = {f"report__attributes__{blocks.STANDS_FOR}": code}
    return incident.links.filter(unlinked_at__isnull=True, **told).exists()
