"""What /metrics says of requests, intake and queues; and the dashboard in docs/ that reads it."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml
from django.conf import settings as project
from django.db import connection
from django.test import Client

from config import clock, metrics
from config.celery import app
from config.measuring import NAME
from config.queues import link_to
from tests.cast import Person, file_report
from tests.config.databases import url

pytestmark = pytest.mark.django_db(transaction=True)

DASHBOARD = project.BASE_DIR / "docs" / "grafana" / "yiwang.json"
RULES = project.BASE_DIR / "docs" / "prometheus" / "yiwang.rules.yml"


def told(client: Client) -> dict[str, float]:
    """Each line of /metrics: name with labels, and its number."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _space, value in (line.rpartition(" ") for line in lines)}


def test_requests_are_counted_by_route_and_class_of_status(client: Client, operator: Person) -> None:
    before = told(client)
    client.force_login(operator.user)
    number = file_report().number
    client.get(f"/cases/{number}/")
    client.get("/cases/20260101-000000/")
    client.get("/nowhere/at/all/")
    after = told(client)

    def rose(route: str, status: str, of: str = "count") -> float:
        name = f'yiwang_request_seconds_{of}{{method="GET",route="{route}",status="{status}"}}'
        return after.get(name, 0) - before.get(name, 0)

    assert rose("case", "2xx") == 1
    assert rose("case", "4xx") == 1
    assert rose("-", "4xx") == 1
    assert 0 < rose("case", "2xx", "sum") < 60
    assert after['yiwang_request_seconds_bucket{le="+Inf",method="GET",route="case",status="2xx"}'] >= 1
    # Other tests have asked this process for other addresses.
    assert not any(number in name or "nowhere" in name for name in after.keys() - before.keys())


def test_the_numbers_of_all_processes_are_added_up(tmp_path: Path) -> None:
    script = """
import os, sys
from config.measuring import share_among_processes
share_among_processes()
from config.measured import SECONDS, told
for worker in range(3):
    if os.fork() == 0:
        for _request in range(worker + 1):
            SECONDS.labels(route="case", method="GET", status="2xx").observe(0.04)
        os._exit(0)
for worker in range(3):
    os.wait()
print(told())
print("folder", os.environ["PROMETHEUS_MULTIPROC_DIR"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=project.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert 'yiwang_request_seconds_count{method="GET",route="case",status="2xx"} 6.0' in done.stdout
    folder = Path(done.stdout.strip().rpartition(" ")[2])
    assert not folder.exists()  # gone with the process that made it


def test_what_came_in_and_what_was_decided_lately(client: Client) -> None:
    now = clock.now()
    file_report(at=now - metrics.WINDOW * 2)
    file_report(at=now)
    file_report(at=now, source="city_app", text="这里有人在吵架,也不知道归谁管", category=None)
    lines = told(client)
    assert lines['yiwang_reports_5m{source="hotline"}'] == 1
    assert lines['yiwang_reports_5m{source="city_app"}'] == 1
    assert sum(value for name, value in lines.items() if name.startswith("yiwang_decisions_5m{")) == 2
    assert lines['yiwang_decisions_5m{outcome="dispatched",by="machine"}'] >= 1
    assert lines['yiwang_outbox_waiting{of="message"}'] >= 2


def test_queues_and_a_broker_that_is_down(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_down_until", 0.0)
    with link_to(app) as link:
        link.default_channel.queue_purge("long")
    for _time in range(2):
        app.send_task("nobody.does_this", queue="long")
    lines = told(client)
    assert lines["yiwang_broker_up"] == 1
    assert lines['yiwang_queue_depth{queue="long"}'] == 2
    with link_to(app) as link:
        link.default_channel.queue_purge("long")

    with monkeypatch.context() as lost:
        lost.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
        lines = told(client)
    assert lines["yiwang_broker_up"] == 0
    assert not any(name.startswith("yiwang_queue_depth") for name in lines)
    # It is left alone for a while: an answer must not wait for it each time.
    assert told(client)["yiwang_broker_up"] == 0
    monkeypatch.setattr(metrics, "_down_until", 0.0)
    assert told(client)["yiwang_broker_up"] == 1


def test_nobody_makes_up_new_labels(client: Client) -> None:
    before = told(client)
    for number in range(3):
        client.generic(f"INVENTED{number}", "/healthz")
        client.get(f"/nowhere/{number}/")
        client.get(f"/static/nothing-{number}.js")
    labels = [name for name in told(client) if name.startswith("yiwang_request_seconds_count")]
    assert not any("INVENTED" in name or "nothing" in name for name in set(labels) - before.keys())
    assert 'yiwang_request_seconds_count{method="other",route="healthz",status="4xx"}' in labels
    assert 'yiwang_request_seconds_count{method="GET",route="static",status="4xx"}' in labels


def answer_to(client: Client, address: str, **headers: str) -> int:
    return client.get("/metrics", REMOTE_ADDR=address, headers=headers).status_code


def test_who_may_read_them(client: Client, settings) -> None:
    settings.METRICS_TOKEN = ""
    assert answer_to(client, "127.0.0.1") == answer_to(client, "::1") == 200
    assert answer_to(client, "10.2.0.7") == answer_to(client, "") == answer_to(client, "nonsense") == 403
    assert answer_to(client, "127.0.0.1", X_Forwarded_For="198.51.100.23") == 403
    assert answer_to(client, "10.2.0.7", Authorization="Bearer ") == 403
    settings.METRICS_FROM = [ip_network("10.2.0.0/16")]
    assert (answer_to(client, "10.2.0.7"), answer_to(client, "10.3.0.7")) == (200, 403)
    assert answer_to(client, "127.0.0.1") == 403
    settings.METRICS_TOKEN = "a-long-token"
    assert answer_to(client, "10.3.0.7", Authorization="Bearer a-long-token") == 200
    assert answer_to(client, "10.3.0.7", Authorization="Bearer another") == 403


def test_several_web_processes_are_added_up(tmp_path: Path) -> None:
    """gunicorn as it is started, two workers: whichever answers has counted all of it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    what = ["-m", "gunicorn", "config.wsgi", "--preload", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    env = {**os.environ, "DATABASE_URL": url(connection), "STATIC_ROOT": str(tmp_path)}
    server = subprocess.Popen(
        [sys.executable, *what, "--no-control-socket"],
        cwd=project.BASE_DIR,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert server.stderr
        ready = 0
        while ready < 2:  # both workers are up
            line = server.stderr.readline().decode()
            assert line, "it ended"
            ready += "Booting worker" in line
        asked, workers = 0, set()
        while len(workers) < 2 or asked < 20:
            assert asked < 2000, "one worker answers all"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
                assert answer.status == 200
            asked += 1
            workers = {path.name for path in Path(folder_of(server.pid)).glob("histogram_*.db")}
        counted = set()
        for _time in range(6):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
                (line,) = (
                    line
                    for line in answer.read().decode().splitlines()
                    if line.startswith(f'{NAME}_count{{method="GET",route="healthz",status="2xx"}}')
                )
            counted.add(float(line.rpartition(" ")[2]))
        assert counted == {asked}
    finally:
        folder = folder_of(server.pid)
        server.terminate()
        server.wait(30)
    assert not Path(folder).exists()


def folder_of(pid: int) -> str:
    """Where the processes of this server keep their numbers: its children hold the files open."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        for line in Path(f"/proc/{child}/maps").read_text().splitlines():
            if "yiwang-metrics-" in line:
                return str(Path(line.split(maxsplit=5)[5]).parent)
    return "/nowhere"


def expressions() -> list[str]:
    """Of the dashboard and of the alarms."""
    board = json.loads(DASHBOARD.read_text())
    of_panels = [
        target["expr"] for panel in board["panels"] if panel["type"] != "row" for target in panel["targets"]
    ]
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    return of_panels + [rule["expr"] for rule in rules if not rule["expr"].startswith("up{")]


def test_the_dashboard_asks_for_what_is_told_and_shows_all_of_it(client: Client) -> None:
    file_report(at=clock.now())
    client.get("/healthz")
    exposed: dict[str, set[str]] = {}
    for line in told(client):
        name, _brace, labels = line.partition("{")
        exposed.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    asked = set()
    for expression in expressions():
        names = set(re.findall(r"\byiwang_\w+", expression))
        assert names, expression
        assert names <= set(exposed), expression
        asked |= names
        known = set.union(*(exposed[name] for name in names))
        by = {word for group in re.findall(r"by \(([^)]*)\)", expression) for word in group.split(", ")}
        within = set(re.findall(r'(\w+)(?:=~|!=|=)"', expression))
        assert by | within <= known, expression
    assert asked >= {name for name in exposed if name.startswith("yiwang_")}


def test_every_panel_has_a_place_of_its_own() -> None:
    board = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
