"""What workers do with a file: read it, check its parts, take them in, and end it.

A part is held by a lock of the worker's session and not of a transaction: intake commits its batch itself. A
worker that is killed loses the lock with its connection, and the next one begins the part again. What the
first one had committed answers as being there already, and is known as this import's by the instant at which
it was received: each try writes down its instant before it begins.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from dispatch.spreadsheets.columns import find_heading
from dispatch.spreadsheets.grid import Grid, TableError
from dispatch.spreadsheets.reading import Table, open_table
from incidents.bulk import checking, imports, lines, taking
from incidents.bulk.fields import NAMES, as_kept, heading_of
from incidents.errors import InvalidInput
from incidents.models import BulkImport, BulkPart

State = BulkImport.State

TRIES: Final = 3  # of a file or of a part that ends its worker, before it is given up
_FILE_LOCK, _PART_LOCK = 6, 7  # of this product's advisory locks
_HEAD: Final = 60  # lines that show which sheet is meant
_LOOKED_AT: Final = 20  # parts that others may hold, before there is nothing for this worker

log = logging.getLogger(__name__)


def step(*, at: datetime) -> int:
    """Take one step of whatever waits; 0: there is nothing to do."""
    return _read_one(at=at) or _end_one(at=at) or _do_one_part(at=at) or _forget_one(at=at)


def read_now(bulk: BulkImport, *, at: datetime) -> None:
    """Read a small file within the request that brought it."""
    if bulk.file_size <= imports.AT_ONCE_BYTES:
        with _held(_FILE_LOCK, bulk.pk) as is_ours:
            if is_ours:
                _read(bulk.pk, at=at)
    bulk.refresh_from_db()


# --- the file -------------------------------------------------------------------------------------------


def _read_one(*, at: datetime) -> int:
    for pk in BulkImport.objects.filter(state=State.READING).order_by("pk").values_list("pk", flat=True):
        with _held(_FILE_LOCK, pk) as is_ours:
            if is_ours and _read(pk, at=at):
                return 1
    return 0


def _read(pk: int, *, at: datetime) -> bool:
    """Read the file into parts; False where it waits no more."""
    waiting = BulkImport.objects.filter(pk=pk, state=State.READING)
    bulk = waiting.select_related("file", "created_by", "client").first()
    if bulk is None:
        return False
    with override(bulk.language):
        waiting.update(tries=bulk.tries + 1)
        if bulk.tries >= TRIES:
            return _fail(bulk, _("Reading this file has ended the worker several times."))
        try:
            table = open_table(
                lines.opened_file(bulk.file.sealed), most=imports.FILE_BYTES_MOST, bounds=imports.BOUNDS
            )
            grid = _grid_of(table, bulk)
            return _keep(bulk, table, grid, at=at)
        except TableError as error:
            return _fail(bulk, str(error))
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # a file that nobody has thought of must not stop those behind it
            log.exception("import %s could not be read", pk)
            return _fail(bulk, _("Something unexpected is in this file; the log of the worker has more."))


def _grid_of(table: Table, bulk: BulkImport) -> Grid:
    """The sheet that was asked for, else the one whose heading has most columns of ours."""
    sheet = bulk.sheet if bulk.sheet in table.sheets else table.sheets[0]
    if bulk.sheet not in table.sheets and len(table.sheets) > 1:

        def known(name: str) -> int:
            heading = find_heading(table.grid(name, most=_HEAD), None, NAMES)
            return len(imports.suggest(heading, NAMES)) if heading else -1

        sheet = max(table.sheets, key=known)
    return table.grid(sheet)


@transaction.atomic(durable=True)
def _keep(bulk: BulkImport, table: Table, grid: Grid, *, at: datetime) -> bool:
    held = BulkImport.objects.select_for_update(no_key=True, of=("self",)).get(pk=bulk.pk)
    if held.state != State.READING:
        return True  # dropped meanwhile
    heading = find_heading(grid, bulk.heading.get("row"), NAMES)
    if heading is None or len(grid.lines) < 2:
        raise TableError("empty", _("The sheet has no rows below a heading."))
    held.parts.all().delete()
    BulkPart.objects.bulk_create(
        BulkPart(bulk=held, position=position, size=len(some), rows=lines.packed(some))
        for position, some in enumerate(lines.in_parts(grid.lines))
    )
    held.sheets, held.sheet, held.lines = list(table.sheets), grid.sheet, len(grid.lines)
    held.heading, held.digest = as_kept(heading), lines.digest_of(grid.lines)
    held.mapping, held.state, held.tries = {}, State.MAPPING, 0
    held.save()
    if held.starts_itself:
        _map_itself(held, at=at)
    return True


def _map_itself(bulk: BulkImport, *, at: datetime) -> None:
    """A program's file: read as told, as remembered, or as its headings tell."""
    columns, options, _kept = imports.suggested(bulk)
    named = bulk.options.get("columns")
    heading = heading_of(bulk.heading)
    if named and heading is not None:
        columns = {
            heading.labels.index(label): name for label, name in named.items() if label in heading.labels
        }
    try:
        imports.check_columns(columns)
    except InvalidInput as error:
        bulk.state, bulk.failure = State.FAILED, str(error)[:300]
        bulk.save(update_fields=["state", "failure"])
        imports.forget_rows(bulk)
        return
    bulk.mapping = {str(column): name for column, name in sorted(columns.items())}
    bulk.options = {**imports.DEFAULT_OPTIONS, **options}
    imports.ask_check(bulk, at=at)


@transaction.atomic(durable=True)
def _fail(bulk: BulkImport, why: str) -> bool:
    if BulkImport.objects.filter(pk=bulk.pk, state=State.READING).update(
        state=State.FAILED, failure=why[:300]
    ):
        imports.forget_rows(bulk)
    return True


# --- its parts ------------------------------------------------------------------------------------------


def _do_one_part(*, at: datetime) -> int:
    waiting = BulkPart.objects.filter(
        Q(bulk__state=State.CHECKING, checked_at__isnull=True)
        | Q(bulk__state=State.RUNNING, done_at__isnull=True)
    )
    found = waiting.order_by("bulk_id", "position").values_list("pk", flat=True)[:_LOOKED_AT]
    for pk in list(found):
        with _held(_PART_LOCK, pk) as is_ours:
            # As it is now that nobody else can have it in hand.
            part = waiting.filter(pk=pk).select_related("bulk__created_by", "bulk__client").first()
            if not is_ours or part is None:
                continue
            if part.bulk.state == State.CHECKING:
                _check(part, at=at)
            else:
                _take(part, at=at)
            return 1
    return 0


def _check(part: BulkPart, *, at: datetime) -> None:
    try:
        checking.check_part(part, at=at)
    except (OperationalError, InterfaceError):
        raise  # the database is away: no fault of the part's
    except Exception:  # it must not stop the files behind it: tried again, then its file is given up
        log.exception("part %s of an import could not be checked", part)
        _give_up_check(part)


@transaction.atomic(durable=True)
def _give_up_check(part: BulkPart) -> None:
    held = BulkImport.objects.select_for_update(no_key=True).get(pk=part.bulk_id)
    if held.state != State.CHECKING or held.asked_at != part.bulk.asked_at:
        return  # asked for anew meanwhile, or dropped
    held.tries += 1
    if held.tries >= TRIES:
        held.state = State.FAILED
        with override(held.language):
            held.failure = _("Something unexpected is in this file; the log of the worker has more.")
        imports.forget_rows(held)
    held.save(update_fields=["tries", "state", "failure"])


def _take(part: BulkPart, *, at: datetime) -> None:
    part.tried = [*part.tried, at.isoformat()]
    part.save(update_fields=["tried"])
    try:
        taking.take_part(part, is_last_try=len(part.tried) > TRIES, at=at)
    except (OperationalError, InterfaceError):
        raise  # the database is away: no fault of the part's
    except Exception:
        log.exception("part %s of an import failed", part)  # the next step tries it again, or gives it up


@transaction.atomic(durable=True)
def _end_one(*, at: datetime) -> int:
    """Add up the parts of one of which none is left to do."""
    unchecked = BulkPart.objects.filter(bulk=OuterRef("pk"), checked_at__isnull=True)
    undone = BulkPart.objects.filter(bulk=OuterRef("pk"), done_at__isnull=True)
    over = BulkImport.objects.filter(
        Q(~Exists(unchecked), state=State.CHECKING) | Q(~Exists(undone), state=State.RUNNING)
    )
    bulk = over.order_by("pk").select_for_update(skip_locked=True, no_key=True).first()
    if bulk is None:
        return 0
    if bulk.state == State.RUNNING:
        bulk.state, bulk.finished_at, bulk.result = State.DONE, at, imports.totals(bulk)
        bulk.save(update_fields=["state", "finished_at", "result"])
        return 1
    bulk.counts = checking.add_up(bulk)
    bulk.state, bulk.checked_at = State.READY, at
    bulk.save(update_fields=["counts", "state", "checked_at"])
    if bulk.starts_itself:
        imports.begin_running(bulk, at=at)
    return 1


def _forget_one(*, at: datetime) -> int:
    """Erase what nobody needs any more: rows that a stopped import left, and all after some days."""
    left = Q(bulk__state=State.CANCELLED, done_at__isnull=True) & ~Q(rows=b"")
    part = BulkPart.objects.filter(left).order_by("pk").values_list("pk", flat=True).first()
    if part is not None:
        with _held(_PART_LOCK, part) as is_ours:
            if is_ours:
                return BulkPart.objects.filter(left, pk=part).update(rows=b"", problems=[])
    return _forget_old(at=at)


@transaction.atomic(durable=True)
def _forget_old(*, at: datetime) -> int:
    until = at - imports.KEPT_FOR
    held = BulkPart.objects.filter(bulk=OuterRef("pk")).exclude(rows=b"", rejects=b"")
    over = Q(state__in=(State.DONE, State.CANCELLED), finished_at__lt=until)
    waits = Q(state__in=(State.MAPPING, State.READY), asked_at__lt=until)
    found = BulkImport.objects.filter(Q(over | waits), Exists(held)).order_by("pk")
    bulk = found.select_for_update(skip_locked=True, no_key=True).first()
    if bulk is None:
        return 0
    if not bulk.is_over:
        bulk.state, bulk.finished_at = State.DROPPED, at
        bulk.save(update_fields=["state", "finished_at"])
    imports.forget_rows(bulk)
    return 1


def in_hand(bulk: BulkImport) -> tuple[bool, bool]:
    """Does a worker hold this file or a part of it now, and does one hold any at all? One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(bool_or(classid = %s AND objid::bigint = %s OR classid = %s AND objid::bigint IN"
            " (SELECT id %% 2147483648 FROM incidents_bulkpart WHERE bulk_id = %s)), false), count(*) > 0"
            " FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
            " AND classid IN (%s, %s)"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [_FILE_LOCK, bulk.pk % 2**31, _PART_LOCK, bulk.pk, _FILE_LOCK, _PART_LOCK],
        )
        ours, anybodys = cursor.fetchone()
    return bool(ours), bool(anybodys)


@contextmanager
def _held(kind: int, pk: int) -> Iterator[bool]:
    """Hold something for this session, outside any transaction; False where another worker has it."""
    key = [kind, pk % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
