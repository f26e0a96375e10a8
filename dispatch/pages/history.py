"""What a version changes against the one before, and what became of one item through all versions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import person, staff
from accounts.roles import Role
from config import clock
from dispatch import lists
from dispatch.edition import edition
from dispatch.item_rules import FIELDS, values_of
from dispatch.models import ItemChange, ListTerm, ResponsibilityItem, ResponsibilityList
from dispatch.pages.access import visible_lists
from dispatch.pages.item_forms import Told, Values
from dispatch.pages.naming import FIELD_NAMES, UnitNames, shown
from dispatch.pages.standing import STATES, opened

PAGE = 30
Standing = ResponsibilityList.Standing
KIND_STATES = {
    "added": "on",
    "removed": "overdue",
    "changed": "primary",
    "restored": "",
    "taken_over": "paused",
}


@dataclass(frozen=True, slots=True)
class Changed:
    """One item that a version changes: its fields before and after, and who changed it why."""

    code: str
    matter: str
    kind: str
    label: str
    state: str
    fields: list[Told]
    entries: list[ItemChange] = field(default_factory=list)


@require_GET
@staff(*Role)
def changes(request: HttpRequest, version: int) -> HttpResponse:
    """Everything that a version changes against the one it was copied from, field by field."""
    one = opened(request, version)
    asked = request.GET.get("kind", "")
    kinds = one.marks.kinds
    codes = [code for code, kind in kinds.items() if asked in ("", kind)]
    page = Paginator(codes, PAGE).get_page(request.GET.get("page"))
    told = changed_items(one.version, list(page.object_list), kinds, one.units)
    context = {"one": one, "version": one.version, "page": page, "changed": told, "asked": asked}
    return render(request, "dispatch/changes.html", context)


def changed_items(
    version: ResponsibilityList,
    codes: list[str],
    kinds: Any,
    units: UnitNames,
    base: ResponsibilityList | None = None,
) -> list[Changed]:
    """These items of the version beside those of `base` (of the version before, where none is named)."""
    base_pk = base.pk if base else version.based_on_id
    before, after = lists.items_of(base_pk, codes), lists.items_of(version.pk, codes)
    entries: dict[str, list[ItemChange]] = defaultdict(list)
    if base is None:
        for entry in ItemChange.objects.filter(list=version, item_code__in=codes).select_related("by"):
            entries[entry.item_code].append(entry)
    return [
        Changed(
            code,
            (after.get(code) or before[code])["matter_zh"],
            str(kinds[code]),
            str(ItemChange.Kind(kinds[code]).label),
            KIND_STATES[kinds[code]],
            fields_of(lists.differences(before.get(code), after.get(code)), units),
            entries[code],
        )
        for code in codes
    ]


def fields_of(changes: dict[str, list[Any]], units: UnitNames) -> list[Told]:
    """Changed fields, in the order in which a person reads them, as words before and after."""
    return [_told(name, changes[name][0], changes[name][1], units) for name in FIELDS if name in changes]


def _told(name: str, before: Any, after: Any, units: UnitNames) -> Told:
    was, now = shown(name, before, units), shown(name, after, units)
    return Told(
        name=name,
        label=FIELD_NAMES[name],
        now=now,
        added=[word for word in now if word not in was],
        removed=[word for word in was if word not in now],
        is_changed=True,
    )


@dataclass(frozen=True, slots=True)
class Chapter:
    """One version in which an item was changed: each change, or the whole where a file brought it."""

    version: ResponsibilityList
    standing: str
    label: str
    state: str
    since: datetime | None
    entries: list[tuple[ItemChange, str, list[Told]]]
    # What the version's file changed in it; a file has no author.
    loaded: list[Told]
    begins: bool


@require_GET
@staff(*Role)
def history(request: HttpRequest, code: str) -> HttpResponse:
    """One item through all versions: what was changed, by whom and why, the newest first."""
    at, units = clock.now(), UnitNames(edition().units)
    versions = {one.pk: one for one in visible_lists(person(request)).order_by("-version")}
    items = {
        row.list_id: values_of(row)
        for row in ResponsibilityItem.objects.filter(code=code, list_id__in=versions)
    }
    entries: dict[int, list[ItemChange]] = defaultdict(list)
    for entry in ItemChange.objects.filter(item_code=code, list_id__in=versions).select_related("by"):
        entries[entry.list_id].append(entry)
    if not items and not entries:
        raise Http404
    terms = list(ListTerm.objects.standing())
    live = ResponsibilityList.objects.live(at).values_list("pk", flat=True).first()
    chapters = [
        chapter
        for one in versions.values()
        if (chapter := _chapter(one, items, entries[one.pk], terms, live, at, units)) is not None
    ]
    newest = (items.get(live) if live else None) or next(iter(items.values()), None)
    context = {
        "code": code,
        "matter": newest["matter_zh"] if newest else "",
        "chapters": chapters,
        "live": versions.get(live) if live else None,
        "is_live": live in items,
    }
    return render(request, "dispatch/history.html", context)


def _chapter(
    version: ResponsibilityList,
    items: dict[int, Values],
    entries: list[ItemChange],
    terms: Iterable[ListTerm],
    live: int | None,
    at: datetime,
    units: UnitNames,
) -> Chapter | None:
    """What this version did to the item; None where it left it alone."""
    now, before = items.get(version.pk), items.get(version.based_on_id or 0)
    differs = lists.differences(before, now)
    if not entries and not differs:
        return None
    begun = [term.starts_at for term in terms if term.list_id == version.pk]
    standing = _standing(version, begun, live, at)
    # Of an item that a version brings with it only what it is called is told: it has no before.
    begins = before is None and not entries
    told = [(entry, KIND_STATES[entry.kind], fields_of(entry.changes, units)) for entry in entries]
    return Chapter(
        version,
        standing,
        str(Standing(standing).label),
        STATES[Standing(standing)],
        begun[-1] if begun else None,
        told,
        fields_of(differs, units) if differs and not entries and before else [],
        begins,
    )


def _standing(
    version: ResponsibilityList, begun: list[datetime | None], live: int | None, at: datetime
) -> str:
    if version.state != ResponsibilityList.State.ADOPTED:
        return str(version.state)
    if version.pk == live:
        return Standing.LIVE
    waits = any(start is not None and start > at for start in begun)
    return Standing.SCHEDULED if waits else Standing.SUPERSEDED
