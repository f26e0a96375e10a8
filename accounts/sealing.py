"""Secrets at rest: encrypted under the first of CONTACT_KEYS, read under any of them."""

from functools import lru_cache

from cryptography.fernet import InvalidToken
from django.conf import settings

from accounts.ciphers import Sealer, sealer


def seal(plain: str) -> bytes:
    """Encrypted, and dated."""
    return seal_bytes(plain.encode())


def unseal(sealed: bytes | memoryview, *, seconds: int | None = None) -> str:
    """What was sealed, no longer ago than `seconds`. Raises cryptography.fernet.InvalidToken."""
    return unseal_bytes(sealed, seconds=seconds).decode()


def seal_bytes(plain: bytes) -> bytes:
    """The same of a file."""
    return sealers()[0].encrypt(plain)


def unseal_bytes(sealed: bytes | memoryview, *, seconds: int | None = None) -> bytes:
    """What was sealed, under whichever of CONTACT_KEYS."""
    token = bytes(sealed)
    for one in sealers():
        try:
            return one.decrypt(token, seconds)
        except InvalidToken:
            continue
    raise InvalidToken


def reseal(sealed: bytes | memoryview) -> bytes:
    """The same secret, as old as it is, under the first of the keys, so that older ones can be taken away."""
    token = bytes(sealed)
    for one in sealers():
        try:
            return sealers()[0].encrypt_at_time(one.decrypt(token), one.extract_timestamp(token))
        except InvalidToken:
            continue
    raise InvalidToken


def sealers() -> tuple[Sealer, ...]:
    """A cipher for each of CONTACT_KEYS. Raises ValueError where one is no key."""
    return _sealers(tuple(settings.CONTACT_KEYS))


@lru_cache(maxsize=4)
def _sealers(keys: tuple[str, ...]) -> tuple[Sealer, ...]:
    return tuple(map(sealer, keys))
