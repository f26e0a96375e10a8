"""Ending what is no report, and asking the model about a case."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.roles import Action
from config import clock
from dispatch.edition import edition
from dispatch.explain import Explainer
from incidents import actions, policy, suggesting
from incidents.errors import ActionRefused
from incidents.models import Incident
from incidents.pages.access import DESK_ROLES, case_or_404, person, staff
from incidents.pages.desk_acts import acted, seen_version
from incidents.pages.desk_queue import tab_of
from incidents.pages.desk_reading import end_of, panel_of


@require_POST
@staff(*DESK_ROLES)
def end_talk(request: HttpRequest, number: str) -> HttpResponse:
    """End a case that is no report, with the words that were shown; then the next one opens."""

    def act(incident: Incident, user: User, at: datetime) -> str:
        end = end_of(incident)
        if end is None:
            raise ActionRefused("not_talk", _("This is a report: decide what becomes of it."))
        seen = seen_version(request)
        if end.is_answer:
            actor = policy.acting_as(user, Action.ANSWER, incident)
            actions.answer(number=number, text=end.words, actor=actor, at=at, seen_version=seen)
            return _("%(number)s answered and closed.") % {"number": number}
        actor = policy.acting_as(user, Action.REJECT, incident)
        actions.reject(number=number, reason=end.words, actor=actor, at=at, seen_version=seen)
        return _("%(number)s turned away.") % {"number": number}

    return acted(request, number, act, undo=[number])


@require_http_methods(["GET", "POST"])
@staff(*DESK_ROLES)
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """Ask the model; asked again while it thinks, how far it is."""
    user, at = person(request), clock.now()
    incident = case_or_404(request, number)
    refused = ""
    if request.method == "POST":
        try:
            actor = policy.acting_as(user, Action.ASK_MODEL, incident)
            actions.ask_model(number=number, actor=actor, at=at)
        except ActionRefused as error:
            refused = str(error)
    if not request.htmx:  # type: ignore[attr-defined]  # django_htmx puts it there
        return HttpResponseRedirect(reverse("desk-case", args=[number]) + tab_of(request).query)

    explain = Explainer(edition().names)
    tab = tab_of(request)
    context = {
        "case": incident,
        "asking": panel_of(incident, explain, at=at) if suggesting.is_offered() else None,
        "model_refused": refused,
        "tab": tab.key,
        "tab_query": tab.query,
        "can_correct": policy.can(user, Action.CORRECT, incident),
    }
    return render(request, "incidents/parts/desk_model.html", context)
