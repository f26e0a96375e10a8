"""What the simulation's people do beside the work: calls, more time, waiting, callbacks."""

import random
from datetime import timedelta

import pytest

from config.simulation.crew import Crew, Habits, Memory
from incidents.models import Callback, CaseRequest, Incident, PhoneCall
from tests.cast import TUESDAY, file_report, reload

pytestmark = pytest.mark.django_db(transaction=True)

QUIET = {
    "silent": 0.0,
    "asks_return": 0.0,
    "parks": 0.0,
    "rates": 0.0,
    "objects": 0.0,
    "check_fails": 0.0,
    "contacts": 0.0,
    "contests": 0.0,
    "asks_time": 0.0,
    "suspends": 0.0,
    "asks_reporter": 0.0,
    "calls_back": 0.0,
    "invites": 0.0,
    "slips": 0.0,
    "corrects": 0.0,
    "hands_on": 0.0,
    "writes": 0.0,
}


def live(case: Incident, seed: int = 1, **habits: float) -> Incident:
    """Play a case for forty days with these habits and no others."""
    crew = Crew(random.Random(seed), Habits(**{**QUIET, **habits}))
    crew.play(case, Memory(late=False), since=TUESDAY, until=TUESDAY + timedelta(days=40))
    return reload(case)


def test_without_habits_nobody_calls_or_asks(lamp_case: Incident) -> None:
    assert live(lamp_case).closed_at
    assert not PhoneCall.objects.exists()
    assert not CaseRequest.objects.exists()


def test_the_centre_calls_back_whoever_has_not_rated(lamp_case: Incident) -> None:
    live(lamp_case, calls_back=1.0)
    assert {call.purpose for call in PhoneCall.objects.all()} == {PhoneCall.Purpose.CALLBACK}
    assert Callback.objects.get().ended_at


def test_more_time_is_asked_for_and_answered(lamp_case: Incident) -> None:
    case = live(lamp_case, asks_time=1.0, time_agreed=1.0)
    assert CaseRequest.objects.get().answer == CaseRequest.Answer.AGREED
    assert case.closed_at


def test_a_unit_objects_and_the_supervisor_rules(lamp_case: Incident) -> None:
    case = live(lamp_case, contests=1.0)
    dispute = case.adjudications.get()
    assert (dispute.cause, dispute.is_open) == ("objection", False)
    assert case.closed_at


def test_what_comes_back_twice_is_ruled_on(lamp_case: Incident) -> None:
    case = live(lamp_case, asks_return=1.0, return_agreed=1.0)
    dispute = case.adjudications.get()
    assert (dispute.cause, dispute.outcome) == ("returns", "ruled")
    assert case.closed_at


def test_an_emergency_is_accepted_by_telephone(db: None) -> None:
    case = live(file_report(urgency="emergency"), phones=1.0)
    assert case.assignments.order_by("pk")[0].acceptance == "phone"


def test_the_reporter_is_asked_and_the_case_goes_on(lamp_case: Incident) -> None:
    case = live(lamp_case, asks_reporter=1.0, reporter_answers=1.0)
    assert case.pauses.get().ended_at
    assert case.closed_at


def test_the_same_dice_live_the_same_life(lamp_case: Incident) -> None:
    again = file_report(external_id="other", text="第二盏路灯坏了,请来修")
    lives = [
        [line.kind for line in live(case, seed=5, contacts=1.0, calls_back=1.0).timeline.order_by("pk")]
        for case in (lamp_case, again)
    ]
    assert lives[0] == lives[1]


def test_a_unit_returns_what_it_disputes_and_names_the_other(db: None) -> None:
    case = live(file_report(place_type="bus_stop"))
    asked = CaseRequest.objects.filter(incident=case).first()
    assert asked is not None
    assert (asked.kind, asked.proposed_unit_id) == ("return", "transport")
    assert case.owner_unit_id == "transport"
