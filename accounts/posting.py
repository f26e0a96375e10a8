"""One POST over HTTP, bounded in every direction: how long, how much, and never on to another address."""

import http.client
import socket
import ssl
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from accounts.reachable import Network, NotReachable, checked

SENT_AT_MOST = 64 * 1024
READ_AT_MOST = 64 * 1024


class NoAnswer(Exception):
    """Nothing came back; `permanent` where nothing ever will. The words hold no address and no key."""

    def __init__(self, why: str, *, permanent: bool = False) -> None:
        super().__init__(why)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, cut off after READ_AT_MOST bytes."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def post_json(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float,
    allowed: Collection[Network] | None = None,
) -> Answer:
    """POST `body` and answer what came back within `seconds`, the whole exchange counted.

    A redirect is an answer like any other: what was signed for one address goes to no other one. `allowed`
    is for addresses that strangers name: they lead to public ones by https, and to these networks by http as
    well. Raises NoAnswer.
    """
    if len(body) > SENT_AT_MOST:
        raise NoAnswer("too large to send", permanent=True)
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise NoAnswer("not an address that can be posted to", permanent=True) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NoAnswer("not an address that can be posted to", permanent=True)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname, port, seconds)
    with cut_after(seconds, connection) as expired:
        try:
            if allowed is not None:
                connection.place = checked(
                    parts.hostname, port, allowed, seconds=seconds, plain=parts.scheme == "http"
                )
            connection.connect()
            connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
            with connection.getresponse() as response:
                answer = Answer(response.status, response.read(READ_AT_MOST))
            if expired.is_set():
                raise TimeoutError
            return answer
        except NotReachable as error:
            raise NoAnswer(str(error)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            # Our own words: an error's text may hold the address, and with it a key.
            late = expired.is_set() or isinstance(error, TimeoutError)
            raise NoAnswer("timed out" if late else type(error).__name__) from error


@contextmanager
def cut_after(seconds: float, connection: "Plain") -> Iterator[threading.Event]:
    """Close the connection at the end, and `seconds` from now whatever it waits for: then the event is set.

    A socket's time-out is about each wait alone: one that drips a byte a second, in the middle of its
    handshake or afterwards, never meets it.
    """
    expired = threading.Event()
    watchdog = threading.Timer(seconds, _cut, (connection, expired))
    watchdog.daemon = True
    watchdog.start()
    try:
        yield expired
    finally:
        watchdog.cancel()
        connection.close()
        connection.let_go()


class Plain(http.client.HTTPConnection):
    """Goes to `place`, an address, where that is set; the name stays what is asked for and certified."""

    place = ""
    # The same wire once more: TLS takes the socket over before its handshake, and leaves the first one empty.
    wire: socket.socket | None = None
    is_cut = False

    def connect(self) -> None:
        self.sock = socket.create_connection((self.place or self.host, self.port), self.timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = self.sock.dup()
        if self.is_cut:  # while it was being opened
            raise TimeoutError

    def cut(self) -> None:
        """End it now, whatever it is waiting for."""
        self.is_cut = True
        if self.wire is not None:
            with suppress(OSError, ValueError):
                self.wire.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """It is over."""
        if self.wire is not None:
            self.wire.close()


class Secure(http.client.HTTPSConnection, Plain):
    """The same; its own `connect` makes TLS of what the other one opened."""


def _connection(scheme: str, host: str, port: int, seconds: float) -> Plain:
    if scheme == "https":
        return Secure(host, port, timeout=seconds, context=ssl.create_default_context())
    return Plain(host, port, timeout=seconds)


def _cut(connection: Plain, expired: threading.Event) -> None:
    expired.set()
    connection.cut()
