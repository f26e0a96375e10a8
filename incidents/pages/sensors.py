"""传感器与告警: what burns, what flaps, what is held back, and what nobody has explained yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from config import clock
from dispatch.vocabulary import Source
from incidents import policy, queries
from incidents.actor import Actor
from incidents.models import Alert, AlertDevice, AlertFeed, AlertSetAside, Incident
from incidents.pages.access import person, staff
from incidents.sensing.aside import look_at
from incidents.sensing.meaning import device_name

SHOWN = 30
WORDS_MAX = 80
ROLES = (Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
_SEEN_AT_ONCE = 100

BURNING, FLAPPING, INHIBITED, SILENT, UNMAPPED, DEVICES, ASIDE = (
    "",
    "flapping",
    "inhibited",
    "silent",
    "unmapped",
    "devices",
    "aside",
)
_TABS: tuple[tuple[str, Any, str], ...] = (
    (BURNING, pgettext_lazy("alerts", "Burning"), "overdue"),
    (FLAPPING, pgettext_lazy("alerts", "Flapping"), "warned"),
    (INHIBITED, pgettext_lazy("alerts", "Held back"), "paused"),
    (SILENT, pgettext_lazy("alerts", "Silent"), "paused"),
    (UNMAPPED, pgettext_lazy("alerts", "Without a rule"), "warned"),
    (DEVICES, pgettext_lazy("alerts", "Unknown devices"), "warned"),
    (ASIDE, pgettext_lazy("alerts", "Unreadable"), "overdue"),
)
# What lies beyond a street is shown to whoever answers for the whole district.
_DISTRICT_TABS = frozenset({DEVICES, ASIDE})


@dataclass(frozen=True, slots=True)
class Row:
    """An alert on the page."""

    alert: Alert
    title: str
    case: Incident | None  # where the reader may see it


@require_GET
@staff(*ROLES)
def sensors(request: HttpRequest) -> HttpResponse:
    """One tab of alerts, by words, source and kind; a few of the newest of each channel's news above."""
    user, at = person(request), clock.now()
    whole = _sees_all(user)
    tabs = [tab for tab in _TABS if whole or tab[0] not in _DISTRICT_TABS]
    tab = next((key for key, _label, _state in tabs if key == request.GET.get("tab", "")), BURNING)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:WORDS_MAX]
    source = request.GET.get("source", "")
    source = source if source in (Source.SENSOR, Source.AI_VIDEO) else ""
    alerts = _seen(user)
    counts = {key: queries.bounded_count(_of_tab(key, alerts)) for key, _label, _state in tabs}
    found = _filtered(_of_tab(tab, alerts), tab, words, source)
    page = Paginator(found, SHOWN).get_page(request.GET.get("page"))
    shown = list(page)
    context = {
        "at": at,
        "tab": tab,
        "q": words,
        "source": source,
        "sources": [(one.value, one.label) for one in (Source.SENSOR, Source.AI_VIDEO)],
        "tabs": [
            {"key": key, "label": label, "count": counts[key], "state": state if counts[key] else ""}
            for key, label, state in tabs
        ],
        "count_max": queries.COUNT_MAX,
        "page": page,
        "rows": shown if tab in _DISTRICT_TABS else _rows(shown, user),
        "feeds": list(AlertFeed.objects.all()[:20]) if whole else [],
        "is_filtered": bool(words or source),
        "may_keep": Role.ADMIN in viewer_of(user).roles,
    }
    return render(request, "incidents/sensors.html", context)


@require_POST
@staff(*ROLES)
def seen(request: HttpRequest) -> HttpResponse:
    """Take unreadable messages off the list."""
    user = person(request)
    if not _sees_all(user):
        return HttpResponseRedirect(reverse("sensors"))
    ids = [
        int(one)
        for one in request.POST.getlist("shown" if "all" in request.POST else "message")[:_SEEN_AT_ONCE]
        if one.isascii() and one.isdigit() and len(one) < 19
    ]
    home = viewer_of(user).home_unit
    count = look_at(ids=ids, actor=Actor.person(user, home.pk if home else ""), at=clock.now())
    words = ngettext("%(count)d message taken off the list.", "%(count)d messages taken off the list.", count)
    messages.success(request, words % {"count": count})
    return HttpResponseRedirect(f"{reverse('sensors')}?tab={ASIDE}")


def alerts_of(incident: Incident, *, sources: Sequence[str]) -> dict[str, Any]:
    """Template context of a case: its alerts with their last episodes; nothing is asked where no device
    reported it."""
    if not {Source.SENSOR, Source.AI_VIDEO}.intersection(sources):
        return {}
    found = Alert.objects.filter(
        Q(case__incident=incident) | Q(case__incident__merged_into=incident)
    ).select_related("device__parent", "rule")
    count = queries.bounded_count(found)
    if not count:
        return {}
    alerts = list(found.order_by("-is_firing", "-started_at", "pk")[:SHOWN])
    episodes = list(alerts[0].episodes.all()[:10]) if len(alerts) == 1 else []
    return {
        "alerts": [Row(alert, device_name(alert), None) for alert in alerts],
        "alert_count": count,
        "alert_more": max(0, count - len(alerts)),
        "alert_episodes": episodes,
        "alerts_burning": found.filter(is_firing=True).count(),
        "alert_count_max": queries.COUNT_MAX,
    }


def waiting(user: User) -> int:
    """What of the sensors waits for a person: flapping ones, and what nobody has explained."""
    return queries.bounded_count(_of_tab(FLAPPING, _seen(user)))


def _sees_all(user: User) -> bool:
    grants = viewer_of(user).with_roles(*ROLES)
    return any(grant.role == Role.ADMIN or grant.reach == Reach.DISTRICT for grant in grants)


def _seen(user: User) -> QuerySet[Alert]:
    """A street's centre sees its street's alerts."""
    if _sees_all(user):
        return Alert.objects.all()
    streets = {
        grant.unit.area_code for grant in viewer_of(user).with_roles(*ROLES) if grant.reach == Reach.STREET
    }
    return Alert.objects.filter(street_code__in=streets)


def _of_tab(tab: str, alerts: QuerySet[Alert]) -> QuerySet[Any]:
    if tab == DEVICES:
        return AlertDevice.objects.filter(by_sheet=False, changed_at__isnull=True).order_by(
            "-known_since", "-pk"
        )
    if tab == ASIDE:
        return AlertSetAside.objects.filter(seen_at__isnull=True).select_related("client").order_by("-pk")
    conditions = {
        BURNING: Q(is_firing=True, inhibited_by__isnull=True),
        FLAPPING: Q(flapping_since__isnull=False),
        INHIBITED: Q(is_firing=True, inhibited_by__isnull=False),
        SILENT: Q(is_firing=True, stale_at__isnull=False),
        UNMAPPED: Q(is_mapped=False),
    }
    order = ("-seen_at", "-pk") if tab == UNMAPPED else ("-started_at", "-pk")
    return alerts.filter(conditions[tab]).order_by(*order)


def _filtered(found: QuerySet[Any], tab: str, words: str, source: str) -> QuerySet[Any]:
    if tab == ASIDE:
        return found.filter(Q(origin__icontains=words) | Q(reason__icontains=words)) if words else found
    if tab == DEVICES:
        return found.filter(code__icontains=words) if words else found
    if source:
        found = found.filter(source=source)
    if words:
        found = found.filter(
            Q(kind__icontains=words) | Q(device__code__icontains=words) | Q(device__name__icontains=words)
        )
    return found.select_related("device__parent", "rule", "inhibited_by__device", "case")


def _rows(alerts: Sequence[Alert], user: User) -> list[Row]:
    """With the cases that the reader may see; one query."""
    ids = {alert.case.incident_id for alert in alerts if alert.case and alert.case.incident_id}
    cases = Incident.objects.filter(policy.visible(user), pk__in=ids).in_bulk() if ids else {}
    return [
        Row(
            alert,
            device_name(alert),
            cases.get(alert.case.incident_id) if alert.case and alert.case.incident_id else None,
        )
        for alert in alerts
    ]
