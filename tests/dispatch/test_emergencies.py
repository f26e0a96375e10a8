"""Danger by the words: emergency limits whatever the category, and a person at once."""

import pytest

from dispatch import service
from dispatch.facts import DISPATCHED, TRIAGE, Facts, place_facts
from dispatch.service import Request
from grids.locate import locate
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, TUESDAY

pytestmark = pytest.mark.django_db


def decided(text: str, **given: object) -> service.Decision:
    place = place_facts(locate(lon=LAMP_POINT[0], lat=LAMP_POINT[1]))
    request = Request(text=text, source="hotline", at=TUESDAY, place=place, **given)  # type: ignore[arg-type]
    return service.decide_many([request])[0]


def test_danger_in_an_ordinary_matter_gets_emergency_limits_and_a_person() -> None:
    calm = decided(LAMP_TEXT, category=LAMP_CATEGORY)
    loud = decided(f"{LAMP_TEXT},有人要跳楼", category=LAMP_CATEGORY)
    assert (calm.outcome, calm.urgency) == (DISPATCHED, "routine")
    assert (loud.outcome, loud.urgency) == (TRIAGE, "emergency")
    assert loud.triage_codes[0] == "emergency"
    assert (loud.dispatch_minutes, loud.accept_minutes) == (10, 15)


def test_said_to_be_none_it_is_an_ordinary_matter_again() -> None:
    calm = decided(f"{LAMP_TEXT},有人要跳楼", category=LAMP_CATEGORY, is_calm=True)
    assert (calm.outcome, calm.urgency) == (DISPATCHED, "routine")


def test_a_source_that_says_emergency_itself_is_no_reading_of_ours() -> None:
    told = decided(LAMP_TEXT, category=LAMP_CATEGORY, urgency="emergency")
    assert (told.outcome, told.urgency) == (DISPATCHED, "emergency")


def test_what_was_read_is_kept_with_the_decision_and_read_back() -> None:
    facts = decided("测试一下").facts
    assert Facts.from_json(facts.as_json()).talk == facts.talk == "test"
