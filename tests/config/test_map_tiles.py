"""Tiles by a setting: who may be asked for pictures, and what is refused before it shows grey squares."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings

from config.map_tiles import tile_source


def test_maps_ask_nobody_unless_told_to(client: Client, db: None) -> None:
    assert tile_source("") is None
    page = client.get("/sign-in/")
    assert b"map-tiles" not in page.content
    assert (
        "http" not in page["Content-Security-Policy"].replace("http:", "").split("img-src")[1].split(";")[0]
    )


def test_tianditu_comes_with_its_names_on_top_and_its_key() -> None:
    source = tile_source("tianditu", key="k3y")
    assert source is not None
    assert ["vec_w" in source.urls[0], "cva_w" in source.urls[1]] == [True, True]
    assert all(url.endswith("tk=k3y") for url in source.urls)
    assert source.datum == "WGS-84"
    assert source.origins == tuple(f"https://t{n}.tianditu.gov.cn" for n in range(8))


def test_gaode_is_known_to_be_shifted() -> None:
    source = tile_source("gaode")
    assert source is not None
    assert source.datum == "GCJ-02"
    assert "https://webrd01.is.autonavi.com" in source.origins


def test_any_server_of_tiles_will_do() -> None:
    source = tile_source(
        "https://{s}.maps.example.cn:8443/{z}/{x}/{y}.png?key={key}",
        key="a",
        subdomains="ab",
        credit="© 某地图",
        datum="GCJ-02",
    )
    assert source is not None
    assert source.urls == ("https://{s}.maps.example.cn:8443/{z}/{x}/{y}.png?key=a",)
    assert source.origins == ("https://a.maps.example.cn:8443", "https://b.maps.example.cn:8443")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("tianditu", {}),  # no key
        ("baidu", {"credit": "c"}),  # no address
        ("https://maps.example.cn/{z}/{x}.png", {"credit": "c"}),
        ("https://maps.example.cn/{z}/{x}/{y}.png", {}),  # nobody named
        ("https://{s}.example.cn/{z}/{x}/{y}.png", {"credit": "c"}),  # which subdomains?
        ("https://maps.example.cn/{z}/{x}/{y}.png?k={token}", {"credit": "c"}),
        ("https://maps.example.cn;script-src/{z}/{x}/{y}.png", {"credit": "c"}),  # into the header
        ("javascript://maps/{z}/{x}/{y}", {"credit": "c"}),
        ("https://maps.example.cn/{z}/{x}/{y}.png", {"credit": "c", "datum": "BD-09"}),
        ("http://maps.example.cn/{z}/{x}/{y}.png", {"credit": "c", "secure": True}),
        ("gaode", {"max_zoom": 99}),
    ],
)
def test_what_could_show_nothing_or_the_wrong_place_is_refused(name: str, given: dict[str, object]) -> None:
    with pytest.raises(ImproperlyConfigured):
        tile_source(name, **given)  # type: ignore[arg-type]


def test_every_page_with_a_map_is_told_of_the_source(client: Client, db: None) -> None:
    with override_settings(MAP_TILES=tile_source("gaode")):
        page = client.get("/sign-in/").content.decode()
    told = (
        page.split('name="map-tiles" content="')[1].split('"')[0].replace("&quot;", '"').replace("&amp;", "&")
    )
    assert json.loads(told)["datum"] == "GCJ-02"
