"""My sign-in: password, second factor, where I am signed in, and what happened."""

import base64
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import person, staff
from accounts.identity import factors, history, passwords, sessions
from accounts.identity.factors import Refused, Verdict
from accounts.identity.forms import PasswordForm, ProofForm, SetUpForm
from accounts.identity.pages import proving
from accounts.identity.pages.lines import lines_of, sign_ins_of
from accounts.identity.provider import asking
from accounts.identity.provider.rows import ProviderLink
from accounts.identity.rows import BY_PROVIDER, SINGLE, Ending, Factor, SecondFactor
from accounts.identity.rules import rule_of
from accounts.identity.where import where_of

HISTORY_SHOWN = 30
ISSUER = "Yiwang"
# In the session: the key that was offered and is not in use yet, sealed.
_OFFERED = "second_factor_offered"


@require_GET
@staff()
def overview(request: HttpRequest) -> HttpResponse:
    """All of it on one page."""
    user, at = person(request), timezone.now()
    rule = rule_of(user)
    context = {
        "factor": SecondFactor.objects.filter(user=user).first(),
        "codes_left": factors.codes_left(user),
        "rule": rule,
        "sign_ins": sign_ins_of(user, at=at, own_key=request.session.session_key),
        "lines": lines_of(history.of_person(user)[:HISTORY_SHOWN]),
        "has_password": user.has_usable_password(),
        "has_provider": asking.is_configured(),
        "link": ProviderLink.objects.filter(user=user, issuer=asking.issuer(), subject__isnull=False)
        .select_related("linked_by")
        .first(),
    }
    return render(request, "accounts/my_sign_in.html", context)


@require_POST
@staff()
def end_sign_ins(request: HttpRequest) -> HttpResponse:
    """End one of the others, or all of them."""
    user, at, where = person(request), timezone.now(), where_of(request)
    chosen = request.POST.get("sign_in", "")
    if chosen == "others":
        ended = sessions.end_others(user=user, but=request.session.session_key, at=at, where=where)
        text = ngettext("%(count)d other sign-in ended.", "%(count)d other sign-ins ended.", ended)
        messages.success(request, text % {"count": ended} if ended else _("You are signed in nowhere else."))
    elif chosen.isascii() and chosen.isdecimal() and len(chosen) < 19:
        if sessions.end_one(user=user, pk=int(chosen), at=at, where=where):
            messages.success(request, _("Signed out there."))
        else:
            messages.info(request, _("That sign-in had ended already."))
    else:
        messages.error(request, _("Choose which sign-in to end."))
    return HttpResponseRedirect(reverse("my-sign-in"))


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def password(request: HttpRequest) -> HttpResponse:
    """A new password; the rules stand above the fields. It ends all other sign-ins."""
    user, at = person(request), timezone.now()
    if not user.has_usable_password():
        messages.info(request, _("Your password is kept by the provider that you sign in through."))
        return HttpResponseRedirect(reverse("my-sign-in"))
    form = PasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        if passwords.is_own(request, user, form.cleaned_data["old"]):
            key = request.session.session_key
            where = where_of(request)
            passwords.change(user=user, new=form.cleaned_data["new"], at=at, where=where)
            sessions.end_others(user=user, but=key, at=at, where=where, ending=Ending.PASSWORD)
            update_session_auth_hash(request, user)
            sessions.rename(key, request.session.session_key)
            messages.success(request, _("Your password is changed, and you are signed out everywhere else."))
            return HttpResponseRedirect(_back(request))
        form.add_error("old", _("This is not your present password."))
    context = {
        "form": form,
        "is_due": passwords.is_due(user, at),
        "rules": passwords.rules(),
        "next": request.GET.get("next", ""),
    }
    return render(request, "accounts/password.html", context, status=400 if form.errors else 200)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def set_up(request: HttpRequest) -> HttpResponse:
    """A key for the telephone, as a picture and in letters; taken into use with its first code."""
    user = person(request)
    if factors.has_one(user):
        if request.session[sessions.MARK]["factor"] in SINGLE:  # signed in before there was one
            logout(request)
            return HttpResponseRedirect(resolve_url(settings.LOGIN_URL))
        return HttpResponseRedirect(reverse("my-sign-in"))
    if not proving.can_prove(request):
        return proving.through_the_provider_again(request)
    # A page that is loaded anew shows the same key, for as long as it holds: a telephone may have it already.
    given = request.POST if request.method == "POST" else {"offered": request.session.get(_OFFERED, "")}
    offered = given.get("offered", "")
    form = SetUpForm(request.POST or None)
    proving.ask_what_there_is(form, user)
    if request.method == "POST" and form.is_valid():
        try:
            if proving.is_proved(request, form):
                at, where = timezone.now(), where_of(request)
                code = form.cleaned_data["code"]
                codes = factors.set_up(user=user, offered=offered, code=code, at=at, where=where)
                request.session.pop(_OFFERED, None)
                _mark(request, has_code=True)
                key = request.session.session_key
                sessions.end_others(user=user, but=key, at=at, where=where, ending=Ending.FACTOR)
                return _codes_page(request, codes, is_new=True)
        except Refused as refusal:
            form.add_error("code", str(refusal))
    try:
        key = factors.offered_key(user, offered)
    except Refused:
        offered = request.session[_OFFERED] = factors.offer(user)
        key = factors.offered_key(user, offered)
    context = {
        "form": form,
        "offered": offered,
        "key": factors.in_groups(key),
        "picture": _picture(factors.address_of_key(user, key, issuer=ISSUER)),
        # Nothing else opens: whoever does not want to can only leave.
        "is_held": settings.STRICT_SIGN_IN and rule_of(user).second_factor,
    }
    return render(request, "accounts/second_factor.html", context, status=400 if form.errors else 200)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def renew_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, against both factors."""
    user = person(request)
    if not proving.can_prove(request):
        return proving.through_the_provider_again(request)
    form = ProofForm(request.POST or None)
    proving.ask_what_there_is(form, user)
    if (
        request.method == "POST"
        and factors.has_one(user)
        and form.is_valid()
        and proving.is_proved(request, form)
    ):
        verdict, codes = factors.renew_codes(
            user=user, code=form.cleaned_data["code"], at=timezone.now(), where=where_of(request)
        )
        if codes:
            return _codes_page(request, codes, is_new=False)
        proving.say_wrong(form, verdict)
    return _proof_page(request, form, "codes")


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def remove(request: HttpRequest) -> HttpResponse:
    """Take one's own second factor away, against both; it ends all other sign-ins."""
    user = person(request)
    if not proving.can_prove(request):
        return proving.through_the_provider_again(request)
    form = ProofForm(request.POST or None)
    proving.ask_what_there_is(form, user)
    if (
        request.method == "POST"
        and factors.has_one(user)
        and form.is_valid()
        and proving.is_proved(request, form)
    ):
        at, where = timezone.now(), where_of(request)
        verdict = factors.remove(user=user, code=form.cleaned_data["code"], at=at, where=where)
        if verdict in (Verdict.CODE, Verdict.RECOVERY):
            _mark(request, has_code=False)
            # Their mark says that a code was shown: whoever has the telephone may be in one of them.
            key = request.session.session_key
            sessions.end_others(user=user, but=key, at=at, where=where, ending=Ending.FACTOR_GONE)
            messages.success(request, _("Your second factor is removed."))
            return HttpResponseRedirect(reverse("my-sign-in"))
        proving.say_wrong(form, verdict)
    return _proof_page(request, form, "remove")


def _proof_page(request: HttpRequest, form: ProofForm, what: str) -> HttpResponse:
    if not factors.has_one(person(request)):
        return HttpResponseRedirect(reverse("my-sign-in"))
    is_needed = settings.STRICT_SIGN_IN and rule_of(person(request)).second_factor
    context = {"form": form, "what": what, "is_needed": is_needed}
    return render(request, "accounts/second_factor_proof.html", context, status=400 if form.errors else 200)


def _codes_page(request: HttpRequest, codes: list[str], *, is_new: bool) -> HttpResponse:
    """The recovery codes, this once: they stand in this answer and nowhere else."""
    text = "\r\n".join([_("Yiwang: recovery codes of %(name)s") % {"name": person(request)}, "", *codes, ""])
    file = base64.b64encode(text.encode("utf-8-sig")).decode()
    context = {"codes": codes, "is_new": is_new, "file": f"data:text/plain;charset=utf-8;base64,{file}"}
    return render(request, "accounts/recovery_codes.html", context | {"next": _back(request)})


def _mark(request: HttpRequest, *, has_code: bool) -> None:
    """What this sign-in has shown from now on, beside its password or the provider's word."""
    session: Any = request.session
    before = session[sessions.MARK]["factor"]
    if before == Factor.SSO_MFA and not has_code:
        return  # two factors were shown all the same
    single, double = Factor.PASSWORD, Factor.CODE
    if before in BY_PROVIDER:
        single, double = Factor.SSO, Factor.SSO_CODE
    factor = double if has_code else single
    session[sessions.MARK] = {**session[sessions.MARK], "factor": factor.value}


def _back(request: HttpRequest) -> str:
    """Where they were going when they were sent here."""
    told = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        told, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return told if told and is_ours else reverse("my-sign-in")


def _picture(words: str) -> str:
    """A picture of squares, drawn here: nobody else is asked."""
    code = segno.make_qr(words, error="m")
    return str(code.svg_data_uri(scale=6, border=4, dark="#000", light="#fff"))
