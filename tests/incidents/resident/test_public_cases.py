"""Public cases on pages and as open data: enough, and nothing about anybody."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from incidents import actions, releasing
from incidents.attachments import store_picture
from incidents.models import Incident, PublicWords
from incidents.models.incident import Status
from incidents.openness import public
from incidents.pages import resident_cases
from tests.cast import LAMP_CATEGORY, TUESDAY, Person, file_report
from tests.incidents.resident.conftest import Hands, picture, upload

pytestmark = pytest.mark.django_db

SECRETS = ("植物园", "王小明", "13812342207", "60 米")
HTML, CSV, JSON, POINTS = "/public/cases/", "/public/cases.csv", "/public/cases.json", "/public/cases.geojson"


@pytest.fixture(autouse=True)
def now(hands: Hands, tmp_path: Any, settings: Any) -> None:
    resident_cases.DOWNLOADS.forget()
    settings.MEDIA_ROOT = tmp_path


def case(**given: Any) -> Incident:
    return file_report(joins="", **given)


def body(answer: HttpResponse) -> str:
    assert answer.status_code == 200
    whole = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return whole.decode()


def get(url: str, **asked: Any) -> str:
    return body(Client().get(url, asked, headers={"Accept-Language": "en"}))


def test_every_way_of_reading_them_says_the_same_and_names_nobody(operator: Person) -> None:
    incident, tip = case(), case(nature="tip_off")
    actions.publish(number=incident.number, text="路灯坏了", photos={}, actor=operator.actor, at=TUESDAY)
    (row,) = json.loads(get(JSON))
    (line,) = csv.DictReader(io.StringIO(get(CSV).removeprefix("\ufeff")))
    assert (row["number"], row["category"], row["state"]) == (incident.number, LAMP_CATEGORY, "open")
    assert row["words"] == line["words"] == "路灯坏了"
    assert list(line) == list(row) == list(resident_cases.COLUMNS)
    assert row["received_at"] == "2026-07-07T10:00:00+08:00"
    (feature,) = json.loads(get(POINTS))["features"]
    assert feature["properties"]["url"] == f"/public/cases/{incident.number}/"
    page = get(HTML)
    assert "路灯坏了" in page
    whole = page + get(JSON) + get(CSV) + get(POINTS) + get(f"/public/cases/{incident.number}/")
    for secret in (*SECRETS, tip.number):
        assert secret not in whole
    assert Client().get(f"/public/cases/{tip.number}/").status_code == 404


GUESSED = "植物园路那边好像有个什么东西坏掉了,麻烦来看看"


def known(incident: Incident) -> bool:
    """Is it behind every door, or behind none?"""
    pages = [
        incident.number in get(JSON),
        incident.number in get(CSV),
        incident.number in get(POINTS),
        Client().get(f"/public/cases/{incident.number}/").status_code == 200,
        incident.number in Client().get("/open311/v2/requests.json").content.decode(),
        Client().get(f"/open311/v2/requests/{incident.number}.json").status_code == 200,
    ]
    assert len(set(pages)) == 1, pages
    return pages[0]


def waiting(**given: Any) -> Incident:
    """A case that waits on the desk, of a category that anybody might read of."""
    found = case(category=None, text=GUESSED, **given)
    assert found.status == Status.TRIAGE
    Incident.objects.filter(pk=found.pk).update(category=LAMP_CATEGORY, triage_codes=["low_confidence"])
    return Incident.objects.get(pk=found.pk)


def test_a_machines_guess_is_public_once_somebody_has_sent_it(dispatcher: Person) -> None:
    guess = waiting()
    assert not known(guess)
    assert not releasing.waiting(Incident.objects.all(), at=TUESDAY).exists()
    actions.dispatch(number=guess.number, item_code="0204-001", actor=dispatcher.actor, at=TUESDAY)
    assert known(guess)


def test_a_sending_that_is_taken_back_hides_it_again(dispatcher: Person) -> None:
    guess = waiting()
    actions.dispatch(number=guess.number, item_code="0204-001", actor=dispatcher.actor, at=TUESDAY)
    actions.recall(number=guess.number, actor=dispatcher.actor, at=TUESDAY)
    assert not known(guess)


def test_what_comes_back_to_the_desk_stays_known(handler: Person, dispatcher: Person) -> None:
    sent = case()
    actions.request_return(
        number=sent.number, reason="不是我们的灯", cites="0204-001", actor=handler.actor, at=TUESDAY
    )
    actions.decide_return(number=sent.number, agreed=True, actor=dispatcher.actor, at=TUESDAY)
    assert Incident.objects.get(pk=sent.pk).status == Status.TRIAGE
    assert known(sent)


def test_what_the_desk_finds_to_be_at_somebodys_home_is_hidden_at_once(
    handler: Person, dispatcher: Person
) -> None:
    """The rule reads the case as it stands, on the desk too."""
    sent = case()
    actions.request_return(
        number=sent.number, reason="是住户家里的事", cites="0604", actor=handler.actor, at=TUESDAY
    )
    actions.decide_return(number=sent.number, agreed=True, actor=dispatcher.actor, at=TUESDAY)
    assert json.loads(get(JSON))
    resident_cases.DOWNLOADS.forget()
    actions.correct(number=sent.number, category="0604", actor=dispatcher.actor, at=TUESDAY)
    assert json.loads(get(JSON)) == []
    assert Client().get(f"{HTML}{sent.number}/").status_code == 404


def test_what_is_turned_away_unsent_is_never_known(dispatcher: Person) -> None:
    guess = waiting()
    actions.reject(number=guess.number, reason="不属于本区受理范围", actor=dispatcher.actor, at=TUESDAY)
    assert not known(guess)


IN_CONFIDENCE = (
    {"nature": "tip_off"},
    {"source": "letter_visit", "attributes": {"confidential": True}},
)


@pytest.mark.parametrize("said", IN_CONFIDENCE)
@pytest.mark.parametrize("joins", [False, True])
def test_what_was_told_in_confidence_stands_behind_no_door(
    said: dict[str, Any], joins: bool, client: Client, operator: Person, dispatcher: Person
) -> None:
    """Neither as a case of its own, nor where it joined one that others reported; until it is split off."""
    photo = store_picture(upload(picture()), at=TUESDAY)
    known = case(attachments=(photo.pk,))
    actions.publish(
        number=known.number, text="路灯坏了", photos={photo.pk: ()}, actor=operator.actor, at=TUESDAY
    )
    # A tip-off never joins by itself, but the desk may merge it.
    letter = case(**said)
    told, hidden = [known], [letter]
    if joins:
        actions.merge(number=letter.number, into=known.number, actor=dispatcher.actor, at=TUESDAY)
        told, hidden = [], [known, letter]
    client.force_login(operator.user, backend="django.contrib.auth.backends.ModelBackend")
    PublicWords.objects.all().delete()  # the page for releasing offers what nobody has decided on
    doors = [get(HTML), get(CSV), get(JSON), get(POINTS), client.get(reverse("release")).content.decode()]
    doors += [get(f"/open311/v2/requests.{kind}", page_size=50) for kind in ("json", "xml")]
    for one in doors:
        assert {each.number for each in (known, letter) if each.number in one} == {
            each.number for each in told
        }
    for one in hidden:
        assert Client().get(f"/public/cases/{one.number}/").status_code == 404
        assert Client().get(f"/open311/v2/requests/{one.number}.json").status_code == 404
    assert Client().get(f"/public/photos/{photo.pk}.jpg").status_code == (404 if joins else 200)
    if joins:
        actions.unmerge(number=letter.number, actor=dispatcher.actor, at=TUESDAY)
        assert known.number in get(HTML)


def test_a_case_that_was_joined_to_one_that_nobody_may_know_does_not_name_it(dispatcher: Person) -> None:
    first, second = case(nature="tip_off"), case()
    actions.merge(number=second.number, into=first.number, actor=dispatcher.actor, at=TUESDAY)
    asked = {"service_request_id": second.number, "extensions": "true"}
    for door in (get(f"/public/cases/{second.number}/"), get("/open311/v2/requests.json", **asked)):
        assert second.number in door
        assert first.number not in door


def test_what_was_told_in_confidence_is_looked_for_case_by_case() -> None:
    """By a join, which can stop after a page; never by a list of all reports, made for every question."""
    plan = public(Incident.objects.order_by("-received_at")).explain()
    assert "Anti Join" in plan
    assert "SubPlan" not in plan


def test_what_is_chosen_is_chosen_everywhere(hands: Hands) -> None:
    lamp = case()
    waste = case(category="0101", text="路边一堆垃圾")
    Incident.objects.filter(pk=waste.pk).update(status="closed", closed_at=TUESDAY, outcome="solved")
    old = case(at=TUESDAY - timedelta(days=91))
    for asked, found in (
        ({}, {lamp, waste}),
        ({"state": "closed"}, {waste}),
        ({"group": "02"}, {lamp}),
        (
            {"street": lamp.street_code, "group": "01"},
            {waste} if waste.street_code == lamp.street_code else set(),
        ),
        ({"q": "南联"}, {one for one in (lamp, waste) if one.community_code == lamp.community_code}),
        ({"street": "nonsense", "state": "?", "group": "99"}, {lamp, waste}),
    ):
        numbers = {one.number for one in found}
        assert {row["number"] for row in json.loads(get(JSON, **asked))} == numbers
        page = get(HTML, **asked)
        assert {one.number for one in (lamp, waste, old) if one.number in page} == numbers
        assert len(json.loads(get(POINTS, **asked))["features"]) == len(numbers)
        resident_cases.DOWNLOADS.forget()


def test_pages_lead_on_and_back_and_an_empty_one_says_so() -> None:
    assert "Nothing was reported in public space" in get(HTML)
    for _index in range(resident_cases.PER_PAGE + 1):
        case()
    first, second = get(HTML, state="open"), get(HTML, state="open", page="2")
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    assert 'rel="prev"' in second
    assert 'rel="next"' not in second
    assert "Nothing like that" in get(HTML, page="3")
    assert "Nothing like that" in get(HTML, q="海啸")
    for page in ("0", "-1", "x", "９", "999999999"):
        get(HTML, page=page)


def test_a_file_is_no_program_and_is_not_taken_all_the_time(operator: Person) -> None:
    incident = case()
    actions.publish(number=incident.number, text="=1+1 路灯坏了", photos={}, actor=operator.actor, at=TUESDAY)
    (line,) = csv.DictReader(io.StringIO(get(CSV).removeprefix("\ufeff")))
    assert line["words"].startswith("'=1+1")
    for _index in range(resident_cases.DOWNLOADS.limit - 1):
        get(JSON)
    refused = Client().get(JSON)
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert json.loads(get(POINTS))["features"]


def test_no_rows_are_an_empty_array() -> None:
    assert json.loads(get(JSON)) == []


def test_a_page_takes_as_many_queries_for_twenty_as_for_three(django_assert_num_queries: Any) -> None:
    for _index in range(3):
        case()
    get(HTML)
    with django_assert_num_queries(7):
        get(HTML)
    for _index in range(17):
        case()
    with django_assert_num_queries(7):
        get(HTML)


def test_a_case_that_was_joined_leads_to_the_other(dispatcher: Person) -> None:
    first, second = case(), case()
    actions.merge(
        number=second.number, into=first.number, actor=dispatcher.actor, at=TUESDAY + timedelta(hours=1)
    )
    assert reverse("public-case", args=[first.number]) in get(f"/public/cases/{second.number}/")
