"""The work calendar: its days year by year, units with hours of their own, and stops of work."""

import calendar as weeks
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.dates import MONTHS, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import OrgUnit
from accounts.roles import Role
from config import clock
from dispatch import calendar_changes as changes
from dispatch.calendar import WorkCalendar
from dispatch.calendar_book import DEFAULT_HOURS
from dispatch.calendar_changes import CalendarRefused
from dispatch.edition import work_calendar
from dispatch.models import CalendarDay, CalendarEdition, CalendarYear, Stoppage, WorkingHours
from incidents import recalendar
from incidents.numbers import district_day
from incidents.pages.access import person, staff
from incidents.pages.clock_forms import DayForm, HoursForm, StopForm

STOPS_SHOWN = 20


@require_GET
@staff(Role.ADMIN)
def work_days(request: HttpRequest) -> HttpResponse:
    """One year of the calendar, the units' hours and the stops."""
    at = clock.now()
    today = district_day(at)
    years = {row.year: row for row in CalendarYear.objects.select_related("confirmed_by")}
    year = _year(request.GET.get("year", ""), years, today)
    newest = CalendarEdition.objects.order_by("-revision").first()
    waiting = recalendar.waiting()
    context = {
        "year": years.get(year),
        "years": sorted(years),
        "earlier": year - 1 if year - 1 in years else None,
        "later": year + 1 if year + 1 in years else None,
        "coming": years.get(today.year + 1),
        "months": _months(year, today),
        "weekdays": list(WEEKDAYS_ABBR.values()),
        "default": _hours_words(WorkingHours.objects.filter(unit=None).first()),
        "hours": [
            _hours_words(row)
            for row in WorkingHours.objects.filter(unit__isnull=False).select_related("unit", "changed_by")
        ],
        "stops": [
            {"stop": stop, "state": _state(stop, at)}
            for stop in Stoppage.objects.select_related("declared_by", "revoked_by")[:STOPS_SHOWN]
        ],
        "waiting": waiting,
        "newest": newest,
    }
    return render(request, "incidents/clock_calendar.html", context)


@require_POST
@staff(Role.ADMIN)
def confirm(request: HttpRequest, year: int) -> HttpResponse:
    """The notice for this year is out, and the days stand as it says."""
    try:
        changes.confirm_year(year=year, actor=person(request), at=clock.now())
    except CalendarRefused as refused:
        raise Http404 from refused
    messages.success(request, _("%(year)d is confirmed.") % {"year": year})
    return HttpResponseRedirect(_back(year))


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def work_day(request: HttpRequest, day: str) -> HttpResponse:
    """Say of one day whether it is worked, or let it be as published again."""
    try:
        which = date.fromisoformat(day)
    except ValueError as error:
        raise Http404 from error
    get_object_or_404(CalendarYear, year=which.year)
    row, at = CalendarDay.objects.filter(date=which).first(), clock.now()
    worked = row.is_working if row else work_calendar().is_working_day(which)
    initial = {"is_working": "yes" if worked else "no", "name": row.name_zh if row else ""}
    form = DayForm(_posted(request), initial=initial)
    if request.method == "POST":
        if "reset" in request.POST:
            changes.reset_day(day=which, actor=person(request), at=at)
            messages.success(request, _("The day is again as published."))
            return HttpResponseRedirect(_back(which.year))
        if form.is_valid() and _done(
            form, lambda: changes.set_day(day=which, actor=person(request), at=at, **form.cleaned_data)
        ):
            messages.success(request, _("Saved. Running clocks are moved in the next minute."))
            return HttpResponseRedirect(_back(which.year))
    context = {
        "form": form,
        "day": which,
        "weekday": WEEKDAYS[which.weekday()],
        "row": row,
        "back": _back(which.year),
        "is_past": which < district_day(at),
    }
    return render(request, "incidents/clock_day.html", context, status=_status(request))


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def unit_hours(request: HttpRequest) -> HttpResponse:
    """Add or change a unit's hours (`?unit=`, `?add`), or the district's default."""
    code, adding, at = request.GET.get("unit", ""), "add" in request.GET, clock.now()
    if "\x00" in code:
        raise Http404
    owner = get_object_or_404(OrgUnit, code=code) if code else None
    row = None if adding else WorkingHours.objects.filter(unit=owner).first()
    if row is None and owner is not None:
        raise Http404
    form = HoursForm(_posted(request), owner=owner, adding=adding, initial=_hours_initial(row))
    if request.method == "POST" and "remove" in request.POST and not adding:
        changes.remove_hours(unit_code=code, actor=person(request), at=at)
        messages.success(request, _("Removed. Running clocks are moved in the next minute."))
        return HttpResponseRedirect(f"{_back()}#hours")
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        unit = given.pop("unit", owner)
        if _done(
            form,
            lambda: changes.set_hours(
                unit_code=unit.code if unit else "", actor=person(request), at=at, **given
            ),
        ):
            messages.success(request, _("Saved. Running clocks are moved in the next minute."))
            return HttpResponseRedirect(f"{_back()}#hours")
    context = {"form": form, "owner": owner, "adding": adding, "row": row, "back": f"{_back()}#hours"}
    return render(request, "incidents/clock_hours.html", context, status=_status(request))


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def declare(request: HttpRequest) -> HttpResponse:
    """Declare a stop of work: first what it would move, then, once that was seen, for good."""
    at = clock.now()
    form, seen, told = StopForm(_posted(request)), None, ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        # What is declared is what was shown: other times are looked at first.
        told = f"{given['starts_at'].isoformat()}/{given['ends_at'].isoformat()}"
        if "declare" in request.POST and request.POST.get("shown") == told:
            if _done(form, lambda: changes.declare_stoppage(actor=person(request), at=at, **given)):
                messages.success(request, _("Declared. Running clocks are being moved."))
                return HttpResponseRedirect(f"{_back()}#stops")
        elif _done(form, lambda: changes.check_stoppage(at=at, **given)):
            start, end = given["starts_at"], given["ends_at"]
            seen = _foreseen(start, end, lambda one: one.stopped_too(start, end), at)
    context = {"form": form, "seen": seen, "shown": told if seen else "", "back": f"{_back()}#stops"}
    return render(request, "incidents/clock_stop.html", context, status=200 if seen else _status(request))


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Let work go on: what that moves, and then for good."""
    stop, at = get_object_or_404(Stoppage, pk=pk), clock.now()
    if request.method == "POST":
        try:
            changes.revoke_stoppage(stoppage_id=pk, actor=person(request), at=at)
            messages.success(request, _("Revoked. Running clocks are moved in the next minute."))
        except CalendarRefused as refused:
            messages.error(request, str(refused))
        return HttpResponseRedirect(f"{_back()}#stops")
    context = {
        "stop": stop,
        "state": _state(stop, at),
        "seen": _foreseen(
            stop.starts_at, stop.ends_at, lambda one: one.going_on(stop.starts_at, stop.ends_at, at), at
        ),
        "back": f"{_back()}#stops",
    }
    return render(request, "incidents/clock_revoke.html", context)


def _foreseen(
    start: datetime, end: datetime, change: Callable[[WorkCalendar], WorkCalendar], at: datetime
) -> str:
    """How many running clocks will move, as a sentence."""
    count, more = recalendar.foreseen(start, end, change=change, at=at)
    if more:
        return _("More than %(count)d running clocks will move.") % {"count": count}
    if not count:
        return _("No running clock will move.")
    return ngettext("%(count)d running clock will move.", "%(count)d running clocks will move.", count) % {
        "count": count
    }


def _done(form: forms.Form, change: Callable[[], object]) -> bool:
    """Make a change; what is refused is said at its field."""
    try:
        change()
    except CalendarRefused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return False
    return True


def _posted(request: HttpRequest) -> QueryDict | None:
    """What was sent, were it nothing at all."""
    return request.POST if request.method == "POST" else None


def _status(request: HttpRequest) -> int:
    return 400 if request.method == "POST" else 200


def _back(year: int | None = None) -> str:
    return reverse("work-calendar") + (f"?year={year}" if year else "")


def _year(asked: str, known: dict[int, Any], today: date) -> int:
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else today.year
    return year if year in known else max((one for one in known if one <= today.year), default=today.year)


def _state(stop: Stoppage, at: datetime) -> str:
    if stop.revoked_at is not None:
        return "revoked"
    if stop.ends_at <= at:
        return "over"
    return "now" if stop.starts_at <= at else "coming"


def _hours_initial(row: WorkingHours | None) -> dict[str, Any]:
    return {
        "periods": row.periods if row else DEFAULT_HOURS["periods"],
        "weekdays": [str(day) for day in (row.weekdays if row else DEFAULT_HOURS["weekdays"])],
        "follows_holidays": row.follows_holidays if row else True,
        "follows_stoppages": row.follows_stoppages if row else True,
    }


def _hours_words(row: WorkingHours | None) -> dict[str, Any]:
    told = _hours_initial(row)
    days = sorted(int(day) for day in told["weekdays"])
    if days == list(range(7)):
        words = _("every day")
    elif len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        words = _("%(first)s to %(last)s") % {"first": WEEKDAYS[days[0]], "last": WEEKDAYS[days[-1]]}
    else:
        words = _(", ").join(str(WEEKDAYS[day]) for day in days)
    return {**told, "row": row, "periods": told["periods"].replace(",", " · "), "weekdays": words}


def _months(year: int, today: date) -> list[dict[str, Any]]:
    """Each month as weeks from Monday, with what each day is."""
    rows = {row.date: row for row in CalendarDay.objects.filter(year_id=year)}
    office = work_calendar()
    planned = WorkCalendar(
        exceptions={day: row.is_working for day, row in rows.items()}, weekdays=office.weekdays
    )
    return [
        {
            "name": MONTHS[month],
            "weeks": [
                [_day(day, month, rows.get(day), planned, office, today) for day in week]
                for week in weeks.Calendar().monthdatescalendar(year, month)
            ],
        }
        for month in range(1, 13)
    ]


def _day(
    day: date,
    month: int,
    row: CalendarDay | None,
    planned: WorkCalendar,
    office: WorkCalendar,
    today: date,
) -> dict[str, Any] | None:
    if day.month != month:
        return None
    worked = planned.is_working_day(day)
    kind = "" if worked else "off"
    if row is not None:
        kind = "makeup" if row.is_working else "holiday"
    elif worked and not office.is_working_day(day):
        kind = "stopped"
    return {
        "day": day,
        "kind": kind,
        "name": row.name_zh if row else "",
        "by_hand": bool(row and row.by_hand),
        "is_today": day == today,
    }
