"""A real PostgreSQL and a real Valkey for machines that have neither (docs/decisions/0001).

Servers() starts them under a folder, holds a lock on it, and stops them; `make run` and the test run
both use it. Nothing here knows Django: it runs before the settings are read.
"""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from .postgres import Postgres
from .processes import Child, StartError, spawn
from .valkey import Valkey

__all__ = ["Child", "Lock", "Postgres", "Servers", "StartError", "Valkey", "owner", "run_folder", "spawn"]

_LONGEST_SOCKET_PATH = 107  # bytes, what sockaddr_un holds
_LONGEST_SOCKET_NAME = len("/pg/.s.PGSQL.5432.lock")


class Lock:
    """One owner per var folder: whoever comes second is told who is in the way."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / "lock").open("a+")
        except PermissionError as error:
            raise StartError(
                f"{error.filename} belongs to another user: run as that user, or set YIWANG_VAR to a folder "
                f"of your own."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise StartError(
                f"Yiwang already runs on {folder}: {owner(folder) or 'another process'}.\n"
                f"Stop that one first (Ctrl-C in its terminal, or make stop), or start this one beside it: "
                f"YIWANG_VAR=/another/folder PORT=8001 make run"
            ) from None
        self.say(f"process {os.getpid()}")

    def say(self, text: str) -> None:
        """What the next one will be told about this owner."""
        self._file.truncate(0)
        self._file.write(text)
        self._file.flush()

    def release(self) -> None:
        self.say("")
        self._file.close()


def owner(folder: Path) -> str:
    """What the process that holds the folder's lock says of itself; "" when nobody holds it."""
    try:
        with (folder / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return ""
    except FileNotFoundError:
        return ""
    except OSError:
        return (folder / "lock").read_text()


def run_folder(folder: Path) -> Path:
    """Where sockets go: folder/run, or a short name in the temp folder where that is too long."""
    run = folder / "run"
    if len(os.fsencode(run)) + _LONGEST_SOCKET_NAME > _LONGEST_SOCKET_PATH:
        digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
        run = Path(tempfile.gettempdir()) / f"yiwang-{os.geteuid()}-{digest}"
    run.mkdir(mode=0o711, parents=True, exist_ok=True)
    if run.stat().st_uid != os.geteuid() or run.is_symlink():
        raise StartError(f"{run} belongs to somebody else: remove it, or choose another YIWANG_VAR.")
    run.chmod(0o711)  # PostgreSQL may run as another user, in a folder of its own below
    return run


class Servers:
    """The embedded servers of one folder; as a context manager it stops what it has started."""

    def __init__(self, folder: Path, *, postgres_options: Sequence[str] = ()) -> None:
        folder = folder.resolve()
        run, logs = run_folder(folder), folder / "log"
        self.children: list[Child] = []
        self.postgres = Postgres(
            folder=folder, run=run / "pg", log=logs / "postgres.log", options=postgres_options
        )
        self.valkey = Valkey(folder=folder, run=run, log=logs / "valkey.log")

    def start_postgres(self) -> str:
        """The URL of the database, once it answers."""
        self.children.append(self.postgres.start())
        return self.postgres.url

    def start_valkey(self) -> str:
        """The URL of the broker, once it answers."""
        self.children.append(self.valkey.start())
        return self.valkey.url

    def stop(self) -> None:
        for child in reversed(self.children):
            with contextlib.suppress(ProcessLookupError):
                child.stop()
        self.children.clear()

    def __enter__(self) -> "Servers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
