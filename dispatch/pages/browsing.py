"""The left pane of the workbench: which items of a version are shown, and what stands beside each."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Func, Q, QuerySet, TextField, Value
from django.http import QueryDict
from django.utils.http import urlencode

from accounts.models import User
from dispatch.models import Category, ItemChange, ListCheck, ResponsibilityItem, ResponsibilityList
from dispatch.pages.naming import UnitNames
from dispatch.stewards import is_district_steward, is_steward, units_kept
from dispatch.vocabulary import Level, Urgency

PAGE = 60
WORDS_MOST = 80
_GRAVEST = ("error", "warning", "note")
Kind = ItemChange.Kind


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks to see."""

    q: str = ""
    category: str = ""
    domain: str = ""
    unit: str = ""
    level: str = ""
    urgency: str = ""
    findings: str = ""
    changed: bool = False
    mine: bool = False
    page: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> "Filters":
        """From an address; what cannot be is left out."""

        def one(name: str) -> str:
            return query.get(name, "").replace("\x00", "").strip()[:WORDS_MOST]

        return cls(
            q=unicodedata.normalize("NFKC", one("q")),
            category=one("category"),
            domain=one("domain"),
            unit=one("unit"),
            level=one("level") if one("level") in Level.values else "",
            urgency=one("urgency") if one("urgency") in Urgency.values else "",
            findings=one("findings") if one("findings") in (*_GRAVEST, "any") else "",
            changed=one("changed") == "1",
            mine=one("mine") == "1",
            page=one("page"),
        )

    @property
    def narrow(self) -> bool:
        """Is anything asked for besides a category?"""
        return bool(self.q or self.domain or self.unit or self.level or self.urgency) or (
            bool(self.findings) or self.changed or self.mine
        )

    @property
    def more(self) -> int:
        """How many filters are set besides the words."""
        given = (self.category, self.domain, self.unit, self.level, self.urgency, self.findings, self.mine)
        return sum(bool(one) for one in given)

    def address(self, **changed: Any) -> str:
        """These filters as a query, "" for none."""
        names = ("q", "category", "domain", "unit", "level", "urgency", "findings", "changed", "mine", "page")
        told = {name: getattr(self, name) for name in names} | changed
        given = {name: "1" if value is True else value for name, value in told.items() if value}
        return f"?{urlencode(given)}" if given else ""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of the version's items: what changed, and what the check says of each."""

    kinds: Mapping[str, ItemChange.Kind]
    # Item → its gravest finding's severity; None where this state has not been checked yet.
    severity: Mapping[str, str]
    counts: Mapping[str, int] | None

    @property
    def tally(self) -> dict[str, int]:
        """How many items were changed, added and removed."""
        told = dict.fromkeys((Kind.CHANGED.value, Kind.ADDED.value, Kind.REMOVED.value), 0)
        for kind in self.kinds.values():
            told[kind.value] += 1
        return told


def marks_of(version: ResponsibilityList, kinds: Mapping[str, ItemChange.Kind]) -> Marks:
    """The marks of a version's items; the check is read as it was kept, in one query."""
    check = ListCheck.objects.filter(list=version, revision=version.revision).first()
    severity: dict[str, str] = {}
    for told in check.findings if check else ():
        for code in told["items"]:
            held = severity.get(code)
            if held is None or _GRAVEST.index(told["severity"]) < _GRAVEST.index(held):
                severity[code] = told["severity"]
    return Marks(kinds, severity, check.counts if check else None)


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the left pane."""

    item: ResponsibilityItem
    kind: str
    severity: str
    starts_category: Category | None = None

    @property
    def serial(self) -> str:
        """The code's last part; the category stands above."""
        return self.item.code.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class Listing:
    """What the left pane shows: items, or the categories to choose from."""

    filters: Filters
    rows: list[Row] = field(default_factory=list)
    page: Page[ResponsibilityItem] | None = None
    category: Category | None = None
    domains: list[dict[str, Any]] = field(default_factory=list)

    @property
    def previous(self) -> str:
        """The page before this one, as a query; "" for none."""
        page = self.page
        return self.filters.address(page=page.previous_page_number()) if page and page.has_previous() else ""

    @property
    def next(self) -> str:
        page = self.page
        return self.filters.address(page=page.next_page_number()) if page and page.has_next() else ""


def listing(
    version: ResponsibilityList,
    filters: Filters,
    marks: Marks,
    units: UnitNames,
    user: User,
    categories: Mapping[str, Category],
) -> Listing:
    """The left pane: what the filters ask for, or the domains with their categories."""
    if not filters.narrow and filters.category not in categories:
        return Listing(filters, domains=_domains(version, marks, categories))
    chosen = _chosen(version.items.all(), filters, marks, units, user)
    found = list(chosen.only("list", "code", "category", "matter_zh").order_by("code"))
    gone = [code for code, kind in marks.kinds.items() if kind == Kind.REMOVED]
    if gone:
        before = ResponsibilityItem.objects.filter(list_id=version.based_on_id, code__in=gone)
        found += _chosen(before, filters, marks, units, user)
        found.sort(key=lambda item: item.code)
    page: Page[ResponsibilityItem] = Paginator(found, PAGE).get_page(filters.page)
    rows, last = [], ""
    for item in page:
        begins = item.category_id != last
        last = item.category_id
        rows.append(
            Row(
                item,
                marks.kinds.get(item.code, ""),
                marks.severity.get(item.code, ""),
                categories.get(last) if begins else None,
            )
        )
    return Listing(filters, rows, page, categories.get(filters.category))


def _chosen(
    items: QuerySet[ResponsibilityItem], filters: Filters, marks: Marks, units: UnitNames, user: User
) -> QuerySet[ResponsibilityItem]:
    if filters.category:
        items = items.filter(category_id=filters.category)
    if filters.domain:
        items = items.filter(category__domain_code=filters.domain)
    if filters.unit:
        code = units.code(filters.unit)
        items = items.filter(Q(lead_unit=code) | Q(support_units__contains=[code]))
    if filters.level:
        items = items.filter(level=filters.level)
    if filters.urgency:
        items = items.filter(urgency=filters.urgency)
    if filters.changed:
        items = items.filter(code__in=list(marks.kinds))
    if filters.findings:
        wanted = _GRAVEST if filters.findings == "any" else (filters.findings,)
        items = items.filter(code__in=[code for code, grave in marks.severity.items() if grave in wanted])
    if filters.mine and is_steward(user) and not is_district_steward(user):
        items = items.filter(lead_unit__in=units_kept(user))
    if filters.q:
        items = _saying(items, filters.q, units)
    return items


def _saying(
    items: QuerySet[ResponsibilityItem], words: str, units: UnitNames
) -> QuerySet[ResponsibilityItem]:
    """Items whose code, matter, keywords or lead have these words; several words all of them."""
    joined = Func(F("keywords"), Value("|"), function="array_to_string", output_field=TextField())
    items = items.annotate(said=joined)
    for word in words.split():
        items = items.filter(
            Q(code__istartswith=word)
            | Q(matter_zh__icontains=word)
            | Q(said__icontains=word)
            | Q(lead_unit__in=units.matching(word))
        )
    return items


def _domains(
    version: ResponsibilityList, marks: Marks, categories: Mapping[str, Category]
) -> list[dict[str, Any]]:
    """Every domain with its categories: how many items each has, changed ones and gravest finding."""
    counts = dict(
        version.items.order_by()
        .values_list("category_id")
        .annotate(count=Count("pk"))
        .values_list("category_id", "count")
    )
    # Also of items that this version has no more; a district's own codes need not begin with the category.
    of_item = dict(
        ResponsibilityItem.objects.filter(
            list_id__in=[version.pk, version.based_on_id], code__in=[*marks.kinds, *marks.severity]
        ).values_list("code", "category_id")
    )
    changed: dict[str, int] = {}
    for code in marks.kinds:
        changed[of_item[code]] = changed.get(of_item[code], 0) + 1
    gravest: dict[str, str] = {}
    for code, severity in marks.severity.items():
        held = gravest.get(of_item.get(code, ""))
        if code in of_item and (held is None or _GRAVEST.index(severity) < _GRAVEST.index(held)):
            gravest[of_item[code]] = severity
    domains: dict[str, dict[str, Any]] = {}
    for one in categories.values():
        domain = domains.setdefault(
            one.domain_code, {"name": one.domain, "rows": [], "count": 0, "changed": 0, "severity": ""}
        )
        count = counts.get(one.code, 0)
        domain["count"] += count
        domain["changed"] += changed.get(one.code, 0)
        if gravest.get(one.code) == "error":
            domain["severity"] = "error"
        domain["rows"].append(
            {
                "category": one,
                "count": count,
                "changed": changed.get(one.code, 0),
                "severity": gravest.get(one.code, ""),
            }
        )
    return list(domains.values())
