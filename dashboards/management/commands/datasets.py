"""The data sets by hand: build them now, list what is served, write down a new schema."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import clock
from dashboards.datasets import building, catalogue, published
from incidents.numbers import district_day


class Command(BaseCommand):
    help = "Build the data sets that are due, or those that are named; --publish writes down new fields."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("codes", nargs="*", help="build these now, whether they are due or not")
        parser.add_argument("--all", action="store_true", help="build all of them now")
        parser.add_argument("--publish", action="store_true", help="write new versions into published.json")

    def handle(self, *, codes: list[str], publish: bool, **options: Any) -> None:
        if publish:
            if problems := published.publish(catalogue.ALL):
                raise CommandError("\n".join(problems))
            self.stdout.write("published.json has every version.")
            return
        at = clock.now()
        served = catalogue.served(district_day(at))
        if unknown := sorted(set(codes) - served.keys()):
            raise CommandError(f"There is no data set {', '.join(unknown)}.")
        if codes or options["all"]:
            wanted = [one for code in codes or served for one in served[code]]
        else:
            wanted = building.due(at)
        for snapshot in building.build(wanted, at=at):
            took = (snapshot.finished_at or snapshot.began_at) - snapshot.began_at
            self.stdout.write(
                f"{snapshot.dataset} v{snapshot.version}: {snapshot.rows:,} rows, {snapshot.suppressed:,} of"
                f" them kept back as too small; {took.total_seconds():.1f} s with those before it"
            )
