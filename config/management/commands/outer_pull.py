"""`manage.py outer_pull`: come for what waits in the outer zone, over a connection or by files."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import clock
from incidents.outer import carrying, reaching, taking


class Command(BaseCommand):
    help = "Exchange with the outer zone once: publish there, and take over what waits. Run in the core."

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--export", type=Path, metavar="DIR", help="write a message into DIR, to be carried")
        how.add_argument("--import", type=Path, metavar="DIR", dest="taken", help="read answers from DIR")
        how.add_argument("--again", action="store_true", help="try once more what was set aside")

    def handle(self, *, export: Path | None, taken: Path | None, again: bool, **options: object) -> None:
        if not (settings.OUTER_SECRET and settings.OUTER_OPEN_KEYS):
            raise CommandError(
                "OUTER_SECRET and OUTER_OPEN_KEYS are not set: `manage.py outer_keys` makes them."
            )
        try:
            if export is not None:
                self.stdout.write(f"{carrying.export(export, at=clock.now())}")
            elif taken is not None:
                self.stdout.write(f"taken over: {carrying.take_in(taken, at=clock.now())}")
            elif again:
                self.stdout.write(f"taken over: {taking.again(at=clock.now())}")
            elif not settings.OUTER_URL:
                raise CommandError("OUTER_URL is not set; without a line, --export and --import carry files.")
            else:
                self.stdout.write(f"taken over: {reaching.round_of_exchanges(at=clock.now())}")
        except (reaching.Unreached, OSError) as error:
            raise CommandError(f"The outer zone was not reached: {error}") from error
