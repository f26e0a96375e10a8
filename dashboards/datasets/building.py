"""Snapshots: a data set read at one instant, written to files, and put where the web hands it out.

A build never replaces what is there: while it runs and where it fails, the snapshot before it is served,
with its own cut. What is due says the table, not beat: a message that is lost is made up for by the next.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from dashboards.datasets import catalogue, writing
from dashboards.datasets.definition import Cut, DataSet
from dashboards.models import Snapshot, SnapshotFile
from incidents.numbers import DISTRICT_ZONE, district_day

log = logging.getLogger(__name__)

State = Snapshot.State
# Every night once the day is over and the cells have been proved right.
HOUR: Final = time(4)
# After a failure the next try waits.
_PATIENCE: Final = timedelta(minutes=30)
# Later than this after it was due a snapshot is called stale.
_GRACE: Final = timedelta(hours=3)
# Seconds that all of a night's builds may take together.
TIME_LIMIT: Final = 2 * 3600


def last_due(at: datetime) -> datetime:
    """The last instant by which a snapshot was due."""
    due = datetime.combine(district_day(at), HOUR, DISTRICT_ZONE)
    return (due if due <= at else due - timedelta(days=1)).astimezone(UTC)


def is_stale(snapshot: Snapshot | None, at: datetime) -> bool:
    """Should there be a newer one by now?"""
    return snapshot is not None and snapshot.cut_at < last_due(at - _GRACE)


def newest(dataset: DataSet) -> Snapshot | None:
    """The snapshot that is served."""
    return (
        Snapshot.objects.filter(dataset=dataset.code, version=dataset.version, state=State.READY)
        .order_by("-cut_at", "-pk")
        .defer("marks")
        .first()
    )


def due(at: datetime) -> list[DataSet]:
    """What has to be built now: no snapshot since the last due instant, and no failure a moment ago."""
    found = []
    tried = Snapshot.objects.filter(state=State.FAILED, began_at__gt=timezone.now() - _PATIENCE)
    failed = set(tried.values_list("dataset", "version"))
    ready = Snapshot.objects.filter(state=State.READY, cut_at__gte=last_due(at))
    done = set(ready.values_list("dataset", "version"))
    for versions in catalogue.served(district_day(at)).values():
        found += [one for one in versions if (one.code, one.version) not in failed | done]
    return found


def build_due(*, at: datetime) -> int:
    """Build whatever is due; how many were built."""
    _give_up_on_the_dead()
    return len(build(due(at), at=at))


def build(datasets: Sequence[DataSet], *, at: datetime) -> list[Snapshot]:
    """Snapshots of these data sets, all as of `at` and read from one state of the database: what is folded,
    sent or closed meanwhile is in none of them, so that they can be joined. One that fails says so in its
    row, and the others are made all the same."""
    begun = [(dataset, row) for dataset in datasets if (row := _begin(dataset, at)) is not None]
    files: list[SnapshotFile] = []
    outermost = not connection.in_atomic_block
    with TemporaryDirectory(prefix="datasets-") as folder:
        with transaction.atomic():
            if outermost:  # within somebody's transaction it is that one's state
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for dataset, row in begun:
                with _alone(row):
                    _write(dataset, row, _place(folder, row))
        # The storage may be another machine's: no transaction waits for it.
        for _dataset, row in begun:
            if row.state != State.FAILED:
                with _alone(row):
                    files += _keep(row, _place(folder, row))
                    row.state = State.READY
    with transaction.atomic():
        for _dataset, row in begun:
            row.finished_at = timezone.now()
            row.save()
        SnapshotFile.objects.bulk_create(files)
    done = [(dataset, row) for dataset, row in begun if row.state == State.READY]
    for dataset, _row in done:
        _remove_old(dataset)
    return [row for _dataset, row in done]


def _place(folder: str, row: Snapshot) -> Path:
    return Path(folder) / str(row.pk)


@contextmanager
def _alone(row: Snapshot) -> Iterator[None]:
    """Whatever one data set breaks with, the others are made."""
    try:
        yield
    except Exception as error:
        log.exception("data set %s could not be built", row.dataset)
        row.state, row.error = State.FAILED, type(error).__name__[:80]


def _begin(dataset: DataSet, at: datetime) -> Snapshot | None:
    """The row of a new snapshot; None where somebody builds one now: a constraint decides."""
    try:
        with transaction.atomic():
            return Snapshot.objects.create(
                dataset=dataset.code, version=dataset.version, cut_at=at, began_at=timezone.now()
            )
    except IntegrityError:
        return None


def _give_up_on_the_dead() -> None:
    """A build that has not ended by now was killed: its worker may run no longer than that. What it had put
    into the storage goes: no row knows of it."""
    long_ago = timezone.now() - timedelta(seconds=TIME_LIMIT)
    for row in Snapshot.objects.filter(state=State.BUILDING, began_at__lt=long_ago).defer("marks"):
        row.state, row.error, row.finished_at = State.FAILED, "stopped", timezone.now()
        row.save(update_fields=["state", "error", "finished_at"])
        try:
            _folders, left = default_storage.listdir(_folder(row))
        except FileNotFoundError:
            continue  # it had come to nothing yet
        _remove([f"{_folder(row)}/{name}" for name in left])


def _folder(row: Snapshot) -> str:
    """Where its files are in the storage."""
    return f"datasets/{row.dataset}/v{row.version}/{row.pk}"


def _write(dataset: DataSet, row: Snapshot, folder: Path) -> None:
    folder.mkdir()
    cut = Cut(row.cut_at, district_day(row.cut_at))
    with transaction.atomic():  # a statement that fails leaves the state that the others are read from
        written = writing.write(dataset, cut, folder)
    row.rows = written.rows
    row.by_domain = dict(sorted(written.by_domain.items()))
    row.marks = [list(mark) for mark in written.marks]
    row.withheld, row.suppressed = cut.withheld, cut.suppressed[0]


def _keep(snapshot: Snapshot, folder: Path) -> list[SnapshotFile]:
    """Put the files into the storage; what was put there before a failure is taken out again."""
    files: list[SnapshotFile] = []
    try:
        for format in SnapshotFile.Format.values:
            path = folder / f"data.{format}"
            size, sha256 = writing.digest(path)
            with path.open("rb") as file:
                kept = default_storage.save(f"{_folder(snapshot)}/{snapshot.dataset}.{format}", File(file))
            files.append(SnapshotFile(snapshot=snapshot, format=format, name=kept, size=size, sha256=sha256))
    except Exception:  # storages have errors of their own
        _remove([file.name for file in files])
        raise
    return files


def _remove_old(dataset: DataSet) -> None:
    """Keep the newest few: whoever pages through the one before can finish."""
    ready = Snapshot.objects.filter(dataset=dataset.code, version=dataset.version, state=State.READY)
    kept = list(ready.order_by("-cut_at", "-pk").values_list("pk", flat=True)[: settings.DATASETS_KEPT])
    old = SnapshotFile.objects.filter(
        snapshot__in=ready.exclude(pk__in=kept).values("pk"), removed_at__isnull=True
    )
    names = list(old.values_list("name", flat=True))
    old.update(removed_at=timezone.now())
    _remove(names)
    # Marks of files that are gone lead nowhere.
    ready.exclude(pk__in=kept).exclude(marks=[]).update(marks=[])


def _remove(names: Iterable[str]) -> None:
    for name in names:
        try:
            default_storage.delete(name)
        except Exception:  # the others go all the same
            log.exception("%s could not be removed", name)
