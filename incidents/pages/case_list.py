"""The list of cases: filters and words in the address, pages by cursor."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.viewer import viewer_of
from config import clock
from incidents import policy, queries
from incidents.models import Incident, SavedView
from incidents.models.incident import IncidentQuerySet
from incidents.oversight import EMERGENCIES, selected
from incidents.pages import waiting
from incidents.pages.access import DESK_ROLES, READING_ROLES, person, staff
from incidents.pages.case_filter import CaseFilter, narrowed
from incidents.pages.case_search import called_before, masked_caller
from incidents.pages.saved_views import view_url
from incidents.pages.wording import described
from incidents.searching import callers, excerpts, rows
from incidents.searching.finding import Found, Kind, Wanted, find_wanted, read
from incidents.searching.saved import canonical, may_remove, views_of

PAGE = 50
# So many changes may wait for the sweep before the list says that it is behind.
BEHIND = 200
# So many values of a facet are named.
NAMED = 5
_CURSORS = ("before", "after")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an address asks for, and the cases of it that this person may see."""

    form: CaseFilter
    wanted: dict[str, Any]
    found: Found
    is_behind: bool  # rows of words are so far behind that what has just changed may not be found

    @property
    def is_narrowed(self) -> bool:
        """Was anything asked for, understood or not?"""
        return bool(self.wanted) or bool(self.form.unread)


@require_GET
@staff(*READING_ROLES)
def cases(request: HttpRequest) -> HttpResponse:
    """Cases that this person may see, filtered by the address; newest first, or what is most overdue."""
    at, user = clock.now(), person(request)
    answers, seen = waiting.to_answer(user), policy.seen_by(user)
    chose = _choose(request, request.GET, at, seen.cases, answers=answers)
    found, wanted = chose.found, chose.wanted
    if found.wanted.kind == Kind.NUMBER and (only := found.any.values_list("number", flat=True).first()):
        return HttpResponseRedirect(reverse("case", args=[only]))
    page, earlier, later = _page(found.page, request, by_due=bool(wanted.get("overdue")))
    # Unfiltered, many are more than are counted.
    facts = None if seen.are_many and not chose.is_narrowed else _facts(found)
    context = {
        "at": at,
        "form": chose.form,
        "rows": _rows(page, found.wanted, at),
        "count": queries.COUNT_MAX + 1 if facts is None else len(facts),
        "count_max": queries.COUNT_MAX,
        "facets": _facets(request, chose, facts),
        "earlier": earlier,
        "later": later,
        "is_filtered": chose.is_narrowed,
        "views": _views(request, at, seen.cases, answers),
        "search": _search(request, chose),
        **saved_views(request, SavedView.Page.CASES),
    }
    return render(request, "incidents/cases.html", context)


def chosen(
    request: HttpRequest, given: QueryDict, at: datetime, *, answers: Q | None = None
) -> tuple[QuerySet[Incident], CaseFilter]:
    """The cases that `given` filters out of what this person may see, in no order: for the map."""
    chose = _choose(request, given, at, policy.cases_of(request.user), answers=answers)
    return chose.found.any, chose.form


def saved_views(request: HttpRequest, page: str) -> dict[str, Any]:
    """For a page with views: those that are kept, what could be kept now, and with whom it can be shared."""
    user, given = person(request), canonical(request.GET.urlencode())
    has_desk = bool(viewer_of(user).with_roles(*DESK_ROLES))
    pages = [page, SavedView.Page.DESK] if has_desk else [page]
    kept = [
        {
            "label": view.name,
            "url": view_url(view),
            "active": view.page == page and view.query == given,
            "is_tab": view.page == page,
            "saved": view,
            "is_mine": view.owner_id == user.pk,
            "may_remove": may_remove(user, view),
        }
        for view in views_of(user, *pages)
    ]
    return {
        "saved_views": kept,
        "view_page": page,
        "view_query": given,
        "view_has_desk": has_desk,
        "view_units": list({grant.unit.code: grant.unit for grant in viewer_of(user).grants}.values()),
    }


def _choose(
    request: HttpRequest, given: QueryDict, at: datetime, seen: IncidentQuerySet, *, answers: Q | None = None
) -> Chosen:
    user, form = person(request), CaseFilter(given)
    wanted = form.wanted
    found = narrowed(seen, wanted, at)
    if form.unread:
        found = found.none()  # everything, where something was asked for, would be a wrong answer
    if wanted.get("answer"):
        answers = answers if answers is not None else waiting.to_answer(user)
        found = found.filter(answers) if answers is not None else found.none()
    if caller := wanted.get("caller"):
        found = callers.called(called_before(request, caller), user, found)
    typed = read(wanted.get("q", ""))
    in_words = typed.kind in (Kind.WORDS, Kind.LAST)
    is_behind = in_words and rows.behind(BEHIND) > BEHIND
    # Behind, a row may not say yet whose the case is: slower, but all of them are found.
    under = policy.filed_under(user) if in_words and not is_behind else None
    return Chosen(form, wanted, find_wanted(typed, found, under=under), is_behind)


def _rows(page: Sequence[Incident], wanted: Wanted, at: datetime) -> list[dict[str, Any]]:
    place, waits = queries.places_of(page), waiting.tags_of(page)
    words = wanted.words if wanted.kind in (Kind.WORDS, Kind.LAST) else ()
    said = rows.said_in([row.pk for row in page]) if words else {}
    found = []
    for row in page:
        shown = described(row, at, place=place.full(row), waits=waits.get(row.pk, ()))
        if words:
            shown["title_pieces"] = excerpts.marked(shown["title"], words)
            shown["excerpt"] = excerpts.excerpt(said.get(row.pk, []), words, title=shown["title"])
        found.append(shown)
    return found


def _search(request: HttpRequest, chose: Chosen) -> dict[str, Any]:
    """What is said about what was looked for: how it was read, and why perhaps nothing was found."""
    caller = chose.wanted.get("caller", "")
    wanted = chose.found.wanted
    return {
        "typed": chose.wanted.get("q", ""),
        "kind": wanted.kind.value,
        "ignored": _(", ").join(wanted.ignored),
        "unread": _(", ").join(chose.form.unread),
        "caller": masked_caller(request, caller) if caller else "",
        "caller_is_gone": bool(caller) and not called_before(request, caller),
        "is_behind": chose.is_behind,
        # The filters without the words, which a new search keeps.
        "filters": canonical(request.GET.urlencode(), without=("q",)),
        "may_look_up": callers.may_look_up(person(request)),
    }


# --- counts -----------------------------------------------------------------------------------------


def _facts(found: Found) -> list[tuple[Any, ...]] | None:
    """Status, source, domain and street of the cases that fit; None where they are too many to count."""
    told = found.any.order_by().values_list("status", "source", "category__domain_code", "street_code")
    facts = list(told[: queries.COUNT_MAX + 1])
    return facts if len(facts) <= queries.COUNT_MAX else None


def _facets(request: HttpRequest, chose: Chosen, facts: list[tuple[Any, ...]] | None) -> list[dict[str, Any]]:
    """How the cases are spread, as ways to narrow further; nothing where they are too many to count."""
    if facts is None:
        return []
    facets = []
    for position, name in enumerate(("status", "source", "domain", "street")):
        counted = Counter(row[position] for row in facts if row[position])
        if len(counted) < 2:
            continue
        labels = dict(chose.form.fields[name].choices)  # type: ignore[attr-defined]
        values = [
            {"label": labels.get(value, value), "count": count, "url": _narrower(request, name, value)}
            for value, count in counted.most_common(NAMED)
        ]
        facets.append(
            {"label": chose.form[name].label, "values": values, "others": max(0, len(counted) - NAMED)}
        )
    return facets


def _narrower(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    for other in _CURSORS:
        query.pop(other, None)
    query[name] = value
    return f"?{query.urlencode()}"


# --- pages ------------------------------------------------------------------------------------------


def _page(
    found: QuerySet[Incident], request: HttpRequest, *, by_due: bool
) -> tuple[list[Incident], str, str]:
    """One page by cursor, and the addresses before and after it; one query however far down the list.

    The cursor is the last row's key: when it came in (newest first) or is due (most overdue first), and
    its id among equals.
    """
    column, newest_first = ("due_at", False) if by_due else ("received_at", True)
    back = request.GET.get("before", "")
    cursor = _cursor(back or request.GET.get("after", ""))
    descending = newest_first is not bool(back)
    if cursor is not None:
        found = found.filter(_beyond(cursor, column, descending=descending))
    sign = "-" if descending else ""
    rows = list(found.for_list().order_by(f"{sign}{column}", f"{sign}pk")[: PAGE + 1])  # type: ignore[attr-defined]
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    if back:
        rows.reverse()
    has_earlier = bool(rows) and (more if back else cursor is not None)
    has_later = bool(rows) and (True if back else more)
    earlier = _link(request, "before", _key(rows[0], column)) if has_earlier else ""
    later = _link(request, "after", _key(rows[-1], column)) if has_later else ""
    return rows, earlier, later


def _key(row: Incident, column: str) -> str:
    return f"{getattr(row, column).timestamp():.6f}_{row.pk}"


def _cursor(text: str) -> tuple[datetime, int] | None:
    if not text or len(text) > 60:
        return None
    at, _line, pk = text.rpartition("_")
    try:
        return datetime.fromtimestamp(float(at), tz=UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        return None


def _beyond(cursor: tuple[datetime, int], column: str, *, descending: bool) -> Q:
    at, pk = cursor
    way = "lt" if descending else "gt"
    beyond = Q(**{f"{column}__{way}": at}) | Q(**{f"pk__{way}": pk})
    # Said so, the index begins to be read where the page begins.
    return Q(**{f"{column}__{way}e": at}) & beyond


def _link(request: HttpRequest, name: str, key: str) -> str:
    query = request.GET.copy()
    for other in ("before", "after"):
        query.pop(other, None)
    query[name] = key
    return f"?{query.urlencode()}"


# --- views ------------------------------------------------------------------------------------------


def _views(
    request: HttpRequest, at: datetime, seen: IncidentQuerySet, answers: Q | None
) -> list[dict[str, Any]]:
    """Ready-made selections over the list, as tabs: they are nothing but addresses."""
    overdue = narrowed(seen, {"overdue": True}, at)
    in_hand = {"status": "unresolved", "urgency": "emergency"}
    urgent = selected(seen, EMERGENCIES, at)  # the same cases as on walls and for supervisors
    given = canonical(request.GET.urlencode())
    views: list[tuple[Any, dict[str, str], QuerySet[Incident] | None, str]] = [
        (_("All cases"), {}, None, ""),
        (_("Open"), {"status": "open"}, None, ""),
        (_("Overdue"), {"overdue": "on"}, overdue, "overdue"),
        (_("Emergencies in hand"), in_hand, urgent, "emergency"),
    ]
    if answers is not None:
        views.append((_("To answer"), {"answer": "on"}, seen.filter(answers), "warned"))
    return [
        {
            "label": label,
            "url": f"{reverse('cases')}?{urlencode(query)}" if query else reverse("cases"),
            "active": given == canonical(urlencode(query)) and "caller" not in request.GET,
            "count": queries.bounded_count(counted) if counted is not None else None,
            "state": state,
        }
        for label, query, counted, state in views
    ]
