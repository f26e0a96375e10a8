"""The other side: upstream's webhook and the text message gateway, as unreliable as in life.

Whatever comes is noted before it is answered; answers are now and then 500, or late, or nobody is there.
"""

import hashlib
import hmac
import json
import random
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chaos.ledger import Ledger

ANSWERED = "calls answered 200"
# What a moment is like, and how often: everything well, some errors, some hang, nobody there.
_MOODS = {"well": 6, "errors": 2, "hangs": 1, "down": 1}
_MOOD_SECONDS = (1.0, 3.0)
_HANG_SECONDS = 3.0
_SAID = {200: ANSWERED, 500: "calls answered 500", 0: "calls left hanging"}


class Receiver:
    """An HTTP server in threads of the driver's."""

    def __init__(self, book: Ledger, *, secret: str, seed: int) -> None:
        self._book, self._secret = book, secret
        self._dice = random.Random(f"{seed}:receiver")
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.mood = "well"
        self.counts: Counter[str] = Counter()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._threads = [
            threading.Thread(target=self._server.serve_forever, daemon=True),
            threading.Thread(target=self._be_moody, daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def be_well(self) -> None:
        """From here on everything is answered."""
        self._ended.set()
        self._threads[1].join()
        self.mood = "well"

    def stop(self) -> None:
        self._ended.set()
        if self._threads[0].is_alive():  # shutdown would wait for ever for what was never started
            self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, headers: Any, body: bytes) -> int:
        """Note a call and choose its status; 0: no answer."""
        mood = self.mood
        if mood == "down":
            self.counts["calls that met nobody"] += 1
            return 0
        key = headers["Yiwang-Id"] or headers["X-Request-Id"] or ""
        stamp = headers["Yiwang-Timestamp"] or headers["X-Timestamp"] or ""
        signed = (headers["Yiwang-Signature"] or headers["X-Signature"] or "").removeprefix("v1=")
        mine = hmac.new(self._secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        with self._lock:
            fails = mood == "errors" and self._dice.random() < 0.5
            hangs = mood == "hangs" and self._dice.random() < 0.3
        status = 500 if fails else 0 if hangs else 200
        self._book.note(
            "webhook",
            key=key,
            hook=path,
            digest=hashlib.sha256(body).hexdigest(),
            body=json.loads(body),
            signed=hmac.compare_digest(mine, signed),
            status=status,
        )
        with self._lock:
            self.counts[_SAID[status]] += 1
        if hangs:
            time.sleep(_HANG_SECONDS)
        return status

    def _be_moody(self) -> None:
        while not self._ended.wait(self._dice.uniform(*_MOOD_SECONDS)):
            self.mood = self._dice.choices(list(_MOODS), list(_MOODS.values()))[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    receiver: Receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that are killed break off."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.server.receiver.take(self.path, self.headers, body)
        if not status:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the ledger has it."""
