"""Whatever somebody types into the sign-in or sends for a picture is answered, and never by a broken page."""

import io
import json
import os
import struct
import time
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dispatch.spreadsheets.grid import TableError
from dispatch.spreadsheets.xlsx import Workbook
from incidents.attachments import plain_jpeg
from incidents.errors import InvalidInput
from tests.cast import Person

FEW = settings(
    max_examples=60 * int(os.environ.get("EXPLORE", "1")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
KINDS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "ICO")


def picture(kind: str, **more: Any) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (40, 30), (40, 60, 120)).save(body, kind, **more)
    return body.getvalue()


PICTURES = {kind: picture(kind) for kind in KINDS}


def sent(body: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("x.jpg", body)


def answer_to(body: bytes) -> str:
    """A picture, or the code of the refusal; anything else that is raised is a fault."""
    try:
        return "picture" if plain_jpeg(sent(body))[:2] == b"\xff\xd8" else "nothing"
    except InvalidInput as refused:
        return refused.code


# --- pictures -------------------------------------------------------------------------------------


@FEW
@given(
    kind=st.sampled_from(KINDS),
    cuts=st.lists(st.tuples(st.integers(0, 2_000), st.binary(min_size=1, max_size=12)), max_size=8),
    end=st.integers(0, 2_000),
)
def test_a_picture_with_wrong_bytes_is_a_picture_or_refused(
    kind: str, cuts: list[tuple[int, bytes]], end: int
) -> None:
    body = bytearray(PICTURES[kind])
    for place, wrong in cuts:
        body[place % len(body) : place % len(body) + len(wrong)] = wrong
    body = body[: max(1, len(body) - end % len(body))] if end % 3 == 0 else body
    assert answer_to(bytes(body)) in {"picture", "not_an_image", "too_many_pixels", "heic"}


@FEW
@given(body=st.binary(max_size=400))
def test_bytes_are_no_picture(body: bytes) -> None:
    assert answer_to(body) in {"empty", "not_an_image", "heic"}


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP", "PPM", "ICO"])
def test_only_three_kinds_are_read_at_all(kind: str) -> None:
    assert answer_to(PICTURES[kind]) == "not_an_image"


def claimed_png(side: int) -> bytes:
    """A few hundred bytes that say that they are `side` pixels wide and high."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    lines = zlib.compress(b"\x00" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def animated(kind: str, frames: int) -> bytes:
    body = io.BytesIO()
    first, *rest = (Image.new("RGB", (600, 600), (one % 255, 0, 0)) for one in range(frames))
    first.save(
        body, kind, save_all=True, append_images=rest, **({"lossless": True} if kind == "WEBP" else {})
    )
    return body.getvalue()


@pytest.mark.parametrize("body", [claimed_png(50_000), claimed_png(2**31 - 1)], ids=["50k", "most"])
def test_a_picture_that_unpacks_to_gigabytes_is_refused_at_once(body: bytes) -> None:
    began = time.process_time()
    assert answer_to(body) in {"too_many_pixels", "not_an_image"}
    assert time.process_time() - began < 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_many_frames_one_is_unpacked(kind: str) -> None:
    body = animated(kind, 60)
    began = time.process_time()
    assert answer_to(body) == "picture"
    assert time.process_time() - began < 2


def test_text_that_a_png_packs_is_not_unpacked_without_a_bound() -> None:
    packed = b"note\x00\x00" + zlib.compress(b"x" * 80_000_000)
    chunk = (
        struct.pack(">I", len(packed)) + b"zTXt" + packed + struct.pack(">I", zlib.crc32(b"zTXt" + packed))
    )
    body = PICTURES["PNG"]
    assert answer_to(body[:33] + chunk + body[33:]) in {"picture", "not_an_image"}


# --- spreadsheets ---------------------------------------------------------------------------------


@FEW
@given(
    body=st.binary(max_size=600), begins=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06" + b"\x00" * 18])
)
def test_bytes_are_no_workbook(body: bytes, begins: bytes) -> None:
    with pytest.raises(TableError):
        Workbook(begins + body)


# --- what a form and a token send -----------------------------------------------------------------

WORDS = st.text(max_size=80) | st.sampled_from(
    ["\x00", "a" * 5_000, "' OR 1=1 --", "\u202e", "%s", "${7*7}", "𠮷"]
)


@pytest.mark.django_db
@FEW
@given(name=WORDS, password=WORDS, onwards=WORDS)
def test_whatever_is_typed_into_the_sign_in_is_answered(name: str, password: str, onwards: str) -> None:
    client = Client(raise_request_exception=False)
    answer = client.post("/sign-in/", {"username": name, "password": password, "next": onwards})
    assert answer.status_code in {200, 400, 403, 422, 429}
    assert "sessionid" not in answer.cookies or not answer.cookies["sessionid"].value


@pytest.mark.django_db
@FEW
@given(code=WORDS)
def test_whatever_is_typed_as_a_tracking_code_is_answered(code: str) -> None:
    answer = Client(raise_request_exception=False).get("/r/", {"code": code})
    assert answer.status_code in {200, 302, 400, 404, 422, 429}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"text":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 200_000,
        b'{"text": ' + b"9" * 100_000 + b"}",
        b'{"text": 1e400}',
        b'{"a": 1, "a": 2}',
        b"\xff\xfe",
    ],
    ids=["nested", "nested objects", "open", "digits", "infinite", "twice", "not utf-8"],
)
def test_json_that_would_break_a_reader_is_a_wrong_request(hotline: tuple[Any, str], body: bytes) -> None:
    answer = Client(raise_request_exception=False).post(
        "/api/v1/reports/",
        body,
        content_type="application/json",
        headers={"authorization": f"Bearer {hotline[1]}"},
    )
    assert answer.status_code == 400
    assert json.loads(answer.content)["errors"][0]["code"]


@pytest.mark.django_db
def test_a_form_of_too_many_fields_is_a_wrong_request(operator: Person) -> None:
    many = "&".join(f"f{number}=1" for number in range(5_000))
    answer = Client(raise_request_exception=False).post(
        "/sign-in/", many, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400
