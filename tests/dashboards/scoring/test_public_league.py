"""How the streets compare, for everybody: what is published and frozen, and nothing else."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboards.scoring import acting
from tests.cast import Person
from tests.dashboards.scoring.months import JULY, LAMPS, WATER, june, work

pytestmark = pytest.mark.django_db

PAGE = "/public/streets/"


def body(client: Client, url: str = PAGE) -> str:
    response = client.get(url, headers={"Accept-Language": "en"})
    assert response.status_code == 200
    # The rest of a page has the hour, and a form's own mark.
    return response.content.decode().partition("<main")[2]


def test_nothing_is_told_of_a_month_until_it_is_published_and_then_it_stands_still(
    client: Client, supervisor: Person
) -> None:
    work(40, late=20, **LAMPS)
    work(60, late=1, **WATER)
    period = june()
    assert "Nothing is published yet" in body(client)
    assert client.get(PAGE, {"period": "2026-06"}).status_code == 404
    acting.publish(period=period.pk, actor=supervisor.actor, at=JULY)
    frozen = body(client)
    assert "<table>" in frozen
    assert "50.0" in frozen  # half of the lamps' street were late
    work(40, late=40, **LAMPS)  # facts that come late change nothing that was published
    assert body(client) == frozen
    assert body(client, f"{PAGE}?period=2026-06") == frozen
    assert client.get(PAGE, {"period": "2026-05"}).status_code == 404


def test_it_takes_three_queries(
    client: Client, supervisor: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    work(40, late=20, **LAMPS)
    acting.publish(period=june().pk, actor=supervisor.actor, at=JULY)
    with django_assert_num_queries(3):
        body(client)
