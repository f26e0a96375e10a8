"""`manage.py prepare`: bring the database and what is derived up to this version of the code."""

import hashlib
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from config.database import require_text_search
from config.progress import say


class Command(BaseCommand):
    help = (
        "Migrate, collect static files, load the reference data and train the classifier, as far as needed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-static", action="store_true", help="the image has the static files")
        parser.add_argument("--seed", action="store_true", help="also build the first cases of the demo")

    def handle(self, *, no_static: bool, seed: bool, **options: object) -> None:
        say("checking the database and migrating")
        require_text_search()
        call_command("migrate", verbosity=0, interactive=False)
        if not no_static:
            self._collect_static()
        say("loading the reference data")
        call_command("load_reference")
        self._train()
        if seed:
            say("building the first cases of the demo")
            call_command("seed_demo", first=True)

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

    def _train(self) -> None:
        """The model is a function of the examples, the list and the code that reads them."""
        room = settings.BASE_DIR / "dispatch"
        sources = [*room.glob("data/*.csv"), *room.glob("normalise/*.py")]
        stamp = settings.MODEL_DIR / ".trained-from"
        value = _fingerprint(sources)
        if _is_stamped(stamp, value):
            return
        say("training the classifier")
        call_command("train")
        settings.MODEL_DIR.mkdir(parents=True, exist_ok=True)
        stamp.write_text(value)


def _fingerprint(files: Iterable[Path]) -> str:
    """Changes when a file comes, goes or is written."""
    total = hashlib.sha256()
    for path in sorted(files):
        status = path.stat()
        total.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return total.hexdigest()


def _is_stamped(stamp: Path, value: str) -> bool:
    return stamp.exists() and stamp.read_text() == value
