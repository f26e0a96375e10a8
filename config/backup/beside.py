"""Commands that need the database of a machine on which nothing runs: they start it for themselves."""

import os
import subprocess
import sys

from django.conf import settings
from django.utils.translation import gettext as _

from config.backup.errors import BackupError
from config.embedded import Lock, Servers


def needs_server() -> bool:
    """Is there neither a server that DATABASE_URL names nor an embedded one that runs?"""
    return not os.environ.get("DATABASE_URL")


def run_with_server(*, empty: bool) -> int:
    """This very command again, on the embedded server of this folder, which is stopped afterwards.

    Where there is no data yet, one is made only if the command can do with an `empty` database. Raises
    StartError, BackupError.
    """
    lock = Lock(settings.VAR_DIR)
    try:
        with Servers(settings.VAR_DIR) as servers:
            if not empty and not (servers.postgres.data / "PG_VERSION").exists():
                raise BackupError(
                    _("There is no data in %(folder)s yet, and DATABASE_URL names no server.")
                    % {"folder": settings.VAR_DIR}
                )
            env = {**os.environ, "DATABASE_URL": servers.start_postgres()}
            return subprocess.run([sys.executable, *sys.argv], env=env).returncode
    finally:
        lock.release()
