"""Maps of lists: the same cases as the list has, in the picture, to those who may see them."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from grids.locate import locate
from incidents import actions, mapping
from incidents.models import Incident
from tests.browsers import As
from tests.cast import LAMP_POINT, TUESDAY, Person, file_report
from tests.incidents.pages.conftest import SetClock

LON, LAT = LAMP_POINT
AROUND = f"{LON - 0.02},{LAT - 0.02},{LON + 0.02},{LAT + 0.02}"
ELSEWHERE = f"{LON - 0.12},{LAT - 0.12},{LON - 0.08},{LAT - 0.08}"


def beside(step: int, **given: Any) -> Incident:
    """A case of its own some hundred metres from the lamp: another matter each, so that none is joined."""
    lon, lat = LON + 0.0009 * (step % 6), LAT + 0.0009 * (step // 6)
    return file_report(
        place=locate(lon=lon, lat=lat),
        at=TUESDAY - timedelta(days=4 * step),
        text=f"第{step}根路灯坏了",
        **given,
    )


def points(browser: Client, path: str = "/cases/map/points/", **query: Any) -> Any:
    response = browser.get(f"{path}?{urlencode({'frame': AROUND, 'zoom': 13, **query})}")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/geo+json"
    return response.json()


def numbers(answer: Any) -> set[str]:
    return {feature["properties"]["number"] for feature in answer["features"]}


@pytest.fixture
def desk(browse: As, operator: Person) -> Client:
    return browse(operator)


def test_a_picture_holds_the_cases_inside_it(desk: Client, lamp_case: Incident) -> None:
    answer = points(desk)
    (feature,) = answer["features"]
    assert feature["geometry"]["coordinates"] == [lamp_case.lon, lamp_case.lat]
    assert feature["properties"]["url"] == f"/cases/{lamp_case.number}/"
    assert lamp_case.number in answer["html"]
    assert points(desk, frame=ELSEWHERE)["features"] == []


def test_the_filters_of_the_list_hold_on_the_map(desk: Client, lamp_case: Incident) -> None:
    assert numbers(points(desk, status="dispatched")) == {lamp_case.number}
    assert numbers(points(desk, status="closed")) == set()
    assert numbers(points(desk, street=lamp_case.street_code)) == {lamp_case.number}
    page = desk.get("/cases/map/?status=closed&layer=heat")
    assert "status=closed" in page.context["list_url"]
    assert "layer" not in page.context["list_url"]
    assert "status=closed" in page.context["points_url"]


def test_the_map_shows_open_cases_until_others_are_asked_for(
    desk: Client, resolved_case: Incident, supervisor: Person
) -> None:
    actions.close(
        number=resolved_case.number,
        actor=supervisor.actor,
        reason="现场已亮",
        at=TUESDAY + timedelta(hours=3),
    )
    assert numbers(points(desk)) == set()
    assert numbers(points(desk, status="")) == {resolved_case.number}


def test_nobody_sees_on_the_map_what_the_list_hides(
    browse: As, other_handler: Person, handler: Person, lamp_case: Incident
) -> None:
    for path in ("/cases/map/points/", "/inbox/map/points/"):
        assert numbers(points(browse(handler), path)) == {lamp_case.number}
        hidden = points(browse(other_handler), path)
        assert numbers(hidden) == set()
        assert lamp_case.number not in hidden["html"]
    assert browse(handler).get("/supervision/map/").status_code == 403
    assert Client().get("/cases/map/points/").status_code == 302


def test_supervision_sees_what_is_overdue(
    browse: As, supervisor: Person, street_supervisor: Person, lamp_case: Incident, now: SetClock
) -> None:
    path = "/supervision/map/points/"
    assert numbers(points(browse(supervisor), path)) == set()
    now.at = TUESDAY + timedelta(days=9)
    (feature,) = points(browse(supervisor), path)["features"]
    assert feature["properties"]["state"] == "overdue"
    assert numbers(points(browse(supervisor), path, tab="emergency")) == set()
    # the lamp is not in 平湖
    assert numbers(points(browse(street_supervisor), path)) == set()


def test_many_cases_become_clusters_that_count_all_of_them(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [beside(step) for step in range(7)]
    monkeypatch.setattr(mapping, "SINGLE_MAX", 3)
    answer = points(desk)
    assert sum(feature["properties"]["count"] for feature in answer["features"]) == len(cases)
    assert len(answer["features"]) < len(cases)
    # the list twin still has them, the most urgent first
    assert answer["html"].count("data-row=") == 4


def test_heat_and_areas_add_up_to_the_same_cases(desk: Client) -> None:
    cases = [beside(step) for step in range(5)]
    heat = points(desk, layer="heat")
    assert sum(weight for _lon, _lat, weight in heat["heat"]) == len(cases)
    lon, lat, _weight = heat["heat"][0]
    assert abs(lon - LON) < 0.01
    assert abs(lat - LAT) < 0.01
    areas = points(desk, layer="areas")["areas"]
    assert sum(area["count"] for area in areas.values()) == len(cases)
    assert set(areas) == {case.community_code for case in cases}
    cells = points(desk, layer="areas", zoom=16)["areas"]
    assert set(cells) == {case.cell_code for case in cases}


def fill(case: Incident, count: int) -> None:
    """So many newer cases like this one at its very place, none of them as late."""
    names = [field.column for field in Incident._meta.concrete_fields if not field.primary_key]
    newer = {
        "number": "'M' || n",
        "received_at": "received_at + n * interval '1 second'",
        "due_at": "due_at + n * interval '1 day'",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO incidents_incident ({', '.join(names)})"
            f" SELECT {', '.join(newer.get(name, name) for name in names)}"
            " FROM incidents_incident, generate_series(1, %s) AS n WHERE id = %s",
            [count, case.pk],
        )


def test_of_very_many_cases_none_is_left_uncounted_and_the_most_urgent_is_named(
    desk: Client, now: SetClock
) -> None:
    late, calm = beside(2), beside(0)
    fill(calm, 20_001)
    assert late.due_at is not None
    now.at = late.due_at + timedelta(hours=1)
    count = Incident.objects.count()
    assert count == 20_003
    picture = points(desk)
    told = [feature["properties"] for feature in picture["features"]]
    assert sum(one["count"] for one in told) == count
    assert "overdue" in {one["state"] for one in told}
    assert picture["html"].index(late.number) < picture["html"].index(calm.number)
    assert sum(weight for _lon, _lat, weight in points(desk, layer="heat")["heat"]) == count
    areas = points(desk, layer="areas")["areas"]
    assert sum(area["count"] for area in areas.values()) == count
    page = desk.get("/cases/map/")
    assert page.context["rows"][0]["case"] == late
    assert page.context["is_cut"] is True


def test_what_is_over_is_named_after_what_is_open(desk: Client) -> None:
    over, waits = beside(0), beside(3)
    Incident.objects.filter(pk=over.pk).update(
        urgency="emergency", status="closed", due_at=None, closed_at=TUESDAY
    )
    rows = desk.get("/cases/map/", {"status": ""}).context["rows"]
    assert [row["case"] for row in rows] == [waits, over]


def test_what_has_no_place_is_told_and_stays_on_the_list(desk: Client, desk_case: Incident) -> None:
    page = desk.get("/cases/map/")
    assert page.context["missing"] == 1
    assert page.context["rows"] == []


@pytest.mark.parametrize(
    "frame", ["", "1,2,3", "a,b,c,d", "114.3,22,114.2,23", "114,nan,115,23", "-999,22,999,23"]
)
def test_what_is_no_picture_is_refused(desk: Client, frame: str) -> None:
    assert desk.get("/cases/map/points/", {"frame": frame, "zoom": "13"}).status_code == 400


@pytest.mark.parametrize("layer", ["", "heat", "areas"])
def test_the_number_of_queries_does_not_grow_with_the_cases(
    desk: Client, layer: str, django_assert_max_num_queries: Any
) -> None:
    for step in range(3):
        beside(step)
    desk.get("/cases/map/")  # what is read once for the process
    with django_assert_max_num_queries(10) as few:
        points(desk, layer=layer)
    with django_assert_max_num_queries(20) as few_on_page:
        desk.get(f"/cases/map/?layer={layer}")
    for step in range(3, 30):
        beside(step)
    with django_assert_max_num_queries(len(few)):
        points(desk, layer=layer)
    with django_assert_max_num_queries(len(few_on_page)):
        desk.get(f"/cases/map/?layer={layer}")


def test_an_emergency_is_marked_until_it_is_resolved(desk: Client, resolved_case: Incident) -> None:
    Incident.objects.filter(pk=resolved_case.pk).update(urgency="emergency")
    assert points(desk)["features"][0]["properties"]["state"] != "emergency"
    Incident.objects.filter(pk=resolved_case.pk).update(status="handling")
    assert points(desk)["features"][0]["properties"]["state"] == "emergency"
