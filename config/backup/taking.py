"""Taking a backup, while everything goes on."""

import json
import os
import tarfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _

from config.backup import checksums, tools
from config.backup.archive import DUMP, FORMAT, Manifest, Reading, add, files_below, seal
from config.backup.errors import BackupError

PREFIX, SUFFIX = "yiwang-", ".tar"
# Below YIWANG_VAR: when the last one was made, and where; the doctor reads it.
RECORD = "last-backup.json"


def take(folder: Path, *, at: datetime, say: Callable[[str], None], keep: int = 0) -> Path:
    """Write an archive into the folder and answer its path; with `keep`, only so many newest ones stay.

    The tables are those of one instant (a snapshot that pg_dump and the checksums share). Files come after
    it: what a row of that instant names is there, unless somebody has removed it in between.
    """
    target = folder / f"{PREFIX}{at:%Y%m%d-%H%M%S}Z{SUFFIX}"
    part, dump = target.with_suffix(".tar.part"), target.with_suffix(".dump.part")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (target, part, dump):
            if path.exists():
                raise BackupError(_("%(path)s is there already.") % {"path": path})
        try:
            _touch(dump)
            manifest = _dump(dump, at=at, say=say)
            _touch(part)
            _pack(part, dump, manifest, say=say)
            say(_("reading it back"))
            Reading(part).close()
            part.rename(target)
            _settle(folder)
        finally:
            dump.unlink(missing_ok=True)
            part.unlink(missing_ok=True)
    except OSError as error:
        told = {"folder": folder, "error": error.strerror or error}
        raise BackupError(
            _("The archive could not be written into %(folder)s: %(error)s. Nothing is left of it there.")
            % told
        ) from error
    if keep:
        for old in sorted(folder.glob(f"{PREFIX}*Z{SUFFIX}"))[:-keep]:
            old.unlink()
            say(_("removed: %(name)s") % {"name": old.name})
    _write_down(target, at=at, say=say)
    return target


def _write_down(target: Path, *, at: datetime, say: Callable[[str], None]) -> None:
    """An archive that is there is one, even where nobody can say so to the doctor."""
    record = settings.VAR_DIR / RECORD
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        written = record.with_suffix(".new")
        written.write_text(json.dumps({"at": at.isoformat(), "path": str(target.resolve())}))
        written.replace(record)
    except OSError as error:
        told = {"path": record, "error": error.strerror or error}
        say(_("%(path)s could not be written (%(error)s): the doctor will not know of this backup.") % told)


def _dump(to: Path, *, at: datetime, say: Callable[[str], None]) -> Manifest:
    """The database of one instant, into a file; what stands in it is counted meanwhile."""
    tool = tools.find("pg_dump", server=tools.major_of(connection))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version')")
            snapshot, version = cursor.fetchone()
        checksums.read_alike(connection)
        counted = checksums.sequences(connection)  # before the dump: those do not stand still
        say(_("dumping the database"))
        database = connection.settings_dict
        what = [
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            "--schema=public",
            f"--snapshot={snapshot}",
            *(f"--exclude-table-data=public.{table}" for table in checksums.LEFT_OUT),
        ]
        what += ["--file", str(to), *tools.where(database), str(database["NAME"])]
        process = tools.spawn(tool, what, database)
        try:
            tables = checksums.tables(connection)
            tools.finish(process, tool)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        migrations = sorted(MigrationRecorder(connection).applied_migrations())
    return {
        "format": FORMAT,
        "made_at": at.isoformat(),
        "postgres": version,
        "migrations": [f"{app}.{name}" for app, name in migrations],
        "tables": tables,
        "sequences": counted,
    }


def _pack(part: Path, dump: Path, manifest: Manifest, *, say: Callable[[str], None]) -> None:
    files = {}
    with part.open("r+b") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            files[DUMP] = add(archive, dump, DUMP)
            for room, folder in (("media", Path(settings.MEDIA_ROOT)), ("models", settings.MODEL_DIR)):
                say(_("packing %(room)s") % {"room": room})
                for path, name in files_below(folder):
                    try:
                        files[f"{room}/{name}"] = add(archive, path, f"{room}/{name}")
                    except FileNotFoundError:
                        continue  # removed since the folder was read
            seal(archive, {**manifest, "files": files})
        file.flush()
        os.fsync(file.fileno())


def _touch(path: Path) -> None:
    """Only its owner may read what goes into it."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _settle(folder: Path) -> None:
    """Let the new name be on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
