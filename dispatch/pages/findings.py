"""What the check says of a version: beside the item in hand, and all of it on a page of its own."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from accounts.access import staff
from accounts.roles import Role
from dispatch.edition import edition
from dispatch.explain import Explainer
from dispatch.lint import SEVERITIES, Finding
from dispatch.lint.checking import Check, check_list
from dispatch.lint.findings import SEVERITY
from dispatch.lint.words import KIND_NAMES, SEVERITY_NAMES, FindingWords
from dispatch.models import ResponsibilityItem, ResponsibilityList
from dispatch.pages.standing import Opened, opened
from grids.models import Area

PAGE = 50
# Beside an item in hand at most this many findings are told, and of each at most so many rows.
BESIDE, ITEMS_BESIDE, ITEMS_SHOWN = 12, 4, 12
STATES = {"error": "overdue", "warning": "warned", "note": "paused"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as a person reads it, with the items that it is about."""

    finding: Finding
    sentence: str
    items: Sequence[tuple[str, str]]
    more: int

    @property
    def kind(self) -> str:
        return str(KIND_NAMES[self.finding.code])

    @property
    def severity(self) -> str:
        return self.finding.severity

    @property
    def state(self) -> str:
        return STATES[self.finding.severity]


@require_GET
@staff(*Role)
def panel(request: HttpRequest, version: int) -> HttpResponse:
    """The right pane's findings: of the item in hand (`?item=`), or of the whole version.

    Says to the page whether the check was made just now, so that the left pane shows its marks too.
    """
    one = opened(request, version)
    is_fresh = one.marks.counts is None
    context = panel_context(one, request.GET.get("item", "").replace("\x00", ""))
    if is_fresh:
        del one.marks  # they are read again, with what the check has just said
    response = render(request, "dispatch/parts/findings_panel.html", {**context, "fresh": is_fresh})
    if is_fresh:
        response["HX-Trigger"] = "list-checked"
    return response


def panel_context(one: Opened, code: str) -> dict[str, Any]:
    """What the panel shows: of an item all there is to say, of the rest the errors and how much of each kind.

    The check is made where this state of the version has none.
    """
    check = check_list(one.version, at=one.at)
    about: tuple[Finding, ...] = ()
    if code:
        item = ResponsibilityItem.objects.filter(list=one.version, code=code).only("list", "category").first()
        about = check.about([code, *([item.category_id] if item else [])])
    errors = [finding for finding in check.errors if finding not in about]
    kinds = Counter(finding.code for finding in check.findings if finding.severity != "error")
    shown = in_words(one.version, [*about[:BESIDE], *errors[:BESIDE]], first=code, most=ITEMS_BESIDE)
    return {
        "one": one,
        "version": one.version,
        "check": check,
        "code": code,
        "counts": counts_of(check),
        "about": shown[: len(about[:BESIDE])],
        "errors": shown[len(about[:BESIDE]) :],
        "more_about": len(about) - len(about[:BESIDE]),
        "more_errors": len(errors) - len(errors[:BESIDE]),
        "kinds": [] if code else _kinds(kinds),
    }


def _kinds(counts: Counter[str]) -> list[tuple[str, Any, int, str]]:
    """The kinds of finding that are no errors: code, name, how many, how it is coloured; warnings first."""
    order = sorted(counts, key=lambda code: (SEVERITIES.index(SEVERITY[code]), -counts[code], code))
    return [(code, KIND_NAMES[code], counts[code], STATES[SEVERITY[code]]) for code in order]


@require_GET
@staff(*Role)
def findings(request: HttpRequest, version: int) -> HttpResponse:
    """All findings of a version, by how grave they are, of what kind, and about what."""
    one = opened(request, version)
    check = check_list(one.version, at=one.at)
    severity, kind, category = (
        request.GET.get(name, "").replace("\x00", "") for name in ("severity", "kind", "category")
    )
    words = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    chosen = [
        finding
        for finding in check.findings
        if (not severity or finding.severity == severity)
        and (not kind or finding.code == kind)
        and (not category or finding.category == category)
        and (not words or any(code.startswith(words) for code in finding.items))
    ]
    page = Paginator(chosen, PAGE).get_page(request.GET.get("page"))
    kinds = Counter(finding.code for finding in check.findings)
    context = {
        "one": one,
        "version": one.version,
        "check": check,
        "counts": counts_of(check),
        "page": page,
        "shown": in_words(one.version, page.object_list, most=ITEMS_SHOWN),
        "kinds": [(code, KIND_NAMES[code], count) for code, count in kinds.most_common()],
        "categories": [
            one.categories[code]
            for code in sorted({finding.category for finding in check.findings})
            if code in one.categories
        ],
        "asked": {"severity": severity, "kind": kind, "category": category, "q": words},
    }
    return render(request, "dispatch/findings.html", context)


def counts_of(check: Check) -> list[tuple[str, Any, int, str]]:
    """Severity, its name, how many, and how it is coloured."""
    return [
        (severity, SEVERITY_NAMES[severity], check.counts.get(severity, 0), STATES[severity])
        for severity in SEVERITIES
    ]


def in_words(
    version: ResponsibilityList, findings: Iterable[Finding], *, most: int, first: str = ""
) -> list[Shown]:
    """Sentences of findings, each with its items by name; `first` is not named again."""
    findings = list(findings)
    matters = dict(version.items.values_list("code", "matter_zh")) if findings else {}
    english = (get_language() or "").startswith("en")
    areas = Area.objects.communities().values_list("code", "name_en" if english else "name_zh")
    told = FindingWords(
        Explainer(replace(edition().names, items=matters)), dict(areas) if _name_places(findings) else {}
    )
    shown = []
    for finding in findings:
        codes = [code for code in finding.items if code != first]
        items = [(code, matters.get(code, "")) for code in codes[:most]]
        shown.append(Shown(finding, told.sentence(finding), items, len(codes) - len(items)))
    return shown


def _name_places(findings: Iterable[Finding]) -> bool:
    return any("areas" in finding.params for finding in findings)
