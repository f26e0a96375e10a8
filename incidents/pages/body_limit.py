"""How much may be sent, asked before a byte of it is taken in.

Django bounds a form's fields and, one by one, the pictures that it has taken in; what a multipart body writes
to the disk before that is bounded by nothing, and the token against forgery is looked for in the body before
anybody is asked who they are. Without a length nothing is read at all.
"""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render, resolve_url

from incidents.public.filing import PHOTOS_MAX
from incidents.sources.petitions import SCAN_BYTES_MOST, SCANS_MOST

# A megabyte for all that is no file.
ENVELOPE_BYTES: Final = 1024**2
# The largest form that staff have: the scans of a letter.
STAFF_BYTES: Final = SCANS_MOST * SCAN_BYTES_MOST + ENVELOPE_BYTES
_PICTURES: Final = {"/report/": PHOTOS_MAX, "/r/": PHOTOS_MAX}
_OPEN: Final = ("/q/", "/mine/", "/public/", "/type-size/", "/i18n/", "/sign-in/")
# They look for a token of their own before they read, and bound what they read themselves.
_INTERFACES: Final = ("/api/", "/open311/", "/outer/")


def limited(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware: 413 where more is sent than any form there can hold; and files for a page of staff only
    from who is signed in: others are sent to sign in, unread."""

    def answer(request: HttpRequest) -> HttpResponse:
        length = _length(request)
        if length <= ENVELOPE_BYTES or request.path_info.startswith(_INTERFACES):
            return get_response(request)
        if length > _most(request.path_info):
            return render(request, "413.html", status=413)
        if not _is_residents(request.path_info) and not request.session.get(SESSION_KEY):
            return _to_sign_in(request)
        return get_response(request)

    return answer


def _most(path: str) -> int:
    """Bytes that may be sent there."""
    for prefix, pictures in _PICTURES.items():
        if path.startswith(prefix):
            return pictures * int(settings.ATTACHMENT_MAX_BYTES) + ENVELOPE_BYTES
    return ENVELOPE_BYTES if path.startswith(_OPEN) else STAFF_BYTES


def _is_residents(path: str) -> bool:
    return path.startswith(tuple(_PICTURES))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """As the page itself would have answered, or its script is answered (incidents.pages.submissions)."""
    if "X-Submission" in request.headers:
        return JsonResponse({"code": "sign_in", "url": resolve_url(settings.LOGIN_URL)}, status=401)
    return redirect_to_login(request.get_full_path())


def _length(request: HttpRequest) -> int:
    told = str(request.META.get("CONTENT_LENGTH") or "")
    return int(told) if told.isascii() and told.isdecimal() else 0
