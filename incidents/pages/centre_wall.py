"""The wall of an operations centre: a page for a large screen that nobody touches."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.templatetags.ui import clock_state, share_left, spoken
from config import clock
from grids.models import Area
from incidents import policy, queries
from incidents.centre import wall as walls
from incidents.centre.levels import CentreLevel
from incidents.centre.outlines import drawing_of
from incidents.models import Incident
from incidents.pages.access import person, staff
from incidents.pages.centre import Opened, frame, opened
from incidents.pages.wording import clock_label

# More tiles than these do not fit below the picture; the rest are added up.
TILES = 18
# A case that waits longer than this for a person is worth a word.
LONG_AT_DESK = 30 * 60


@require_GET
@staff()
def wall(request: HttpRequest, code: str) -> HttpResponse:
    """The wall; for a poll its inside alone, and 304 while nothing changed."""
    seen, at = opened(request, code, "centre-wall"), clock.now()
    if request.headers.get("X-Requested-With") == "poll":
        tag = _etag(seen, at)
        if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
            response = HttpResponse(status=304)
        else:
            response = render(request, "incidents/centre/wall_live.html", _inside(request, seen, at))
        response["ETag"] = tag
        response["X-Now"] = at.isoformat()
        return response
    is_light = request.GET.get("light") == "on"
    context = {
        **frame(seen, "centre-wall"),
        **_inside(request, seen, at),
        "is_light": is_light,
        "poll_url": reverse("centre-wall", args=[code]),
        "land": _land(seen),
    }
    return render(request, "incidents/centre/wall.html", context)


def _etag(seen: Opened, at: datetime) -> str:
    told = f"{walls.stamp(seen.centre, at)}{seen.viewer.user.pk}{get_language()}"
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:24]}"'


def _land(seen: Opened) -> dict[str, Any]:
    """The outlines with their names: they stand still while everything on them is replaced."""
    drawing = drawing_of(seen.centre)
    english = (get_language() or "").startswith("en")
    named = seen.centre.level != CentreLevel.COMMUNITY
    return {
        "view": f"0 0 {drawing.width:g} {drawing.height:g}",
        "shapes": [
            {
                "path": shape.path,
                "x": shape.x,
                "y": shape.y,
                "name": short(shape.name_en if english else shape.name_zh) if named else "",
            }
            for shape in drawing.shapes
        ],
        "fine": drawing.fine,
    }


def short(name: str) -> str:
    """坂田 for 坂田街道: the kind is said by the picture."""
    for ending in ("街道", "社区", " Subdistrict", " Community"):
        name = name.removesuffix(ending)
    return name


def _inside(request: HttpRequest, seen: Opened, at: datetime) -> dict[str, Any]:
    found = walls.wall_of(seen.centre, at)
    rows = [*found.tightest, *found.newest]
    place = queries.places_of(rows)
    openable = walls.openable(rows, policy.visible(person(request)))
    room = TILES if len(found.parts) <= TILES else TILES - 1
    parts, rest = found.parts[:room], found.parts[room:]
    most = max((part.open for part in found.parts), default=0)
    assert found.drawing is not None
    return {
        "centre": seen.centre,
        "at": at,
        "wall": found,
        "today": found.today,
        "headline": headline_of(found, place, at),
        "overdue_where": overdue_where(found.parts),
        "desk_words": desk_words(found, at),
        "target_seconds": walls.DISPATCH_TARGET,
        "in_target": found.today.dispatch_seconds is None
        or found.today.dispatch_seconds <= walls.DISPATCH_TARGET,
        "view": f"0 0 {found.drawing.width:g} {found.drawing.height:g}",
        "marks_words": _marks_words(found),
        "tightest": [_burning(case, place, openable, at) for case in found.tightest],
        "newest": [_came(case, place, openable) for case in found.newest],
        "tiles": [_tile(part, seen, most) for part in parts],
        "rest": {"count": len(rest), "open": sum(part.open for part in rest)} if rest else None,
        "watches": [_watch(one) for one in found.watches],
    }


def subject_of(case: Incident) -> str:
    """What a wall calls a case: its matter, never the words of the report."""
    return case.category.name if case.category else _("Not yet classified")


def where_is(case: Incident, place: queries.Places) -> str:
    return " ".join(short(name) for name in (place.street(case), place.community(case)) if name)


def words_of(case: Incident, place: queries.Places) -> dict[str, str]:
    """Its matter, its place and its unit, as they are said to those who work there."""
    return {"what": subject_of(case), "where": where_is(case, place), "unit": str(case.owner_unit)}


def headline_of(
    found: walls.Wall,
    place: queries.Places,
    at: datetime,
    words_for: Callable[[Incident, queries.Places], dict[str, str]] = words_of,
) -> tuple[str, str]:
    """The one sentence in front, by rule: what burns, what is late, who waits, or that all is calm."""
    case, total = found.emergency, found.total
    if case is not None:
        told = words_for(case, place)
        if case.accepted_at is not None:
            told["since"] = spoken((at - case.accepted_at).total_seconds())
            words = _("%(what)s, %(where)s: in the hands of %(unit)s since %(since)s") % told
        elif case.dispatched_at is not None:
            told["since"] = spoken((at - case.dispatched_at).total_seconds())
            words = _("%(what)s, %(where)s: %(unit)s was told %(since)s ago and has not accepted") % told
        else:
            told["since"] = spoken((at - case.received_at).total_seconds())
            words = _("%(what)s, %(where)s: waits at the desk for %(since)s") % told
        return words.replace(", :", ":").replace("，：", "："), "emergency"
    if total.overdue:
        worst = max(found.parts, key=lambda part: part.overdue)
        words = ngettext("%(count)d case is overdue", "%(count)d cases are overdue", total.overdue) % {
            "count": total.overdue
        }
        if total.overdue > 1 and worst.overdue > 1 and worst.area:
            words += _(", %(most)d of them in %(where)s") % {
                "most": worst.overdue,
                "where": part_name(worst),
            }
        return words, "overdue"
    if found.desk and found.desk_oldest_at and (at - found.desk_oldest_at).total_seconds() > LONG_AT_DESK:
        return desk_words(found, at), "warned"
    if total.open:
        return _("Nothing is overdue"), "on"
    return _("Nothing is open"), "on"


def desk_words(found: walls.Wall, at: datetime) -> str:
    if not found.desk:
        return _("nothing waits for a person")
    words = ngettext("%(count)d waits for a person", "%(count)d wait for a person", found.desk) % {
        "count": found.desk
    }
    if found.desk_oldest_at is not None and found.desk_oldest_at < at:
        longest = spoken((at - found.desk_oldest_at).total_seconds())
        words += _(", the longest for %(length)s") % {"length": longest}
    return words


def overdue_where(parts: list[walls.Part]) -> str:
    """布吉 6 · 平湖 3 · others 5."""
    late = sorted((part for part in parts if part.overdue and part.area), key=lambda part: -part.overdue)
    told = [f"{part_name(part)} {part.overdue}" for part in late[:2]]
    others = sum(part.overdue for part in parts) - sum(part.overdue for part in late[:2])
    if others:
        told.append(_("others %(count)d") % {"count": others})
    return " · ".join(told)


def _marks_words(found: walls.Wall) -> list[dict[str, Any]]:
    return [
        {"kind": "emergency", "label": _("Emergencies"), "count": found.total.emergency},
        {"kind": "overdue", "label": _("Overdue"), "count": found.total.overdue},
        {"kind": "soon", "label": _("Due within 2 h"), "count": found.total.soon},
        {"kind": "fresh", "label": _("New within the hour"), "count": found.fresh},
    ]


def _burning(case: Incident, place: queries.Places, openable: set[int], at: datetime) -> dict[str, Any]:
    fixed = "emergency" if case.urgency == "emergency" else ""
    state = clock_state(case.clock_started_at, case.due_at, at, fixed=fixed) if case.due_at else "paused"
    return {
        "subject": subject_of(case),
        "where": where_is(case, place),
        "case": case,
        "state": state,
        "label": clock_label(case),
        "share": share_left(case.clock_started_at, case.due_at, at) if case.due_at else 0.0,
        "url": reverse("case", args=[case.number]) if case.pk in openable else "",
    }


def _came(case: Incident, place: queries.Places, openable: set[int]) -> dict[str, Any]:
    return {
        "subject": subject_of(case),
        "where": where_is(case, place),
        "case": case,
        "waits": case.status == "triage",
        "url": reverse("case", args=[case.number]) if case.pk in openable else "",
    }


def _tile(part: walls.Part, seen: Opened, most: int) -> dict[str, Any]:
    is_centre = part.area is not None and seen.centre.level != CentreLevel.COMMUNITY
    return {
        "part": part,
        "name": part_name(part),
        "share": part.open / most if most else 0.0,
        "url": reverse("centre-wall", args=[part.area.code]) if is_centre and part.area else "",
    }


def part_name(part: walls.Part) -> str:
    if part.area is None:
        return pgettext("wall", "No place")
    if part.area.kind == Area.Kind.CELL:
        return _("Cell %(number)s") % {"number": part.area.code[-3:]}
    return short(part.area.name)


def _watch(one: walls.Watch) -> dict[str, Any]:
    labels = {
        CentreLevel.DISTRICT: _("District centre"),
        CentreLevel.STREET: _("Street sub-centres"),
        CentreLevel.COMMUNITY: _("Community stations"),
    }
    return {"label": labels[CentreLevel(one.level)], "on": one.on, "all": one.all}
