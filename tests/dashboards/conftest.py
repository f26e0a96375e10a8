"""The district on a Tuesday afternoon, when somebody looks at a board."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from tests.cast import Person
from tests.dashboards.facts import DAY, noon


@pytest.fixture
def today() -> Iterator[None]:
    """It is noon on the day of the facts."""
    with time_machine.travel(noon(DAY), tick=False):
        yield


@pytest.fixture
def sees(client: Client) -> Client:
    """A browser; `sign_in(client, person)` decides whose."""
    return client


def sign_in(client: Client, person: Person) -> Client:
    """Let the browser be this person's."""
    client.force_login(person.user, backend="django.contrib.auth.backends.ModelBackend")
    return client
