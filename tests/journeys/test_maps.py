"""Maps in a real browser: the cases of a list, by mouse and by keyboard; tiles under them, where they lie."""

import math
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from PIL import Image
from playwright.sync_api import Page, Route

from config.map_tiles import tile_source
from grids.coordinates import wgs84_to_gcj02
from grids.locate import locate
from incidents.models import Incident
from tests.cast import LAMP_POINT, TUESDAY, Person, file_report
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import Hands, OpenPage
from tests.journeys.test_staff import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Shoot = Callable[[Page, str], None]
LON, LAT = LAMP_POINT
# Where people live in the schematic district, with how many cases of each.
_SPOTS = ((0.0, 0.0, 6), (-0.06, -0.05, 9), (-0.11, -0.09, 4), (0.05, -0.06, 3), (-0.02, -0.09, 5))


@pytest.fixture(autouse=True)
def at_ten(hands: Hands) -> None:
    hands.at = TUESDAY + timedelta(minutes=10)


@pytest.fixture
def scattered(transactional_db: None) -> list[Incident]:
    """Some thirty cases of five days, in knots."""
    cases = []
    for east, north, count in _SPOTS:
        for step in range(count):
            turn = 2.4 * len(cases)
            lon = LON + east + 0.004 * math.sqrt(step) * math.cos(turn)
            lat = LAT + north + 0.004 * math.sqrt(step) * math.sin(turn)
            case = file_report(
                place=locate(lon=lon, lat=lat),
                at=TUESDAY - timedelta(days=step % 5, minutes=len(cases)),
                text=f"{'路灯井盖垃圾噪音占道'[2 * (step % 5) :][:2]}问题第{len(cases) + 1}件,请派人来看看",
                category="0204" if step % 2 else "0101",
            )
            cases.append(case)
    return list(Incident.objects.filter(pk__in={case.pk for case in cases}))


def drawn(page: Page) -> None:
    page.wait_for_selector(".map.has-points")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_operator_finds_cases_on_the_map(
    open_page: OpenPage, shoot: Shoot, scattered: list[Incident], operator: Person, language: str
) -> None:
    page = open_page("/cases/map/", width=1440, height=900, language=language)
    sign_in(page, operator)
    drawn(page)
    assert page.locator("#map-list [data-row]").count() == len(scattered)
    assert_accessible(page)
    shoot(page, f"map-cases-{language}")

    # A cluster opens into its cases, and the picture stays in the address.
    page.locator(".map-cluster").first.click()
    page.wait_for_function("() => new URL(location.href).searchParams.get('view')")
    page.wait_for_function(
        "count => document.querySelectorAll('#map-list [data-row]').length < count", arg=len(scattered)
    )
    listed = page.locator("#map-list [data-row]").count()
    shoot(page, f"map-closer-{language}")
    page.reload()
    drawn(page)
    page.wait_for_function(
        "count => document.querySelectorAll('#map-list [data-row]').length === count", arg=listed
    )

    # The list and the discs point at each other; a disc tells what it is.
    page.locator("#map-list [data-row]").first.hover()
    page.wait_for_selector(".map .is-hot")
    page.mouse.move(5, 5)
    single = page.locator(".map .leaflet-marker-pane .map-case")
    if single.count():
        single.first.click()
        page.wait_for_selector(".map-found a")
        assert_accessible(page)

    for layer in ("heat", "areas"):
        page.locator(f".segments a[href*='layer={layer}']").click()
        drawn(page)
        assert f"layer={layer}" in page.url
        assert "view=" in page.url
        shoot(page, f"map-{layer}-{language}")
        assert_accessible(page)


def test_the_keyboard_moves_the_map_and_reads_its_list(
    open_page: OpenPage, scattered: list[Incident], operator: Person
) -> None:
    page = open_page("/cases/map/", width=1440, height=900)
    sign_in(page, operator)
    drawn(page)
    page.wait_for_selector("html[data-scripts=ready]")
    page.focus(".map")
    for _step in range(3):
        page.keyboard.press("+")
    page.wait_for_function(
        "count => document.querySelectorAll('#map-list [data-row]').length < count", arg=len(scattered)
    )
    assert "view=" in page.url
    page.wait_for_selector("#map-list [data-row]")
    page.locator("#map-list [data-row]").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/cases/\d{8}-\d{6}/"))
    page.go_back()
    drawn(page)
    assert "view=" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_inbox_on_a_phone(
    open_page: OpenPage, shoot: Shoot, lamp_case: Incident, handler: Person, scheme: str
) -> None:
    page = open_page(
        "/inbox/map/",
        width=390,
        color_scheme=scheme,
        geolocation={"longitude": LON, "latitude": LAT},
        permissions=["geolocation"],
    )
    sign_in(page, handler)
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click(".map-button")
    page.wait_for_selector(".map-self")
    page.wait_for_selector(f'#map-list [data-row="{lamp_case.number}"]')
    shoot(page, f"map-inbox-{scheme}")
    assert_accessible(page)


def test_without_scripts_the_list_is_there(
    open_page: OpenPage, scattered: list[Incident], operator: Person
) -> None:
    page = open_page("/sign-in/?next=/cases/map/", width=390, scripts=False)
    sign_in(page, operator)
    assert page.locator("#map-list [data-row]").count() == len(scattered)


def _grey() -> bytes:
    tile = BytesIO()
    Image.new("RGB", (256, 256), "#e8ecef").save(tile, "PNG")
    return tile.getvalue()


@pytest.mark.parametrize("datum", ["WGS-84", "GCJ-02"])
def test_a_case_stands_where_its_tiles_have_it(
    open_page: OpenPage, operator: Person, lamp_case: Incident, datum: str
) -> None:
    """The tile that lies under the lamp's disc is the one that holds the lamp's place, to the pixel."""
    source = tile_source("https://tiles.example.cn/{z}/{x}/{y}.png", credit="© 某地图", datum=datum)
    grey = _grey()

    def answer(route: Route) -> None:
        route.fulfill(body=grey, content_type="image/png")

    with override_settings(
        MAP_TILES=source, CONTENT_SECURITY_POLICY=_policy_with("https://tiles.example.cn")
    ):
        page = open_page("/sign-in/", width=1200, height=900)
        page.context.route("https://tiles.example.cn/**", answer)
        sign_in(page, operator)
        page.goto(f"/cases/map/?view={LAT},{LON},16")
        drawn(page)
        page.wait_for_selector(".map.has-tiles .leaflet-tile-loaded")
        page.wait_for_timeout(400)
        assert "© 某地图" in page.inner_text(".map-credit")
        spots: dict[str, Any] = page.evaluate(
            """() => {
                const disc = document.querySelector(".leaflet-marker-pane .map-case").getBoundingClientRect();
                const tiles = [...document.querySelectorAll(".leaflet-tile")];
                const tile = tiles.find((one) => one.src.includes("/16/"));
                const box = tile.getBoundingClientRect();
                return {x: disc.x + disc.width / 2, y: disc.y + disc.height / 2,
                        tile: tile.src, left: box.x, top: box.y};
            }"""
        )
    zoom, column, row = (int(part) for part in re.findall(r"\d+", spots["tile"])[-3:])
    lon, lat = (LON, LAT) if datum == "WGS-84" else wgs84_to_gcj02(LON, LAT)
    across = (lon + 180) / 360 * 2**zoom
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom
    assert spots["x"] == pytest.approx(spots["left"] + (across - column) * 256, abs=1.5)
    assert spots["y"] == pytest.approx(spots["top"] + (down - row) * 256, abs=1.5)


def _policy_with(origin: str) -> dict[str, Any]:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    return {"DIRECTIVES": {**directives, "img-src": [*directives["img-src"], origin]}}


def test_where_no_tile_comes_the_outlines_stay(
    open_page: OpenPage, browser: Any, live_server: Any, operator: Person, lamp_case: Incident
) -> None:
    source = tile_source("https://tiles.example.cn/{z}/{x}/{y}.png", credit="© 某地图")
    # A browser writes each refused picture into its console, which open_page would not let pass.
    with (
        override_settings(MAP_TILES=source, CONTENT_SECURITY_POLICY=_policy_with("https://tiles.example.cn")),
        browser.new_context(base_url=live_server.url, viewport={"width": 1200, "height": 900}) as context,
    ):
        context.route("https://tiles.example.cn/**", lambda route: route.abort())
        page = context.new_page()
        page.goto("/cases/map/")
        sign_in(page, operator)
        drawn(page)
        page.wait_for_selector(".map:not(.has-tiles)")
        assert page.locator(".map-community").count() > 100
