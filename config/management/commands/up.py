"""`manage.py up`: the whole of Yiwang on one machine, until Ctrl-C (`make run`)."""

import json
import os
import socket
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import weblog
from config.embedded import Lock, Postgres, Servers, StartError, Valkey
from config.environment import announced, machine_secrets
from config.progress import say
from config.supervisor import Supervisor, who_listens
from config.zones import OUTER


class Command(BaseCommand):
    help = "Start the servers, web, worker and beat under one supervisor; Ctrl-C stops them all."
    # It only starts others, and those check themselves.
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        host = os.environ.get("HOST", "127.0.0.1")
        port = int(os.environ.get("PORT", "8000"))
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
        here = f"http://{shown}:{port}"
        try:
            lock = Lock(settings.VAR_DIR)
            try:
                require_free(host, port)
                lock.say(f"process {os.getpid()}, {here}/")
                run(settings.VAR_DIR, f"{host}:{port}", here)
            finally:
                lock.release()
        except StartError as error:
            raise CommandError(str(error)) from error


def require_free(host: str, port: int) -> None:
    """StartError that names who has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            holder = who_listens(port) or error.strerror
            raise StartError(
                f"Port {port} cannot be had: {holder}. Choose another: PORT={port + 1} make run"
            ) from error


def run(var: Path, bind: str, here: str) -> None:
    """Everything, in the order in which each needs the one before; returns after a stop."""
    is_outer = settings.ZONE == OUTER  # nothing is decided, timed or told there: no broker, no worker
    known = machine_secrets(var, of_the_core=not is_outer)
    env = {"PUBLIC_URL": here, **known, **os.environ, "PYTHONUNBUFFERED": "1"}
    supervisor = Supervisor(logs=var / "log", env=env, cwd=settings.BASE_DIR, say=say)
    with supervisor.in_charge():
        servers = Servers(var)
        _start_server(supervisor, "DATABASE_URL", "postgres", servers.postgres, env)
        if not is_outer:
            _start_server(supervisor, "REDIS_URL", "valkey", servers.valkey, env)
        told = [name for name in ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL") if name in env]
        with announced(var, {name: env[name] for name in told}):
            _start_ours(supervisor, var, bind, is_outer=is_outer)
            # Links in messages begin with PUBLIC_URL; who sits at this machine comes here.
            say(f"Yiwang is at {here}/  (Ctrl-C stops it; logs are in {supervisor.logs})")
            _show_logins(var / "demo.json")
            supervisor.watch()


def _start_server(
    supervisor: Supervisor, variable: str, name: str, server: Postgres | Valkey, env: dict[str, str]
) -> None:
    """PostgreSQL or Valkey, unless its URL says that there is one."""
    if not env.get(variable):
        say(f"starting {name}")
        supervisor.carry(name, server.start)
        env[variable] = server.url


def _start_ours(supervisor: Supervisor, var: Path, bind: str, *, is_outer: bool) -> None:
    prepare = ["manage.py", "prepare"]
    is_demo = not settings.PRODUCTION and not is_outer
    if is_demo:
        prepare += ["--demo", "cases" if settings.SEED else "people"]
    supervisor.finish("prepare", prepare)
    say("starting the web")
    _start_web(supervisor, bind, os.environ.get("WEB_WORKERS", "2"))
    supervisor.wait_until("The web", lambda: _is_ready(bind), seconds=120)
    if is_outer:
        return
    say("starting worker and beat")
    _start_sweeps(supervisor, var)
    if settings.SEED and is_demo:
        supervisor.run("demo-history", ["manage.py", "seed_demo", "--rest"], stays=False)


def _start_web(supervisor: Supervisor, bind: str, workers: str) -> None:
    # Loaded once and forked: half the start and much of the memory. Nothing connects before the fork.
    web = ["-m", "gunicorn", "config.wsgi", "--preload", "--bind", bind, "--workers", workers]
    log = ["--access-logfile", "-", "--access-logformat", weblog.FORMAT]
    log += ["--logger-class", "config.weblog.PlainLogger"]
    supervisor.run("web", [*web, *log, "--timeout", "60", "--no-control-socket"])


def _start_sweeps(supervisor: Supervisor, var: Path) -> None:
    celery = ["-m", "celery", "--app", "config"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    workers = [("clocks", "clocks"), ("worker", "telling"), ("long", "long")]
    if settings.OUTER_URL:
        workers.append(("outer", "outer"))
    for name, queue in workers:
        worker = ["worker", "-Q", queue, "-n", f"{name}@%h", "--concurrency", "1", "--loglevel", "INFO"]
        supervisor.run(name, [*celery, *worker, *quiet])
    if settings.MQTT_URL:
        supervisor.run("mqtt", ["manage.py", "mqtt"])
    schedule = ["--schedule", str(var / "beat-schedule"), "--pidfile="]
    supervisor.run("beat", [*celery, "beat", "--loglevel", "WARNING", *schedule])


def _is_ready(bind: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{bind}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _show_logins(path: Path) -> None:
    """Who may sign in to the demo, from what seed_demo wrote."""
    if not path.exists():
        return
    say(f"demo logins (also in {path}, with one API token per source):")
    for login in json.loads(path.read_text())["logins"]:
        row = f"{login['username']:<14} {login['password']:<14} {login['role']:<11} {login['unit']}"
        print(f"          {row}", flush=True)
