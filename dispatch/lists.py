"""Versions of the responsibility list: draft → proposed → live from a date → superseded.

From when on a version decides is told by its terms (dispatch.models.ListTerm); what it says is fixed
from the moment it is proposed. Everything here takes one lock, so that two people cannot give the
district two lists at once.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from dispatch.edition import has_changed
from dispatch.errors import ListRefused
from dispatch.item_rules import FIELDS, values_of
from dispatch.lint.checking import check_list
from dispatch.merging import merge
from dispatch.models import ItemChange, ListEvent, ListTerm, ResponsibilityItem, ResponsibilityList
from dispatch.stewards import is_district_steward, is_steward, may_decide_on

State, Event = ResponsibilityList.State, ListEvent.Kind
# A version is decided on at most this long before it begins.
AHEAD_MOST = timedelta(days=366)
_WRITTEN_AT_ONCE = 2_000

_COPIED = (
    *("code", "category_id", "matter_zh", "filing_condition_zh", "closing_condition_zh"),
    *("keywords", "owners", "place_types", "sources", "hours"),
    *("lead_unit", "support_units", "follow_up_unit", "supervising_unit", "level", "urgency"),
    *("dispatch_minutes", "accept_minutes", "handle_limit", "legal_basis"),
)


def lock() -> None:
    """Hold all versions until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dispatch.lists'))")


@transaction.atomic(durable=True)
def draft_from(
    *, base: ResponsibilityList, title: str, by: User, at: datetime, remark: str = ""
) -> ResponsibilityList:
    """A new draft with all the items of `base`."""
    _refuse_unless(is_steward(by))
    lock()
    return copy_as_draft(base, title=title, by=by, at=at, remark=remark)


@transaction.atomic(durable=True)
def propose(*, draft: ResponsibilityList, remark: str, by: User, at: datetime) -> ResponsibilityList:
    """送审: from here on its items stand still. Refused while it has errors or is behind what is live."""
    # The check takes a while: made before the lock, it is only looked up under it.
    check_list(draft, at=at)
    lock()
    held = hold(draft, State.DRAFT)
    _refuse_unless(may_lead(by, held))
    _refuse_if_behind(held, at)
    if not changed_kinds(held):
        raise ListRefused("unchanged", _("This draft changes nothing."))
    _refuse_faulty(held, at)
    held.state, held.proposed_by, held.proposed_at, held.remark = State.PROPOSED, by, at, remark.strip()
    held.save(update_fields=["state", "proposed_by", "proposed_at", "remark"])
    _note(Event.PROPOSED, held, by=by, at=at)
    return held


@transaction.atomic(durable=True)
def send_back(*, proposed: ResponsibilityList, remark: str, by: User, at: datetime) -> ResponsibilityList:
    """Back to a draft, with a word why; by the district, or by whoever proposed it."""
    lock()
    held = hold(proposed, State.PROPOSED)
    _refuse_unless(is_district_steward(by) or held.proposed_by_id == by.pk)
    if not remark.strip():
        raise ListRefused("why", _("Say why it goes back."))
    other = ResponsibilityList.objects.filter(state=State.DRAFT, for_suggestions=True).exists()
    held.state, held.remark = State.DRAFT, remark.strip()
    held.for_suggestions = held.for_suggestions and not other
    held.save(update_fields=["state", "remark", "for_suggestions"])
    _note(Event.SENT_BACK, held, by=by, at=at)
    return held


@transaction.atomic(durable=True)
def drop(*, draft: ResponsibilityList, remark: str, by: User, at: datetime) -> ResponsibilityList:
    """Give a draft up. It can still be read; nothing in it will ever decide."""
    lock()
    held = hold(draft, State.DRAFT)
    _refuse_unless(is_district_steward(by) or held.created_by_id == by.pk)
    held.state, held.remark = State.DROPPED, remark.strip()
    held.save(update_fields=["state", "remark"])
    _note(Event.DROPPED, held, by=by, at=at)
    return held


@transaction.atomic(durable=True)
def adopt(
    *,
    proposed: ResponsibilityList,
    starts_at: datetime | None = None,
    reason: str = "",
    by: User,
    at: datetime,
) -> ListTerm:
    """Let a proposed version decide from `starts_at` on, or from now on.

    Whoever proposed it does not adopt it (setting LIST_FOUR_EYES). Raises ListRefused.
    """
    _refuse_unless(is_district_steward(by))
    check_list(proposed, at=at)
    lock()
    held = hold(proposed, State.PROPOSED)
    if not may_decide_on(by, held):
        raise ListRefused("four_eyes", _("Somebody else than who proposed it decides on it."))
    begins = starts_at or at
    if begins < at:
        raise ListRefused("past", _("A version cannot decide about what has been decided already."))
    if begins - at > AHEAD_MOST:
        raise ListRefused("far", _("At most a year ahead."))
    _refuse_if_scheduled(at)
    _refuse_if_behind(held, at)
    _refuse_faulty(held, at)
    return _begin(held, starts_at=begins, by=by, reason=reason.strip(), at=at)


@transaction.atomic(durable=True)
def withdraw_term(*, term: ListTerm, by: User, at: datetime) -> ResponsibilityList:
    """Take back a beginning that has not come yet: the version is a proposal again."""
    _refuse_unless(is_district_steward(by))
    lock()
    held = ListTerm.objects.select_related("list").get(pk=term.pk)
    if held.cancelled_at is not None or held.starts_at is None or held.starts_at <= at:
        raise ListRefused("begun", _("It decides already: make another version live instead."))
    _take_back(held, by=by, at=at)
    return held.list


@transaction.atomic(durable=True)
def roll_back(*, to: ResponsibilityList, reason: str, by: User, at: datetime) -> ListTerm:
    """Make a version that has decided before live again, at once; a beginning to come is taken back.

    One person may, in one step: it is for emergencies.
    """
    _refuse_unless(is_district_steward(by))
    lock()
    held = hold(to, State.ADOPTED)
    if not reason.strip():
        raise ListRefused("why", _("Say why the earlier version decides again."))
    if held.standing(at) == ResponsibilityList.Standing.LIVE:
        raise ListRefused("live", _("This version is live already."))
    if not held.terms.filter(cancelled_at__isnull=True).exclude(starts_at__gt=at).exists():
        raise ListRefused("never_live", _("This version has not decided yet."))
    for term in ListTerm.objects.standing().filter(starts_at__gt=at).select_related("list"):
        _take_back(term, by=by, at=at)
    return _begin(held, starts_at=at, by=by, reason=reason.strip(), at=at, again=True)


@transaction.atomic(durable=True)
def catch_up(*, draft: ResponsibilityList, by: User, at: datetime) -> list[str]:
    """Take over what has gone live since the draft was begun, but where the draft changed the same item.

    Answers the codes where both changed the same field: the draft's value stays, to be looked at.
    """
    lock()
    held = hold(draft, State.DRAFT)
    _refuse_unless(may_lead(by, held))
    live = ResponsibilityList.objects.live(at).get()
    if held.based_on_id == live.pk:
        return []
    mine = items_of(held.pk)
    told = merge(items_of(held.based_on_id), mine, items_of(live.pk))
    replace_items(held, mine, told.taken, told.gone)
    note_changes(
        held,
        {
            code: (ItemChange.Kind.TAKEN_OVER, differences(mine.get(code), told.taken.get(code)))
            for code in sorted([*told.taken, *told.gone])
        },
        why=_("Live since version %(version)d") % {"version": live.version},
        reference="",
        by=by,
        at=at,
    )
    held.based_on = live
    held.revision += 1
    held.save(update_fields=["based_on", "revision"])
    return [clash.code for clash in told.clashes]


def may_lead(user: User, draft: ResponsibilityList) -> bool:
    """May this person propose the draft, or bring it up to date? The district any; a department its own,
    but not what everybody's suggestions are gathered in."""
    own = is_steward(user) and draft.created_by_id == user.pk and not draft.for_suggestions
    return is_district_steward(user) or own


# --- shared with loading and editing --------------------------------------------------------------------


def new_version(
    *, title: str, based_on: ResponsibilityList | None, by: User | None, at: datetime, **fields: Any
) -> ResponsibilityList:
    """An empty draft under the next number; call under the lock."""
    last = ResponsibilityList.objects.aggregate(last=Max("version"))["last"] or 0
    return ResponsibilityList.objects.create(
        version=last + 1, title=title.strip()[:120], based_on=based_on, created_by=by, created_at=at, **fields
    )


def copy_as_draft(
    base: ResponsibilityList, *, title: str, by: User, at: datetime, **fields: Any
) -> ResponsibilityList:
    """A draft with the items of `base`, in one statement; call under the lock."""
    made = new_version(title=title, based_on=base, by=by, at=at, **fields)
    columns = ", ".join(_COPIED)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO dispatch_responsibilityitem (list_id, {columns}) "
            f"SELECT %s, {columns} FROM dispatch_responsibilityitem WHERE list_id = %s",
            [made.pk, base.pk],
        )
    return made


def begin_now(version: ResponsibilityList, *, at: datetime) -> ListTerm:
    """Let a version that was loaded from a file decide; the first list ever, from the beginning."""
    first = not ListTerm.objects.standing().exists()
    return _begin(version, starts_at=None if first else at, by=None, reason="", at=at)


def hold(version: ResponsibilityList, state: ResponsibilityList.State) -> ResponsibilityList:
    """This version, locked and in this state (else ListRefused)."""
    held = ResponsibilityList.objects.select_for_update().get(pk=version.pk)
    if held.state != state:
        told = {"version": held.version, "state": held.get_state_display()}
        raise ListRefused("wrong_state", _("Version %(version)d is not what it was: %(state)s.") % told)
    return held


def items_of(list_id: int | None, codes: Collection[str] | None = None) -> dict[str, dict[str, Any]]:
    """The items of a version by code, as plain values; all of them, or these."""
    rows = ResponsibilityItem.objects.filter(list_id=list_id).order_by("code")
    if codes is not None:
        rows = rows.filter(code__in=list(codes))
    return {row.code: values_of(row) for row in rows}


def changed_kinds(
    version: ResponsibilityList, base: ResponsibilityList | None = None
) -> dict[str, ItemChange.Kind]:
    """Code → added, changed or removed against `base` (the version that it is based on); one statement."""
    ours = ", ".join(f"ours.{column}" for column in _COPIED)
    theirs = ", ".join(f"base.{column}" for column in _COPIED)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(ours.code, base.code), base.id IS NULL, ours.id IS NULL "
            "FROM (SELECT * FROM dispatch_responsibilityitem WHERE list_id = %s) AS ours "
            "FULL JOIN (SELECT * FROM dispatch_responsibilityitem WHERE list_id = %s) AS base "
            f"ON ours.code = base.code WHERE ({ours}) IS DISTINCT FROM ({theirs}) ORDER BY 1",
            [version.pk, base.pk if base else version.based_on_id],
        )
        rows = cursor.fetchall()
    Kind = ItemChange.Kind
    return {
        code: Kind.ADDED if is_new else Kind.REMOVED if is_gone else Kind.CHANGED
        for code, is_new, is_gone in rows
    }


def changed_codes(version: ResponsibilityList) -> dict[str, dict[str, list[Any]]]:
    """What the version changes against the one it is based on: code → field → [before, after]."""
    codes = changed_kinds(version)
    before, after = items_of(version.based_on_id, codes), items_of(version.pk, codes)
    return {code: differences(before.get(code), after.get(code)) for code in codes}


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, list[Any]]:
    """Field → [before, after] where they differ; None for an item that is not there."""
    told = {}
    for name in FIELDS:
        old = before[name] if before else None
        new = after[name] if after else None
        if old != new and not (not old and not new):
            told[name] = [old, new]
    return told


def replace_items(
    draft: ResponsibilityList,
    before: Mapping[str, Any],
    written: Mapping[str, Mapping[str, Any]],
    removed: list[str],
) -> None:
    """Put these items into the draft, set-based: in the place of those with the same codes."""
    stale = [code for code in (*written, *removed) if code in before]
    draft.items.filter(code__in=stale).delete()
    columns = ", ".join(_COPIED)
    rows = [
        {"category_id" if name == "category" else name: item[name] for name in FIELDS}
        for item in written.values()
    ]
    with connection.cursor() as cursor:
        # By JSON, since the ORM spends most of a big write on the placeholders of its arrays.
        for start in range(0, len(rows), _WRITTEN_AT_ONCE):
            cursor.execute(
                f"INSERT INTO dispatch_responsibilityitem (list_id, {columns}) SELECT %s, {columns} "
                "FROM json_populate_recordset(NULL::dispatch_responsibilityitem, %s)",
                [draft.pk, json.dumps(rows[start : start + _WRITTEN_AT_ONCE], ensure_ascii=False)],
            )


def note_changes(
    draft: ResponsibilityList,
    changes: Mapping[str, tuple[ItemChange.Kind, dict[str, list[Any]]]],
    *,
    why: str,
    reference: str,
    by: User,
    at: datetime,
) -> list[ItemChange]:
    """Write who changed which items, and why."""
    return ItemChange.objects.bulk_create(
        [
            ItemChange(
                list=draft,
                item_code=code,
                kind=kind,
                changes=told,
                why=why,
                reference=reference,
                at=at,
                by=by,
            )
            for code, (kind, told) in changes.items()
        ],
        batch_size=500,
    )


def _begin(
    version: ResponsibilityList,
    *,
    starts_at: datetime | None,
    by: User | None,
    reason: str,
    at: datetime,
    again: bool = False,
) -> ListTerm:
    if starts_at is not None and ListTerm.objects.standing().filter(starts_at=starts_at).exists():
        raise ListRefused("taken", _("Another version begins at just this time."))
    version.state = State.ADOPTED
    version.for_suggestions = False
    version.save(update_fields=["state", "for_suggestions"])
    term = ListTerm.objects.create(
        list=version, starts_at=starts_at, decided_at=at, decided_by=by, reason=reason
    )
    if again:
        _note(Event.ROLLED_BACK, version, term=term, by=by, at=at)
    elif starts_at is not None:  # of the first list ever nobody has to be told
        _note(Event.ADOPTED, version, term=term, by=by, at=at)
        _note(Event.BEGAN, version, term=term, by=by, at=starts_at)
    has_changed()
    return term


def _note(
    kind: ListEvent.Kind,
    version: ResponsibilityList,
    *,
    by: User | None,
    at: datetime,
    term: ListTerm | None = None,
) -> None:
    """Write down what is to be told, in the caller's transaction."""
    ListEvent.objects.create(list=version, term=term, kind=kind, at=at, by=by)


def _take_back(term: ListTerm, *, by: User, at: datetime) -> None:
    term.cancelled_at, term.cancelled_by = at, by
    term.save(update_fields=["cancelled_at", "cancelled_by"])
    _note(Event.WITHDRAWN, term.list, term=term, by=by, at=at)
    has_changed()
    if not term.list.terms.filter(cancelled_at__isnull=True).exists():
        term.list.state = State.PROPOSED
        term.list.save(update_fields=["state"])


def _refuse_unless(allowed: bool) -> None:
    if not allowed:
        raise ListRefused("not_allowed", _("Your role does not allow this."))


def _refuse_if_scheduled(at: datetime) -> None:
    """Two versions to come would overwrite each other, with nobody looking."""
    waiting = ListTerm.objects.standing().filter(starts_at__gt=at).select_related("list").first()
    if waiting is not None:
        told = {"version": waiting.list.version}
        raise ListRefused("scheduled", _("Version %(version)d is to begin first: take that back.") % told)


def _refuse_if_behind(version: ResponsibilityList, at: datetime) -> None:
    live = ResponsibilityList.objects.live(at).get()
    if version.based_on_id != live.pk:
        told = {"version": live.version}
        raise ListRefused(
            "behind", _("Version %(version)d went live meanwhile: take over what it changed first.") % told
        )


def _refuse_faulty(version: ResponsibilityList, at: datetime) -> None:
    """Errors of the check keep a version from going live; warnings do not."""
    if count := len(check_list(version, at=at).errors):
        message = ngettext(
            "The check finds %(count)d error: mend it first.",
            "The check finds %(count)d errors: mend them first.",
            count,
        )
        raise ListRefused("faulty", message % {"count": count})
