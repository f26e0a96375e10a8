"""区划: the map of the district from a GeoJSON file, on the way that sheets take: kept, checked, shown, and
written whole or not at all. What a map may be is known in grids."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from accounts.models import User
from dispatch.registers.plan import PROBLEMS_KEPT, SAMPLE, Plan
from dispatch.spreadsheets.grid import TableError
from grids import outlines, redrawing, redrawn
from grids.coordinates import WGS84
from grids.models import Area
from grids.redrawing import Redrawing

# A district's cells with all their corners; a city's come street by street.
BYTES_MOST: Final = 16 * 1024 * 1024
# So many outlines are drawn on the map of a preview.
DRAWN_MOST: Final = 3_000
_SHORT: Final = 5  # digits of a degree: about a metre


@dataclass(slots=True)
class MapPlan(Plan):
    """What a map comes to, as a plan of its rows."""

    found: Redrawing = field(default_factory=Redrawing)

    def sample(self) -> list[list[str]]:
        """The first areas that would change: what becomes of them, and what they are and were called."""
        rows: list[list[str]] = []
        for what, areas in _changes(self.found):
            for area in areas[: max(0, SAMPLE - len(rows))]:
                old = self.found.before.get(area.code)
                was = old.name_zh if old is not None and what == "changed" else ""
                is_drawn = old is not None and what == "changed" and old.polygon != area.polygon
                rows.append([what, area.code, area.kind, area.name_zh, was, "drawn" if is_drawn else ""])
        return rows

    def drawing(self) -> bytes:
        """The GeoJSON of what would change, for a map."""
        features = [
            {
                "type": "Feature",
                "id": area.code,
                "properties": {
                    "what": what,
                    "name_zh": area.name_zh,
                    "name_en": area.name_en,
                    "center": [round(area.lon, _SHORT), round(area.lat, _SHORT)],
                },
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [[round(x, _SHORT), round(y, _SHORT)] for x, y in ring] for ring in area.polygon
                    ],
                },
            }
            for what, areas in _changes(self.found)
            for area in areas
        ]
        document = {"type": "FeatureCollection", "features": features[:DRAWN_MOST]}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _changes(found: Redrawing) -> list[tuple[str, list[Area]]]:
    return [
        ("retired", list(found.gone.values())),
        ("added", list(found.added.values())),
        ("changed", list(found.changed.values())),
    ]


def make_plan(data: bytes, *, crs: str = WGS84, whole_of: str = "") -> MapPlan:
    """What the file would do. Raises TableError for one that is no map."""
    try:
        told = outlines.read(data, crs=crs or WGS84)
    except outlines.UnreadableMap as error:
        raise TableError("file", str(error)) from error
    basis = redrawn.stamp()
    found = redrawing.redraw(told, whole_of=whole_of)
    plan = MapPlan(rows=found.features, kept=found.kept, retired=len(found.gone), found=found)
    plan.basis = basis or "first"
    plan.added = {code: _row(area) for code, area in found.added.items()}
    plan.changed = {code: _row(area) for code, area in found.changed.items()}
    plan.problem_count = len(found.faults)
    plan.problems = [(fault.row, "", fault.field, fault.message) for fault in found.faults[:PROBLEMS_KEPT]]
    return plan


def _row(area: Area) -> dict[str, Any]:
    return {"code": area.code, "kind": area.kind, "name": area.name_zh}


def hold() -> None:
    """Keep the map as it is until the transaction ends."""
    redrawn.hold()


def write(plan: MapPlan, *, at: datetime, by: User) -> int:
    """Write what the plan comes to, in the caller's transaction; answers how many areas."""
    return redrawn.write(plan.found, by=by, at=at)
