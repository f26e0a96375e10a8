"""Load the district's areas from GeoJSON files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import ProtectedError

from accounts.models import OrgUnit
from grids import locate, registers
from grids.geojson import read_areas
from grids.models import Area, AreaChange, Jurisdiction

FOLDER: Final = Path(__file__).resolve().parents[2] / "data"


class Command(BaseCommand):
    help = "Load district, streets, communities and grid cells, and who keeps them. Repeatable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["folder"] == FOLDER and AreaChange.objects.exists():
            # The district keeps its own map by now: what came with the installation is none of its business.
            self.stdout.write("Areas: left as they are, the map is kept in the browser")
            return
        areas = read_areas(options["folder"])
        with transaction.atomic():
            _drop_others({area.code for area in areas})
            Area.objects.bulk_create(
                areas,
                batch_size=1000,
                update_conflicts=True,
                unique_fields=["code"],
                update_fields=[
                    "kind",
                    "name_zh",
                    "name_en",
                    "parent",
                    "lon",
                    "lat",
                    "area_m2",
                    "polygon",
                    "retired_at",
                ],
            )
            keepers = _keepers({area.code for area in areas})
            Jurisdiction.objects.bulk_create(keepers, ignore_conflicts=True)
            registers.touch(registers.AREAS)
        locate.forget()
        self.stdout.write(f"Areas: {len(areas)}, kept by {len(keepers)} units")


def _drop_others(codes: set[str]) -> None:
    """Delete the areas that the files no longer have, the innermost first."""
    # A block is cut from a community's cells here, and in no file: it stays as long as its community does.
    kept = Area.objects.of_kind(Area.Kind.BLOCK).filter(parent__in=codes)
    others = Area.objects.exclude(code__in=codes).exclude(code__in=kept.values("code"))
    for kind in reversed(Area.Kind.values):
        try:
            others.of_kind(kind).delete()
        except ProtectedError as error:
            raise CommandError(
                f"A {kind} is not in these files, but still in use ({error.args[0]}). Nothing was loaded."
            ) from error


def _keepers(codes: set[str]) -> list[Jurisdiction]:
    """Each open unit keeps the area that its own code names; more can be added by hand."""
    units = OrgUnit.objects.open().filter(area_code__in=codes)
    return [Jurisdiction(unit=unit, area_id=unit.area_code) for unit in units]
