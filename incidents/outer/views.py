"""The one address of the outer zone that is the core's."""

import logging

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from incidents.outer import exchange

log = logging.getLogger(__name__)

SIGNATURE = "X-Yiwang-Signature"


@csrf_exempt
@never_cache
@require_POST
def outer_exchange(request: HttpRequest) -> HttpResponse:
    """One exchange with the core; for everybody else there is no such address."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    is_bounded = length.isascii() and length.isdecimal() and int(length) <= exchange.BYTES_MOST
    told = request.headers.get(SIGNATURE, "")
    if settings.ZONE != "outer" or not is_bounded or not told.isascii():
        raise Http404
    try:
        body, signature = exchange.answered(request.read(int(length)), told, now=timezone.now())
    except exchange.Refused as refused:
        log.warning("an exchange was refused: %s", refused)
        raise Http404 from None
    return HttpResponse(body, content_type="application/json", headers={SIGNATURE: signature})
