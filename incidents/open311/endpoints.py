"""What every address of Open311 does alike: the format, the jurisdiction, the limit, and errors as arrays."""

import functools
import logging
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from accounts.models import ApiClient, Scope
from accounts.systems.admitting import Refused as TokenRefused
from accounts.systems.admitting import admit
from grids.locate import geography
from incidents.api.throttles import PerMinute
from incidents.open311.documents import TYPES, Document
from incidents.open311.errors import Refused, read, refused_document
from incidents.pages.throttle import address_of, whole_address

logger = logging.getLogger(__name__)
P = ParamSpec("P")
Answer = tuple[int, Document, dict[str, str]]
View = Callable[Concatenate[HttpRequest, ApiClient | None, P], Answer]


class _Addresses(PerMinute):
    """Requests of one address, with a key or without."""

    _counts: dict[tuple[str, int], int] = {}

    def limit(self) -> int:
        return int(settings.OPEN311_REQUESTS_PER_MINUTE)


class _Keys(PerMinute):
    """Requests with one key, from all addresses: as many as of any token."""

    _counts: dict[tuple[str, int], int] = {}


ADDRESSES, KEYS = _Addresses(), _Keys()


def endpoint(**views: View[...]) -> Callable[..., HttpResponse]:
    """The address that answers these methods (get=…, post=…); whatever goes wrong is an array of errors."""
    allowed = ", ".join([*(name.upper() for name in views), "HEAD", "OPTIONS"])

    @csrf_exempt
    @functools.wraps(next(iter(views.values())))
    def answered(request: HttpRequest, *args: Any, format: str | None = None, **kwargs: Any) -> HttpResponse:
        method = "get" if request.method == "HEAD" else (request.method or "").lower()
        kind, asked = _format(request, format)
        if method == "options":
            return _open(HttpResponse(status=204, headers={"Allow": allowed}), allowed)
        headers: dict[str, str] = {}
        try:
            if method not in views:
                headers["Allow"] = allowed
                raise Refused(405, _("This address takes %(methods)s.") % {"methods": allowed})
            if not asked:
                raise Refused(400, _("There is XML and JSON: end the address with .xml or .json."))
            client = _caller(request)
            _check_jurisdiction(request)
            status, document, more = views[method](request, client, *args, **kwargs)
            headers.update(more)
        except Exception as error:
            status, told, more = read(error)
            headers.update(more)
            document = refused_document(status, told)
            if status >= 500:
                logger.error("%s %s failed", request.method, request.path, exc_info=error)
                if status == 500:
                    got_request_exception.send(sender=endpoint, request=request)
        answer = HttpResponse(
            document.written(kind), status=status, content_type=TYPES[kind], headers=headers
        )
        patch_vary_headers(answer, ["Accept", "Accept-Language"])
        return _open(answer, allowed)

    return answered


def _caller(request: HttpRequest) -> ApiClient | None:
    """The system that shows a right key, if any. Raises Refused past a limit.

    Everybody is counted by address, and first: a key lies in apps, so one telephone may not use up what all
    of them have together. A server that reports for many has OPEN311_REQUESTS_PER_MINUTE raised for it.
    """
    if not ADDRESSES.allow(address_of(request)):
        raise _TooMany(ADDRESSES)
    given = (request.POST.get("api_key") or "") if request.method == "POST" else ""
    client = _client_of(request, given)
    if client is not None and not KEYS.allow(f"client:{client.pk}"):
        raise _TooMany(KEYS)
    return client


def _client_of(request: HttpRequest, given: str) -> ApiClient | None:
    """Whose key is shown by Authorization: Bearer, or given in a form; None where none is right."""
    scheme, _space, shown = request.headers.get("Authorization", "").partition(" ")
    key = given.strip() or (shown.strip() if scheme.lower() == "bearer" else "")
    if not key or not key.isascii() or "\x00" in key:
        return None
    try:
        client = admit(key, address=whole_address(request), at=timezone.now())
    except TokenRefused:
        return None
    return client if Scope.OPEN311 in client.scopes else None


class _TooMany(Refused):
    def __init__(self, limit: PerMinute) -> None:
        super().__init__(429, _("Too many requests: wait a minute."))
        self.wait = int(limit.wait()) + 1


def _check_jurisdiction(request: HttpRequest) -> None:
    asked = (request.GET.get("jurisdiction_id") or "").strip()
    if not asked and request.method == "POST":
        asked = (request.POST.get("jurisdiction_id") or "").strip()
    if asked and asked not in jurisdictions(request):
        raise Refused(
            404,
            _("jurisdiction_id: %(asked)s is not served here.") % {"asked": asked[:80].replace("\x00", "")},
        )


def jurisdictions(request: HttpRequest) -> frozenset[str]:
    """What the one district that is served here may be called: its code, or the site's name."""
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    site = urlsplit(settings.PUBLIC_URL).hostname or ""
    code = geography().district or ""
    # With the noughts of the streets that it has none of, or as people know it.
    return frozenset({code, code[:6], host, site}) - {""}


def _format(request: HttpRequest, ending: str | None) -> tuple[str, bool]:
    """ "xml" or "json", and whether what was asked for is one of them. XML is what the specification has."""
    if ending:
        return (ending, True) if ending in TYPES else ("xml", False)
    if request.method == "OPTIONS":
        return "xml", True
    preferred = request.get_preferred_type(["text/xml", "application/xml", "application/json"])
    return ("json" if preferred == "application/json" else "xml"), True


def _open(answer: HttpResponse, allowed: str) -> HttpResponse:
    """Pages of other sites may ask: nothing here rests on a cookie."""
    answer["Access-Control-Allow-Origin"] = "*"
    if answer.status_code == 204:
        answer["Access-Control-Allow-Methods"] = allowed
        answer["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Idempotency-Key, Prefer"
        answer["Access-Control-Max-Age"] = "86400"
    return answer
