"""`manage.py backup FOLDER`: database, media and trained models in one archive."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.backup import BackupError, take
from config.backup.beside import needs_server, run_with_server
from config.embedded import StartError


class Command(BaseCommand):
    help = (
        "Write database, media and trained models into one archive in FOLDER, while everything goes on; what "
        "is there has been read back. The keys are not in it: keep SECRET_KEY, CONTACT_KEYS, "
        "CONTACT_INDEX_KEY and PLACE_CODE_KEYS (var/secrets.env, .env) elsewhere."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--keep", type=int, default=0, metavar="N", help="remove all but the N newest there"
        )
        parser.add_argument(
            "--language",
            choices=[code for code, _name in settings.LANGUAGES],
            default=settings.LANGUAGE_CODE,
            help="of what is said",
        )

    def handle(self, *, folder: Path, keep: int, language: str, **options: Any) -> None:
        if keep < 0:
            raise CommandError("--keep: 0 (all) or more")
        with translation.override(language):
            try:
                if needs_server():
                    sys.exit(run_with_server(empty=False))
                made = take(folder, at=timezone.now(), say=self.stdout.write, keep=keep)
            except (BackupError, StartError) as error:
                raise CommandError(str(error)) from error
            size = f"{made.stat().st_size / 1024**2:.1f}"
            self.stdout.write(
                _("%(path)s (%(size)s MB): written and read back.") % {"path": made, "size": size}
            )
            self.stdout.write(
                _(
                    "The keys are not in it. Without SECRET_KEY, CONTACT_KEYS, CONTACT_INDEX_KEY and "
                    "PLACE_CODE_KEYS (var/secrets.env, or .env) residents' names and numbers in it cannot be "
                    "read: keep a copy of them in another place than the archive."
                )
            )
