"""How the tests speak to the API: as another system with its token, or as a person with a session."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiClient
from incidents.models import Incident, Report, Text, TimelineEntry
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, TUESDAY, Person

API = "/api/v1/"


class Caller:
    """A client that sends JSON and reads JSON."""

    def __init__(self, token: str = "", user: Any = None, language: str = "en") -> None:
        self.client = Client()
        self.headers = {"Accept-Language": language}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        if user is not None:
            self.client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self.client.get(API + path, query, headers=self.headers)

    def post(self, path: str, body: object = None, **headers: str) -> HttpResponse:
        return self.post_raw(path, json.dumps(body if body is not None else {}).encode(), **headers)

    def post_raw(
        self, path: str, body: bytes, content_type: str = "application/json", **headers: str
    ) -> HttpResponse:
        told = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.generic("POST", API + path, body, content_type=content_type, headers=told)

    def upload(self, upload: object) -> HttpResponse:
        return self.client.post(API + "attachments/", {"file": upload}, headers=self.headers)


@pytest.fixture(autouse=True)
def tuesday_morning() -> Iterator[None]:
    """It is a working Tuesday, ten o'clock, and stays so."""
    with time_machine.travel(TUESDAY, tick=False):
        yield


@pytest.fixture
def hotline_api(hotline: tuple[ApiClient, str]) -> Caller:
    return Caller(token=hotline[1])


@pytest.fixture
def city_app_api(db: None) -> Caller:
    return Caller(token=ApiClient.objects.issue(name="City app", source="city_app")[1])


@pytest.fixture
def staff() -> Callable[[Person], Caller]:
    """The API as somebody of the cast uses it."""
    return lambda person: Caller(user=person.user)


def lamp(external_id: str = "H-1", **given: Any) -> dict[str, Any]:
    """A report of a dead street lamp as JSON, or what `given` says instead."""
    lon, lat = LAMP_POINT
    return {
        "source": "hotline",
        "external_id": external_id,
        "text": LAMP_TEXT,
        "category": LAMP_CATEGORY,
        "nature": "complaint",
        "place_type": "main_road",
        "location": {"lon": lon, "lat": lat},
        "reporter": {"name": "王小明", "phone": "13812342207"},
        **given,
    }


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def problems(answer: HttpResponse, status: int) -> list[tuple[str, str]]:
    """(field, code) of each error, after a look at the shape of the problem document."""
    assert answer.status_code == status, answer.content.decode()
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert set(told) == {"type", "title", "status", "errors"}
    assert told["status"] == status
    assert told["type"].startswith("urn:yiwang:problem:")
    assert told["title"]
    for error in told["errors"]:
        assert set(error) == {"field", "code", "detail"}
        assert error["detail"]
    return [(error["field"], error["code"]) for error in told["errors"]]


def nothing_written() -> bool:
    """Not even half of a report is there."""
    return not any(model.objects.exists() for model in (Text, Report, Incident, TimelineEntry))
