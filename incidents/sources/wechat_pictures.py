"""Fetching a picture that a message names: from one host alone, quickly or not at all."""

import http.client
from urllib.parse import urlsplit

from django.conf import settings

# The platform waits five seconds for the answer to its message.
SECONDS = 2.5


def fetch(url: str) -> bytes | None:
    """The picture's bytes; None where it lies elsewhere than WECHAT_PICTURES says, or did not come."""
    base = settings.WECHAT_PICTURES
    if not base or not url.startswith(base):
        return None
    parts, limit = urlsplit(url), int(settings.ATTACHMENT_MAX_BYTES)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname, parts.port, timeout=SECONDS)
    try:
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        with connection.getresponse() as response:
            body = response.read(limit + 1)
            return body if response.status == 200 and len(body) <= limit else None
    except (TimeoutError, OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
