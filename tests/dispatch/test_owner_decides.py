"""Whose the thing is decides, where the register or the report says it: on any unit's item."""

from typing import Any

import pytest

from dispatch import service
from tests.cast import TUESDAY

pytestmark = pytest.mark.django_db


def decided(text: str, **given: Any) -> service.Decision:
    return service.decide_many([service.Request(text=text, source="resident_form", at=TUESDAY, **given)])[0]


@pytest.mark.parametrize("category", [None, "0201"])
@pytest.mark.parametrize("text", ["井盖坏", "井盖破损"])
@pytest.mark.parametrize("owner", ["drainage-company", "china-telecom", "power-grid"])
def test_a_broken_lid_is_its_owners(text: str, category: str | None, owner: str) -> None:
    told = decided(text, category=category, owner=owner)
    assert told.unit == owner, [(one.item, one.unit, one.probability) for one in told.candidates]
    assert told.candidates[0].unit == owner


def test_why_is_told_by_the_owner_and_an_owner_that_leads_nothing_changes_nothing() -> None:
    told = decided("井盖破损", category="0201", owner="drainage-company")
    assert {reason.code for reason in told.candidates[0].held} >= {"led_by_owner"}
    blind, strange = (decided("井盖破损", category="0201", **one) for one in ({}, {"owner": "district"}))
    assert strange.unit == blind.unit
