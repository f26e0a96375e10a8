"""The handler's inbox, phone first: what burns stands on top."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import viewer_of
from config import clock
from dispatch.vocabulary import Urgency
from incidents import queries
from incidents.models import Assignment, Incident, Timer, Verification
from incidents.models.incident import Status
from incidents.pages import waiting
from incidents.pages.access import person, staff
from incidents.pages.wording import described

# Rows at first, and at most: whoever has more to do than that reads the list of cases instead.
SHOWN = 100
SHOWN_MOST = 500
_PAUSED = (Status.PARKED, Status.SUSPENDED)
_IN_HAND = (Status.HANDLING, *_PAUSED)
TABS = ("", "mine", "accept", "handling", "waiting", "support", "verify", "history")


@require_GET
@staff(Role.HANDLER)
def inbox(request: HttpRequest) -> HttpResponse:
    """The person's units' cases; for a poll the list alone, and 304 while nothing changed."""
    user, at = person(request), clock.now()
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else ""
    rows = _rows_wanted(request.GET.get("rows", ""))
    if request.headers.get("X-Requested-With") == "poll":
        tag = _etag(user, tab, rows)
        if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
            response = HttpResponse(status=304)
        else:
            response = render(request, "incidents/parts/inbox_list.html", _context(user, tab, rows, at))
        response["ETag"] = tag
        response["X-Now"] = at.isoformat()
        return response
    return render(request, "incidents/inbox.html", _context(user, tab, rows, at))


@dataclass(frozen=True, slots=True)
class Work:
    """Whose cases a person's inbox is made of, read once: told by ids, each condition goes by an index."""

    user: User
    units: tuple[str, ...]
    to_support: tuple[int, ...]  # cases that one of the units was asked to help with, and has not ended
    to_check: tuple[int, ...]

    @classmethod
    def of(cls, user: User) -> "Work":
        units = _units(user)
        supports = Assignment.objects.filter(
            role=Assignment.Role.SUPPORT, ended_at__isnull=True, unit__in=units
        )
        checks = Verification.objects.filter(
            done_at__isnull=True, unit__in=units, incident__status=Status.RESOLVED
        )
        asked: dict[str, list[int]] = {"support": [], "verify": []}
        parts = [
            part.order_by().values_list("incident_id", Value(tab))
            for tab, part in (("support", supports), ("verify", checks))
        ]
        for case, tab in parts[0].union(parts[1]):
            asked[tab].append(case)
        return cls(user, units, tuple(asked["support"]), tuple(asked["verify"]))

    def holds(self, tab: str) -> Q:
        """The condition under which a case stands in a tab."""
        return {
            "": self._owned(Status.DISPATCHED, *_IN_HAND) | Q(pk__in=self.to_support + self.to_check),
            "mine": self._owned(Status.DISPATCHED, *_IN_HAND) & Q(handler=self.user),
            "accept": self._owned(Status.DISPATCHED),
            "handling": self._owned(Status.HANDLING),
            "waiting": self._owned(*_PAUSED),
            "support": Q(pk__in=self.to_support),
            "verify": Q(pk__in=self.to_check),
            "history": self._done(),
        }[tab]

    def _owned(self, *statuses: str) -> Q:
        return Q(status__in=statuses, owner_unit__in=self.units)

    def _done(self) -> Q:
        ended = Assignment.objects.filter(unit__in=self.units)
        checked = Verification.objects.filter(done_at__isnull=False, unit__in=self.units)
        return (
            (Q(pk__in=ended.values("incident")) | Q(pk__in=checked.values("incident")))
            & ~self._owned(Status.DISPATCHED, *_IN_HAND)
            & ~Q(pk__in=self.to_support)
        )


def waiting_for(user: User) -> QuerySet[Incident]:
    """What the person's units have to do: accept, handle, help with, or check."""
    return Incident.objects.filter(Work.of(user).holds(""))


def _units(user: User) -> tuple[str, ...]:
    covered = queries.units_of(viewer_of(user).with_roles(Role.HANDLER))
    return tuple(OrgUnit.objects.filter(covered).values_list("code", flat=True))


def holds(user: User, tab: str) -> Q:
    """The condition under which a case stands in a tab of this person's inbox."""
    return Work.of(user).holds(tab)


def _rows_wanted(asked: str) -> int:
    wanted = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else SHOWN
    return min(max(SHOWN, wanted), SHOWN_MOST)


def _context(user: User, tab: str, most: int, at: datetime) -> dict[str, Any]:
    work = Work.of(user)
    cases = Incident.objects.filter(work.holds(tab)).for_list().select_related("handler")
    ordered = cases.order_by("-received_at", "-pk") if tab == "history" else cases.burning_first()
    rows = list(ordered[: most + 1])
    has_more, rows = len(rows) > most, rows[:most]
    place = queries.places_of(rows)
    waits = waiting.tags_of(rows)
    supports = dict(
        Timer.objects.filter(
            incident__in=work.to_support,
            assignment__unit__in=work.units,
            kind=Timer.Kind.SUPPORT,
            stopped_at__isnull=True,
        ).values_list("incident_id", "due_at")
        if tab in ("", "support")
        else ()
    )
    shown = [
        described(
            row,
            at,
            place=place.short(row),
            waits=waits.get(row.pk, ()),
            support_due=supports.get(row.pk) if not _is_mine(row, user) else None,
            in_my_hands=row.handler_id == user.pk,
            has_tag=_has_tag(row, user),
        )
        for row in rows
    ]
    counts = {
        key: queries.bounded_count(Incident.objects.filter(work.holds(key)))
        for key in TABS
        if key != "history"
    }
    words = labels()
    return {
        "at": at,
        "tab": tab,
        "tabs": [{"key": key, "label": words[key], "count": counts.get(key)} for key in TABS],
        "groups": [group for group in _groups(tab, shown) if group["rows"]],
        "rows": most,
        "more": min(most + SHOWN, SHOWN_MOST) if has_more and most < SHOWN_MOST else 0,
        "is_cut": has_more and most >= SHOWN_MOST,
        "overdue": sum(1 for row in shown if row["edge"] == "overdue"),
        "units": [grant.unit for grant in viewer_of(user).with_roles(Role.HANDLER)],
    }


def labels() -> dict[str, str]:
    """What the tabs are called."""
    return {
        "": _("To do"),
        "mine": pgettext("inbox", "Mine"),
        "accept": _("To accept"),
        "handling": _("In hand"),
        "waiting": pgettext("inbox", "Waiting"),
        "support": _("To support"),
        "verify": _("To verify"),
        "history": _("Past"),
    }


def _has_tag(row: Incident, user: User) -> bool:
    """Does something stand at the end of the row's second line? Else the place has all of it."""
    is_emergency = row.is_open and row.urgency == Urgency.EMERGENCY
    many = row.rework_count or row.chased_count or row.report_count > 1
    return bool(many) or is_emergency or row.handler_id == user.pk


def _is_mine(row: Incident, user: User) -> bool:
    """Does one of the person's units lead it? Then it stands with what they have in hand."""
    return any(grant.covers(row.owner_unit) for grant in viewer_of(user).with_roles(Role.HANDLER))


def _groups(tab: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Emergencies first, then by what is to be done; rows keep their order."""
    if tab == "history":
        return [{"title": _("Past, newest first"), "rows": rows}]
    if tab == "verify":
        return [{"title": _("Is it really fixed?"), "rows": rows}]
    supports = [row for row in rows if row["support_due"]]
    checks = [row for row in rows if row["case"].status == Status.RESOLVED]
    work = [row for row in rows if row["case"].status != Status.RESOLVED and not row["support_due"]]
    first = [row for row in work if row["case"].urgency == Urgency.EMERGENCY]
    rest = [row for row in work if row["case"].urgency != Urgency.EMERGENCY]
    return [
        {"title": _("Emergency: go here first"), "rows": first, "state": "emergency"},
        {
            "title": _("To accept"),
            "rows": [row for row in rest if row["case"].status == Status.DISPATCHED],
        },
        {"title": _("Asked to support"), "rows": supports},
        {"title": _("In hand"), "rows": [row for row in rest if row["case"].status == Status.HANDLING]},
        {
            "title": _("Waiting: parked or suspended"),
            "rows": [row for row in rest if row["case"].status in _PAUSED],
        },
        {"title": _("Is it really fixed?"), "rows": checks},
    ]


def _etag(user: User, tab: str, rows: int) -> str:
    """Changes with every case that waits here. What is past changes too rarely to be polled."""
    told = f"{queries.version_stamp(waiting_for(user))}{tab}{rows}.{user.pk}{get_language()}"
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'
