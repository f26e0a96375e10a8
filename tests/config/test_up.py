"""The whole of `make run` on a folder of its own, without the demo's cases."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from incidents.outer import keys
from tests.config.running import eventually, processes


class Up:
    """`manage.py up` in a process, with what it prints."""

    def __init__(self, var: Path, **besides: str) -> None:
        self.output = var.parent / "out"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        self.env = {
            **inherited,
            "YIWANG_VAR": str(var),
            "MODEL_DIR": str(settings.MODEL_DIR),
            "PORT": str(self.port),
            "SEED": "0",
            **besides,
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.command, env=self.env, cwd=settings.BASE_DIR, stdout=output, stderr=output
            )

    @property
    def command(self) -> list[str]:
        return [sys.executable, "manage.py", "up"]

    def said(self) -> str:
        return self.output.read_text()

    def says(self, text: str) -> bool:
        over = eventually(lambda: text in self.said() or self.process.poll() is not None, seconds=120)
        return over and text in self.said()

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.status

    def again(self, **changes: str) -> str:
        """What a second start beside the first one says."""
        second = subprocess.run(
            self.command, env=self.env | changes, cwd=settings.BASE_DIR, capture_output=True, text=True
        )
        assert second.returncode != 0
        return second.stderr


@contextmanager
def started(**besides: str) -> Iterator[Up]:
    folder = Path(tempfile.mkdtemp(prefix="yiwang-up-"))
    folder.chmod(0o755)
    running = Up(folder / "var", **besides)
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait(30)
        shutil.rmtree(folder)


@pytest.fixture
def up(trained_model: None) -> Iterator[Up]:
    with started() as running:
        yield running


def test_it_starts_says_who_is_in_the_way_and_stops_cleanly(up: Up) -> None:
    assert up.says("starting the web"), up.said()  # migrations and reference data, on two cores for all tests
    assert up.says("Yiwang is at"), up.said()
    assert up.get("/readyz") == up.get("/healthz") == 200

    assert f"http://127.0.0.1:{up.port}/" in up.again()
    elsewhere = up.output.parent / "elsewhere"
    assert f"Port {up.port} cannot be had: process " in up.again(YIWANG_VAR=str(elsewhere))

    assert up.says("demo logins")
    var = up.output.parent / "var"
    assert (var / "secrets.env").stat().st_mode & 0o077 == 0
    assert (var / "run.env").exists()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(30) == 0
    assert not (var / "run.env").exists()
    for log in (var / "log").glob("*.log"):
        # Celery's beat, where the stop finds it in the midst of sending, says that it was interrupted.
        assert "Traceback" not in log.read_text() or "SystemExit" in log.read_text(), log.name
    assert processes(var) == {}


def test_the_outer_zone_is_its_pages_and_its_database_and_nothing_of_the_core(trained_model: None) -> None:
    told = {"OUTER_SECRET": "a-secret-of-both-zones", "OUTER_SEAL_KEY": keys.new_pair()[1]}
    with started(ZONE="outer", **told) as up:
        assert up.says("Yiwang is at"), up.said()
        assert up.get("/readyz") == up.get("/public/") == 200
        var = up.output.parent / "var"
        assert "CONTACT" not in (var / "secrets.env").read_text()
        assert {path.stem for path in (var / "log").glob("*.log")} == {"postgres", "web"}
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(30) == 0
