"""Orders to act over REST: given, answered, lifted, urged, and seen on the case."""

from collections.abc import Callable
from pathlib import Path

import pytest

from incidents import actions
from incidents.models import Incident
from tests.cast import TUESDAY, Person
from tests.incidents.api.conftest import Caller, problems
from tests.incidents.api.test_document import document, fits

Staff = Callable[[Person], Caller]
__all__ = ["document"]


@pytest.fixture
def path(lamp_case: Incident) -> str:
    return f"incidents/{lamp_case.number}/"


def test_an_order_is_given_seen_and_answered(
    staff: Staff, supervisor: Person, handler: Person, path: str
) -> None:
    told = staff(supervisor).post(
        path + "supervise/", {"words": "今晚亮灯", "answer_by": "2026-07-07T18:00:00+08:00"}
    )
    case = told.json()
    assert told.status_code == 200
    assert case["supervision"]["answer_by"] == "2026-07-07T18:00:00+08:00"
    assert case["orders"][0]["words"] == "今晚亮灯"
    assert "answer-order" in staff(handler).get(path).json()["actions"]
    done = staff(handler).post(path + "answer-order/", {"text": "五点前到场"}).json()
    assert (done["supervision"], done["supervision_count"]) == (None, 1)
    assert (done["orders"][0]["end"], done["orders"][0]["answer"]) == ("answered", "五点前到场")


def test_what_is_missing_or_wrong_is_named(staff: Staff, supervisor: Person, path: str) -> None:
    caller = staff(supervisor)
    assert problems(caller.post(path + "supervise/"), 400) == [("words", "required")]
    past = {"words": "快", "answer_by": "2026-07-07T09:00:00+08:00"}
    assert problems(caller.post(path + "supervise/", past), 400) == [("answer_by", "range")]
    assert problems(caller.post(path + "lift-order/", {"reason": "无"}), 409) == [("", "nothing_ordered")]


def test_a_second_order_is_refused(staff: Staff, supervisor: Person, path: str) -> None:
    caller = staff(supervisor)
    caller.post(path + "supervise/", {"words": "今晚亮灯"})
    assert problems(caller.post(path + "supervise/", {"words": "再催"}), 409) == [("", "already_ordered")]


def test_lifting_and_urging(staff: Staff, supervisor: Person, path: str) -> None:
    caller = staff(supervisor)
    caller.post(path + "supervise/", {"words": "今晚亮灯"})
    lifted = caller.post(path + "lift-order/", {"reason": "已办"})
    assert lifted.json()["orders"][0]["end"] == "lifted"
    assert caller.post(path + "nudge/").status_code == 200
    assert problems(caller.post(path + "nudge/"), 409) == [("", "too_soon")]


def test_a_handler_orders_nobody(staff: Staff, handler: Person, path: str) -> None:
    assert problems(staff(handler).post(path + "supervise/", {"words": "快"}), 403) == [("", "not_allowed")]
    assert problems(staff(handler).post(path + "nudge/"), 403) == [("", "not_allowed")]


def test_the_list_is_narrowed_to_what_waits_for_an_answer(
    staff: Staff, supervisor: Person, lamp_case: Incident, desk_case: Incident
) -> None:
    caller = staff(supervisor)
    assert caller.get("incidents/", supervised="open").json()["results"] == []
    actions.supervise(number=lamp_case.number, words="快办", actor=supervisor.actor, at=TUESDAY)
    found = caller.get("incidents/", supervised="open").json()["results"]
    assert [row["number"] for row in found] == [lamp_case.number]
    assert found[0]["supervision"]["number"].startswith("DB20260707-")
    assert problems(caller.get("incidents/", supervised="all"), 400) == [("supervised", "invalid_choice")]


def test_another_system_sees_the_order_and_not_its_words(
    hotline_api: Caller, supervisor: Person, lamp_case: Incident, path: str
) -> None:
    actions.supervise(number=lamp_case.number, words="快办", actor=supervisor.actor, at=TUESDAY)
    case = hotline_api.get(path).json()
    assert case["supervision"]["number"]
    assert "快办" not in hotline_api.get(path).content.decode()


def test_what_is_answered_fits_the_document(
    document: Path,
    staff: Staff,
    supervisor: Person,
    handler: Person,
    path: str,
) -> None:
    given = staff(supervisor).post(path + "supervise/", {"words": "今晚亮灯"})
    fits(document, given, "incidents/{number}/supervise/", "post", 200)
    answered = staff(handler).post(path + "answer-order/", {"text": "在办"})
    fits(document, answered, "incidents/{number}/answer-order/", "post", 200)
    urged = staff(supervisor).post(path + "nudge/")
    fits(document, urged, "incidents/{number}/nudge/", "post", 200)
    refused = staff(supervisor).post(path + "lift-order/", {"reason": "无"})
    fits(document, refused, "incidents/{number}/lift-order/", "post", 409)
