"""What may be sent as a picture: asked before it is read, opened with care, and never kept as it came."""

import io
import struct
import zlib
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from incidents.models import Attachment
from tests.browsers import As
from tests.cast import Person
from tests.incidents.resident.conftest import Resident, picture, upload

pytestmark = pytest.mark.django_db


def bomb(side: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that unpacks into most of a gigabyte."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + side // 8)
    packed = b"".join(packer.compress(row) for _row in range(side)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def sent(body: bytes, name: str = "a.jpg") -> Any:
    return Client().post(reverse("report-upload"), {"file": upload(body, name)})


def test_a_bomb_is_refused_unopened(someone: Resident) -> None:
    body = bomb()
    assert len(body) < 200_000
    answer = sent(body, "bomb.png")
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_pixels")
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\0" * 40,
        b"%PDF-1.7",
        b"\xff\xd8\xff\xe0" + b"\0" * 100,
        b"MZ" + b"\0" * 100,
    ],
)
def test_what_is_no_picture_is_none_whatever_it_is_called(someone: Resident, body: bytes) -> None:
    answer = sent(body, "holiday.jpg")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_an_image")


def test_what_hides_behind_a_picture_is_gone(someone: Resident) -> None:
    """A picture and a page in one file: drawn anew, only the picture is left."""
    answer = sent(picture(kind="PNG") + b"<script>alert(document.cookie)</script>", "two.png")
    assert answer.status_code == 201
    kept = Attachment.objects.get()
    with kept.file.open("rb") as handle:
        body = handle.read()
    assert b"<script>" not in body
    assert Image.open(io.BytesIO(body)).format == "JPEG"


@pytest.mark.parametrize(
    "path", ["/report/photos/", "/report/00000000000000000000000000000000/finish/", "/r/"]
)
def test_more_than_a_form_can_hold_is_not_even_read(path: str, settings: Any) -> None:
    settings.ATTACHMENT_MAX_BYTES = 1_000
    body = b"x" * (4 * 1_000 + 1024**2 + 1)
    answer = Client(enforce_csrf_checks=True).generic("POST", path, body, "multipart/form-data; boundary=b")
    assert answer.status_code == 413
    assert vars(answer.wsgi_request)["_read_started"] is False


def posted(path: str, length: int, client: Client | None = None, **headers: str) -> Any:
    """A body of that length, with a token that anybody can make up: told of, and not sent."""
    client = client or Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    return client.generic(
        "POST",
        path,
        b"",
        "multipart/form-data; boundary=b",
        headers=headers,
        CONTENT_LENGTH=str(length),
    )


@pytest.mark.parametrize("path", ["/sign-in/", "/mine/", "/q/", "/i18n/setlang/", "/public/"])
def test_no_page_without_files_takes_any(path: str) -> None:
    assert posted(path, 1024**2 + 1).status_code == 413


@pytest.mark.parametrize("path", ["/cases/", "/imports/", "/nowhere/"])
def test_files_for_staff_are_read_only_from_who_is_signed_in(path: str) -> None:
    unread = posted(path, 1024**2 + 1)
    assert (unread.status_code, unread["Location"]) == (302, f"{reverse('sign-in')}?next={path}")
    assert vars(unread.wsgi_request)["_read_started"] is False
    script = posted(path, 1024**2 + 1, **{"X-Submission": "later"})
    assert (script.status_code, script.json()["code"]) == (401, "sign_in")


def test_who_is_signed_in_may_send_what_the_largest_form_holds(browse: As, admin: Person) -> None:
    assert posted("/nowhere/", 101 * 1024**2, browse(admin)).status_code == 404
    assert posted("/nowhere/", 101 * 1024**2 + 1, browse(admin)).status_code == 413


@pytest.mark.parametrize("length", ["", "abc", "-5", "９９９９９９９９９９"])
def test_a_length_that_is_none_is_no_fault(length: str) -> None:
    answer = Client().generic(
        "POST", "/report/", b"", "application/x-www-form-urlencoded", CONTENT_LENGTH=length
    )
    assert answer.status_code in (200, 400)
