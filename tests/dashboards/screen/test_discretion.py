"""What hangs on a wall is anybody's to look at: what a screen counts, and whom it never points at."""

from typing import Any

import pytest

from dashboards.screen import picture
from dashboards.screen.shown import inside
from incidents.centre.centres import Centre
from incidents.centre.outlines import drawing_of, middle_of
from incidents.models import Incident
from tests.dashboards.screen.conftest import NOW
from tests.dashboards.warning.found import found as warned
from tests.incidents.centre.people import DISTRICT, PINGHU, centre
from tests.incidents.centre.test_wall import lamp


def told(there: Centre) -> dict[str, Any]:
    return inside(picture.standing_of(there, NOW), picture.moment_of(there, NOW))


def rows_of(case: Incident, seen: dict[str, Any]) -> list[dict[str, Any]]:
    """What the screen says of one case, in its lists and on its map."""
    keys = {f"new-{case.pk}", f"clock-{case.pk}", f"ring-{case.pk}"}
    return [row for part in ("newest", "tightest", "emergencies") for row in seen[part] if row["key"] in keys]


@pytest.mark.parametrize("urgency", ["routine", "emergency"])
def test_what_somebody_tells_in_confidence_is_counted_and_never_shown(db: None, urgency: str) -> None:
    open_one = lamp(0)
    hidden = [
        lamp(2, nature="tip_off"),
        lamp(5, category="1501", text="老板拖欠工资三个月了"),
        lamp(8, attributes={"confidential": True}),  # a letter that asks that nobody learns who wrote it
    ]
    Incident.objects.filter(pk__in=[case.pk for case in hidden]).update(urgency=urgency)
    seen = told(centre(DISTRICT))
    assert len(rows_of(open_one, seen)) == 2  # just in, and its clock
    assert [row for case in hidden for row in rows_of(case, seen)] == []
    assert len(seen["marks"]) == 1
    assert (seen["fresh"], seen["figures"][0]["figure"]) == (4, "4")
    assert sum(tile["open"] for tile in seen["tiles"]) == 4
    counted = {one["kind"]: one["count"] for one in seen["legend"]}
    if urgency == "emergency":
        # that something burns is said; what and where is not
        assert (counted["emergency"], seen["state"]) == (3, "emergency")
        assert "3 " in seen["lines"][0]
    else:
        assert (counted["emergency"], seen["state"]) == (0, "")


def test_a_households_own_emergency_is_told_by_its_domain_and_street(db: None) -> None:
    case = lamp(3, category="1402", urgency="emergency", text="隔壁在打人,快来")
    for code in (DISTRICT, case.street_code):
        there = centre(code)
        seen = told(there)
        assert case.category is not None
        assert case.category.domain != case.category.name
        rows = rows_of(case, seen)
        assert {row.get("subject", row.get("label")) for row in rows} == {case.category.domain}
        assert len(rows) == 3
        assert {row["where"] for row in rows if "where" in row} == {"龙岗"}
        assert case.category.name not in seen["lines"][0]
        assert case.category.domain in seen["lines"][0]
        spots = {(mark.x, mark.y) for mark in seen["marks"]}
        spots |= {(one["x"], one["y"]) for one in seen["emergencies"]}
        assert spots == {middle_of(there, case.community_code)}


def test_a_public_matter_is_told_where_it_is(db: None) -> None:
    case = lamp(3, category="2001", urgency="emergency", text="路面塌陷有大坑")
    there = centre(DISTRICT)
    seen = told(there)
    assert case.category is not None
    assert {row.get("subject", row.get("label")) for row in rows_of(case, seen)} == {case.category.name}
    assert case.lon is not None
    assert case.lat is not None
    drawn = (seen["emergencies"][0]["x"], seen["emergencies"][0]["y"])
    assert drawn == drawing_of(there).at(case.lon, case.lat) != middle_of(there, case.community_code)


def test_a_warning_of_labour_matters_names_no_community(db: None) -> None:
    community = f"{PINGHU[:9]}010"
    for domain, category in (("15", "1501"), ("02", "0204")):
        warned(
            cases=3,
            key=domain,
            domain_code=domain,
            category_code=category,
            street_code=PINGHU,
            community_code=community,
        )
    places = [row["place"] for row in picture.standing_of(centre(PINGHU), NOW).warning_rows]
    assert sorted(len(place.split()) for place in places) == [1, 2]
