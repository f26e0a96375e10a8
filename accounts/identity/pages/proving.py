"""What somebody has, shown anew before their way of signing in is changed: the password, or the provider."""

import time
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _

from accounts.access import person
from accounts.identity import factors, passwords, sessions
from accounts.identity.factors import Verdict
from accounts.identity.forms import ProofForm, SetUpForm
from accounts.identity.rows import BY_PROVIDER
from accounts.models import User

# Of a sign-in through the provider: it counts as shown anew for so long.
_JUST_SECONDS = 600


def can_prove(request: HttpRequest) -> bool:
    """Can this person show their first factor here? Who has no password here has just come through the
    provider."""
    if person(request).has_usable_password():
        return True
    mark = request.session[sessions.MARK]
    return mark["factor"] in BY_PROVIDER and int(time.time()) - mark.get("since", 0) <= _JUST_SECONDS


def through_the_provider_again(request: HttpRequest) -> HttpResponse:
    back = request.get_full_path()
    logout(request)
    messages.info(request, _("Sign in through the provider once more: this asks for a sign-in just made."))
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}")


def ask_what_there_is(form: SetUpForm | ProofForm, user: User) -> None:
    if not user.has_usable_password():
        del form.fields["password"]


def is_proved(request: HttpRequest, form: SetUpForm | ProofForm) -> bool:
    if not person(request).has_usable_password():
        return can_prove(request)
    if passwords.is_own(request, person(request), form.cleaned_data["password"]):
        return True
    form.add_error("password", _("This is not your password."))
    return False


def say_wrong(form: ProofForm, verdict: Verdict) -> None:
    if verdict is Verdict.UNREADABLE:
        form.add_error("code", factors.unreadable_words())
        return
    form.add_error(
        "code",
        _("Too many wrong codes. Try again in a quarter of an hour, or later.")
        if verdict is Verdict.CLOSED
        else _("This code is wrong, or was used already. Wait for the next one."),
    )
