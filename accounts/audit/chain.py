"""The chain itself: what is digested of a row, and under which key. Pure; no database.

A digest without a key could be made anew by whoever can write to the database. So it is an HMAC, and the key
is in the environment of the application alone (AUDIT_KEYS: the first one seals, all verify, and so do those
made from SECRET_KEY). A key that
begins with `sm3:` is for SM3, any other for SHA-256.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

from accounts.ciphers import keyed_digest

# What the first row of all is chained to.
BEGINNING: Final = "0" * 64
# The columns of a row that are digested, in this order; what is not here can be changed unseen.
COLUMNS: Final = (
    "pk",
    "at",
    "kind",
    "what",
    "user_id",
    "client_id",
    "who",
    "address",
    "device",
    "about_kind",
    "about",
    "details",
)


class UnknownKey(ValueError):
    """The row was sealed under a key that is not among AUDIT_KEYS any more."""


def current_key() -> str:
    """The name of the key that seals."""
    return key_name(_keys()[0])


def key_name(key: str) -> str:
    """By which a row says what it was sealed under; nothing can be read from it."""
    return hashlib.sha256(b"yiwang audit key" + key.encode()).hexdigest()[:8]


def digest_of(row: dict[str, Any], *, seq: int, before: str, key: str) -> str:
    """The digest of a row (its COLUMNS) at this place, after the one with the digest `before`.

    Raises UnknownKey.
    """
    return signed([before, seq, *(row[name] for name in COLUMNS)], key=key)


def signed(told: list[Any], *, key: str) -> str:
    """The HMAC over the values as JSON without blanks, keys in order. Raises UnknownKey."""
    secret = next((one for one in [*_keys(), *_made()] if key_name(one) == key), None)
    if secret is None:
        raise UnknownKey(key)
    text = json.dumps(
        [_plain(value) for value in told], ensure_ascii=True, sort_keys=True, separators=(",", ":")
    )
    return keyed_digest(secret, text.encode())


def _keys() -> list[str]:
    """Where none is set, one that is made from SECRET_KEY: outside the database all the same."""
    kept: list[str] = settings.AUDIT_KEYS
    return kept or _made()[:1]


def _made() -> list[str]:
    """Of SECRET_KEY and of those before it: what was sealed until AUDIT_KEYS was set stays readable."""
    told = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [hmac.new(one.encode(), b"yiwang audit log", hashlib.sha256).hexdigest() for one in told]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value
