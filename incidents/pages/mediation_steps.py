"""What is done with a mediation, each as a page and a POST of its own: a form, one action, and back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.roles import Action
from config import clock
from incidents import actions, mediating, policy
from incidents.errors import ActionRefused, InvalidInput
from incidents.mediation import files
from incidents.models import MediationFile
from incidents.pages import mediation_forms as forms
from incidents.pages.access import CASE_ROLES, case_or_404, person, staff
from incidents.pages.mediation import file_or_404
from incidents.pages.submissions import once
from incidents.pages.wording import title_of
from incidents.sources import petitions

Run = Callable[[Any, dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Step:
    """A form and the one action that it leads to."""

    title: Any
    button: Any
    form: type[forms.FileForm]
    run: Run
    action: Action = Action.MEDIATE
    state: str = MediationFile.State.OPEN  # in which the file has to be; "": in any
    note: Any = ""


def _party(form: Any, common: dict[str, Any]) -> str:
    actions.add_party(party=form.party(), **common)
    return _("Party added.")


def _leave(form: Any, common: dict[str, Any]) -> str:
    actions.party_leaves(party=form.cleaned_data["party"], text=form.cleaned_data["text"], **common)
    return _("Written down: this party has left.")


def _session(form: Any, common: dict[str, Any]) -> str:
    told = {name: value for name, value in form.cleaned_data.items() if name != "seen_version"}
    actions.hold_session(**told, **common)
    return _("Session written down.")


def _agreement(form: Any, common: dict[str, Any]) -> str:
    told = {name: value for name, value in form.cleaned_data.items() if name != "seen_version"}
    actions.write_agreement(**told, **common)
    return _("Agreement written down. Now each party confirms it.")


def _confirm(form: Any, common: dict[str, Any]) -> str:
    actions.confirm_agreement(party=form.cleaned_data["party"], how=form.cleaned_data["how"], **common)
    return _("Confirmed.")


def _end(form: Any, common: dict[str, Any]) -> str:
    told = form.cleaned_data
    ended = actions.end_mediation(
        outcome=told["outcome"], text=told["text"], next_step=told["next_step"], **common
    )
    if ended.state == MediationFile.State.SETTLED:
        return _("Settled. Now resolve the case: somebody else checks it.")
    return _("Ended. The case is still in your hands: resolve it, or mediate it otherwise.")


def _follow_up(form: Any, common: dict[str, Any]) -> str:
    told = form.cleaned_data
    made = actions.follow_up_mediation(
        how=told["how"], result=told["result"], text=told["text"], next_on=told["next_on"], **common
    )
    if made.result == made.Result.KEPT:
        return _("Written down.")
    told = {"day": date_format(made.file.follow_up_on or made.made_at, "DATE_FORMAT")}
    if made.result == made.Result.BROKEN:
        return _("Written down. To be asked after again on %(day)s; the centre can reopen the case.") % told
    return _("Written down. To be asked after again on %(day)s.") % told


def _earlier(form: Any, common: dict[str, Any]) -> str:
    actions.name_earlier(earlier=form.cleaned_data["earlier"], **common)
    return _("Noted as an earlier dispute.")


def _scans(form: Any, common: dict[str, Any]) -> str:
    common.pop("seen_version")
    given = form.cleaned_data["scans"]
    if len(given) > petitions.SCANS_MOST:
        raise InvalidInput("scans", "too_many", _("At most %(max)d files.") % {"max": petitions.SCANS_MOST})
    for checked in [petitions.checked_scan(upload) for upload in given]:
        actions.add_scan(scan=checked, **common)
    return _("Kept, sealed.")


STEPS: Mapping[str, Step] = {
    "party": Step(gettext_lazy("Add a party"), gettext_lazy("Add"), forms.PartyForm, _party),
    "leave": Step(
        gettext_lazy("A party leaves"), pgettext_lazy("mediation", "Write it down"), forms.LeaveForm, _leave
    ),
    "session": Step(
        gettext_lazy("Write a session down"),
        pgettext_lazy("mediation", "Write it down"),
        forms.SessionForm,
        _session,
    ),
    "agreement": Step(
        gettext_lazy("Write the agreement down"),
        pgettext_lazy("mediation", "Write it down"),
        forms.AgreementForm,
        _agreement,
    ),
    "confirm": Step(
        gettext_lazy("A party confirms"),
        pgettext_lazy("mediation", "Write it down"),
        forms.ConfirmForm,
        _confirm,
    ),
    "end": Step(
        gettext_lazy("End the mediation"),
        pgettext_lazy("mediation", "End it"),
        forms.EndForm,
        _end,
        note=gettext_lazy("Settled needs an agreement by which everybody stands who is still there."),
    ),
    "follow-up": Step(
        gettext_lazy("Ask after the agreement"),
        pgettext_lazy("mediation", "Write it down"),
        forms.FollowUpForm,
        _follow_up,
        action=Action.FOLLOW_MEDIATION,
        state=MediationFile.State.SETTLED,
    ),
    "earlier": Step(
        gettext_lazy("Name an earlier dispute"),
        gettext_lazy("Name it"),
        forms.EarlierForm,
        _earlier,
        action=Action.READ_MEDIATION,
        state="",
    ),
    "scans": Step(
        gettext_lazy("Add a scan"),
        gettext_lazy("Add"),
        forms.ScansForm,
        _scans,
        action=Action.FOLLOW_MEDIATION,
        state="",
    ),
}


@once
@require_http_methods(["GET", "POST"])
@staff(*CASE_ROLES)
def act(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Show a step's form, or do it. What was typed stays where it is refused."""
    known = STEPS.get(step)
    if known is None:
        raise Http404
    user = person(request)
    found = file_or_404(user, pk)
    if policy.acting_grant(user, known.action, found.incident) is None:
        raise PermissionDenied
    veil = files.Veil(list(found.parties.all()), lifted=False)
    if request.method == "GET":
        form = known.form(file=found, veil=veil, initial=_initial(found, step))
        return _shown(request, found, step, form)
    form = known.form(request.POST, request.FILES, file=found, veil=veil)
    if not form.is_valid():
        return _shown(request, found, step, form, status=400)
    common = {
        "file": found.pk,
        "actor": policy.acting_as(user, known.action, found.incident),
        "at": clock.now(),
        "seen_version": form.cleaned_data.get("seen_version"),
    }
    try:
        said = known.run(form, common)
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _shown(request, found, step, form, status=400)
    except ActionRefused as error:
        form.add_error(None, str(error))
        return _shown(request, file_or_404(user, pk), step, form, status=409)
    messages.success(request, said)
    return HttpResponseRedirect(reverse("mediation", args=[found.pk]))


@once
@require_http_methods(["GET", "POST"])
@staff(*CASE_ROLES)
def new(request: HttpRequest, number: str) -> HttpResponse:
    """Take a dispute on: who mediates, and the first two parties."""
    user, incident = person(request), case_or_404(request, number)
    if not mediating.is_dispute(incident):
        raise Http404
    if policy.acting_grant(user, Action.MEDIATE, incident) is None:
        raise PermissionDenied
    asked = request.GET.get("kind", "")
    initial = {"mediator": user.username, "seen_version": incident.version}
    if asked:
        initial["kind"] = asked
    given = request.POST if request.method == "POST" else None
    form = forms.OpenForm(given, incident=incident, initial=initial)
    first = forms.PartyFields(given, prefix="first", initial={"side": "applicant"})
    second = forms.SecondPartyFields(given, prefix="second", initial={"side": "respondent"})
    context = {
        "case": incident,
        "title": title_of(incident.text.body),
        "form": form,
        "first": first,
        "second": second,
    }

    def shown(status: int) -> HttpResponse:
        context["seen_version"] = _seen(form, case_or_404(request, number).version, status)
        return render(request, "incidents/mediation/new.html", context, status=status)

    if request.method == "GET":
        return shown(200)
    if not all([form.is_valid(), first.is_valid(), second.is_valid()]):
        return shown(400)
    parties = [one.party() for one in (first, second) if one.cleaned_data["name"]]
    try:
        opened = actions.open_mediation(
            number=number,
            kind=form.cleaned_data["kind"],
            mediator=form.cleaned_data["mediator"],
            parties=parties,
            actor=policy.acting_as(user, Action.MEDIATE, incident),
            at=clock.now(),
            seen_version=form.cleaned_data["seen_version"],
        )
    except InvalidInput as error:
        (form if error.field in form.fields else first).add_error(
            error.field if error.field in (*form.fields, *first.fields) else None, str(error)
        )
        return shown(400)
    except ActionRefused as error:
        form.add_error(None, str(error))
        return shown(409)
    messages.success(request, _("The mediation is open."))
    return HttpResponseRedirect(reverse("mediation", args=[opened.pk]))


def _initial(found: MediationFile, step: str) -> dict[str, Any]:
    told: dict[str, Any] = {"seen_version": found.version}
    if step == "session":
        told["held_at"] = clock.now()
        told["present"] = [one.pk for one in files.staying(found)]
    if step == "end":
        told["outcome"] = MediationFile.State.FAILED if files.unconfirmed(found) else "settled"
    return told


def _seen(form: Any, now: int, status: int) -> Any:
    """Which version the page was typed on. A form refused for what stands in it goes on saying so; one that
    was refused for what happened meanwhile shows what there is now."""
    return form["seen_version"].value() if form.is_bound and status != 409 else now


def _shown(
    request: HttpRequest, found: MediationFile, step: str, form: forms.FileForm, *, status: int = 200
) -> HttpResponse:
    known = STEPS[step]
    context = {
        "file": found,
        "case": found.incident,
        "title": title_of(found.incident.text.body),
        "step": step,
        "known": known,
        "form": form,
        "wrong_state": bool(known.state) and found.state != known.state,
        "seen_version": _seen(form, found.version, status),
        "nobody": step in ("leave", "confirm") and not form.fields["party"].choices,  # type: ignore[attr-defined]
        "sends_files": step == "scans",
        "terms": files.agreement_of(found) if step == "agreement" else None,
    }
    return render(request, "incidents/mediation/step.html", context, status=status)
