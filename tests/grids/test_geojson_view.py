"""Outlines for maps: complete, credited, and sent once."""

import pytest
from django.test import Client
from shapely.geometry import shape

pytestmark = [pytest.mark.django_db, pytest.mark.urls("grids.urls")]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("district", 1),
        ("streets", 11),
        ("communities", 111),
        ("communities?street=440307003000", 12),
        ("cells?street=440307003000", 307),
    ],
)
def test_each_kind_is_whole(client: Client, query: str, count: int):
    kind, _mark, parameters = query.partition("?")
    answer = client.get(f"/geo/{kind}.json?{parameters}")
    features = answer.json()["features"]
    assert len(features) == count
    assert all(shape(feature["geometry"]).is_valid for feature in features)


def test_it_says_that_it_is_schematic_and_whose_points_it_stands_on(client: Client):
    document = client.get("/geo/streets.json").json()
    assert "Schematic" in document["note"]
    assert "GeoNames" in document["credit"]
    assert document["features"][0]["properties"]["schematic"] is True


def test_an_answer_that_the_browser_has_is_not_sent_again(client: Client):
    first = client.get("/geo/streets.json")
    again = client.get("/geo/streets.json", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert "max-age" in again["Cache-Control"]


def test_a_compressed_answer_is_recognised_too(client: Client):
    first = client.get("/geo/communities.json", headers={"accept-encoding": "gzip"})
    assert first["Content-Encoding"] == "gzip"
    assert len(first.content) < 40_000
    again = client.get(
        "/geo/communities.json", headers={"accept-encoding": "gzip", "if-none-match": first["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/geo/planets.json",
        "/geo/cells.json",
        "/geo/cells.json?street=440307003002",
        "/geo/cells.json?street=x%00",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, path: str):
    assert client.get(path).status_code == 404


def test_only_reading_is_allowed(client: Client):
    assert client.post("/geo/streets.json").status_code == 405
