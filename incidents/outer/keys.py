"""What the two zones know of each other, and who can read what.

- OUTER_SECRET, in both: who speaks is the other zone. Each direction signs with a key of its own.
- OUTER_SEAL_KEY, outside: what residents send is sealed with it (HPKE, RFC 9180, with X25519); only
  OUTER_OPEN_KEYS, inside, open it. The newest is first; older ones still open what was sealed for them.
- A report's page is locked under its tracking code. The code has 48 bits, so that each try is made dear
  (scrypt), and a copy of the database alone is no use without OUTER_SECRET.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# The directions of an exchange.
CORE_SAYS: Final = "core says"
OUTER_SAYS: Final = "outer says"
_CORE_ANNOUNCES: Final = "core announces"
# Before the place of a report's page.
OF_REPORT: Final = "report:"

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_NONCE: Final = 12
# About 20 ms and 8 MB a try.
_COST: Final = {"n": 2**13, "r": 8, "p": 1, "dklen": 64}


class NotOurs(Exception):
    """It was sealed for somebody else, or changed on the way."""


def new_pair() -> tuple[str, str]:
    """A private key to open with and the public one to seal with, as settings spell them."""
    private = X25519PrivateKey.generate()
    return _spelled(private.private_bytes_raw()), _spelled(private.public_key().public_bytes_raw())


def public_of(private: str) -> str:
    """The public key that belongs to a private one."""
    key = X25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(private))
    return _spelled(key.public_key().public_bytes_raw())


def seal(plain: bytes, *, about: bytes) -> bytes:
    """For the core alone; `about` is bound to it and travels in the open beside it."""
    key = X25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(settings.OUTER_SEAL_KEY))
    return bytes(_SUITE.encrypt(plain, key, info=about))


def unseal(sealed: bytes, *, about: bytes) -> bytes:
    """What was sealed outside; raises NotOurs."""
    for private in settings.OUTER_OPEN_KEYS:
        key = X25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(private))
        try:
            return bytes(_SUITE.decrypt(sealed, key, info=about))
        except (InvalidTag, ValueError):
            continue
    raise NotOurs


def signature(direction: str, body: bytes) -> str:
    """Of a whole message in one direction."""
    return hmac.new(_derived(direction), body, hashlib.sha256).hexdigest()


def is_signed(direction: str, body: bytes, told: str) -> bool:
    """Is it from the other zone, and whole?"""
    return bool(settings.OUTER_SECRET) and hmac.compare_digest(signature(direction, body), told)


def announced(length: int, *, at: datetime) -> str:
    """What the core says before a message of that length."""
    told = f"{at.isoformat()} {length}"
    return f"{told} {signature(_CORE_ANNOUNCES, told.encode())}"


def announced_at(length: int, told: str) -> datetime | None:
    """When a message of that length was announced; None where the core has announced none."""
    said, _space, mark = told.rpartition(" ")
    moment, _space, size = said.partition(" ")
    if size != str(length) or not is_signed(_CORE_ANNOUNCES, said.encode(), mark):
        return None
    return datetime.fromisoformat(moment)


class CodeKey:
    """What a tracking code opens: the place of its page, and the key to that."""

    def __init__(self, code: str) -> None:
        made = hashlib.scrypt(code.encode(), salt=_derived("tracking codes"), **_COST)
        self.place = f"{OF_REPORT}{made[:24].hex()}"
        self._key = made[32:]

    def lock(self, plain: bytes) -> bytes:
        return lock(self._key, plain, about=self.place.encode())

    def unlock(self, locked: bytes) -> bytes:
        """Raises NotOurs."""
        return unlock(self._key, locked, about=self.place.encode())


def lock(key: bytes, plain: bytes, *, about: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def unlock(key: bytes, locked: bytes, *, about: bytes) -> bytes:
    """Raises NotOurs."""
    try:
        return AESGCM(key).decrypt(locked[:_NONCE], locked[_NONCE:], about)
    except (InvalidTag, ValueError) as error:
        raise NotOurs from error


def derived(secret: bytes, purpose: str, length: int = 32) -> bytes:
    """A key for one purpose; nothing is learnt from it about the secret or about other keys."""
    return HKDF(hashes.SHA256(), length, None, f"yiwang outer: {purpose}".encode()).derive(secret)


def own_key(*purpose: str) -> bytes:
    """A key that only this zone's processes know."""
    return derived(settings.SECRET_KEY.encode(), "/".join(purpose))


def digest(parts: Iterable[bytes]) -> str:
    told = hashlib.sha256()
    for part in parts:
        told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()


def _derived(purpose: str) -> bytes:
    return derived(settings.OUTER_SECRET.encode(), purpose)


def _spelled(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()
