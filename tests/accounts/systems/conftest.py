"""Another system as an administrator has made it, and how it speaks to us."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiClient
from accounts.systems import keeping
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, TUESDAY

API = "/api/v1/"
OFFICE = "198.51.100.7"


class Hours:
    """The real clock, which tokens go by; it stands still until a test moves it."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def pass_by(self, **some: float) -> None:
        self._traveller.shift(timedelta(**some))


@pytest.fixture(autouse=True)
def hours() -> Iterator[Hours]:
    with time_machine.travel(TUESDAY, tick=False) as traveller:
        yield Hours(traveller)


def issue(**given: Any) -> tuple[ApiClient, str]:
    """A system as somebody on the server makes it."""
    told = {"name": "Pinghu street app", "source": "hotline", "scopes": ["report", "read"], **given}
    return keeping.issue(terms=keeping.Terms(**told), actor=None, at=datetime.now(UTC))


@dataclass
class System:
    """Whoever holds a token."""

    token: str
    address: str = OFFICE
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str = "categories/") -> HttpResponse:
        return self._client().get(API + path, headers=self._headers())

    def post(self, path: str, body: object) -> HttpResponse:
        told = json.dumps(body)
        return self._client().post(API + path, told, content_type="application/json", headers=self._headers())

    def _client(self) -> Client:
        return Client(REMOTE_ADDR=self.address)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", **self.headers}


def lamp(external_id: str = "H-1", **given: Any) -> dict[str, Any]:
    """A report of a dead lamp in 南联社区, 龙岗街道, or what `given` says instead."""
    lon, lat = LAMP_POINT
    return {
        "external_id": external_id,
        "text": LAMP_TEXT,
        "category": LAMP_CATEGORY,
        "location": {"lon": lon, "lat": lat},
        **given,
    }


def code_of(answer: HttpResponse) -> str:
    """What a problem document says is wrong."""
    assert answer["Content-Type"] == "application/problem+json"
    code: str = answer.json()["errors"][0]["code"]
    return code
