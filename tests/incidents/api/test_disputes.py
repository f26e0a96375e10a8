"""Disputes over REST: an objection, the ruling, the proposed change, and who sees them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from incidents.models import Incident
from tests.cast import LAMP_UNIT, Person
from tests.incidents.api.conftest import Caller, problems
from tests.incidents.api.test_document import document, fits

Staff = Callable[[Person], Caller]
__all__ = ["document"]
OBJECTION = {"reason": "整条线路停电", "cites": "0204-002", "proposed_unit": "power-grid"}


@pytest.fixture
def path(accepted_case: Incident) -> str:
    return f"incidents/{accepted_case.number}/"


def test_a_dispute_from_the_objection_to_the_list(
    staff: Staff, handler: Person, supervisor: Person, path: str
) -> None:
    assert "object" in staff(handler).get(path).json()["actions"]
    told = staff(handler).post(path + "object/", OBJECTION)
    assert told.status_code == 200
    case = told.json()
    (dispute,) = case["disputes"]
    assert (dispute["cause"], dispute["unit"], dispute["outcome"]) == ("objection", LAMP_UNIT, "")
    assert (dispute["parties"], dispute["in_time"]) == ([LAMP_UNIT, "power-grid"], None)
    assert (case["status"], case["unit"]) == ("handling", LAMP_UNIT)
    assert "object" not in case["actions"]
    ruling = {"ruling": "移交交通局", "item": "0204-001", "unit": "transport"}
    case = staff(supervisor).post(path + "rule/", ruling).json()
    (dispute,) = case["disputes"]
    assert (dispute["outcome"], dispute["in_time"], dispute["ruled_unit"]) == ("ruled", True, "transport")
    assert (dispute["list_version"], dispute["proposed_in"]) == (1, None)
    assert (case["status"], case["unit"]) == ("handling", "transport")
    assert "propose-change" in case["actions"]
    (dispute,) = staff(supervisor).post(path + "propose-change/").json()["disputes"]
    assert dispute["proposed_in"] == 2


def test_what_is_missing_or_wrong_is_named(
    staff: Staff, handler: Person, supervisor: Person, path: str
) -> None:
    unit, centre = staff(handler), staff(supervisor)
    assert problems(unit.post(path + "object/", {"reason": "不归"}), 400) == [("cites", "required")]
    wrong = {**OBJECTION, "proposed_unit": "water-group"}
    assert problems(unit.post(path + "object/", wrong), 400) == [("proposed_unit", "not_by_item")]
    assert problems(centre.post(path + "rule/", {"ruling": "属你"}), 409) == [("", "nothing_disputed")]
    assert problems(centre.post(path + "propose-change/"), 409) == [("", "nothing_ruled")]
    unit.post(path + "object/", OBJECTION)
    assert problems(unit.post(path + "object/", OBJECTION), 409) == [("", "already_disputed")]
    assert problems(centre.post(path + "rule/", {}), 400) == [("ruling", "required")]
    assert problems(centre.post(path + "rule/", {"ruling": "属", "item": "9"}), 400) == [("item", "unknown")]
    sent = {"item": "0204-001", "unit": "transport", "reason": "另派"}
    assert problems(centre.post(path + "redispatch/", sent), 409) == [("", "disputed")]


def test_an_objection_is_taken_back(staff: Staff, handler: Person, path: str) -> None:
    staff(handler).post(path + "object/", OBJECTION)
    case = staff(handler).post(path + "withdraw-objection/", {"reason": "已协商"}).json()
    assert case["disputes"][0]["outcome"] == "withdrawn"


def test_who_waits_for_a_ruling_can_be_listed(
    staff: Staff, handler: Person, supervisor: Person, path: str, lamp_case: Incident
) -> None:
    centre = staff(supervisor)
    assert centre.get("incidents/", disputed="open").json()["results"] == []
    staff(handler).post(path + "object/", OBJECTION)
    found = centre.get("incidents/", disputed="open").json()["results"]
    assert [case["number"] for case in found] == [lamp_case.number]


def test_disputes_are_no_other_systems_affair(
    hotline_api: Caller, staff: Staff, handler: Person, path: str
) -> None:
    staff(handler).post(path + "object/", OBJECTION)
    assert hotline_api.get(path).json()["disputes"] == []


def test_what_is_answered_fits_the_document(
    document: Path, staff: Staff, handler: Person, supervisor: Person, path: str
) -> None:
    where = "incidents/{number}/"
    objected = staff(handler).post(path + "object/", OBJECTION)
    fits(document, objected, where + "object/", "post", 200)
    ruled = staff(supervisor).post(path + "rule/", {"ruling": "由交通局负责", "unit": "transport"})
    fits(document, ruled, where + "rule/", "post", 200)
    fits(document, staff(supervisor).post(path + "propose-change/"), where + "propose-change/", "post", 200)
    fits(document, staff(handler).post(path + "object/", OBJECTION), where + "object/", "post", 403)
