"""Which grid cell is a point in? An index of the cells' outlines, kept in memory.

A raster of squares over the district lists the few cells near each square; those are tried edge by
edge. An edge is always calculated from its southern end, so two neighbours that share it agree to the
last bit about which side a point is on: every point of the district is in exactly one cell, those on a
border included. Plain Python: for a single point it is faster than handing the point to shapely.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from math import cos, hypot, radians
from typing import Final, NamedTuple

# A point this near to the district's outline still belongs to the nearest cell: positions from phones
# err by more than that, and outlines are rounded to five digits (about a metre).
EDGE_TOLERANCE_M: Final = 30.0
# Side of a raster square in degrees, a little less than a cell's own size.
_SQUARE: Final = 0.002
_METRES_PER_DEGREE: Final = 111_320.0

Ring = list[list[float]]
# south x, south y, north y, slope in x per y
_Edge = tuple[float, float, float, float]


class Hit(NamedTuple):
    """The cell of a point, and how many metres outside of it the point lies (0 inside)."""

    code: str
    metres: float


@dataclass(frozen=True, slots=True)
class _Cell:
    code: str
    edges: tuple[_Edge, ...]
    rings: tuple[tuple[tuple[float, float], ...], ...]


def _edges(rings: Iterable[Iterable[tuple[float, float]]]) -> tuple[_Edge, ...]:
    edges = []
    for ring in rings:
        for (x1, y1), (x2, y2) in pairwise(ring):
            if y1 == y2:
                continue  # a level edge is never crossed by a level ray
            if y1 > y2:
                x1, y1, x2, y2 = x2, y2, x1, y1
            edges.append((x1, y1, y2, (x2 - x1) / (y2 - y1)))
    return tuple(edges)


def _contains(edges: tuple[_Edge, ...], lon: float, lat: float) -> bool:
    """Is an odd number of edges to the east of the point? Half-open, so a corner counts once."""
    inside = False
    for x, south, north, slope in edges:
        if south <= lat < north and lon < x + (lat - south) * slope:
            inside = not inside
    return inside


def _squares_near(outline: tuple[tuple[float, float], ...]) -> Iterator[tuple[int, int]]:
    """The raster's squares that an outline's box touches, with the tolerance around it."""
    xs, ys = [x for x, _y in outline], [y for _x, y in outline]
    margin_y = EDGE_TOLERANCE_M / _METRES_PER_DEGREE
    margin_x = margin_y / cos(radians(max(abs(min(ys)), abs(max(ys)))))
    columns = range(int((min(xs) - margin_x) // _SQUARE), int((max(xs) + margin_x) // _SQUARE) + 1)
    rows = range(int((min(ys) - margin_y) // _SQUARE), int((max(ys) + margin_y) // _SQUARE) + 1)
    return product(columns, rows)


class CellIndex:
    """Point to cell, in a few microseconds."""

    def __init__(self, cells: Iterable[tuple[str, list[Ring]]]) -> None:
        """`cells` are (code, rings) pairs, rings as in GeoJSON; they must not overlap."""
        squares: dict[tuple[int, int], list[_Cell]] = defaultdict(list)
        self._size = 0
        for code, polygon in sorted(cells, key=lambda pair: pair[0]):
            rings = tuple(tuple((x, y) for x, y in ring) for ring in polygon)
            cell = _Cell(code, _edges(rings), rings)
            self._size += 1
            for square in _squares_near(rings[0]):
                squares[square].append(cell)
        self._squares = {square: tuple(cells) for square, cells in squares.items()}

    def __len__(self) -> int:
        return self._size

    def find(self, lon: float, lat: float) -> Hit | None:
        """The cell of a WGS-84 point; nothing where it is farther outside than the tolerance."""
        near = self._squares.get((int(lon // _SQUARE), int(lat // _SQUARE)), ())
        for cell in near:
            if _contains(cell.edges, lon, lat):
                return Hit(cell.code, 0.0)
        best: Hit | None = None
        for cell in near:
            metres = _distance(cell.rings, lon, lat)
            if metres <= EDGE_TOLERANCE_M and (best is None or metres < best.metres):
                best = Hit(cell.code, metres)
        return best


def _distance(rings: tuple[tuple[tuple[float, float], ...], ...], lon: float, lat: float) -> float:
    """Metres from a point to the nearest edge, on a plane that is flat around the point."""
    scale_y = _METRES_PER_DEGREE
    scale_x = scale_y * cos(radians(lat))
    nearest = float("inf")
    for ring in rings:
        for (lon1, lat1), (lon2, lat2) in pairwise(ring):
            x1, y1 = (lon1 - lon) * scale_x, (lat1 - lat) * scale_y
            dx, dy = (lon2 - lon1) * scale_x, (lat2 - lat1) * scale_y
            length = dx * dx + dy * dy
            along = 0.0 if length == 0 else min(1.0, max(0.0, -(x1 * dx + y1 * dy) / length))
            nearest = min(nearest, hypot(x1 + along * dx, y1 + along * dy))
    return nearest
