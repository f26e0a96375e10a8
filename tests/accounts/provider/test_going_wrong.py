"""Forged, old and foreign answers, a provider that is away: nobody comes in, and there is always a page."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from joserfc.jwk import RSAKey

from accounts.identity.provider import asking, away, pages
from accounts.models import StaffSession, User
from accounts.roles import Role
from tests.accounts.identity.conftest import Hours, hours  # noqa: F401  # the fixture
from tests.accounts.provider.conftest import Claims, House, Visitor
from tests.accounts.provider.said import group, link
from tests.cast import Person

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(autouse=True)
def huang(house: House, handler: Person, security: Person) -> Person:
    """Somebody who would be let in."""
    house.knows("huang", email="huang@example.org")
    link(handler, "huang")
    return handler


def nobody_came_in(visitor: Visitor, answer: Any, status: int, words: str = "") -> None:
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert not visitor.is_in
    assert not StaffSession.objects.exists()


# --- tokens -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("signature", ["stranger", "none", "hmac"])
def test_a_token_that_the_provider_did_not_sign(house: House, visitor: Visitor, signature: str) -> None:
    house.signature = signature
    nobody_came_in(visitor, visitor.sign_in("huang"), 403, "could not be checked")
    house.signature = "own"
    assert visitor.sign_in("huang").status_code == 302


def ago(seconds: int) -> Callable[[Claims], Claims]:
    return lambda claims: {
        **claims,
        "iat": int(time.time()) - seconds - 60,
        "exp": int(time.time()) - seconds,
    }


def but(**told: Any) -> Callable[[Claims], Claims]:
    return lambda claims: {**claims, **told}


def without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize(
    "claims",
    [
        ago(120),
        but(iat=4102444800),  # made in the year 2100
        but(nonce="another"),
        without("nonce"),
        but(aud="another-system"),
        but(aud=["another-system", "third"]),
        but(aud=["yiwang", "third"]),  # for two, and nobody says who asked
        but(azp="another-system"),
        but(iss="https://elsewhere.example.org"),
        but(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
        but(sub=""),
        but(sub=7),
        but(sub="x" * 300),
        but(exp="soon"),
        but(amr="mfa"),
        without("exp"),
        without("sub"),
        without("aud"),
        without("iss"),
    ],
)
def test_a_token_that_is_signed_and_is_not_for_this(
    house: House, visitor: Visitor, claims: Callable[[Claims], Claims]
) -> None:
    house.claims = claims
    nobody_came_in(visitor, visitor.sign_in("huang"), 403)


def test_a_clock_that_is_a_little_wrong_is_no_reason(house: House, visitor: Visitor) -> None:
    house.claims = ago(20)
    assert visitor.sign_in("huang").status_code == 302


def test_new_keys_are_fetched_where_a_signature_fits_none(
    house: House, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.sign_in("huang")
    house.keys.insert(0, RSAKey.generate_key(2048, {"kid": "second"}))
    house.keys.pop()
    refused = Visitor()
    assert refused.sign_in("huang").status_code == 403  # asked a moment ago: not again for every forgery
    monkeypatch.setattr(asking, "_KEYS_AGAIN_SECONDS", 0)
    assert Visitor().sign_in("huang").status_code == 302


# --- the way there and back -------------------------------------------------------------------------


def test_what_is_sent_along(house: House, visitor: Visitor) -> None:
    address = visitor.leave()
    assert "code_challenge_method=S256" in address
    assert "state=" in address
    assert "nonce=" in address
    visitor.come_back(visitor.at_provider(address, "huang"))
    assert len(house.asked[0]["code_verifier"]) >= 43
    assert house.asked[0]["code_verifier"] not in address
    assert "a secret between them" not in address


def test_a_state_that_this_browser_never_had(visitor: Visitor) -> None:
    theirs = visitor.at_provider(visitor.leave(), "huang")
    victim = Visitor()
    nobody_came_in(victim, victim.come_back(theirs), 403, "Try again")


def test_somebody_else_s_code_in_one_s_own_way_back(house: House, visitor: Visitor) -> None:
    house.holds_to_pkce = False  # a provider that does not: the nonce says the same
    attacker = Visitor()
    code = attacker.at_provider(attacker.leave(), "huang").split("code=")[1].split("&")[0]
    mine = visitor.at_provider(visitor.leave(), "huang")
    swapped = mine.replace(mine.split("code=")[1].split("&")[0], code)
    nobody_came_in(visitor, visitor.come_back(swapped), 403, "could not be checked")


def test_the_same_with_a_provider_that_holds_to_pkce(house: House, visitor: Visitor) -> None:
    attacker = Visitor()
    code = attacker.at_provider(attacker.leave(), "huang").split("code=")[1].split("&")[0]
    mine = visitor.at_provider(visitor.leave(), "huang")
    swapped = mine.replace(mine.split("code=")[1].split("&")[0], code)
    nobody_came_in(visitor, visitor.come_back(swapped), 403)


def test_a_way_back_is_good_once(house: House, visitor: Visitor) -> None:
    address = visitor.at_provider(visitor.leave(), "huang")
    assert visitor.come_back(address).status_code == 302
    visitor.client.post("/sign-out/")
    assert visitor.come_back(address).status_code == 403


def test_and_for_ten_minutes(visitor: Visitor, hours: Hours) -> None:  # noqa: F811
    address = visitor.at_provider(visitor.leave(), "huang")
    hours.pass_by(seconds=away.SECONDS + 1)
    nobody_came_in(visitor, visitor.come_back(address), 403, "too long")


def test_two_windows_at_once_both_come_back(visitor: Visitor) -> None:
    first, second = visitor.leave("/notices/"), visitor.leave("/me/sign-in/")
    assert visitor.come_back(visitor.at_provider(first, "huang"))["Location"] == "/notices/"
    # The other window finds somebody signed in.
    assert visitor.come_back(visitor.at_provider(second, "huang")).status_code == 302


def test_turning_back_at_the_provider(visitor: Visitor) -> None:
    there = visitor.leave()
    address = visitor.at_provider(there, "huang", action="deny")
    assert "error=access_denied" in address
    state = parse_qs(urlsplit(there).query)["state"][0]  # which this provider forgets
    nobody_came_in(visitor, visitor.come_back(f"{address}&state={state}"), 403, "did not let you in")


@pytest.mark.parametrize(
    "query",
    ["", "state=", "code=x", "state=x&code=y", "error=<script>", "state=%00&code=%00", "code=" + "x" * 9000],
)
def test_whatever_somebody_makes_up(visitor: Visitor, query: str) -> None:
    answer = visitor.client.get(f"/sign-in/provider/back/?{query}")
    assert answer.status_code == 403
    assert "<script>" not in answer.content.decode()


@pytest.mark.parametrize(
    "going",
    ["https://evil.example.org/", "//evil.example.org", "/\\evil.example.org", "javascript:alert(1)", "\x00"],
)
def test_nobody_is_led_elsewhere(visitor: Visitor, going: str) -> None:
    answer = visitor.sign_in("huang", next=going)
    assert answer["Location"] == "/"


def test_signing_in_changes_the_session_s_key(visitor: Visitor) -> None:
    address = visitor.leave()
    before = visitor.client.session.session_key
    visitor.come_back(visitor.at_provider(address, "huang"))
    assert visitor.client.cookies["sessionid"].value != before


# --- away -------------------------------------------------------------------------------------------


def test_a_provider_that_is_down_is_said_on_a_page(settings: Any, visitor: Visitor) -> None:
    settings.OIDC_DISCOVERY_URL = "http://127.0.0.1:9/.well-known/openid-configuration"
    asking.forget()
    answer = visitor.client.get("/sign-in/provider/")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "cannot be reached" in answer.content.decode()
    assert visitor.client.get("/sign-in/").status_code == 200  # the door of the passwords stays open


def test_for_a_provider_that_does_not_answer_one_waits_and_the_next_do_not(
    settings: Any, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports come in by the same processes: not all of them may wait for it."""
    monkeypatch.setattr(asking, "TIMEOUT", (0.3, 0.3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.OIDC_DISCOVERY_URL = f"http://127.0.0.1:{silent.getsockname()[1]}{asking.DISCOVERY}"
        asking.forget()
        answers = [visitor.client.get("/sign-in/provider/").status_code for _press in range(4)]
        silent.settimeout(0.1)
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()
    assert answers == [503, 503, 503, 503]


def test_what_it_said_before_holds_while_it_does_not_answer(
    house: House, settings: Any, visitor: Visitor
) -> None:
    assert visitor.client.get("/sign-in/provider/").status_code == 302
    known = asking._kept[settings.OIDC_DISCOVERY_URL]
    settings.OIDC_DISCOVERY_URL = "http://127.0.0.1:9/.well-known/openid-configuration"
    asking._kept[settings.OIDC_DISCOVERY_URL] = replace(known, read_at=known.read_at - 2 * 3600)
    assert visitor.client.get("/sign-in/provider/").status_code == 302


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((500, "{}"), 503),
        ((502, "<html>bad gateway</html>"), 503),
        ((200, "<html>maintenance</html>"), 503),
        ((200, "[]"), 503),
        ((200, "{}"), 403),
        ((200, '{"access_token": "x", "token_type": "Bearer"}'), 403),
        ((200, '{"access_token": "x", "token_type": "Bearer", "id_token": 7}'), 403),
        ((200, '{"access_token": "x", "token_type": "Bearer", "id_token": "a.b.c"}'), 403),
        ((400, '{"error": "invalid_grant", "error_description": "for who reads the log"}'), 403),
        ((401, '{"error": "invalid_client"}'), 403),
    ],
)
def test_a_provider_that_answers_nonsense(
    house: House, visitor: Visitor, answer: tuple[int, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    house.answer = answer
    with caplog.at_level(logging.WARNING):
        nobody_came_in(visitor, visitor.sign_in("huang"), status)
    assert any(one.name == "accounts.identity.provider.pages" for one in caplog.records)
    assert "a secret between them" not in caplog.text


def test_a_provider_that_calls_itself_otherwise(settings: Any, visitor: Visitor) -> None:
    settings.OIDC_ISSUER = "https://id.example.org"
    asking.forget()
    assert visitor.client.get("/sign-in/provider/").status_code == 503


def test_out_is_out_though_the_provider_is_away(house: House, visitor: Visitor, settings: Any) -> None:
    visitor.sign_in("huang")
    settings.OIDC_DISCOVERY_URL = "http://127.0.0.1:9/.well-known/openid-configuration"
    asking.forget()
    assert visitor.client.post("/sign-out/").status_code == 302
    assert not visitor.is_in


def test_only_by_get(visitor: Visitor) -> None:
    assert Client().post("/sign-in/provider/").status_code == 405
    assert Client().post("/sign-in/provider/back/").status_code == 405


# --- the button -------------------------------------------------------------------------------------


def test_a_press_leaves_nothing_in_the_database(house: House, db: None) -> None:
    for _press in range(3):
        stranger = Visitor()
        stranger.leave("/notices/")
        assert "sessionid" not in stranger.client.cookies
        kept = stranger.client.cookies["at_provider"]
        assert (kept["httponly"], kept["samesite"], kept["path"]) == (True, "Lax", "/sign-in/provider/")
    assert not Session.objects.exists()


def test_presses_of_one_address_are_bounded(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.PRESSES, "limit", 3)
    pages.PRESSES.forget()
    try:
        answers = [visitor.client.get("/sign-in/provider/") for _press in range(5)]
        assert [one.status_code for one in answers] == [302, 302, 302, 429, 429]
        assert answers[-1]["Retry-After"]
        elsewhere = visitor.client.get("/sign-in/provider/", REMOTE_ADDR="198.51.100.9")
        assert elsewhere.status_code == 302
    finally:
        pages.PRESSES.forget()


def test_and_so_are_codes_that_the_provider_is_asked_about(
    house: House, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever keeps the cookie can show a made-up code as often as they like."""
    monkeypatch.setattr(pages.RETURNS, "limit", 2)
    pages.RETURNS.forget()
    try:
        state = parse_qs(urlsplit(visitor.leave()).query)["state"][0]
        kept = visitor.client.cookies["at_provider"].value
        statuses = []
        for _try in range(4):
            visitor.client.cookies["at_provider"] = kept
            told = {"state": state, "code": "made up"}
            statuses.append(visitor.client.get("/sign-in/provider/back/", told).status_code)
        assert statuses == [403, 403, 429, 429]
        assert len(house.asked) == 2
    finally:
        pages.RETURNS.forget()


@pytest.mark.parametrize("cookie", ["", "x", "W10:x:y", "." * 3000])
def test_a_cookie_that_somebody_made_up(visitor: Visitor, cookie: str) -> None:
    address = visitor.at_provider(visitor.leave(), "huang")
    visitor.client.cookies["at_provider"] = cookie
    nobody_came_in(visitor, visitor.come_back(address), 403, "too long")


def test_many_windows_with_long_ways_fit_into_a_cookie(visitor: Visitor) -> None:
    ways = [visitor.leave(f"/cases/?q={'x' * 550}{number}") for number in range(9)]
    assert len(visitor.client.cookies["at_provider"].value) < 4000
    latest = visitor.come_back(visitor.at_provider(ways[-1], "huang"))
    assert latest["Location"] == f"/cases/?q={'x' * 550}8"
    other = Visitor()
    assert other.sign_in("huang", next="/cases/?q=" + "x" * 3000)["Location"] == "/"


# --- what it may send -------------------------------------------------------------------------------


class Answers:
    """A server at the provider's address that says what a test wants."""

    def __init__(self, *parts: bytes, drip: bool = False) -> None:
        self.parts, self.drip, self.over = parts, drip, threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            wire, _from = self.socket.accept()
            wire.recv(4096)
            for part in self.parts:
                wire.sendall(part)
            while self.drip and not self.over.wait(0.05):
                wire.sendall(b" ")
            wire.close()

    def close(self) -> None:
        self.over.set()
        self.socket.close()
        self.thread.join()


@pytest.mark.parametrize("what", ["long", "drips", "elsewhere"])
def test_its_documents_are_bounded(
    settings: Any, visitor: Visitor, house: House, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(asking, "_ANSWER_SECONDS", 0.4)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n"
    if what == "long":
        server = Answers(head, b" " * 2_000_000, drip=True)
    elif what == "drips":
        server = Answers(head, drip=True)
    else:  # the real one is there
        place = f"Location: {settings.OIDC_DISCOVERY_URL}\r\nContent-Length: 0\r\n\r\n"
        server = Answers(f"HTTP/1.1 302 Found\r\n{place}".encode())
    settings.OIDC_ISSUER = house.url
    settings.OIDC_DISCOVERY_URL = f"http://127.0.0.1:{server.socket.getsockname()[1]}{asking.DISCOVERY}"
    asking.forget()
    began = time.monotonic()
    try:
        assert visitor.client.get("/sign-in/provider/").status_code == 503
    finally:
        server.close()
    assert time.monotonic() - began < 4


def test_a_provider_without_a_signature_of_ours(house: House, visitor: Visitor, settings: Any) -> None:
    """For the library no algorithm means those that it recommends."""
    address = visitor.at_provider(visitor.leave(), "huang")
    known = asking._kept[settings.OIDC_DISCOVERY_URL]
    known.metadata["id_token_signing_alg_values_supported"] = ["HS256"]
    nobody_came_in(visitor, visitor.come_back(address), 403, "could not be checked")


# --- two at once ------------------------------------------------------------------------------------


def test_two_that_meet_twice_are_a_page_too(house: House, visitor: Visitor, settings: Any) -> None:
    settings.OIDC_SAME_NAMES = True
    User.objects.create_user("liu")
    house.knows("liu")
    with connection.cursor() as cursor:  # as if another had always been quicker
        cursor.execute(
            "CREATE FUNCTION pg_temp.taken() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION 'taken' USING ERRCODE = 'unique_violation'; END $$;"
            " CREATE TRIGGER taken BEFORE INSERT ON accounts_providerlink"
            " FOR EACH ROW EXECUTE FUNCTION pg_temp.taken()"
        )
    nobody_came_in(visitor, visitor.sign_in("liu"), 503, "two windows")


def test_a_name_in_wide_letters_is_that_name(
    house: House, visitor: Visitor, settings: Any, security: Person
) -> None:
    settings.OIDC_CREATE = True
    group("lamps", Role.HANDLER, "water-group", security)
    house.knows("one", preferred_username="\uff5a\uff48\uff41\uff4e\uff47", groups=["lamps"])
    house.knows("two", preferred_username="zhang", groups=["lamps"])
    assert visitor.sign_in("one").status_code == 302
    assert Visitor().sign_in("two").status_code == 403
    assert list(User.objects.filter(username__contains="hang").values_list("username", flat=True)) == [
        "zhang"
    ]
