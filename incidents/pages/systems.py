"""Other systems and their tokens, for who answers for security: seen, issued, replaced, switched off."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.identity.rules import SECURITY_ROLES
from accounts.models import ApiClient, OldToken, SystemChange
from accounts.systems import keeping
from accounts.systems.rows import Refusal
from incidents.pages.access import person, staff
from incidents.pages.system_forms import DOORS, RotateForm, TermsForm
from incidents.pages.system_words import changes_of, scope_words, standing_of

HISTORY_SHOWN = 50


@require_GET
@staff(*SECURITY_ROLES)
def listed(request: HttpRequest) -> HttpResponse:
    """Every system: what it may do, until when, when it was last heard."""
    at = timezone.now()
    rows = [_row(client, at) for client in ApiClient.objects.select_related("unit").order_by("name")]
    return render(request, "systems/list.html", {"rows": rows})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff(*SECURITY_ROLES)
def new(request: HttpRequest) -> HttpResponse:
    """A system and its token, which is in this one answer and nowhere else."""
    form = TermsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            client, token = keeping.issue(terms=form.terms(), actor=person(request), at=timezone.now())
        except keeping.NotAllowed as error:
            raise PermissionDenied from error
        except keeping.NotTaken as error:
            _say(form, error)
        else:
            return _token_page(request, client, token)
    return render(request, "systems/new.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff(*SECURITY_ROLES)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One system; what is posted here says anew what it may do."""
    client = get_object_or_404(ApiClient.objects.select_related("unit"), pk=pk)
    form = TermsForm(request.POST or None, client=client)
    if request.method == "POST" and form.is_valid():
        try:
            changed = keeping.change(
                client=client, terms=form.terms(), actor=person(request), at=timezone.now()
            )
        except keeping.NotAllowed as error:
            raise PermissionDenied from error
        except keeping.NotTaken as error:
            _say(form, error)
        else:
            if changed:
                messages.success(request, _("Changed. It holds from the next request on."))
            else:
                messages.info(request, _("Nothing was changed."))
            return HttpResponseRedirect(reverse("system", args=[pk]))
    return _page(request, client, form, RotateForm.after(client, timezone.localdate()))


@never_cache
@require_POST
@staff(*SECURITY_ROLES)
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A new token; the one before stays good for a while."""
    client = get_object_or_404(ApiClient.objects.select_related("unit"), pk=pk)
    form = RotateForm(request.POST)
    if form.is_valid():
        try:
            token = keeping.rotate(
                client=client,
                overlap=timedelta(hours=form.cleaned_data["hours"]),
                expires_at=form.expires_at(),
                actor=person(request),
                at=timezone.now(),
            )
        except keeping.NotAllowed as error:
            raise PermissionDenied from error
        except keeping.NotTaken as error:
            form.add_error("expires_on" if error.field == "expires_at" else error.field, str(error))
        else:
            return _token_page(request, client, token)
    return _page(request, client, TermsForm(client=client), form)


@require_POST
@staff(*SECURITY_ROLES)
def end_old(request: HttpRequest, pk: int) -> HttpResponse:
    """End replaced tokens before their time."""
    client = get_object_or_404(ApiClient, pk=pk)
    try:
        ended = keeping.end_old(client=client, actor=person(request), at=timezone.now())
    except keeping.NotAllowed as error:
        raise PermissionDenied from error
    if ended:
        text = ngettext("%(count)d old token ended.", "%(count)d old tokens ended.", ended)
        messages.success(request, text % {"count": ended})
    else:
        messages.info(request, _("No old token was good any more."))
    return HttpResponseRedirect(reverse("system", args=[pk]))


@require_POST
@staff(*SECURITY_ROLES)
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Off at once, or on again."""
    client = get_object_or_404(ApiClient, pk=pk)
    on = request.POST.get("on") == "yes"
    try:
        keeping.switch(client=client, on=on, actor=person(request), at=timezone.now())
    except keeping.NotAllowed as error:
        raise PermissionDenied from error
    told = {"name": client.name}
    if on:
        messages.success(request, _("%(name)s is switched on again.") % told)
    else:
        messages.success(request, _("%(name)s is switched off: none of its tokens is taken.") % told)
    return HttpResponseRedirect(reverse("system", args=[pk]))


def _row(client: ApiClient, at: Any) -> dict[str, Any]:
    return {
        "client": client,
        "source": dict(DOORS).get(client.source, client.source),
        "scopes": scope_words(client.scopes),
        "standing": standing_of(client, at),
    }


def _say(form: TermsForm, error: keeping.NotTaken) -> None:
    form.add_error("expires_on" if error.field == "expires_at" else error.field, str(error))


def _token_page(request: HttpRequest, client: ApiClient, token: str) -> HttpResponse:
    old = OldToken.objects.filter(client=client, good_until__gt=timezone.now()).first()
    return render(request, "systems/token.html", {"client": client, "token": token, "old": old})


def _page(request: HttpRequest, client: ApiClient, form: TermsForm, rotating: RotateForm) -> HttpResponse:
    at = timezone.now()
    changes = SystemChange.objects.filter(client=client).select_related("actor")[:HISTORY_SHOWN]
    context = {
        "client": client,
        "form": form,
        "rotating": rotating,
        "row": _row(client, at),
        "old": OldToken.objects.filter(client=client, good_until__gt=at),
        "changes": changes_of(changes),
        "refused_words": dict(Refusal.choices).get(client.refused_why, ""),
    }
    wrong = bool(form.errors or rotating.errors)
    return render(request, "systems/one.html", context, status=400 if wrong else 200)
