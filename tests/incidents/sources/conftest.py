"""The other systems of these tests, each with its token."""

from collections.abc import Iterator

import pytest
import time_machine

from accounts.models import ApiClient
from tests.cast import TUESDAY
from tests.incidents.api.conftest import Caller
from tests.incidents.resident.conftest import hands

__all__ = ["hands"]


@pytest.fixture(autouse=True)
def tuesday_morning() -> Iterator[None]:
    with time_machine.travel(TUESDAY, tick=False):
        yield


@pytest.fixture
def city_app_api(db: None) -> Caller:
    return Caller(token=ApiClient.objects.issue(name="City app", source="city_app")[1])


@pytest.fixture
def city_api(db: None) -> Caller:
    """The city's hotline, which wants to accept what is closed."""
    client, token = ApiClient.objects.issue(name="City 12345", source="hotline")
    ApiClient.objects.filter(pk=client.pk).update(accepts_closing=True)
    return Caller(token=token)
