"""pg_dump and pg_restore: those of the embedded server, or those of the machine."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.client import DatabaseClient
from django.utils.translation import gettext as _

from config.backup.errors import BackupError
from config.embedded import StartError
from config.embedded.postgres import binaries

_DEBIAN = Path("/usr/lib/postgresql")


def major_of(database: BaseDatabaseWrapper) -> int:
    """Of the server that it is on."""
    with database.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        return int(cursor.fetchone()[0])


def find(name: str, *, server: int) -> Path:
    """The tool that fits a server of this major version: of the same one, else the next newer one."""
    found = {version: path for path in _candidates(name) if (version := _major(path))}
    fitting = sorted(version for version in found if version >= server)
    if not fitting:
        told = {"name": name, "server": server, "found": ", ".join(map(str, sorted(found))) or "-"}
        raise BackupError(
            _(
                "%(name)s of PostgreSQL %(server)s or newer is needed (here: %(found)s). Install the package "
                "postgresql-client-%(server)s."
            )
            % told
        )
    return found[fitting[0]]


def spawn(tool: Path, arguments: Sequence[str], database: dict[str, Any]) -> "subprocess.Popen[str]":
    """Start it on the database of these Django settings; what it says is in its stderr."""
    _arguments, secret = DatabaseClient.settings_to_cmd_args_env(database, [])
    return subprocess.Popen(
        [str(tool), *arguments],
        env={**os.environ, **(secret or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]", tool: Path) -> str:
    """What it printed; BackupError with its last words where it failed."""
    printed, said = process.communicate()
    if process.returncode:
        words = "\n".join(said.strip().splitlines()[-8:])
        raise BackupError(f"{tool.name} ({process.returncode}):\n{words}")
    return printed


def where(database: Mapping[str, Any]) -> list[str]:
    """Host, port and user, as both tools take them."""
    given = (("-h", "HOST"), ("-p", "PORT"), ("-U", "USER"))
    return [word for flag, key in given if database.get(key) for word in (flag, str(database[key]))]


def _candidates(name: str) -> Iterator[Path]:
    """The earlier one of a version is taken last, so it comes last: the embedded one goes first."""
    yield from sorted(_DEBIAN.glob(f"*/bin/{name}"))
    if there := shutil.which(name):
        yield Path(there)
    try:
        embedded = binaries() / name
    except StartError:
        return
    if embedded.exists():
        yield embedded


def _major(tool: Path) -> int:
    """0 where it does not run."""
    try:
        said = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(r"(\d+)(?:\.\d+)*", said)
    return int(number[1]) if number else 0
