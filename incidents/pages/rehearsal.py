"""回放: what a draft would have changed, beside the draft and on a page of its own, down to one case."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import staff
from accounts.roles import Role
from accounts.templatetags.ui import duration
from dispatch.edition import edition
from dispatch.errors import ListRefused
from dispatch.models import Category
from dispatch.pages.standing import Opened, opened
from incidents import rehearsal
from incidents.models import Rehearsal, RehearsedCase
from incidents.pages import rehearsal_words as words
from incidents.pages.rehearsal_words import TABS

State = Rehearsal.State
DEFAULT_DAYS = 90
PAGE = 25
FLOWS_BESIDE, ROWS_BESIDE = 6, 4
# No part was done for so long: whoever worked on it may be gone.
QUIET = timedelta(minutes=1)
_DAYS_WORDS_MOST = 5  # digits of a number that a form may send


@require_GET
@staff(Role.STEWARD)
def panel(request: HttpRequest, version: int) -> HttpResponse:
    """The right pane's rehearsal: what runs, and the last result. Asks again by itself while one runs."""
    return _panel(request, opened(request, version))


@require_POST
@staff(Role.STEWARD)
def start(request: HttpRequest, version: int) -> HttpResponse:
    """Rehearse the last `days`; answers the panel, or without htmx the page that asked."""
    one = opened(request, version)
    days = request.POST.get("days", "")
    try:
        rehearsal.start(
            draft=one.version,
            days=int(days) if days.isascii() and days.isdigit() and len(days) <= _DAYS_WORDS_MOST else 0,
            by=one.user,
            at=one.at,
        )
    except ListRefused as refused:
        return _answer(request, one, str(refused))
    return _answer(request, one)


@require_POST
@staff(Role.STEWARD)
def cancel(request: HttpRequest, version: int) -> HttpResponse:
    """Call off what runs."""
    one = opened(request, version)
    running = Rehearsal.objects.filter(draft=one.version, state__in=rehearsal.ACTIVE).first()
    if running is not None:
        rehearsal.cancel(rehearsal=running, by=one.user, at=one.at)
    return _answer(request, one)


@require_GET
@staff(Role.STEWARD)
def result(request: HttpRequest, version: int) -> HttpResponse:
    """The whole result: every flow, and the cases list by list."""
    one = opened(request, version)
    done = rehearsal.newest_result(one.version)
    context: dict[str, Any] = {"one": one, "version": one.version, **_state(one), "is_page": True}
    if done is None:
        return render(request, "incidents/rehearsal.html", context)
    told = words.summary(done, one.units)
    chosen = Chosen.of(request, done)
    found = chosen.cases(done)
    counts = (
        _counted(found)
        if chosen.is_narrow or done.kept == sum(told.tally.kinds.values())
        else words.of_tally(told.tally)
    )
    tabs = words.tabs(counts)
    tab = chosen.tab or next((each.name for each in tabs if each.count), "wronged")
    which = next((which for name, _title, which in TABS if name == tab), None)
    if which is None:
        raise Http404
    listed = found.filter(which).select_related("incident").order_by("part_id", "pk")
    page = Paginator(listed, PAGE).get_page(request.GET.get("page"))
    context |= {
        "told": told,
        "result": done,
        "took": took_words(done),
        "tabs": tabs,
        "tab": tab,
        "chosen": chosen,
        "query_words": urlencode(chosen.query(tab)),
        "page": page,
        "rows": words.rows(list(page.object_list), one.user, one.units),
        "categories": _categories(told.tally.before.keys() | told.tally.after.keys()),
        "is_cut": done.kept < sum(told.tally.kinds.values()),
    }
    return render(request, "incidents/rehearsal.html", context)


@require_GET
@staff(Role.STEWARD)
def export(request: HttpRequest, version: int) -> HttpResponse:
    """The differences as CSV, with codes and names and nobody's words; the filters of the page hold."""
    one = opened(request, version)
    done = rehearsal.newest_result(one.version)
    if done is None:
        raise Http404
    found = Chosen.of(request, done).cases(done).select_related("incident").order_by("part_id", "pk")
    response = HttpResponse(_lines(found, one), content_type="text/csv; charset=utf-8")
    name = f"rehearsal-v{one.version.version}-r{done.revision}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address asks for: a list, one flow, one category."""

    tab: str
    flow: str
    category: str

    @classmethod
    def of(cls, request: HttpRequest, done: Rehearsal) -> "Chosen":
        told = {name: request.GET.get(name, "").replace("\x00", "") for name in ("tab", "flow", "category")}
        return cls(**told)

    @property
    def is_narrow(self) -> bool:
        return bool(self.flow or self.category)

    def cases(self, done: Rehearsal) -> "QuerySet[RehearsedCase]":
        found = RehearsedCase.objects.filter(rehearsal=done)
        if self.flow:
            start_of_flow, _mark, end_of_flow = self.flow.partition(">")
            found = found.filter(from_pattern=start_of_flow, to_pattern=end_of_flow)
            found = found.exclude(kind__in=["limits", "item", "guess"])
        if self.category:
            found = found.filter(Q(before__category=self.category) | Q(after__category=self.category))
        return found

    def query(self, tab: str) -> dict[str, str]:
        """The parameters that a case's page is asked with, to know its neighbours."""
        told = {"tab": tab, "flow": self.flow, "category": self.category}
        return {name: value for name, value in told.items() if value}


# --- the panel ----------------------------------------------------------------------------------------------


def _answer(request: HttpRequest, one: Opened, refused: str = "") -> HttpResponse:
    if request.headers.get("HX-Request") == "true":
        return _panel(request, one, refused)
    if refused:
        messages.error(request, refused)
    return HttpResponseRedirect(reverse("rehearsal", args=[one.version.version]))


def _panel(request: HttpRequest, one: Opened, refused: str = "") -> HttpResponse:
    context: dict[str, Any] = {"one": one, "version": one.version, "refused": refused, **_state(one)}
    context["is_page"] = request.GET.get("page") == "1" or request.POST.get("page") == "1"
    done = context["done"]
    if done is not None and not context["is_page"]:
        told = words.summary(done, one.units)
        tabs = words.tabs(words.of_tally(told.tally))
        tab = next((each.name for each in tabs if each.count), "wronged")
        which = next(which for name, _title, which in TABS if name == tab)
        listed = RehearsedCase.objects.filter(which, rehearsal=done).select_related("incident")
        first = list(listed.order_by("part_id", "pk")[:ROWS_BESIDE])
        context |= {
            "told": told,
            "result": done,
            "took": took_words(done),
            "flows": told.flows[:FLOWS_BESIDE],
            "more_flows": max(0, len(told.flows) - FLOWS_BESIDE),
            "tabs": tabs,
            "tab": tab,
            "rows": words.rows(first, one.user, one.units),
        }
    elif context["is_page"] and context["run"] is not None and not context["run"].is_active:
        # The page stands on a result: there is a new one, or none will come.
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return render(request, "incidents/rehearsal_panel.html", context)


def _state(one: Opened) -> dict[str, Any]:
    """What runs, what the last result is, and whether either is of the draft as it stands."""
    run = rehearsal.newest(one.version)
    done = run if run is None or run.state == State.DONE else rehearsal.newest_result(one.version)
    active = run is not None and run.is_active
    is_stale = done is not None and rehearsal.is_stale(done)
    was_tried = run is not None and run.revision == one.version.revision
    days = next((each.days for each in (run, done) if each is not None and each.days), DEFAULT_DAYS)
    return {
        "run": run,
        "done": done,
        "is_active": active,
        "progress": rehearsal.progress(run) if active and run is not None else 0,
        "is_quiet": active and run is not None and _is_quiet(run, one.at),
        "is_stale": is_stale,
        "days": days,
        "days_offered": rehearsal.DAYS,
        # An edit starts the rehearsal of the same days again; what was called off stays so.
        "starts_itself": is_stale and not was_tried and done is not None and done.days is not None,
        "can_run": one.version.based_on_id is not None,
        "base_moved": one.is_behind,
    }


def _is_quiet(run: Rehearsal, at: datetime) -> bool:
    """Does nobody seem to work on it?"""
    if run.state == State.WAITING:
        return at - run.asked_at > rehearsal.STALLED_AFTER
    last = run.parts.aggregate(last=Max("done_at"))["last"] or run.started_at
    return last is not None and at - last > QUIET


def _counted(found: "QuerySet[RehearsedCase]") -> list[tuple[str, str, int]]:
    counted = found.order_by().values_list("kind", "turn").annotate(count=Count("pk"))
    return [(kind, turn, count) for kind, turn, count in counted]


def _categories(codes: set[str]) -> Sequence[Category]:
    return list(Category.objects.filter(code__in=codes).order_by("code"))


def took_words(done: Rehearsal) -> str:
    """How long it took, as somebody says it."""
    seconds = (done.took_ms or 0) / 1000
    if seconds < 60:
        return _("%(seconds).1f s") % {"seconds": seconds}
    return duration(seconds)


class _Echo:
    """A file that hands back what is written."""

    def write(self, line: str) -> str:
        return line


def _lines(found: "QuerySet[RehearsedCase]", one: Opened) -> Iterator[str]:
    writer = csv.writer(_Echo())
    names = edition().names.items
    yield "\ufeff"  # so that Excel reads UTF-8
    yield writer.writerow(
        [
            *(_("Case or row"), _("What is different"), _("For better or worse")),
            *(_("Unit before"), _("Unit in the draft"), _("Item before"), _("Item in the draft")),
            *(
                _("Limit before"),
                _("Limit in the draft"),
                _("Confidence before"),
                _("Confidence in the draft"),
            ),
            *(_("Really settled by"), _("Returns")),
        ]
    )
    for case in found.iterator(chunk_size=1_000):
        yield writer.writerow(
            [
                case.incident.number if case.incident is not None else case.row,
                case.get_kind_display(),
                case.get_turn_display(),
                words.where(case.before, one.units),
                words.where(case.after, one.units),
                _item(case.before["item"], names),
                _item(case.after["item"], names),
                case.before["handle_limit"],
                case.after["handle_limit"],
                case.before["confidence"],
                case.after["confidence"],
                words.settled_words(case, one.units),
                case.returns,
            ]
        )


def _item(code: str | None, names: Any) -> str:
    return f"{code} {names.get(code, '')}".strip() if code else ""
