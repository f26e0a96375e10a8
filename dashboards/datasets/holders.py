"""The unit beside a place: whose work it is may not tell more of the place than its columns do."""

from accounts.models import OrgUnit
from grids.models import Area

# Areas that are no smaller than what is told of tip-offs and labour matters.
_WIDE = frozenset({Area.Kind.DISTRICT, Area.Kind.STREET})


class Holders:
    """Units as they are told; each table is read once."""

    def __init__(self) -> None:
        wide = set(Area.objects.filter(kind__in=_WIDE).values_list("code", flat=True))
        units = {unit.code: unit for unit in OrgUnit.objects.all()}
        self._offices: dict[str, str] = {}
        for code, unit in units.items():
            above: OrgUnit | None = unit
            while above is not None and above.area_code not in wide:
                above = units.get(above.parent_id or "")
            self._offices[code] = above.code if above is not None else ""

    def told(self, code: str | None, *, is_protected: bool) -> str | None:
        """The unit; of what protects who reported it no community's station, but the office above it."""
        return self._offices.get(code or "", "") if is_protected else code
