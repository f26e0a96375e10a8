"""What the web writes down of a request: nothing of who asked, and no key to a report."""

import io
import logging
import logging.config
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from gunicorn.config import Config

from accounts.models import User
from config.logs import without_keys
from config.weblog import FORMAT, PlainLogger


def line(path: str, query: str = "") -> str:
    logger = PlainLogger(Config())
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": f"{path}?{query}",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "198.51.100.23",
        "HTTP_REFERER": "https://yiwang.example/r/ABCDE-FGHJK/",
        "HTTP_USER_AGENT": "Somebody's telephone",
    }
    answer = SimpleNamespace(status="200 OK", sent=12, headers=[])
    request = SimpleNamespace(headers=[])
    return FORMAT % logger.atoms(answer, request, environ, timedelta(milliseconds=5))


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/r/ABCDE-FGHJK/", "/r/-/"),
        ("/r/ABCDE-FGHJK/rating/", "/r/-/rating/"),
        ("/open311/v2/tokens/ABCDE-FGHJK.json", "/open311/v2/tokens/-.json"),
        ("/report/photos/ABCDE0123:f-gh_jk/", "/report/photos/-/"),
        ("/report/photos/", "/report/photos/"),
        ("/registers/photos/", "/registers/photos/"),
        # as people type them
        ("/r/ABCDE FGHJK/", "/r/-/"),
        ("/r/ABCDE.FGHJK/reply/", "/r/-/reply/"),
        ("/r/ABCDE FGHJK", "/r/-"),
        ("/open311/v2/tokens/ABCDE FGHJK.xml", "/open311/v2/tokens/-.xml"),
    ],
)
def test_a_key_to_a_report_is_not_written_down(path: str, told: str) -> None:
    written = line(path)
    assert f'"GET {told}" ' in written
    for part in ("ABCDE", "FGHJK", "f-gh_jk"):
        assert part not in written


def test_a_telephone_number_where_a_case_s_goes_is_not_written_down() -> None:
    assert '"GET /cases/***/" ' in line("/cases/13911740217/")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Not Found: /r/ABCDE FGHJK/reply/", "Not Found: /r/-/reply/"),
        ("Not Found: /r/ABCDE FGHJK", "Not Found: /r/-"),
        ("GET /r/ABCDE.FGHJK HTTP/1.1", "GET /r/- HTTP/1.1"),
        ("Forbidden: /r/ABCDE FGHJK/\nTraceback of x", "Forbidden: /r/-/\nTraceback of x"),
        ("Not Found: /r/ABCDE FGHJK\nnext line", "Not Found: /r/-\nnext line"),
        ("/r/?code=ABCDE FGHJK&x=1", "/r/?code=-&x=1"),
    ],
)
def test_a_code_that_was_typed_with_a_blank_is_no_half_key(said: str, told: str) -> None:
    assert without_keys(said) == told


def test_neither_the_address_nor_the_browser_nor_what_was_typed() -> None:
    told = line("/report/", "code=ABCDEFGH&phone=13812342207")
    assert '"GET /report/" 200' in told
    for word in ("198.51.100.23", "telephone", "ABCDE", "13812342207"):
        assert word not in told


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What our own log writes from here on."""
    written = io.StringIO()
    plain = logging.config.DictConfigurator(settings.LOGGING).configure_formatter(
        dict(settings.LOGGING["formatters"]["line"])
    )
    handler = logging.StreamHandler(written)
    handler.setFormatter(plain)
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["resident-rate", "resident-reply", "resident-status"])
def test_django_refuses_without_naming_the_code(page: str, log: io.StringIO) -> None:
    Client().post(reverse(page, args=["ABCDE-FGHJK"]))
    assert "/r/-/" in log.getvalue()
    assert "ABCDE" not in log.getvalue()


@pytest.mark.django_db
def test_nor_does_it_name_the_page_that_a_forged_form_came_from(log: io.StringIO) -> None:
    forged = Client(enforce_csrf_checks=True).post(
        "/r/ABCDE-FGHJK/rating/", secure=True, headers={"referer": "https://there.example/r/ABCDE-FGHJK/"}
    )
    assert forged.status_code == 403
    assert "Forbidden" in log.getvalue()
    assert "ABCDE" not in log.getvalue()


@pytest.mark.django_db
def test_who_was_refused_is_one_line_of_a_warning(log: io.StringIO) -> None:
    person = User.objects.create_user("nobody-in-particular", password="x")
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get(reverse("mediations")).status_code == 403
    assert Client().get("/sign-in/", headers={"host": "strange.example"}).status_code == 400
    lines = [
        line for line in log.getvalue().splitlines() if "/mediation/" in line or "strange.example" in line
    ]
    assert len(lines) == 2
    assert all(" WARNING " in line for line in lines)
    assert "Traceback" not in log.getvalue()


def test_what_broke_keeps_its_traceback(log: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("django.request").exception("Failed: /x/", extra={"status_code": 500})
    assert " ERROR " in log.getvalue()
    assert "Traceback" in log.getvalue()


def test_a_fault_of_the_server_s_own_names_no_code_either() -> None:
    written = io.StringIO()
    logger = PlainLogger(Config())
    for handler in logger.error_log.handlers:
        handler.setStream(written)
    try:
        raise ValueError("/r/ABCDE-FGHJK/")
    except ValueError:
        logger.exception("Error handling request %s", "/r/?code=ABCDE-FGHJK")
    assert "Error handling request /r/?code=-" in written.getvalue()
    assert "ABCDE" not in written.getvalue()
