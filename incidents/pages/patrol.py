"""A patrol's round on the phone: the checks that wait, in the order in which to walk them.

/patrol/ lists them, /patrol/check/<number>/ is one of them. Both are kept by the service worker for when
there is no line; the page's script orders the list anew from where the phone is.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.roles import Action, Role
from accounts.viewer import viewer_of
from config import clock
from incidents import actions, policy, queries
from incidents.actions.handling import closing_condition
from incidents.errors import ActionRefused, InvalidInput
from incidents.field import rounds, route
from incidents.models import Attachment, Incident, Verification
from incidents.models.incident import Status
from incidents.pages.access import person, staff
from incidents.pages.patrol_forms import CheckForm
from incidents.pages.patrol_photos import PHOTOS_MAX, put_on, taken_in
from incidents.pages.submissions import once
from incidents.pages.wording import described

STOPS_MOST = 60


@dataclass(frozen=True, slots=True)
class Stop:
    """One check on the way: its row, and how far it is from the stop before; None without a position."""

    row: dict[str, Any]
    metres: int | None

    @property
    def leg(self) -> str:
        return "" if self.metres is None else distance(self.metres)


def distance(metres: int) -> str:
    """A way in words: tens of metres, and kilometres from where one would say so. As in patrol.js."""
    if metres < 950:
        return _("{metres} m").format(metres=round(metres, -1))
    return _("{kilometres} km").format(kilometres=f"{metres / 1000:.1f}")


@require_safe
@staff(Role.PATROL)
def patrol(request: HttpRequest) -> HttpResponse:
    """The round: checks that wait for this patrol. Those without a position come last."""
    user, at = person(request), clock.now()
    asked = rounds.open_checks(user)
    cases = Incident.objects.filter(pk__in=asked.values("incident")).for_list()
    rows = list(cases.order_by("due_at", "pk")[:STOPS_MOST])
    stops, metres = _walk(rows, at)
    context = {
        "at": at,
        "tab": "patrol",
        "units": [grant.unit for grant in viewer_of(user).with_roles(Role.PATROL)],
        "stops": stops,
        "metres": metres,
        "whole": distance(metres) if metres else "",
        "more": max(0, queries.bounded_count(asked) - len(rows)) if len(rows) == STOPS_MOST else 0,
        "pins": json.dumps(
            [
                {
                    "lon": stop.row["case"].lon,
                    "lat": stop.row["case"].lat,
                    "title": f"{index}. {stop.row['title']}",
                    "href": reverse("patrol-check", args=[stop.row["case"].number]),
                    "letter": str(index),
                }
                for index, stop in enumerate(stops, start=1)
                if stop.row["case"].lon is not None
            ],
            ensure_ascii=False,
        ),
    }
    return render(request, "incidents/patrol/rounds.html", context)


def _walk(rows: list[Incident], at: datetime) -> tuple[list[Stop], int]:
    """The rows in the order of a short walk from the most urgent one; and its length in metres."""
    place = queries.places_of(rows)
    placed = [row for row in rows if row.lon is not None and row.lat is not None]
    points = [(row.lon or 0.0, row.lat or 0.0) for row in placed]
    order = route.in_order(points)
    stops = []
    for step, index in enumerate(order):
        leg = route.length(points, order[step - 1 : step + 1]) if step else None
        row = placed[index]
        stops.append(Stop(described(row, at, place=place.short(row)), None if leg is None else round(leg)))
    stops += [
        Stop(described(row, at, place=place.short(row)), None)
        for row in rows
        if row.lon is None or row.lat is None
    ]
    return stops, round(route.length(points, order))


@once
@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.PATROL)
def check(request: HttpRequest, number: str) -> HttpResponse:
    """One check: what was said, what was done, and the verdict with a photo."""
    user, at = person(request), clock.now()
    incident = _visible_or_404(user, number)
    asked = rounds.open_checks(user).filter(incident=incident).select_related("assignment").first()
    if request.method != "POST":
        if asked is None:
            return _over(request, incident)
        return _check_page(request, incident, asked, CheckForm(initial={"asked": asked.pk}))
    form = CheckForm(request.POST)
    photos, problems = taken_in(request, user=user, at=at, on=incident, stage=Attachment.Stage.CHECK)
    if not form.is_valid() or problems or not photos:
        if asked is None:
            return _over(request, incident, status=409)
        if not photos and not problems:
            problems = [_("Take at least one photo: it is what the verdict stands on.")]
        return _check_page(request, incident, asked, form, photos=photos, problems=problems, status=400)
    if asked is None or asked.pk != form.cleaned_data["asked"]:
        return _over(request, incident, status=409)
    fixed = form.cleaned_data["fixed"] == "yes"
    try:
        actor = policy.acting_as(user, Action.VERIFY, incident)
        put_on(incident, photos, Attachment.Stage.CHECK, actor=actor, at=at)
        actions.verify(number=number, fixed=fixed, text=form.cleaned_data["text"], actor=actor, at=at)
    except ActionRefused:
        return _over(request, incident, status=409)
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _check_page(request, incident, asked, form, status=400)
    said = _("%(number)s: fixed, case closed.") if fixed else _("%(number)s: not fixed, back to its unit.")
    messages.success(request, said % {"number": number})
    return redirect("patrol")


def _check_page(
    request: HttpRequest,
    incident: Incident,
    asked: Verification,
    form: CheckForm,
    *,
    photos: list[Attachment] | None = None,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    at = clock.now()
    lead = asked.assignment
    context = {
        "at": at,
        "form": form,
        "asked": asked,
        "condition": closing_condition(incident),
        "resolution": lead.resolution.body if lead.resolution else "",
        "unit": lead.unit,
        "shown": incident.attachments.filter(stage__in=[Attachment.Stage.BEFORE, Attachment.Stage.AFTER]),
        "reported": Attachment.objects.filter(
            report__links__incident=incident, report__links__unlinked_at__isnull=True
        )[:PHOTOS_MAX],
        "kept": [str(photo.pk) for photo in photos or []],
        "photos_left": PHOTOS_MAX - len(photos or []),
        "problems": problems or [],
        **described(incident, at, title=60, place=queries.places_of([incident]).short(incident)),
    }
    return render(request, "incidents/patrol/check.html", context, status=status)


def _over(request: HttpRequest, incident: Incident, *, status: int = 200) -> HttpResponse:
    """The check has been done, or is somebody else's by now."""
    done = incident.verifications.filter(done_at__isnull=False).order_by("pk").last()
    context = {
        "case": incident,
        "done": done,
        "is_mine": done is not None and done.done_by_id == person(request).pk,
        "is_open": incident.status == Status.RESOLVED,
    }
    return render(request, "incidents/patrol/over.html", context, status=status)


def _visible_or_404(user: User, number: str) -> Incident:
    found = (
        Incident.objects.filter(policy.visible(user), number=number)
        .select_related("category", "owner_unit", "text")
        .first()
    )
    if found is None:
        raise Http404
    return found
