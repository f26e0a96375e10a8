"""争议: the disputes of a case on its page, and the list of those that wait for a ruling."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from accounts.models import OrgUnit, User
from accounts.roles import Role
from accounts.viewer import viewer_of
from config import clock
from dispatch.edition import edition
from dispatch.explain import Explainer
from incidents import adjudicating, oversight, policy, queries
from incidents.actions.adjudication import change_by_ruling
from incidents.errors import ActionRefused
from incidents.models import Adjudication, Incident
from incidents.pages.access import person, staff
from incidents.pages.wording import described

# So many are shown at once; more than that wait nowhere.
SHOWN = 100
LATELY = timedelta(days=30)
LATELY_SHOWN = 20


def read_disputes(incident: Incident) -> None:
    """Read a case's disputes once, for its page and for what may be done there; one query."""
    prefetch_related_objects([incident], Prefetch("adjudications", _told(Adjudication.objects.all())))


def disputes_of(incident: Incident, can: Mapping[str, bool]) -> dict[str, Any]:
    """Everything about a case's disputes for its page: the open one, and those before it, newest first.

    `read_disputes` has read them."""
    found = sorted(incident.adjudications.all(), key=lambda one: -one.pk)
    dispute = next((one for one in found if one.is_open), None)
    return {
        "dispute": dispute,
        "can_withdraw": can.get("withdraw-objection", False),
        "dispute_parties": _names(dispute.parties) if dispute else [],
        "past_disputes": [one for one in found if not one.is_open],
        "dispute_change": _change(incident, found[0]) if found and can.get("propose-change") else None,
    }


@require_GET
@staff(Role.DISPATCHER, Role.SUPERVISOR)
def disputes(request: HttpRequest) -> HttpResponse:
    """What waits for a ruling, what burns first, and how it was ruled lately; 304 while nothing changed."""
    user, at = person(request), clock.now()
    seen = Incident.objects.filter(policy.visible(user))
    waiting = _told(Adjudication.objects.open().filter(incident__in=seen))
    if request.headers.get("X-Requested-With") == "poll":
        tag = _etag(seen, user, at)
        if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
            response = HttpResponse(status=304)
        else:
            response = render(
                request, "incidents/parts/disputes_live.html", _context(user, seen, waiting, at)
            )
        response["ETag"] = tag
        response["X-Now"] = at.isoformat()
        return response
    return render(request, "incidents/disputes.html", _context(user, seen, waiting, at))


def _context(
    user: User, seen: QuerySet[Incident], waiting: QuerySet[Adjudication], at: datetime
) -> dict[str, Any]:
    rows = list(waiting.order_by("timer__due_at", "pk")[:SHOWN])
    over = _told(
        Adjudication.objects.filter(incident__in=seen, ended_at__gte=at - LATELY, decision__isnull=False)
    )
    lately = list(over.order_by("-ended_at", "-pk")[:LATELY_SHOWN])
    keys = [one.incident_id for one in (*rows, *lately)]
    cases = {case.pk: case for case in Incident.objects.filter(pk__in=keys).for_list()}
    hops = oversight.paths([cases[one.incident_id] for one in rows], at) if rows else {}
    place = queries.places_of(cases.values())
    between = {one.pk: adjudicating.parties_of(cases[one.incident_id], one) for one in rows}
    names = OrgUnit.objects.in_bulk({code for codes in between.values() for code in codes})
    judges = _judges(user)
    return {
        "at": at,
        "rows": [
            described(
                case := cases[one.incident_id],
                at,
                dispute=one,
                place=place.short(case),
                hops=hops[case.pk],
                parties=[names[code] for code in one.parties if code in names],
                acting=None if case.owner_unit_id == one.timer.unit_code else case.owner_unit,
                may_rule=judges
                and not policy.is_party(
                    user, one, [names[code] for code in between[one.pk] if code in names]
                ),
            )
            for one in rows
        ],
        "lately": [
            described(case := cases[one.incident_id], at, dispute=one, place=place.short(case))
            for one in lately
        ],
        "late": sum(one.timer.due_at < at for one in rows),
    }


def _judges(user: User) -> bool:
    """Does this person rule at all? A street's centre sees its disputes and leaves them to the district."""
    return any(
        grant.reach == "district" for grant in viewer_of(user).with_roles(Role.DISPATCHER, Role.SUPERVISOR)
    )


def _told(found: QuerySet[Adjudication]) -> QuerySet[Adjudication]:
    return found.select_related(
        "timer",
        "disputed",
        "asked_by_unit",
        "asked_by",
        "proposed_unit",
        "reason",
        "unit",
        "ruled_by",
        "ruling",
        "decision__responsibility_list",
        "suggested_list",
        "suggested_by",
    )


def _names(codes: list[str]) -> list[OrgUnit]:
    units = OrgUnit.objects.in_bulk(codes)
    return [units[code] for code in codes if code in units]


def _change(incident: Incident, dispute: Adjudication) -> dict[str, Any] | None:
    """What the list would say by this ruling, before and after; why not, where it says so already."""
    try:
        change = change_by_ruling(incident, dispute)
    except ActionRefused as refused:
        return {"refused": str(refused)}
    now = edition()
    item, say = now.index.items[dispute.item_code], Explainer(now.names)
    return {
        "item": dispute.item_code,
        "matter": now.names.items.get(dispute.item_code, ""),
        "before": say.unit(item.lead_unit),
        "after": say.unit(change["lead_unit"]),
    }


def _etag(seen: QuerySet[Incident], user: User, at: datetime) -> str:
    """Changes with every case that a ruling waits for, every ruling, and every quarter of an hour."""
    stamp = queries.version_stamp(seen.filter(pk__in=Adjudication.objects.open().values("incident")))
    last = Adjudication.objects.filter(ended_at__isnull=False).order_by("-ended_at").values_list("pk").first()
    told = f"{stamp}{last}{user.pk}{get_language()}{int(at.timestamp() // 900)}"
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'
