"""Files whose rows were erased. A file cannot be deleted in a transaction: it is named in the one that erases
its row, deleted after it, and by the sweep where whoever was to do so died in between."""

from collections.abc import Iterable
from datetime import datetime

from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

from incidents.models import DoomedFile

BATCH = 100


def doom(files: Iterable[FieldFile], *, at: datetime) -> list[DoomedFile]:
    """Name these in the transaction that takes their rows away."""
    return DoomedFile.objects.bulk_create(
        [DoomedFile(name=file.name, at=at) for file in files if file and file.name]
    )


def remove(doomed: Iterable[DoomedFile]) -> None:
    """Delete them, and tick them off. Outside of a transaction, which might not come to its end."""
    for one in doomed:
        default_storage.delete(one.name)  # one that is not there is deleted already
        one.delete()


def sweep(limit: int = BATCH) -> int:
    """What a dead process has left; answers how many files it was."""
    left = list(DoomedFile.objects.order_by("pk")[:limit])
    remove(left)
    return len(left)
