"""SM3 and SM4 beside SHA-256 and AES: the standards' own examples, tampering, and keys of both kinds."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from accounts import ciphers, sealing
from accounts.ciphers import SM3, SM4, Sm4, keyed_digest, open_gcm, seal_gcm, sealer

AES_KEY = Fernet.generate_key().decode()
SM4_KEY = SM4 + Fernet.generate_key().decode()


def sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


@pytest.mark.parametrize(
    ("told", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_is_the_one_of_gb_t_32905(told: bytes, digest: str) -> None:
    assert sm3(told).hex() == digest


def test_sm4_is_the_one_of_gb_t_32907() -> None:
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    encryptor = Cipher(algorithms.SM4(block), modes.ECB()).encryptor()
    assert encryptor.update(block).hex() == "681edf34d206965e86b3e94f536e4246"


def test_sm4_gcm_is_the_one_of_rfc_8998() -> None:
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    nonce = bytes.fromhex("00001234567800000000abcd")
    beside = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = bytes.fromhex("".join(letter * 16 for letter in "abcdefea"))
    sealed = bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert seal_gcm(key, nonce, plain, beside) == sealed
    assert open_gcm(key, nonce, sealed, beside) == plain


@pytest.mark.parametrize(
    "key", [b"short", b"k" * 64, b"longer than a block of SM3, which is sixty-four bytes: " * 2]
)
def test_the_keyed_digest_is_hmac_by_its_definition(key: bytes) -> None:
    block = (sm3(key) if len(key) > 64 else key).ljust(64, b"\0")
    inner = sm3(bytes(byte ^ 0x36 for byte in block) + "电话".encode())
    wanted = sm3(bytes(byte ^ 0x5C for byte in block) + inner).hex()
    assert keyed_digest(SM3 + key.decode(), "电话".encode()) == wanted
    # Without the sign it is what it has always been.
    assert keyed_digest(key.decode(), b"x") == hmac.new(key, b"x", hashlib.sha256).hexdigest()


@pytest.mark.parametrize("plain", [b"", "李明".encode(), bytes(range(256)) * 5000])
def test_what_sm4_seals_it_opens_and_nobody_else_does(plain: bytes) -> None:
    one = sealer(SM4_KEY)
    token = one.encrypt(plain)
    assert isinstance(one, Sm4)
    assert one.decrypt(token) == plain
    assert one.encrypt(plain) != token
    token.decode("ascii")  # some of it travels in forms
    for other in (sealer(AES_KEY), sealer(SM4 + AES_KEY), sealer(SM4_KEY.removeprefix(SM4))):
        with pytest.raises(InvalidToken):
            other.decrypt(token)
    with pytest.raises(InvalidToken):
        one.decrypt(sealer(AES_KEY).encrypt(plain))


def test_one_bit_that_is_another_is_found_wherever_it_is() -> None:
    one = sealer(SM4_KEY)
    token = one.encrypt("李明".encode())
    head, told = token[:6], bytearray(base64.urlsafe_b64decode(token[6:]))
    for place in range(len(told)):
        for bit in (1, 128):
            told[place] ^= bit
            with pytest.raises(InvalidToken):
                one.decrypt(head + base64.urlsafe_b64encode(told))
            told[place] ^= bit
    assert one.decrypt(head + base64.urlsafe_b64encode(told)) == "李明".encode()
    for broken in (
        token[:-1],
        token[:40],
        b"sm4.2." + token[6:],
        token[6:],
        b"sm4.1.",
        b"",
        token + b"A",
        b"sm4.1.\xff",
    ):
        with pytest.raises(InvalidToken):
            one.decrypt(broken)


def test_how_old_it_is_counts_as_with_fernet() -> None:
    now = 1_800_000_000
    for key in (AES_KEY, SM4_KEY):
        one = sealer(key)
        token = one.encrypt_at_time(b"x", now)
        assert one.extract_timestamp(token) == now
        with pytest.raises(InvalidToken):
            one.decrypt(one.encrypt_at_time(b"x", 1_000_000_000), 60)
        with pytest.raises(InvalidToken):
            one.decrypt(one.encrypt_at_time(b"x", 9_000_000_000), 60)
        assert one.decrypt(one.encrypt(b"x"), 60) == b"x"


def test_both_are_read_and_what_is_there_moves_to_the_first_and_back(settings: Any) -> None:
    settings.CONTACT_KEYS = [AES_KEY]
    old = sealing.seal("李明")
    settings.CONTACT_KEYS = [SM4_KEY, AES_KEY]
    new = sealing.seal("王芳")
    assert (old[:6], new[:6]) == (b"gAAAAA", b"sm4.1.")
    assert [sealing.unseal(one) for one in (old, new)] == ["李明", "王芳"]
    moved = sealing.reseal(old)
    settings.CONTACT_KEYS = [SM4_KEY]
    assert sealing.unseal(moved) == "李明"
    assert sealer(SM4_KEY).extract_timestamp(moved) == sealer(AES_KEY).extract_timestamp(old)
    with pytest.raises(InvalidToken):
        sealing.unseal(old)
    settings.CONTACT_KEYS = [AES_KEY, SM4_KEY]
    assert sealing.unseal(sealing.reseal(moved)) == "李明"
    settings.CONTACT_KEYS = [AES_KEY]
    assert sealing.unseal(old) == "李明"
    with pytest.raises(InvalidToken):
        sealing.unseal(new)


@pytest.mark.parametrize("key", ["sm4:", "sm4:短", "sm4:c2hvcnQ=", "sm4:" + "A" * 45])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"base64"):
        sealer(key)


def test_where_openssl_has_no_sm_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ciphers.why_not() == ""

    class Lacking:
        def __init__(self, *_told: Any) -> None:
            raise UnsupportedAlgorithm("no")

    monkeypatch.setattr(ciphers, "Cipher", Lacking)
    assert "has no SM3 or SM4-GCM" in ciphers.why_not()
    with pytest.raises(UnsupportedAlgorithm, match="system's OpenSSL may not"):
        sealer(SM4_KEY)
