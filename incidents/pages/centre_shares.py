"""Who of a desk's people takes how much of its queue."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from config import clock
from incidents.actor import Actor
from incidents.centre import shares as sharing
from incidents.claiming import CLAIM_LASTS
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident
from incidents.pages.access import person, staff
from incidents.pages.centre import Opened, frame, opened
from incidents.pages.centre_forms import SharesForm, name_of


@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def shares(request: HttpRequest, code: str) -> HttpResponse:
    """The desk's people with their weights, what is theirs now, and who is away."""
    seen, at = opened(request, code, "centre-shares"), clock.now()
    user = person(request)
    if request.method == "POST" and not seen.supervises:
        raise PermissionDenied
    seats = sharing.seats_of(seen.centre, _queue(seen), claim_since=at - CLAIM_LASTS, at=at)
    form = SharesForm(request.POST if request.method == "POST" else None, seats=seats)
    if request.method == "POST" and form.is_valid():
        try:
            changed = sharing.set_weights(
                centre=seen.centre,
                weights=form.weights(),
                actor=Actor.person(user, seen.centre.unit.code),
                at=at,
            )
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("The shares are set.") if changed else _("Nothing was changed."))
            return HttpResponseRedirect(reverse("centre-shares", args=[code]))
    there = [seat for seat in seats if seat.is_there]
    context: dict[str, Any] = {
        **frame(seen, "centre-shares"),
        "form": form,
        "at": at,
        "rows": [
            {
                "seat": seat,
                "field": form[name_of(seat)],
                "is_me": seat.user.pk == user.pk,
                "may_step": seat.weight is not None and (seat.user.pk == user.pk or seen.supervises),
            }
            for seat in seats
        ],
        "is_shared": len(there) > 1,
        "there": len(there),
        "is_set": any(seat.weight is not None for seat in seats),
        "minutes": int(sharing.SHARE_LASTS.total_seconds() // 60),
    }
    return render(request, "incidents/centre/shares.html", context, status=400 if form.errors else 200)


@require_POST
@staff()
def away(request: HttpRequest, code: str, user_id: int) -> HttpResponse:
    """Somebody leaves the desk for a while, or is back."""
    seen = opened(request, code, "centre-shares")
    try:
        sharing.step_out(
            centre=seen.centre,
            user_id=user_id,
            away=request.POST.get("away") == "on",
            actor=Actor.person(person(request), seen.centre.unit.code),
            at=clock.now(),
        )
    except ActionRefused as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(reverse("centre-shares", args=[code]))


def _queue(seen: Opened) -> QuerySet[Incident]:
    found: QuerySet[Incident] = Incident.objects.filter(seen.centre.cases()).at_desk().burning_first()
    return found
