"""The policy table speaks of every address, of none that there is not, and as the pages' own guards do."""

from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.urls import path

from accounts.access import opens_to, staff
from accounts.roles import ACTION_ROLES, Role
from config.policy.acts import DEEDS
from config.policy.resolving import Address, addresses, methods_of
from config.policy.rules import ANYWHERE, Rule, each
from config.policy.table import gaps, table

# Of REST v1, but no operations of its document.
UNDOCUMENTED = {"api:schema", "api:docs", "api:wechat", "api:nothing-here"}


def test_every_address_has_its_rows_and_every_row_an_address() -> None:
    assert gaps(table(), addresses()) == []


def test_every_address_of_the_api_s_document_has_a_row() -> None:
    document = yaml.safe_load((Path(settings.BASE_DIR) / "docs/openapi.yaml").read_text(encoding="utf-8"))
    told = {
        (method.upper(), address.count("{"), address.partition("{")[0])
        for address, methods in document["paths"].items()
        for method in methods
        if method in ("get", "post", "put", "patch", "delete")
    }
    rows = [one for one in addresses() if one.is_rest and one.name not in UNDOCUMENTED]
    held = {
        (
            method,
            len(one.parameters),
            "/" + one.pattern.replace("^", "").partition("<")[0].removesuffix("(?P"),
        )
        for one in rows
        for method in table()[one.name]
    }
    assert told - held == set()
    assert held - told == set()


def _new(name: str, view: object) -> Address:
    one = path("new/", view, name=name)  # type: ignore[call-overload]
    return Address(name, "new/", frozenset(), methods_of(one.callback), one.callback)


def test_a_new_address_without_a_rule_is_told_with_what_to_write() -> None:
    new = _new("something-new", staff(Role.HANDLER)(lambda request: None))  # type: ignore[arg-type,return-value]
    told = list(gaps(table(), [*addresses(), new]))
    assert len(told) == 1
    assert 'reads(RULE, "something-new")' in told[0]
    assert "docs/permissions.md" in told[0]


def test_a_row_without_an_address_is_told() -> None:
    rows = {**table(), "gone": {"GET": Rule()}}
    assert [line.partition(":")[0] for line in gaps(rows, addresses())] == ["gone"]


@pytest.mark.parametrize("rule", [Rule(each(Role)), Rule(public=True), Rule(signed_in=True)])
def test_a_row_that_lets_in_more_than_the_page_s_guard_is_told(rule: Rule) -> None:
    rows = {**table(), "inbox": {"GET": rule}}
    assert [line.partition(" ")[0] for line in gaps(rows, addresses())] == ["inbox"]


def test_a_row_for_a_method_that_the_address_does_not_know_is_told() -> None:
    rows = {**table(), "inbox": {"GET": Rule({Role.HANDLER: ANYWHERE}), "POST": Rule()}}
    assert [line.partition(":")[0] for line in gaps(rows, addresses())] == ["inbox"]


@pytest.mark.parametrize("action", sorted(ACTION_ROLES, key=str))
def test_no_deed_lets_in_a_role_that_the_table_of_actions_does_not(action: str) -> None:
    rule = DEEDS.get(str(action))
    assert rule is None or set(rule.people) <= set(ACTION_ROLES[action])  # type: ignore[index]


def test_the_guard_of_a_page_is_read_through_all_its_decorators() -> None:
    inbox = next(one for one in addresses() if one.name == "inbox")
    assert opens_to(inbox.view) == {Role.HANDLER}
