"""Sentry and a collector of OpenTelemetry, as servers that listen: what they get, and what they do not."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import settings as project
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from config.observing import sieved

PHONE, NAME, CARD = "13812342207", "王小明", "440307199001011234"

# A page and a task that break with somebody's number in every place where one could be.
SCRIPT = f"""
import sys, django, pytest  # pages are shown as in tests
django.setup()
from celery import shared_task
from django.conf import settings
from django.test import Client
from django.urls import path
from config import observing
from config.celery import app
from config.urls import urlpatterns as site

def breaks(request, number):
    phone = "{PHONE}"
    somebody = {{"name": "{NAME}", "phone": phone, "card": "{CARD}"}}
    raise ValueError(f"cannot take {{phone}} of '{NAME}': (phone)=({PHONE}) {NAME}说 {CARD}")

@shared_task(name="tests.breaks")
def task_breaks(phone):
    raise RuntimeError("of " + phone)

urlpatterns = [path("breaks/<str:number>/", breaks), *site]
settings.ROOT_URLCONF = "__main__"
client = Client(raise_request_exception=False, SERVER_NAME="localhost")
client.cookies["sessionid"] = "x" * 32
answer = client.post(
    "/breaks/20261123-000001/?phone={PHONE}", {{"phone": "{PHONE}", "name": "{NAME}"}},
    headers={{"X-Phone": "{PHONE}", "User-Agent": "telephone of {NAME}"}},
    REMOTE_ADDR="198.51.100.23",
)
assert answer.status_code == 500, answer
print("name", answer.headers["X-Request-ID"])
client.get("/cases/20261123-000001/?phone={PHONE}")
client.generic("INVENTED", "/healthz")
task_breaks.apply(kwargs={{"phone": "{PHONE}"}})
if "sentry_sdk" in sys.modules:
    import sentry_sdk
    sentry_sdk.flush(10)
if observing._tracing:
    observing._tracing.flush()
loaded = {{"sentry_sdk", "opentelemetry.exporter.otlp.proto.http"}} & set(sys.modules)
print(*loaded)
"""


class Listener:
    """Keeps what is posted to it."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        kept = self.got

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                kept.append((self.path, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"

    def everything(self) -> str:
        return "\n".join(body.decode(errors="replace") for _path, body in self.got)


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def run(script: str = SCRIPT, **environment: str) -> subprocess.CompletedProcess:
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )


def told(done: subprocess.CompletedProcess) -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def nobody_is_in(text: str) -> None:
    for secret in (PHONE, NAME, "小明", CARD, "198.51.100.23", "telephone", "xxxxxxxx"):
        assert secret not in text, secret


def test_sentry_is_told_where_it_broke_and_nothing_of_anybody(listener: Listener) -> None:
    done = told(run(SENTRY_DSN=f"http://key@{listener.address}/1", SENTRY_RELEASE="0.1"))
    assert {path for path, _body in listener.got} == {"/api/1/envelope/"}
    nobody_is_in(listener.everything())
    events = [
        json.loads(line)
        for _path, body in listener.got
        for line in body.decode().splitlines()
        if '"exception"' in line
    ]
    page, task = sorted(events, key=lambda event: event["exception"]["values"][-1]["type"], reverse=True)
    (broke,) = page["exception"]["values"]
    assert broke["type"] == "ValueError"
    assert broke["value"].startswith("cannot take *** of …: …")
    assert broke["stacktrace"]["frames"][-1]["function"] == "breaks"
    assert page["tags"] == {"request": done[1], "case": "20261123-000001"}
    assert (page["release"], page["environment"]) == ("0.1", "demonstration")
    assert not {"request", "user", "breadcrumbs", "extra", "contexts", "modules"} & set(page)
    assert task["exception"]["values"][-1]["value"] == "of ***"


def test_a_collector_gets_spans_by_route(listener: Listener) -> None:
    done = told(run(OTLP_ENDPOINT=f"http://{listener.address}", OTLP_SHARE="1"))
    assert done[-1] == "opentelemetry.exporter.otlp.proto.http"
    nobody_is_in(listener.everything())
    spans = {}
    for path, body in listener.got:
        assert path == "/v1/traces"
        sent = ExportTraceServiceRequest.FromString(body)
        for resource in sent.resource_spans:
            assert "yiwang" in str(resource.resource)
            for scope in resource.scope_spans:
                for span in scope.spans:
                    values = {one.key: one.value for one in span.attributes}
                    spans[span.name] = (span, values)
    assert set(spans) == {
        "POST __main__.breaks",
        "GET case",
        "_OTHER healthz",
        "task tests.breaks",
    }
    broke, values = spans["POST __main__.breaks"]
    assert broke.status.code == broke.status.STATUS_CODE_ERROR
    assert values["http.response.status_code"].int_value == 500
    assert values["yiwang.request"].string_value == done[1]
    assert spans["task tests.breaks"][0].status.code == broke.status.STATUS_CODE_ERROR
    assert spans["GET case"][0].end_time_unix_nano > spans["GET case"][0].start_time_unix_nano


ASKED = """
import django
django.setup()
from django.test import Client
from config import observing
client = Client(SERVER_NAME="localhost")
told = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
assert client.get("/healthz", headers=told).status_code == 200
observing._tracing.flush()
"""


@pytest.mark.parametrize(("proxies", "kept"), [("0", False), ("1", True)])
def test_strangers_do_not_say_what_is_kept(listener: Listener, proxies: str, kept: bool) -> None:
    """A request that calls itself part of a trace is believed where a proxy of ours stands before."""
    asked = {"OTLP_ENDPOINT": f"http://{listener.address}", "OTLP_SHARE": "0", "NUM_PROXIES": proxies}
    told(run(ASKED, **asked))
    assert bool(listener.got) is kept


def test_without_a_setting_nothing_of_them_is_loaded() -> None:
    assert len(told(run())) == 2


@pytest.mark.parametrize(
    ("package", "setting", "value"),
    [
        ("sentry_sdk", "SENTRY_DSN", "http://key@127.0.0.1:1/1"),
        ("opentelemetry.sdk", "OTLP_ENDPOINT", "http://127.0.0.1:1"),
    ],
)
def test_where_the_packages_are_missing_the_start_says_so(package: str, setting: str, value: str) -> None:
    script = f"import sys; sys.modules['{package}'] = None\nimport django; django.setup()"
    done = run(script, **{setting: value})
    assert done.returncode
    assert f"{setting} is set, which needs what requirements/observe.txt lists" in done.stderr


def test_an_endpoint_that_is_down_stops_nothing() -> None:
    told(run(SENTRY_DSN="http://key@127.0.0.1:1/1", OTLP_ENDPOINT="http://127.0.0.1:1", OTLP_SHARE="1"))


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("could not convert string to float: '3,5'", "could not convert string to float: …"),
        (f'duplicate key: DETAIL: Key (number)=({PHONE}) "x"', "duplicate key: DETAIL: Key … …"),
        ("list index out of range", "list index out of range"),
        ("路灯坏了 at 12", "… at 12"),
    ],
)
def test_the_sieve_leaves_the_program_s_words(words: str, kept: str) -> None:
    assert sieved(words) == kept
