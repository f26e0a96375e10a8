"""A small district and short lists for tests of the check."""

from collections.abc import Sequence
from dataclasses import replace

from accounts.models import OrgUnit
from dispatch.items import Item
from dispatch.lint import District, Finding, lint
from dispatch.units import Unit, UnitDirectory
from tests.dispatch.rows import CATEGORY, item

KIND = OrgUnit.Kind
EAST, WEST = "east-1", "west-1"  # communities
UNITS = (
    Unit("district", KIND.DISTRICT, "d", "区", "District", "district"),
    Unit("roads", KIND.DEPARTMENT, "d", "路政", "Roads", "district>roads"),
    Unit("roads-east", KIND.DEPARTMENT, "d", "路政东", "Roads East", "district>roads>roads-east"),
    Unit("parks", KIND.DEPARTMENT, "d", "公园", "Parks", "district>parks"),
    Unit("water", KIND.DEPARTMENT, "d", "水务", "Water", "district>water"),
    Unit("gas-company", KIND.ENTERPRISE, "d", "燃气", "Gas", "district>gas-company"),
    Unit("old", KIND.DEPARTMENT, "d", "旧局", "Old Office", "district>old", is_open=False),
    Unit("east", KIND.STREET_OFFICE, "east", "东街", "East Street", "district>east"),
    Unit("west", KIND.STREET_OFFICE, "west", "西街", "West Street", "district>west"),
    Unit("east/team", KIND.STREET_TEAM, "east", "东街队", "East Team", "district>east>east/team"),
    Unit("east/one", KIND.COMMUNITY_STATION, EAST, "东一", "East One", "district>east>east/one"),
    Unit("west/one", KIND.COMMUNITY_STATION, WEST, "西一", "West One", "district>west>west/one"),
)
REST = item("0101-999", "district")


def district(*, closed: str = "", categories: tuple[str, ...] = (CATEGORY,)) -> District:
    units = [unit._replace(is_open=unit.is_open and unit.code != closed) for unit in UNITS]
    return District(UnitDirectory.of(units), ((EAST, "east"), (WEST, "west")), categories)


def findings(items: Sequence[Item], where: District | None = None) -> list[Finding]:
    return lint(items, where or district())


def found(code: str, items: Sequence[Item], where: District | None = None) -> list[Finding]:
    """The findings of one kind."""
    return [finding for finding in findings(items, where) if finding.code == code]


def only(code: str, items: Sequence[Item], where: District | None = None) -> Finding:
    """The one finding of this kind."""
    [finding] = found(code, items, where)
    return finding


def with_limits(
    code: str,
    limit: str,
    *,
    urgency: str = "routine",
    accept: int = 60,
    dispatch: int = 30,
    closing: str = "",
) -> Item:
    return replace(
        item(code, "roads", words=code, urgency=urgency),
        handle_limit=limit,
        accept_minutes=accept,
        dispatch_minutes=dispatch,
        closing_condition_zh=closing,
    )
