"""Two zones for real: the core is the test's own process and database, the outer zone a process of its own
with another database, reached over HTTP; and a resident with a browser outside."""

import os
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from incidents.outer import keys
from tests.cast import LAMP_POINT, LAMP_TEXT
from tests.config.databases import database, url
from tests.config.running import eventually

SECRET = secrets.token_urlsafe(32)
PRIVATE, PUBLIC = keys.new_pair()
PHONE = "13812347788"
NAME = "欧阳外区"
# What the core knows and the outer zone must not be able to have.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "HOME")


@dataclass
class Outside:
    """The outer zone."""

    database: BaseDatabaseWrapper
    environment: dict[str, str]
    port: int
    process: subprocess.Popen[bytes] | None = None
    log: Path = Path("/dev/null")

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *told: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", *told],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
        )

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-W", "ignore", "-m", "gunicorn", "config.wsgi"),
                    *("--bind", f"127.0.0.1:{self.port}", "--no-control-socket"),
                ],
                cwd=settings.BASE_DIR,
                # As style sheets are collected nowhere in a test, they are named as they lie.
                env=self.environment | {"DEBUG": "1"},
                stdout=log,
                stderr=log,
            )
        assert eventually(self.answers, seconds=300), self.log.read_text()

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.site}/healthz", timeout=5).ok
        except requests.RequestException:  # it is still loading
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def rows(self, sql: str, *told: Any) -> list[tuple[Any, ...]]:
        with self.database.cursor() as cursor:
            cursor.execute(sql, told)
            return list(cursor.fetchall()) if cursor.description else []

    def tables(self) -> list[str]:
        return [
            name
            for (name,) in self.rows(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
            )
        ]

    def everything(self) -> bytes:
        """Every value of every row of every table, as a thief would have it."""
        found = bytearray()
        for table in self.tables():
            for (row,) in self.rows(f'SELECT row_to_json(t)::text FROM "{table}" t'):
                found += row.encode()
        for table, column in self.rows(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'bytea'"
        ):
            for (value,) in self.rows(f'SELECT "{column}" FROM "{table}"'):
                found += bytes(value or b"")
        return bytes(found)

    def empty(self) -> None:
        """Nothing but the note of which migrations were made. The timeline refuses to lose a line by a
        trigger, which the throw-away server lets us pass over."""
        tables = ", ".join(f'"{name}"' for name in self.tables() if name != "django_migrations")
        if tables:
            self.rows(f"SET session_replication_role = replica; TRUNCATE {tables} CASCADE; RESET ALL")

    def waiting(self) -> int:
        return int(self.rows("SELECT count(*) FROM incidents_outeritem")[0][0])


@pytest.fixture(scope="package")
def outer_zone(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outside]:
    """It is made once, by its own commands, and emptied between tests."""
    folder = tmp_path_factory.mktemp("outer")
    ready = os.environ.get("TEST_TEMPLATE")
    # Going through every migration takes a minute; emptied, the one for tests is what they make.
    with database(
        "outer", f'TEMPLATE "{ready}"' if ready else "TEMPLATE template0 LC_CTYPE 'C.UTF-8'"
    ) as made:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {
            "ZONE": "outer",
            "DATABASE_URL": url(made),
            "YIWANG_VAR": str(folder),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "OUTER_SECRET": SECRET,
            "OUTER_SEAL_KEY": PUBLIC,
            "FORM_FREE_PER_ADDRESS": "0",
            "FORM_MOST_PER_ADDRESS": "0",
        }
        zone = Outside(made, environment, port, log=folder / "log")
        with django_db_blocker.unblock():
            zone.empty()
        done = zone.manage("prepare", "--no-static")
        assert done.returncode == 0, done.stderr
        try:
            zone.start()
            yield zone
        finally:
            zone.stop()


@pytest.fixture
def outside(outer_zone: Outside, settings: Any, tmp_path: Path) -> Outside:
    """Empty, reached by this process as the core."""
    settings.ZONE = "core"
    settings.OUTER_URL = outer_zone.site
    settings.OUTER_SECRET = SECRET
    settings.OUTER_OPEN_KEYS = [PRIVATE]
    settings.MEDIA_ROOT = tmp_path
    for table in ("item", "photo", "page"):
        outer_zone.rows(f"DELETE FROM incidents_outer{table}")
    outer_zone.rows("DELETE FROM django_session")
    outer_zone.rows("UPDATE incidents_outerstate SET revision = revision + 1")
    if not outer_zone.answers():
        outer_zone.start()
    return outer_zone


@dataclass
class Browser:
    """A resident's, outside."""

    zone: Outside
    session: requests.Session = field(default_factory=requests.Session)
    form: str = ""

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.zone.site + path, timeout=30, **more)

    def post(self, path: str, told: dict[str, Any], **more: Any) -> requests.Response:
        told = {**told, "csrfmiddlewaretoken": self.session.cookies.get("csrftoken", "")}
        return self.session.post(self.zone.site + path, told, timeout=30, **more)

    def begin(self, text: str = LAMP_TEXT) -> None:
        page = self.get("/report/")
        assert page.status_code == 200, page.text
        found = re.search(r'name="form" value="([0-9a-f]{32})"', page.text)
        assert found, page.text
        self.form = found[1]
        lon, lat = LAMP_POINT
        assert self.post("/report/", {"form": self.form, "text": text}).ok
        place = {"lon": lon, "lat": lat, "address": "植物园路"}
        assert self.post(f"/report/{self.form}/place/", place).ok

    def send(self, **more: Any) -> requests.Response:
        return self.post(f"/report/{self.form}/finish/", {"phone": PHONE, "name": NAME}, **more)

    def file(self, text: str = LAMP_TEXT, **more: Any) -> str:
        """All steps; answers the tracking code of the receipt."""
        self.begin(text)
        receipt = self.send(**more)
        found = re.search(r'class="tracking">([0-9A-Z-]{11})<', receipt.text)
        assert found, receipt.text
        return found[1]

    def page(self, code: str) -> str:
        shown = self.get(f"/r/{code}/", headers={"Accept-Language": "en"})
        assert shown.status_code == 200, shown.text
        return shown.text


@pytest.fixture
def browser(outside: Outside) -> Browser:
    return Browser(outside)
