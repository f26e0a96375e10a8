"""Put what `simulate --year` came to on its page."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import clock
from config.simulation.year.asking import SHIPPED
from config.simulation.year.keeping import NotAsMade, keep


class Command(BaseCommand):
    help = "Show the result of a simulated year on /simulation/; without a file, the one that comes along."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", default=SHIPPED)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            run = keep(file, at=clock.now())
        except (OSError, NotAsMade) as error:
            raise CommandError(f"{file}: {error}") from error
        self.stdout.write(f"The simulation of {run.made_at:%Y-%m-%d} is on its page")
