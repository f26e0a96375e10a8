"""People at their pages: one thread each, a page, a pause, the next page."""

import http.cookiejar
import random
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

# What each looks at in turn; a page that is not theirs is answered 403 or 404, which is an answer too.
PAGES = ("/", "/inbox/", "/desk/", "/cases/", "/cases/?status=handling", "/board/", "/notices/", "/duty/")
PUBLIC = ("/", "/public/cases/", "/report/", "/r/", "/healthz")


class Reader(threading.Thread):
    """Somebody who is signed in, or nobody in particular."""

    def __init__(
        self, address: str, login: dict[str, Any] | None, *, pause: float, ended: threading.Event
    ) -> None:
        super().__init__(daemon=True)
        self._address, self._login, self._pause, self._ended = address, login, pause, ended
        self._cookies = http.cookiejar.CookieJar()
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))
        self.statuses: Counter[int] = Counter()

    def run(self) -> None:
        if self._login is not None:
            self._sign_in(self._login["username"], self._login["password"])
        pages: Sequence[str] = PUBLIC if self._login is None else PAGES
        dice = random.Random(str(self._login))
        while not self._ended.wait(dice.uniform(0.5, 1.5) * self._pause):
            self._ask(dice.choice(pages))

    def _sign_in(self, username: str, password: str) -> None:
        self._ask("/sign-in/")
        token = next((one.value or "" for one in self._cookies if one.name == "csrftoken"), "")
        form = {"username": username, "password": password, "csrfmiddlewaretoken": token}
        self._ask("/sign-in/", urlencode(form).encode())

    def _ask(self, path: str, form: bytes | None = None) -> None:
        try:
            with self._browser.open(f"{self._address}{path}", form, timeout=60) as answer:
                answer.read()
                self.statuses[answer.status] += 1
        except urllib.error.HTTPError as refused:
            self.statuses[refused.code] += 1
        except OSError:
            self.statuses[0] += 1
