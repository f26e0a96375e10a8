"""Whoever answers for a block by name hears of its cases and opens them, wherever in the street they work."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Action, Role
from grids.models import Area
from incidents import blocks, delivery, policy, seeing, sweeps
from incidents.errors import InvalidInput
from incidents.models import Incident, Notification, Timer
from tests.cast import TUESDAY, Person, person
from tests.incidents.test_blocks import name

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    blocks.forget()
    yield
    blocks.forget()


@pytest.fixture
def block(lamp_case: Incident) -> Area:
    """The lamp stands in it."""
    told = {"name_zh": "植物园街区", "name_en": "Garden block", "cells": [lamp_case.cell_code]}
    return blocks.cut(**told, by=None, at=TUESDAY)  # type: ignore[arg-type]


@pytest.fixture
def street(db: None) -> Person:
    """Supervises the street that the lamp stands in."""
    return person("longgang-supervisor", Role.SUPERVISOR, "longgang/operations", "龙岗督办")


@pytest.fixture
def head(db: None) -> Person:
    return person("head", Role.PATROL, "longgang/grid-station", "张街区")


NAMED = [
    (Role.LEADER, "longgang/c006"),
    (Role.HANDLER, "longgang/enforcement"),
    (Role.DISPATCHER, "longgang/c006"),
    (Role.STEWARD, "longgang/enforcement"),
    (Role.PATROL, "longgang/grid-station"),
]


@pytest.mark.parametrize(("role", "unit"), NAMED)
def test_whoever_is_named_hears_of_the_block_and_opens_its_cases(
    block: Area, lamp_case: Incident, street: Person, role: Role, unit: str
) -> None:
    named = person("named", role, unit, "王指导")
    client = Client()
    client.force_login(named.user, backend="django.contrib.auth.backends.ModelBackend")
    address = f"/cases/{lamp_case.number}/"
    assert client.get(address).status_code == 404
    name(block, named, street)
    assert client.get(address).status_code == 200
    user = User.objects.get(pk=named.user.pk)
    assert lamp_case in seeing.cases_of(user)
    assert lamp_case in Incident.objects.filter(seeing.visible(user))
    under = seeing.filed_under(user)
    assert under is None or lamp_case.street_code in under  # a search finds it, too
    due = lamp_case.timers.get(kind=Timer.Kind.HANDLING).due_at
    sweeps.catch_up(at=due + timedelta(minutes=1))
    while delivery.spread(at=due + timedelta(minutes=1)):
        pass
    assert Notification.objects.filter(user=user, message__receiver__startswith="block:").count() == 1
    name(block, None, street)
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(("role", "unit"), NAMED)
@pytest.mark.parametrize("told", [{"nature": "tip_off"}, {"category_id": "1501"}, {"category_id": "1401"}])
def test_a_name_opens_no_tip_off_no_labour_matter_and_no_dispute(
    block: Area, lamp_case: Incident, street: Person, role: Role, unit: str, told: dict[str, str]
) -> None:
    named = person("named", role, unit)
    name(block, named, street)
    Incident.objects.filter(pk=lamp_case.pk).update(**told)
    assert not seeing.can_see(named.user, lamp_case)
    assert lamp_case not in seeing.cases_of(named.user)


def test_a_name_lets_nobody_act_on_the_case_or_see_who_reported(
    block: Area, lamp_case: Incident, street: Person
) -> None:
    named = person("named", Role.HANDLER, "longgang/enforcement")
    name(block, named, street)
    assert [action for action in Action if policy.can(named.user, action, lamp_case)] == []


def test_who_sees_no_case_is_not_offered(block: Area, street: Person) -> None:
    keeper = person("keeper", Role.ADMIN, "longgang/c006")
    assert keeper.user not in blocks.candidates(block.code)
    with pytest.raises(InvalidInput):
        name(block, keeper, street)


def test_the_council_s_page_says_what_they_are_not_told(block: Area, street: Person) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(street.user, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/councils/area/{block.code}/", headers={"accept-language": "en"}).content.decode()
    assert "Tip-offs, labour matters, disputes" in page


def test_a_patrol_on_a_case_is_led_back_to_their_own_page_and_to_no_print(
    block: Area, lamp_case: Incident, head: Person, street: Person
) -> None:
    name(block, head, street)
    client = Client()
    client.force_login(head.user, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/cases/{lamp_case.number}/")
    assert client.get(page.context["back_url"]).status_code == 200
    for part in ("paper", "pdf", "why"):
        address = f"/cases/{lamp_case.number}/{part}/"
        assert client.get(address).status_code == 403
        assert address not in page.content.decode()
