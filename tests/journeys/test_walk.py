"""Everybody walks through every page that they can reach: nothing wrong on the console, nothing for axe to
find, by day and by night, on a desk and on a phone."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page

from accounts.models import User
from config.simulation.people import LOGINS
from tests.cast import PASSWORD, TUESDAY
from tests.journeys.axe import axe_finds
from tests.journeys.conftest import Hands
from tests.journeys.walking import (
    ALWAYS,
    ALWAYS_ON_PHONE,
    WATCH_SHIFTS,
    Seen,
    in_dark,
    script_bytes,
    shift_of,
    small_targets,
    too_wide,
    walk,
)

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# What Google calls good is below 0.1; ours hardly move.
SHIFT_MOST = 0.05
SCRIPTS_MOST, BOARD_SCRIPTS_MOST = 300_000, 450_000


@pytest.fixture
def district(transactional_db: None, hands: Hands, tmp_path: Any, settings: Any) -> None:
    """Everybody who signs in to the demo, and two days of its cases."""
    hands.at = TUESDAY + timedelta(hours=6)
    settings.VAR_DIR = tmp_path
    call_command("seed_demo", first=True, days=2)
    for username, *_rest in LOGINS:
        user = User.objects.get(username=username)
        user.set_password(PASSWORD)
        user.save()


@pytest.fixture
def pages(browser: Browser, live_server: Any) -> Iterator[Any]:
    """Signed-in pages at this width and in this language, each in a context of its own."""
    contexts = []

    def opened(username: str, *, width: int, language: str) -> Page:
        is_phone = width < 500
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            base_url=live_server.url,
            has_touch=is_phone,
            is_mobile=is_phone,
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
        context.add_init_script(f"({WATCH_SHIFTS})()")
        page = context.new_page()
        page.goto("/sign-in/")
        page.fill("#id_username", username)
        page.fill("#id_password", PASSWORD)
        page.press("#id_password", "Enter")
        page.wait_for_selector(".topbar")
        return page

    yield opened
    for context in contexts:
        context.close()


def judge(page: Page, seen: Seen) -> None:
    """By day: axe, the page's width, its weight, and whether it moved under the eye."""
    measure(page, seen)
    seen.faults += [*too_wide(page), *axe_finds(page)]


def measure(page: Page, seen: Seen) -> None:
    """Its weight, and whether it moved."""
    seen.shift, seen.script_bytes = shift_of(page), script_bytes(page)
    most = BOARD_SCRIPTS_MOST if page.locator("script[src*='board']").count() else SCRIPTS_MOST
    if seen.script_bytes >= most:
        seen.faults.append(f"{seen.script_bytes} bytes of scripts")
    if seen.shift > SHIFT_MOST:
        seen.faults.append(f"moved by {seen.shift:.2f}")


def judge_on_phone(page: Page, seen: Seen) -> None:
    """The same by night, and what a thumb needs beside it."""
    measure(page, seen)
    seen.faults += [*too_wide(page), *in_dark(page), *small_targets(page)]


def judge_wholly(page: Page, seen: Seen) -> None:
    """By day and by night, whatever the width."""
    judge(page, seen)
    seen.faults += in_dark(page)


@pytest.mark.parametrize(("width", "language"), [(1440, "zh-hans"), (390, "en")])
def test_everybody_walks_through_all_their_pages(
    district: None, pages: Any, width: int, language: str
) -> None:
    # WALK_AS=handler,admin: these alone. WALK=whole: everybody looks at everything, not only at what
    # nobody before them has seen.
    # The whole walk looks by day and by night; the usual one by day on a desk, by night on a phone.
    is_whole = os.environ.get("WALK") == "whole"
    known: set[str] | None = None if is_whole else set()
    look = judge_wholly if is_whole else judge if width > 500 else judge_on_phone
    always = ALWAYS if width > 500 else ALWAYS_ON_PHONE
    faults: list[str] = []
    walked = 0
    named = os.environ.get("WALK_AS", "")
    everybody = [username for username, *_rest in LOGINS]
    for username in named.split(",") if named else everybody:
        page = pages(username, width=width, language=language)
        for seen in walk(page, look=look, known=known, always=always):
            walked += 1
            faults += [f"{username} {seen.address}: {fault}" for fault in dict.fromkeys(seen.faults)]
        page.context.close()
    print(f"{walked} pages, {len(faults)} faults")
    assert not faults, "\n".join(faults)
    assert walked > (0 if named else 100)
