"""Two hundred residents file at once through the form, beside the same number of reports by REST in the same
run: over HTTP, to two web processes as gunicorn runs them, each resident from an address of their own behind
one proxy.

A resident is a browser without scripts: opens the form, says what happened and where, answers whether it is
one of those known (when asked), and presses "Send" twice at the same moment. Every one must end with exactly
one report, and with the tracking code of it on the page; what is lost or doubled ends the bench. The proof of
work is off: it would be asked of a crowd like this, and the figure is what the form itself can take.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import connection

from accounts.models import ApiClient
from benchmarks.intake import Sender
from benchmarks.records import Record
from incidents.models import IncidentReport, Report

NEEDS_DATABASE = True
RESIDENTS = 200
ROUNDS = 3
WEB_PROCESSES = 2
_HIDDEN = re.compile(r'name="(form|csrfmiddlewaretoken)"[^>]*value="([^"]+)"')
_TRACKING = re.compile(r'class="tracking">([^<]+)<')


def run() -> list[Record]:
    with _web() as port:
        matters = Sender("by form")
        by_form, by_rest, requests = [], [], []
        _client, token = ApiClient.objects.issue(name="bench rest", source="hotline")
        for turn in range(ROUNDS + 1):  # the first one warms both up
            residents = [Resident(port, matters.report(), turn * RESIDENTS + n) for n in range(RESIDENTS)]
            seconds = _all_at_once([resident.file for resident in residents])
            _require_once_each(residents)
            sent = sum(resident.requests for resident in residents)
            bodies = [json.dumps(matters.report()) for _one in range(RESIDENTS)]
            rest = _all_at_once([_rest(port, token, body) for body in bodies])
            if turn:
                by_form.append(RESIDENTS / seconds)
                requests.append(sent / seconds)
                by_rest.append(RESIDENTS / rest)
    return [
        _record(f"reports per s, {RESIDENTS} residents at once", by_form, by_rest),
        _record("requests of the form per s, all its steps", requests, by_rest),
    ]


def _record(metric: str, ours: Sequence[float], theirs: Sequence[float]) -> Record:
    """The middle one of the rounds' own ratios."""
    ratios = sorted(zip((a / b for a, b in zip(ours, theirs, strict=True)), ours, theirs, strict=True))
    ratio, one, other = ratios[len(ratios) // 2]
    return {
        "bench": "filing",
        "metric": metric,
        "ours": one,
        "against": "POST reports/ by as many at once",
        "theirs": other,
        "ratio": ratio,
    }


class Resident:
    """Somebody with a phone: cookies, an address, and one thing to say."""

    def __init__(self, port: int, report: dict[str, object], number: int) -> None:
        self._port = port
        self._text = str(report["text"])
        self._place = report["location"]
        self._address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self._cookies: dict[str, str] = {}
        self.form = self.code = ""
        self.requests = 0

    def file(self) -> None:
        page = self._get("/report/")
        hidden = dict(_HIDDEN.findall(page))
        self.form, token = hidden["form"], hidden["csrfmiddlewaretoken"]
        told = {"csrfmiddlewaretoken": token, "form": self.form, "text": self._text}
        step = self._post("/report/", told)
        assert isinstance(self._place, dict)
        step = self._post(step, {"csrfmiddlewaretoken": token, "address": "", **self._place})
        if step.endswith("/same/"):
            step = self._post(step, {"csrfmiddlewaretoken": token, "same": "none"})
        last = {"csrfmiddlewaretoken": token, "phone": "", "name": ""}
        # Two taps: both carry the same form, and the cookies are the first one's afterwards.
        with ThreadPoolExecutor(2) as taps:
            ends = [tap.result() for tap in [taps.submit(self._post, step, last) for _tap in range(2)]]
        page = self._get(ends[0])
        found = _TRACKING.search(page)
        if found is None:
            raise RuntimeError(f"No code was shown to {self.form}: {ends}")
        self.code = found[1]

    def _get(self, path: str) -> str:
        status, body, _where = self._ask("GET", path, None)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status}")
        return body

    def _post(self, path: str, told: dict[str, object]) -> str:
        status, body, where = self._ask("POST", path, urlencode(told))
        if status != 302:
            raise RuntimeError(f"POST {path}: {status} {body[:2000]}")
        return where

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, str, str]:
        headers = {
            "Host": "localhost",
            "X-Forwarded-For": f"203.0.113.9, {self._address}",  # the first is made up, and must not count
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.requests += 1
        line = HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            read = answer.read().decode()
            for told in answer.headers.get_all("Set-Cookie") or ():
                self._cookies.update({name: morsel.value for name, morsel in SimpleCookie(told).items()})
            return answer.status, read, urlsplit(answer.headers.get("Location", "")).path
        finally:
            line.close()


def _require_once_each(residents: Sequence[Resident]) -> None:
    """As many reports as residents, each under its form with the code that was shown, in one case."""
    filed = dict(
        Report.objects.filter(
            source="resident_form", external_id__in=[resident.form for resident in residents]
        ).values_list("external_id", "tracking_code")
    )
    if filed != {resident.form: resident.code for resident in residents}:
        raise RuntimeError(
            f"{len(residents)} residents filed, and {len(filed)} reports are as they were told."
        )
    linked = IncidentReport.objects.filter(report__external_id__in=filed, unlinked_at__isnull=True).count()
    if linked != len(residents):
        raise RuntimeError(f"{linked} links of {len(residents)} reports to cases.")


def _rest(port: int, token: str, body: str) -> Callable[[], None]:
    def send() -> None:
        line = HTTPConnection("127.0.0.1", port, timeout=120)
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Host": "localhost",
        }
        try:
            line.request("POST", "/api/v1/reports/", body, headers)
            answer = line.getresponse()
            said = answer.read()
        finally:
            line.close()
        if answer.status != 201:
            raise RuntimeError(f"POST reports/: {answer.status} {said[:300]!r}")

    return send


def _all_at_once(deeds: Sequence[Callable[[], None]]) -> float:
    """Seconds from the start of all of them to the end of the last."""
    ready = threading.Barrier(len(deeds) + 1)

    def one(deed: Callable[[], None]) -> None:
        ready.wait()
        deed()

    with ThreadPoolExecutor(len(deeds)) as crowd:
        going = [crowd.submit(one, deed) for deed in deeds]
        ready.wait()
        began = time.perf_counter()
        for each in going:
            each.result()
        return time.perf_counter() - began


@contextmanager
def _web() -> Iterator[int]:
    """The web as it is served, on the bench's own database."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port = int(trial.getsockname()[1])
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    with tempfile.TemporaryDirectory(prefix="yiwang-bench-static-") as static:
        env = {
            **os.environ,
            "DATABASE_URL": database.geturl(),
            "STATIC_ROOT": static,
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "NUM_PROXIES": "1",
            "FORM_FREE_PER_ADDRESS": "0",
            "FORM_FREE_PER_MINUTE": "0",
            "WATCH_SWEEPS": "0",
            "PYTHONWARNINGS": "ignore",
        }
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
        subprocess.run(collect, cwd=settings.BASE_DIR, env=env, check=True)
        web = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "config.wsgi", "--preload", "--backlog", "1024"),
                *("--workers", str(WEB_PROCESSES), "--timeout", "120", "--bind", f"127.0.0.1:{port}"),
            ],
            cwd=settings.BASE_DIR,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port)
            yield port
        finally:
            web.terminate()
            web.wait(30)


def _wait_for(port: int) -> None:
    until = datetime.now(UTC).timestamp() + 90
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10):
                return
        except (OSError, URLError):
            if datetime.now(UTC).timestamp() > until:
                raise
            time.sleep(0.2)
