"""In at the door: the password, then the code where there is a second factor; and what is said of a lock."""

import math
import time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.identity import factors, history, locks
from accounts.identity.factors import Verdict
from accounts.identity.forms import CodeForm, RecoveryForm, SignInForm
from accounts.identity.gate import ENDED
from accounts.identity.provider import asking, linking
from accounts.identity.receivers import SHOWN
from accounts.identity.rows import BY_PROVIDER, Ending, Factor
from accounts.identity.where import where_of
from accounts.models import User

# Who has shown a password and not yet a code: kept in a session that is nobody's yet, for so many seconds.
HALF, HALF_SECONDS = "half_signed_in", 300
# People mistype once or twice; from so many on somebody else may have tried.
WORTH_TELLING = 3


class SignIn(LoginView):
    """The password. With a second factor it signs nobody in: it leads on to the code."""

    form_class = SignInForm
    template_name = "registration/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["ended"] = _ended_words(self.request.session.get(ENDED, ""))
        context["has_provider"] = asking.is_configured()
        context["provider_name"] = settings.OIDC_NAME
        return context

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        assert isinstance(user, User)
        if not factors.has_one(user):
            let_in(self.request, user, factor=Factor.PASSWORD)
            return HttpResponseRedirect(self.get_success_url())
        return ask_code(self.request, user, self.get_success_url())


def ask_code(request: HttpRequest, user: User, going: str, *, by_provider: bool = False) -> HttpResponse:
    """The first step was right; nobody is signed in before the second one is."""
    session: Any = request.session
    session.cycle_key()
    session[HALF] = {
        "user": user.pk,
        "proof": user.get_session_auth_hash(),
        "since": int(time.time()),
        "next": going,
        "by_provider": by_provider,
    }
    return HttpResponseRedirect(reverse("sign-in-code"))


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second factor. Answers 200 with a wrong one, as the page of the password does."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(resolve_url(settings.LOGIN_REDIRECT_URL))
    half = _half(request)
    if half is None:
        messages.warning(request, _("That took too long. Enter your name and password again."))
        return HttpResponseRedirect(resolve_url(settings.LOGIN_URL))
    user, back, by_provider = half
    with_recovery = "recovery" in request.GET
    form = (RecoveryForm if with_recovery else CodeForm)(request.POST or None)
    at, status = timezone.now(), 200
    shut = factors.closed_until(user, at)
    if request.method == "POST" and form.is_valid() and shut is None:
        verdict = factors.check(user=user, code=form.cleaned_data["code"], at=at, where=where_of(request))
        if verdict in (Verdict.CODE, Verdict.RECOVERY):
            factor = factors.as_factor(verdict, by_provider=by_provider)
            return _come_in(request, user, verdict, back, factor=factor)
        shut = factors.closed_until(user, at)
        if verdict is Verdict.UNREADABLE:
            form.add_error("code", factors.unreadable_words())
        elif shut is None:
            form.add_error(
                "code",
                _("This recovery code is wrong, or was used already.")
                if with_recovery
                else _("This code is wrong, or was used already. Wait for the next one."),
            )
    if shut is not None:
        status = 429
    minutes = _minutes(shut - at) if shut else 0
    context = {
        "form": form,
        "with_recovery": with_recovery,
        "shut_words": _shut_words(minutes) if shut else "",
        "name": user.get_username(),
        "by_provider": by_provider,
    }
    response = render(request, "registration/code.html", context, status=status)
    if shut:
        response["Retry-After"] = str(minutes * 60)
    return response


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """What django-axes answers while a name is locked at an address (AXES_LOCKOUT_CALLABLE): how long yet,
    and who can help. The same for names that nobody has."""
    at, name = timezone.now(), str((credentials or {}).get("username") or "")
    until = locks.locked_until(name, at, address=where_of(request).address)
    minutes = _minutes((until - at) if until else settings.AXES_COOLOFF_TIME)
    answer = render(request, "registration/locked.html", {"minutes_words": _wait_words(minutes)}, status=429)
    answer["Retry-After"] = str(minutes * 60)
    return answer


def _come_in(
    request: HttpRequest, user: User, verdict: Verdict, back: str, *, factor: Factor
) -> HttpResponse:
    del request.session[HALF]
    let_in(request, user, factor=factor)
    if verdict is Verdict.RECOVERY:
        left = factors.codes_left(user)
        messages.warning(
            request,
            ngettext(
                "You came in with a recovery code. %(left)d is left: make new ones, or set up a telephone.",
                "You came in with a recovery code. %(left)d are left: make new ones, or set up a telephone.",
                left,
            )
            % {"left": left},
        )
    return HttpResponseRedirect(back)


def let_in(request: HttpRequest, user: User, *, factor: Factor) -> None:
    """Sign in, and say what went wrong since last time."""
    setattr(request, SHOWN, factor)
    failed = history.failures_since_last(user)
    linked = history.linked_by_another(user)
    request.session.pop(ENDED, None)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    if factor in BY_PROVIDER:
        linking.prove(user)
    if failed >= WORTH_TELLING:
        messages.warning(
            request,
            _("Since you last signed in, %(count)d tries to do so failed. Was it not you? See “My sign-in”.")
            % {"count": failed},
        )
    if linked is not None:
        words = _(
            "%(actor)s has linked your sign-in with “%(name)s” at the provider. Is that not you there? Tell "
            "another administrator."
        )
        messages.warning(request, words % {"actor": linked.actor, "name": linked.reason})


def _half(request: HttpRequest) -> tuple[User, str, bool] | None:
    """Who has taken the first step a little while ago in this browser, where they were going, and whether it
    was the provider's word."""
    told: dict[str, Any] = request.session.get(HALF) or {}
    if not told or int(time.time()) - told["since"] > HALF_SECONDS:
        return None
    user = User.objects.filter(pk=told["user"], is_active=True).first()
    # Not where the password was changed in between.
    if user is None or user.get_session_auth_hash() != told["proof"]:
        return None
    return user, told["next"], bool(told.get("by_provider"))


def _minutes(left: Any) -> int:
    return max(1, math.ceil(left.total_seconds() / 60))


def _wait_words(minutes: int) -> str:
    return ngettext("Try again in %(minutes)d minute.", "Try again in %(minutes)d minutes.", minutes) % {
        "minutes": minutes
    }


def _shut_words(minutes: int) -> str:
    return ngettext(
        "Too many wrong codes. None is looked at for %(minutes)d minute; an administrator can unlock you.",
        "Too many wrong codes. None is looked at for %(minutes)d minutes; an administrator can unlock you.",
        minutes,
    ) % {"minutes": minutes}


def _ended_words(ending: str) -> str:
    """Why somebody stands at the door again."""
    words = {
        Ending.ELSEWHERE: _("You ended this sign-in from another device."),
        Ending.ADMINISTRATOR: _("An administrator ended this sign-in."),
        Ending.SURPLUS: _("You signed in on another device, and your role allows only so many at once."),
        Ending.IDLE: _("You were signed out because nothing was done for too long."),
        Ending.PASSWORD: _("You were signed out because your password was changed."),
        Ending.FACTOR: _("You were signed out because a second factor was set up: sign in with it."),
        Ending.FACTOR_GONE: _("You were signed out because your second factor was taken away."),
        Ending.ROLES: _("You were signed out because your roles have changed."),
    }
    return next((text for kind, text in words.items() if kind == ending), "")
