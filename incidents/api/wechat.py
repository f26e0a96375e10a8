"""The address that a WeChat account calls: signed, answered in words, and nothing else is told there."""

import time
from hashlib import sha256

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from config import clock
from incidents.errors import InvalidInput
from incidents.sources import conversing, wechat, wechat_pictures


@csrf_exempt
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest) -> HttpResponse:
    """GET: the platform asks whether we are we. POST: a message, answered within the five seconds it waits.

    Not in the API's document: its form is the platform's, and no token opens it.
    """
    token = settings.WECHAT_TOKEN
    if not token:
        raise Http404
    told = request.GET
    if not wechat.is_signed(
        token,
        signature=told.get("signature", ""),
        timestamp=told.get("timestamp", ""),
        nonce=told.get("nonce", "")[:128],
    ):
        return HttpResponse("signature", status=403, content_type="text/plain")
    if request.method == "GET":
        return HttpResponse(told.get("echostr", "")[:256], content_type="text/plain")
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > wechat.BODY_MOST:
            return HttpResponse("body: too_large", status=413, content_type="text/plain")
        message = wechat.read(request.body)
    except InvalidInput as error:
        return HttpResponse(f"{error.field}: {error.code}", status=400, content_type="text/plain")
    signed_with = sha256(f"{told.get('timestamp')}:{told.get('nonce')}".encode()).hexdigest()
    fetch = wechat_pictures.fetch if settings.WECHAT_PICTURES else None
    try:
        words = conversing.take(message, at=clock.now(), signed_with=signed_with, fetch=fetch)
    except conversing.SignatureUsed:
        return HttpResponse("signature: used", status=403, content_type="text/plain")
    content_type, body = wechat.answer(message, words, at=time.time())
    return HttpResponse(body, content_type=content_type)
