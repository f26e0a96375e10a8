"""What a map would do to the areas that there are: which are new, drawn or named anew, or gone; and every
reason why it cannot be the district's map. `grids.redrawn` writes it.

What is looked at is the map as it would be afterwards: every area lies in its parent, the areas of one parent
cover it without gaps or overlaps, and none stands where its parent has gone. Only where something changes:
an old slip elsewhere stops nobody.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import shapely
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from shapely import Polygon, STRtree

from grids import outlines
from grids.models import Area, NamedPlace, code_prefix
from grids.outlines import Drawn, Fault, Map

# Outlines that were drawn apart miss each other by decimetres: so much of an area may be missed, or be two's.
SLACK: Final = 1e-4
# So much of two outlines is both's where an area has another code and is the same.
SAME: Final = 0.9
_WITHIN: Final = (Area.Kind.DISTRICT, Area.Kind.STREET, Area.Kind.COMMUNITY, Area.Kind.CELL)
_LEVELS: Final[Mapping[str, int]] = {kind: level for level, kind in enumerate(_WITHIN)}
_TOLD_MOST: Final = 1_000

ShapeOf = Callable[[str], Polygon]
RowOf = Callable[..., int]


@dataclass(slots=True)
class Redrawing:
    """What a map comes to. Areas by code, as they would be."""

    features: int = 0
    added: dict[str, Area] = field(default_factory=dict)
    changed: dict[str, Area] = field(default_factory=dict)
    gone: dict[str, Area] = field(default_factory=dict)
    kept: int = 0
    faults: list[Fault] = field(default_factory=list)
    # Cells that are called after a community with a new name, blocks whose cells are drawn anew.
    followed: dict[str, Area] = field(default_factory=dict)
    # Names of places that lie in an area that goes, and the area that they would lie in: by their codes.
    moved_names: dict[str, str] = field(default_factory=dict)
    # Areas that go and come under another code, as good as the same place: the new code by the old one.
    recoded: dict[str, str] = field(default_factory=dict)
    before: Mapping[str, Area] = field(default_factory=dict)

    @property
    def is_change(self) -> bool:
        return bool(self.added or self.changed or self.gone)


def redraw(told: Map, *, whole_of: str = "") -> Redrawing:
    """What the map would do. `whole_of`: the code of an area of which the file holds everything, of the
    levels that it holds at all; what is missing there is gone. Without it the file only adds and changes."""
    known = {area.code: area for area in Area.objects.all()}
    found = Redrawing(features=told.features, faults=list(told.faults), before=known)
    _compare(found, told, known)
    if whole_of:
        _lose(found, told, known, whole_of)
    after = {code: area for code, area in known.items() if area.retired_at is None}
    after.update(found.added)
    after.update(found.changed)
    for code in found.gone:
        after.pop(code, None)
    if not found.faults:  # of half a map everything would be told twice
        _check(found, told, after)
    if not found.faults:
        _follow(found, after)
        _move_names(found, after)
        found.recoded = dict(_recoded(found))
    return found


def _compare(found: Redrawing, told: Map, known: Mapping[str, Area]) -> None:
    district = next((area.code for area in known.values() if area.kind == Area.Kind.DISTRICT), None)
    for one in sorted(told.drawn.values(), key=lambda one: _LEVELS[one.kind]):
        old = known.get(one.code)
        if one.kind == Area.Kind.DISTRICT and district not in (None, one.code):
            what = _("There is one district, %(code)s: this is another.") % {"code": district}
            found.faults.append(Fault(one.row, "code", what))
            continue
        parent = found.added.get(one.parent) or found.changed.get(one.parent) or known.get(one.parent)
        if one.parent and parent is None:
            what = _("The area that it would lie in, %(code)s, is neither on the map nor in the file.")
            found.faults.append(Fault(one.row, "parent_code", what % {"code": one.parent}))
            continue
        area = _area(one, old, parent)
        if not area.name_zh:
            found.faults.append(Fault(one.row, "name", _("A new area needs a name.")))
        elif old is None or old.retired_at is not None:
            found.added[one.code] = area
        elif _differs(area, old):
            found.changed[one.code] = area
        else:
            found.kept += 1


def _area(one: Drawn, old: Area | None, parent: Area | None) -> Area:
    """As it would be: what the file does not say stays, or is measured."""
    called = (parent.name_zh, parent.name_en) if parent is not None else ("", "")
    if old is not None and (not one.name_zh or one.name_zh == old.name_zh):
        name_zh, name_en = old.name_zh, one.name_en or old.name_en
    else:
        name_zh, name_en = outlines.names_of(one, called)
    is_same = old is not None and old.polygon == one.rings
    if one.center is not None:
        lon, lat = one.center
    elif old is not None and (is_same or shapely.contains_xy(one.shape, old.lon, old.lat)):
        lon, lat = old.lon, old.lat
    else:
        lon, lat = outlines.label_point(one.shape)
    if one.area_m2 is not None:
        size = one.area_m2
    else:
        size = old.area_m2 if old is not None and is_same else max(1, round(outlines.metres(one.shape)))
    return Area(
        code=one.code,
        kind=one.kind,
        name_zh=name_zh,
        name_en=name_en,
        parent_id=one.parent or None,
        lon=lon,
        lat=lat,
        area_m2=size,
        polygon=one.rings,
    )


def _differs(area: Area, old: Area) -> bool:
    names = ("name_zh", "name_en", "lon", "lat", "area_m2", "polygon")
    return any(getattr(area, name) != getattr(old, name) for name in names)


def _lose(found: Redrawing, told: Map, known: Mapping[str, Area], whole_of: str) -> None:
    prefix = code_prefix(whole_of)
    for one in told.drawn.values():
        if not one.code.startswith(prefix):
            what = _("It does not lie in %(area)s, of which the file is said to hold everything.")
            area = known.get(whole_of)
            told_as = {"area": area.name if area is not None else whole_of}
            found.faults.append(Fault(one.row, "code", what % told_as))
    levels = {one.kind for one in told.drawn.values()} - {Area.Kind.DISTRICT}
    found.gone = {
        code: area
        for code, area in known.items()
        if area.kind in levels
        and area.retired_at is None
        and code.startswith(prefix)
        and code not in told.drawn
    }


def _check(found: Redrawing, told: Map, after: Mapping[str, Area]) -> None:
    shapes = {code: told.drawn[code].shape for code in (*found.added, *found.changed)}

    def shape_of(code: str) -> Polygon:
        if code not in shapes:
            rings = after[code].polygon
            shapes[code] = Polygon(rings[0], rings[1:])
        return shapes[code]

    inside: dict[str, list[str]] = defaultdict(list)
    for code, area in after.items():
        if area.parent_id and area.kind != Area.Kind.BLOCK:
            inside[area.parent_id].append(code)
    for fault in _about(found, told, after, inside, shape_of):
        found.faults.append(fault)
        if len(found.faults) >= _TOLD_MOST:
            return


def _about(
    found: Redrawing,
    told: Map,
    after: Mapping[str, Area],
    inside: Mapping[str, list[str]],
    shape_of: ShapeOf,
) -> Iterator[Fault]:
    def row(*codes: str) -> int:
        return next((told.drawn[code].row for code in codes if code in told.drawn), 0)

    for area in found.gone.values():
        for child in inside.get(area.code, ()):
            what = _("%(parent)s would go, and %(child)s lies in it: the file needs its level too.")
            yield Fault(row(child), "features", what % {"parent": _said(area), "child": _said(after[child])})
    yield from _blocks_in_the_way(found, after)
    touched = {*found.added, *found.changed, *(area.parent_id for area in found.gone.values())}
    touched |= {area.parent_id for area in (*found.added.values(), *found.changed.values())}
    for code in sorted(code for code in touched if code and code in after):
        area, children = after[code], inside.get(code, [])
        if area.parent_id and area.parent_id not in after:
            what = _("The area that it lies in, %(code)s, is not on the map.") % {"code": area.parent_id}
            yield Fault(row(code), "parent_code", what)
        if area.kind == Area.Kind.CELL:
            continue
        if not children:
            what = _(
                "Nothing would lie in %(area)s: every place is in a grid cell of a community of a street."
            )
            yield Fault(row(code), "features", what % {"area": _said(area)})
            continue
        yield from _fits(area, children, after, shape_of, row)


def _fits(
    area: Area, children: list[str], after: Mapping[str, Area], shape_of: ShapeOf, row: RowOf
) -> Iterator[Fault]:
    """Do these fill their parent, and each other's room not?"""
    whole, parts = shape_of(area.code), [shape_of(code) for code in children]
    for code, part in zip(children, parts, strict=True):
        beyond = part.difference(whole)
        if beyond.area > part.area * SLACK:
            what = _("%(area)s reaches %(metres)s m² out of %(parent)s.") % {
                "area": _said(after[code]),
                "metres": _metres(beyond),
                "parent": _said(area),
            }
            yield Fault(row(code, area.code), "geometry", what)
    tree = STRtree(parts)
    for first, second in zip(*tree.query(parts, predicate="intersects").tolist(), strict=True):
        if first >= second:
            continue
        shared = parts[first].intersection(parts[second])
        if shared.area > min(parts[first].area, parts[second].area) * SLACK:
            what = _("%(one)s and %(other)s share %(metres)s m²: areas do not overlap.") % {
                "one": _said(after[children[first]]),
                "other": _said(after[children[second]]),
                "metres": _metres(shared),
            }
            yield Fault(row(children[first], children[second], area.code), "geometry", what)
    gap = whole.difference(shapely.unary_union(parts))
    if gap.area > whole.area * SLACK:
        what = _("%(metres)s m² of %(area)s lie in none of its parts: a place there would be nowhere.")
        yield Fault(
            row(area.code, *children), "geometry", what % {"metres": _metres(gap), "area": _said(area)}
        )


def _blocks_in_the_way(found: Redrawing, after: Mapping[str, Area]) -> Iterator[Fault]:
    """A cell that goes is taken out of its block first: who answers for the block decides that."""
    by_parent: dict[str, list[Area]] = defaultdict(list)
    for area in found.gone.values():
        by_parent[area.parent_id or ""].append(area)
    for block in _blocks(after):
        outline = Polygon(block.polygon[0], block.polygon[1:])
        for cell in by_parent.get(block.parent_id or "", ()):
            if shapely.contains_xy(outline, cell.lon, cell.lat):
                what = _("%(cell)s would go, and block %(block)s is cut from it: change the block first.")
                yield Fault(0, "features", what % {"cell": _said(cell), "block": _said(block)})
        if block.parent_id in found.gone:
            what = _("%(parent)s would go, and block %(block)s lies in it: take the block apart first.")
            told = {"parent": _said(found.gone[block.parent_id]), "block": _said(block)}
            yield Fault(0, "features", what % told)


def _blocks(areas: Mapping[str, Area]) -> list[Area]:
    return [area for area in areas.values() if area.kind == Area.Kind.BLOCK and area.retired_at is None]


def _follow(found: Redrawing, after: Mapping[str, Area]) -> None:
    """Cells that are called after their community take its new name; a block is the outline of its cells."""
    for code in found.changed:
        old, new = found.before[code], after[code]
        if new.kind != Area.Kind.COMMUNITY or (old.name_zh, old.name_en) == (new.name_zh, new.name_en):
            continue
        for cell in cells_renamed(old, new, [area for area in after.values() if area.parent_id == code]):
            found.followed.setdefault(cell.code, cell)
    redrawn = {code for code in found.changed if after[code].kind == Area.Kind.CELL}
    homes = {after[code].parent_id for code in redrawn}
    for block in _blocks(after):
        if block.parent_id not in homes:
            continue
        outline = Polygon(block.polygon[0], block.polygon[1:])
        siblings = [area for area in found.before.values() if area.parent_id == block.parent_id]
        own = [
            area.code
            for area in siblings
            if area.kind == Area.Kind.CELL and shapely.contains_xy(outline, area.lon, area.lat)
        ]
        if redrawn.intersection(own):
            block.polygon = outlines.joined(after[code].polygon for code in own if code in after)
            block.area_m2 = sum(after[code].area_m2 for code in own if code in after)
            found.followed[block.code] = block


def _recoded(found: Redrawing) -> Iterator[tuple[str, str]]:
    for old in found.gone.values():
        outline = Polygon(old.polygon[0], old.polygon[1:])
        for new in found.added.values():
            if new.kind != old.kind or not shapely.contains_xy(outline, new.lon, new.lat):
                continue
            other = Polygon(new.polygon[0], new.polygon[1:])
            if outline.intersection(other).area >= SAME * outline.union(other).area:
                yield old.code, new.code


def cells_renamed(old: Area, new: Area, cells: Iterable[Area]) -> list[Area]:
    """Those of a community's cells that were called after it, with its new name."""
    renamed = []
    for cell in cells:
        before = outlines.cell_names(cell.code, (old.name_zh, old.name_en))
        if cell.kind == Area.Kind.CELL and (cell.name_zh, cell.name_en) == before:
            cell.name_zh, cell.name_en = outlines.cell_names(cell.code, (new.name_zh, new.name_en))
            renamed.append(cell)
    return renamed


def _move_names(found: Redrawing, after: Mapping[str, Area]) -> None:
    """A name of a place needs an area: by its point, else the street that is left."""
    names = list(
        NamedPlace.objects.filter(area_id__in=list(found.gone)).only("code", "area_id", "lon", "lat")
    )
    communities = [area for area in after.values() if area.kind == Area.Kind.COMMUNITY] if names else []
    tree = [(area.code, Polygon(area.polygon[0], area.polygon[1:])) for area in communities]
    lost = 0
    for place in names:
        home = ""
        if place.lon is not None and place.lat is not None:
            lon, lat = place.lon, place.lat
            home = next((code for code, outline in tree if shapely.contains_xy(outline, lon, lat)), "")
        street = f"{place.area_id[:9]}000"
        home = home or (street if street in after else "")
        if home:
            found.moved_names[place.code] = home
        else:
            lost += 1
    if lost:
        what = ngettext(
            "%(n)d name of a place lies in what would go, without a point: give it another area first.",
            "%(n)d names of places lie in what would go, without a point: give them another area first.",
            lost,
        )
        found.faults.append(Fault(0, "features", what % {"n": lost}))


def _said(area: Area) -> str:
    return f"{area.name} ({area.code})"


def _metres(outline: object) -> str:
    return f"{outlines.metres(outline):,.0f}"
