"""The page of a case with supporting units: who sees which step, and that each works without a script."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.roles import Role
from incidents import actions
from incidents.models import Assignment, Incident
from tests.browsers import As
from tests.cast import TUESDAY, Person, person, reload
from tests.incidents.pages.conftest import SetClock

pytestmark = pytest.mark.django_db

WATER = "water-group"


@pytest.fixture
def water(db: None) -> Person:
    return person("water", Role.HANDLER, WATER)


@pytest.fixture(autouse=True)
def an_hour_later(now: SetClock) -> None:
    now.at = TUESDAY + timedelta(hours=1)


def act(client: Any, case: Incident, step: str, **given: Any) -> Any:
    return client.post(reverse("case-act", args=[case.number, step]), given)


def test_the_items_units_are_ticked_and_one_post_asks_them(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    client = browse(handler)
    form = client.get(reverse("case-act", args=[accepted_case.number, "invite-support"])).context["form"]
    assert form["units"].initial == ["urban-management"]
    answer = act(client, accepted_case, "invite-support", units=["urban-management"], another=WATER)
    assert answer.status_code == 302
    asked = accepted_case.assignments.filter(role=Assignment.Role.SUPPORT)
    assert set(asked.values_list("unit_id", flat=True)) == {"urban-management", WATER}


def test_whoever_is_asked_finds_it_in_the_inbox_and_answers(
    browse: As, handler: Person, water: Person, accepted_case: Incident
) -> None:
    at = TUESDAY + timedelta(hours=1)
    actions.invite_support(
        number=accepted_case.number, units=[WATER], asked="关水阀", actor=handler.actor, at=at
    )
    client = browse(water)
    rows = [row for group in client.get(reverse("inbox")).context["groups"] for row in group["rows"]]
    assert [row["case"].number for row in rows] == [accepted_case.number]
    assert rows[0]["support_due"] is not None
    page = client.get(reverse("case", args=[accepted_case.number]))
    assert page.context["main"] == "answer-support"
    assert "关水阀" in page.content.decode()
    act(client, accepted_case, "answer-support", answer="done", text="已关")
    assert client.get(reverse("inbox")).context["groups"] == []
    assert not page.context["can"]["resolve"]


def test_resolving_says_who_has_still_to_answer(browse: As, handler: Person, accepted_case: Incident) -> None:
    at = TUESDAY + timedelta(hours=1)
    actions.invite_support(number=accepted_case.number, units=[WATER], actor=handler.actor, at=at)
    client = browse(handler)
    answer = act(client, accepted_case, "resolve", outcome="solved", text="好了", attested="on")
    assert answer.status_code == 409
    assert act(client, accepted_case, "release-support", unit=WATER, reason="不用").status_code == 302
    answer = act(client, accepted_case, "resolve", outcome="solved", text="好了", attested="on")
    assert answer.status_code == 302
    assert reload(accepted_case).status == "resolved"
