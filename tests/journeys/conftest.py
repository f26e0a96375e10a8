"""The program in a real browser: a live server, Chromium, and a record of what its console said."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django import Settings

from tests.cast import TUESDAY

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SCREENSHOTS = Path(settings.BASE_DIR) / "var" / "screenshots"

OpenPage = Callable[..., Page]
# What the browser itself says about a line that a journey has cut; the second where a page asked through its
# service worker. A server's refusal reads otherwise, with its status.
_LINE_CUT = ("net::ERR_INTERNET_DISCONNECTED", "net::ERR_FAILED")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is: CHROMIUM in the environment, or on the path."""
    named = os.environ.get("CHROMIUM", "")
    found = next((path for name in (named, *NAMES) if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("No Chromium on this machine: install one, or name it in CHROMIUM.")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all journeys; each page has a context of its own."""
    # Playwright keeps an event loop on this thread, where Django would refuse to touch the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The walks first, one for each of two workers (they are dealt two journeys each to begin with): at the
    end, one worker would take both while the other has nothing left."""
    walks = [item for item in items if item.path.name == "test_walk.py"]
    others = [item for item in items if item.path.name != "test_walk.py"]
    if len(others) >= len(walks):
        items[:] = [
            *(one for pair in zip(walks, others, strict=False) for one in pair),
            *others[len(walks) :],
        ]


class Hands:
    """The district's clock, for the test and for the server in its thread."""

    at: datetime = TUESDAY


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """Tuesday at ten, until a journey moves the hands."""
    moved = Hands()
    monkeypatch.setattr("config.clock.now", lambda: moved.at)
    return moved


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[OpenPage]:
    """A page at an address of the live server: `open_page("/report/", width=390, language="en")`.

    When the test is over, none of its pages may have said an error on its console.
    """
    assert (Path(settings.BASE_DIR) / "static/dist/public.js").exists(), "build the front end: npm run build"
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def opened(
        address: str,
        *,
        width: int = 390,
        height: int = 844,
        language: str = "zh-hans",
        scripts: bool = True,
        **options: Any,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            base_url=live_server.url,
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        context.add_cookies(
            [{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}]
        )
        page = context.new_page()
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [line for line in said if not any(cut in line for cut in _LINE_CUT)] == []


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Keep a picture of the page under var/screenshots, to be looked at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def shot(page: Page, name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return shot


def assert_fits(page: Page) -> None:
    """Nothing is wider than the screen, and what is pressed is large enough for a thumb."""
    page.wait_for_load_state()
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, a.btn, .tool, select")]
            .filter((one) => one.offsetParent && !one.closest(".map, .toasts"))
            .filter((one) => one.getBoundingClientRect().height < 43.5)
            .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert small == []


@pytest.fixture
def learnt(settings: Settings) -> None:
    """As where the classifier has learnt from the district's cases: by words alone the surest go out."""
    settings.AUTO_DISPATCH_PRECISION = 0.5
