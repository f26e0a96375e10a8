"""督办: what supervisors watch, and where they order and urge, one case or many at once."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.models import OrgUnit, User
from accounts.roles import Action, Role
from config import clock
from grids.models import Area
from incidents import actions, oversight, policy, queries, repeats
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import CaseRequest, Incident, Timer
from incidents.pages import waiting
from incidents.pages.access import person, staff
from incidents.pages.duty import whom_to_call
from incidents.pages.forms import SuperviseForm
from incidents.pages.wording import described

PAGE = 20
# Of what stands beside the table, as many as fit; the tab has them all.
CARD = 5
# Of what was said before a case, so many are named below it.
BEFORE = 2
# One POST acts on no more cases than a page can show.
AT_ONCE = 100
# A street whose share of cases settled in time is below this is marked.
TARGET = 0.97
# Lengths of time that no script keeps current are told anew this often.
_STALE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for."""

    tab: str = oversight.OVERDUE
    street: str = ""
    unit: str = ""
    after: str = ""

    @classmethod
    def of(cls, given: Any) -> "Wanted":
        tab = given.get("tab", "")
        return cls(
            tab=tab if tab in oversight.SELECTIONS else oversight.OVERDUE,
            street=given.get("street", "")[:15],
            unit=given.get("unit", "")[:64],
            after=given.get("after", "")[:60],
        )

    def url(self, page: str = "supervision", **changes: str) -> str:
        """The page's address with some of it changed; another selection begins at its first page."""
        query = {"tab": self.tab, "street": self.street, "unit": self.unit, **changes}
        if query["tab"] == oversight.OVERDUE:
            query["tab"] = ""
        kept = {name: value for name, value in query.items() if value}
        return reverse(page) + (f"?{urlencode(kept)}" if kept else "")


@require_GET
@staff(Role.SUPERVISOR)
def supervision(request: HttpRequest) -> HttpResponse:
    """The six selections with their cases; for a poll their inside alone, and 304 while nothing changed."""
    user, at, wanted = person(request), clock.now(), Wanted.of(request.GET)
    seen = _seen(user)
    if wanted.unit:
        seen = seen.filter(owner_unit=wanted.unit)
    found = oversight.overview(seen, at)
    if request.headers.get("X-Requested-With") == "poll":
        tag = _etag(found, wanted, user, at)
        if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
            response = HttpResponse(status=304)
        else:
            context = _context(user, seen, found, wanted, at)
            response = render(request, "incidents/parts/supervision_live.html", context)
        response["ETag"] = tag
        response["X-Now"] = at.isoformat()
        return response
    return render(request, "incidents/supervision.html", _context(user, seen, found, wanted, at))


@require_POST
@staff(Role.SUPERVISOR)
def order(request: HttpRequest) -> HttpResponse:
    """Order the chosen cases' units: first the words are asked for, then each case is its own action."""
    user, at, wanted = person(request), clock.now(), Wanted.of(request.POST)
    cases = _chosen(request, user)
    if not cases:
        return _nothing_chosen(request, wanted)
    form = SuperviseForm(request.POST if "words" in request.POST else None)
    if not form.is_valid():
        place = queries.places_of(cases)
        context = {
            "form": form,
            "wanted": wanted,
            "rows": [described(case, at, place=place.short(case)) for case in cases],
            "back_url": wanted.url(),
        }
        return render(request, "incidents/supervise.html", context, status=400 if form.is_bound else 200)

    def give(case: Incident, actor: Actor) -> object:
        words, answer_by = form.cleaned_data["words"], form.cleaned_data["answer_by"]
        return actions.supervise(number=case.number, words=words, answer_by=answer_by, actor=actor, at=at)

    done = _each(request, cases, user, Action.SUPERVISE, give)
    if done:
        said = ngettext("%(count)d order given.", "%(count)d orders given.", done)
        messages.success(request, said % {"count": done})
    return HttpResponseRedirect(wanted.url())


@require_POST
@staff(Role.SUPERVISOR)
def urge(request: HttpRequest) -> HttpResponse:
    """催办: urge the units of the chosen cases."""
    user, at, wanted = person(request), clock.now(), Wanted.of(request.POST)
    cases = _chosen(request, user)
    if not cases:
        return _nothing_chosen(request, wanted)
    done = _each(
        request,
        cases,
        user,
        Action.NUDGE,
        lambda case, actor: actions.nudge(number=case.number, actor=actor, at=at),
    )
    if done:
        said = ngettext("%(count)d unit urged.", "The units of %(count)d cases urged.", done)
        messages.success(request, said % {"count": done})
    return HttpResponseRedirect(wanted.url())


def _seen(user: User) -> QuerySet[Incident]:
    return Incident.objects.filter(policy.visible(user))


def _chosen(request: HttpRequest, user: User) -> list[Incident]:
    numbers = request.POST.getlist("case")[:AT_ONCE]
    return list(_seen(user).filter(number__in=numbers).for_list().order_by("due_at", "pk"))  # type: ignore[attr-defined]


def _nothing_chosen(request: HttpRequest, wanted: Wanted) -> HttpResponse:
    messages.error(request, _("Choose at least one case."))
    return HttpResponseRedirect(wanted.url())


def _each(
    request: HttpRequest,
    cases: list[Incident],
    user: User,
    action: Action,
    do: Callable[[Incident, Actor], object],
) -> int:
    """Act on each case by itself: one that is refused is named, and stops no other. Answers how many went."""
    done = 0
    for case in cases:
        try:
            do(case, policy.acting_as(user, action, case))
        except (ActionRefused, InvalidInput) as error:
            messages.error(request, f"{case.number}: {error}")
        else:
            done += 1
    return done


def _to_answer(user: User) -> int:
    """How many cases wait for an answer of this supervisor: time, suspensions, appeals, late entries."""
    asked = waiting.to_answer(user)
    return queries.bounded_count(_seen(user).filter(asked)) if asked is not None else 0


def _context(
    user: User, seen: QuerySet[Incident], found: oversight.Overview, wanted: Wanted, at: datetime
) -> dict[str, Any]:
    inside = seen.filter(street_code=wanted.street) if wanted.street else seen
    counts = found.streets.get(wanted.street, oversight.Counts()) if wanted.street else found.total
    rows, after = _page(oversight.selected(inside, wanted.tab, at), wanted.after)
    cards = {
        name: list(_worst_first(oversight.selected(inside, name, at))[:CARD])
        for name in (oversight.EMERGENCIES, oversight.DISPUTES, oversight.RETURNED)
        if getattr(counts, name)
    }
    place = queries.places_of([*rows, *(case for cases in cards.values() for case in cases)])
    pending = _pending(rows)
    before = repeats.before(rows, among=policy.visible(user)) if rows else {}
    shown = [
        described(
            row,
            at,
            place=place.street(row),
            step=_step(row),
            pending=row.pk in pending,
            **_before(before.get(row.pk, ())),
        )
        for row in rows
    ]
    return {
        "to_answer": _to_answer(user),
        "at": at,
        "wanted": wanted,
        "counts": counts,
        "tabs": _tabs(counts, wanted, at),
        "heading": labels()[wanted.tab],
        "total": getattr(counts, wanted.tab),
        "rows": shown,
        "first_url": wanted.url() if wanted.after else "",
        "next_url": wanted.url(after=after) if after else "",
        "emergencies": _emergencies(cards.get(oversight.EMERGENCIES, []), place, at),
        "disputes": _disputes(cards.get(oversight.DISPUTES, []), at),
        "returned": _returned(cards.get(oversight.RETURNED, []), at),
        "map_url": wanted.url("supervision-map"),
        "urls": {name: wanted.url(tab=name) for name in oversight.SELECTIONS},
        "units": OrgUnit.objects.filter(
            code__in=oversight.selected(_seen(user), wanted.tab, at).values("owner_unit")
        ),
        "poll_url": wanted.url(**({"after": wanted.after} if wanted.after else {})),
        **_streets(found, wanted, at),
    }


def labels() -> dict[str, str]:
    """What the selections are called."""
    return {
        oversight.OVERDUE: _("Overdue and open"),
        oversight.DUE_SOON: _("Due within 2 h"),
        oversight.DISPUTES: _("Disputes"),
        oversight.RETURNED: _("To and fro"),
        oversight.REPEATED: _("Said again"),
        oversight.EMERGENCIES: _("Emergencies in hand"),
    }


def _tabs(counts: oversight.Counts, wanted: Wanted, at: datetime) -> list[dict[str, Any]]:
    words = labels()
    states = {
        oversight.OVERDUE: "overdue",
        oversight.DUE_SOON: "warned",
        oversight.EMERGENCIES: "emergency",
    }
    return [
        {
            "label": words[name],
            "count": getattr(counts, name),
            "state": states.get(name, "") if getattr(counts, name) else "",
            "active": name == wanted.tab,
            "url": wanted.url(tab=name),
            "name": name,
        }
        for name in oversight.SELECTIONS
    ]


def _worst_first(cases: QuerySet[Incident]) -> QuerySet[Incident]:
    # what stands still has no due time, and is the least of the worries
    return cases.for_list().order_by(F("due_at").asc(nulls_last=True), "pk")  # type: ignore[attr-defined]


def _page(cases: QuerySet[Incident], after: str) -> tuple[list[Incident], str]:
    """One page after the cursor, worst first, and the cursor of the next page; one query."""
    cursor = _cursor(after)
    if cursor is not None:
        due_at, pk = cursor
        if due_at is None:
            cases = cases.filter(due_at__isnull=True, pk__gt=pk)
        else:
            cases = cases.filter(Q(due_at__gt=due_at) | Q(due_at=due_at, pk__gt=pk) | Q(due_at__isnull=True))
    rows = list(_worst_first(cases)[: PAGE + 1])
    if len(rows) <= PAGE:
        return rows, ""
    last = rows[PAGE - 1]
    return rows[:PAGE], f"{last.due_at.timestamp():.6f}_{last.pk}" if last.due_at else f"_{last.pk}"


def _cursor(text: str) -> tuple[datetime | None, int] | None:
    due_at, _line, pk = text.rpartition("_")
    try:
        return datetime.fromtimestamp(float(due_at), tz=UTC) if due_at else None, int(pk)
    except (ValueError, OverflowError, OSError):
        return None


def _step(case: Incident) -> str:
    """环节: which clock it is judged by."""
    return str(Timer.Kind(case.clock_kind).label) if case.clock_kind else case.get_status_display()


def _before(found: Sequence[repeats.Before]) -> dict[str, Any]:
    """What was said before: how often, the newest that may be opened, and how many more there are."""
    seen = [one for one in found if one.is_seen]
    return {"said": len(found), "before": seen[:BEFORE], "unseen": len(found) - len(seen)}


def _pending(cases: list[Incident]) -> set[int]:
    """Cases that wait for more time to be given or refused."""
    asked = CaseRequest.objects.filter(
        incident__in=[case.pk for case in cases], kind="extension", answered_at__isnull=True
    )
    return set(asked.values_list("incident_id", flat=True))


def _emergencies(cases: list[Incident], place: queries.Places, at: datetime) -> list[dict[str, Any]]:
    """Each with who can be telephoned about it: of the unit that has it, or else of the centre."""
    called = whom_to_call(cases, at)
    return [
        described(
            case,
            at,
            place=place.street(case),
            shift=next(iter(called[case.owner_unit_id]), None),
        )
        for case in cases
    ]


def _disputes(cases: list[Incident], at: datetime) -> list[dict[str, Any]]:
    between = oversight.disputes(cases) if cases else {}
    return [described(case, at, between=between[case.pk]) for case in cases]


def _returned(cases: list[Incident], at: datetime) -> list[dict[str, Any]]:
    hops = oversight.paths(cases, at) if cases else {}
    return [described(case, at, hops=hops[case.pk], age=at - case.received_at) for case in cases]


def _streets(found: oversight.Overview, wanted: Wanted, at: datetime) -> dict[str, Any]:
    """A bar for each street with open cases: how many of them are in this selection, and how it fares."""
    codes = [code for code in found.streets if code]
    names = Area.objects.names(codes)
    rates = oversight.on_time_rates(at, street_codes=codes)
    bars = [
        {
            "code": code,
            "name": names[code],
            "count": getattr(found.streets[code], wanted.tab),
            "rate": rates.get(code),
            "is_low": rates.get(code, 1.0) < TARGET,
            "active": code == wanted.street,
            "url": wanted.url(street="" if code == wanted.street else code),
        }
        for code in codes
        if code in names
    ]
    bars.sort(key=lambda bar: (-bar["count"], bar["code"]))
    most = max((bar["count"] for bar in bars), default=0)
    for bar in bars:
        bar["share"] = bar["count"] / most if most else 0.0
    return {"bars": bars, "target": TARGET, "street_name": names.get(wanted.street, "")}


def _etag(found: oversight.Overview, wanted: Wanted, user: User, at: datetime) -> str:
    """Changes with every open case that enters, leaves or changes, and with every one that falls due."""
    counts = [getattr(found.total, name) for name in (*oversight.SELECTIONS, "rows", "versions")]
    told = f"{counts}{wanted}{user.pk}{get_language()}{int(at.timestamp() / _STALE.total_seconds())}"
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'
