"""批量导入, as people do it: send a file, say what its columns are, look, begin, stop, forget.

Nothing is written of a report before somebody has seen what would come of it. Who may: the district's desk
(operators, dispatchers, supervisors), and a program for its own source.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Max, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiClient, User
from dispatch.spreadsheets.columns import repeated, suggest
from dispatch.spreadsheets.grid import TableError
from dispatch.spreadsheets.reading import open_table
from dispatch.spreadsheets.xlsx import Bounds, PartBound
from dispatch.vocabulary import Source
from grids.coordinates import GCJ02, SYSTEMS
from incidents import policy
from incidents.bulk.fields import FIELDS, NAMES, heading_of, signature_of
from incidents.bulk.lines import seal_file
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BulkFile, BulkImport, BulkMapping, BulkPart

State = BulkImport.State

ROWS_MOST: Final = 100_000
FILE_BYTES_MOST: Final = 32 * 1024 * 1024
# What a person's request reads itself; anything larger is a worker's.
AT_ONCE_BYTES: Final = 200_000
# A hundred thousand rows of twenty cells, with titles and headings above them.
BOUNDS: Final = Bounds(
    ROWS_MOST + 100, 384 * 1024 * 1024, PartBound(256 * 1024 * 1024, 12_000_000, 12_000_000)
)
# What was refused stays for so long after the end, and what nobody came back to before it began.
KEPT_FOR: Final = timedelta(days=7)
# The doors whose reports come in files. An old system of another district's is what its reports were.
SOURCES: Final = (Source.HOTLINE, Source.LETTER_VISIT, Source.COUNCIL, Source.CITY_APP, Source.PATROL)
DEFAULT_OPTIONS: Final[Mapping[str, Any]] = {"crs": GCJ02, "leave_out_over": True}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a file: a person, or another system's token."""

    user: User | None = None
    client: ApiClient | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        if self.client is not None:
            return (self.client.source,)
        return tuple(SOURCES) if self.user is not None and may_import(self.user) else ()

    def guard(self) -> None:
        if not self.sources:
            raise ActionRefused("not_allowed", _("Your role does not allow this."))


def may_import(user: User) -> bool:
    """The district's desk takes files in; a street's and a unit's people do not."""
    return policy.speaks_for_sources(user)


def visible(sender: Sender) -> QuerySet[BulkImport]:
    """The imports that may be looked at: the district's desk sees all, a program its own."""
    found = BulkImport.objects.select_related("created_by", "client")
    if sender.client is not None:
        return found.filter(client=sender.client)
    return found if sender.sources else found.none()


def sees_people(bulk: BulkImport, sender: Sender) -> bool:
    """Are the people in a file shown? To who sent it; everybody else sees them starred."""
    if sender.client is not None:
        return bulk.client_id == sender.client.pk
    return sender.user is not None and bulk.created_by_id == sender.user.pk


@transaction.atomic(durable=True)
def begin(
    *,
    source: str,
    file_name: str,
    data: bytes,
    language: str,
    by: Sender,
    at: datetime,
    starts_itself: bool = False,
    options: Mapping[str, Any] | None = None,
) -> BulkImport:
    """Keep a file, to be read by a worker. Raises TableError, InvalidInput, ActionRefused."""
    by.guard()
    if source not in by.sources:
        raise InvalidInput("source", "not_your_source", _("You may not file for this source."))
    if len(data) > FILE_BYTES_MOST:
        told = {"most": FILE_BYTES_MOST // 1024 // 1024}
        raise TableError("file_size", str(_("The file is larger than %(most)d MB.") % told))
    if file_name.casefold().endswith((".xlsx", ".xlsm")) and not data.startswith((b"PK", b"\xd0\xcf")):
        raise TableError("not_excel", str(_("This file is called an Excel workbook and is none.")))
    if len(data) <= AT_ONCE_BYTES or data.startswith(b"\xd0\xcf"):
        # What is plainly no sheet is said at once.
        table = open_table(data)
        if not any(table.grid(sheet, most=1).lines for sheet in table.sheets):
            raise TableError("empty", str(_("The file is empty.")))
    made = BulkImport.objects.create(
        source=source,
        file_name=_short(file_name),
        file_size=len(data),
        language=language,
        created_by=by.user,
        client=by.client,
        created_at=at,
        asked_at=at,
        starts_itself=starts_itself,
        options=dict(options or {}),
    )
    BulkFile.objects.create(bulk=made, sealed=seal_file(data))
    return made


@transaction.atomic(durable=True)
def read_otherwise(*, bulk: BulkImport, sheet: str, row: int | None, by: Sender, at: datetime) -> BulkImport:
    """Let another sheet be read, or another row be the heading. Raises InvalidInput, ActionRefused."""
    held = _hold(bulk, by, State.MAPPING, State.READY, State.FAILED)
    if sheet not in held.sheets:
        raise InvalidInput("sheet", "unknown", _("The workbook has no such sheet."))
    held.sheet, held.heading = sheet, {"row": row} if row else {}
    _wait(held, State.READING, at)
    return held


@transaction.atomic(durable=True)
def map_columns(
    *, bulk: BulkImport, columns: Mapping[int, str], options: Mapping[str, Any], by: Sender, at: datetime
) -> BulkImport:
    """Say what each column is, and let every row be checked. Raises InvalidInput, ActionRefused."""
    held = _hold(bulk, by, State.MAPPING, State.READY)
    check_columns(columns)
    if options.get("crs", GCJ02) not in SYSTEMS:
        raise InvalidInput("crs", "unknown", _("The coordinate system must be WGS-84, GCJ-02 or BD-09."))
    held.mapping = {str(column): name for column, name in sorted(columns.items())}
    held.options = {**DEFAULT_OPTIONS, **options}
    remember(held, at=at)
    ask_check(held, at=at)
    return held


@transaction.atomic(durable=True)
def start(*, bulk: BulkImport, by: Sender, at: datetime) -> BulkImport:
    """Take in what was checked; rows with problems stay out. Raises ActionRefused."""
    held = _hold(bulk, by, State.READY)
    if not held.counts.get("good"):
        raise ActionRefused("nothing", _("No row of this file can be taken in."))
    begin_running(held, at=at)
    return held


@transaction.atomic(durable=True)
def cancel(*, bulk: BulkImport, by: Sender, at: datetime) -> BulkImport:
    """Begin no further part: what is in stays, the rest is forgotten. Raises ActionRefused."""
    held = _hold(bulk, by, State.RUNNING)
    held.state, held.finished_at, held.result = State.CANCELLED, at, totals(held)
    held.save(update_fields=["state", "finished_at", "result"])
    BulkFile.objects.filter(bulk=held).delete()
    return held


@transaction.atomic(durable=True)
def drop(*, bulk: BulkImport, by: Sender, at: datetime) -> BulkImport:
    """Forget a file of which nothing was taken in. Raises ActionRefused."""
    held = _hold(bulk, by, State.READING, State.MAPPING, State.CHECKING, State.READY, State.FAILED)
    held.state, held.finished_at = State.DROPPED, at
    held.save(update_fields=["state", "finished_at"])
    forget_rows(held)
    return held


@transaction.atomic(durable=True)
def forget_rejects(*, bulk: BulkImport, by: Sender, at: datetime) -> BulkImport:
    """Erase the rows that were refused: they are mended. Raises ActionRefused."""
    held = _hold(bulk, by, State.DONE, State.CANCELLED)
    forget_rows(held)
    return held


# --- shared with the worker -----------------------------------------------------------------------------


def check_columns(columns: Mapping[int, str]) -> None:
    """Raise InvalidInput for a mapping by which nothing can be read."""
    if not set(columns.values()) <= set(FIELDS):
        raise InvalidInput("columns", "unknown_field", _("There is no such field."))
    if repeated(columns, ()):
        raise InvalidInput("columns", "repeated", _("Two columns cannot be the same field."))
    if not {"text", "title"} & set(columns.values()):
        raise InvalidInput("columns", "required", _("One column has to be what was said."))


def suggested(bulk: BulkImport) -> tuple[dict[int, str], dict[str, Any], BulkMapping | None]:
    """Where the mapping begins: as such a sheet of this source was read last, else as its headings tell."""
    heading = heading_of(bulk.heading)
    if heading is None:
        return {}, dict(DEFAULT_OPTIONS), None
    if bulk.mapping:
        return {int(c): name for c, name in bulk.mapping.items()}, dict(bulk.options), None
    kept = (
        BulkMapping.objects.select_related("used_by")
        .filter(source=bulk.source, signature=signature_of(heading.labels))
        .first()
    )
    if kept is None:
        return suggest(heading, NAMES), {**DEFAULT_OPTIONS, **bulk.options}, None
    return {int(c): name for c, name in kept.mapping.items()}, {**kept.options, **bulk.options}, kept


def remember(bulk: BulkImport, *, at: datetime) -> None:
    """Keep how this sheet is read for the next one with its headings."""
    heading = heading_of(bulk.heading)
    assert heading is not None
    BulkMapping.objects.update_or_create(
        source=bulk.source,
        signature=signature_of(heading.labels),
        defaults={
            "mapping": bulk.mapping,
            "options": bulk.options,
            "used_at": at,
            "used_by": bulk.created_by,
        },
    )


def ask_check(bulk: BulkImport, *, at: datetime) -> None:
    """Set a held import to be checked from its first part on."""
    bulk.parts.update(checked_at=None, problems=[], numbers=[], repeats={}, counts={})
    bulk.counts = {}
    _wait(bulk, State.CHECKING, at)


def begin_running(bulk: BulkImport, *, at: datetime) -> None:
    """Set a held import to be taken in."""
    bulk.started_at = at
    _wait(bulk, State.RUNNING, at)
    BulkFile.objects.filter(bulk=bulk).delete()


def totals(bulk: BulkImport) -> dict[str, int]:
    """What came of the rows so far, over all parts, and within those that are in hand."""
    told: dict[str, int] = {}
    for result in bulk.parts.values_list("result", flat=True):
        for name, count in result.items():
            told[name] = told.get(name, 0) + count
    return told


def lines_done(bulk: BulkImport) -> int:
    """Lines of the parts that are checked, or taken in: whatever it is at; and of the part in hand."""
    field = "done_at" if bulk.state == State.RUNNING else "checked_at"
    done = bulk.parts.filter(**{f"{field}__isnull": False}).aggregate(done=Sum("size"))["done"] or 0
    if bulk.state != State.RUNNING:
        return int(done)
    in_hand = bulk.parts.filter(done_at__isnull=True).exclude(result={}).values_list("result", flat=True)
    return int(done) + sum(sum(result.values()) for result in in_hand)


def last_sign(bulk: BulkImport) -> datetime | None:
    """When a worker last ended a part of it; else since when it waits for one."""
    if bulk.state == State.RUNNING:
        return bulk.parts.aggregate(last=Max("done_at"))["last"] or bulk.started_at
    if bulk.state == State.CHECKING:
        return bulk.parts.aggregate(last=Max("checked_at"))["last"] or bulk.asked_at
    return bulk.asked_at


def same_table(bulk: BulkImport) -> BulkImport | None:
    """The newest import of the very same table that was taken in, where there is one."""
    if not bulk.digest:
        return None
    return (
        BulkImport.objects.filter(source=bulk.source, digest=bulk.digest)
        .filter(Q(state=State.DONE) | Q(state=State.CANCELLED))
        .exclude(pk=bulk.pk)
        .select_related("created_by", "client")
        .first()
    )


def forget_rows(bulk: BulkImport) -> None:
    """Erase everything that its rows say."""
    BulkFile.objects.filter(bulk=bulk).delete()
    BulkPart.objects.filter(bulk=bulk).update(rows=b"", rejects=b"", problems=[], numbers=[])


def _hold(bulk: BulkImport, by: Sender, *states: BulkImport.State) -> BulkImport:
    """The import, held until this is written. Raises ActionRefused where it is past `states`."""
    by.guard()
    held = visible(by).select_for_update(no_key=True, of=("self",)).get(pk=bulk.pk)
    if held.state not in states:
        raise ActionRefused("done", _("This import is no longer there: look at it again."))
    return held


def _wait(bulk: BulkImport, state: BulkImport.State, at: datetime) -> None:
    bulk.state, bulk.asked_at, bulk.tries, bulk.failure = state, at, 0, ""
    bulk.save()


def _short(name: str) -> str:
    """A file's name without a path, of which the end is kept."""
    return name.replace("\\", "/").rpartition("/")[2][-120:] or "-"
