"""Every address there is, asked by somebody unknown and by somebody signed in: what its answer tells the
browser, that it breaks on nothing, leads nobody elsewhere, and takes no form without its token."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.cast import Person
from tests.security.addresses import paths, views

EVIL = "https://evil.example/"
# What names a page to go on to, in whatever form asks for it.
GOES_ON = dict.fromkeys(("next", "back", "url", "to", "then", "return", "from"), EVIL)
# They take no cookie for an answer: a token, or a signature, says who is there.
WITHOUT_COOKIE = ("/open311/", "/api/v1/callbacks/wechat/", "/outer/exchange/")
# Read by machines that are no browser's.
PLAIN = ("/metrics",)


def signed_in(one: Person, **options: Any) -> Client:
    client = Client(raise_request_exception=False, **options)
    client.force_login(one.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def policy(answer: Any) -> dict[str, list[str]]:
    told = answer.headers.get("Content-Security-Policy", "")
    return {name: values for name, *values in (one.split() for one in told.split(";") if one.strip())}


def faults(answer: Any) -> list[str]:
    """What its headers lack."""
    found = [
        f"{name} is not {value}"
        for name, value in (
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        )
        if answer.headers.get(name) != value
    ]
    if answer.headers.get("Cross-Origin-Resource-Policy") not in ("same-origin", "cross-origin"):
        found.append("no Cross-Origin-Resource-Policy")
    if "camera=()" not in answer.headers.get("Permissions-Policy", ""):
        found.append("no Permissions-Policy")
    rules = policy(answer)
    if "sandbox" in rules:
        return found
    found += [
        f"{name}: {value}"
        for name, values in rules.items()
        for value in values
        if ("unsafe" in value and name != "style-src-attr") or value in ("*", "https:", "http:", "data:")
        if not (name == "img-src" and value == "data:")
    ]
    for name, value in (
        ("default-src", ["'self'"]),
        ("script-src", ["'self'"]),
        ("object-src", ["'none'"]),
        ("base-uri", ["'none'"]),
        ("form-action", ["'self'"]),
        ("frame-ancestors", ["'none'"]),
    ):
        if rules.get(name) != value:
            found.append(f"{name} {rules.get(name)}")
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["nobody", "supervisor", "admin"])
def test_every_answer_is_safe_to_show_and_none_breaks_or_leads_elsewhere(
    who: str, request: pytest.FixtureRequest
) -> None:
    client = Client(raise_request_exception=False)
    if who != "nobody":
        client = signed_in(request.getfixturevalue(who))
    wrong: dict[str, list[str]] = {}
    for path in paths():
        if path == "/sign-out/":
            continue
        answer = client.get(path, GOES_ON)
        found = [] if path in PLAIN else faults(answer)
        if answer.status_code >= 500 and path != "/readyz":
            found.append(f"status {answer.status_code}")
        if urlsplit(answer.headers.get("Location", "")).netloc not in ("", "testserver"):
            found.append(f"leads to {answer.headers['Location']}")
        if found:
            wrong[path] = found
    assert wrong == {}


@pytest.mark.django_db
def test_no_form_is_taken_without_its_token(supervisor: Person) -> None:
    client = signed_in(supervisor, enforce_csrf_checks=True)
    taken = {}
    for path in paths():
        if path.startswith(WITHOUT_COOKIE):
            continue
        for kind in ("application/x-www-form-urlencoded", "application/json"):
            status = client.post(path, b"{}" if "json" in kind else b"a=1", content_type=kind).status_code
            if status not in (403, 404, 405):
                taken[f"{path} {kind}"] = status
    assert taken == {}


def test_who_takes_no_token_takes_no_cookie_either() -> None:
    exempt = {path for path, view in views() if getattr(view, "csrf_exempt", False)}
    # Those of REST framework ask for it themselves where somebody comes with a session.
    by_session = {path for path in exempt if path.startswith("/api/v1/")}
    assert {path for path in exempt - by_session if not path.startswith(WITHOUT_COOKIE)} == set()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "evil",
    [
        *(
            EVIL,
            "//evil.example/",
            "///evil.example",
            "/\\evil.example/",
            "\\\\evil.example",
            "http:evil.example",
        ),
        *(
            "https:///evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            " https://evil.example",
            "\x00//evil",
        ),
    ],
)
def test_whoever_signs_in_stays_here(supervisor: Person, evil: str) -> None:
    for path, more in (
        ("/sign-in/", {"username": "supervisor", "password": "correct-horse-battery"}),
        ("/i18n/setlang/", {"language": "en"}),
        ("/type-size/", {"size": "large"}),
        ("/me/second-factor/", {}),
    ):
        client = Client()
        for asked in ({**more, "next": evil}, {**more, "back": evil}):
            answer = client.post(path, asked, headers={"referer": EVIL})
            there = urlsplit(answer.headers.get("Location", ""))
            assert (there.scheme, there.netloc) == ("", ""), (path, asked, answer.headers["Location"])
            assert not there.path.startswith(("//", "/\\", "\\")), path


@pytest.mark.django_db
def test_pages_of_errors_have_the_same_headers(
    supervisor: Person, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = False
    client = signed_in(supervisor, enforce_csrf_checks=True)
    told = {
        404: client.get("/there/is/no/such/page/"),
        403: client.post("/cases/search/", {"q": "x"}),
        400: client.get("/", headers={"host": "evil.example"}),
        413: client.post("/i18n/setlang/", b"x" * 2_000_000, content_type="text/plain"),
    }

    def breaks(*_args: Any, **_more: Any) -> Any:
        raise RuntimeError(supervisor.user.username + " 13812342207")

    monkeypatch.setattr("incidents.pages.home.home", breaks, raising=False)
    monkeypatch.setattr("accounts.identity.gate._ask", breaks)
    told[500] = client.get("/")
    for status, answer in told.items():
        assert answer.status_code == status
        assert faults(answer) == [], status
        assert "13812342207" not in answer.content.decode()
        assert "Traceback" not in answer.content.decode()
