"""`manage.py restore FILE`: what `manage.py backup` has written, counted afterwards."""

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from config.backup import BackupError, restore
from config.backup.beside import needs_server, run_with_server
from config.backup.restoring import undo as bring_back
from config.doctor import Level
from config.doctor.trust import sealed_data
from config.embedded import StartError


class Command(BaseCommand):
    help = (
        "Restore an archive of `backup` into an empty installation (with --replace: into this one), and "
        "compare every row and file with it. The keys are not in it: set those that it was made under."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument("--replace", action="store_true", help="lose what is there")
        parser.add_argument(
            "--undo", action="store_true", help="bring back what a restore that was broken off had put aside"
        )
        parser.add_argument(
            "--language",
            choices=[code for code, _name in settings.LANGUAGES],
            default=settings.LANGUAGE_CODE,
            help="of what is said",
        )

    def handle(self, *, file: Path | None, replace: bool, undo: bool, language: str, **options: Any) -> None:
        with translation.override(language), _ended_in_order():
            if (file is None) != undo:
                raise CommandError(_("Name an archive, or say --undo."))
            try:
                if needs_server():
                    sys.exit(run_with_server(empty=True))
                if file is None:
                    self.stdout.write(_("It is there again.") if bring_back() else _("Nothing stands aside."))
                    return
                restored = restore(file, replace=replace, say=self.stdout.write)
            except (BackupError, StartError) as error:
                raise CommandError(str(error)) from error
            told = {
                "tables": restored.tables,
                "rows": restored.rows,
                "files": restored.files,
                "made_at": restored.made_at,
            }
            self.stdout.write(
                _(
                    "Restored and compared, all alike: %(rows)s rows in %(tables)s tables, %(files)s files. "
                    "This is how things stood at %(made_at)s."
                )
                % told
            )
            self._keys()
            self.stdout.write(_("Now run: manage.py prepare, then start web, workers and beat."))
            self.stdout.write(
                _("Who was erased since then is back: manage.py personal_data repeat erases them again.")
            )

    def _keys(self) -> None:
        self.stdout.write(_("The archive held no keys; those that are set were tried on what it holds:"))
        for finding in sealed_data():
            self.stdout.write(f"  {finding.says}")
            if finding.level > Level.GOOD:
                self.stdout.write(f"  → {finding.advice}")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let whoever ends it, or closes its terminal, have what was there put back first."""
    before = {one: signal.signal(one, _give_up) for one in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _give_up(number: int, _frame: object) -> None:
    sys.exit(128 + number)
