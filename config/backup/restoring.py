"""Restoring an archive, and counting what was restored."""

import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from config.backup import checksums, target, tools
from config.backup.archive import DUMP, ROOMS, Manifest, Reading, files_below, sha256_of
from config.backup.errors import BackupError
from config.database import require_text_search

# The schema is there already, and in an ordinary role's database it is somebody else's.
_NOT_RESTORED = re.compile(r"^\d+; \d+ \d+ (?:SCHEMA|(?:COMMENT|ACL) - SCHEMA) (?:- )?public ")
_SHOWN = 5
# What stands beside the folders while one goes on, and stays where it was killed.
STAGING = (".media-restoring-*", ".models-restoring-*", ".restoring-*")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was counted, and found to be as in the archive."""

    made_at: str
    tables: int
    rows: int
    files: int


def restore(path: Path, *, replace: bool, say: Say) -> Restored:
    """Bring database, media and models to what the archive holds. Raises BackupError.

    Into what is empty; with `replace` in place of what is there, which is kept until everything that was
    restored has been counted, and is put back where something fails.
    """
    say(_("reading the archive"))
    with Reading(path) as archive:
        _require_known(archive.manifest)
        folders = _folders()
        _require_room(folders, replace=replace)
        require_text_search()
        with _staged(archive, folders) as staged, _dump(archive) as dump:
            with _replaced_database():
                say(_("restoring the database"))
                _load(dump)
                say(_("counting what was restored"))
                _require_same(archive.manifest)
                before = _put_in_place(archive, staged, folders)
            # Only now: as long as the database can come back, so can the files that belong to it.
            for old in before:
                shutil.rmtree(old, ignore_errors=True)
            _reckon(say)
        tables = archive.manifest["tables"].values()
        return Restored(
            made_at=archive.manifest["made_at"],
            tables=len(tables),
            rows=sum(table["rows"] for table in tables),
            files=sum(len(archive.names(room)) for room in ROOMS),
        )


def undo() -> bool:
    """Bring back what a restore that was broken off had put aside; False where there is nothing.

    Raises BackupError while somebody uses the database. Broken off itself, it is done again.
    """
    if not target.stands_aside():
        return False
    _require_alone()
    for folder in _folders().values():
        if (old := _aside(folder)).exists():
            shutil.rmtree(folder, ignore_errors=True)
            old.rename(folder)
    target.bring_back()
    return True


def _folders() -> dict[str, Path]:
    return {"media": Path(settings.MEDIA_ROOT), "models": Path(settings.MODEL_DIR)}


def _aside(folder: Path) -> Path:
    """Where a folder stands until what was restored has been counted."""
    return folder.with_name(f".{folder.name}-before-restore")


def _require_known(manifest: Manifest) -> None:
    """Tables of a later version would be there, and nobody who knows what is in them."""
    loader = MigrationLoader(None)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations}
    known |= {f"{app}.{name}" for one in loader.disk_migrations.values() for app, name in one.replaces}
    unknown = sorted(set(manifest["migrations"]) - known)
    if unknown:
        raise BackupError(
            _(
                "The archive was made by another version of Yiwang, with tables that this one does not know "
                "(%(names)s): restore it with that version or a newer one."
            )
            % {"names": ", ".join(unknown[:_SHOWN])}
        )


def _require_room(folders: dict[str, Path], *, replace: bool) -> None:
    """Nothing is overwritten that nobody has said should be."""
    if target.stands_aside():
        raise BackupError(broken_off())
    filled = [str(folder) for folder in folders.values() if any(files_below(folder))]
    if not target.is_empty():
        filled.insert(0, _("the database"))
    if filled and not replace:
        raise BackupError(
            _(
                "Not empty: %(names)s. Nothing was changed. Restore into a new installation, or say "
                "--replace to lose what is there."
            )
            % {"names": ", ".join(filled)}
        )
    _require_alone()


def broken_off() -> str:
    """What to do where what was there before a restore still stands aside."""
    return _(
        "A restore was broken off. What was there before it is kept; bring it back with: "
        "manage.py restore --undo"
    )


def _require_alone() -> None:
    if others := target.others():
        raise BackupError(
            _(
                "Somebody uses the database (sessions: %(number)s). Nothing was changed. Stop web, workers "
                "and beat first."
            )
            % {"number": others}
        )


@contextmanager
def _staged(archive: Reading, folders: dict[str, Path]) -> Iterator[dict[str, Path]]:
    """The archive's files, beside the folders that they will be."""
    staged: dict[str, Path] = {}
    try:
        for room, folder in folders.items():
            folder.parent.mkdir(parents=True, exist_ok=True)
            staged[room] = Path(tempfile.mkdtemp(prefix=f".{folder.name}-restoring-", dir=folder.parent))
            for name in archive.names(room):
                archive.write_out(f"{room}/{name}", staged[room] / name)
        yield staged
    except OSError as error:
        raise BackupError(
            _("The files could not be written: %(error)s. What was there before is there again.")
            % {"error": error}
        ) from error
    finally:
        for folder in staged.values():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _dump(archive: Reading) -> Iterator[Path]:
    """The dump as a file, which pg_restore can look around in."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=settings.VAR_DIR) as folder:
        archive.write_out(DUMP, Path(folder) / DUMP)
        yield Path(folder) / DUMP


@contextmanager
def _replaced_database() -> Iterator[None]:
    """What was in the database stands aside for the block, and comes back where the block fails."""
    # Unpacking took its time: who came meanwhile would be cut off, or have a report thrown away.
    _require_alone()
    target.set_aside()
    try:
        yield
    except BaseException:
        target.bring_back()
        raise
    try:
        target.drop_aside()
    except DatabaseError as error:
        # Restored and counted; the files of before are kept as well, so that either can still be chosen.
        raise BackupError(
            _(
                "Everything is restored and compared, but what was there before could not be removed "
                "(%(error)s). As its owner: DROP SCHEMA %(schema)s CASCADE; then remove the folders "
                "%(folders)s. Or go back: manage.py restore --undo"
            )
            % {
                "error": str(error).strip(),
                "schema": target.ASIDE,
                "folders": ", ".join(str(_aside(folder)) for folder in _folders().values()),
            }
        ) from error


def _reckon(say: Say) -> None:
    """How many rows of what there are, for whoever plans queries; by and by autovacuum does it, too."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    except DatabaseError as error:
        say(_("restored; only the statistics are not made yet (run ANALYZE): %(error)s") % {"error": error})


def _load(dump: Path) -> None:
    tool = tools.find("pg_restore", server=tools.major_of(connection))
    database = connection.settings_dict
    listed = tools.finish(tools.spawn(tool, ["--list", str(dump)], database), tool)
    wanted = dump.with_suffix(".list")
    wanted.write_text("\n".join(line for line in listed.splitlines() if not _NOT_RESTORED.match(line)))
    what = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    what += ["--use-list", str(wanted), *tools.where(database), "--dbname", str(database["NAME"]), str(dump)]
    tools.finish(tools.spawn(tool, what, database), tool)


def _require_same(manifest: Manifest) -> None:
    """Is every row there, and as it was?"""
    with transaction.atomic():
        checksums.read_alike(connection)
        tables, counted = checksums.tables(connection), checksums.sequences(connection)
    expected = manifest["tables"]
    wrong = sorted(name for name in {*tables, *expected} if tables.get(name) != expected.get(name))
    # Numbers that were given while the dump was made are in it: a sequence may be further, and never back.
    wrong += sorted(
        name for name, last in manifest["sequences"].items() if (counted.get(name) or 0) < (last or 0)
    )
    if wrong:
        raise BackupError(
            _("What was restored is not what was backed up: %(names)s. What was there before is there again.")
            % {"names": ", ".join(wrong[:_SHOWN])}
        )


def _put_in_place(archive: Reading, staged: dict[str, Path], folders: dict[str, Path]) -> list[Path]:
    """Let the restored files take the place of what is there, and look at each once more; answers where
    what was there stands."""
    moved: list[Path] = []
    placed: list[Path] = []
    try:
        for room, folder in folders.items():
            old = _aside(folder)
            # Of a restore that was counted to its end: one that was not is brought back first.
            shutil.rmtree(old, ignore_errors=True)
            mode = 0o755
            if folder.exists():
                mode = stat.S_IMODE(folder.stat().st_mode)
                folder.rename(old)
                moved.append(folder)
            staged[room].chmod(mode)
            staged[room].rename(folder)
            placed.append(folder)
            for name in archive.names(room):
                if sha256_of(folder / name) != archive.manifest["files"][f"{room}/{name}"]["sha256"]:
                    raise BackupError(
                        _("%(name)s was not written as it should be.") % {"name": folder / name}
                    )
    except BaseException:
        for folder in placed:
            shutil.rmtree(folder, ignore_errors=True)
        for folder in moved:
            _aside(folder).rename(folder)
        raise
    return [_aside(folder) for folder in moved]
