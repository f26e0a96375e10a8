"""In through the provider and back, and out of it again. Whatever goes wrong there is a page, never a 500."""

import logging
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib import messages
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
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.access import person, staff
from accounts.identity import factors
from accounts.identity.factors import Verdict
from accounts.identity.forms import ProofForm
from accounts.identity.pages import proving, signing_in
from accounts.identity.provider import asking, away, knowing, linking
from accounts.identity.provider.away import Away
from accounts.identity.provider.rows import ProviderLink
from accounts.identity.rows import BY_PROVIDER, Factor
from accounts.identity.sessions import MARK
from accounts.identity.where import where_of
from accounts.models import User
from accounts.sealing import seal, unseal
from accounts.throttle import Throttle, address_of

logger = logging.getLogger(__name__)

# The provider's token, sealed: it is shown to it once more, to sign out there too.
TOKEN = "provider_token"
# Of one address, where a whole office may sit behind one: each way there and each way back.
PRESSES = Throttle(limit=300, seconds=300)
RETURNS = Throttle(limit=300, seconds=300)


@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Off to the provider."""
    _there_is_one()
    if request.user.is_authenticated:
        return HttpResponseRedirect(_next(request))
    if refusal := _too_often(request, PRESSES):
        return refusal
    one = Away.now(_next(request))
    try:
        address = _address_there(request, one)
    except asking.Unreachable as error:
        return _unreachable(request, error)
    answer = HttpResponseRedirect(address)
    away.keep(answer, {**away.of(request), one.asked.state: one})
    return answer


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link_own(request: HttpRequest) -> HttpResponseBase:
    """Link one's own sign-in with the one at the provider: by what one has here, then one round there."""
    _there_is_one()  # before anybody is asked to sign in for it
    return _link_own(request)


@staff()
def _link_own(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if ProviderLink.objects.filter(user=user, issuer=asking.issuer(), subject__isnull=False).exists():
        messages.info(request, linking.linked_words())
        return HttpResponseRedirect(reverse("my-sign-in"))
    if not proving.can_prove(request):
        return proving.through_the_provider_again(request)
    form = ProofForm(request.POST or None)
    proving.ask_what_there_is(form, user)
    if not factors.has_one(user):
        del form.fields["code"]
    if request.method == "POST" and form.is_valid() and _is_proved_whole(request, form):
        return _lead_there(request, user)
    status = 400 if form.errors else 200
    return render(request, "accounts/provider_link.html", {"form": form}, status=status)


def _is_proved_whole(request: HttpRequest, form: ProofForm) -> bool:
    if not proving.is_proved(request, form):
        return False
    if "code" not in form.fields:
        return True
    code, at = form.cleaned_data["code"], timezone.now()
    verdict = factors.check(user=person(request), code=code, at=at, where=where_of(request))
    if verdict in (Verdict.CODE, Verdict.RECOVERY):
        return True
    proving.say_wrong(form, verdict)
    return False


def _lead_there(request: HttpRequest, user: User) -> HttpResponse:
    if refusal := _too_often(request, PRESSES):
        return refusal
    one = Away.now(reverse("my-sign-in"), user.pk)
    try:
        address = _address_there(request, one)
    except asking.Unreachable as error:
        return _unreachable(request, error)
    # A page and no redirect: what a form leads to may lie on this site alone (CSP form-action).
    answer = render(request, "accounts/provider_leaving.html", {"address": address})
    away.keep(answer, {**away.of(request), one.asked.state: one})
    return answer


@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """Back from the provider, with a code or a refusal."""
    _there_is_one()
    them = away.of(request)
    # Whatever comes of it, it comes once.
    told = them.pop(request.GET.get("state", ""), None)
    answer = _come_back(request, told)
    if told is not None:
        away.keep(answer, them)
    return answer


@sensitive_variables("asserted")
def _come_back(request: HttpRequest, told: Away | None) -> HttpResponse:
    if request.user.is_authenticated and not (told and told.user):
        return HttpResponseRedirect(resolve_url(settings.LOGIN_REDIRECT_URL))
    if told is None or (told.user and told.user != request.user.pk):
        # Somebody else's link, the button of the browser that goes back, or a long talk on the telephone.
        return _refused(request, "too_late", _("That took too long, or began in another window. Try again."))
    if "error" in request.GET or "code" not in request.GET:
        logger.warning("the provider let nobody in: %s", _plain(request.GET.get("error", "no code")))
        return _refused(request, "refused_there", _("The provider did not let you in, or you turned back."))
    if refusal := _too_often(request, RETURNS):
        return refusal
    try:
        asserted = asking.redeem(request.GET["code"][:4096], told.asked, back=_back(request))
    except asking.Unreachable as error:
        return _unreachable(request, error)
    except asking.Unbelievable as error:
        logger.error("an answer of the provider is not believed: %s", _plain(str(error)))
        words = _(
            "The answer of the provider could not be checked. Try again; then tell whoever keeps this system."
        )
        return _refused(request, "not_believed", words)
    if told.user:
        return _linked(request, asserted)
    return _let_in(request, asserted, told.next)


def _linked(request: HttpRequest, asserted: asking.Asserted) -> HttpResponse:
    try:
        linking.link_own(user=person(request), asserted=asserted, at=timezone.now(), where=where_of(request))
    except linking.Refused as refusal:
        messages.error(request, str(refusal))
    except IntegrityError:  # two windows at once, and the other one was quicker
        messages.error(request, _("This was said at the same moment from elsewhere. Look again."))
    else:
        messages.success(request, _("Linked: from now on you can come in through the provider too."))
    return HttpResponseRedirect(reverse("my-sign-in"))


def _let_in(request: HttpRequest, asserted: asking.Asserted, going: str) -> HttpResponse:
    at, where = timezone.now(), where_of(request)
    try:
        try:
            found = knowing.whose(asserted, at=at, where=where)
        except IntegrityError:  # two windows at once, and the other one was quicker
            found = knowing.whose(asserted, at=at, where=where)
    except IntegrityError as error:
        logger.error("a sign-in through the provider met another twice: %s", _plain(str(error)))
        return _refused(request, "at_once", _("You came in from two windows at once. Try again."), status=503)
    except knowing.NotLetIn as refusal:
        knowing.tell_refused(refusal, at=at, where=where)
        logger.warning("somebody came through the provider and was not let in: %s", refusal.code)
        return _refused(request, refusal.code, str(refusal), name=asserted.login_name)
    session: Any = request.session
    session[TOKEN] = seal(asserted.id_token).decode()
    if not found.told_groups and found.user.memberships.filter(by_provider=True).exists():
        words = _(
            "The provider did not say which groups you are in: the roles that you have by groups stay for "
            "now, and not for long. Tell whoever keeps this system."
        )
        messages.warning(request, words)
    if factors.has_one(found.user) and not (found.is_proved and asserted.has_second_factor):
        # The first time ours is asked for whatever the provider saw: it is what tells that these are one.
        return signing_in.ask_code(request, found.user, going, by_provider=True)
    factor = Factor.SSO_MFA if asserted.has_second_factor else Factor.SSO
    signing_in.let_in(request, found.user, factor=factor)
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


def _address_there(request: HttpRequest, one: Away) -> str:
    language = "en" if (get_language() or "").startswith("en") else "zh-CN"
    return asking.address_to_ask(one.asked, back=_back(request), language=language)


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("sign-in-provider-back"))


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


def _too_often(request: HttpRequest, throttle: Throttle) -> HttpResponse | None:
    address = address_of(request)
    if throttle.is_full(address):
        words = _("Too many sign-ins from your network at once. Try again in a few minutes.")
        answer = _refused(request, "too_often", words, status=429)
        answer["Retry-After"] = str(int(throttle.seconds))
        return answer
    throttle.count(address)
    return None


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
