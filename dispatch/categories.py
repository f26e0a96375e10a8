"""Keeping the district's categories: what they are called, and which one takes a category's place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from dispatch import edition
from dispatch.errors import ListRefused
from dispatch.models import Category, CategoryChange, ResponsibilityItem, ResponsibilityList, SourceCategory

NAMES: Final = ("name_zh", "name_en", "scope_zh")
FIELDS: Final = (*NAMES, "successor_id")
UNIQUE: Final = ("name_zh", "name_en")
Told = dict[str, Any]
_LOCK: Final = 9  # of this product's advisory locks: categories are changed by one at a time


@dataclass(frozen=True, slots=True)
class Uses:
    """Who names a category: the live list's items, versions that are being written, sources' names, and
    categories that have become it."""

    live: int
    drafts: tuple[tuple[int, int], ...]  # version, items
    source_names: int
    became_it: int


def uses_of(code: str, *, at: datetime) -> Uses:
    """Who names it now; four queries."""
    live = ResponsibilityList.objects.live(at).first()
    items = ResponsibilityItem.objects.filter(category=code)
    open_states = (ResponsibilityList.State.DRAFT, ResponsibilityList.State.PROPOSED)
    drafts: dict[int, int] = {}
    for version in items.filter(list__state__in=open_states).values_list("list__version", flat=True):
        drafts[version] = drafts.get(version, 0) + 1
    return Uses(
        live=items.filter(list=live).count() if live else 0,
        drafts=tuple(sorted(drafts.items())),
        source_names=SourceCategory.objects.filter(category=code).count(),
        became_it=Category.objects.filter(successor=code).count(),
    )


def told_of(category: Category) -> dict[str, Any]:
    """What can be changed of a category, as it is."""
    return {name: getattr(category, name) for name in FIELDS}


def why_not(
    category: Category, told: dict[str, Any], *, at: datetime, in_use: Mapping[str, Told] | None = None
) -> tuple[str, str] | None:
    """The field at fault and why a category cannot become this; None where it can. `in_use`: those that will
    be and as what, where several change at once."""
    if in_use is None:
        in_use = {one.code: told_of(one) for one in Category.objects.in_use()}
    successor = told["successor_id"]
    # Sources name categories, and people choose them, by these.
    for name in () if successor else UNIQUE:
        same = [code for code, other in in_use.items() if code != category.code and other[name] == told[name]]
        if same and told[name] != getattr(category, name):
            return name, _("Category %(code)s is called that already.") % {"code": min(same)}
    if not successor or successor == category.successor_id:
        return None
    if successor == category.code:
        return "successor_id", _("A category is not its own successor.")
    if successor not in in_use:
        return "successor_id", _("The successor must be a category in use.")
    count = uses_of(category.code, at=at).live
    if count and not _is_written_without(category.code):
        what = _(
            "Items of the live list are of this category: %(count)d. Give them another one in a new version."
        )
        return "successor_id", what % {"count": count}
    return None


def _is_written_without(code: str) -> bool:
    """Is a version on its way that has items, and none of this category? It is checked as it will be: with
    the category switched off it may go live, and until then the successor's items decide."""
    open_states = (ResponsibilityList.State.DRAFT, ResponsibilityList.State.PROPOSED)
    on_its_way = ResponsibilityList.objects.filter(state__in=open_states, items__isnull=False)
    return on_its_way.exclude(items__category=code).exists()


def hold() -> None:
    """Let nobody else change categories until the transaction ends: of two that become each other at the
    same moment the second sees the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_LOCK])


@transaction.atomic(durable=True)
def change(*, code: str, told: dict[str, Any], was: dict[str, Any], by: User, at: datetime) -> bool:
    """Change one category. False: nothing is different. Raises ListRefused where somebody has changed it
    since (`changed`), or it cannot be (the field at fault)."""
    hold()
    category = Category.objects.select_for_update(no_key=True).get(code=code)
    now = told_of(category)
    if now == told:
        return False
    if now != was:
        raise ListRefused("changed", _("Somebody else has changed this category meanwhile. Look again."))
    if refused := why_not(category, told, at=at):
        raise ListRefused(*refused)
    write(category, told, by=by, at=at)
    return True


def write(category: Category, told: dict[str, Any], *, by: User, at: datetime) -> None:
    """Write a change that was found possible, in the caller's transaction."""
    before = told_of(category)
    changed = [name for name in FIELDS if before[name] != told[name]]
    for name in FIELDS:
        setattr(category, name, told[name])
    category.ended_at = (category.ended_at or at) if told["successor_id"] else None
    category.save(update_fields=[*FIELDS, "ended_at"])
    CategoryChange.objects.create(
        category=category.code,
        before={name: before[name] for name in changed},
        after={name: told[name] for name in changed},
        changed_by=by,
        changed_at=at,
    )
    edition.has_changed()
