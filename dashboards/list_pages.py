"""The cases behind a number: pages of exactly as many as it said."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from dashboards import drill, sheets
from dashboards.filters import addressed
from dashboards.indicators import UNIT_WORDS, day_length
from dashboards.opened import Opened
from dashboards.scope import BOARD_ROLES
from dispatch.vocabulary import Source
from incidents.models import Incident, Outcome
from incidents.pages.access import person, staff

PER_PAGE = 50
EXPORT_MOST = 20_000


@require_safe
@staff(*BOARD_ROLES)
def cases(request: HttpRequest) -> HttpResponse:
    """The cases behind a number: exactly as many as it said."""
    entry = drill.LISTS.get(request.GET.get("list", ""))
    if entry is None:
        raise Http404
    opened = Opened(request)
    if opened.form.errors:  # a list under other filters than asked for would not be the number's
        return render(request, "dashboards/bad_filters.html", {"form": opened.form}, status=400)
    span = opened.asked.period.span.until(opened.asked.today)
    rows: Any
    if isinstance(entry, drill.FactList):
        rows = drill.facts(entry, opened.asked.selection, span, request.user)
    else:
        rows = drill.cases(entry, opened.asked.selection, opened.at, request.user)
    if opened.asked.community:
        rows = drill.in_area(rows, opened.asked.community)
    if request.GET.get("format") == "csv":
        return _export(entry, opened, rows, taken_by=person(request))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    is_facts = isinstance(entry, drill.FactList)
    context = {
        "entry": entry,
        "page": page,
        "rows": list(listed(entry, opened, page.object_list)),
        "chips": _chips(opened, entry.code),
        "value_name": _value_name(entry),
        "period_name": opened.asked.period.name if is_facts else _("now"),
        "span": span if is_facts else None,
        "board_url": addressed(reverse("board"), opened.asked.query(community=None)),
        "csv_url": f"?{opened.asked.query(list=entry.code, format='csv')}",
    }
    return render(request, "dashboards/cases.html", context)


def _value_name(entry: drill.FactList | drill.CaseList) -> str:
    if isinstance(entry, drill.CaseList):
        return _("Due")
    return {"time": _("Took"), "score": _("Rating"), "due": _("Due")}.get(entry.shows, "")


def listed(
    entry: drill.FactList | drill.CaseList, opened: Opened, rows: Iterable[Outcome | Incident]
) -> Iterator[dict[str, Any]]:
    names, selection = opened.names, opened.asked.selection
    for row in rows:
        incident = row.incident if isinstance(row, Outcome) else row
        shown_row: dict[str, Any] = {
            "incident": incident,
            "category": names.category(incident.category_id or ""),
            "street": names.street(incident.street_code) if incident.street_code else "",
            "community": names.community(incident.community_code) if incident.community_code else "",
        }
        if isinstance(row, Outcome):
            shown_row |= {"unit": names.unit(row.unit_code), "at": row.at}
            if isinstance(entry, drill.FactList):
                shown_row |= _fact_value(entry, row, selection.clock)
        else:
            shown_row |= {
                "unit": row.owner_unit.name,
                "at": row.received_at,
                "due": row.due_at,
                "state": "overdue" if row.due_at and row.due_at < opened.at else "",
            }
        yield shown_row


def _fact_value(entry: drill.FactList, row: Outcome, clock_name: str) -> dict[str, Any]:
    if entry.shows == "time":
        seconds = row.working if clock_name == "working" else row.elapsed
        if entry.kind == Outcome.Kind.DISPATCHED:
            value, unit = (seconds or 0) / 3600, UNIT_WORDS["hours"]
        else:
            value, unit = (seconds or 0) / day_length(clock_name), UNIT_WORDS["days"]  # type: ignore[arg-type]
        return {"value": f"{value:,.2f}", "value_unit": unit}
    if entry.shows == "due":
        return {
            "value": _("on time") if row.on_time else _("late"),
            "state": "" if row.on_time else "overdue",
        }
    if entry.shows == "score":
        return {"value": str(row.score) if row.score else "—", "value_unit": _("of 5") if row.score else ""}
    return {}


def _chips(opened: Opened, code: str) -> list[dict[str, str]]:
    """What the list is narrowed by, each with the address that lifts it."""
    asked, names = opened.asked, opened.names

    def without(**changes: Any) -> str:
        return f"?{asked.query(list=code, **changes)}"

    chips = [
        {"name": names.street(street), "url": without(street=[s for s in asked.streets if s != street])}
        for street in asked.streets
    ]
    if asked.community:
        chips.append({"name": names.community(asked.community), "url": without(community=None)})
    if asked.unit:
        chips.append({"name": asked.unit.name, "url": without(unit=None)})
    domains = {category.domain_code: category.domain for category in names.categories.values()}
    for category in asked.categories:
        rest = [c for c in asked.categories if c != category]
        chips.append(
            {"name": domains.get(category) or names.category(category), "url": without(category=rest)}
        )
    for source in asked.sources:
        rest = [s for s in asked.sources if s != source]
        chips.append({"name": str(Source(source).label), "url": without(source=rest)})
    return chips


def _export(
    entry: drill.FactList | drill.CaseList, opened: Opened, rows: Any, *, taken_by: User
) -> HttpResponse:
    """The list as CSV, without what anybody said: numbers, places and times are no personal data."""
    heads = [
        _("Case"),
        _("Category"),
        _("Street"),
        _("Community"),
        _("Unit"),
        _("Day"),
        _value_name(entry) or _("Value"),
    ]

    def told() -> Iterator[list[Any]]:
        for row in listed(entry, opened, rows[:EXPORT_MOST]):
            value = row.get("value") or (timezone.localtime(row["due"]).isoformat() if row.get("due") else "")
            yield [
                row["incident"].number,
                row["category"],
                row["street"],
                row["community"],
                row["unit"],
                timezone.localtime(row["at"]).date().isoformat(),
                value,
            ]

    return sheets.download(sheets.lines(heads, told(), taken_by=taken_by), entry.code)
