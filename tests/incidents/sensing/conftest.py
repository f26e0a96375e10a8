"""Devices, rules and messages that the tests of alerts share."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import ApiClient
from incidents.models import AlertDevice, Incident
from incidents.sensing import taking
from incidents.sensing.defaults import load_defaults
from incidents.sensing.notice import Notice
from incidents.sensing.settling import settle
from tests.cast import LAMP_POINT, TUESDAY

MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    """So many minutes after ten on that Tuesday."""
    return TUESDAY + minutes * MINUTE


def notice(device: str = "L-1", kind: str = "lamp_fault", *, minutes: float = 0, **more: Any) -> Notice:
    """A lamp reports a fault at that minute, or what `more` says instead."""
    told: dict[str, Any] = {"is_firing": True, "channel": "mqtt", "key": f"{device}|{kind}", **more}
    return Notice(device=device, kind=kind, at=at(minutes), **told)


class Feed:
    """One source of alerts, and the clock that runs beside it."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client

    def fires(
        self, device: str = "L-1", kind: str = "lamp_fault", *, minutes: float = 0, **more: Any
    ) -> None:
        self.says(notice(device, kind, minutes=minutes, **more))

    def clears(
        self, device: str = "L-1", kind: str = "lamp_fault", *, minutes: float = 0, **more: Any
    ) -> None:
        self.says(notice(device, kind, minutes=minutes, is_firing=False, **more))

    def says(self, *notices: Notice, minutes: float | None = None) -> taking.Taken:
        when = max(one.at for one in notices) if minutes is None else at(minutes)
        return taking.take(notices, client=self.client, at=when)

    def clock(self, minutes: float) -> None:
        """Let the sweep run at that minute."""
        settle(at=at(minutes))


@pytest.fixture
def rules(db: None) -> None:
    load_defaults()


@pytest.fixture
def feed(rules: None) -> Feed:
    return Feed(ApiClient.objects.issue(name="lamps", source="sensor")[0])


@pytest.fixture
def place(db: None) -> Callable[..., AlertDevice]:
    """Put a device into the register, on the road of the cast's lamps."""

    def make(code: str, **more: Any) -> AlertDevice:
        lon, lat = LAMP_POINT
        told = {"lon": lon, "lat": lat, "place_type": "main_road", "by_sheet": True, "known_since": TUESDAY}
        return AlertDevice.objects.create(code=code, **{**told, **more})

    return make


@pytest.fixture
def lamp(place: Callable[..., AlertDevice]) -> AlertDevice:
    return place("L-1", name="植物园路 1 号灯", kind="lamp")


def kinds(incident: Incident) -> list[str]:
    """What stands on a case's timeline."""
    return list(incident.timeline.values_list("kind", flat=True))
