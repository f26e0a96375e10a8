"""What the web writes down of a request: nothing of who asked, and no key to a report."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

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


@pytest.mark.parametrize("path", ["/r/ABCDE-FGHJK/", "/r/ABCDE-FGHJK/rating/"])
def test_a_tracking_code_is_not_written_down(path: str) -> None:
    assert "ABCDE" not in line(path)
    assert f"/r/-/{path.split('/', 3)[3]}" in line(path)


def test_neither_the_address_nor_the_browser_nor_what_was_typed() -> None:
    told = line("/report/", "code=ABCDEFGH&phone=13812342207")
    assert '"GET /report/" 200' in told
    for word in ("198.51.100.23", "telephone", "ABCDE", "13812342207"):
        assert word not in told
