"""An honest client of the REST API: what was not answered is sent again, the same."""

import http.client
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from chaos.ledger import Ledger

TIMEOUT = 20.0
# DRF wants the same secret in a cookie and in a header from whoever comes with a session.
_CSRF = secrets.token_hex(16)


class Unanswered(Exception):
    """Nobody knows whether it was done: no connection, no answer, or a fault of the server's."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    tries: int = 1

    @property
    def good(self) -> bool:
        return self.status in (200, 201)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed_in(session: str) -> dict[str, str]:
    return {"Cookie": f"sessionid={session}; csrftoken={_CSRF}", "X-CSRFToken": _CSRF}


class Client:
    """One thread's; a connection for each request, as kills would break any other."""

    def __init__(self, port: int, book: Ledger, *, gives_up: Callable[[], bool]) -> None:
        self._port, self._book, self._gives_up = port, book, gives_up

    def once(self, method: str, path: str, headers: Mapping[str, str], body: Any = None) -> Answer:
        """One try; raises Unanswered."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            connection.request(
                method,
                f"/api/v1/{path}",
                data,
                {"Content-Type": "application/json", "Accept-Language": "en", **headers},
            )
            answer = connection.getresponse()
            told = answer.read()
            self._refuse_faults(answer.status, method, path)
            return Answer(answer.status, json.loads(told))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unanswered(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def page(
        self, method: str, path: str, headers: Mapping[str, str], form: Mapping[str, str]
    ) -> tuple[int, str]:
        """A page of the site as a browser asks for it, once: its status and its text; raises Unanswered."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "en"}
        try:
            connection.request(method, f"/{path}", urlencode(form), {**kind, **headers})
            answer = connection.getresponse()
            told = answer.read()
            self._refuse_faults(answer.status, method, path)
            return answer.status, told.decode()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unanswered(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _refuse_faults(self, status: int, method: str, path: str) -> None:
        """A 503 says honestly that nobody knows; any other 5xx is a fault, and the ledger keeps it."""
        if status >= 500 and status != http.client.SERVICE_UNAVAILABLE:
            self._book.note("fault", status=status, method=method, path=path)
        if status >= 500:
            raise Unanswered(f"{status}")

    def until_answered(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Any = None,
        *,
        tries: int = 0,
    ) -> Answer:
        """The same request until somebody answers, or `tries` times; raises Unanswered."""
        tried = 0
        while True:
            tried += 1
            try:
                answer = self.once(method, path, headers, body)
            except Unanswered:
                if tried == tries or self._gives_up():
                    raise
                time.sleep(min(0.1 * tried, 1.0))
            else:
                return Answer(answer.status, answer.body, tried)
