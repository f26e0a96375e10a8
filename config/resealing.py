"""Everything that is sealed under the newest of the keys, so that older ones can be taken away.

A row that the newest key opens is left alone, so whoever begins again goes on where the last one stopped.
Rows are looked through without a lock, and the few that need it are locked for one short transaction each
batch: pages and intake go on. A file is put in place of the old one in one step, under the same name.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import models, transaction

from accounts.ciphers import Sealer
from accounts.sealing import reseal, sealers
from incidents.models import Contact
from incidents.models.contact import blind_index

Say = Callable[[str], object]

# Sealed columns end in _sealed or are called so; these are sealed, too.
_BESIDES: Final = {"incidents.BulkPart": ("rows", "rejects")}
# What is sealed on the disk.
FILES: Final = {"incidents.Document": "file", "incidents.MediationScan": "file"}
BATCH: Final = 500
# Of rows that may have megabytes each.
_LARGE: Final = {"incidents.BulkFile": 1, "incidents.BulkPart": 4}
# What nothing opens is named, so many of a table.
_NAMED: Final = 20


@dataclass(slots=True)
class Tally:
    """What became of one table, or of its files."""

    name: str
    seen: int = 0
    done: int = 0
    unreadable: list[Any] = field(default_factory=list)  # primary keys

    def __str__(self) -> str:
        told = f"{self.name}: {self.done} of {self.seen}"
        if not self.unreadable:
            return told
        some = ", ".join(str(pk) for pk in self.unreadable[:_NAMED])
        return f"{told}; opened by no key: {len(self.unreadable)} ({some})"


def sealed_columns() -> dict[type[models.Model], tuple[str, ...]]:
    """Every table of ours with sealed columns, and which those are."""
    found = {}
    for model in apps.get_models():
        besides = _BESIDES.get(model._meta.label, ())
        names = tuple(
            one.name
            for one in model._meta.concrete_fields
            if isinstance(one, models.BinaryField)
            and (one.name == "sealed" or one.name.endswith("_sealed") or one.name in besides)
        )
        if names:
            found[model] = names
    return found


def reseal_all(say: Say, *, batch: int = BATCH) -> list[Tally]:
    """Every column and file; answers what was done to each, and says so as it goes."""
    told = []
    for model, names in sealed_columns().items():
        told.append(reseal_columns(model, names, batch=_LARGE.get(model._meta.label, batch)))
        say(str(told[-1]))
    for label, name in FILES.items():
        told.append(reseal_files(apps.get_model(label), name))
        say(str(told[-1]))
    return told


def reseal_columns(model: type[models.Model], names: Sequence[str], *, batch: int = BATCH) -> Tally:
    """The sealed columns of one table."""
    tally = Tally(model._meta.db_table)
    for rows in _batches(model, names, batch):
        tally.seen += len(rows)
        stale = []
        for pk, *values in rows:
            state = _state(values)
            if state is None:
                tally.unreadable.append(pk)
            elif state:
                stale.append(pk)
        if stale:
            tally.done += _write(model, names, stale)
    return tally


def _batches(model: type[models.Model], names: Sequence[str], batch: int) -> Iterator[list[tuple[Any, ...]]]:
    last: Any = None
    rows = model._base_manager.order_by("pk").values_list("pk", *names)
    while found := list((rows if last is None else rows.filter(pk__gt=last))[:batch]):
        yield found
        last = found[-1][0]


@transaction.atomic(durable=True)
def _write(model: type[models.Model], names: Sequence[str], stale: Sequence[Any]) -> int:
    # Read again under the lock: somebody may have written since, under whichever key.
    rows = list(
        model._base_manager.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=stale)
        .order_by("pk")
        .only("pk", *names)
    )
    for row in rows:
        for name in names:
            if value := getattr(row, name):
                setattr(row, name, reseal(value))
    model._base_manager.bulk_update(rows, names)
    return len(rows)


def reseal_files(model: type[models.Model], name: str) -> Tally:
    """The sealed files of one table. A file that is not there is no business of this."""
    tally = Tally(f"{model._meta.db_table}.{name}")
    for row in model._base_manager.order_by("pk").iterator(chunk_size=BATCH):
        path = Path(getattr(row, name).path)
        with suppress(FileNotFoundError):
            state = _state([path.read_bytes()])
            tally.seen += 1
            if state is None:
                tally.unreadable.append(row.pk)
            elif state:
                tally.done += _write_file(model, row.pk, path)
    return tally


@transaction.atomic(durable=True)
def _write_file(model: type[models.Model], pk: Any, path: Path) -> bool:
    """False where it was erased meanwhile. Who erases takes the row first, and so waits for this."""
    if not model._base_manager.select_for_update(no_key=True, of=("self",)).filter(pk=pk).exists():
        return False
    _replace(path, reseal(path.read_bytes()))
    return True


def _replace(path: Path, content: bytes) -> None:
    """In one step: whoever reads has the old or the new one, and a power cut leaves one of them."""
    mode = path.stat().st_mode & 0o777
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".resealing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(mode)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _state(values: Sequence[bytes | memoryview]) -> bool | None:
    """Is one of them under an older key? None where one is under none of ours."""
    newest, *older = sealers()
    stale = False
    for value in values:
        if not value or _opens(newest, value):
            continue
        if not any(_opens(key, value) for key in older):
            return None
        stale = True
    return stale


def _opens(key: Sealer, value: bytes | memoryview) -> bool:
    try:
        key.decrypt(bytes(value))
    except InvalidToken:
        return False
    return True


# --- the blind index ------------------------------------------------------------------------------


def index_anew(*, batch: int = BATCH) -> Tally:
    """The digests of all telephone numbers under the CONTACT_INDEX_KEY of now, from the sealed numbers."""
    tally = Tally(f"{Contact._meta.db_table}.phone_index")
    for rows in _batches(Contact, ("phone_sealed",), batch):
        with transaction.atomic(durable=True):
            contacts = list(
                Contact.objects.select_for_update(no_key=True)
                .filter(pk__in=[pk for pk, _sealed in rows])
                .order_by("pk")
            )
            changed = []
            for contact in contacts:
                tally.seen += 1
                if contact.erased_at is not None:
                    continue  # it is no digest, and of no number
                try:
                    index = blind_index(contact.phone)
                except InvalidToken:
                    tally.unreadable.append(contact.pk)
                    continue
                if index != contact.phone_index:
                    contact.phone_index = index
                    changed.append(contact)
            Contact.objects.bulk_update(changed, ["phone_index"])
            tally.done += len(changed)
    return tally
