"""A second factor in a real browser: set up, asked for, done without by a recovery code. Sign-ins ended."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests.cast import PASSWORD, Person
from tests.journeys.axe import assert_accessible
from tests.journeys.conftest import OpenPage, assert_fits

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

Shoot = Callable[[Page, str], None]


def code_of(key: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(key).at(timezone.now(), counter_offset=steps)


def give_password(page: Page, who: Person) -> None:
    page.fill("#id_username", who.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")


def set_up(page: Page) -> tuple[str, list[str]]:
    """From the page of the key on; its key and the recovery codes."""
    key = page.locator("#key").inner_text().replace(" ", "")
    page.fill("#id_code", code_of(key))
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    return key, page.locator("#recovery-codes code").all_inner_texts()


@pytest.mark.parametrize(("width", "language"), [(390, "zh-hans"), (1440, "en")])
def test_who_needs_a_second_factor_sets_it_up_and_comes_in_with_it(
    transactional_db: None,
    open_page: OpenPage,
    admin: Person,
    settings: Any,
    shoot: Shoot,
    width: int,
    language: str,
) -> None:
    settings.STRICT_SIGN_IN = True
    page = open_page("/sign-in/?next=/installation/", width=width, language=language)
    give_password(page, admin)
    expect(page).to_have_url(re.compile("/me/second-factor/"))
    shoot(page, f"identity-set-up-{width}-{language}")
    assert_accessible(page)
    drawn = page.locator("main img")
    assert drawn.evaluate("(one) => one.complete && one.naturalWidth > 0")
    key, codes = set_up(page)
    shoot(page, f"identity-codes-{width}-{language}")
    assert_accessible(page)
    with page.expect_download() as downloading:
        page.locator("a[download]").click()
    kept = Path(downloading.value.path()).read_text(encoding="utf-8-sig")
    assert downloading.value.suggested_filename == "yiwang-recovery-codes.txt"
    assert all(code in kept for code in codes)
    page.locator(".form-actions .btn-primary").click()
    expect(page).to_have_url(re.compile("/installation/$"))

    # Another browser: the password alone leads to the code, and no further.
    other = open_page("/sign-in/?next=/installation/", width=width, language=language)
    give_password(other, admin)
    expect(other).to_have_url(re.compile("/sign-in/code/"))
    shoot(other, f"identity-code-{width}-{language}")
    assert_accessible(other)
    other.goto("/installation/")
    expect(other).to_have_url(re.compile("/sign-in/"))
    other.goto("/sign-in/code/")
    other.fill("#id_code", "000000")
    other.press("#id_code", "Enter")
    expect(other.locator(".field-error")).to_be_visible()
    other.fill("#id_code", code_of(key, steps=1))
    other.press("#id_code", "Enter")
    expect(other).to_have_url(re.compile("/installation/$"))

    # A third, without the telephone.
    third = open_page("/sign-in/", width=width, language=language)
    give_password(third, admin)
    third.locator("a[href$='?recovery']").click()
    third.fill("#id_code", codes[0])
    third.press("#id_code", "Enter")
    expect(third.locator(".toast-line")).to_contain_text("9")
    # It is the third: the oldest of an administrator's two ends, and that browser says why.
    page.goto("/installation/")
    expect(page).to_have_url(re.compile("/sign-in/"))
    expect(page.locator(".note[role=status]")).to_be_visible()
    shoot(page, f"identity-ended-{width}-{language}")
    if width == 390:
        assert_fits(page)


def test_signing_out_elsewhere(
    transactional_db: None, open_page: OpenPage, operator: Person, shoot: Shoot
) -> None:
    here, there = (open_page("/sign-in/?next=/me/sign-in/", width=width) for width in (1440, 390))
    for page in (here, there):
        give_password(page, operator)
        expect(page).to_have_url(re.compile("/me/sign-in/$"))
    assert_fits(there)
    shoot(there, "identity-mine-390")
    here.reload()
    expect(here.locator("tbody tr", has=here.locator("[name=sign_in]"))).to_have_count(1)
    shoot(here, "identity-mine-1440")
    assert_accessible(here)
    here.locator("button[value=others]").click()
    expect(here.locator("[name=sign_in]")).to_have_count(0)
    there.goto("/desk/")
    expect(there).to_have_url(re.compile("/sign-in/"))
    expect(there.locator(".note[role=status]")).to_be_visible()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_administrator_sees_a_lock_and_opens_it(
    transactional_db: None,
    browser: Browser,
    live_server: Any,
    open_page: OpenPage,
    operator: Person,
    admin: Person,
    shoot: Shoot,
    language: str,
) -> None:
    somebody = Client()
    for _try in range(10):
        somebody.post("/sign-in/", {"username": "operator", "password": "wrong"})
    # In a context of its own: a browser calls the answer 429 an error on its console.
    context = browser.new_context(base_url=live_server.url, viewport={"width": 390, "height": 844})
    context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    locked = context.new_page()
    locked.goto("/sign-in/")
    give_password(locked, operator)
    expect(locked.locator(".note[role=alert]")).to_contain_text("60")
    shoot(locked, f"identity-locked-{language}")
    assert_accessible(locked)
    assert_fits(locked)

    office = open_page("/sign-in/?next=/installation/", width=1440, language=language)
    give_password(office, admin)
    office.locator("a[href='/installation/sign-ins/']").click()
    expect(office).to_have_url(re.compile("/installation/sign-ins/$"))
    shoot(office, f"identity-office-{language}")
    assert_accessible(office)
    office.locator("table").first.get_by_role("link", name="operator", exact=True).click()
    expect(office.locator("form[action$='/unlock/']")).to_be_visible()
    shoot(office, f"identity-person-{language}")
    assert_accessible(office)
    office.locator("form[action$='/unlock/'] button").click()
    expect(office.locator(".toast-line")).to_be_visible()
    expect(office.locator("form[action$='/unlock/']")).to_have_count(0)

    locked.goto("/sign-in/?next=/me/sign-in/")
    give_password(locked, operator)
    expect(locked).to_have_url(re.compile("/me/sign-in/$"))
    office.reload()
    office.locator("form[action$='/end/'] button").click()
    expect(office.locator("form[action$='/end/']")).to_have_count(0)
    locked.goto("/desk/")
    expect(locked).to_have_url(re.compile("/sign-in/"))
    context.close()
