"""Throw-away PostgreSQL and Valkey for a test run, unless DATABASE_URL names a server.

Loaded early (`-p` in pyproject.toml), because pytest-django reads the settings before any conftest.
The URLs travel in the environment, so pytest-xdist's workers use the same servers: pytest-django gives
each a database of its own, and each talks to its Celery workers through a numbered Valkey database.
"""

import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from . import Servers, StartError, ready_made
from .postgres import DATABASE, TEST_OPTIONS

_servers: Servers | None = None
_folder: Path | None = None


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    global _servers, _folder
    if _is_worker():
        os.environ["REDIS_URL"] = _numbered(os.environ["REDIS_URL"])
        return
    if os.environ.get("DATABASE_URL"):
        return
    _folder = Path(tempfile.mkdtemp(prefix="yiwang-test-"))
    _folder.chmod(0o711)  # as root, PostgreSQL runs as nobody and must be able to enter
    (_folder / "static").mkdir()  # whitenoise warns where it is missing
    # Dead rows are tests/conftest.py's business, between the modules.
    _servers = Servers(_folder, postgres_options=(*TEST_OPTIONS, "autovacuum=off"))
    var = Path(os.environ.get("YIWANG_VAR", "var")).resolve()
    try:
        os.environ["DATABASE_URL"] = ready_made.start(_servers, var / "tests")
        os.environ["TEST_TEMPLATE"] = DATABASE
        _servers.postgres.allow_test_flush()
        if not os.environ.get("REDIS_URL"):
            os.environ["REDIS_URL"] = _servers.start_valkey()
    except StartError as error:
        _clean_up()
        raise pytest.UsageError(str(error)) from error
    # Uploads and the like go with the servers; the trained model is the machine's own.
    os.environ.setdefault("MODEL_DIR", str(var / "models"))
    os.environ["YIWANG_VAR"] = str(_folder)


def _numbered(url: str) -> str:
    """The same Valkey, and in it a database for this worker: gw0 has the first."""
    number = 1 + int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    if url.startswith("unix:"):
        return f"{url.partition('?')[0]}?db={number}"
    return urlsplit(url)._replace(path=f"/{number}").geturl()


def pytest_unconfigure() -> None:
    if not _is_worker():
        _clean_up()


def _clean_up() -> None:
    global _servers, _folder
    if _servers is not None:
        _servers.stop()
        _servers = None
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)
        _folder = None
