"""Every action on a case as a page and a POST of its own: /cases/<number>/<action>/.

GET shows the same form that the case page opens in a sheet, for where no script runs. POST acts and goes
back with a message; what is refused is said beside the form, with everything that was typed kept.
"""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.models import User
from config import clock
from incidents import canned, policy
from incidents.actions.handling import closing_condition
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident
from incidents.pages import forms, knowledge, waiting
from incidents.pages.access import CASE_ROLES, case_or_404, person, staff
from incidents.pages.desk import next_case_url
from incidents.pages.doing import Doing
from incidents.pages.step_photos import PHOTOS_MAX
from incidents.pages.steps import STEPS
from incidents.pages.submissions import once
from incidents.pages.wording import title_of
from incidents.timeline_words import read as read_timeline

# After these the desk goes on to the next case instead of showing this one again.
_DESK_STEPS = frozenset({"answer", "reject", "decide-return", "rule"})
# Steps whose words may be canned ones; the use has the step's name.
CANNED_STEPS = frozenset({"message", "resolve", "note", "answer"})


@once
@require_http_methods(["GET", "POST"])
@staff(*CASE_ROLES)
def act(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """Show an action's form, or do it."""
    known = STEPS.get(step)
    if known is None:
        raise Http404
    incident, user, at = case_or_404(request, number), person(request), clock.now()
    if request.method == "GET":
        if policy.acting_grant(user, known.action, incident) is None:
            raise PermissionDenied
        initial = {"seen_version": incident.version, **_canned(request, incident, known.form)}
        if step == "answer":
            initial.update(knowledge.prefilled(request))
        form = known.form(incident=incident, user=user, at=at, initial=initial)
        return _shown(request, incident, step, form)
    form = known.form(request.POST, incident=incident, user=user, at=at)
    kept = _kept_ids(request)
    try:
        # Whose it is comes first: what is missing in a form is told to who may send it.
        actor = policy.acting_as(user, known.action, incident)
        if not form.is_valid():
            return _shown(request, incident, step, form, status=400, kept=kept)
        given = {**form.cleaned_data, "form": form, "seen_version": _seen(request, incident, user, form)}
        said = known.run(Doing(request, incident, user, actor, at, given, kept))
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _shown(request, incident, step, form, status=400, kept=kept)
    except ActionRefused as error:
        if error.code == "not_found":
            raise Http404 from error
        status = 403 if error.code == "not_allowed" else 409
        incident = case_or_404(request, number)
        form.is_valid()  # what was typed is looked through, and kept
        form.add_error(None, str(error))
        return _shown(request, incident, step, form, status=status, kept=kept)
    messages.success(request, said)
    return HttpResponseRedirect(_goes_on(request, step, user, incident, at))


def _goes_on(request: HttpRequest, step: str, user: User, incident: Incident, at: datetime) -> str:
    if request.POST.get("from") == "desk":
        if step in _DESK_STEPS:
            return next_case_url(user, request.POST.get("tab", ""), at=at, beside=incident.number)
        return reverse("desk-case", args=[incident.number])
    if not Incident.objects.filter(policy.visible(user), pk=incident.pk).exists():
        return reverse("home")
    return f"{reverse('case', args=[incident.number])}?done={step}"


def last_line(incident: Incident) -> int:
    """The newest line that a page shows of the case: what comes after it, its reader has not seen."""
    return incident.timeline.order_by("-pk").values_list("pk", flat=True).first() or 0


def _shown(
    request: HttpRequest,
    incident: Incident,
    step: str,
    form: forms.ActionForm,
    *,
    status: int = 200,
    kept: list[str] | None = None,
) -> HttpResponse:
    happened = ""
    if status == 409:
        lines = read_timeline(
            incident.timeline.select_related("actor", "actor_unit", "client").order_by("-at", "-pk")[:1]
        )
        happened = " · ".join(part for line in lines for part in (line.who, line.words) if part)
    context = {
        "case": incident,
        "title": title_of(incident.text.body),
        "step": step,
        "known": STEPS[step],
        "form": form,
        "happened": happened,
        "asked": waiting.answered_by(incident, step),
        # What was looked at again may now be decided on.
        "seen_version": incident.version,
        "seen_line": last_line(incident),
        "kept": kept or [],
        "from": request.POST.get("from") or request.GET.get("from", ""),
        "tab": request.POST.get("tab") or request.GET.get("tab", ""),
        "closing_condition": closing_condition(incident) if step in ("resolve", "verify") else "",
        "offered": canned.offered(person(request), incident).get(step, ()) if step in CANNED_STEPS else (),
    }
    return render(request, "incidents/action.html", context, status=status)


def _seen(request: HttpRequest, incident: Incident, user: User, form: forms.ActionForm) -> int | None:
    """The version that the person decided on: the one on their page, or the present one where nobody but
    themselves has done anything since. Photos and notes that waited on a telephone for a line, and arrive
    just before this, are no news to whoever wrote them.
    """
    seen: int | None = form.cleaned_data.get("seen_version")
    line = request.POST.get("seen_line", "")
    if seen is None or seen == incident.version or not (line.isascii() and line.isdigit()):
        return seen
    news = incident.timeline.filter(pk__gt=int(line[:18])).exclude(actor=user)
    return seen if news.exists() else incident.version


def _canned(request: HttpRequest, incident: Incident, form: type[forms.ActionForm]) -> dict[str, str]:
    """The words of a canned answer that the address names, for where no script puts them in."""
    named = request.GET.get("canned", "")
    if not named or "text" not in form.base_fields:
        return {}
    answers = canned.offered(person(request), incident).values()
    return next(({"text": one["text"]} for use in answers for one in use if one["id"] == named), {})


def _kept_ids(request: HttpRequest) -> list[str]:
    """The pictures that an earlier try brought, by the form's own word; whose they are is asked later."""
    found = []
    for given in request.POST.getlist("kept")[:PHOTOS_MAX]:
        try:
            found.append(str(UUID(given)))
        except ValueError:
            continue
    return found
