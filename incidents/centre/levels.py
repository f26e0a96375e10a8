"""The three levels of operations centres."""

from enum import StrEnum

from grids.models import Area


class CentreLevel(StrEnum):
    """What a centre watches over."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"


def level_of(area: Area) -> CentreLevel | None:
    """The level of the centre of this area; a block or a cell has none."""
    return CentreLevel(area.kind) if area.kind in [*CentreLevel] else None
