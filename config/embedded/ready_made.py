"""A data folder that is migrated and has the reference data, kept from one test run to the next.

To make it takes most of a minute of processor time, and it is the same until a migration or a reference
file changes. Nothing here knows Django: it runs before the settings are read.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from . import Servers, StartError

ROOT = Path(__file__).resolve().parents[2]
# What decides over its content. A test holds that what load_reference reads is among it.
MADE_OF = (
    "*/migrations/*.py",
    "requirements/app.txt",
    "config/embedded/*.py",
    "config/management/commands/load_reference.py",
    "accounts/data/*.csv",
    "accounts/management/commands/load_*.py",
    "grids/data/*",
    "grids/geojson.py",
    "grids/romanise.py",
    "grids/management/commands/load_*.py",
    "dispatch/data/*categories.csv",
    "dispatch/data/responsibility_items.csv",
    "dispatch/loading.py",
    "dispatch/workdays.py",
    "dispatch/management/commands/load_*.py",
    "incidents/sensing/defaults.py",
)
_KEPT = 3  # of earlier states: whoever goes back and forth between two branches finds both


def start(servers: Servers, cache: Path) -> str:
    """Start PostgreSQL on a copy of the ready made folder, made first where there is none; its URL.

    The database that the URL names is to be copied, not used: CREATE DATABASE … TEMPLATE wants it to have
    no visitors.
    """
    data = servers.postgres.data
    with _alone(cache):
        ready = cache / digest()
        if not ready.exists():
            _make(servers)
            _copy(data, ready.with_suffix(".new"))
            ready.with_suffix(".new").rename(ready)
            shutil.rmtree(data)
        _copy(ready, data)
        ready.touch()
        for old in sorted(cache.glob("*/"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    return servers.start_postgres()


def digest() -> str:
    """Of all that it is made of."""
    total = hashlib.sha256()
    for path in sorted({path for pattern in MADE_OF for path in ROOT.glob(pattern)}):
        total.update(f"{path.relative_to(ROOT)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:24]


def _make(servers: Servers) -> None:
    url = servers.start_postgres()
    env = {**os.environ, "DATABASE_URL": url}
    for command in ("migrate", "load_reference"):
        done = subprocess.run(
            [sys.executable, "manage.py", command, "--skip-checks"],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise StartError(f"manage.py {command} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    database = psycopg2.connect(url)
    database.autocommit = True
    with database.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    database.close()
    servers.stop()


def _copy(source: Path, to: Path) -> None:
    """With owners and rights: as root, PostgreSQL's files are somebody else's."""
    shutil.rmtree(to, ignore_errors=True)
    to.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", source, to], check=True)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Of several runs in one folder, one makes it and the others wait."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
