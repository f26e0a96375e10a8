"""A wall in the operations centre, on a Tuesday at five past ten."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from dashboards.screen import kept
from tests.cast import TUESDAY

NOW = TUESDAY + timedelta(minutes=5)


class Hands:
    """The district's clock."""

    at: datetime = NOW


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    moved = Hands()
    monkeypatch.setattr("config.clock.now", lambda: moved.at)
    return moved


@pytest.fixture(autouse=True)
def nothing_kept(hands: Hands) -> Iterator[None]:
    """What an earlier test's walls have shared is not this one's."""
    kept.forget()
    yield
    kept.forget()
