"""Trying a sentence: who may, by which list, and what the page tells."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from dispatch.models import ResponsibilityList
from incidents.models import DecisionRecord, Incident
from tests.cast import LAMP_CATEGORY, LAMP_TEXT, Person
from tests.dispatch.versions import change, new_draft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("trained_model")]
URL = "/list/try/"


def signed_in(person: Person | User) -> Client:
    client = Client()
    client.force_login(person.user if isinstance(person, Person) else person)
    return client


def tried(person: Person, **facts: Any) -> Any:
    return signed_in(person).post(reverse("try-sentence"), {"text": LAMP_TEXT, **facts})


def test_any_staff_may_try_and_nothing_is_written(handler: Person) -> None:
    before = Incident.objects.count(), DecisionRecord.objects.count()
    page = tried(handler, category=LAMP_CATEGORY, place_type="main_road")
    assert page.status_code == 200
    assert page.context["decision"].is_dispatched
    assert (Incident.objects.count(), DecisionRecord.objects.count()) == before


def test_nobody_without_a_role_or_a_sign_in_may(db: None) -> None:
    assert Client().get(URL).status_code == 302
    somebody = User.objects.create_user(username="nobody", password="x" * 20)
    assert signed_in(somebody).get(URL).status_code == 403


def test_shows_every_item_of_a_given_category(operator: Person) -> None:
    page = tried(operator, category=LAMP_CATEGORY, place_type="main_road")
    (category,) = page.context["categories"]
    items = ResponsibilityList.objects.get().items.filter(category=LAMP_CATEGORY)
    assert {row.item for row in (*category.near, *category.far)} == set(items.values_list("code", flat=True))
    assert category.near[0].standing == "won"
    for row in (*category.near[1:], *category.far):
        assert row.failed or row.lost, row.item
    assert not any(row.held for row in category.far)


def test_underlines_the_words_of_the_winner(operator: Person) -> None:
    page = tried(operator, category=LAMP_CATEGORY, place_type="main_road")
    pieces = page.context["pieces"]
    assert "".join(piece.text for piece in pieces) == LAMP_TEXT
    assert [piece.text for piece in pieces if piece.rank == 1]


def test_facts_beside_the_sentence_change_the_answer(operator: Person) -> None:
    manhole = {"text": "井盖不见了,敞着口", "category": "0201"}
    telecom = tried(operator, **manhole, owner="china-telecom").context["decision"]
    mobile = tried(operator, **manhole, owner="china-mobile").context["decision"]
    assert telecom.unit != mobile.unit


def test_a_community_makes_relative_units_real(operator: Person) -> None:
    stall = {"text": "流动摊贩占道卖水果,人行道走不了", "category": "0105"}
    nowhere = tried(operator, **stall).context["decision"]
    here = tried(operator, **stall, area="440307003002").context["decision"]
    assert not nowhere.is_dispatched
    assert here.is_dispatched


def test_the_time_of_day_counts(operator: Person) -> None:
    noise = {"text": "工地还在施工,吵得睡不着", "category": "0601", "place_type": "construction_site"}
    shown = [
        {row.item for row in category.near if "hours" in row.asks or row.held}
        for category in (
            tried(operator, **noise, time=time).context["categories"][0] for time in ("03:00", "12:00")
        )
    ]
    assert shown[0] != shown[1]


def test_without_words_and_category_it_asks_for_either(operator: Person) -> None:
    page = tried(operator, text=" ")
    assert page.status_code == 400
    assert page.context["form"].has_error("text", "empty")


def test_a_link_may_bring_facts_along(operator: Person) -> None:
    page = signed_in(operator).get(URL, {"text": "路灯不亮", "category": LAMP_CATEGORY})
    assert "路灯不亮" in page.content.decode()


def test_a_steward_tries_a_draft(steward: Person) -> None:
    draft = new_draft(steward)
    change(draft, steward, "0204-001", lead_unit="water-group")
    facts = {"category": LAMP_CATEGORY, "place_type": "main_road"}
    live = tried(steward, **facts).context["decision"]
    by_draft = tried(steward, **facts, version=str(draft.version)).context["decision"]
    assert (live.item, by_draft.item) == ("0204-001 " + live.item.partition(" ")[2],) * 2
    assert live.unit != by_draft.unit
    assert by_draft.version == draft.version


def test_a_draft_is_shown_to_stewards_only(operator: Person, steward: Person) -> None:
    draft = new_draft(steward)
    page = tried(operator, category=LAMP_CATEGORY, version=str(draft.version))
    assert page.status_code == 400
    assert page.context["form"].has_error("version", "invalid_choice")
    assert draft.title not in page.content.decode()
