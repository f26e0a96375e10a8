"""The line: a zone that is away, drips, or whose proxy takes nothing large; and who may send it any."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from django.http import Http404
from django.test import RequestFactory
from django.utils import timezone

from config.doctor import outer as doctor
from incidents.models import Report
from incidents.models.outer import OuterLink, OuterPushed
from incidents.outer import exchange, keys, line, reaching, views
from incidents.tasks import reach_outer
from tests.incidents.outer.conftest import Browser, Outside
from tests.incidents.outer.test_two_zones import reach

# Nobody listens there.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def away(settings: Any) -> None:
    settings.OUTER_URL = NOWHERE
    settings.OUTER_SECRET = "s" * 40
    settings.OUTER_OPEN_KEYS = [keys.new_pair()[0]]


@pytest.mark.django_db
@pytest.mark.usefixtures("away")
def test_a_zone_that_is_away_is_left_alone_and_nothing_is_made_for_it() -> None:
    for failures, rest in ((1, 30), (2, 60), (3, 300), (4, 300)):
        for _beat in range(3):
            assert reach_outer() == 0
        link = OuterLink.objects.get()
        assert link.failures == failures
        assert link.rests_until is not None
        left = (link.rests_until - timezone.now()).total_seconds()
        assert rest - 20 < left <= rest
        # Looked at, what everybody may see is noted.
        assert (link.published_at, OuterPushed.objects.count()) == (None, 0)
        OuterLink.objects.update(rests_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db
@pytest.mark.usefixtures("away")
def test_whoever_asks_by_hand_need_not_wait() -> None:
    reach_outer()
    with pytest.raises(reaching.Unreached):
        reaching.round_of_exchanges(at=timezone.now())
    assert OuterLink.objects.get().failures == 2


@contextmanager
def dripping() -> Iterator[str]:
    """Answers for ever, a byte at a time."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            there, _address = server.accept()
            with there:
                there.recv(65_536)
                try:
                    there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                    while not over.wait(0.05):
                        there.sendall(b" ")
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join(10)


@pytest.mark.usefixtures("away")
def test_what_drips_is_cut_off(settings: Any) -> None:
    with dripping() as settings.OUTER_URL, pytest.raises(line.Unreached, match="more than 1 s in all"):
        line.sent(b"{}", whole=1.0)


@pytest.mark.usefixtures("away")
def test_what_is_no_answer_at_all_is_unreached() -> None:
    with pytest.raises(line.Unreached):
        line.sent(b"{}")


# --- a proxy that takes no large messages -----------------------------------------------------------


@contextmanager
def narrow(site: str, most: int) -> Iterator[str]:
    """As nginx is before somebody has raised client_max_body_size."""

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if length > most:
                self.send_error(413)
                return
            told = {name: self.headers[name] for name in (line.SIGNATURE, line.ANNOUNCED)}
            answer = requests.post(f"{site}{self.path}", body, headers=told, timeout=60)
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.send_header(line.SIGNATURE, answer.headers.get(line.SIGNATURE, ""))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *told: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)


@pytest.mark.django_db(transaction=True)
def test_where_no_page_can_be_brought_reports_come_all_the_same(outside: Outside, settings: Any) -> None:
    reach()
    codes = [Browser(outside).file()]
    OuterLink.objects.update(published_at=None)
    OuterPushed.objects.all().delete()  # the map is to be brought anew
    with narrow(outside.site, 100_000) as settings.OUTER_URL:
        with pytest.raises(reaching.Unreached, match="413"):
            reach()
        assert [one.tracking_code for one in Report.objects.all()] == codes
        link = OuterLink.objects.get()
        assert (link.failures, link.problem, link.pages_failures) == (0, "", 1)
        assert "413" in next(
            one.says for one in doctor.from_inside(now=timezone.now()) if one.check == "outer-pages"
        )
        codes.append(Browser(outside).file("南联社区植物园路的井盖不见了"))
        assert reach() == 1  # and no page is tried meanwhile
        assert OuterLink.objects.get().pages_failures == 1
        assert outside.waiting() == 0
    settings.OUTER_URL = outside.site
    OuterLink.objects.update(pages_rest_until=timezone.now())
    reach()
    link = OuterLink.objects.get()
    assert (link.pages_failures, link.pages_problem) == (0, "")
    assert "It waits to be fetched" not in Browser(outside).page(codes[0])


# --- who may send how much ------------------------------------------------------------------------


class Watched(io.BytesIO):
    """Says how much of it was read."""

    def __init__(self, size: int) -> None:
        super().__init__(b"{" * size)
        self.asked = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked += len(self.getvalue()) if size is None or size < 0 else size
        return super().read(size)


def asked(length: int, **headers: str) -> int:
    """How much is read of a message from somebody who does not know the secret."""
    body = Watched(length)
    request = RequestFactory().post("/outer/exchange/", b"", "application/json", headers=headers)
    request.META["CONTENT_LENGTH"] = str(length)
    request._stream = body  # type: ignore[attr-defined]
    request._read_started = False  # type: ignore[attr-defined]
    with pytest.raises(Http404):
        views.outer_exchange(request)
    return body.asked


@pytest.mark.django_db
def test_a_strangers_large_body_is_not_read(settings: Any) -> None:
    settings.ZONE, settings.OUTER_SECRET = "outer", "s" * 40
    now = timezone.now()
    size = 1_000_000
    announced = keys.announced(size, at=now)
    old = keys.announced(size, at=now - exchange.FRESH - timedelta(minutes=1))
    assert asked(size) == 0
    for wrong in ("x", "é", f"{announced}0", keys.announced(size - 1, at=now), old, "soon 1000000 0"):
        assert asked(size, **{line.ANNOUNCED: wrong}) == 0
    assert asked(size, **{line.ANNOUNCED: announced}) == size
    assert asked(exchange.BYTES_MOST + 1, **{line.ANNOUNCED: announced}) == 0
    assert asked(1_000) == 1_000  # so much is read to see whose it is
