"""Rows of the registers: categories, areas, units, the responsibility list that decides at the cut."""

from collections.abc import Iterator

from accounts.models import OrgUnit
from dashboards.datasets.definition import Cut, Row
from dispatch.models import Category, ResponsibilityItem, ResponsibilityList
from grids.models import Area


def categories(_cut: Cut) -> Iterator[Row]:
    """The kinds of event, with their domains."""
    names = ("code", "name_zh", "name_en", "domain_code", "domain_zh", "domain_en")
    yield from Category.objects.order_by("code").values_list(*names)


def areas(_cut: Cut) -> Iterator[Row]:
    """From the district down to the grid cells; the point is the area's own, nobody's address."""
    names = ("code", "kind", "name_zh", "name_en", "parent_id", "lon", "lat", "area_m2")
    yield from Area.objects.in_use().order_by("code").values_list(*names).iterator(chunk_size=5_000)


def units(_cut: Cut) -> Iterator[Row]:
    """Who acts: the tree of units, closed ones too."""
    names = ("code", "kind", "name_zh", "name_en", "parent_id", "area_code", "is_open")
    yield from OrgUnit.objects.order_by("code").values_list(*names)


def items(cut: Cut) -> Iterator[Row]:
    """Whose job it is: one row an item of the version that decides at the cut."""
    version = ResponsibilityList.objects.live(cut.at).values_list("version", flat=True).first()
    names = (
        *("code", "category_id", "matter_zh", "lead_unit", "supervising_unit", "level", "urgency"),
        *("dispatch_minutes", "accept_minutes", "handle_limit"),
    )
    rows = ResponsibilityItem.objects.live(cut.at).order_by("code").values_list(*names)
    for code, category, matter, lead, above, *limits in rows.iterator(chunk_size=2_000):
        yield (version, code, category, category[:2], matter, lead, above, *limits)
