"""Instructions and letters over REST."""

from collections.abc import Callable
from pathlib import Path

import pytest

from incidents.models import Incident, Supervision
from tests.cast import LAMP_UNIT, Person
from tests.incidents.api.conftest import Caller, problems
from tests.incidents.api.test_document import document, fits

Staff = Callable[[Person], Caller]
__all__ = ["document"]
BY = "2026-07-14T18:00:00+08:00"


@pytest.fixture
def said(lamp_case: Incident) -> dict[str, object]:
    return {
        "office": "district",
        "words": "全面排查",
        "units": [LAMP_UNIT],
        "due_at": BY,
        "cases": [lamp_case.number],
    }


def test_an_instruction_from_its_words_to_its_end(
    staff: Staff, leader: Person, supervisor: Person, handler: Person, said: dict[str, object], document: Path
) -> None:
    refused = staff(supervisor).post("instructions/", said)
    assert problems(refused, 400) == [("given_by", "required")]
    given = staff(supervisor).post("instructions/", {**said, "given_by": leader.user.username})
    fits(document, given, "instructions/", "post", 201)
    number = given.json()["number"]
    listed = staff(handler).get("instructions/")
    assert [row["number"] for row in listed.json()["results"]] == [number]
    path = f"instructions/{number}/"
    assert problems(staff(supervisor).post(path + "report/", {"unit": LAMP_UNIT, "text": "x"}), 403) == [
        ("", "not_allowed")
    ]
    assert staff(handler).post(path + "report/", {"unit": LAMP_UNIT, "text": "已查"}).status_code == 200
    back = {"unit": LAMP_UNIT, "accepted": False}
    assert problems(staff(leader).post(path + "judge/", back), 400) == [("remark", "required")]
    done = staff(leader).post(path + "judge/", {"unit": LAMP_UNIT, "accepted": True})
    fits(document, done, "instructions/{number}/judge/", "post", 200)
    assert (done.json()["end"], done.json()["parts"][0]["state"]) == ("done", "accepted")
    assert problems(staff(leader).post(path + "withdraw/", {"reason": "x"}), 409) == [("", "ended")]


def test_whose_it_is_not_has_no_such_instruction(
    staff: Staff,
    leader: Person,
    other_handler: Person,
    operator: Person,
    hotline_api: Caller,
    said: dict[str, object],
) -> None:
    number = staff(leader).post("instructions/", said).json()["number"]
    path = f"instructions/{number}/"
    for who in (other_handler, operator):
        assert problems(staff(who).get(path), 404) == [("", "not_found")]
        told = {"unit": LAMP_UNIT, "text": "冒名"}
        assert problems(staff(who).post(path + "report/", told), 404) == [("", "not_found")]
        assert problems(staff(who).post("instructions/", said), 403) == [("", "not_allowed")]
    assert problems(hotline_api.get("instructions/"), 403) == [("", "people_only")]


def test_a_letter_is_put_there_prepared_and_signed(
    staff: Staff, operator: Person, supervisor: Person, leader: Person, lamp_case: Incident
) -> None:
    path = f"incidents/{lamp_case.number}/"
    assert staff(operator).post(path + "to-secretary/", {"secretary": "district"}).status_code == 200
    assert "sign-reply" in staff(leader).get(path).json()["actions"]
    assert "sign-reply" not in staff(supervisor).get(path).json()["actions"]
    draft = {"text": "您好", "seen_draft": 0}
    assert staff(supervisor).post(path + "draft-reply/", draft).status_code == 200
    assert problems(staff(leader).post(path + "draft-reply/", draft), 409) == [("", "stale")]
    assert problems(staff(leader).post(path + "sign-reply/", {}), 400) == [("text", "required")]
    assert staff(leader).post(path + "sign-reply/", {"text": "您好"}).status_code == 200
    assert "sign-reply" not in staff(leader).get(path).json()["actions"]


def test_an_order_is_raised_by_hand(
    staff: Staff, supervisor: Person, handler: Person, lamp_case: Incident
) -> None:
    path = f"incidents/{lamp_case.number}/"
    caller = staff(supervisor)
    assert problems(caller.post(path + "raise-order/"), 409) == [("", "nothing_ordered")]
    caller.post(path + "supervise/", {"words": "今晚亮灯"})
    assert caller.post(path + "raise-order/").json()["supervision"]["level"] == Supervision.Level.DISTRICT
    assert problems(staff(handler).post(path + "raise-order/"), 403) == [("", "not_allowed")]
