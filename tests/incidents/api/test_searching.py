"""Searching through REST: words for people, callers by POST, nothing for tokens."""

from collections.abc import Callable
from typing import Any

from incidents.api.throttles import LookUps
from incidents.models import Incident
from incidents.searching import rows
from tests.cast import Person, file_report
from tests.incidents.api.conftest import Caller, problems

Staff = Callable[[Person], Caller]
PHONE = "+86 138-1234-2207"


def fill() -> None:
    while rows.fill():
        pass


def numbers(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.content
    told = answer.json()
    return {case["number"] for case in (told if isinstance(told, list) else told["results"])}


def test_cases_are_found_by_words_and_by_the_end_of_a_number(
    staff: Staff, operator: Person, other_handler: Person, lamp_case: Incident, desk_case: Incident
) -> None:
    fill()
    caller = staff(operator)
    assert numbers(caller.get("incidents/", q="路灯")) == {lamp_case.number}
    assert numbers(caller.get("incidents/", q="路灯", status="triage")) == set()
    assert numbers(caller.get("incidents/", q=lamp_case.number[-6:])) == {lamp_case.number}
    assert numbers(staff(other_handler).get("incidents/", q="路灯")) == set()


def test_what_is_not_searched_for_is_refused_in_words(
    staff: Staff, operator: Person, hotline_api: Caller, lamp_case: Incident
) -> None:
    assert problems(staff(operator).get("incidents/", q="灯"), 400) == [("q", "too_short")]
    assert problems(staff(operator).get("incidents/", q="13812342207"), 400) == [("q", "personal")]
    # A case's words may be another source's.
    assert problems(hotline_api.get("incidents/", q="路灯"), 400) == [("q", "people_only")]


def test_a_caller_is_looked_up_by_whoever_is_shown_reporters(
    staff: Staff,
    operator: Person,
    handler: Person,
    leader: Person,
    hotline_api: Caller,
    lamp_case: Incident,
) -> None:
    LookUps._counts.clear()
    tip = file_report(nature="tip_off", text="有人偷剪路灯电缆卖钱,每天半夜都来")
    assert tip != lamp_case
    assert tip.owner_unit_id == handler.unit
    ask = {"phone": PHONE}
    assert numbers(staff(operator).post("incidents/callers/", ask)) == {lamp_case.number, tip.number}
    assert numbers(staff(handler).post("incidents/callers/", ask)) == {lamp_case.number}
    assert staff(leader).post("incidents/callers/", ask).status_code == 403
    assert hotline_api.post("incidents/callers/", ask).status_code == 403
    assert problems(staff(operator).post("incidents/callers/", {"phone": "2207"}), 400) == [
        ("phone", "phone")
    ]


def test_numbers_are_not_tried_one_after_the_other(staff: Staff, operator: Person) -> None:
    LookUps._counts.clear()
    caller = staff(operator)
    codes = [
        caller.post("incidents/callers/", {"phone": f"1380000{serial:04d}"}).status_code
        for serial in range(12)
    ]
    assert codes == [200] * 10 + [429] * 2
