"""What a load balancer is told while the database does not answer."""

import socket
import time

import pytest
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


def test_ready_is_who_reaches_the_database(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_a_database_that_takes_the_question_and_never_answers_is_waited_for_a_few_seconds(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen: the kernel still takes connections for it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", str(silent.getsockname()[1]))
        began = time.monotonic()
        answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"the database does not answer\n")
    assert time.monotonic() - began < 8


def test_a_database_that_refuses_is_no_answer_either(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", str(port))
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
