"""While the database is away, people and programs are told so: 503 and when to come back, and never a 500."""

import re
from collections.abc import Iterator

import pytest
from django.db import OperationalError, close_old_connections, connection
from django.test import Client, RequestFactory
from django.utils import translation

from config.unready import server_error
from tests.cast import Person

pytestmark = pytest.mark.django_db(transaction=True)


def end_session() -> None:
    """Let the server end the session that the next request would use, as it does when it is restarted."""
    connection.ensure_connection()
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.fixture
def browser() -> Iterator[Client]:
    yield Client(raise_request_exception=False)
    connection.close()  # where the last request met what was ended


PAGES = [
    ("operator", "/cases/"),
    ("operator", "/supervision/"),
    ("", "/public/"),
    ("operator", "/report/"),
]


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_a_page_says_that_it_is_back_in_a_moment(
    operator: Person, browser: Client, who: str, path: str
) -> None:
    if who:
        browser.force_login(operator.user)
    end_session()
    answer = browser.get(path, headers={"accept-language": "en"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Back in a moment" in answer.content.decode()
    close_old_connections()  # as every request begins, outside of tests
    assert browser.get(path).status_code in (200, 403)


def test_who_sent_something_is_told_that_it_may_be_sent_again(operator: Person, browser: Client) -> None:
    browser.force_login(operator.user)
    end_session()
    answer = browser.post("/supervision/", {"words": "再来一次"}, headers={"accept-language": "en"})
    assert answer.status_code == 503
    assert "not certain that what you sent arrived" in answer.content.decode()


@pytest.mark.parametrize("path", ["/api/v1/incidents/", "/api/v1/nothing/"])
def test_a_program_gets_a_problem_document_whoever_asks_the_database_first(
    operator: Person, browser: Client, path: str
) -> None:
    browser.force_login(operator.user)
    end_session()
    answer = browser.get(path, headers={"accept-language": "en"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["code"] for error in answer.json()["errors"]] == ["not_ready"]


def test_a_form_that_is_too_large_is_told_so(operator: Person, browser: Client) -> None:
    browser.force_login(operator.user)
    answer = browser.post("/cases/search/", {"q": "x" * 11_000_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/api/v1/incidents/", "/incidents/"])
def test_any_other_fault_stays_a_fault(path: str) -> None:
    try:
        raise RuntimeError("the inside")
    except RuntimeError:
        with translation.override("en"):
            answer = server_error(RequestFactory().get(path))
    assert answer.status_code == 500
    assert "inside" not in answer.content.decode()
    assert re.search("Something (broke|went wrong)", answer.content.decode())
