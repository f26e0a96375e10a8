"""The line to the outer zone: one message there and its answer back, bounded in every direction."""

import http.client
import ssl
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from accounts.posting import Plain, Secure, cut_after
from incidents.outer import keys
from incidents.outer.exchange import BYTES_MOST

ADDRESS: Final = "/outer/exchange/"
SIGNATURE: Final = "X-Yiwang-Signature"
# Says, signed, who is about to send how much, before a large message is read.
ANNOUNCED: Final = "X-Yiwang-Announced"
# Seconds: until somebody is there at all; between two bytes; for the whole exchange, however it drips.
CONNECT: Final = 5.0
WAIT: Final = 30.0
WHOLE: Final = 90.0
_READ: Final = 256 * 1024


class Unreached(Exception):
    """The outer zone did not answer, or what answered is not it."""


def sent(body: bytes, *, whole: float = WHOLE) -> tuple[bytes, str]:
    """The answer and its signature, over a connection that we begin; no redirect is followed, and no more is
    read than was agreed. Raises Unreached."""
    told = urlsplit(settings.OUTER_URL)
    host, port = told.hostname or "", told.port
    headers = {
        "Content-Type": "application/json",
        SIGNATURE: keys.signature(keys.CORE_SAYS, body),
        ANNOUNCED: keys.announced(len(body), at=timezone.now()),
    }
    link = (
        Secure(host, port, timeout=CONNECT, context=_tls())
        if told.scheme == "https"
        else Plain(host, port, timeout=CONNECT)
    )
    with cut_after(whole, link) as expired:
        try:
            link.connect()
            link.sock.settimeout(WAIT)
            link.request("POST", f"{told.path.rstrip('/')}{ADDRESS}", body, headers)
            response = link.getresponse()
            said = bytearray()
            while part := response.read(_READ):
                said += part
                if len(said) > 2 * BYTES_MOST:
                    raise Unreached("it answers more than was agreed")
            if expired.is_set():
                raise TimeoutError
        except (OSError, http.client.HTTPException) as error:
            if expired.is_set():
                raise Unreached(f"it took more than {whole:.0f} s in all") from error
            raise Unreached(f"{type(error).__name__}: {error}") from error
    if response.status != 200:
        raise Unreached(_words(response.status))
    return bytes(said), response.headers.get(SIGNATURE, "")


def _words(status: int) -> str:
    if status == 413:
        return "413: the proxy there takes no message of that size; let it take 32 MB at this address"
    return f"it answers {status}: are OUTER_SECRET and both clocks right?"


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.OUTER_CA_FILE or None)
    if settings.OUTER_CERT_FILE:
        context.load_cert_chain(settings.OUTER_CERT_FILE, settings.OUTER_KEY_FILE or None)
    return context
