"""Fetching a picture that a message names: from one host alone, quickly or not at all."""

import http.client
import threading
import time
from contextlib import suppress
from socket import SHUT_RDWR, socket
from urllib.parse import unquote, urlsplit

from django.conf import settings

# The platform waits five seconds for the answer to its message.
SECONDS = 2.5
# Callbacks name pictures by http, and the same host has them by https.
_PORTS = (None, 80, 443)


def fetch(url: str, *, seconds: float = SECONDS) -> bytes | None:
    """The picture's bytes; None where it lies elsewhere than WECHAT_PICTURES says, or did not come within
    `seconds`, everything counted.

    Only the setting says whom we call and how; of the address no more than path and query is taken.
    """
    return fetch_below(url, settings.WECHAT_PICTURES, seconds=seconds)


def fetch_below(url: str, trusted: str, *, seconds: float) -> bytes | None:
    """What lies at `url`, if that is below the address `trusted`; None otherwise. Follows no redirect."""
    path = _path(url, trusted)
    if path is None:
        return None
    base, limit = urlsplit(trusted), int(settings.ATTACHMENT_MAX_BYTES)
    make = http.client.HTTPSConnection if base.scheme == "https" else http.client.HTTPConnection
    until = time.monotonic() + seconds
    connection = make(base.hostname or "", base.port, timeout=seconds)
    watchdog: threading.Timer | None = None
    try:
        connection.connect()
        # A socket's time-out is about each wait alone: one that drips a byte a second never meets it.
        watchdog = threading.Timer(max(0.0, until - time.monotonic()), _cut, (connection.sock,))
        watchdog.daemon = True
        watchdog.start()
        connection.request("GET", path)
        with connection.getresponse() as response:
            body = response.read(limit + 1)
            is_whole = time.monotonic() < until and len(body) <= limit
            return body if response.status == 200 and is_whole else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        if watchdog is not None:
            watchdog.cancel()
        connection.close()


def _path(url: str, setting: str) -> str | None:
    """What is asked for at the host of the setting; None for another host, or another part of it."""
    try:
        parts, base = urlsplit(url), urlsplit(setting)
        port = parts.port
        _ = base.port
    except ValueError:
        return None
    schemes = ("http", "https")
    if base.scheme not in schemes or not base.hostname or parts.scheme not in schemes:
        return None
    if parts.hostname != base.hostname or "@" in parts.netloc or port not in (*_PORTS, base.port):
        return None
    below = base.path.rstrip("/") + "/"
    if not parts.path.startswith(below) or ".." in unquote(parts.path).replace("\\", "/").split("/"):
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _cut(wire: socket) -> None:
    with suppress(OSError, ValueError):
        wire.shutdown(SHUT_RDWR)
