"""Whose request it is, behind proxies: what somebody makes up neither helps them nor shuts others out."""

import sys
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import reverse

from incidents.pages import resident_drafts
from incidents.pages.form_guard import FILINGS
from incidents.pages.throttle import Throttle, address_of, sign_in_address
from tests.incidents.resident.conftest import Resident

PROXY = "10.0.0.2"


def seen(settings: Any, proxies: int, forwarded: str | None, remote: str = PROXY) -> str:
    settings.NUM_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return address_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote))


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, PROXY),
        (0, "198.51.100.7", PROXY),  # nobody of ours wrote that
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "1.1.1.1, 198.51.100.7", "198.51.100.7"),  # the first was made up
        (1, "1.1.1.1,2.2.2.2 ,  198.51.100.7", "198.51.100.7"),
        (2, "1.1.1.1, 198.51.100.7, 10.0.0.9", "198.51.100.7"),
        (2, "198.51.100.7", PROXY),  # did not come through both of them
        (1, None, PROXY),
        (1, "", PROXY),
        (1, "unknown", PROXY),
        (1, "198.51.100.7, <script>", PROXY),
        (1, "198.51.100.7:51234", "198.51.100.7"),  # some proxies write the port
        (1, "[2001:db8:1:2::5]:443", "2001:db8:1:2::"),
        (1, "::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
def test_the_first_address_that_one_of_ours_saw(
    settings: Any, proxies: int, forwarded: str | None, address: str
) -> None:
    assert seen(settings, proxies, forwarded) == address


@pytest.mark.parametrize("other", ["2001:db8::1", "2001:db8:0:0:ffff::1", "2001:DB8:0:0:1:2:3:4"])
def test_one_household_s_network_is_one_however_it_is_spelt(settings: Any, other: str) -> None:
    assert seen(settings, 0, None, other) == seen(settings, 0, None, "2001:db8::abcd") == "2001:db8::"
    assert seen(settings, 0, None, "2001:db8:0:1::1") != "2001:db8::"


def test_wrong_passwords_are_counted_by_the_same_address(settings: Any) -> None:
    settings.NUM_PROXIES = 1
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "6.6.6.6, 198.51.100.7"})
    assert sign_in_address(request) == "198.51.100.7"
    assert settings.AXES_CLIENT_IP_CALLABLE == "incidents.pages.throttle.sign_in_address"
    assert sign_in_address(RequestFactory().get("/", REMOTE_ADDR="")) is None  # a socket in the file system


def test_a_flood_from_one_address_fills_no_memory() -> None:
    throttle = Throttle(limit=3, seconds=60)
    for _event in range(1_000):
        throttle.count("a")
    assert throttle.is_full("a")
    assert throttle.counted("a") <= 4


def test_without_a_limit_no_more_is_kept_than_is_asked_for() -> None:
    throttle = Throttle(limit=sys.maxsize, seconds=60, known=10)
    for _event in range(1_000):
        throttle.count("a")
    assert not throttle.is_full("a")
    assert 10 <= throttle.counted("a") <= 11


@pytest.mark.django_db
def test_of_two_presses_one_is_counted(someone: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one's session was read before the first one's was kept."""
    FILINGS.forget()
    someone.begin()
    someone.say_where()
    monkeypatch.setattr(resident_drafts, "finish", lambda *told: None)
    assert someone.finish().status_code == someone.finish().status_code == 302
    assert FILINGS.counted("127.0.0.1") == 1


@pytest.mark.django_db
def test_a_made_up_address_neither_helps_nor_shuts_others_out(
    someone: Resident, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NUM_PROXIES = 1
    monkeypatch.setattr(FILINGS, "limit", 1)

    def finished(text: str, forwarded: str) -> int:
        other = Resident()
        other.client.defaults["HTTP_X_FORWARDED_FOR"] = forwarded
        other.begin(text)
        other.client.post(other.url("place"), {"nowhere": "on"})
        return int(other.finish().status_code)

    victim, script = "198.51.100.7", "203.0.113.66"
    assert finished("人行道地砖碎了一大片", f"{victim}, {script}") == 302
    assert finished("路口的垃圾桶满了", f"9.9.9.9, {script}") == 429  # another name, the same script
    assert finished("小区门口水管爆了", victim) == 302
    assert reverse("report")


def test_where_nothing_is_refused_and_nobody_is_asked_no_flood_fills_memory() -> None:
    """FORM_MOST_PER_ADDRESS and FORM_FREE_PER_ADDRESS are both switched off."""
    throttle = Throttle(limit=sys.maxsize, seconds=60, known=0)
    for _press in range(50):
        throttle.count("192.0.2.1")
    assert throttle.counted("192.0.2.1") <= 2
