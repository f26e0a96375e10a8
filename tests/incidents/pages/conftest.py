"""Browsing as somebody, at the time at which the cast's cases happen."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from config import clock
from tests.cast import TUESDAY, Person

As = Callable[[Person], Client]


@pytest.fixture
def browse(db: None) -> As:
    """A browser in which this person has signed in."""

    def signed_in(person: Person) -> Client:
        client = Client()
        client.force_login(person.user)
        return client

    return signed_in


class SetClock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.at = TUESDAY + timedelta(minutes=5)

    def now(self) -> datetime:
        return self.at


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Five past ten on that Tuesday, until a test moves it."""
    hands = SetClock()
    monkeypatch.setattr(clock, "now", hands.now)
    return hands
