"""The two ciphers that a key of CONTACT_KEYS may be for: AES as Fernet has it, and SM4 (GB/T 32907) with GCM.

A key is for one of them alone, and says so: `sm4:` stands before those of SM4. What is sealed says the same.
docs/decisions/0042-sm-is-a-kind-of-key.md has the reasons.
"""

import base64
import binascii
import os
import time
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SM4: Final = "sm4:"
SM3: Final = "sm3:"
# What a token of SM4 begins with; those of Fernet begin with gAAAAA.
_TOKEN: Final = b"sm4.1."
_TIME, _NONCE, _TAG = 8, 12, 16
# How far a clock may be ahead, as Fernet has it.
_AHEAD: Final = 60


class Sealer(Protocol):
    """What Fernet can."""

    def encrypt(self, data: bytes) -> bytes: ...
    def encrypt_at_time(self, data: bytes, current_time: int) -> bytes: ...
    def decrypt(self, token: bytes, ttl: int | None = None) -> bytes: ...
    def extract_timestamp(self, token: bytes) -> int: ...


def sealer(key: str) -> Sealer:
    """The cipher of a key. Raises ValueError where it is none, UnsupportedAlgorithm without an SM4."""
    return Sm4(key.removeprefix(SM4)) if key.startswith(SM4) else Fernet(key)


class Sm4:
    """Fernet's interface over SM4-GCM; a token is `sm4.1.` and the base64 of time, nonce, text and tag."""

    def __init__(self, key: str) -> None:
        try:
            secret = base64.urlsafe_b64decode(key)
        except ValueError as error:
            raise ValueError(f"no url-safe base64: {error}") from None
        if len(secret) != 32:
            raise ValueError("a key has 32 bytes in url-safe base64")
        if told := why_not():
            raise UnsupportedAlgorithm(told)
        # 256 bits of a key like any other, and of them the 128 of SM4, for this use and no other.
        self._key = HKDF(algorithm=hashes.SM3(), length=16, salt=None, info=b"yiwang sm4-gcm 1").derive(
            secret
        )

    def encrypt(self, data: bytes) -> bytes:
        return self.encrypt_at_time(data, int(time.time()))

    def encrypt_at_time(self, data: bytes, current_time: int) -> bytes:
        dated, nonce = current_time.to_bytes(_TIME, "big"), os.urandom(_NONCE)
        sealed = seal_gcm(self._key, nonce, data, _TOKEN + dated)
        return _TOKEN + base64.urlsafe_b64encode(dated + nonce + sealed)

    def decrypt(self, token: bytes, ttl: int | None = None) -> bytes:
        dated, nonce, sealed = _parts(token)
        try:
            plain = open_gcm(self._key, nonce, sealed, _TOKEN + dated)
        except InvalidTag:
            raise InvalidToken from None
        at, now = int.from_bytes(dated, "big"), int(time.time())
        if ttl is not None and not at <= now + _AHEAD <= at + ttl + _AHEAD:
            raise InvalidToken
        return plain

    def extract_timestamp(self, token: bytes) -> int:
        self.decrypt(token)
        return int.from_bytes(_parts(token)[0], "big")


def _parts(token: bytes) -> tuple[bytes, bytes, bytes]:
    """Time, nonce, and text with its tag. Raises InvalidToken."""
    if not token.startswith(_TOKEN):
        raise InvalidToken
    try:
        told = base64.b64decode(token[len(_TOKEN) :], altchars=b"-_", validate=True)
    except binascii.Error:
        raise InvalidToken from None
    if len(told) < _TIME + _NONCE + _TAG:
        raise InvalidToken
    return told[:_TIME], told[_TIME : _TIME + _NONCE], told[_TIME + _NONCE :]


def seal_gcm(key: bytes, nonce: bytes, plain: bytes, beside: bytes) -> bytes:
    """SM4-GCM (RFC 8998): the text, then its tag; `beside` is told by the tag as well."""
    encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(beside)
    return encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def open_gcm(key: bytes, nonce: bytes, sealed: bytes, beside: bytes) -> bytes:
    """Raises InvalidTag where one bit is another."""
    decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, sealed[-_TAG:])).decryptor()
    decryptor.authenticate_additional_data(beside)
    return decryptor.update(sealed[:-_TAG]) + decryptor.finalize()


def why_not() -> str:
    """Why SM3 and SM4 cannot be had here; empty where they can."""
    try:
        Cipher(algorithms.SM4(bytes(16)), modes.GCM(bytes(_NONCE))).encryptor()
        hashes.Hash(hashes.SM3())
    except UnsupportedAlgorithm:
        return (
            "The OpenSSL that the package cryptography uses here has no SM3 or SM4-GCM. The package's own "
            "wheels have both; one that was built against the system's OpenSSL may not."
        )
    return ""


def keyed_digest(key: str, told: bytes) -> str:
    """Hex HMAC under a key: with SM3 (GB/T 32905) where `sm3:` stands before it, else with SHA-256."""
    is_sm3 = key.startswith(SM3)
    mac = HMAC(key.removeprefix(SM3).encode(), hashes.SM3() if is_sm3 else hashes.SHA256())
    mac.update(told)
    return mac.finalize().hex()
