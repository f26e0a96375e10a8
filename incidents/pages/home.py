"""In and out: signing in, where each role starts, and the administrator's page."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.identity.pages import signing_in
from accounts.models import ApiClient, OrgUnit, User
from accounts.roles import Role
from accounts.viewer import viewer_of
from config import clock
from dispatch.models import Category, ResponsibilityList
from grids.models import Area
from incidents import alarms
from incidents.pages.access import person, staff

VERSIONS_SHOWN = 10


class SignIn(signing_in.SignIn):
    """The front door; a demonstration shows its keys."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["demo_logins"] = demo_logins()
        return context


def demo_logins() -> list[dict[str, str]]:
    """The demonstration's sign-ins as `seed_demo` wrote them; none where this is no demonstration."""
    path = settings.VAR_DIR / "demo.json"
    if settings.PRODUCTION or not path.exists():
        return []
    logins = _logins(path)
    units = OrgUnit.objects.in_bulk([login["unit"] for login in logins if "unit" in login])
    return [
        {
            "username": login["username"],
            "password": login["password"],
            "name": login.get("name", ""),
            "role": str(Role(login["role"]).label),
            "unit": units[login["unit"]].name if login.get("unit") in units else "",
        }
        for login in logins
        if login.get("role") in Role.values
    ]


def _logins(path: Path) -> list[dict[str, str]]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return []  # being written at this moment
    found: list[dict[str, str]] = told.get("logins", [])
    return found


@require_GET
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To where this person's work is."""
    return HttpResponseRedirect(start_of(person(request)))


def start_of(user: User) -> str:
    """The page that a role starts its day on."""
    roles = viewer_of(user).roles
    if roles & {Role.OPERATOR, Role.DISPATCHER}:
        return reverse("desk")
    if Role.SUPERVISOR in roles:
        return reverse("supervision")
    if Role.HANDLER in roles:
        return reverse("inbox")
    if Role.PATROL in roles:
        return reverse("patrol")
    if Role.STEWARD in roles:
        return reverse("lists")
    if Role.LEADER in roles:
        return reverse("board")
    if Role.ADMIN in roles:
        return reverse("installation")
    if Role.SECURITY in roles:
        return reverse("sign-ins")
    if Role.AUDITOR in roles:
        return reverse("audit")
    return reverse("nothing")


@require_GET
@login_required
def nothing(request: HttpRequest) -> HttpResponse:
    """Somebody without any role is told so; where it went with their unit, who goes on with its work."""
    closed = person(request).memberships.filter(unit__is_open=False).select_related("unit__successor").first()
    return render(request, "incidents/nothing.html", {"closed": closed and closed.unit}, status=403)


@require_GET
@staff(Role.ADMIN)
def installation(request: HttpRequest) -> HttpResponse:
    """What this installation holds, to be read: units, people, lists, sources, sweeps. No case is here."""
    units = OrgUnit.objects.order_by().values_list("kind").annotate(count=Count("pk"))
    counts = dict(units)
    people = User.objects.filter(is_active=True, memberships__isnull=False).distinct().count()
    areas = dict(Area.objects.in_use().order_by().values_list("kind").annotate(count=Count("pk")))
    context = {
        "units": [{"label": label, "count": counts.get(kind, 0)} for kind, label in OrgUnit.Kind.choices],
        "areas": [
            {"label": label, "count": areas[kind]} for kind, label in Area.Kind.choices if areas.get(kind)
        ],
        "people": people,
        "lists": _versions(clock.now()),
        "categories": Category.objects.count(),
        "clients": ApiClient.objects.order_by("name"),
        "sweeps": alarms.sweeps(now=timezone.now()),
        "lags": alarms.lags(at=clock.now()),
        "set_aside": alarms.set_aside(),
        "keeps_people": Role.SECURITY in viewer_of(request.user).roles,
        "title": _("Installation"),
    }
    return render(request, "incidents/installation.html", context)


def _versions(at: datetime) -> list[dict[str, Any]]:
    """The newest versions of the list, and where each stands."""
    newest = ResponsibilityList.objects.annotate(rows=Count("items")).order_by("-version")[:VERSIONS_SHOWN]
    return [{"list": one, "standing": one.standing(at).label} for one in newest]
