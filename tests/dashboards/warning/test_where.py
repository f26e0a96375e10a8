"""Where warnings stand: each cell counts exactly the list that it opens, and the map is of the same."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboards.models import Warning
from dashboards.warning import where
from tests.cast import TUESDAY, Person
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import BUJI, PINGHU, PINGHU_COMMUNITY
from tests.dashboards.warning.found import found

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tuesday() -> Iterator[None]:
    with time_machine.travel(TUESDAY, tick=False):
        yield


def spread() -> None:
    """Lamps in Pinghu (one in a community, two of the street), noise in Buji, one of the whole district."""
    found(cases=1)
    for _twice in range(2):
        found(cases=1, community_code="", status="dismissed")
    found(cases=1, street_code=BUJI, community_code="", domain_code="06", category_code="0601", kind="repeat")
    found(cases=1, street_code="", community_code="", domain_code="", category_code="", kind="theme")
    found(cases=1, found_at=TUESDAY - timedelta(weeks=5))


def test_each_cell_opens_a_list_of_exactly_as_many(client: Client, supervisor: Person) -> None:
    spread()
    browser = sign_in(client, supervisor)
    for query in ("", "?weeks=12", "?kind=burst"):
        page = browser.get(f"/warnings/where/{query}").content.decode()
        cells = re.findall(r'<a href="(/warnings/\?status=all[^"]*)">(\d+)', page)
        assert cells, query
        for url, count in cells:
            listed = browser.get(unescape(url)).content.decode()
            assert listed.count("data-row=") == int(count), url
    page = browser.get("/warnings/where/").content.decode()
    assert f"street={PINGHU}&amp;domain=02&amp;weeks=4" in page
    assert page.count("data-waits") == 3  # Pinghu's lamps, Buji's noise, the whole district's
    assert "?status=all&amp;weeks=4" not in page  # what lies nowhere has no filter


def test_the_map_is_of_the_same_and_a_street_sees_its_own(
    client: Client, supervisor: Person, street_supervisor: Person, handler: Person
) -> None:
    spread()
    url = "/warnings/where/values.json"
    values = sign_in(client, supervisor).get(url).json()["values"]
    assert (values[PINGHU_COMMUNITY]["value"], values[PINGHU_COMMUNITY]["outline"]) == (3, True)
    beside = next(code for code in values if code[:9] == PINGHU[:9] and code != PINGHU_COMMUNITY)
    assert (values[beside]["value"], values[beside]["outline"]) == (2, False)
    assert {code[:9] for code in values} == {PINGHU[:9], BUJI[:9]}
    browser = sign_in(client, street_supervisor)
    assert {code[:9] for code in browser.get(url).json()["values"]} == {PINGHU[:9]}
    page = browser.get("/warnings/where/").content.decode()
    assert f'data-area="{PINGHU}"' in page
    assert BUJI not in page
    assert sign_in(client, handler).get("/warnings/where/").status_code == 403
    assert client.get(url).status_code == 403


def test_with_nothing_found_and_as_many_queries_for_many_as_for_few(
    client: Client, supervisor: Person, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = sign_in(client, supervisor)
    assert 'class="empty' in browser.get("/warnings/where/").content.decode()
    spread()
    with django_assert_max_num_queries(25) as few:
        browser.get("/warnings/where/")
    for _number in range(5):
        spread()
    with django_assert_max_num_queries(len(few)):
        page = browser.get("/warnings/where/?weeks=3&kind=%3Cb%3E").content.decode()
    assert "&lt;b&gt;" in page


def test_a_warning_marks_its_place_and_a_wide_one_the_communities_of_its_cases() -> None:
    assert where.areas_of(found()) == [PINGHU_COMMUNITY]
    assert where.areas_of(found(community_code="")) == [PINGHU, PINGHU_COMMUNITY]
    assert where.areas_of(found(street_code="", community_code="")) == [PINGHU_COMMUNITY]
    assert where.areas_of(found(cases=0, street_code="", community_code="")) == []
    assert Warning.objects.count() == 4
