"""Importing a sheet into a register: kept, checked, shown, and written whole or not at all.

A small file is checked and written in the request; a large one by the worker that checks lists, so that no
page waits for it. What is written is checked again in the same transaction: between the preview and the
button the register may have changed.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.audit import actor
from accounts.identity.where import Where
from accounts.models import User
from accounts.people import keeping as people_keeping
from accounts.refusals import NotAllowed, NotTaken
from accounts.roles import Role
from accounts.viewer import viewer_of
from dispatch.errors import ListRefused
from dispatch.models import RegisterImport
from dispatch.registers import areas, categories, facilities, people, places, units
from dispatch.registers.plan import Plan
from dispatch.spreadsheets.delimited import read_delimited
from dispatch.spreadsheets.grid import Grid, TableError
from dispatch.spreadsheets.reading import open_table
from dispatch.stewards import is_district_steward
from grids.models import Facility, NamedPlace

State, Register = RegisterImport.State, RegisterImport.Register
# A census of facilities: 200,000 rows as CSV. A workbook holds what a list may (20,000 rows, 10 MB).
BYTES_MOST: Final = 32 * 1024 * 1024
ROWS_MOST: Final = 250_000
# What is read within a request: about 2,000 rows.
AT_ONCE_BYTES: Final = 200_000
FORGOTTEN_AFTER: Final = timedelta(days=30)
PEOPLE_FORGOTTEN_AFTER: Final = timedelta(days=7)  # with every telephone number in clear
log = logging.getLogger(__name__)
# What a run keeps of its file; where it is not written none of it is needed any more.
_NOTHING: Final[dict[str, Any]] = {"data": None, "drawing": None, "sample": [], "problems": []}
_LOCK: Final = 5  # of this product's advisory locks: one import is written at a time

_REGISTERS: Final[dict[str, ModuleType]] = {
    Register.FACILITIES: facilities,
    Register.PLACES: places,
    Register.CATEGORIES: categories,
    Register.AREAS: areas,
    Register.UNITS: units,
    Register.PEOPLE: people,
}
# What is written within a request: so many rows, and a map where no more than so many things lie on it, which
# have to find their new cell.
_AT_ONCE_ROWS: Final = 2_000
# Of people and units, which are written one by one with all their rules: some ten statements each.
_AT_ONCE_DEEDS: Final = 200


def may_keep(user: User, register: str = Register.FACILITIES) -> bool:
    """Who keeps a register: administrators, and of facilities and names the district's stewards; of people
    the security administrator alone."""
    if register == Register.PEOPLE:
        return people_keeping.may_keep(user)
    if Role.ADMIN in viewer_of(user).roles:
        return True
    return register in (Register.FACILITIES, Register.PLACES) and is_district_steward(user)


def visible(user: User) -> QuerySet[RegisterImport]:
    """The imports that this person may look at."""
    found = RegisterImport.objects.select_related("created_by").defer("data", "drawing")
    return found.filter(register__in=[one for one in Register.values if may_keep(user, one)])


def begin(
    *,
    register: str,
    file_name: str,
    data: bytes,
    language: str,
    by: User,
    at: datetime,
    crs: str = "",
    whole_of: str = "",
    reason: str = "",
) -> RegisterImport:
    """Keep a file, and check it: at once where it is small. Raises TableError, ListRefused."""
    if not may_keep(by, register):
        raise ListRefused("not_allowed", _("Your role does not allow this."))
    if not data.strip():
        raise TableError("empty", _("The file is empty."))
    if len(data) > BYTES_MOST:
        raise TableError("file_size", _("The file is larger than %(most)d MB.") % {"most": BYTES_MOST >> 20})
    with transaction.atomic(durable=True):
        run = RegisterImport.objects.create(
            register=register,
            file_name=file_name[-120:],
            data=data,
            language=language,
            crs=crs,
            whole_of=whole_of,
            reason=reason,
            created_by=by,
            created_at=at,
        )
    if len(data) <= AT_ONCE_BYTES:
        _work(run.pk, at=at)
        run.refresh_from_db()
    return run


def apply(*, run: RegisterImport, by: User, at: datetime) -> RegisterImport:
    """Write what the preview showed. Raises ListRefused where there is none, or it has problems."""
    if not may_keep(by, run.register):
        raise ListRefused("not_allowed", _("Your role does not allow this."))
    with transaction.atomic(durable=True):
        held = RegisterImport.objects.select_for_update(of=("self",)).defer("data").get(pk=run.pk)
        if held.state != State.CHECKED:
            raise ListRefused("not_checked", _("This import has no preview: check the file first."))
        if held.counts["problems"]:
            raise ListRefused(
                "problems", _("The file has problems: nothing of it is imported before they are mended.")
            )
        held.state, held.applied_by = State.APPLYING, by
        held.save(update_fields=["state", "applied_by"])
    if _is_soon_done(held):
        _work(held.pk, at=at)
    held.refresh_from_db(fields=["state", "counts", "problems", "failure", "done_at"])
    return held


def drop(*, run: RegisterImport, by: User, at: datetime) -> None:
    """Forget a file; nothing of it was imported. Raises ListRefused."""
    if not may_keep(by, run.register):
        raise ListRefused("not_allowed", _("Your role does not allow this."))
    open_states = (State.WAITING, State.CHECKED, State.FAILED)
    found = RegisterImport.objects.filter(pk=run.pk, state__in=open_states)
    if not found.update(state=State.DROPPED, done_at=at, **_NOTHING):
        raise ListRefused("done", _("This import is done with."))


def forget_old(*, at: datetime) -> int:
    """Files that nobody has written for so long go, with what was shown of them; answers how many."""
    old = Q(created_at__lt=at - FORGOTTEN_AFTER)
    old |= Q(created_at__lt=at - PEOPLE_FORGOTTEN_AFTER, register=Register.PEOPLE)
    gone, _by_table = RegisterImport.objects.filter(old).exclude(state=State.APPLIED).delete()
    return gone


def _is_soon_done(run: RegisterImport) -> bool:
    """Is it written while a page waits? With a new map every facility and every name looks for its cell."""
    if run.register == Register.AREAS:
        return Facility.objects.count() + NamedPlace.objects.count() <= _AT_ONCE_ROWS
    if run.register in (Register.UNITS, Register.PEOPLE):
        return bool(run.counts["added"] + run.counts["changed"] <= _AT_ONCE_DEEDS)
    return bool(run.counts["rows"] <= _AT_ONCE_ROWS)


def work_next(*, at: datetime) -> bool:
    """Check or write one import that waits; False where none does. For the worker. What a newer version of
    the product has sent waits for a worker of that version."""
    waiting = RegisterImport.objects.filter(state__in=(State.WAITING, State.APPLYING))
    pk = waiting.filter(register__in=list(_REGISTERS)).order_by("pk").values_list("pk", flat=True).first()
    return pk is not None and _work(pk, at=at)


def _work(pk: int, *, at: datetime) -> bool:
    """One step of an import, whatever goes wrong: the next tick would meet it again, and nothing behind it
    would move."""
    try:
        return _work_on(pk, at=at)
    except NotTaken:  # somebody was faster: what it would do now is looked at anew
        held = RegisterImport.objects.filter(pk=pk, state=State.APPLYING)
        held.update(state=State.WAITING, counts={})
        done = _work(pk, at=at)
        for run in RegisterImport.objects.filter(pk=pk, state=State.CHECKED).defer("data", "drawing"):
            run.counts["is_other"] = True
            run.save(update_fields=["counts"])
        return done
    except Exception:
        log.exception("Import %s into a register failed", pk)
        run = RegisterImport.objects.defer("data", "drawing").get(pk=pk)
        with override(run.language):
            if run.state == State.APPLYING:
                _fail(run, _("It could not be written, and nothing of it was. Send the file again."))
            else:
                _fail(run, _("The file could not be read to its end. Save it anew and send it again."))
        return True


def _fail(run: RegisterImport, words: str) -> None:
    run.state, run.failure = State.FAILED, words
    for name, value in _NOTHING.items():
        setattr(run, name, value)
    run.save(update_fields=["state", "failure", *_NOTHING])


def _work_on(pk: int, *, at: datetime) -> bool:
    """One step of an import, in one transaction: a worker that dies leaves it as it was."""
    with transaction.atomic(durable=True):
        # Skips what another worker has in hand.
        run = RegisterImport.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
        if run is None or not run.is_under_way or run.data is None:
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        by = run.applied_by or run.created_by
        with override(run.language):
            try:
                if run.state == State.APPLYING:
                    _hold(run, by)
                plan = _planned(run, by)
            except NotAllowed:
                _fail(run, _("Your role does not allow this."))
                return True
            except TableError as error:
                _fail(run, str(error)[:300])
                return True
        was_on = run.counts.get("basis", "")
        _keep(run, plan)
        if run.state == State.WAITING or plan.problem_count:
            run.state = State.CHECKED
        elif plan.basis != was_on:  # it would do something else by now: whoever applies it looks again
            run.state, run.counts["is_other"] = State.CHECKED, True
        else:
            actor.say(by.pk, Where())  # where a worker does it, no request of theirs says it
            with override(run.language):
                _write(run, plan, by=by, at=at)
            run.state, run.done_at, run.data, run.drawing = State.APPLIED, at, None, None
            if run.register == Register.PEOPLE:
                run.sample = []
        run.save()
    return True


def _hold(run: RegisterImport, by: User) -> None:
    """Keep the register as it is until the transaction ends. Raises NotAllowed."""
    match run.register:
        case Register.AREAS:
            areas.hold()
        case Register.CATEGORIES:
            categories.hold()
        case Register.UNITS:
            units.hold(by)
        case Register.PEOPLE:
            people.hold(by)


def _write(run: RegisterImport, plan: Plan, *, by: User, at: datetime) -> None:
    """Raises NotTaken."""
    if isinstance(plan, units.UnitPlan):
        units.write(plan, reason=run.file_name)
    elif isinstance(plan, people.PeoplePlan):
        people.write(plan, by=by, at=at, reason=run.reason)
    else:
        _REGISTERS[run.register].write(plan, at=at, by=by)


def _planned(run: RegisterImport, by: User) -> Plan:
    data = bytes(run.data or b"")
    if run.register == Register.AREAS:
        return areas.make_plan(data, crs=run.crs, whole_of=run.whole_of)
    make_plan: Callable[[Grid], Plan] = _REGISTERS[run.register].make_plan
    if run.register == Register.PEOPLE:
        make_plan = partial(people.make_plan, by=by)
    if data.startswith((b"PK", b"\xd0\xcf")):  # a workbook; open_table refuses the old format in words
        table = open_table(data)
        return make_plan(table.grid(table.sheets[0]))
    return make_plan(read_delimited(data, rows=ROWS_MOST))


def _keep(run: RegisterImport, plan: Plan) -> None:
    run.counts = plan.counts()
    run.problems = [list(problem) for problem in plan.problems]
    sample: list[list[Any]] = plan.sample()
    run.sample = sample
    if isinstance(plan, areas.MapPlan):
        run.drawing = plan.drawing()
