"""Somebody else's app: it knows the specification, and its key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiClient, Scope
from incidents.open311 import endpoints
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, TUESDAY

V2 = "/open311/v2/"


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has been counted, and no minute ends in the middle of a test."""
    for limit in (endpoints.ADDRESSES, endpoints.KEYS):
        limit._counts.clear()
        monkeypatch.setattr(type(limit), "clock", staticmethod(lambda: 30.0))


@pytest.fixture(autouse=True)
def media_folder(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


class Hands:
    """The district's clock."""

    at: datetime = TUESDAY


@pytest.fixture(autouse=True)
def hands(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    moved = Hands()
    monkeypatch.setattr("config.clock.now", lambda: moved.at)
    return moved


@pytest.fixture
def key(db: None) -> str:
    return ApiClient.objects.issue(name="City in your pocket", source="city_app", scopes=[Scope.OPEN311])[1]


def lamp(**given: Any) -> dict[str, Any]:
    """What an app posts of a dead lamp, or what `given` says instead; None leaves a field out."""
    lon, lat = LAMP_POINT
    said = {"service_code": LAMP_CATEGORY, "lat": lat, "long": lon, "description": LAMP_TEXT, **given}
    return {name: value for name, value in said.items() if value is not None}


@dataclass
class App:
    """Asks and posts as a form, in one language."""

    key: str = ""
    language: str = "en"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, headers: dict[str, str] | None = None, **asked: Any) -> HttpResponse:
        told = {"Accept-Language": self.language, **(headers or {})}
        return self.client.get(V2 + path, asked, headers=told)

    def post(
        self, form: dict[str, Any], path: str = "requests.json", headers: dict[str, str] | None = None
    ) -> HttpResponse:
        told = {"Accept-Language": self.language, **(headers or {})}
        sent = {"api_key": self.key, **form} if self.key else form
        return self.client.generic(
            "POST",
            V2 + path,
            urlencode(sent, doseq=True),
            content_type="application/x-www-form-urlencoded",
            headers=told,
        )


@pytest.fixture
def app(key: str) -> App:
    return App(key)


@pytest.fixture
def stranger(db: None) -> App:
    """An app without a key."""
    return App()


def xml(answer: HttpResponse) -> ElementTree.Element:
    """The answer's root, after what every XML answer must be."""
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    return ElementTree.fromstring(answer.content)
