"""The log for the audit administrator: found by person, kind, day and thing; read and never changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.audit.rows import AuditEvent
from accounts.audit.telling import tell
from accounts.audit.verifying import keep, verify
from accounts.identity.where import Where
from accounts.roles import Role
from tests.accounts.audit.conftest import seal_all, write
from tests.cast import Person, person

PAGE, FILE = "/installation/audit/", "/installation/audit/file/"


@pytest.fixture
def browser(auditor: Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(auditor.user)
    return client


def text(client: Client, **query: Any) -> str:
    answer = client.get(PAGE, query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("role", [role for role in Role if role != Role.AUDITOR])
def test_nobody_else_reads_it(role: Role) -> None:
    client = Client()
    client.force_login(person("one", role, "government-services").user)
    assert client.get(PAGE).status_code == 403
    assert client.get(FILE).status_code == 403


@pytest.mark.django_db
def test_it_is_read_and_never_written(browser: Client) -> None:
    assert browser.get(reverse("home"))["Location"] == PAGE
    assert PAGE in text(browser)
    for method in (browser.post, browser.put, browser.delete):
        assert method(PAGE).status_code == 405
        assert method(FILE).status_code == 405
    assert Client().get(PAGE).status_code == 302


@pytest.mark.django_db
def test_who_has_done_what_is_found(browser: Client, operator: Person, handler: Person) -> None:
    write(1, by=operator.user, what="trimmed")
    tell(
        kind=AuditEvent.Kind.PERSONAL,
        what="unmasked",
        by=handler.user,
        where=Where("203.0.113.9"),
        about=("case", "20260704-000123"),
    )
    looked, trimmed = "Looked at the reporter", "Old rows of the log"
    by_handler = text(browser, person="handler")
    assert looked in by_handler
    assert trimmed not in by_handler
    assert looked in text(browser, person="黄志强")
    assert trimmed not in text(browser, kind="personal")
    assert looked in text(browser, about="20260704-000123")
    assert "203.0.113.9" in text(browser, about="20260704-000123")
    assert "No line is like this" in text(browser, about="20260704-000124")
    today = timezone.localdate()
    assert looked in text(browser, since=today.isoformat(), until=today.isoformat())
    assert "No line is like this" in text(browser, until=(today - timedelta(days=1)).isoformat())
    # What was done to somebody is found by their name as well.
    assert "Role in a unit · new" in text(browser, person="operator", kind="role")


@pytest.mark.django_db
def test_a_person_of_few_lines_is_found_by_indexes_alone(browser: Client, operator: Person) -> None:
    write(60, by=operator.user)
    answer = browser.get(PAGE, {"person": "operator"})
    seen = [line["row"].pk for line in answer.context["lines"]]
    assert seen == sorted(seen, reverse=True)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        second = browser.get(PAGE + answer.context["next_url"])
    assert set(seen).isdisjoint(line["row"].pk for line in second.context["lines"])
    # Each way to a line has its index, and none of the questions is an "or" of two.
    assert not [
        one["sql"]
        for one in asked
        if "accounts_auditevent" in one["sql"] and '"who" = ' in one["sql"] and " OR " in one["sql"]
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM accounts_auditevent WHERE who = 'operator' ORDER BY id DESC LIMIT 51"
        )
        assert "audit_by_who" in str(cursor.fetchall())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query", [{"kind": "other"}, {"since": "yesterday"}, {"until": "2026-13-01"}, {"since": "\x00"}]
)
def test_what_is_not_understood_is_said_and_left_out(browser: Client, query: dict[str, str]) -> None:
    answer = browser.get(PAGE, query)
    assert answer.status_code == 400
    assert "Not understood and left out" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "１２", "\x00"])
def test_a_cursor_that_is_none_begins_at_the_top(browser: Client, before: str) -> None:
    write(1)
    assert "sample" in text(browser, before=before)


@pytest.mark.django_db
def test_pages_by_cursor_show_every_line_once(browser: Client) -> None:
    write(120)
    seen: list[int] = []
    address = f"{PAGE}?kind=audit"
    for _page in range(3):
        answer = browser.get(address)
        seen += [line["row"].pk for line in answer.context["lines"]]
        address = PAGE + answer.context["next_url"]
    assert answer.context["next_url"] == ""
    assert len(seen) == 120
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.django_db
def test_a_page_asks_as_often_however_much_there_is(browser: Client, operator: Person) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            text(browser)
        return len(queries)

    write(2, by=operator.user)
    few = asked()
    write(60, by=operator.user)
    assert asked() == few <= 14


@pytest.mark.django_db
def test_a_file_says_who_took_it_and_stands_in_the_log(browser: Client, auditor: Person) -> None:
    tell(
        kind=AuditEvent.Kind.CONFIG,
        what="unit",
        by=None,
        where=Where(),
        about=("webhook", "=cmd|' /C calc'!A0"),
    )
    answer = browser.get(FILE, {"kind": "config"})
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    rows = b"".join(answer).decode("utf-8-sig").splitlines()
    assert "'=cmd|' /C calc'!A0" in rows[1]
    assert "审计管理员 (auditor)" in rows[-1]
    told = AuditEvent.objects.get(kind=AuditEvent.Kind.EXPORT)
    assert (told.user_id, told.about) == (auditor.user.pk, "audit-file")
    assert told.details["asked"] == ["kind"]


@pytest.mark.django_db
def test_a_file_has_all_lines_that_were_asked_for(browser: Client) -> None:
    write(2100)
    answer = browser.get(FILE, {"kind": "audit"})
    rows = b"".join(answer).decode("utf-8-sig").splitlines()
    assert len(rows) == 2100 + 2


@pytest.mark.django_db(transaction=True)
def test_how_the_seal_stands(browser: Client, behind_the_guards: Callable[..., int], auditor: Person) -> None:
    write(3)
    assert "waits" in text(browser)
    seal_all()
    assert "the first night is to come" in text(browser)
    now = timezone.now()
    check = keep(verify(at=now), at=now - timedelta(hours=51))
    assert "Nobody has looked through the log lately." in text(browser)
    check.delete()
    keep(verify(at=now), at=now)
    assert "Everything is as it was written." in text(browser)
    write(1)
    behind_the_guards("UPDATE accounts_auditevent SET at = at - interval '11 minutes' WHERE seq IS NULL")
    assert "the worker does not seal" in text(browser)
    seal_all()
    behind_the_guards("UPDATE accounts_auditevent SET who = 'somebody' WHERE seq = 2")
    keep(verify(at=now), at=now)
    assert "The last look through the log found 1 fault." in text(browser)
    assert "place 2:" in text(browser)
    behind_the_guards("DELETE FROM accounts_auditevent WHERE seq > 2")
    assert "The end of the log is missing" in text(browser)
