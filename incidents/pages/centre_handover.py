"""交接班: a shift's note, with what is open, and the next shift that takes over."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.duty import DutyShift
from config import clock
from incidents import policy, queries
from incidents.actor import Actor
from incidents.centre import handing, wall
from incidents.centre.handing import Left
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Handover, HandoverCase, Incident
from incidents.pages.access import person, staff
from incidents.pages.centre import frame, opened
from incidents.pages.centre_forms import HandoverForm
from incidents.pages.centre_wall import subject_of
from incidents.pages.wording import described

PAGE = 10


@require_GET
@staff()
def handover(request: HttpRequest, code: str) -> HttpResponse:
    """The notes of a centre, newest first; those that nobody has taken over yet stand open."""
    seen, at = opened(request, code, "centre-handover"), clock.now()
    user = person(request)
    page = Paginator(handing.notes_of(seen.centre), PAGE).get_page(request.GET.get("page"))
    notes: list[Handover] = list(page.object_list)
    attached = _attached(notes)
    cases = [one.incident for rows in attached.values() for one in rows]
    openable = wall.openable(cases, policy.visible(user))
    place = queries.places_of(cases)
    shifts = DutyShift.objects.filter(unit=seen.centre.unit).standing().at(at)
    context = {
        **frame(seen, "centre-handover"),
        "at": at,
        "page": page,
        "on_duty": list(shifts.select_related("user").order_by("starts_at", "pk")),
        "notes": [
            {
                "note": note,
                "rows": [_row(one, openable, place, at) for one in attached.get(note.pk, [])],
                "left": sum(one.incident.is_open for one in attached.get(note.pk, [])),
                "waits": note.taken_at is None,
                "may_take": seen.works_here
                and note.written_by_id != user.pk
                and all(reading.user_id != user.pk for reading in note.readings.all()),
                "readers": [
                    reading.user for reading in note.readings.all() if reading.user_id != note.taken_by_id
                ],
                "is_open": note.taken_at is None or (page.number == 1 and index == 0),
            }
            for index, note in enumerate(notes)
        ],
        "done_draft": _draft(code) if "written" in request.GET else "",
    }
    return render(request, "incidents/centre/handover.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def write(request: HttpRequest, code: str) -> HttpResponse:
    """A page of its own for the note: the words first, then what goes along."""
    seen, at = opened(request, code, "centre-handover"), clock.now()
    user = person(request)
    left = handing.left_open(seen.centre, at, seen=policy.visible(user))
    form = HandoverForm(request.POST if request.method == "POST" else None, left=left, draft=_draft(code))
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            handing.hand_over(
                centre=seen.centre,
                words=form.cleaned_data["words"],
                keep=form.cleaned_data["keep"],
                more=form.cleaned_data["more"],
                actor=Actor.person(user, seen.centre.unit.code),
                at=at,
            )
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        except ActionRefused as refused:
            form.add_error(None, str(refused))
            status = 403
        else:
            messages.success(request, _("The note stands here for the next shift."))
            return HttpResponseRedirect(f"{reverse('centre-handover', args=[code])}?written=1")
    if form.errors and status == 200:
        status = 400
    chosen = set(request.POST.getlist("keep")) if form.is_bound else {one.incident.number for one in left}
    cases = [one.incident for one in left]
    place = queries.places_of(cases)
    context: dict[str, Any] = {
        **frame(seen, "centre-handover"),
        "form": form,
        "at": at,
        "figures": handing.figures(seen.centre, at),
        "groups": _by_reason(left, place, chosen, at),
        "left": len(left),
        "most": handing.MOST,
        "back_url": reverse("centre-handover", args=[code]),
    }
    return render(request, "incidents/centre/handover_write.html", context, status=status)


@require_POST
@staff()
def take(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The next shift takes over; whoever comes later has read it."""
    seen, user = opened(request, code, "centre-handover"), person(request)
    try:
        note = handing.take_over(
            handover=pk,
            centre=seen.centre,
            actor=Actor.person(user, seen.centre.unit.code),
            at=clock.now(),
        )
    except ActionRefused as refused:
        messages.error(request, str(refused))
    else:
        if note.taken_by_id == user.pk:
            messages.success(request, _("You have taken over the shift."))
        else:
            said = _("%(name)s had taken over already; you stand among the readers.")
            messages.success(request, said % {"name": note.taken_by})
    return HttpResponseRedirect(reverse("centre-handover", args=[code]))


def _draft(code: str) -> str:
    return f"handover-{code}"


def _attached(notes: list[Handover]) -> dict[int, list[HandoverCase]]:
    """The cases of these notes with what a row shows; two queries however many."""
    rows = list(HandoverCase.objects.filter(handover__in=[note.pk for note in notes]).order_by("pk"))
    cases = {
        case.pk: case for case in Incident.objects.filter(pk__in={r.incident_id for r in rows}).for_list()
    }
    found: dict[int, list[HandoverCase]] = {}
    for row in rows:
        row.incident = cases[row.incident_id]
        found.setdefault(row.handover_id, []).append(row)
    return found


def _row(one: HandoverCase, openable: set[int], place: queries.Places, at: datetime) -> dict[str, Any]:
    """A case as it was left, and as it stands now; its words only where the reader may open it."""
    case = one.incident
    row = described(
        case,
        at,
        place=place.short(case),
        left=one,
        moved=case.status != one.status,
        url=reverse("case", args=[case.number]) if case.pk in openable else "",
    )
    return row if case.pk in openable else row | {"title": subject_of(case)}


def _by_reason(
    left: list[Left], place: queries.Places, chosen: set[str], at: datetime
) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in left:
        row = described(one.incident, at, place=place.short(one.incident))
        row["chosen"] = one.incident.number in chosen
        groups.setdefault(one.why, []).append(row)
    return [{"label": HandoverCase.Why(why).label, "rows": rows} for why, rows in groups.items()]
