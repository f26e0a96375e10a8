"""Changing the items of a draft: who, what and why, all of it or nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from dispatch import lists
from dispatch.errors import BadItem, ListRefused
from dispatch.item_rules import FIELDS, Problem, known, problems_of, values_of
from dispatch.merging import with_change
from dispatch.models import ItemChange, ResponsibilityItem, ResponsibilityList
from dispatch.stewards import is_district_steward, is_steward, units_kept

WHY_MOST = 200
CODE_MOST = 12


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of a change: the entries of the history, by item code."""

    draft: ResponsibilityList
    changes: Mapping[str, ItemChange]


@transaction.atomic(durable=True)
def save_items(
    *,
    draft: ResponsibilityList,
    items: Sequence[Mapping[str, Any]],
    removed: Collection[str] = (),
    why: str,
    reference: str = "",
    by: User,
    at: datetime,
    seen_revision: int | None = None,
) -> Saved:
    """Put these items (each with all FIELDS) into the draft, and take the `removed` codes out of it.

    `seen_revision`: the draft's revision that this was prepared against. Raises BadItem for the first
    item that cannot stand, ListRefused otherwise; then nothing is written.
    """
    if not is_steward(by):
        raise ListRefused("not_allowed", _("Your role does not allow this."))
    held = lists.hold(draft, ResponsibilityList.State.DRAFT)
    if seen_revision is not None and seen_revision != held.revision:
        raise ListRefused("stale", _("The draft was changed meanwhile: look at it again."))
    return write(held, items, removed, why=why, reference=reference, by=by, at=at)


@transaction.atomic(durable=True)
def save_item(
    *,
    draft: ResponsibilityList,
    values: Mapping[str, Any],
    why: str,
    by: User,
    at: datetime,
    code: str | None = None,
    seen_change: int | None = None,
    reference: str = "",
) -> ItemChange:
    """Change the item `code`, or add one where it is None (`values["code"]` may be empty then).

    `seen_change`: the newest entry of this item's history in the draft that the writer had seen, 0 for
    none. Raises BadItem, ListRefused (stale, unchanged, exists, not_found, not_allowed …).
    """
    if not is_steward(by):
        raise ListRefused("not_allowed", _("Your role does not allow this."))
    held = lists.hold(draft, ResponsibilityList.State.DRAFT)
    return _save_one(held, code, values, why=why, reference=reference, by=by, at=at, seen_change=seen_change)


@transaction.atomic(durable=True)
def remove_item(
    *,
    draft: ResponsibilityList,
    code: str,
    why: str,
    by: User,
    at: datetime,
    seen_change: int | None = None,
) -> ItemChange:
    """Take an item out of the draft; restore_item brings it back."""
    if not is_steward(by):
        raise ListRefused("not_allowed", _("Your role does not allow this."))
    held = lists.hold(draft, ResponsibilityList.State.DRAFT)
    _refuse_if_stale(held, code, seen_change)
    if not held.items.filter(code=code).exists():
        raise ListRefused("not_found", _("The draft has no item “%(code)s”.") % {"code": code})
    return write(held, (), [code], why=why, reference="", by=by, at=at).changes[code]


@transaction.atomic(durable=True)
def restore_item(
    *,
    draft: ResponsibilityList,
    code: str,
    why: str,
    by: User,
    at: datetime,
    seen_change: int | None = None,
) -> ItemChange:
    """还原: as it is in the version that the draft is based on; an item that the draft added goes.

    Raises ListRefused (unchanged, stale, not_yours …).
    """
    if not is_steward(by):
        raise ListRefused("not_allowed", _("Your role does not allow this."))
    held = lists.hold(draft, ResponsibilityList.State.DRAFT)
    _refuse_if_stale(held, code, seen_change)
    before = ResponsibilityItem.objects.filter(list_id=held.based_on_id, code=code).first()
    items, removed = ([values_of(before)], []) if before else ([], [code])
    saved = write(held, items, removed, why=why, reference="", by=by, at=at)
    if code not in saved.changes:
        raise ListRefused("unchanged", _("Nothing was changed."))
    return saved.changes[code]


@transaction.atomic(durable=True)
def suggest(
    *,
    item_code: str | None,
    values: Mapping[str, Any],
    why: str,
    reference: str,
    by: User,
    at: datetime,
) -> ItemChange:
    """Put a change into the draft of suggestions, which is made from what is live where none is open.

    `values` are the fields that change, as against what is live; without `item_code`, a whole new item.
    Suggestions add up: one does not take an earlier one back. Anybody who rules or reads the returns may
    suggest: what comes of it the stewards decide. Raises BadItem, ListRefused (suggested_otherwise …).
    """
    lists.lock()
    draft = open_suggestions()
    live = ResponsibilityList.objects.live(at).get()
    if draft is None:
        draft = lists.copy_as_draft(
            live, title=_("Suggestions from rulings and returns"), by=by, at=at, for_suggestions=True
        )
    held = lists.hold(draft, ResponsibilityList.State.DRAFT)
    full: dict[str, Any] = dict(values)
    if item_code is not None:
        full = _suggested(held, live, item_code, values)
    return _save_one(held, item_code, full, why=why, reference=reference, by=by, at=at, checks_owner=False)


def open_suggestions() -> ResponsibilityList | None:
    """The draft that suggestions go into now."""
    return ResponsibilityList.objects.filter(
        state=ResponsibilityList.State.DRAFT, for_suggestions=True
    ).first()


def next_code(draft: ResponsibilityList, category: str) -> str:
    """The first free serial of a category: `0101-018`. Raises ListRefused where none is left."""
    # Not one that any version has used: cases point there, and so does its history.
    taken = set(
        ResponsibilityItem.objects.filter(category_id=category).values_list("code", flat=True).distinct()
    )
    for serial in range(1, 1_000):
        code = f"{category}-{serial:03}"
        if code not in taken:
            return code
    raise ListRefused("full", _("This category has no free number left."))


def newest_change(draft: ResponsibilityList, code: str) -> int:
    """The newest entry of this item's history in the draft, 0 for none: what a form has seen."""
    newest = ItemChange.objects.filter(list=draft, item_code=code).order_by("-pk").first()
    return newest.pk if newest else 0


def _suggested(
    held: ResponsibilityList, live: ResponsibilityList, code: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    """The draft's item with this change of the live one on top of what was suggested before."""
    rows = ResponsibilityItem.objects.filter(list__in=[held.pk, held.based_on_id, live.pk], code=code)
    by_list = {row.list_id: values_of(row) for row in rows}
    mine = by_list.get(held.pk)
    if mine is None:
        raise ListRefused("not_found", _("The draft has no item “%(code)s”.") % {"code": code})
    parted = by_list.get(held.based_on_id or 0)
    full, against = with_change(mine, parted, by_list.get(live.pk, mine), values)
    if against:
        told = {"code": code, "version": held.version}
        raise ListRefused(
            "suggested_otherwise",
            _("Draft %(version)d has another suggestion for %(code)s already: look at that first.") % told,
        )
    return full


def _save_one(
    held: ResponsibilityList,
    code: str | None,
    values: Mapping[str, Any],
    *,
    why: str,
    reference: str,
    by: User,
    at: datetime,
    seen_change: int | None = None,
    checks_owner: bool = True,
) -> ItemChange:
    full = {name: values[name] for name in FIELDS if name != "code"}
    if code is None:
        code = values.get("code") or next_code(held, full["category"])
        if held.items.filter(code=code).exists():
            raise BadItem([Problem("code", "exists", _("The list has this code already."))])
        _check_code(code)
    elif not held.items.filter(code=code).exists():
        raise ListRefused("not_found", _("The draft has no item “%(code)s”.") % {"code": code})
    _refuse_if_stale(held, code, seen_change)
    item = {"code": code, **full}
    saved = write(held, [item], (), why=why, reference=reference, by=by, at=at, checks_owner=checks_owner)
    if code not in saved.changes:
        raise ListRefused("unchanged", _("Nothing was changed."))
    return saved.changes[code]


def write(
    held: ResponsibilityList,
    items: Sequence[Mapping[str, Any]],
    removed: Collection[str],
    *,
    why: str,
    reference: str,
    by: User,
    at: datetime,
    checks_owner: bool = True,
) -> Saved:
    """Write items into a held draft, with their history; shared with importing."""
    why = why.strip()
    if not why:
        raise ListRefused("why", _("Say why."))
    if len(why) > WHY_MOST:
        raise ListRefused("why", _("At most %(most)d characters.") % {"most": WHY_MOST})
    codes = {*(item["code"] for item in items), *removed}
    before = {row.code: values_of(row) for row in held.items.filter(code__in=codes)}
    base = {
        row.code: values_of(row)
        for row in ResponsibilityItem.objects.filter(list_id=held.based_on_id, code__in=codes)
    }
    given = {item["code"]: {name: item[name] for name in FIELDS} for item in items}
    written = {code: item for code, item in given.items() if before.get(code) != item}
    gone = [code for code in removed if code in before]
    if checks_owner:
        _refuse_foreign(
            by, {code: (before.get(code) or item, base.get(code)) for code, item in written.items()}
        )
        _refuse_foreign(by, {code: (before[code], base.get(code)) for code in gone})
    allowed = known()
    for item in written.values():
        if problems := problems_of(item, allowed):
            raise BadItem(problems)
    lists.replace_items(held, before, written, gone)
    told = {}
    for code in [*written, *gone]:
        after = written.get(code)
        kind = _kind(before.get(code), after, base.get(code))
        told[code] = (kind, lists.differences(before.get(code), after))
    entries = lists.note_changes(held, told, why=why, reference=reference[:120], by=by, at=at)
    if entries:
        held.revision += 1
        held.save(update_fields=["revision"])
    return Saved(held, {entry.item_code: entry for entry in entries})


def _kind(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, base: Mapping[str, Any] | None
) -> ItemChange.Kind:
    if after == base:
        return ItemChange.Kind.RESTORED
    if after is None:
        return ItemChange.Kind.REMOVED
    return ItemChange.Kind.CHANGED if before else ItemChange.Kind.ADDED


def _check_code(code: str) -> None:
    if len(code) > CODE_MOST or not all(part.isalnum() and part.isascii() for part in code.split("-")):
        message = _("Letters, digits and hyphens, at most %(most)d.") % {"most": CODE_MOST}
        raise BadItem([Problem("code", "code", message)])


def _refuse_foreign(by: User, items: Mapping[str, Sequence[Mapping[str, Any] | None]]) -> None:
    """A department's steward changes the items that the department leads, in the draft or in the version
    before it (what was given away by mistake can be taken back), and adds such."""
    if is_district_steward(by):
        return
    kept = units_kept(by)
    foreign = [
        code for code, told in items.items() if not any(item and item["lead_unit"] in kept for item in told)
    ]
    if foreign:
        told = {"codes": ", ".join(foreign[:5])}
        raise ListRefused("not_yours", _("These items are another unit's: %(codes)s.") % told)


def _refuse_if_stale(held: ResponsibilityList, code: str, seen_change: int | None) -> None:
    if seen_change is not None and seen_change != newest_change(held, code):
        raise ListRefused("stale", _("Somebody has changed this item meanwhile: look at it again."))
