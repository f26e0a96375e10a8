"""A Yiwang of its own in a folder: every process apart, so that each can be killed apart.

PostgreSQL runs with its own defaults (fsync, synchronous_commit and full_page_writes on), Valkey with its
append-only file, the web, two workers and beat as in production; only the clock is the driver's.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from chaos import looking
from config.embedded import Child, Servers, StartError, spawn
from config.embedded.postgres import DATABASE, SUPERUSER

ROOT = Path(__file__).resolve().parent.parent
WORKERS = ("worker-1", "worker-2")
# Seconds of the machine that one call of delivery sends for, and that one letter may take: short, so that
# a lost lease (what delivery.lease() makes of the two) shows within a run.
SENDING_SECONDS, LETTER_SECONDS = 2, 1
LEASE_SECONDS = SENDING_SECONDS + 4 * LETTER_SECONDS
SECRET = "the-secret-of-the-driver"


@dataclass(slots=True)
class Service:
    """A process that is started again when it dies, unless it is held."""

    name: str
    start: Callable[[], Child]
    child: Child | None = None
    held: bool = False
    killed: bool = False  # by us; any other death is news
    starts: int = 0


class Stack:
    """Start, kill and restart; call all of it from one thread (children die with the thread)."""

    def __init__(self, folder: Path, *, receiver: str, say: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.receiver, self.say = folder, receiver, say
        self.servers = Servers(folder)
        with socket.create_server(("127.0.0.1", 0)) as trial:
            self.port = int(trial.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.clock_file = folder / "clock"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.endswith("_URL") and not name.startswith(("CLOCK_", "PYTEST_", "PG"))
        }
        self.env = {
            **kept,
            "DATABASE_URL": self.servers.postgres.url,
            "REDIS_URL": self.servers.valkey.url,
            "YIWANG_VAR": str(folder),
            "MODEL_DIR": os.environ.get("MODEL_DIR", str(ROOT / "var" / "models")),
            "CLOCK_FILE": str(self.clock_file),
            "PUBLIC_URL": self.address,
            "SWEEP_INTERVAL": "0.3",
            "SEED": "0",
            "API_REQUESTS_PER_MINUTE": "0",
            "PYTHONUNBUFFERED": "1",
            "TRANSPORT_TIMEOUT": str(LETTER_SECONDS),
            "CHAOS_SENDING_SECONDS": str(SENDING_SECONDS),
            "WEBHOOKS": "1",
            "WEBHOOK_NETWORKS": "127.0.0.0/8",
            "SMS_GATEWAY_URL": f"{receiver}/sms",
            "SMS_GATEWAY_SECRET": SECRET,
        }
        self.services: dict[str, Service] = {}
        self.own_deaths: list[str] = []

    # --- starting ---------------------------------------------------------------------------------

    def prepare(self) -> None:
        """PostgreSQL, the schema, the reference data, the people: everything before the first process."""
        self._add("postgres", self.servers.postgres.start)
        self._require_production_settings()
        self.run("manage.py", "prepare")
        self.run("-m", "chaos.people", str(self.folder / "people.json"), self.receiver)

    def start_all(self) -> None:
        celery = ("-m", "celery", "--app", "chaos.worker")
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")
        self._add("valkey", self.servers.valkey.start)
        bind = f"127.0.0.1:{self.port}"
        gunicorn = ("-m", "gunicorn", "config.wsgi", "--preload", "--bind", bind, "--workers", "2")
        self._add_python("web", *gunicorn, "--timeout", "60", "--no-control-socket")
        for name in WORKERS:
            self._add_python(name, *celery, "worker", "--concurrency", "2", "-n", f"{name}@%h", *quiet)
        schedule = ("--schedule", str(self.folder / "beat-schedule"), "--pidfile=")
        self._add_python("beat", *celery, "beat", "--loglevel", "WARNING", *schedule)
        deadline = time.monotonic() + 90
        while not self.answers():
            web = self.services["web"].child
            if time.monotonic() > deadline or web is None or not web.alive:
                words = web.last_words() if web is not None else ""
                raise StartError(f"The web does not answer: see {self.folder}/log\n{words}")
            time.sleep(0.1)

    def run(self, *argv: str) -> str:
        """A command of ours to its end; answers what it printed, raises StartError where it fails."""
        done = subprocess.run([sys.executable, *argv], env=self.env, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise StartError(f"{' '.join(argv)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def connect(self) -> "psycopg2.extensions.connection":
        """As the server's superuser: what looks at the end, and what tampers, is not the application."""
        return psycopg2.connect(host=str(self.servers.postgres.run), user=SUPERUSER, dbname=DATABASE)

    def tend(self) -> None:
        """Start again what is dead and not held."""
        for service in self.services.values():
            if service.held or (service.child is not None and service.child.alive):
                continue
            if service.child is not None:
                if not service.killed:
                    code = service.child.process.returncode
                    self.own_deaths.append(f"{service.name} (code {code})")
                    self.say(f"{service.name} died by itself, code {code}: {service.child.last_words(4)}")
                service.child.end_group()
                looking.wait_gone(looking.group(service.child.process.pid), seconds=10)
            service.killed = False
            service.starts += 1
            service.child = service.start()

    def stop(self) -> None:
        for service in reversed(self.services.values()):
            if service.child is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(service.child.process.pid, signal.SIGCONT)
                    service.child.stop(5)
                service.child.end_group()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- killing ----------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """SIGKILL a service with all of its processes."""
        service, child = self._living(name)
        if child is not None:
            service.killed = True
            pids = looking.group(child.process.pid)
            child.end_group()
            child.process.wait()
            looking.wait_gone(pids, seconds=10)

    def kill_leader(self, name: str) -> None:
        """SIGKILL its first process alone: what it has forked finds out by itself."""
        service, child = self._living(name)
        if child is not None:
            service.killed = True
            child.process.kill()
            child.process.wait()

    def kill_one_fork(self, name: str, pick: Callable[[Sequence[int]], int]) -> bool:
        """SIGKILL one of its children, which it replaces by itself."""
        _service, child = self._living(name)
        forks = looking.children(child.process.pid) if child is not None else []
        if forks:
            looking.kill([pick(forks)])
        return bool(forks)

    def kill_postgres(self, *, forks_too: bool) -> None:
        """SIGKILL the postmaster; its backends are gone before it starts again, as after a power cut."""
        service, child = self._living("postgres")
        if child is None:
            return
        service.killed = True
        forks = looking.children(child.process.pid)
        child.process.kill()
        if forks_too:
            looking.kill(forks)
        child.process.wait()
        looking.kill(looking.wait_gone(forks, seconds=10))
        looking.wait_gone(forks, seconds=5)

    def kill_backend(self, pick: Callable[[Sequence[int]], int]) -> bool:
        """SIGKILL one process of PostgreSQL, which then recovers by itself."""
        _service, child = self._living("postgres")
        forks = looking.children(child.process.pid) if child is not None else []
        if forks:
            looking.kill([pick(forks)])
        return bool(forks)

    def wipe_valkey(self) -> None:
        """Everything that the broker knew is gone."""
        self.kill("valkey")
        shutil.rmtree(self.servers.valkey.folder, ignore_errors=True)

    def freeze(self, name: str) -> bool:
        _service, child = self._living(name)
        if child is not None:
            os.killpg(child.process.pid, signal.SIGSTOP)
        return child is not None

    def thaw(self, name: str) -> None:
        child = self.services[name].child
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGCONT)

    def hold(self, names: Sequence[str], *, held: bool) -> None:
        for name in names:
            self.services[name].held = held

    # --- inside -----------------------------------------------------------------------------------

    def _add(self, name: str, start: Callable[[], Child]) -> None:
        self.services[name] = Service(name, start, child=start(), starts=1)

    def _add_python(self, name: str, *argv: str) -> None:
        log = self.folder / "log" / f"{name}.log"
        command = [sys.executable, *argv]
        self._add(name, lambda: spawn(name, command, log=log, env=self.env, cwd=ROOT))

    def _living(self, name: str) -> tuple[Service, Child | None]:
        service = self.services[name]
        return service, service.child if service.child is not None and service.child.alive else None

    def _require_production_settings(self) -> None:
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                cursor.execute(f"SHOW {name}")
                if cursor.fetchone() != ("on",):
                    raise StartError(f"{name} is not on: this would prove nothing")
