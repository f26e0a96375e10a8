"""A walk through all pages that somebody can reach: every link is followed, once for each kind of page."""

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.journeys.axe import axe_finds

# Not pages: files, data, fragments, and what ends the walk.
NO_PAGES = re.compile(
    r"/(?:static|api|open311|attachments|geo|i18n|sign-out|metrics|healthz|readyz)(?:/|$)|\.(?:csv|json|geojson|xlsx|pdf|js|webmanifest)$"
    r"|/pdf/$|/points/$|/export|/photos/|/audit/file/$|/files/[a-z]+/$"
)
# What an address says beside its path, and makes another page of it.
SHAPES = ("tab", "layer", "by")
# Here the tab is only where one came from and goes back to.
_FROM_A_TAB = frozenset({"case-act", "desk-case", "desk-split", "desk-place", "desk-correct"})
# Addresses that only lead on to another page.
_LEAVES = frozenset({"notice", "home"})
# Looked at again for everybody: what stands there is up to who asks.
ALWAYS = frozenset({"case", "desk", "inbox", "cases", "supervision"})
# Of these, what a phone is for; elsewhere the walk at a desk has seen who is shown what.
ALWAYS_ON_PHONE = frozenset({"case", "inbox"})


@dataclass
class Seen:
    """What a page had to say against itself."""

    address: str
    faults: list[str] = field(default_factory=list)
    script_bytes: int = 0
    shift: float = 0.0


def shape_of(address: str) -> str:
    """Pages of one shape are looked at once: the route, and which of its tabs."""
    parts = urlsplit(address)
    try:
        found = resolve(parts.path)
    except Resolver404:
        return address
    is_map = (found.url_name or "").endswith("-map")  # of another tab it draws other cases in the same way
    kept = ("layer",) if is_map else () if found.url_name in _FROM_A_TAB else SHAPES
    named = [f"{key}={value}" for key, value in parse_qsl(parts.query) if key in kept]
    kinds = [
        f"{key}={value}" for key, value in found.kwargs.items() if key in ("step", "line", "name", "kind")
    ]
    return " ".join([found.url_name or parts.path, *kinds, *sorted(named)])


def links_of(page: Page) -> list[str]:
    """Addresses on this server that the page leads to."""
    hrefs: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("a[href]")]
            .filter((one) => one.origin === location.origin && !one.download)
            .map((one) => one.pathname + one.search)"""
    )
    return [href for href in dict.fromkeys(hrefs) if not NO_PAGES.search(urlsplit(href).path)]


def walk(
    page: Page,
    *,
    look: Callable[[Page, Seen], None],
    known: set[str] | None = None,
    always: frozenset[str] = ALWAYS,
    start: str = "/",
    most: int = 200,
    each: int = 1,
) -> Iterator[Seen]:
    """Every kind of page that can be reached from `start` by links; `look` judges each where it stands.

    `each`: how many pages of one kind (a case in another state is another page). `known`: kinds that
    somebody else has looked at; they are passed by, but for those of `always`, which differ from one to the
    next.
    """
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    waiting, met, looked = [start], {start}, 0
    times: dict[str, int] = {}
    while waiting and looked < most:
        address = waiting.pop(0)
        shape = shape_of(address)
        if known and shape in known and shape not in always and address != start:
            continue
        if times.get(shape, 0) >= each or (shape in _LEAVES and address != start):
            continue
        times[shape] = times.get(shape, 0) + 1
        response = page.goto(address)
        seen = Seen(address)
        if response is not None and response.status >= 400:
            seen.faults.append(f"answered {response.status}")
        page.wait_for_selector(
            "html[data-scripts=ready], .public-bar, html:not([data-rate])", state="attached"
        )
        if page.locator(".map").count():
            page.wait_for_selector(".map.is-drawn, .map.is-broken", state="attached")
        look(page, seen)
        if known is not None:
            known.add(shape)
        seen.faults += [f"console: {line}" for line in said]
        said.clear()
        looked += 1
        yield seen
        for href in links_of(page):
            if href not in met:
                met.add(href)
                waiting.append(href)


def too_wide(page: Page) -> list[str]:
    """What reaches beyond the screen, where the page as a whole does."""
    found: list[str] = page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.body.querySelectorAll("*")]
                .filter((one) => one.getBoundingClientRect().right > width + 1 && one.offsetParent)
                .slice(-3).map((one) => `too wide: ${one.tagName}.${one.className}`.slice(0, 90));
        }"""
    )
    return found


def small_targets(page: Page) -> list[str]:
    """On a phone: what is pressed and is lower than a thumb."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, a.btn, select, summary, [type=checkbox]")]
            .filter((one) => one.offsetParent && !one.closest(".map, .toasts, dialog, .sr-only"))
            .filter((one) => one.type !== "checkbox" || one.closest("label"))
            .map((one) => [one, (one.closest("label") ?? one).getBoundingClientRect().height])
            .filter(([_one, height]) => height > 1 && height < 43.5)
            .map(([one]) => `small: ${one.outerHTML.slice(0, 90)}`)"""
    )
    return found


@cache
def _gzipped(name: str) -> int:
    path = Path(settings.BASE_DIR) / "static" / name
    return len(gzip.compress(path.read_bytes(), 9)) if path.exists() else 0


def script_bytes(page: Page) -> int:
    """The page's scripts as they travel, gzipped."""
    names: list[str] = page.evaluate("() => [...document.scripts].map((one) => one.src).filter(Boolean)")
    plain = [re.sub(r"\.[0-9a-f]{12}(?=\.js$)", "", urlsplit(name).path) for name in names]
    return sum(_gzipped(name.removeprefix("/static/")) for name in plain)


# Kept from the start of the page on: what moved without anybody having touched it.
WATCH_SHIFTS = """() => {
    window.ywShift = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.ywShift += entry.value;
    }).observe({type: "layout-shift", buffered: true});
}"""


def shift_of(page: Page) -> float:
    """Cumulative layout shift since the page began."""
    return float(page.evaluate("() => window.ywShift ?? 0"))


def in_dark(page: Page) -> list[str]:
    """What axe finds once the page is dark."""
    page.emulate_media(color_scheme="dark")
    page.evaluate("() => window.ywLook && window.ywLook()")
    found = [f"dark: {line}" for line in axe_finds(page)]
    page.emulate_media(color_scheme="light")
    page.evaluate("() => window.ywLook && window.ywLook()")
    return found
