"""Checking spreadsheets outside any request: a worker reads, compares, and keeps what the preview shows.

It holds the import by a lock of its session, so that the progress it writes can be seen while it works;
where its process dies the lock goes with it, and the next worker begins again.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import OrgUnit
from dispatch import lists
from dispatch.errors import ListRefused
from dispatch.item_rules import known
from dispatch.models import (
    Category,
    ImportedItem,
    ImportRemark,
    ListImport,
    ResponsibilityItem,
    ResponsibilityList,
)
from dispatch.spreadsheets.cells import CategoryNames, Remark
from dispatch.spreadsheets.columns import find_heading
from dispatch.spreadsheets.grid import TableError
from dispatch.spreadsheets.plan import District, Plan, Reading, Target, make_plan
from dispatch.spreadsheets.reading import open_table
from dispatch.spreadsheets.unit_names import UnitNames
from dispatch.spreadsheets.vocabulary_words import Vocabulary
from dispatch.stewards import is_district_steward, units_kept

State, Step = ListImport.State, ListImport.Step
_LOCK = 3  # of this product's advisory locks: 1 is the same thing (intake), 2 is driving (incidents)
_TRIES = 3
_PROBLEMS_KEPT = 20_000
_TELL_EVERY = 0.3  # seconds between two words about progress

log = logging.getLogger(__name__)


def check_next(*, at: datetime) -> bool:
    """Check one import that waits or whose worker has died; False where there is none."""
    waiting = ListImport.objects.filter(state__in=(State.WAITING, State.CHECKING)).order_by("asked_at", "pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        with _held(pk) as is_ours:
            run = _taken_up(pk) if is_ours else None
            if run is not None:
                _check(run, at)
                return True
    return False


@contextmanager
def _held(pk: int) -> Iterator[bool]:
    """Hold an import for this session, outside any transaction; False where another worker has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, pk])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, pk])


@transaction.atomic(durable=True)
def _taken_up(pk: int) -> ListImport | None:
    """The import as it is to be read now, marked as this worker's; None where it waits no more.

    What it says and the mark are one: whoever says it anew, or drops it, comes before both or after both.
    """
    waiting = ListImport.objects.filter(pk=pk, state__in=(State.WAITING, State.CHECKING))
    run = waiting.select_for_update(no_key=True).first()
    if run is not None:
        run.state, run.attempt, run.tries = State.CHECKING, run.attempt + 1, run.tries + 1
        run.save(update_fields=["state", "attempt", "tries"])
    return run


def _check(run: ListImport, at: datetime) -> None:
    began = time.monotonic()
    with override(run.language):
        if run.tries > _TRIES:
            _fail(run, _("Checking this file has ended the worker several times."))
            return
        try:
            plan = _planned(run, at)
        except (TableError, ListRefused) as error:
            _fail(run, str(error))
        except Exception:
            # A file that nobody has thought of must not stop the files behind it.
            log.exception("import %s could not be checked", run.pk)
            _fail(run, _("Something unexpected is in this file; the log of the worker has more."))
        else:
            _keep(run, plan, at=at, took=time.monotonic() - began)


def _planned(run: ListImport, at: datetime) -> Plan:
    told = _Progress(run)
    told(Step.READING, 0, 0)
    grid = open_table(bytes(run.file.data)).grid(run.sheet)
    heading = find_heading(grid, run.heading_row)
    if heading is None:
        raise ListRefused("heading", _("There is no heading in row %(row)s.") % {"row": run.heading_row})
    base = run.target or ResponsibilityList.objects.live(at).get()
    # The revision before the items: an edit in between makes the preview stale, not wrong.
    run.base, run.base_revision = base, ResponsibilityList.objects.get(pk=base.pk).revision
    reading = Reading(
        heading,
        {int(column): name for column, name in run.mapping.items()},
        days_are_working=bool(run.options.get("days_are_working")),
        defaults=run.options.get("defaults", {}),
    )
    return make_plan(
        grid, reading, _target(run, base), _district(), lambda done, total: told(Step.COMPARING, done, total)
    )


def _target(run: ListImport, base: ResponsibilityList) -> Target:
    by = run.created_by
    everything = is_district_steward(by)
    before: dict[str, str] = {}
    if not everything and run.target is not None and base.based_on_id:
        before = dict(
            ResponsibilityItem.objects.filter(list_id=base.based_on_id).values_list("code", "lead_unit")
        )
    return Target(
        items=lists.items_of(base.pk),
        used_codes=frozenset(ResponsibilityItem.objects.values_list("code", flat=True).distinct()),
        kept_units=None if everything else units_kept(by),
        former_leads=before,
    )


def _district() -> District:
    told = known()
    name = OrgUnit.objects.filter(kind=OrgUnit.Kind.DISTRICT).values_list("name_zh", flat=True).first() or ""
    categories = CategoryNames(Category.objects.in_use().values_list("code", "name_zh", "name_en"))
    return District(told, UnitNames(told.units, district=name), categories, Vocabulary())


class _Progress:
    """Writes how far a check is, now and then; stops it where another worker has taken its place."""

    def __init__(self, run: ListImport) -> None:
        self._run = run
        self._told_at = 0.0

    def __call__(self, step: ListImport.Step, done: int, total: int) -> None:
        now = time.monotonic()
        if step == self._run.step and now - self._told_at < _TELL_EVERY and done < total:
            return
        self._told_at, self._run.step = now, step
        _mine(self._run).update(step=step, done=done, total=total)


def _mine(run: ListImport) -> QuerySet[ListImport]:
    """The row, as long as this attempt at it is the last."""
    return ListImport.objects.filter(pk=run.pk, state=State.CHECKING, attempt=run.attempt)


def _fail(run: ListImport, why: str) -> None:
    _mine(run).update(state=State.FAILED, failure=why[:300])


@transaction.atomic(durable=True)
def _keep(run: ListImport, plan: Plan, *, at: datetime, took: float) -> None:
    held = _mine(run).select_for_update().first()
    if held is None:  # asked for anew, or dropped, meanwhile
        return
    ImportedItem.objects.filter(list_import=held).delete()
    ImportRemark.objects.filter(list_import=held).delete()
    ImportedItem.objects.bulk_create(
        [
            ImportedItem(
                list_import=held,
                row=one.row,
                code=one.code,
                kind=one.kind,
                values=one.values,
                changes=one.changes,
                is_numbered=one.is_numbered,
            )
            for one in [*plan.planned, *plan.missing]
        ],
        batch_size=1_000,
    )
    remarks = [_remark(held, one, is_problem=True) for one in plan.problems[:_PROBLEMS_KEPT]]
    ImportRemark.objects.bulk_create(remarks + _gathered(held, plan.notes), batch_size=1_000)
    held.state, held.counts, held.checked_at, held.took_ms = (
        State.CHECKED,
        plan.counts(),
        at,
        int(took * 1000),
    )
    held.base, held.base_revision = run.base, run.base_revision
    held.save()


def _remark(run: ListImport, one: Remark, *, is_problem: bool, times: int = 1) -> ImportRemark:
    return ImportRemark(
        list_import=run,
        is_problem=is_problem,
        row=one.row,
        column=one.column,
        field=one.field,
        code=one.code,
        message=one.message,
        times=times,
    )


def _gathered(run: ListImport, notes: Sequence[Remark]) -> list[ImportRemark]:
    """Each thing once, with how often: 住建局 is understood alike in two thousand cells."""
    told: dict[tuple[str, str, str], ImportRemark] = {}
    for note in notes:
        key = (note.field, note.code, note.message)
        if key in told:
            told[key].times += 1
        else:
            told[key] = _remark(run, note, is_problem=False)
    return list(told.values())
