"""The policy table as administrators read it, and as a file."""

import csv
import io

import pytest
from django.test import Client

from accounts.roles import Role
from config.policy import shown
from config.policy.table import table
from tests.cast import Person, person

pytestmark = pytest.mark.django_db
PAGE = "/installation/permissions/"


def browse(client: Client, who: Person) -> Client:
    client.force_login(who.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def auditor(client: Client) -> Client:
    return browse(client, person("auditor", Role.AUDITOR, "government-services"))


def test_it_is_for_the_three_administrators(client: Client, supervisor: Person) -> None:
    assert client.get(PAGE).status_code == 302
    assert browse(client, supervisor).get(PAGE).status_code == 403
    for role in (Role.ADMIN, Role.SECURITY, Role.AUDITOR):
        assert browse(client, person(f"a-{role}", role, "government-services")).get(PAGE).status_code == 200


@pytest.mark.parametrize(("language", "word"), [("zh-hans", "/inbox/"), ("en", "In whatever unit".lower())])
def test_every_row_stands_on_it_once(auditor: Client, language: str, word: str) -> None:
    answer = auditor.get(PAGE, headers={"accept-language": language})
    assert word in answer.content.decode()
    rows = sum(len(row) for row in table().values())
    assert answer.context["count"] >= rows  # an address may have two patterns under one name


def test_of_a_role_only_what_it_may_do(auditor: Client) -> None:
    body = auditor.get(PAGE, {"role": "patrol"}).content.decode()
    assert "/patrol/report/" in body
    assert "/inbox/map/" not in body
    body = auditor.get(PAGE, {"role": "nobody"}).content.decode()
    assert "/public/cases/" in body
    assert "/patrol/report/" not in body


def test_what_is_not_understood_is_said(auditor: Client) -> None:
    assert auditor.get(PAGE, {"role": "king"}).status_code == 400


def test_the_file_has_a_line_for_each_address_and_method(auditor: Client) -> None:
    answer = auditor.get("/installation/permissions.csv", {"role": "handler"})
    told = b"".join(answer).decode("utf-8-sig")  # type: ignore[call-overload]
    lines = list(csv.reader(io.StringIO(told)))
    assert any(line[1:3] == ["POST", "/cases/<number>/accept/"] for line in lines)
    assert not any(line[2] == "/patrol/report/" for line in lines)


def test_addresses_are_written_as_people_write_them() -> None:
    told = {door.path for part in shown.parts() for line in part.lines for door in line.doors}
    assert "/data/<code>/files/<format>/" in told
    assert not [path for path in told if "(?" in path or "^" in path or "\\" in path]
