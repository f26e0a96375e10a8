"""Setting the place of a case on the desk: one of those that were named, or another."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.roles import Action
from grids.locate import Place
from incidents import actions, policy
from incidents.errors import InvalidInput
from incidents.models import Incident
from incidents.pages.access import DESK_ROLES, staff
from incidents.pages.desk_acts import acted, seen_version, sheet_page
from incidents.pages.place_choices import KEEP, place_told


@require_http_methods(["GET", "POST"])
@staff(*DESK_ROLES)
def set_place(request: HttpRequest, number: str) -> HttpResponse:
    """Choose one of the places, or say another: the candidates are weighed again in place."""
    if request.method == "GET":
        return sheet_page(request, number, "incidents/desk_place.html")

    def act(incident: Incident, user: User, at: datetime) -> str:
        choice, where = request.POST.get("place", ""), request.POST.get("where", "")
        place: Place | None = None
        address: str | None = None
        if where.strip():  # whoever writes has looked further than what was offered
            place = place_told(where)
            address = where if place.how == "address" else None
        elif choice.startswith("facility:"):
            place = place_told(choice.removeprefix("facility:"))
        elif choice and choice != KEEP:
            place = place_told(choice)
        elif not choice:
            raise InvalidInput("where", "required", _("Say where it is."))
        actions.set_place(
            number=number,
            place=place,
            address=address,
            actor=policy.acting_as(user, Action.SET_PLACE, incident),
            at=at,
            seen_version=seen_version(request),
        )
        return _("The place is set, and the case is decided anew.")

    return acted(request, number, act, stays=True, sheet="place")
