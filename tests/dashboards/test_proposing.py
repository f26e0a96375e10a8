"""Which change the numbers speak for, and when they speak for none."""

from typing import Any

import pytest

from dashboards.claims import Claim
from dashboards.learning import Condition, Study, studied
from dashboards.proposing import LEAD, SPLIT, WORD, changed_values, proposal_of, telling
from dispatch.models import ResponsibilityItem
from dispatch.units import Unit, UnitDirectory

UNITS = UnitDirectory.of(
    [
        Unit("lamps", "utility", "", "路灯", "Lamps"),
        Unit("water", "utility", "", "水务", "Water"),
        Unit("east", "street_office", "440307003000", "东", "East"),
        Unit("west", "street_office", "440307014000", "西", "West"),
        Unit("east/safety", "street_team", "440307003000", "东应急", "East safety"),
        Unit("west/safety", "street_team", "440307014000", "西应急", "West safety"),
    ]
)
EAST, WEST = "440307003000", "440307014000"


def claim(number: int, how: str = "", **given: Any) -> Claim:
    facts: dict[str, Any] = {
        "incident": number,
        "how": how,
        "list_version": 1,
        "unit": "lamps",
        "automatic": True,
        "final_unit": "water" if how else "lamps",
        "final_item": "0204-001",
        "is_open": False,
        "refused": False,
        "disputed": False,
        "street": EAST,
        "community": "",
        "place_type": "",
        "owner": "",
        "source": "hotline",
        "hour": 10,
        "keywords": (),
    }
    return Claim(**{**facts, **given})


def study(
    moved: int, stayed: int, *, of_moved: dict[str, Any], of_stayed: dict[str, Any] | None = None
) -> Study:
    rows = [claim(number, "returned", **of_moved) for number in range(moved)]
    rows += [claim(moved + number, **(of_stayed or {})) for number in range(stayed)]
    return studied(rows, UNITS)


def item(code: str = "0204-001", lead: str = "lamps", **given: Any) -> ResponsibilityItem:
    return ResponsibilityItem(code=code, category_id="0204", matter_zh="路灯不亮", lead_unit=lead, **given)


def test_where_most_of_all_cases_end_up_the_item_should_name_that_unit() -> None:
    found = proposal_of(study(40, 5, of_moved={}), item(), {})
    assert found is not None
    assert (found.kind, found.place.pattern, found.place.share.part) == (LEAD, "water", 40)
    assert changed_values(LEAD, item(), found.place, None, None)["lead_unit"] == "water"


def test_the_teams_of_two_streets_are_proposed_as_one() -> None:
    rows = [
        claim(number, "returned", street=street, final_unit=f"{office}/safety")
        for number, (street, office) in enumerate([(EAST, "east"), (WEST, "west")] * 6)
    ]
    found = proposal_of(studied(rows, UNITS), item(), {})
    assert found is not None
    assert (found.kind, found.place.pattern) == (LEAD, "@street/safety")


@pytest.mark.parametrize("moved", [1, 4])
def test_a_handful_is_no_pattern(moved: int) -> None:
    assert proposal_of(study(moved, 0, of_moved={}), item(), {}) is None


def test_half_is_not_surely_most() -> None:
    assert proposal_of(study(10, 10, of_moved={}), item(), {}) is None


def test_what_tells_the_moved_ones_apart_becomes_an_item_of_its_own() -> None:
    found = proposal_of(study(20, 60, of_moved={"place_type": "bus_stop"}), item(keywords=["灯"]), {})
    assert found is not None
    assert found.condition is not None
    assert (found.kind, found.condition.field, found.condition.value) == (SPLIT, "place_types", "bus_stop")
    values = changed_values(SPLIT, item(keywords=["灯"]), found.place, found.condition, None)
    assert (values["code"], values["lead_unit"]) == ("", "water")
    assert (values["place_types"], values["keywords"]) == (["bus_stop"], ["灯"])


def test_a_word_goes_to_the_item_that_names_the_unit_already() -> None:
    other = item("0501-002", "water", keywords=["井盖"])
    told = {"keywords": ("积水",), "final_item": "0501-002"}
    found = proposal_of(study(20, 60, of_moved=told), item(), {"0501-002": other})
    assert found is not None
    assert (found.kind, found.other) == (WORD, other)
    assert changed_values(WORD, item(), found.place, found.condition, other)["keywords"] == ["井盖", "积水"]


def test_what_both_have_tells_nothing() -> None:
    both = {"keywords": ("灯",), "place_type": "park"}
    assert telling(study(20, 60, of_moved=both, of_stayed=both)) is None


def test_a_difference_by_chance_tells_nothing() -> None:
    """Five of six against two of four: as likely as not."""
    rows = [claim(n, "returned", keywords=("雨",) if n else ()) for n in range(6)]
    rows += [claim(10 + n, keywords=("雨",) if n < 2 else ()) for n in range(4)]
    found = studied(rows, UNITS)
    assert telling(found) is None
    assert all(not one.is_telling for one in found.conditions)


def test_a_condition_says_both_sides() -> None:
    found: Condition = study(20, 60, of_moved={"keywords": ("积水",)}).conditions[0]
    assert (found.moved.part, found.moved.whole) == (20, 20)
    assert (found.stayed.part, found.stayed.whole) == (0, 60)
    assert found.chance < 0.001
