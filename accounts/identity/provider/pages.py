"""In through the provider and back, and out of it again. Whatever goes wrong there is a page, never a 500."""

import logging
import time
from dataclasses import asdict
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_safe

from accounts.identity import factors
from accounts.identity.pages import signing_in
from accounts.identity.provider import asking, knowing
from accounts.identity.rows import BY_PROVIDER, Factor
from accounts.identity.sessions import MARK
from accounts.identity.where import where_of
from accounts.models import User
from accounts.sealing import seal, unseal

logger = logging.getLogger(__name__)

# Who is on their way to the provider: several pages of one browser at once, for so long.
AWAY, AWAY_SECONDS, AWAY_MOST = "away_at_provider", 600, 5
# The provider's token, sealed: it is shown to it once more, to sign out there too.
TOKEN = "provider_token"


@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Off to the provider."""
    _there_is_one()
    if request.user.is_authenticated:
        return HttpResponseRedirect(_next(request))
    asked = asking.Asked.fresh()
    language = "en" if (get_language() or "").startswith("en") else "zh-CN"
    try:
        address = asking.address_to_ask(asked, back=_back(request), language=language)
    except asking.Unreachable as error:
        return _unreachable(request, error)
    session: Any = request.session
    away = {state: one for state, one in _away(request).items() if not _is_over(one)}
    while len(away) >= AWAY_MOST:
        del away[min(away, key=lambda state: away[state]["since"])]
    told = {**asdict(asked), "next": _next(request), "since": int(time.time())}
    session[AWAY] = {**away, asked.state: told}
    return HttpResponseRedirect(address)


@never_cache
@require_GET
@sensitive_variables("asserted")
def back(request: HttpRequest) -> HttpResponse:
    """Back from the provider, with a code or a refusal."""
    _there_is_one()
    if request.user.is_authenticated:
        return HttpResponseRedirect(resolve_url(settings.LOGIN_REDIRECT_URL))
    away = _away(request)
    told = away.pop(request.GET.get("state", ""), None)
    if told is None or _is_over(told):
        # Somebody else's link, the button of the browser that goes back, or a long talk on the telephone.
        return _refused(request, "too_late", _("That took too long, or began in another window. Try again."))
    # Whatever comes of it, it comes once.
    session: Any = request.session
    session[AWAY] = away
    if "error" in request.GET or "code" not in request.GET:
        logger.warning("the provider let nobody in: %s", _plain(request.GET.get("error", "no code")))
        return _refused(request, "refused_there", _("The provider did not let you in, or you turned back."))
    asked = asking.Asked(told["state"], told["nonce"], told["verifier"])
    try:
        asserted = asking.redeem(request.GET["code"][:4096], asked, back=_back(request))
    except asking.Unreachable as error:
        return _unreachable(request, error)
    except asking.Unbelievable as error:
        logger.error("an answer of the provider is not believed: %s", _plain(str(error)))
        words = _("The answer of the provider could not be checked. Try again; then tell an administrator.")
        return _refused(request, "not_believed", words)
    return _let_in(request, asserted, str(told["next"]))


def _let_in(request: HttpRequest, asserted: asking.Asserted, going: str) -> HttpResponse:
    at, where = timezone.now(), where_of(request)
    try:
        try:
            user = knowing.whose(asserted, at=at, where=where)
        except IntegrityError:  # two windows at once, and the other one was quicker
            user = knowing.whose(asserted, at=at, where=where)
    except knowing.NotLetIn as refusal:
        knowing.tell_refused(refusal, at=at, where=where)
        logger.warning("somebody came through the provider and was not let in: %s", refusal.code)
        return _refused(request, refusal.code, str(refusal), name=asserted.login_name)
    session: Any = request.session
    session[TOKEN] = seal(asserted.id_token).decode()
    if asserted.has_second_factor:
        signing_in.let_in(request, user, factor=Factor.SSO_MFA)
    elif factors.has_one(user):
        return signing_in.ask_code(request, user, going, by_provider=True)
    else:
        signing_in.let_in(request, user, factor=Factor.SSO)
    return HttpResponseRedirect(going)


class SignOut(LogoutView):
    """Out here; whoever came through the provider then leaves it too."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        leave = _leaving(request)
        answer = super().post(request, *args, **kwargs)
        if not leave:
            return answer
        # A page and no redirect: what a form leads to may lie on this site alone (CSP form-action).
        return render(request, "registration/signed_out.html", {"leave": leave})


@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """Where the provider sends people who have left it."""
    return HttpResponseRedirect(resolve_url(settings.LOGOUT_REDIRECT_URL or settings.LOGIN_URL))


def _leaving(request: HttpRequest) -> str:
    mark = request.session.get(MARK) or {}
    if not isinstance(request.user, User) or mark.get("factor") not in BY_PROVIDER:
        return ""
    if not asking.is_configured():
        return ""
    try:
        token = unseal(str(request.session.get(TOKEN, "")).encode())
    except InvalidToken:
        token = ""
    return asking.address_to_leave(token, back=request.build_absolute_uri(reverse("signed-out")))


def _there_is_one() -> None:
    if not asking.is_configured():
        raise Http404


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("sign-in-provider-back"))


def _away(request: HttpRequest) -> dict[str, Any]:
    return dict(request.session.get(AWAY) or {})


def _is_over(told: dict[str, Any]) -> bool:
    return int(time.time()) - int(told["since"]) > AWAY_SECONDS


def _next(request: HttpRequest) -> str:
    """Where they were going, on this site."""
    told = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        told, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return told if told and is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def _plain(told: str) -> str:
    """Words of the provider for the log: one line, and not for ever."""
    return "".join(letter if letter.isprintable() else " " for letter in told)[:300]


def _unreachable(request: HttpRequest, error: asking.Unreachable) -> HttpResponse:
    logger.error("the provider cannot be asked: %s", _plain(str(error)))
    words = _("The provider cannot be reached at the moment. Try again in a few minutes.")
    answer = _refused(request, "unreachable", words, status=503)
    answer["Retry-After"] = "60"
    return answer


def _refused(
    request: HttpRequest, code: str, words: str, *, name: str = "", status: int = 403
) -> HttpResponse:
    context = {"words": words, "name": name, "code": code}
    return render(request, "registration/provider_refused.html", context, status=status)
