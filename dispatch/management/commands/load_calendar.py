"""Load the mainland's holidays and make-up working days."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import clock
from dispatch.workdays import FIRST_YEAR, LAST_YEAR, load_calendar


class Command(BaseCommand):
    help = "Load the work calendar; years whose notice is not out yet are marked as unconfirmed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=int, default=FIRST_YEAR)
        parser.add_argument("--to", dest="last", type=int, default=LAST_YEAR)

    def handle(self, *args: Any, first: int, last: int, **options: Any) -> None:
        if not 2001 <= first <= last <= 2099:
            raise CommandError(f"Years {first}-{last}: must lie in 2001-2099, the first not after the last.")
        changed, confirmed = load_calendar(range(first, last + 1), at=clock.now())
        total = last - first + 1
        self.stdout.write(
            f"Work calendar: {total} years, {changed} new or changed, {total - confirmed} not yet confirmed"
        )
