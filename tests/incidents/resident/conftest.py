"""A resident with a browser: the steps of the form as one would take them, without scripts."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from incidents.models import Report
from incidents.pages import resident, resident_status
from tests.cast import LAMP_POINT, LAMP_TEXT, TUESDAY


@pytest.fixture(autouse=True)
def fresh_throttles() -> None:
    """What one test has counted is nothing to the next."""
    for throttle in (resident.FILINGS, resident.UPLOADS, resident_status.WRONG_CODES):
        throttle.forget()


@pytest.fixture(autouse=True)
def media_folder(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


class Hands:
    """The district's clock, as a test sets it."""

    at: datetime = TUESDAY


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    """Tuesday at ten, until a test moves the hands."""
    moved = Hands()
    monkeypatch.setattr("config.clock.now", lambda: moved.at)
    return moved


def picture(size: tuple[int, int] = (64, 48), kind: str = "JPEG", **more: Any) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", size, (40, 60, 120)).save(body, kind, **more)
    return body.getvalue()


def upload(body: bytes, name: str = "lamp.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type="image/jpeg")


@dataclass
class Resident:
    """Somebody filling in the form."""

    client: Client = field(default_factory=Client)
    form: str = ""

    def url(self, step: str) -> str:
        return reverse(f"report-{step}", args=[self.form])

    def begin(self, text: str = LAMP_TEXT, **more: Any) -> Any:
        """Open the form and send its first step."""
        self.form = self.client.get(reverse("report"), more).context["draft"].form
        return self.client.post(reverse("report"), {"form": self.form, "text": text, **more})

    def say_where(self, **place: Any) -> Any:
        lon, lat = LAMP_POINT
        return self.client.post(self.url("place"), place or {"lon": lon, "lat": lat, "address": "植物园路"})

    def finish(self, **more: Any) -> Any:
        return self.client.post(self.url("finish"), more)

    def file(self, **more: Any) -> Report:
        """All steps; answers the report."""
        self.begin()
        if self.say_where().url.endswith("/same/"):
            self.client.post(self.url("same"), {"same": "none"})
        response = self.finish(**more)
        assert response.status_code == 302, response.content.decode()
        return Report.objects.latest("pk")


@pytest.fixture
def someone(db: None, hands: Hands) -> Resident:
    return Resident()
