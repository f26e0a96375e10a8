"""Load the responsibility list from a CSV file and make it live."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config import clock
from dispatch.loading import DATA, is_kept_by_hand, load_items


class Command(BaseCommand):
    help = (
        "Load the responsibility list as a new live version where it differs from the live one; "
        "a file with a bad row is refused whole, with row, column and reason."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, help="without it, the list that is shipped")
        parser.add_argument("--title", default="权责清单", help="what the version is called")

    def handle(self, *args: Any, path: Path | None, title: str, **options: Any) -> None:
        if path is None:
            if is_kept_by_hand(clock.now()):
                self.stdout.write("Responsibility list: the live version was edited here; it stays as it is")
                return
            path = DATA / "responsibility_items.csv"
        version, is_new = load_items(path, at=clock.now(), title=title)
        verb = "is now live" if is_new else "is live and unchanged"
        self.stdout.write(
            f"Responsibility list: version {version.version} with {version.items.count()} items {verb}"
        )
