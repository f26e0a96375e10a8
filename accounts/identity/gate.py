"""What is asked of every request of somebody signed in: still there, still awake, with all that is needed.

An ordinary request costs no query: what is needed stands in the session, which is read anyway.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.identity import passwords, sessions
from accounts.identity.rows import BY_PROVIDER, SINGLE, Ending, Factor, StaffSession
from accounts.identity.rules import rule_of
from accounts.models import User
from accounts.viewer import has_asked

# How often it is written down that somebody is there, in seconds; more often where an end hangs on it.
_SEEN_EVERY, _SEEN_EVERY_IF_IDLE_ENDS = 300, 60
# Open to who still has to set something up: that page, the way out, and how pages look.
_OPEN = frozenset(
    {
        "second-factor-set-up",
        "password-change",
        "sign-in",
        "sign-in-code",
        "sign-out",
        "sign-in-provider",
        "sign-in-provider-back",
        "signed-out",
        "set_language",
        "type-size",
        "web-manifest",
        "service-worker",
    }
)

# Where an anonymous session keeps why the one before it was ended.
ENDED = "sign_in_ended"

# What Django makes a session's key of.
_KEY = re.compile(r"[0-9a-z]{8,40}")

Handler = Callable[[HttpRequest], HttpResponse]


def gate(get_response: Handler) -> Handler:
    """The middleware; after those of the session and of who is signed in."""

    def answer(request: HttpRequest) -> HttpResponse:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if key and not _KEY.fullmatch(key):
            # Nobody's session: not even asked for, as the database refuses some of what a cookie can hold.
            request.session = type(request.session)()
            key = ""
        if not key:
            return get_response(request)
        session: Any = request.session
        was_accessed = session.accessed
        is_signed_in = SESSION_KEY in session
        # Looking is not yet reading: what is the same for everybody stays so for caches in between.
        session.accessed = was_accessed
        if is_signed_in and isinstance(request.user, User):
            refused = _ask(request, request.user)
            if refused is not None:
                return refused
        response = get_response(request)
        if is_signed_in:
            _follow_the_roles(request)
        if not is_signed_in and _leads_to_sign_in(response):
            _say_why(request, key)
        return response

    return answer


def _ask(request: HttpRequest, user: User) -> HttpResponse | None:
    """Somebody is signed in: an answer where they may not go on like this."""
    session: Any = request.session
    mark: dict[str, Any] | None = session.get(sessions.MARK)
    if mark is None:  # signed in before there was such a mark
        sessions.begin(request, user, factor=Factor.PASSWORD, at=timezone.now())
        mark = session[sessions.MARK]
    now = int(time.time())
    silent = now - mark["seen"]
    if mark["idle"] and silent > mark["idle"]:
        return _end_idle(request)
    if not _is_poll(request) and silent > (_SEEN_EVERY_IF_IDLE_ENDS if mark["idle"] else _SEEN_EVERY):
        session[sessions.MARK] = {**mark, "seen": now}
        StaffSession.objects.filter(key=session.session_key).update(seen_at=timezone.now())
    return _missing(request, user, mark)


def _missing(request: HttpRequest, user: User, mark: dict[str, Any]) -> HttpResponse | None:
    """A second factor that the person's role asks for, or a password whose time is up."""
    if mark["factor"] in SINGLE and settings.STRICT_SIGN_IN and rule_of(user).second_factor:
        return _send_to(
            request, "second-factor-set-up", _("Your role needs a second factor: set it up first.")
        )
    if mark["factor"] not in BY_PROVIDER and passwords.is_due(user, timezone.now()):
        if user.password_is_first:
            why = _("Your password was handed out to you: choose one of your own first.")
        else:
            why = _("Your password is too old: change it first.")
        return _send_to(request, "password-change", why)
    return None


def _send_to(request: HttpRequest, name: str, why: str) -> HttpResponse | None:
    try:
        if resolve(request.path_info).url_name in _OPEN:
            return None
    except Resolver404:
        return None  # there is nothing to keep anybody from
    if _is_poll(request):
        return HttpResponse(status=204)  # led elsewhere, the page that asks would load itself again and again
    if _is_for_machine(request):
        return _problem(403, "sign_in_incomplete", why)
    back = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
    return HttpResponseRedirect(f"{reverse(name)}?{back}" if back else reverse(name))


def _follow_the_roles(request: HttpRequest) -> None:
    """Who became administrator since they signed in has the sign-in of one from the next request on.

    After the page, which has asked for the roles: no query of our own. Where the sign-in of one would be over
    by now, it is.
    """
    session: Any = request.session
    mark: dict[str, Any] | None = session.get(sessions.MARK)
    if mark is None or not isinstance(request.user, User) or not has_asked(request.user):
        return
    rule = rule_of(request.user)
    idle, hours = rule.idle_minutes * 60, rule.hours
    if mark["idle"] == idle and mark.get("hours") == hours:
        return
    session[sessions.MARK] = {**mark, "idle": idle, "hours": hours}
    if (since := mark.get("since")) is None:
        return
    ends_at = datetime.fromtimestamp(since, UTC) + timedelta(hours=hours)
    if ends_at <= timezone.now():
        _close(request, Ending.ROLES)
        return
    session.set_expiry(ends_at)
    StaffSession.objects.filter(key=session.session_key).update(ends_at=ends_at)


def _close(request: HttpRequest, ending: Ending) -> None:
    sessions.close(request.session.session_key, ending=ending, at=timezone.now())
    request.session.flush()
    request.session[ENDED] = ending.value
    request.user = AnonymousUser()


def _end_idle(request: HttpRequest) -> HttpResponse:
    """Nobody was there for too long: signed out, and told why."""
    _close(request, Ending.IDLE)
    if _is_for_machine(request):
        return _problem(401, "signed_out", _("You were signed out because nothing was done for too long."))
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def _is_poll(request: HttpRequest) -> bool:
    """Does a page ask by itself, with nobody's hand in it?"""
    return request.headers.get("X-Requested-With") == "poll"


def _is_for_machine(request: HttpRequest) -> bool:
    """Does a script wait for the answer, which a page would only confuse? A poll that is led to another page
    loads its own anew."""
    return request.path_info.startswith(("/api/", "/open311/")) or "X-Submission" in request.headers


def _problem(status: int, code: str, words: str) -> HttpResponse:
    body = {
        "type": f"urn:yiwang:problem:{code.replace('_', '-')}",
        "title": words,
        "status": status,
        "errors": [{"field": "", "code": code, "detail": words}],
        "code": "sign_in" if status == 401 else code,
        "url": resolve_url(settings.LOGIN_URL),
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")


def _leads_to_sign_in(response: HttpResponse) -> bool:
    place = response.headers.get("Location", "")
    return response.status_code == 302 and place.startswith(resolve_url(settings.LOGIN_URL))


def _say_why(request: HttpRequest, key: str) -> None:
    """Somebody is sent to sign in; where their sign-in was ended, the page there says why."""
    ending = sessions.why_ended(key)
    if ending and ending != Ending.SIGNED_OUT:
        request.session[ENDED] = ending
