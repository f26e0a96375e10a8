"""Could this installation be brought back? When the last backup was, and what broken-off ones have left."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from config.backup import target
from config.backup.restoring import STAGING, broken_off
from config.backup.taking import PREFIX, RECORD, SUFFIX
from config.doctor.finding import Finding, Level

# Nobody writes at an archive for so long.
ABANDONED: Final = timedelta(hours=6)
# Since the last backup, as many times BACKUP_HOURS, from when on a warning is a problem.
_MUCH: Final = 4


def backups(*, now: datetime, record: Path | None = None) -> Iterator[Finding]:
    """Is there a young one? `backup` itself writes down when and where it made one."""
    if not settings.BACKUP_HOURS:
        yield Finding("backup", Level.GOOD, _("Backups are made in another way (BACKUP_HOURS=0)."))
        return
    path = record or settings.VAR_DIR / RECORD
    try:
        told = json.loads(path.read_text())
        made, archive = datetime.fromisoformat(told["at"]), Path(told["path"])
    except FileNotFoundError:
        yield _never()
        return
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Finding(
            "backup",
            Level.WARNING,
            _("When the last backup was cannot be read (%(path)s): %(error)s.")
            % {"path": path, "error": error},
            _("Make a backup: manage.py backup FOLDER."),
        )
        return
    yield _aged(made, now)
    yield from _in_folder(archive, now)


def _never() -> Finding:
    if not settings.PRODUCTION:
        return Finding("backup", Level.GOOD, _("No backup was made; a demonstration needs none."))
    return Finding(
        "backup",
        Level.WARNING,
        _("No backup of this installation was ever made."),
        _(
            "Let a timer run manage.py backup FOLDER every night (docs/operation.md); where it is done in "
            "another way, set BACKUP_HOURS=0."
        ),
    )


def _aged(made: datetime, now: datetime) -> Finding:
    hours, allowed = (now - made).total_seconds() / 3600, settings.BACKUP_HOURS
    says = _("The last backup was made at %(at)s.") % {"at": f"{timezone.localtime(made):%Y-%m-%d %H:%M}"}
    if hours <= allowed:
        return Finding("backup", Level.GOOD, says)
    much = settings.PRODUCTION and hours > allowed * _MUCH
    return Finding(
        "backup",
        Level.PROBLEM if much else Level.WARNING,
        says + " " + _("Whatever happened since would be lost with the disk."),
        _("See why the nightly one fails, and make one now: manage.py backup FOLDER."),
    )


def _in_folder(archive: Path, now: datetime) -> Iterator[Finding]:
    """What lies where the last one was written, as far as that is seen from here."""
    if not archive.parent.is_dir():
        return
    if not any(archive.parent.glob(f"{PREFIX}*{SUFFIX}")):
        yield Finding(
            "backup-folder",
            Level.WARNING,
            _("There is no archive any more where the last backup was written (%(folder)s).")
            % {"folder": archive.parent},
            _("See where they went, or make one now: manage.py backup FOLDER."),
        )
    torn = [path.name for path in _abandoned(archive.parent.glob(f"{PREFIX}*.part"), now)]
    if torn:
        yield Finding(
            "backup-torn",
            Level.WARNING,
            _("Backups that were broken off have left, in %(folder)s: %(names)s.")
            % {"folder": archive.parent, "names": ", ".join(torn)},
            _("They are no archives: remove them, and see why (no power, no room)."),
        )


def restores(*, now: datetime) -> Iterator[Finding]:
    """Was one broken off?"""
    if target.stands_aside():
        yield Finding("restore", Level.PROBLEM, broken_off(), "manage.py restore --undo")
        return
    folders = {settings.VAR_DIR, Path(settings.MEDIA_ROOT).parent, settings.MODEL_DIR.parent}
    left = sorted(
        str(path)
        for folder in folders
        if folder.is_dir()
        for pattern in STAGING
        for path in _abandoned(folder.glob(pattern), now)
    )
    if left:
        yield Finding(
            "restore",
            Level.WARNING,
            _("A restore has left behind: %(names)s.") % {"names": ", ".join(left)},
            _("Everything of this installation is in its place: remove them when you have looked."),
        )
        return
    yield Finding("restore", Level.GOOD, _("No restore was broken off."))


def _abandoned(paths: Iterable[Path], now: datetime) -> Iterator[Path]:
    for path in sorted(paths):
        try:
            if now.timestamp() - path.stat().st_mtime > ABANDONED.total_seconds():
                yield path
        except FileNotFoundError:
            continue  # gone meanwhile: somebody is at work
