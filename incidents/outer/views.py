"""The one address of the outer zone that is the core's."""

import logging
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from incidents.outer import exchange, keys
from incidents.outer.line import ANNOUNCED, SIGNATURE

log = logging.getLogger(__name__)

# A message of this length is read to see whether it is the core's; a longer one was announced.
UNANNOUNCED_MOST = 64 * 1024


@csrf_exempt
@never_cache
@require_POST
def outer_exchange(request: HttpRequest) -> HttpResponse:
    """One exchange with the core; for everybody else there is no such address."""
    now = timezone.now()
    told = request.headers.get(SIGNATURE, "")
    length = _length(request, now=now)
    if settings.ZONE != "outer" or length is None or not told.isascii():
        raise Http404
    try:
        body, signature = exchange.answered(request.read(length), told, now=now)
    except exchange.Refused as refused:
        log.warning("an exchange was refused: %s", refused)
        raise Http404 from None
    return HttpResponse(body, content_type="application/json", headers={SIGNATURE: signature})


def _length(request: HttpRequest, *, now: datetime) -> int | None:
    """How much is to be read; None for what is not told, too much, or more than anybody may send."""
    told = str(request.META.get("CONTENT_LENGTH") or "")
    if not (told.isascii() and told.isdecimal() and len(told) < 10 and int(told) <= exchange.BYTES_MOST):
        return None
    length = int(told)
    if length <= UNANNOUNCED_MOST:
        return length
    said = request.headers.get(ANNOUNCED, "")
    at = keys.announced_at(length, said) if said.isascii() else None
    return length if at is not None and abs(now - at) <= exchange.FRESH else None
