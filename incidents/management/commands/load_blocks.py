"""Cut a district into blocks from a table."""

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from config import clock
from grids.models import Area
from incidents import blocks
from incidents.errors import ActionRefused, InvalidInput

COLUMNS: Final = ("community", "name_zh", "name_en", "cells")


class Command(BaseCommand):
    help = (
        "Load blocks from a CSV file with the columns community, name_zh, name_en and cells (codes with"
        " spaces between). A block of that name in that community gets these cells; blocks that the file does"
        " not name stay. Repeatable; with an error in one row nothing is loaded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = options["file"].read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        reader = csv.DictReader(text.splitlines())
        if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
            raise CommandError(f"Columns are missing: {', '.join(missing)}. Nothing was loaded.")
        count = 0
        try:
            with transaction.atomic():
                for number, row in enumerate(reader, start=2):
                    _load(number, {name: (row[name] or "").strip() for name in COLUMNS})
                    count += 1
        finally:
            blocks.forget()
        self.stdout.write(f"Blocks: {count}")


def _load(number: int, row: dict[str, str]) -> None:
    community, cells = row["community"], row["cells"].split()
    if not Area.objects.communities().filter(code=community).exists():
        raise CommandError(f"Row {number}, community: no community has this code. Nothing was loaded.")
    if any(not cell.startswith(community) for cell in cells):
        raise CommandError(f"Row {number}, cells: not all lie in {community}. Nothing was loaded.")
    told: dict[str, Any] = {"name_zh": row["name_zh"], "name_en": row["name_en"], "cells": cells}
    known = next((one for one in blocks.blocks_in(community) if one.name_zh == row["name_zh"]), None)
    try:
        if known is not None:
            blocks.change(area_code=known.code, **told, by=None, at=clock.now())
        else:
            blocks.cut(**told, by=None, at=clock.now())
    except (InvalidInput, ActionRefused) as error:
        field = getattr(error, "field", "block")
        raise CommandError(f"Row {number}, {field}: {error} Nothing was loaded.") from error
