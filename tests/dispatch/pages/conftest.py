"""Stewards at their browsers, a day after that Tuesday."""

from typing import Any

import pytest

from config import clock
from dispatch.models import ResponsibilityList
from dispatch.pages.item_forms import ItemForm
from tests.cast import TUESDAY, Person
from tests.dispatch.versions import DAY, LAMP_ITEM, item_values, new_draft

NOW = TUESDAY + DAY


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wednesday at ten."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def draft(steward: Person) -> ResponsibilityList:
    """A draft of the district's steward."""
    return new_draft(steward, "草稿 2026-07", at=NOW)


def address(version: ResponsibilityList, *more: str) -> str:
    return "/".join([f"/lists/{version.version}", *more, ""])


def typed(
    version: ResponsibilityList, code: str = LAMP_ITEM, why: str = "合同", **changed: Any
) -> dict[str, Any]:
    """What a browser sends of an item's form, as it came or with these fields changed."""
    values = item_values(version, code)
    data = {name: value for name, value in values.items() if name in ItemForm.base_fields}
    for name in ("keywords", "owners", "support_units"):
        data[name] = "\n".join(values[name])
    number = values["handle_limit"].rstrip("hmwd")
    data |= {
        "handle_limit_number": number,
        "handle_limit_unit": values["handle_limit"].removeprefix(number),
        "why": why,
        "seen": "0",
    }
    data.pop("handle_limit")
    return data | changed
