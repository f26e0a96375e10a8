"""`manage.py outer_exchange DIR`: answer the messages that were carried out here."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from incidents.outer import carrying


class Command(BaseCommand):
    help = "Answer the core's messages in a folder, where no line leads to it. Run in the outer zone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, *, folder: Path, **options: object) -> None:
        if settings.ZONE != "outer":
            raise CommandError("This is not the outer zone (ZONE=outer).")
        for name, word in carrying.answer(folder, now=timezone.now()):
            self.stdout.write(f"{name}: {word}")
