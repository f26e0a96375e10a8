"""Browsing as somebody, at the time at which the cast's cases happen."""

from datetime import datetime, timedelta

import pytest

from config import clock
from tests.cast import TUESDAY


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
