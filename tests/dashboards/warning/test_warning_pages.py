"""The pages and addresses of warnings: who sees which, what stands beside each number, how few queries."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Role
from dashboards.models import Warning, WarningCase
from incidents.models import Incident, Supervision
from tests.cast import TUESDAY, Person, person
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import BUJI
from tests.dashboards.warning.found import found

pytestmark = pytest.mark.django_db
WHY = "管网抢修，已派水车"


@pytest.fixture(autouse=True)
def tuesday() -> Iterator[None]:
    with time_machine.travel(TUESDAY, tick=False):
        yield


def body(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def test_a_street_reads_its_own_and_a_department_none(
    client: Client, street_supervisor: Person, leader: Person, handler: Person
) -> None:
    here, there = found(), found(street_code=BUJI, community_code="")
    head = person("lamps-head", Role.LEADER, "lighting-company")
    page = body(sign_in(client, street_supervisor), "/warnings/")
    assert f'href="/warnings/{here.pk}/"' in page
    assert f"/warnings/{there.pk}/" not in page
    assert client.get(f"/warnings/{there.pk}/").status_code == 404
    assert client.get(f"/api/v1/warnings/{there.pk}/").status_code == 404
    for nobody in (handler, head):
        assert sign_in(client, nobody).get("/warnings/").status_code == 403
        assert client.get("/api/v1/warnings/").status_code == 403
    # A leader reads all of it and is offered nothing to press.
    page = body(sign_in(client, leader), f"/warnings/{there.pk}/")
    assert "/claim/" not in page
    assert client.post(f"/warnings/{there.pk}/claim/").status_code == 403
    client.logout()
    assert client.get("/warnings/").status_code == 302


def test_no_number_stands_without_its_interval_and_filters_live_in_the_address(
    client: Client, supervisor: Person
) -> None:
    burst = found(useful=True)
    theme = found(kind="theme", terms=["无人配送车"], street_code="", community_code="", status="claimed",
                  claimed_by=supervisor.user, claimed_at=TUESDAY, expected=0.7, expected_low=0,
                  expected_high=3,
                  evidence={"days": [["2026-07-06", 4], ["2026-07-07", 7]]})  # fmt: skip
    browser = sign_in(client, supervisor)
    page = body(browser, f"/warnings/{burst.pk}/")
    assert re.search(r"4\.2 ?[(（]1–8[)）]", page)
    assert '"band": {"low": 1.0, "high": 8.0}' in page
    assert "○" in page
    assert "无人配送车" not in body(browser, "/warnings/")
    page = body(browser, "/warnings/?status=hand&kind=theme")
    assert "无人配送车" in page
    assert f"/warnings/{theme.pk}/?status=hand&amp;kind=theme" in page
    assert f"/warnings/{burst.pk}/" not in page
    # What is not understood is told; it hides nothing.
    assert f"/warnings/{burst.pk}/" in body(browser, "/warnings/?kind=%3Cb%3E&street=1&page=99")
    Warning.objects.filter(pk__in=[burst.pk, theme.pk]).update(ended_at=TUESDAY)
    assert f"/warnings/{burst.pk}/" in body(browser, "/warnings/?status=over")


def test_claimed_judged_and_set_aside_by_forms_that_say_what_is_missing(
    client: Client, supervisor: Person
) -> None:
    warning = found()
    url = f"/warnings/{warning.pk}/"
    browser = sign_in(client, supervisor)
    assert browser.post(f"{url}claim/").status_code == 302
    assert browser.post(f"{url}claim/").status_code == 302
    assert warning.events.count() == 1
    assert browser.get(f"{url}claim/").status_code == 405
    assert browser.post(f"{url}dismiss/", {"words": "", "seen": 1}).status_code == 400
    assert browser.post(f"{url}dismiss/", {"words": WHY, "seen": 0}).status_code == 409  # an old page
    assert browser.post(f"{url}judge/", {"useful": "yes", "words": WHY, "seen": 1}).status_code == 302
    page = body(browser, url)
    assert WHY in page
    assert warning.events.count() == 2
    assert browser.post(f"{url}dismiss/", {"words": WHY, "seen": 2}).status_code == 302
    assert Warning.objects.get().status == "dismissed"


def test_a_list_of_exactly_its_cases_from_which_orders_are_given(
    client: Client, supervisor: Person, accepted_case: Incident
) -> None:
    warning = found(cases=3)
    WarningCase.objects.create(warning=warning, incident=accepted_case)
    browser, url = sign_in(client, supervisor), f"/warnings/{warning.pk}/cases/"
    assert body(browser, url).count('<th scope="row"') == 4
    said = {"words": WHY, "seen": 0}
    assert browser.post(url, said).status_code == 400  # none chosen
    assert browser.post(url, {**said, "numbers": [accepted_case.number]}).status_code == 302
    assert Supervision.objects.get().incident == accepted_case
    assert f'value="{accepted_case.number}"' not in body(browser, url)


def test_the_same_by_rest(client: Client, supervisor: Person, leader: Person) -> None:
    warning = found(useful=True)
    url = f"/api/v1/warnings/{warning.pk}/"
    browser = sign_in(client, supervisor)
    listed = browser.get("/api/v1/warnings/?kind=burst&status=open").json()
    assert [row["id"] for row in listed["results"]] == [warning.pk]
    assert listed["precision"][0]["judged"] == listed["precision"][0]["useful"] == 1
    assert browser.get("/api/v1/warnings/?kind=nonsense").status_code == 400
    assert browser.post(f"{url}claim/", {}, "application/json").json()["warning"]["status"] == "claimed"
    answer = browser.post(f"{url}judge/", {"useful": False, "words": WHY, "seen": 0}, "application/json")
    assert answer.status_code == 409
    answer = browser.post(f"{url}judge/", {"useful": False, "words": WHY}, "application/json").json()
    assert (answer["warning"]["useful"], answer["events"][-1]["words"]) == (False, WHY)
    assert len(answer["cases"]) == 3
    assert browser.post(f"{url}release/", {}, "application/json").json()["warning"]["status"] == "open"
    assert browser.post(f"{url}dismiss/", {}, "application/json").status_code == 400
    assert sign_in(client, leader).post(f"{url}claim/", {}, "application/json").status_code == 403


def test_the_list_takes_as_many_queries_for_thirty_as_for_three(
    client: Client, supervisor: Person, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = sign_in(client, supervisor)
    for _number in range(3):
        found(cases=1)
    body(browser, "/warnings/")  # what a process keeps is read once
    with django_assert_max_num_queries(40) as few:
        body(browser, "/warnings/")
    for _number in range(27):
        found(cases=2)
    with django_assert_max_num_queries(len(few)):
        body(browser, "/warnings/")
    first = Warning.objects.latest("pk")
    with django_assert_max_num_queries(40) as few:
        body(browser, f"/warnings/{first.pk}/cases/")
    found_cases = WarningCase.objects.exclude(warning=first).values_list("incident_id", flat=True)[:30]
    WarningCase.objects.bulk_create(
        [WarningCase(warning=first, incident_id=incident) for incident in found_cases]
    )
    with django_assert_max_num_queries(len(few)):
        body(browser, f"/warnings/{first.pk}/cases/")
