"""How much anybody may send without a sign-in, asked before a byte of it is taken in.

Django bounds a form's fields and, one by one, the pictures that it has taken in; what a multipart body writes
to the disk before that is bounded by nothing. Without a length nothing is read at all.
"""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from incidents.public.filing import PHOTOS_MAX

# A megabyte for all that is not a picture.
_ENVELOPE_BYTES: Final = 1024**2
_PICTURES: Final = {"/report/": PHOTOS_MAX, "/r/": PHOTOS_MAX}
_OPEN: Final = ("/q/", "/mine/", "/public/", "/type-size/", "/i18n/")


def limited(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The middleware: 413 where a resident's page is sent more than its form can hold."""

    def answer(request: HttpRequest) -> HttpResponse:
        most = _most(request.path_info)
        if most is not None and _length(request) > most:
            return render(request, "413.html", status=413)
        return get_response(request)

    return answer


def _most(path: str) -> int | None:
    """Bytes that may be sent there; None: others see to it."""
    for prefix, pictures in _PICTURES.items():
        if path.startswith(prefix):
            return pictures * int(settings.ATTACHMENT_MAX_BYTES) + _ENVELOPE_BYTES
    return _ENVELOPE_BYTES if path.startswith(_OPEN) else None


def _length(request: HttpRequest) -> int:
    told = str(request.META.get("CONTENT_LENGTH") or "")
    return int(told) if told.isascii() and told.isdecimal() else 0
