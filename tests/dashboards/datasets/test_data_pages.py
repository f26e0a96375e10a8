"""The pages: what each role finds, in as many queries for many as for few; nothing empty without a word."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.roles import Role
from dashboards.datasets import acting
from dashboards.datasets.catalogue import CATEGORIES, EVENTS, SCORES
from dashboards.models import DataRequest, Snapshot
from tests.cast import Person, person
from tests.dashboards.conftest import sign_in
from tests.dashboards.datasets.built import build
from tests.dashboards.datasets.conftest import NOON
from tests.dashboards.datasets.test_access import PURPOSE, ask
from tests.dashboards.facts import case

pytestmark = pytest.mark.django_db


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as held:
        assert client.get(address).status_code == 200
    return len(held)


def test_before_anything_is_built_every_page_says_so(
    client: Client, handler: Person, supervisor: Person
) -> None:
    sign_in(client, handler)
    catalogue = client.get("/data/")
    assert catalogue.context["found"] == 10
    for entry in catalogue.context["entries"]:
        assert entry.snapshot is None
        assert client.get(f"/data/{entry.dataset.code}/").status_code == 200
    assert client.get("/data/categories/files/csv/").status_code == 404
    assert client.get("/data/requests/").context["rows"] == []
    Snapshot.objects.create(
        dataset="events", version=1, state="failed", cut_at=NOON, began_at=NOON, error="ProgrammingError"
    )
    # What went wrong inside is the log's, not the reader's.
    assert b"ProgrammingError" not in client.get("/data/events/").content
    build(SCORES, at=NOON)
    assert client.get("/data/scores/").context["sample"] == []


def test_the_catalogue_is_searched_by_words_topic_and_domain(client: Client, handler: Person) -> None:
    case(category_id="0204")
    build(EVENTS, CATEGORIES, at=NOON)
    sign_in(client, handler)

    def found(**asked: str) -> list[str]:
        return [entry.dataset.code for entry in client.get("/data/", asked).context["entries"]]

    assert found(q="rework") == ["events", "scores"]
    assert found(topic="warnings") == ["warnings"]
    assert found(domain="02") == ["events", "categories"]
    assert found(domain="20") == ["categories"]
    assert found(q="zebra") == []
    # What is not understood is told, and hides nothing.
    answer = client.get("/data/", {"topic": "x", "domain": "99"})
    assert (answer.context["strange"], answer.context["found"]) == (["x", "99"], 10)


def test_rows_are_shown_to_those_who_may_have_them(
    client: Client, handler: Person, supervisor: Person
) -> None:
    case()
    build(EVENTS, at=NOON)
    sign_in(client, handler)
    page = client.get("/data/events/")
    assert page.context["sample"] == []
    assert b'href="/data/events/ask/"' in page.content
    assert client.get("/data/events/files/csv/").status_code == 403
    assert client.get("/data/events/usage/").status_code == 403
    assert client.get("/data/events/access/").status_code == 403
    request = ask(handler)
    assert f"/data/requests/{request.pk}/".encode() in client.get("/data/events/").content
    acting.grant(request=request.pk, days=5, actor=supervisor.actor, at=NOON)
    page = client.get("/data/events/")
    assert len(page.context["sample"]) == 1
    assert client.get("/data/events/files/parquet/").status_code == 200
    sign_in(client, supervisor)
    (row,) = client.get("/data/events/usage/").context["taken"]
    assert (row["one"].user, row["one"].format, row["one"].rows) == (handler.user, "parquet", 1)


def test_from_the_question_to_the_answer(client: Client, handler: Person, supervisor: Person) -> None:
    sign_in(client, handler)
    short = client.post("/data/events/ask/", {"purpose": "看看", "days": 30})
    assert short.status_code == 400
    assert "看看" in short.content.decode()  # what was typed is kept
    asked = client.post("/data/events/ask/", {"purpose": PURPOSE, "days": 30})
    again = client.post("/data/events/ask/", {"purpose": PURPOSE, "days": 30})
    assert asked.status_code == again.status_code == 302
    assert asked["Location"] == again["Location"]
    page = asked["Location"]
    # A stranger finds nothing there, and who asked cannot grant.
    stranger = Client()
    sign_in(stranger, person("stranger", Role.HANDLER, "police"))
    assert stranger.get(page).status_code == 404
    assert client.post(page, {"act": "grant", "grant-days": 30}).status_code == 403
    assert client.post(page, {"act": "dance"}).status_code == 409

    owner = Client()
    sign_in(owner, supervisor)
    assert [row["held"].state for row in owner.get("/data/requests/").context["rows"]] == ["waiting"]
    assert owner.post(page, {"act": "refuse", "why-words": ""}).status_code == 400
    assert owner.post(page, {"act": "grant", "grant-days": 31}).status_code == 400
    assert owner.post(page, {"act": "grant", "grant-days": 7}).status_code == 302
    assert owner.post(page, {"act": "grant", "grant-days": 7}).status_code == 409  # a second click
    assert owner.post(page, {"act": "withdraw", "why-words": "专题已结束"}).status_code == 302
    assert [event.kind for event in owner.get(page).context["events"]] == ["asked", "granted", "withdrawn"]
    told = {"mode": "open", "words": "试点期间全员可用"}
    assert owner.post("/data/events/access/", {**told, "mode": "roles"}).status_code == 400
    assert owner.post("/data/events/access/", told).status_code == 302
    assert client.get("/data/events/").context["entry"].standing.ground == "open"


def test_as_many_queries_for_many_as_for_few(client: Client, supervisor: Person) -> None:
    build(CATEGORIES, EVENTS, at=NOON)
    sign_in(client, supervisor)

    def measured() -> dict[str, int]:
        return {
            address: queries(client, address)
            for address in ("/data/", "/data/events/", "/data/requests/", "/data/events/usage/")
        }

    def people(first: int, last: int) -> None:
        for number in range(first, last):
            made = person(f"asks-{number}", Role.HANDLER, "police")
            ask(made)
            sign_in(Client(), made)
            browser = Client()
            sign_in(browser, made)
            browser.get("/data/categories/files/csv/")
        for row in DataRequest.objects.waiting()[: last - first - 1]:
            acting.grant(request=row.pk, days=3, actor=supervisor.actor, at=NOON)

    people(0, 3)
    few = measured()
    people(3, 28)
    assert measured() == few
    assert max(few.values()) <= 30, few


def test_what_is_stale_is_said(client: Client, supervisor: Person) -> None:
    build(CATEGORIES, at=NOON - timedelta(days=2))
    sign_in(client, supervisor)
    entry: Any = client.get("/data/categories/").context["entry"]
    assert entry.is_stale
    assert client.get("/api/v1/datasets/categories/").json()["snapshot"]["stale"] is True
