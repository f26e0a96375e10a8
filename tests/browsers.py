"""Browsers without a screen, in which somebody has signed in."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.cast import Person

As = Callable[[Person], Client]


@pytest.fixture
def browse(db: None) -> As:
    """A browser in which this person has signed in."""

    def signed_in(person: Person) -> Client:
        client = Client()
        client.force_login(person.user)
        return client

    return signed_in
