"""In and out, and where each role starts."""

import json

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.roles import Role
from tests.browsers import As
from tests.cast import PASSWORD, Person, person


def test_every_page_asks_for_a_sign_in(db: None) -> None:
    for name in ("home", "desk", "inbox", "cases", "installation"):
        answer = Client().get(reverse(name))
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("sign-in"))


def test_signing_in_and_out(operator: Person) -> None:
    client = Client()
    answer = client.post(reverse("sign-in"), {"username": "operator", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get(reverse("home"))["Location"] == reverse("desk")
    assert client.get(reverse("sign-out")).status_code == 405
    client.post(reverse("sign-out"))
    assert client.get(reverse("desk")).status_code == 302


def test_a_wrong_password_is_told_and_the_name_kept(operator: Person) -> None:
    answer = Client().post(reverse("sign-in"), {"username": "operator", "password": "wrong"})
    assert answer.status_code == 200
    assert 'value="operator"' in answer.content.decode()


@pytest.mark.parametrize(
    ("who", "where"),
    [
        ("operator", "/desk/"),
        ("dispatcher", "/desk/"),
        ("handler", "/inbox/"),
        ("supervisor", "/supervision/"),
        ("leader", "/board/"),
        ("admin", "/installation/"),
        ("security", "/installation/sign-ins/"),
        ("auditor", "/installation/audit/"),
    ],
)
def test_each_role_starts_where_its_work_is(
    browse: As, request: pytest.FixtureRequest, who: str, where: str
) -> None:
    assert browse(request.getfixturevalue(who)).get(reverse("home"))["Location"] == where


def test_somebody_without_a_role_is_told_so(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("nobody"))
    assert client.get(reverse("home"))["Location"] == reverse("nothing")
    assert client.get(reverse("nothing")).status_code == 403


def test_a_demonstration_shows_its_logins(db: None, settings: Settings) -> None:
    path = django_settings.VAR_DIR / "demo.json"
    login = {"role": "handler", "username": "h1", "password": "p", "name": "黄", "unit": "power-grid"}
    path.write_text(json.dumps({"logins": [login]}))
    try:
        assert "供电局" in Client().get(reverse("sign-in")).content.decode()
        settings.PRODUCTION = True
        assert "供电局" not in Client().get(reverse("sign-in")).content.decode()
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("role", "unit", "leads"),
    [
        (Role.DISPATCHER, "operations-centre", True),
        (Role.SUPERVISOR, "buji", True),
        (Role.OPERATOR, "operations-centre", False),
        (Role.HANDLER, "buji/enforcement", False),
    ],
)
def test_the_menu_leads_to_printed_codes_whoever_may_make_them(
    browse: As, role: str, unit: str, leads: bool
) -> None:
    client = browse(person(f"a-{role}-{unit}", role, unit))
    assert ("/codes/" in [item["url"] for item in client.get("/data/").context["nav"]]) == leads
    assert client.get("/codes/").status_code == (200 if leads else 403)


def test_the_navigation_counts_what_waits(browse: As, operator: Person, desk_case: object) -> None:
    nav = browse(operator).get(reverse("cases")).context["nav"]
    assert [(item["url"], item.get("count")) for item in nav if item["url"] == "/desk/"] == [("/desk/", "1")]
