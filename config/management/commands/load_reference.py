"""Load everything that the district is described by, as far as it has changed."""

import hashlib
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from config import clock
from config.models import LoadedReference
from incidents.sensing.defaults import load_defaults

# In this order: areas are kept by units, items name units and categories. Beside each command, the
# files it reads and the code that reads them.
STEPS: Final = (
    ("load_units", ("accounts/data/*.csv", "accounts/management/commands/load_units.py")),
    (
        "load_areas",
        (
            "grids/data/*.geojson",
            "grids/geojson.py",
            "grids/romanise.py",
            "grids/management/commands/load_areas.py",
        ),
    ),
    ("load_places", ("grids/data/places.csv", "grids/management/commands/load_places.py")),
    ("load_categories", ("dispatch/data/*categories.csv", "dispatch/loading.py")),
    ("load_items", ("dispatch/data/responsibility_items.csv", "dispatch/loading.py")),
    ("load_calendar", ("dispatch/workdays.py",)),
)


class Command(BaseCommand):
    help = "Load units, areas, categories, responsibility items and the work calendar where they changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="load all of it, changed or not")

    def handle(self, *args: Any, force: bool, **options: Any) -> None:
        loaded = dict(LoadedReference.objects.values_list("command", "sha256"))
        # Each step's fingerprint goes on from the one before: other units load the list again too.
        fingerprint = version("holidays")
        unchanged = []
        for command, patterns in STEPS:
            fingerprint = _fingerprint(fingerprint, patterns)
            if not force and loaded.get(command) == fingerprint:
                unchanged.append(command)
                continue
            began = time.perf_counter()
            call_command(command, stdout=self.stdout)
            LoadedReference.objects.update_or_create(
                command=command, defaults={"sha256": fingerprint, "loaded_at": clock.now()}
            )
            self.stdout.write(f"  {command} took {time.perf_counter() - began:.1f} s")
        if load_defaults():
            self.stdout.write("Rules for alerts of devices: those that Yiwang comes with")
        if unchanged:
            self.stdout.write(f"Unchanged: {', '.join(unchanged)}")


def _fingerprint(before: str, patterns: Iterable[str]) -> str:
    total = hashlib.sha256(before.encode())
    for pattern in patterns:
        for path in sorted(Path(settings.BASE_DIR).glob(pattern)):
            total.update(f"{path.name}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()
