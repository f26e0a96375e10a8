"""Load the demo district's own names of places: rows that are not there yet, and none that a district has."""

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.db import transaction

from grids import registers
from grids.models import Area, NamedPlace

# Schematic, like the map: real and made-up names, at points that lie somewhere inside their community.
PLACES: Final = Path(__file__).resolve().parents[2] / "data" / "places.csv"


class Command(BaseCommand):
    help = "Load names of estates, villages, roads, stations and more. What the district has changed stays."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=PLACES)

    def handle(self, *args: Any, **options: Any) -> None:
        with options["file"].open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        known = set(
            Area.objects.filter(code__in={row["area"] for row in rows}).values_list("code", flat=True)
        )
        with transaction.atomic():
            NamedPlace.objects.bulk_create(
                [
                    NamedPlace(
                        code=row["code"],
                        name=row["name"],
                        kind=row["kind"],
                        aliases=row["aliases"],
                        former_names=row["former_names"],
                        area_id=row["area"],
                        numbers=row["numbers"],
                        lon=float(row["lon"]) if row["lon"] else None,
                        lat=float(row["lat"]) if row["lat"] else None,
                    )
                    for row in rows
                    if row["area"] in known
                ],
                ignore_conflicts=True,
            )
            registers.touch(registers.PLACES)
        self.stdout.write(f"Names of places: {NamedPlace.objects.count()}")
