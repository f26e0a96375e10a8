"""Installation → Other systems: a token is shown once, everything is told in its history."""

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiClient, OldToken, SystemChange
from accounts.systems import keeping
from tests.accounts.systems.conftest import Hours, System, issue
from tests.browsers import As
from tests.cast import Person

pytestmark = pytest.mark.django_db
TERMS = {
    "name": "市 12345 平台",
    "source": "hotline",
    "scopes": ["report", "read"],
    "unit": "",
    "addresses": "198.51.100.0/24",
    "expires_on": "2026-12-31",
}


@pytest.fixture
def office(browse: As, security: Person) -> Client:
    """Where the security administrator sits."""
    client = browse(security)
    client.cookies["django_language"] = "en"
    return client


def token_on(page: Any) -> str:
    found = re.search(r'<code id="token">([^<]+)</code>', page.content.decode())
    assert found is not None
    return found[1]


def test_a_token_is_shown_once(office: Client, security: Person) -> None:
    page = office.post(reverse("system-new"), TERMS)
    token = token_on(page)
    assert "no-store" in page["Cache-Control"]
    assert System(token).get().status_code == 200
    client = ApiClient.objects.get()
    assert (client.name, client.addresses, client.unit) == ("市 12345 平台", ["198.51.100.0/24"], None)
    assert client.expires_at is not None
    assert client.expires_at.isoformat() == "2026-12-31T15:59:59+00:00"  # the day's end in the district
    shown = office.get(reverse("system", args=[client.pk]))
    assert token not in shown.content.decode()
    told = SystemChange.objects.get()
    assert (told.kind, told.actor) == ("issued", security.user)
    assert token not in repr(told.data)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"source": "moon"}, "source"),
        ({"source": "data"}, "source"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["open311", "report"]}, "scopes"),
        ({"unit": "nowhere"}, "unit"),
        ({"addresses": "office"}, "addresses"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"expires_on": "soon"}, "expires_on"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(
    office: Client, wrong: dict[str, Any], field: str
) -> None:
    page = office.post(reverse("system-new"), TERMS | wrong)
    assert page.status_code == 400
    assert page.context["form"].errors[field]
    assert not ApiClient.objects.exists()


def test_two_systems_never_have_one_name(office: Client) -> None:
    office.post(reverse("system-new"), TERMS)
    page = office.post(reverse("system-new"), TERMS)
    assert page.context["form"].errors["name"]
    assert ApiClient.objects.count() == 1


def test_a_change_holds_from_the_next_request_on(office: Client, security: Person) -> None:
    client, token = issue()
    assert System(token, "203.0.113.9").get().status_code == 200
    office.post(reverse("system", args=[client.pk]), TERMS)
    assert System(token, "203.0.113.9").get().status_code == 403
    told = SystemChange.objects.filter(client=client).first()
    assert told is not None
    assert told.data["addresses"] == [[], ["198.51.100.0/24"]]
    page = office.get(reverse("system", args=[client.pk]))
    assert "198.51.100.0/24" in page.content.decode()
    assert "This token may not be used from this address." in page.content.decode()
    assert "203.0.113.9" in page.content.decode()


def test_saving_what_is_there_is_no_change_and_moves_no_end(office: Client, hours: Hours) -> None:
    ends = hours.now.replace(hour=9, minute=30)
    client, _token = issue(expires_at=ends)
    page = office.get(reverse("system", args=[client.pk]))
    form = page.context["form"]
    told = {name: form[name].value() for name in form.fields}
    told["expires_on"] = told["expires_on"].isoformat()
    office.post(reverse("system", args=[client.pk]), {k: v for k, v in told.items() if v is not None})
    client.refresh_from_db()
    assert client.expires_at == ends
    assert SystemChange.objects.filter(client=client).count() == 1


def test_replacing_shows_the_new_one_and_keeps_the_old_one_for_a_while(office: Client) -> None:
    client, before = issue()
    page = office.post(reverse("system-rotate", args=[client.pk]), {"hours": "24", "expires_on": ""})
    after = token_on(page)
    assert [System(token).get().status_code for token in (before, after)] == [200, 200]
    office.post(reverse("system-end-old", args=[client.pk]))
    assert [System(token).get().status_code for token in (before, after)] == [401, 200]
    kinds = list(SystemChange.objects.filter(client=client).values_list("kind", flat=True))
    assert kinds == ["old_ended", "rotated", "issued"]


def test_a_token_that_ends_is_followed_by_one_that_ends(browse: As, security: Person, hours: Hours) -> None:
    client, _token = issue(expires_at=hours.now + timedelta(days=90))
    hours.pass_by(days=80)
    office = browse(security)
    shown = office.get(reverse("system", args=[client.pk])).context["rotating"]["expires_on"].value()
    assert shown == timezone.localdate(hours.now + timedelta(days=90))
    page = office.post(
        reverse("system-rotate", args=[client.pk]), {"hours": "24", "expires_on": shown.isoformat()}
    )
    assert page.status_code == 200
    client.refresh_from_db()
    assert client.expires_at is not None
    assert timezone.localdate(client.expires_at) == shown
    forever, _other = issue(name="Another")
    assert office.get(reverse("system", args=[forever.pk])).context["rotating"]["expires_on"].value() is None


@pytest.mark.parametrize("hours_typed", ["", "-1", "721", "soon"])
def test_an_overlap_that_cannot_be_is_named(office: Client, hours_typed: str) -> None:
    client, token = issue()
    page = office.post(reverse("system-rotate", args=[client.pk]), {"hours": hours_typed})
    assert page.status_code == 400
    assert page.context["rotating"].errors["hours"]
    assert System(token).get().status_code == 200
    assert not OldToken.objects.exists()


def test_off_and_on_again(office: Client) -> None:
    client, token = issue()
    office.post(reverse("system-switch", args=[client.pk]), {"on": "no"})
    office.post(reverse("system-switch", args=[client.pk]), {"on": "no"})  # pressed twice
    assert System(token).get().status_code == 401
    office.post(reverse("system-switch", args=[client.pk]), {"on": "yes"})
    assert System(token).get().status_code == 200
    assert SystemChange.objects.filter(client=client).count() == 3


@pytest.mark.parametrize("who", ["operator", "steward_of_it", "admin", "auditor"])
def test_nobody_else_comes_in(
    who: str, browse: As, security: Person, operator: Person, admin: Person, auditor: Person
) -> None:
    people = {"operator": operator, "admin": admin, "auditor": auditor, "steward_of_it": operator}
    client, _token = issue()
    browser = browse(people[who])
    for name in ("systems", "system-new"):
        assert browser.get(reverse(name)).status_code == 403
    assert browser.get(reverse("system", args=[client.pk])).status_code == 403
    for name in ("system-rotate", "system-end-old", "system-switch"):
        assert browser.post(reverse(name, args=[client.pk])).status_code == 403
    with pytest.raises(keeping.NotAllowed):
        keeping.switch(client=client, on=False, actor=people[who].user, at=client.created_at)


def test_the_list_says_what_needs_somebody(office: Client, hours: Hours) -> None:
    assert "No system yet" in office.get(reverse("systems")).content.decode()
    issue(expires_at=hours.now.replace(day=hours.now.day + 3))
    page = office.get(reverse("systems")).content.decode()
    assert "ends soon" in page
    assert "Pinghu street app" in page


def test_its_history_is_only_added_to() -> None:
    client, _token = issue()
    for change in (lambda: SystemChange.objects.update(kind="changed"), client.changes.get().delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_on_the_server(hours: Hours) -> None:
    def said(*words: str) -> str:
        out = StringIO()
        call_command("systems", *words, stdout=out)
        return out.getvalue().strip()

    token = said(
        "issue", "Street app", "--source", "hotline", "--unit", "pinghu", "--address", "198.51.100.0/24"
    )
    assert System(token).get().status_code == 200
    client = ApiClient.objects.get()
    assert (client.unit_id, client.addresses) == ("pinghu", ["198.51.100.0/24"])
    newer = said("rotate", "Street app", "--hours", "2")
    assert [System(one).get().status_code for one in (token, newer)] == [200, 200]
    assert said("end-old", "Street app") == "1 ended"
    assert "Street app\thotline\treport,read\tpinghu" in said("list")
    said("off", "Street app")
    assert System(newer).get().status_code == 401
    for wrong in (
        ("issue", "Street app", "--source", "hotline"),
        ("rotate", "Nobody"),
        ("issue", "Other", "--source", "hotline", "--unit", "nowhere"),
        ("issue", "Other", "--source", "hotline", "--address", "office"),
        ("issue", "Other", "--source", "hotline", "--expires", "tomorrow"),
    ):
        with pytest.raises(CommandError):
            said(*wrong)
