"""我的上报: all reports of one telephone number, after a code that was texted to it.

The number goes into one form and no further: not into an address, the session, or a log. What opens the
reports is a ticket in a signed cookie of this browser, read by no script and sent to these pages alone: a
session that somebody knew before, or a copy of the database, opens nothing. Each page works without a script.
"""

from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import clock
from incidents.errors import ActionRefused, InvalidInput
from incidents.pages import own_words
from incidents.pages.throttle import Throttle, address_of
from incidents.public import Answer, CodeWanted, OwnReports, UnknownCode, answer, status, submit

# Households share one address of their provider; a script asks for more.
CODES = Throttle(limit=12, seconds=600)
TRIES = Throttle(limit=40, seconds=600)
_TICKET: Final = "own_ticket"
_SALT: Final = "incidents.own"
# A code holds for ten minutes, and opens for thirty.
_TICKET_SECONDS: Final = 40 * 60
_SHOWN: Final = "phone_code_shown"


class PhoneForm(forms.Form):
    """The number that was left with a report."""

    phone = forms.CharField(
        max_length=24, error_messages={"required": gettext_lazy("Write down the number that you left.")}
    )


class CodeForm(forms.Form):
    """The six digits of the message."""

    code = forms.CharField(
        max_length=16, error_messages={"required": gettext_lazy("Write down the six digits of the message.")}
    )


@never_cache
@sensitive_post_parameters("phone")
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """/mine/: which number? The answer is the same whether anybody reported under it or not."""
    if settings.ZONE == "outer":  # where nobody's number is known
        return render(request, "resident/own_elsewhere.html")
    if request.method != "POST":
        if _is_open(request):
            return redirect("own-reports")
        return _page(request, "ask", form=PhoneForm())
    form = PhoneForm(request.POST)
    address = address_of(request)
    if CODES.is_full(address):
        form.is_valid()
        form.add_error(None, _("A lot has been asked for from your connection. Wait a few minutes."))
        return _page(request, "ask", form=form, code=429)
    if form.is_valid():
        CODES.count(address)
        try:
            wanted = CodeWanted(form.cleaned_data["phone"], get_language() or settings.LANGUAGE_CODE)
            given = submit(wanted, at=clock.now())
        except (InvalidInput, ActionRefused) as error:
            form.add_error("phone", str(error))
            return _page(request, "ask", form=form, code=429 if isinstance(error, ActionRefused) else 400)
        # A demonstration without a gateway texts nobody: there the page says what would have come.
        is_demo = not settings.PRODUCTION and not settings.SMS_GATEWAY_URL
        request.session[_SHOWN] = given["code"] if is_demo else ""
        return _with_ticket(redirect("own-code"), given["ticket"])
    return _page(request, "ask", form=form, code=400)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    """/mine/code/: the six digits that were texted, if they were."""
    ticket = _ticket_of(request)
    if not ticket:
        return redirect("own-ask")
    if _is_open(request):
        return redirect("own-reports")  # the second of two presses
    if request.method != "POST":
        return _page(request, "code", form=CodeForm())
    form = CodeForm(request.POST)
    address = address_of(request)
    if TRIES.is_full(address):
        form.is_valid()
        form.add_error(
            None,
            pgettext("code by text", "Too many codes that do not exist. Wait a few minutes, then try again."),
        )
        return _page(request, "code", form=form, code=429)
    if form.is_valid():
        TRIES.count(address)
        try:
            answer(ticket, kind=Answer.PROVE, text=form.cleaned_data["code"], at=clock.now())
        except InvalidInput as error:
            form.add_error("code", str(error))
        except UnknownCode:
            messages.warning(request, _("This code is over. Ask for a new one."))
            return _forget(request, redirect("own-ask"))
        else:
            request.session.pop(_SHOWN, None)
            return redirect("own-reports")
    return _page(request, "code", form=form, code=400)


@never_cache
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """/mine/reports/: every report of the number, newest first, with whose turn it is."""
    try:
        found = status(OwnReports(_ticket_of(request)), at=clock.now())
    except UnknownCode:
        if _ticket_of(request):
            messages.info(request, _("Half an hour is over. Show once more that it is your number."))
        return _forget(request, redirect("own-ask"))
    lines = [own_words.own(case) for case in found]
    return _page(request, "reports", lines=lines)


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """No text messages about any of them."""
    try:
        answer(_ticket_of(request), kind=Answer.STOP_ALL_TEXTS, at=clock.now())
    except UnknownCode:
        return redirect("own-ask")
    messages.success(request, _("You get no more text messages about these reports."))
    return redirect("own-reports")


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """The next one at this telephone finds no list, no draft and no receipt; the browser's own history is not
    ours to empty, and is named."""
    answer(_ticket_of(request), kind=Answer.LEAVE, at=clock.now())
    if not request.user.is_authenticated:
        request.session.flush()
    messages.success(
        request,
        _("This list is closed. Pages that you opened are still in the browser's history: clear it too."),
    )
    return _forget(request, redirect("resident-look-up"))


def _is_open(request: HttpRequest) -> bool:
    try:
        status(OwnReports(_ticket_of(request), most=0), at=clock.now())
    except UnknownCode:
        return False
    return True


def _ticket_of(request: HttpRequest) -> str:
    """What this browser holds; empty where it holds nothing of ours."""
    return request.get_signed_cookie(_TICKET, "", salt=_SALT, max_age=_TICKET_SECONDS) or ""


def _with_ticket(response: HttpResponse, ticket: str) -> HttpResponse:
    response.set_signed_cookie(
        _TICKET,
        ticket,
        salt=_SALT,
        max_age=_TICKET_SECONDS,
        path=reverse("own-ask"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _forget(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    request.session.pop(_SHOWN, None)
    response.delete_cookie(_TICKET, path=reverse("own-ask"), samesite="Lax")
    return response


def _page(request: HttpRequest, name: str, *, code: int = 200, **context: Any) -> HttpResponse:
    shown = request.session.get(_SHOWN, "") if name == "code" else ""
    response = render(request, f"resident/own_{name}.html", {**context, "shown": shown}, status=code)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
