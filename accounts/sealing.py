"""Secrets at rest: encrypted under the first of CONTACT_KEYS, read under any of them."""

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(plain: str) -> bytes:
    """Encrypted, and dated."""
    return seal_bytes(plain.encode())


def unseal(sealed: bytes | memoryview, *, seconds: int | None = None) -> str:
    """What was sealed, no longer ago than `seconds`. Raises cryptography.fernet.InvalidToken."""
    return unseal_bytes(sealed, seconds=seconds).decode()


def seal_bytes(plain: bytes) -> bytes:
    """The same of a file."""
    return _cipher(tuple(settings.CONTACT_KEYS)).encrypt(plain)


def unseal_bytes(sealed: bytes | memoryview, *, seconds: int | None = None) -> bytes:
    """What was sealed, under whichever of CONTACT_KEYS."""
    return _cipher(tuple(settings.CONTACT_KEYS)).decrypt(bytes(sealed), ttl=seconds)


def reseal(sealed: bytes | memoryview) -> bytes:
    """The same secret under the first of the keys, so that older ones can be taken away."""
    return _cipher(tuple(settings.CONTACT_KEYS)).rotate(bytes(sealed))


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
