"""A line of the log says which request and case it belongs to, as JSON where that is set; nobody is in it."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from celery import shared_task
from celery.contrib.testing.worker import start_worker
from django.conf import settings as project
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from gunicorn.config import Config

from config import belonging
from config.celery import app
from config.logs import JsonFormatter, LineFormatter, plain
from config.queues import link_to
from config.urls import urlpatterns as site
from config.weblog import PlainLogger
from tests.cast import Person, file_report

NAME = "0193f7c2-3b7e-7d21-9d3a-5f2e8c1a4b60"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is written from here on, as JSON."""
    written = io.StringIO()
    add_to_log(written)
    yield written
    root = logging.getLogger()
    for handler in [one for one in root.handlers if getattr(one, "stream", None) is written]:
        root.removeHandler(handler)


def add_to_log(written: io.StringIO) -> None:
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)


def lines(log: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


OURS = re.compile(r"[2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4}")


def test_a_trusted_proxy_s_name_is_kept_and_answered(client: Client, settings) -> None:
    settings.NUM_PROXIES = 1
    assert client.get("/healthz", headers={"X-Request-ID": NAME}).headers["X-Request-ID"] == NAME
    settings.NUM_PROXIES = 0
    assert OURS.fullmatch(client.get("/healthz", headers={"X-Request-ID": NAME}).headers["X-Request-ID"])


@pytest.mark.parametrize(
    "given",
    [
        *("", "short", "13812342207", "440307199001011234", "a" * 65, "with blanks in it 1"),
        *("王小明王小明王小明王小明王小明王", "x" * 20 + "\t"),
    ],
)
def test_any_other_is_replaced_by_one_of_ours(client: Client, settings, given: str) -> None:
    settings.NUM_PROXIES = 1
    first, second = (
        client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] for _time in range(2)
    )
    assert OURS.fullmatch(first)
    assert given != first != second


def breaks(request: HttpRequest, number: str) -> HttpResponse:
    raise ValueError("of 13812342207")


urlpatterns = [path("breaks/<str:number>/", breaks), *site]


@pytest.mark.django_db
def test_the_page_that_says_that_something_broke_says_under_which_name(
    client: Client, log: io.StringIO, settings
) -> None:
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    answer = client.get("/breaks/20261123-000001/")
    name = answer.headers["X-Request-ID"]
    assert answer.status_code == 500
    assert name in answer.content.decode()
    (line,) = [line for line in lines(log) if line["logger"] == "django.request"]
    assert (line["request"], line["case"], line["level"]) == (name, "20261123-000001", "error")
    assert "ValueError: of ***" in line["error"]
    assert "13812342207" not in log.getvalue()


@pytest.mark.django_db
def test_a_line_names_its_request_and_its_case(
    client: Client, operator: Person, log: io.StringIO, settings
) -> None:
    settings.NUM_PROXIES = 1
    number = file_report().number
    client.force_login(operator.user)
    client.post(f"/cases/{number}/nothing/", headers={"X-Request-ID": NAME})
    client.get("/cases/20200101-000001/", headers={"X-Request-ID": NAME})
    told = [line for line in lines(log) if line["logger"] == "django.request"]
    assert {line["request"] for line in told} == {NAME}
    assert told[-1]["case"] == "20200101-000001"
    assert told[-1]["level"] == "warning"
    logging.getLogger("after").warning("on its own")
    assert not {"request", "case"} & set(lines(log)[-1])


def test_a_task_s_lines_name_it(log: io.StringIO) -> None:
    belonging.task_begins(task_id="abc", task=None, args=())
    logging.getLogger("within").warning("at work")
    belonging.task_is_over(task_id="abc")
    logging.getLogger("after").warning("idle")
    assert [line.get("task") for line in lines(log)] == ["abc", None]


@shared_task(name="tests.says")
def says() -> None:
    logging.getLogger("within").warning("at work")


@pytest.mark.django_db(transaction=True)
def test_what_a_request_asks_of_a_worker_goes_under_its_name(log: io.StringIO, settings) -> None:
    """Over the broker, and back in a worker."""
    settings.NUM_PROXIES = 1

    def asks(request: HttpRequest) -> HttpResponse:
        app.send_task("tests.says", queue="long")
        return HttpResponse()

    with link_to(app) as link:
        link.default_channel.queue_purge("long")
    with start_worker(app, pool="solo", queues=["long"], perform_ping_check=False, shutdown_timeout=30):
        # A worker that begins sets up the log anew.
        if not any(getattr(handler, "stream", None) is log for handler in logging.getLogger().handlers):
            add_to_log(log)
        belonging.Named(asks)(RequestFactory().get("/", headers={"X-Request-ID": NAME}))
        belonging.request_is_over()
        app.send_task("tests.says", queue="long")  # nobody's request
        until = time.monotonic() + 60
        while len([line for line in lines(log) if line["logger"] == "within"]) < 2:
            assert time.monotonic() < until
            threading.Event().wait(0.05)
    first, second = (line for line in lines(log) if line["logger"] == "within")
    assert first["request"] == NAME
    assert "request" not in second
    assert first["task"] != second["task"]
    logging.getLogger("after").warning("idle")
    assert not {"task", "request"} & set(lines(log)[-1])


def test_nobody_is_in_it(log: io.StringIO) -> None:
    try:
        raise ValueError("Key (phone)=(13812342207) of 440307199001011234 at /r/ABCDE-FGHJK/ is there")
    except ValueError:
        logging.getLogger("somebody.elses").exception('refused "%s" for %s', "/r/ABCDE-FGHJK/", "13812342207")
    for secret in ("13812342207", "440307199001011234", "ABCDE"):
        assert secret not in log.getvalue()
    (line,) = lines(log)
    assert line["message"] == 'refused "/r/-/" for ***'
    assert line["error"].endswith("ValueError: Key (phone)=(***) of *** at /r/-/ is there")


def test_numbers_in_groups_and_addresses_of_mail_are_nobody_s_business_either() -> None:
    for secret in ("138-1234-2207", "138 1234 2207", "+86 138 1234 2207", "wang.xm@example.gov.cn"):
        assert plain(f"refused by {secret}: no") == "refused by ***: no"


def test_other_numbers_stay(log: io.StringIO) -> None:
    for number in ("20261123-000123", "1763884800123", "0193f7c213812342207d3a5f", "12345"):
        logging.getLogger("ours").warning("of %s", number)
    assert [line["message"] for line in lines(log)] == [
        "of 20261123-000123",
        "of 1763884800123",
        "of 0193f7c213812342207d3a5f",
        "of 12345",
    ]


def test_lines_for_people_end_with_what_they_belong_to() -> None:
    formatter = LineFormatter("{levelname} {message}{belonging}", style="{")
    record = logging.LogRecord("x", logging.INFO, "", 0, "done for 13812342207", (), None)
    assert formatter.format(record) == "INFO done for ***"
    belonging.task_begins(task_id="abc")
    try:
        assert formatter.format(record) == "INFO done for *** task=abc"
    finally:
        belonging.task_is_over()


def test_the_web_s_own_lines_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    configured = Config()
    configured.set("accesslog", "-")
    logger, written = PlainLogger(configured), io.StringIO()
    for handler in logger.access_log.handlers:
        handler.setStream(written)
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/r/ABCDE-FGHJK/?phone=13812342207",
        "PATH_INFO": "/r/ABCDE-FGHJK/",
        "QUERY_STRING": "phone=13812342207",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "198.51.100.23",
        "HTTP_USER_AGENT": "Somebody's telephone",
    }
    answer = SimpleNamespace(status="200 OK", sent=12, headers=[("X-Request-ID", NAME)])
    logger.access(answer, SimpleNamespace(headers=[]), environ, timedelta(milliseconds=5))
    told = json.loads(written.getvalue())
    assert {name: told[name] for name in ("method", "path", "status", "bytes", "seconds", "request")} == {
        "method": "GET",
        "path": "/r/-/",
        "status": 200,
        "bytes": 12,
        "seconds": 0.005,
        "request": NAME,
    }
    for secret in ("ABCDE", "13812342207", "198.51", "telephone"):
        assert secret not in written.getvalue()


def started(**environment: str) -> subprocess.CompletedProcess:
    script = "import django, logging; django.setup(); logging.getLogger('ours').warning('one line')"
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
    )


def test_the_setting_chooses_and_refuses_what_it_does_not_know() -> None:
    assert json.loads(started(LOG_FORMAT="json").stderr)["message"] == "one line"
    assert "WARNING ours one line" in started(LOG_FORMAT="line").stderr
    wrong = started(LOG_FORMAT="xml")
    assert wrong.returncode
    assert "LOG_FORMAT must be line or json" in wrong.stderr
