"""Which browsers have opened a report before: these may go on when an address has tried too many codes.

A carrier's customers share an address, and one who guesses would shut all of them out. The mark lies in a
signed cookie that is sent to the report's own pages alone, so no browser carries a list of its reports about.
"""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

_COOKIE: Final = "followed"
_SECONDS: Final = 400 * 24 * 3600  # what browsers keep at most


def mark(response: HttpResponse, code: str) -> None:
    """Whoever gets this answer has seen the report with this code."""
    response.set_signed_cookie(
        _COOKIE,
        "1",
        salt=_salt(code),
        max_age=_SECONDS,
        path=reverse("resident-status", args=[code]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_marked(request: HttpRequest, code: str) -> bool:
    """Has this browser seen it?"""
    return request.get_signed_cookie(_COOKIE, "", salt=_salt(code), max_age=_SECONDS) == "1"


def _salt(code: str) -> str:
    return f"incidents.followed.{code}"
