"""Signing in by the form, with and without a telephone that shows codes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.identity import factors
from accounts.identity.where import Where
from accounts.models import User
from tests.cast import PASSWORD, Person

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"


class Hours:
    """The real clock, which signing in goes by: it stands still until a test moves it."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def pass_by(self, **some: float) -> None:
        self._traveller.shift(timedelta(**some))


@pytest.fixture
def hours() -> Iterator[Hours]:
    with time_machine.travel(START, tick=False) as traveller:
        yield Hours(traveller)


@dataclass
class Phone:
    """An authenticator app."""

    key: str
    codes: list[str]
    hours: Hours

    def code(self, *, steps: int = 0) -> str:
        return pyotp.TOTP(self.key).at(self.hours.now, counter_offset=steps)


def with_phone(user: User, hours: Hours) -> Phone:
    """Set up a second factor; half a minute later, as its first code is used."""
    offered = factors.offer(user)
    key = factors.offered_key(user, offered)
    first = pyotp.TOTP(key).at(hours.now)
    codes = factors.set_up(user=user, offered=offered, code=first, at=hours.now, where=Where())
    hours.pass_by(seconds=60)
    return Phone(key, codes, hours)


def signed_in(who: Person, *, agent: str = CHROME, phone: Phone | None = None, address: str = "") -> Client:
    """A browser in which this person has come in by the door."""
    client = Client(headers={"user-agent": agent})
    if address:
        client.defaults["REMOTE_ADDR"] = address
    client.post(reverse("sign-in"), {"username": who.user.username, "password": PASSWORD})
    if phone is not None:
        client.post(reverse("sign-in-code"), {"code": phone.code()})
    return client


def is_in(client: Client) -> bool:
    """Does this browser open a page of the staff?"""
    return client.get(reverse("notices")).status_code == 200
