"""Signatures that say: this is from us, it is whole, and it is fresh."""

import hashlib
import hmac


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of `timestamp.body`; the receiver computes the same."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
