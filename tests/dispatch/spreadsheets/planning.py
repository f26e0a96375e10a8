"""Plans of small sheets against small versions."""

from collections.abc import Mapping
from typing import Any

from dispatch.item_rules import known
from dispatch.models import Category
from dispatch.spreadsheets.cells import CategoryNames
from dispatch.spreadsheets.columns import find_heading, suggest
from dispatch.spreadsheets.plan import District, Plan, Reading, Target, make_plan
from dispatch.spreadsheets.reading import open_table
from dispatch.spreadsheets.unit_names import UnitNames
from dispatch.spreadsheets.vocabulary_words import Vocabulary
from tests.dispatch.spreadsheets.files import Rows, workbook

DEFAULTS = {
    "supervising_unit": "operations-centre",
    "level": "D",
    "urgency": "routine",
    "dispatch_minutes": 120,
    "accept_minutes": 240,
    "handle_limit": "5wd",
}


def district() -> District:
    told = known()
    categories = CategoryNames(Category.objects.values_list("code", "name_zh", "name_en"))
    return District(told, UnitNames(told.units, district="龙岗区"), categories, Vocabulary())


def item(code: str, **values: Any) -> dict[str, Any]:
    """An item of a version."""
    return {
        "code": code,
        "category": code.partition("-")[0],
        "matter_zh": f"事项 {code}",
        "filing_condition_zh": "",
        "closing_condition_zh": "",
        "keywords": ["路灯"],
        "owners": [],
        "place_types": [],
        "sources": [],
        "hours": "",
        "lead_unit": "lighting-company",
        "support_units": [],
        "follow_up_unit": "",
        "legal_basis": "",
        **DEFAULTS,
        **values,
    }


def target(*items: Mapping[str, Any], used: tuple[str, ...] = (), **more: Any) -> Target:
    by_code = {one["code"]: one for one in items}
    return Target(by_code, frozenset(by_code) | set(used), **more)


def plan_of(data: bytes | Rows, into: Target, **options: Any) -> Plan:
    """The plan of a file by the columns that would be suggested."""
    table = open_table(data if isinstance(data, bytes) else workbook(data))
    grid = table.grid(table.sheets[0])
    heading = find_heading(grid)
    assert heading is not None
    reading = Reading(heading, suggest(heading), defaults=DEFAULTS, **options)
    return make_plan(grid, reading, into, district())


def problems(plan: Plan) -> set[tuple[int, str, str, str]]:
    """(row, column letter, field, code) of every problem."""
    return {(one.row, one.column, one.field, one.code) for one in plan.problems}
