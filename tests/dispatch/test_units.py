"""Relative units, resolved through the place or the facility."""

import pytest

from dispatch.units import UnitDirectory

pytestmark = pytest.mark.django_db
PINGHU, LIANGANTIAN = "440307003000", "440307003002"


@pytest.fixture
def units() -> UnitDirectory:
    return UnitDirectory.read()


def test_relative_units_follow_the_place(units: UnitDirectory) -> None:
    here = {"street": PINGHU, "community": LIANGANTIAN}
    assert units.resolve("@street", **here) == "pinghu"
    assert units.resolve("@street/enforcement", **here) == "pinghu/enforcement"
    assert units.resolve("@community", **here) == "pinghu/c002"
    assert units.resolve("water-group", **here) == "water-group"


def test_the_owner_is_a_unit_or_unknown(units: UnitDirectory) -> None:
    assert units.resolve("@owner", owner="china-telecom") == "china-telecom"
    assert units.resolve("@owner", owner="private") is None
    assert units.resolve("@owner") is None


@pytest.mark.parametrize(
    "pattern", ["@street", "@street/enforcement", "@community", "@street/poets", "nobody", ""]
)
def test_what_the_place_does_not_tell_stays_unknown(units: UnitDirectory, pattern: str) -> None:
    assert units.resolve(pattern, street=None, community=None) is None
    assert units.resolve(pattern, street="999", community="999") is None


def test_every_street_has_the_same_ten_teams(units: UnitDirectory) -> None:
    assert len(units.teams) == 10
    assert len(units.streets) == 11
    assert len(units.communities) == 111
    assert units.knows("@street/enforcement")
    assert not units.knows("@street/poets")
    assert not units.knows("@city")
