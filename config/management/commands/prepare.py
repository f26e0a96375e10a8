"""`manage.py prepare`: bring the database and what is derived up to this version of the code."""

import hashlib
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.backup import target
from config.backup.restoring import broken_off
from config.database import require_text_search
from config.embedded import Child, spawn
from config.migrating import migrate_patiently
from config.progress import say


class Command(BaseCommand):
    help = (
        "Migrate, collect static files, load the reference data and train the classifier, as far as needed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-static", action="store_true", help="the image has the static files")
        parser.add_argument(
            "--demo", choices=["people", "cases"], help="also make its logins, or first cases"
        )

    def handle(self, *, no_static: bool, demo: str | None, **options: object) -> None:
        if target.stands_aside():
            # What is in its place is half a restore, or nothing: reports would go into it.
            raise CommandError(broken_off())
        is_core = settings.ZONE != "outer"  # outside, the core pushes what is needed, and nothing is decided
        training = self._start_training() if is_core else None
        say("checking the database and migrating")
        require_text_search()
        migrate_patiently(lambda: call_command("migrate", verbosity=0, interactive=False), say=say)
        if not no_static:
            self._collect_static()
        if is_core:
            say("loading the reference data")
            call_command("load_reference")
        if training:
            self._finish_training(training)
        if demo == "cases":
            say("building the first cases of the demo")
        if demo:
            call_command("seed_demo", people=demo == "people", first=demo == "cases")

    def _collect_static(self) -> None:
        """Hashing and compressing takes seconds, so it is done when a file has changed."""
        files = [
            Path(storage.path(name))
            for finder in get_finders()
            for name, storage in finder.list(["CVS", ".*"])
        ]
        stamp = Path(settings.STATIC_ROOT) / ".collected"
        value = _fingerprint(files)
        if _is_stamped(stamp, value):
            return
        say(f"collecting {len(files)} static files")
        call_command("collectstatic", verbosity=0, interactive=False, clear=True)
        stamp.write_text(value)

    def _start_training(self) -> Child | None:
        """Training needs no database, so it goes on beside the rest, where the model is not current."""
        if _is_stamped(*_trained()):
            return None
        say("training the classifier")
        train = [sys.executable, "manage.py", "train", "--if-needed"]
        return spawn("train", train, log=settings.VAR_DIR / "log" / "train.log", cwd=settings.BASE_DIR)

    def _finish_training(self, training: Child) -> None:
        if training.alive:
            say("waiting for the classifier")
        if training.process.wait():
            raise CommandError(f"The classifier could not be trained:\n{training.last_words()}")
        stamp, value = _trained()
        stamp.write_text(value)


def _trained() -> tuple[Path, str]:
    """The model is a function of the examples, the list and the code that reads them."""
    room = settings.BASE_DIR / "dispatch"
    sources = [*room.glob("data/**/*.csv"), *room.glob("normalise/*.py")]
    return settings.MODEL_DIR / ".trained-from", _fingerprint(sources)


def _fingerprint(files: Iterable[Path]) -> str:
    """Changes when a file comes, goes or is written."""
    total = hashlib.sha256()
    for path in sorted(files):
        status = path.stat()
        total.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return total.hexdigest()


def _is_stamped(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value
