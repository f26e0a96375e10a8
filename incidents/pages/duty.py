"""The duty roster of a unit: a week of it, who takes the call now, and keeping it."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import rosters
from accounts.models import DutyShift, OrgUnit
from accounts.roles import ADMINISTRATORS, Role
from accounts.viewer import Viewer, viewer_of
from config import clock
from dispatch.vocabulary import Urgency
from incidents.models import Incident
from incidents.models.incident import Status
from incidents.numbers import DISTRICT_ZONE, district_day
from incidents.pages.access import CASE_ROLES, DESK_ROLES, person, staff
from incidents.pages.duty_forms import ShiftForm

DAY = timedelta(days=1)
UNITS_FOUND = 30
_YEARS = (date(2000, 1, 1), date(2100, 1, 1))


def on_duty_now(incident: Incident, viewer: Viewer, at: datetime) -> list[DutyShift] | None:
    """Who can be called about an emergency now, of its owner or else the centre: one query. Nothing for
    other cases.

    What the desk itself has still to send has nobody to be telephoned yet.
    """
    is_called = incident.urgency == Urgency.EMERGENCY and incident.is_open
    if not is_called or incident.status == Status.TRIAGE or not viewer.with_roles(*DESK_ROLES):
        return None
    return whom_to_call([incident], at)[incident.owner_unit_id]


def whom_to_call(cases: Collection[Incident], at: datetime) -> dict[str, list[DutyShift]]:
    """By owner of these cases: who is on duty there or above, else at the district's centre. One query."""
    owners = {case.owner_unit for case in cases}
    return DutyShift.objects.to_call(owners, at, else_at=settings.TRIAGE_UNIT) if owners else {}


@require_GET
@staff(*CASE_ROLES)
def duty(request: HttpRequest) -> HttpResponse:
    """One unit's week; the centre's people find other units by name."""
    at, viewer = clock.now(), viewer_of(request.user)
    q = request.GET.get("q", "").strip()[:40]
    found = _found(viewer, q) if q else []
    if len(found) == 1:
        return HttpResponseRedirect(_address(found[0], _week(request, at)))
    unit = _unit(viewer, request.GET.get("unit", ""))
    context = {
        **_week_of(unit, _week(request, at), at),
        "at": at,
        "unit": unit,
        "own_units": _own_units(viewer),
        "can_find": bool(viewer.with_roles(*DESK_ROLES, Role.LEADER)),
        "can_edit": rosters.may_edit(viewer, unit),
        "q": q,
        "found": found,
        "now_on": _now_on(unit, at),
    }
    return render(request, "incidents/duty.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*CASE_ROLES)
def add(request: HttpRequest) -> HttpResponse:
    """A page of its own for a new shift, or several days of it."""
    at, viewer = clock.now(), viewer_of(request.user)
    unit = _editable(viewer, request.GET.get("unit", ""))
    form = ShiftForm(
        request.POST or None,
        unit=unit,
        initial=_suggested(_week(request, at), request.GET.get("day", ""), at),
    )
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = rosters.add_shifts(unit=unit, viewer=viewer, at=at, **given)
        except rosters.RosterRefused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            words = ngettext(
                "%(name)s is on duty: %(count)d shift added.",
                "%(name)s is on duty: %(count)d shifts added.",
                len(made),
            )
            messages.success(request, words % {"name": given["user"], "count": len(made)})
            return HttpResponseRedirect(_address(unit, _monday(made[0].starts_at)))
    return _form_page(request, form, unit, _week(request, at))


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*CASE_ROLES)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """A page of its own for a shift that is on the roster."""
    at, viewer = clock.now(), viewer_of(request.user)
    shift = _shift(viewer, pk)
    week = _monday(shift.starts_at)
    initial = {name: getattr(shift, name) for name in ("user", "starts_at", "ends_at", "phone")}
    form = ShiftForm(request.POST or None, unit=shift.unit, shift=shift, initial=initial)
    if form.is_valid():
        try:
            rosters.change_shift(shift, viewer=viewer, at=at, **form.cleaned_data)
        except rosters.RosterRefused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            messages.success(request, _("The shift was changed."))
            return HttpResponseRedirect(_address(shift.unit, _monday(shift.starts_at)))
    return _form_page(request, form, shift.unit, week, pk=pk)


@require_POST
@staff(*CASE_ROLES)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a shift off the roster."""
    viewer = viewer_of(request.user)
    shift = _shift(viewer, pk)
    try:
        rosters.remove_shift(shift, viewer=viewer, at=clock.now())
    except rosters.RosterRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The shift was taken off the roster."))
    return HttpResponseRedirect(_address(shift.unit, _monday(shift.starts_at)))


@require_POST
@staff(*CASE_ROLES)
def copy(request: HttpRequest) -> HttpResponse:
    """Put last week's shifts into this one."""
    at, viewer = clock.now(), viewer_of(request.user)
    unit = _editable(viewer, request.POST.get("unit", ""))
    week = _day(request.POST.get("week", "")) or district_day(at)
    week -= timedelta(days=week.weekday())
    copied, left_out = rosters.copy_week(unit=unit, week=_instant(week), viewer=viewer, at=at)
    words = ngettext("%(count)d shift copied.", "%(count)d shifts copied.", copied) % {"count": copied}
    if left_out:
        words += " " + ngettext(
            "%(count)d left out: over already, or on duty then anyway.",
            "%(count)d left out: over already, or on duty then anyway.",
            left_out,
        ) % {"count": left_out}
    messages.success(request, words)
    return HttpResponseRedirect(_address(unit, week))


# --- what the week shows --------------------------------------------------------------------------


def _week_of(unit: OrgUnit, week: date, at: datetime) -> dict[str, Any]:
    since, until = _instant(week), _instant(week + 7 * DAY)
    shifts = list(
        DutyShift.objects.standing()
        .filter(unit=unit)
        .touching(since, until)
        .select_related("user")
        .order_by("starts_at", "pk")
    )
    empty = rosters.gaps(shifts, since, until)
    today = district_day(at)
    return {
        "week": week,
        "week_end": week + 6 * DAY,
        "days": [_day_of(week + number * DAY, shifts, empty, today, at) for number in range(7)],
        "shifts": shifts,
        "uncovered": sum(((gap.ends_at - gap.starts_at) for gap in empty), timedelta()) if shifts else None,
        "is_this_week": week <= today < week + 7 * DAY,
        "can_copy": until > at,
        "earlier": _address(unit, week - 7 * DAY),
        "later": _address(unit, week + 7 * DAY),
        "present": _address(unit, today - timedelta(days=today.weekday())),
    }


def _day_of(
    day: date, shifts: Sequence[DutyShift], empty: Sequence[rosters.Gap], today: date, at: datetime
) -> dict[str, Any]:
    """A day's lines in the order of the clock: its shifts, and the stretches with nobody."""
    since, until = _instant(day), _instant(day + DAY)
    lines: list[dict[str, Any]] = [
        {
            "shift": shift,
            "goes_on": shift.starts_at < since,
            "runs_over": shift.ends_at > until,
            "is_over": shift.ends_at <= at,
            "is_now": shift.starts_at <= at < shift.ends_at,
            **_part(shift, since, until),
        }
        for shift in shifts
        if shift.starts_at < until and shift.ends_at > since
    ]
    lines += [
        {"gap": gap, "all_day": gap.starts_at <= since and gap.ends_at >= until, **_part(gap, since, until)}
        for gap in empty
        if gap.starts_at < until and gap.ends_at > since
    ]
    lines.sort(key=lambda line: (line["since"], "gap" in line))
    return {"day": day, "lines": lines, "is_today": day == today, "is_past": day < today}


def _part(span: rosters.Span, since: datetime, until: datetime) -> dict[str, Any]:
    """The part of a span that lies in this day: its hours in words, and where it lies on the day's bar."""
    first, last = max(span.starts_at, since), min(span.ends_at, until)
    return {
        "since": first,
        "from": f"{first.astimezone(DISTRICT_ZONE):%H:%M}",
        "until": "24:00" if last == until else f"{last.astimezone(DISTRICT_ZONE):%H:%M}",
        "left": f"{(first - since) / DAY * 100:.2f}",
        "width": f"{(last - first) / DAY * 100:.2f}",
    }


def _now_on(unit: OrgUnit, at: datetime) -> dict[str, Any]:
    """Who takes this unit's calls now, and whether that is somebody of the unit's own."""
    shifts = DutyShift.objects.on_duty_of([unit], at)[unit.code]
    return {
        "shifts": shifts,
        "elsewhere": shifts[0].unit if shifts and shifts[0].unit_id != unit.code else None,
    }


# --- which unit, which week -----------------------------------------------------------------------


def _own_units(viewer: Viewer) -> list[OrgUnit]:
    units = {grant.unit.code: grant.unit for grant in viewer.grants if grant.role not in ADMINISTRATORS}
    return list(units.values())


def _unit(viewer: Viewer, code: str) -> OrgUnit:
    """The unit asked for, or the person's own. Who may not see it gets 403."""
    own = _own_units(viewer)
    unit = OrgUnit.objects.filter(code=code[:64]).first() if code and "\0" not in code else own[0]
    if unit is None:
        raise Http404
    if not rosters.may_see(viewer, unit):
        raise PermissionDenied
    return unit


def _editable(viewer: Viewer, code: str) -> OrgUnit:
    unit = _unit(viewer, code)
    if not rosters.may_edit(viewer, unit):
        raise PermissionDenied
    return unit


def _shift(viewer: Viewer, pk: int) -> DutyShift:
    shift = DutyShift.objects.select_related("unit", "user").filter(pk=pk).first() if pk < 2**63 else None
    if shift is None:
        raise Http404
    if not rosters.may_edit(viewer, shift.unit):
        raise PermissionDenied
    return shift


def _found(viewer: Viewer, q: str) -> list[OrgUnit]:
    """Units whose name or code holds these words, of those that the person may see."""
    if "\0" in q:
        return []
    named = Q(name_zh__icontains=q) | Q(name_en__icontains=q) | Q(code__icontains=q)
    units = OrgUnit.objects.open().filter(named).order_by("path")
    if viewer.with_roles(*DESK_ROLES):
        return list(units[:UNITS_FOUND])
    return [unit for unit in units if rosters.may_see(viewer, unit)][:UNITS_FOUND]


def _week(request: HttpRequest, at: datetime) -> date:
    """The Monday of the week asked for, or of this one."""
    day = _day(request.GET.get("week", "")) or district_day(at)
    return day - timedelta(days=day.weekday())


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if _YEARS[0] <= day <= _YEARS[1] else None


def _monday(at: datetime) -> date:
    day = district_day(at)
    return day - timedelta(days=day.weekday())


def _instant(day: date) -> datetime:
    """The first instant of a day in the district."""
    return datetime.combine(day, time(), DISTRICT_ZONE).astimezone(UTC)


def _suggested(week: date, day: str, at: datetime) -> dict[str, Any]:
    """A day shift on the day that was pressed: today or the week's first day where none was."""
    first = _day(day) or max(week, min(district_day(at), week + 6 * DAY))
    return {
        "starts_at": datetime.combine(first, time(8), DISTRICT_ZONE),
        "ends_at": datetime.combine(first, time(20), DISTRICT_ZONE),
        "days": 1,
    }


def _address(unit: OrgUnit, week: date) -> str:
    return f"{reverse('duty')}?{urlencode({'unit': unit.code, 'week': week.isoformat()})}"


def _form_page(
    request: HttpRequest, form: ShiftForm, unit: OrgUnit, week: date, pk: int | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "unit": unit,
        "pk": pk,
        "back_url": _address(unit, week),
        "nobody": not form.people,
        "who": person(request),
    }
    return render(request, "incidents/duty_shift.html", context, status=400 if form.errors else 200)
