"""Everybody is answered as the policy table says: each role in each place, at every address, by every method.

A document of some thousand requests, so: one world for all of them, the views asked without the middleware
before them (it knows no roles), and pages not drawn. What an address says to somebody is undone after it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.template.backends.django import Template
from pytest_django import DjangoDbBlocker

from accounts.roles import Role
from config.policy.resolving import Address, addresses
from config.policy.rules import ANYWHERE, DISTRICT, Rule, each
from config.policy.table import table
from incidents.pages import resident_cases
from tests.config.policy.asking import World
from tests.config.policy.comparing import differences
from tests.config.policy.things import NOW


def _parts() -> dict[str, list[Address]]:
    """All addresses, in parts that fail by themselves."""
    found: dict[str, list[Address]] = {}
    for one in addresses():
        part = f"{one.room}, REST" if one.is_rest else one.room
        if one.name == "case-act" or one.name.startswith("api:incident-"):
            part = "deeds"
        found.setdefault(part, []).append(one)
    return found


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: Any
) -> Iterator[World]:
    """One district for the whole module, undone at its end."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr("django.conf.settings.API_REQUESTS_PER_MINUTE", 0)
        patch.setattr("django.conf.settings.OPEN311_REQUESTS_PER_MINUTE", 0)
        patch.setattr(resident_cases.DOWNLOADS, "limit", 1_000)
        patch.setattr("django.conf.settings.MEDIA_ROOT", tmp_path_factory.mktemp("media"))
        patch.setattr(Template, "render", lambda self, context=None, request=None: "")
        tried = transaction.atomic()
        tried._from_testcase = True  # type: ignore[attr-defined]  # as the block of a test
        with tried, time_machine.travel(NOW, tick=False):
            yield World()
            transaction.set_rollback(True)


@pytest.mark.parametrize("part", sorted(_parts()))
def test_everybody_is_answered_as_the_table_says(world: World, part: str) -> None:
    assert differences(world, table(), _parts()[part]) == []


def _named(*names: str) -> list[Address]:
    return [one for one in addresses() if one.name in names]


@pytest.mark.parametrize(
    ("name", "rule", "who"),
    [
        # too much promised: the page refuses
        (
            "knowledge-review",
            Rule(each((Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR), DISTRICT)),
            "operator district",
        ),
        # too little: the page lets in
        ("inbox", Rule(), "handler"),
        # the right roles in other places
        (
            "callbacks",
            Rule(each((Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR), ANYWHERE)),
            "operator other-unit",
        ),
        ("board-street", Rule(each((Role.LEADER,), DISTRICT)), "handler"),
        # 404 where the table says 403
        ("api:incident-close", Rule(), "auditor"),
        # open to everybody
        ("cases", Rule(public=True), "nobody"),
    ],
)
def test_a_row_that_says_something_else_is_found(world: World, name: str, rule: Rule, who: str) -> None:
    row = dict.fromkeys(table()[name], rule)
    told = differences(world, {name: row}, _named(name))
    assert any(f": {who}" in line for line in told), told
