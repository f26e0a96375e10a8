"""Load the event categories from a CSV file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from dispatch.loading import DATA, load_categories


class Command(BaseCommand):
    help = "Load the event categories; a file with a bad row is refused whole, with row, column and reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, default=DATA / "categories.csv")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        changed, total = load_categories(path)
        self.stdout.write(f"Categories: {total}, of which {changed} new or changed")
