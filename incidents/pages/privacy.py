"""Residents ask for a copy of what is kept about them, or that it goes: two of the district's staff do it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.audit.rows import AuditEvent
from accounts.audit.telling import tell_of
from accounts.roles import Role
from accounts.viewer import Reach, viewer_of
from config import clock
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import PrivacyAsk, PrivacyRequest
from incidents.models.contact import masked_number, unseal
from incidents.pages.access import View, person, staff
from incidents.pages.case_search import LOOK_UPS
from incidents.privacy import asking, subject

ROWS = 50
WORDS_MOST = 200
_LINE = {"class": "form-control", "autocomplete": "off"}


class AskForm(forms.Form):
    """One request; the rules are the domain's."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What they ask for"),
        choices=PrivacyRequest.Kind.choices,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Telephone number"),
        max_length=30,
        widget=forms.TextInput(attrs={**_LINE, "class": "form-control num", "inputmode": "tel"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Who asked, and where that stands"),
        max_length=WORDS_MOST,
        widget=forms.TextInput(attrs=_LINE),
        help_text=gettext_lazy("A letter's number, say. No name and no telephone number: these words stay."),
    )
    called_back = forms.BooleanField(
        label=gettext_lazy("I called this number, and who answered asks for this"),
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )


class WordsForm(forms.Form):
    """Why a request is not carried out."""

    words = forms.CharField(
        label=gettext_lazy("Why it is not carried out"),
        max_length=WORDS_MOST,
        widget=forms.TextInput(attrs=_LINE),
        help_text=gettext_lazy("No name and no telephone number: these words stay."),
    )


def _keepers(view: View) -> View:
    """Who asks may have reported in any street: the district's supervisors alone."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not asking.may_keep(person(request)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return staff(Role.SUPERVISOR)(guarded)


@never_cache
@require_GET
@_keepers
def listed(request: HttpRequest) -> HttpResponse:
    """What waits, and everything that was ever done, by the command too."""
    done = PrivacyRequest.objects.select_related("by")
    refused = PrivacyAsk.objects.filter(state__in=(PrivacyAsk.State.DECLINED, PrivacyAsk.State.LAPSED))
    context = {
        "waiting": [_row(one) for one in asking.waiting().select_related("asked_by", "answered_by")],
        "page": Paginator(done, ROWS).get_page(request.GET.get("page")),
        "refused": Paginator(refused, ROWS).get_page(request.GET.get("refused")),
    }
    return render(request, "privacy/list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@_keepers
def new(request: HttpRequest) -> HttpResponse:
    """Write one down."""
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            asked = asking.ask(
                kind=told["kind"],
                phone=told["phone"],
                reason=told["reason"],
                actor=_actor(request),
                at=clock.now(),
            )
        except InvalidInput as error:
            form.add_error(error.field, str(error))
        except ActionRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Written down. Another supervisor of the district carries it out."))
            return _to(asked.pk)
    return render(request, "privacy/new.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@require_GET
@_keepers
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One request with what there is about the number, and what can be done."""
    return _page(request, _or_404(pk), WordsForm())


@never_cache
@require_POST
@_keepers
def carry_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Do it: a copy is the answer itself."""
    asked = _or_404(pk)
    try:
        outcome = asking.carry_out(pk=pk, actor=_actor(request), at=clock.now())
    except ActionRefused as error:
        messages.error(request, str(error))
        return _to(pk)
    if asked.kind == PrivacyRequest.Kind.COPY:
        name = f"personal-data-{outcome.request.pk}.zip"
        told = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
        return HttpResponse(outcome.archive, content_type="application/zip", headers=told)
    messages.success(request, _("Erased, as far as the cases are over."))
    return _to(pk)


@never_cache
@require_POST
@_keepers
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Do it not, and say why."""
    form = WordsForm(request.POST)
    if not form.is_valid():
        return _page(request, _or_404(pk), form)
    _or_404(pk)
    try:
        asking.decline(pk=pk, words=form.cleaned_data["words"], actor=_actor(request), at=clock.now())
    except InvalidInput as error:
        form.add_error(error.field, str(error))
        return _page(request, _or_404(pk), form)
    except ActionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Not carried out; the number is forgotten."))
    return _to(pk)


def _page(request: HttpRequest, asked: PrivacyAsk, form: WordsForm) -> HttpResponse:
    user, phone = person(request), unseal(asked.phone_sealed)
    context = {
        "asked": asked,
        "number": masked_number(phone),
        "kept": subject.kept(phone) if phone and _may_look(request) else None,
        "may_carry_out": asking.may_be_done(asked, user, clock.now()),
        "is_own": asked.asked_by_id == user.pk,
        "is_waiting": asked.state == PrivacyAsk.State.WAITING,
        "form": form,
    }
    return render(request, "privacy/one.html", context, status=400 if form.errors else 200)


def _may_look(request: HttpRequest) -> bool:
    """Which open cases a number has is what a search for it finds: told and counted as one."""
    user = str(person(request).pk)
    tell_of(request, kind=AuditEvent.Kind.PERSONAL, what="phone_search")
    if LOOK_UPS.is_full(user):
        messages.error(request, _("You have looked up many numbers. Wait some minutes."))
        return False
    LOOK_UPS.count(user)
    return True


def _row(asked: PrivacyAsk) -> dict[str, Any]:
    return {"asked": asked, "number": masked_number(unseal(asked.phone_sealed))}


def _or_404(pk: int) -> PrivacyAsk:
    rows = PrivacyAsk.objects.select_related("asked_by", "answered_by", "done")
    found = rows.filter(pk=min(pk, 2**63 - 1)).first()
    if found is None:
        raise Http404
    return found


def _actor(request: HttpRequest) -> Actor:
    user = person(request)
    grants = viewer_of(user).with_roles(Role.SUPERVISOR)
    return Actor.person(user, next(grant.unit.pk for grant in grants if grant.reach == Reach.DISTRICT))


def _to(pk: int) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("privacy-one", args=[pk]))
