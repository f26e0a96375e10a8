"""Snapshots in a folder of their own, and their files as somebody who takes them reads them."""

import csv
import io
from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage

from dashboards.datasets import building, catalogue
from dashboards.datasets.definition import DataSet
from dashboards.models import Snapshot


def build(*datasets: DataSet, at: datetime) -> list[Snapshot]:
    """Snapshots of these, or of all."""
    made = building.build(datasets or catalogue.ALL, at=at)
    assert len(made) == len(datasets or catalogue.ALL), list(Snapshot.objects.values("dataset", "error"))
    return made


def stored(snapshot: Snapshot, kind: str) -> bytes:
    with default_storage.open(snapshot.files.get(format=kind).name) as file:
        data: bytes = file.read()
    return data


def sheet(snapshot: Snapshot) -> list[dict[str, str]]:
    """The rows of the CSV."""
    return list(csv.DictReader(io.StringIO(stored(snapshot, "csv").decode("utf-8-sig"), newline="")))


def table(snapshot: Snapshot) -> Any:
    """The Parquet file, as pyarrow reads it."""
    from pyarrow import parquet

    return parquet.read_table(io.BytesIO(stored(snapshot, "parquet")))
