"""The outer zone as it is set up: by the keys' command and the compose file, from an empty database; and the
core's side by its own worker."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from django.conf import settings as project
from django.db import connection
from django.utils import timezone

from config import zones
from config.celery import app
from incidents.models import Report
from incidents.models.outer import OuterLink
from tests.config.databases import database, url
from tests.config.running import eventually
from tests.incidents.outer.conftest import PRIVATE, SECRET, Browser, Outside
from tests.incidents.outer.test_two_zones import reach

BASE = Path(project.BASE_DIR)
_MINIMAL = ("PATH", "LANG", "LC_ALL", "HOME")


def compose(name: str, env: dict[str, str]) -> dict[str, Any]:
    """The services of a compose file, with what .env says put in, as `docker compose config` shows them;
    raises KeyError for a variable that must be set and is not."""

    def put_in(found: re.Match[str]) -> str:
        variable, default, must = found["name"], found["default"], found["must"]
        if must is not None and not env.get(variable):
            raise KeyError(variable)
        return env.get(variable) or default or ""

    text = re.sub(
        r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?(?P<must>[^}]*))?\}",
        put_in,
        (BASE / name).read_text("utf-8"),
    )
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


def image() -> tuple[dict[str, str], list[str]]:
    """What the Dockerfile sets, and what it runs where nothing else is said."""
    told = (BASE / "Dockerfile").read_text("utf-8").split("FROM ")[-1].replace("\\\n", " ")
    sets = dict(pair.split("=", 1) for line in re.findall(r"^ENV (.*)$", told, re.M) for pair in line.split())
    (command,) = re.findall(r"^CMD (.*)$", told, re.M)
    return sets, json.loads(command)


def on_this_machine(command: list[str]) -> list[str]:
    """The same program by this Python."""
    module = {"gunicorn": ["-m", "gunicorn"], "celery": ["-m", "celery"], "python": []}[command[0]]
    return [sys.executable, "-W", "ignore", *module, *command[1:]]


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=BASE, env=env, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def keys_told() -> dict[str, str]:
    """What `manage.py outer_keys` says for the outer zone."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "outer_keys"],
        cwd=BASE,
        capture_output=True,
        text=True,
        timeout=300,
    )
    part = done.stdout.split("# The outer zone", 1)[1]
    return dict(line.split("=", 1) for line in part.splitlines() if "=" in line)


@pytest.mark.django_db(transaction=True)
def test_the_compose_file_sets_the_zone_up_from_an_empty_database(tmp_path: Path) -> None:
    env = keys_told() | {
        "POSTGRES_PASSWORD": "p",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DOMAIN": "outer.example.org",
    }
    for needed in ("POSTGRES_PASSWORD", "SECRET_KEY", "OUTER_SECRET", "OUTER_SEAL_KEY", "DOMAIN"):
        with pytest.raises(KeyError, match=needed):
            compose("docker-compose.outer.yml", {**env, needed: ""})
    services = compose("docker-compose.outer.yml", env)
    assert set(services) == {"postgres", "migrate", "web"}
    assert services["web"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    sets, serve = image()
    assert "command" not in services["web"]
    given = services["web"]["environment"]
    assert [name for name in zones.OF_THE_CORE if name in given] == []
    assert not {name for name, value in given.items() if "$" in str(value)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    initdb = services["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]
    ctype = re.search(r"--builtin-locale=(\S+)", initdb)
    assert ctype
    with database("outer_empty", f"TEMPLATE template0 LC_CTYPE '{ctype[1]}'") as made:
        environment = (
            {name: os.environ[name] for name in _MINIMAL if name in os.environ}
            | {"PRODUCTION": sets["PRODUCTION"], "YIWANG_VAR": str(tmp_path)}
            | {name: str(value) for name, value in given.items()}
            | {"DATABASE_URL": url(made)}
        )
        done = subprocess.run(
            on_this_machine(services["migrate"]["command"]),
            cwd=BASE,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1500,
        )
        assert done.returncode == 0, done.stderr
        bind = serve.index("--bind") + 1
        serve[bind] = f"127.0.0.1:{port}"
        log = tmp_path / "web.log"
        with running(on_this_machine(serve), environment, log):
            site = f"http://127.0.0.1:{port}"

            def is_ready() -> bool:
                try:
                    return requests.get(f"{site}/readyz", headers={"Host": "localhost"}, timeout=5).ok
                except requests.RequestException:  # it is still loading
                    return False

            assert eventually(is_ready, seconds=200), log.read_text()
            doctor = subprocess.run(
                on_this_machine(["python", "manage.py", "doctor", "--json"]),
                cwd=BASE,
                env=environment,
                capture_output=True,
                text=True,
                timeout=200,
            )
            found = {one["check"]: one["level"] for one in json.loads(doctor.stdout)["findings"]}
            assert found["outer"] == "problem"  # the core has never come
            assert "outer-database" not in found


def test_the_core_has_a_worker_for_each_queue_that_there_is_then() -> None:
    env = dict.fromkeys(
        ("POSTGRES_PASSWORD", "SECRET_KEY", "CONTACT_KEYS", "CONTACT_INDEX_KEY", "DOMAIN"), "x"
    )
    services = compose("docker-compose.yml", env)
    served = {
        one["command"][one["command"].index("-Q") + 1]: one.get("profiles")
        for one in services.values()
        if "worker" in one.get("command", ())
    }
    say = (
        "from django.conf import settings as s; task = 'incidents.reach_outer'; "
        "print([q.name for q in s.CELERY_TASK_QUEUES], s.CELERY_TASK_ROUTES.get(task), "
        "task in s.CELERY_BEAT_SCHEDULE)"
    )
    told = {name: os.environ[name] for name in _MINIMAL if name in os.environ}
    told |= {"DJANGO_SETTINGS_MODULE": "config.settings"}
    core = {"ZONE": "core", "OUTER_SECRET": "s", "OUTER_OPEN_KEYS": "k", "OUTER_URL": "http://x"}
    said = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", say],
            cwd=BASE,
            env={**told, **more},
            capture_output=True,
            text=True,
            timeout=200,
        ).stdout.strip()
        for more in ({}, core)
    ]
    assert said == [
        "['clocks', 'telling', 'long'] None False",
        "['clocks', 'telling', 'long', 'outer'] {'queue': 'outer'} True",
    ]
    assert served == {"clocks": None, "telling": None, "long": None, "outer": ["outer"]}


@pytest.mark.django_db(transaction=True)
def test_a_worker_of_the_queue_comes_for_what_waits(outside: Outside, tmp_path: Path) -> None:
    """A process of its own, as the compose file begins it."""
    reach()
    OuterLink.objects.update(reached_at=None)
    code = Browser(outside).file()
    services = compose(
        "docker-compose.yml",
        dict.fromkeys(re.findall(r"\$\{(\w+):\?", (BASE / "docker-compose.yml").read_text()), "x"),
    )
    host, name = connection.settings_dict["HOST"], connection.settings_dict["NAME"]
    environment = {one: os.environ[one] for one in _MINIMAL if one in os.environ} | {
        "ZONE": "core",
        "DATABASE_URL": f"postgres://{connection.settings_dict['USER']}@/{name}?host={host}",
        "REDIS_URL": os.environ["REDIS_URL"],
        "MODEL_DIR": str(project.MODEL_DIR),
        "YIWANG_VAR": str(tmp_path),
        "OUTER_URL": outside.site,
        "OUTER_SECRET": SECRET,
        "OUTER_OPEN_KEYS": PRIVATE,
    }
    log = tmp_path / "worker.log"
    with running(on_this_machine(services["outer"]["command"]), environment, log):
        app.send_task("incidents.reach_outer", queue="outer")
        assert eventually(lambda: OuterLink.objects.filter(reached_at__isnull=False).exists(), seconds=200), (
            log.read_text()
        )
        assert eventually(lambda: outside.waiting() == 0, seconds=60), log.read_text()
    assert Report.objects.get().tracking_code == code
    assert OuterLink.objects.get().failures == 0
    assert Report.objects.get().received_at <= timezone.now()
