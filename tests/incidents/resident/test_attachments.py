"""Pictures: what is kept, what is refused, and who may look."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import Settings
from django.test import Client
from django.urls import reverse
from PIL import Image

from incidents import actions, attachments
from incidents.errors import InvalidInput
from incidents.models import Attachment, Incident
from tests.cast import TUESDAY, Person
from tests.incidents.resident.conftest import picture, upload

pytestmark = pytest.mark.django_db


def stored(attachment: Attachment) -> Image.Image:
    with attachment.file.open("rb") as handle:
        return Image.open(io.BytesIO(handle.read()))


def exif_of_a_phone() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright: the file lies on its side
    exif.get_ifd(0x8769)[0x9003] = "2026:07:04 20:12:00"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (22.0, 43.0, 12.0), "E", (114.0, 15.0, 0.0)
    return exif


def test_a_phone_photo_is_turned_upright_and_keeps_its_evidence_in_the_row_alone() -> None:
    kept = attachments.store_picture(
        upload(picture((400, 200), exif=exif_of_a_phone().tobytes())), at=TUESDAY
    )
    shown = stored(kept)
    assert shown.size == (kept.width, kept.height) == (200, 400)
    assert dict(shown.getexif()) == {}
    assert kept.taken_at == datetime(2026, 7, 4, 12, 12, tzinfo=UTC)
    assert (kept.lon, kept.lat) == (114.25, 22.72)


def test_the_same_bytes_have_the_same_fingerprint() -> None:
    body = picture()
    first, second = (attachments.store_picture(upload(body), at=TUESDAY) for _time in range(2))
    assert first.fingerprint == second.fingerprint
    assert first.file.name != second.file.name


def test_a_large_picture_is_made_smaller() -> None:
    kept = attachments.store_picture(upload(picture((4000, 1000))), at=TUESDAY)
    assert (kept.width, kept.height) == (2560, 640)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_png_becomes_a_jpeg(mode: str) -> None:
    body = io.BytesIO()
    Image.new(mode, (30, 20)).save(body, "PNG")
    kept = attachments.store_picture(upload(body.getvalue(), "plan.png"), at=TUESDAY)
    assert stored(kept).format == "JPEG"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"this is no picture", "not_an_image"),
        (b"GIF89a" + b"\x00" * 40, "not_an_image"),
        (picture()[:300], "not_an_image"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40, "heic"),
        (picture((8000, 7000), "PNG"), "too_many_pixels"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not_an_image"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(body: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        attachments.store_picture(upload(body), at=TUESDAY)
    assert (refused.value.field, refused.value.code) == ("file", code)
    assert not Attachment.objects.exists()


def test_a_file_that_is_too_large_is_not_even_decoded(settings: Settings) -> None:
    settings.ATTACHMENT_MAX_BYTES = 500
    with pytest.raises(InvalidInput) as refused:
        attachments.store_picture(upload(picture((300, 300), "PNG") + b"x" * 500), at=TUESDAY)
    assert refused.value.code == "too_large"


def test_a_pictures_row_and_file_go_together_when_nothing_uses_it() -> None:
    kept = attachments.store_picture(upload(picture()), at=TUESDAY)
    assert attachments.remove_unused(at=TUESDAY + timedelta(hours=23)) == 0
    assert attachments.remove_unused(at=TUESDAY + timedelta(hours=25)) == 1
    assert not kept.file.storage.exists(kept.file.name)


def test_staff_see_the_pictures_of_the_cases_that_they_see(
    lamp_case: Incident, handler: Person, other_handler: Person, client: Client
) -> None:
    kept = attachments.store_picture(upload(picture()), at=TUESDAY)
    actions.add_photo(
        number=lamp_case.number, attachment=kept, stage="before", actor=handler.actor, at=TUESDAY
    )
    url = reverse("attachment", args=[kept.pk])
    assert client.get(url).status_code == 404
    client.force_login(other_handler.user)
    assert client.get(url).status_code == 404
    client.force_login(handler.user)
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("inline")
    assert answer["Cache-Control"].startswith("private")
    assert b"".join(answer).startswith(b"\xff\xd8")
