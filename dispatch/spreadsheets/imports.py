"""导入: a spreadsheet's way into a draft: begun, read as a person says, checked, applied or dropped.

The check is a worker's (dispatch.spreadsheets.checking). Applying is one transaction: all of the file's
rows, or none.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from dispatch import editing, lists
from dispatch.errors import ListRefused
from dispatch.models import ColumnMapping, ImportFile, ItemChange, ListImport, ResponsibilityList
from dispatch.spreadsheets.columns import Heading, repeated
from dispatch.spreadsheets.grid import TableError
from dispatch.spreadsheets.reading import open_table
from dispatch.stewards import is_district_steward, is_steward

State, Kind = ListImport.State, ItemChange.Kind
# What nobody has come back to for so long goes.
FORGOTTEN_AFTER = timedelta(days=30)


def visible(user: User) -> QuerySet[ListImport]:
    """The imports that this person may look at: their own, and a district's steward all."""
    if not is_steward(user):
        return ListImport.objects.none()
    return (
        ListImport.objects.all() if is_district_steward(user) else ListImport.objects.filter(created_by=user)
    )


@transaction.atomic(durable=True)
def begin(*, file_name: str, data: bytes, language: str, by: User, at: datetime) -> ListImport:
    """Keep a file that can be read. Raises TableError for one that cannot, ListRefused."""
    if not is_steward(by):
        raise _not_allowed()
    table = open_table(data)
    if not any(table.grid(sheet, most=1).lines for sheet in table.sheets):
        raise TableError("empty", _("The file is empty."))
    ListImport.objects.filter(created_by=by, created_at__lt=at - FORGOTTEN_AFTER).exclude(
        state=State.APPLIED
    ).delete()
    made = ListImport.objects.create(
        file_name=_short(file_name), file_size=len(data), language=language, created_by=by, created_at=at
    )
    ImportFile.objects.create(list_import=made, data=data)
    return made


@transaction.atomic(durable=True)
def ask_check(
    *,
    run: ListImport,
    sheet: str,
    heading: Heading,
    mapping: Mapping[int, str],
    options: Mapping[str, Any],
    target: ResponsibilityList | None,
    title: str,
    language: str,
    by: User,
    at: datetime,
) -> ListImport:
    """Let the file be checked, read like this. What was checked before is forgotten. Raises ListRefused."""
    held = _hold(run, by)
    if held.state in (State.APPLIED, State.DROPPED):
        raise ListRefused("done", _("This import is done with."))
    if not mapping:
        raise ListRefused("columns", _("Say what at least one column is."))
    if repeated(mapping):
        raise ListRefused("columns", _("Two columns cannot be the same field."))
    if not {"code", "matter_zh"} & set(mapping.values()):
        raise ListRefused("columns", _("One column has to be the code or the name of the items."))
    held.sheet, held.heading_row = sheet, heading.first
    held.mapping = {str(column): name for column, name in sorted(mapping.items())}
    held.options, held.target, held.title, held.language = dict(options), target, title.strip(), language
    _wait(held, at)
    ColumnMapping.objects.update_or_create(
        signature=heading.signature,
        defaults={"mapping": held.mapping, "options": held.options, "used_at": at, "used_by": by},
    )
    return held


@transaction.atomic(durable=True)
def check_again(*, run: ListImport, by: User, at: datetime) -> ListImport:
    """Let the file be checked anew, read as it was: the list has changed since. Raises ListRefused."""
    held = _hold(run, by)
    if held.state not in (State.CHECKED, State.FAILED) or not held.mapping:
        raise ListRefused("not_checked", _("This import has no preview: check the file first."))
    _wait(held, at)
    return held


@transaction.atomic(durable=True)
def apply(
    *, run: ListImport, why: str, remove_missing: bool = False, by: User, at: datetime
) -> ResponsibilityList:
    """Write what the preview shows into the draft, every row of it. Raises ListRefused, also as BadItem.

    What the file lacks stays, unless `remove_missing`.
    """
    held = _hold(run, by)
    if held.state != State.CHECKED:
        raise ListRefused("not_checked", _("This import has no preview: check the file first."))
    if held.counts["problems"]:
        raise ListRefused(
            "problems", _("The file has problems: nothing of it is imported before they are mended.")
        )
    lists.lock()
    draft = _draft_of(held, by=by, at=at)
    written = held.items.filter(kind__in=(Kind.ADDED, Kind.CHANGED)).order_by("pk")
    removed = (
        list(held.items.filter(kind=Kind.REMOVED).values_list("code", flat=True)) if remove_missing else []
    )
    saved = editing.write(
        draft,
        list(written.values_list("values", flat=True)),
        removed,
        why=why,
        reference=held.file_name,
        by=by,
        at=at,
    )
    if not saved.changes:
        raise ListRefused("unchanged", _("The file says what the list says already."))
    held.state, held.draft, held.applied_at, held.applied_by = State.APPLIED, draft, at, by
    held.save(update_fields=["state", "draft", "applied_at", "applied_by"])
    ImportFile.objects.filter(list_import=held).delete()
    return draft


@transaction.atomic(durable=True)
def drop(*, run: ListImport, by: User, at: datetime) -> ListImport:
    """Forget a file; nothing of it has been imported."""
    held = _hold(run, by)
    if held.state == State.APPLIED:
        raise ListRefused("done", _("This import is done with."))
    held.state = State.DROPPED
    held.save(update_fields=["state"])
    ImportFile.objects.filter(list_import=held).delete()
    held.items.all().delete()
    held.remarks.all().delete()
    return held


def is_stale(run: ListImport, at: datetime) -> bool:
    """Has what the preview was compared with changed since?"""
    if run.state != State.CHECKED:
        return False
    try:
        _compared(run, at)
    except ListRefused:
        return True
    return False


def _hold(run: ListImport, by: User) -> ListImport:
    if not visible(by).filter(pk=run.pk).exists():
        raise _not_allowed()
    return ListImport.objects.select_for_update(no_key=True).get(pk=run.pk)


def _wait(held: ListImport, at: datetime) -> None:
    """The worker's turn; what was checked before is forgotten."""
    held.state, held.asked_at, held.failure = State.WAITING, at, ""
    held.step, held.done, held.total, held.tries, held.counts = "", 0, 0, 0, {}
    held.save()
    held.items.all().delete()
    held.remarks.all().delete()


def _compared(run: ListImport, at: datetime) -> ResponsibilityList:
    """The version that the preview was compared with, if it is as it was. Raises ListRefused (stale)."""
    base = run.base
    assert base is not None, "a checked import was compared with something"
    base.refresh_from_db()
    if run.target_id is None:
        is_same = ResponsibilityList.objects.live(at).filter(pk=base.pk).exists()
    else:
        is_same = base.state == ResponsibilityList.State.DRAFT and base.revision == run.base_revision
    if not is_same:
        raise ListRefused("stale", _("The list was changed after this check: check the file again."))
    return base


def _draft_of(run: ListImport, *, by: User, at: datetime) -> ResponsibilityList:
    base = _compared(run, at)
    if run.target_id is None:
        return lists.hold(
            lists.copy_as_draft(base, title=run.title, by=by, at=at), ResponsibilityList.State.DRAFT
        )
    held = lists.hold(base, ResponsibilityList.State.DRAFT)
    if held.revision != run.base_revision:  # edited while this waited for the lock
        raise ListRefused("stale", _("The list was changed after this check: check the file again."))
    return held


def _not_allowed() -> ListRefused:
    return ListRefused("not_allowed", _("Your role does not allow this."))


def _short(file_name: str) -> str:
    name = file_name.replace("\\", "/").rpartition("/")[2].strip() or "list"
    if len(name) <= 120:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: 119 - len(ending)]}{dot}{ending}" if dot and len(ending) < 10 else name[:120]
