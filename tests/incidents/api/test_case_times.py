"""More time, standing still, calls, appeals and late entries over REST, and what a case tells of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from incidents import actions, sweeps
from incidents.api.acting import DEEDS
from incidents.models import Incident, LateEntry
from tests.cast import LAMP_UNIT, TUESDAY, Person, reload
from tests.incidents.api.conftest import Caller, lamp, problems

Staff = Callable[[Person], Caller]
EXTENDED = "2026-07-10T18:00:00+08:00"
NEW = (
    "request-extension",
    "decide-extension",
    "request-suspension",
    "decide-suspension",
    "ask-reporter",
    "resume",
    "appeal",
    "decide-appeal",
    "contact",
    "call-back",
    "phone",
    "countersign",
)


def path(case: Incident, action: str = "") -> str:
    return f"incidents/{case.number}/{action + '/' if action else ''}"


def clocks(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {clock["kind"]: clock for clock in told["times"]["clocks"]}


@pytest.fixture(autouse=True)
def eleven(tuesday_morning: None) -> Any:
    """An hour after the lamp's report came in."""
    with time_machine.travel(TUESDAY + timedelta(hours=1), tick=False):
        yield


def test_an_extension_is_asked_for_given_and_shown(
    staff: Staff, handler: Person, supervisor: Person, accepted_case: Incident
) -> None:
    before = clocks(staff(handler).get(path(accepted_case)).json())["handling"]
    asked = staff(handler).post(
        path(accepted_case, "request-extension"), {"until": EXTENDED, "reason": "等备件"}
    )
    assert asked.status_code == 200, asked.content.decode()
    waiting = asked.json()["times"]["requests"]
    assert [(row["kind"], row["answer"], row["reason"]) for row in waiting] == [("extension", "", "等备件")]
    assert clocks(asked.json())["handling"]["due_at"] == before["due_at"]  # asking stops no clock
    given = staff(supervisor).post(path(accepted_case, "decide-extension"), {"agreed": True}).json()
    after = clocks(given)["handling"]
    assert (after["due_at"], after["run"], after["state"]) == (EXTENDED, before["run"] + 1, "running")
    assert [stage["name"] for stage in after["ahead"]][:2] == ["warn_50", "warn_80"]
    assert given["times"]["requests"][0]["answer"] == "agreed"


def test_a_suspension_stands_still_and_says_what_is_left(
    staff: Staff, handler: Person, supervisor: Person, accepted_case: Incident
) -> None:
    until = "2026-07-15T12:00:00+08:00"
    staff(handler).post(path(accepted_case, "request-suspension"), {"until": until, "reason": "停电施工"})
    told = staff(supervisor).post(path(accepted_case, "decide-suspension"), {"agreed": True}).json()
    clock = clocks(told)["handling"]
    assert (clock["state"], clock["paused_until"], clock["paused_why"]) == ("paused", until, "suspension")
    with time_machine.travel(TUESDAY + timedelta(hours=30), tick=False):
        later = clocks(staff(handler).get(path(accepted_case)).json())["handling"]
        assert later["left_seconds"] == clock["left_seconds"]
        assert later["paused_seconds"] == 29 * 3600
        resumed = staff(handler).post(path(accepted_case, "resume")).json()
    assert clocks(resumed)["handling"]["state"] == "running"
    assert resumed["times"]["pauses"][0]["end"] == "resumed"


def test_a_clock_waits_for_the_reporter_once(staff: Staff, handler: Person, accepted_case: Incident) -> None:
    caller = staff(handler)
    asked = caller.post(path(accepted_case, "ask-reporter"), {"question": "哪一根灯杆?"})
    assert asked.json()["times"]["pauses"][0]["question"] == "哪一根灯杆?"
    caller.post(path(accepted_case, "resume"))
    again = caller.post(path(accepted_case, "ask-reporter"), {"question": "再问一次"})
    assert problems(again, 409) == [("", "waited_already")]


def test_a_contact_that_was_made_earlier_waits_to_be_countersigned(
    staff: Staff, handler: Person, supervisor: Person, accepted_case: Incident
) -> None:
    happened = "2026-07-07T10:20:00+08:00"
    told = staff(handler).post(path(accepted_case, "contact"), {"reached": True, "happened_at": happened})
    late = told.json()["times"]["late_entries"]
    assert [(row["fact"], row["state"], row["happened_at"]) for row in late] == [
        ("contacted", "waiting", happened)
    ]
    signed = (
        staff(supervisor)
        .post(path(accepted_case, "countersign"), {"fact": "contacted", "agreed": True})
        .json()
    )
    assert signed["times"]["late_entries"][0]["state"] == LateEntry.State.COUNTERSIGNED
    assert signed["first_contact_at"] == happened


def test_an_emergency_is_accepted_by_telephone(
    staff: Staff, handler: Person, dispatcher: Person, hotline_api: Caller
) -> None:
    number = hotline_api.post("reports/", lamp(urgency="emergency")).json()["incident"]["number"]
    caller = staff(dispatcher)
    nobody = caller.post(f"incidents/{number}/phone/", {"reached": True})
    assert problems(nobody, 400) == [("taken_by", "required")]
    told = caller.post(f"incidents/{number}/phone/", {"reached": True, "taken_by": handler.user.username})
    assert told.json()["status"] == "handling"
    call = told.json()["times"]["calls"][0]
    assert (call["purpose"], call["reached"]) == ("emergency", True)
    assert handler.user.display_name not in str(told.json()["times"])


def test_a_callback_is_the_reporters_rating(
    staff: Staff, dispatcher: Person, resolved_case: Incident
) -> None:
    caller = staff(dispatcher)
    with time_machine.travel(TUESDAY + timedelta(hours=3), tick=False):
        caller.post(path(resolved_case, "close"), {"reason": "电话核实"})
        report = resolved_case.links.get().report_id
        refused = caller.post(
            path(resolved_case, "call-back"), {"report": report, "reached": False, "speed": 4}
        )
        assert problems(refused, 400) == [("speed", "not_reached")]
        given = {"report": report, "reached": True, "solved": True, "contacted": True, "result": 5}
        assert caller.post(path(resolved_case, "call-back"), given).status_code == 200
        again = caller.post(path(resolved_case, "call-back"), given)
    assert problems(again, 409) == [("", "nobody_to_call")]
    assert resolved_case.feedback.get().result == 5


def test_a_breach_is_appealed_once_and_answered(
    staff: Staff, handler: Person, supervisor: Person, accepted_case: Incident
) -> None:
    after = accepted_case.timers.get(kind="handling").due_at + timedelta(hours=1)
    sweeps.catch_up(at=after)
    with time_machine.travel(after, tick=False):
        asked = staff(handler).post(path(accepted_case, "appeal"), {"reason": "停电两天"})
        assert asked.status_code == 200, asked.content.decode()
        again = staff(handler).post(path(accepted_case, "appeal"), {"reason": "停电两天"})
        assert problems(again, 409) == [("", "already_asked")]
        mute = staff(supervisor).post(path(accepted_case, "decide-appeal"), {"agreed": True})
        assert problems(mute, 400) == [("reason", "required")]
        told = (
            staff(supervisor)
            .post(path(accepted_case, "decide-appeal"), {"agreed": True, "reason": "属实"})
            .json()
        )
    fired = [stage["name"] for stage in clocks(told)["handling"]["fired"]]
    assert "breach" in fired  # the raw fact stays


@pytest.mark.parametrize(
    ("action", "body", "expected"),
    [
        ("request-extension", {}, {("until", "required"), ("reason", "required")}),
        ("request-extension", {"until": "tomorrow", "reason": "x"}, {("until", "invalid")}),
        (
            "request-extension",
            {"until": "2026-07-07T09:00:00+08:00", "reason": "x"},
            {("until", "not_later")},
        ),
        ("request-extension", {"until": "2100-01-01T00:00:00Z", "reason": "x"}, {("until", "too_long")}),
        ("request-suspension", {"until": "2026-01-01T00:00:00Z", "reason": "x"}, {("until", "past")}),
        ("ask-reporter", {"question": " "}, {("question", "blank")}),
        ("ask-reporter", {"question": "?", "until": "2030-01-01T00:00:00Z"}, {("until", "range")}),
        ("contact", {"reached": "perhaps"}, {("reached", "invalid")}),
        (
            "contact",
            {"reached": True, "happened_at": "2026-07-07T23:00:00+08:00"},
            {("happened_at", "future")},
        ),
        ("contact", {"reached": True, "happened_at": "2020-01-01T00:00:00Z"}, {("happened_at", "too_early")}),
        ("resolve", {"outcome": "solved", "text": "好", "happened_at": 7}, {("happened_at", "invalid")}),
        ("contact", {"reached": True, "when": "now"}, {("when", "unknown_field")}),
    ],
)
def test_what_is_wrong_is_named(
    staff: Staff,
    handler: Person,
    accepted_case: Incident,
    action: str,
    body: dict[str, Any],
    expected: set[tuple[str, str]],
) -> None:
    assert set(problems(staff(handler).post(path(accepted_case, action), body), 400)) == expected


@pytest.mark.parametrize("action", NEW)
def test_nobody_from_elsewhere_and_no_token_does_it(
    staff: Staff,
    other_handler: Person,
    leader: Person,
    hotline_api: Caller,
    accepted_case: Incident,
    action: str,
) -> None:
    assert action in DEEDS
    assert staff(other_handler).post(path(accepted_case, action)).status_code == 404
    assert staff(leader).post(path(accepted_case, action)).status_code == 403
    assert hotline_api.post(path(accepted_case, action)).status_code == 403


def test_who_asks_does_not_answer(staff: Staff, handler: Person, accepted_case: Incident) -> None:
    caller = staff(handler)
    caller.post(path(accepted_case, "request-extension"), {"until": EXTENDED, "reason": "等备件"})
    refused = caller.post(path(accepted_case, "decide-extension"), {"agreed": True})
    assert problems(refused, 403) == [("", "not_allowed")]
    assert reload(accepted_case).requests.get().answered_at is None


def test_a_report_that_was_taken_by_telephone_earlier(hotline_api: Caller, db: None) -> None:
    told = hotline_api.post("reports/", lamp(received_at="2026-07-07T10:40:00+08:00")).json()
    assert hotline_api.get(f"reports/{told['report']}/").json()["received_at"] == "2026-07-07T10:40:00+08:00"
    too_old = hotline_api.post("reports/", lamp("H-2", received_at="2026-07-05T10:00:00+08:00"))
    assert problems(too_old, 400) == [("received_at", "too_old")]
    batch = hotline_api.post("reports/batch/", [lamp("H-3", received_at="2026-07-08T10:00:00+08:00")]).json()
    row = batch["results"][0]
    assert (row["status"], row["errors"][0]["field"], row["errors"][0]["code"]) == (
        400,
        "received_at",
        "future",
    )


def test_a_source_follows_the_pause_but_not_what_staff_ask_each_other(
    staff: Staff, handler: Person, supervisor: Person, hotline_api: Caller
) -> None:
    number = hotline_api.post("reports/", lamp()).json()["incident"]["number"]
    caller = staff(handler)
    caller.post(f"incidents/{number}/accept/")
    caller.post(f"incidents/{number}/request-suspension/", {"until": EXTENDED, "reason": "等停电窗口"})
    staff(supervisor).post(f"incidents/{number}/decide-suspension/", {"agreed": True})
    kinds = [line["kind"] for line in hotline_api.get(f"incidents/{number}/timeline/").json()]
    assert "paused" in kinds
    assert "suspension_asked" not in kinds
    answer = hotline_api.get(f"incidents/{number}/")
    times = answer.json()["times"]
    assert (times["requests"], times["late_entries"], times["calls"]) == ([], [], [])
    assert clocks(answer.json())["handling"]["state"] == "paused"
    assert "等停电窗口" not in answer.content.decode()
    seen = [line["kind"] for line in caller.get(f"incidents/{number}/timeline/").json()]
    assert "suspension_asked" in seen


def test_a_cases_answer_costs_the_same_however_much_happened(
    staff: Staff,
    handler: Person,
    supervisor: Person,
    accepted_case: Incident,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    caller = staff(handler)
    with django_assert_max_num_queries(36):
        caller.get(path(accepted_case))
    at = TUESDAY + timedelta(minutes=40)
    for _turn in range(2):
        due_at = accepted_case.timers.get(kind="handling").due_at
        actions.request_extension(
            number=accepted_case.number,
            until=due_at + timedelta(hours=1),
            reason="等备件",
            actor=handler.actor,
            at=at,
        )
        actions.decide_extension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=at)
    for _turn in range(3):
        actions.contact(number=accepted_case.number, reached=False, actor=handler.actor, at=at)
    actions.ask_reporter(number=accepted_case.number, question="哪根?", actor=handler.actor, at=at)
    with django_assert_max_num_queries(36):
        told = caller.get(path(accepted_case)).json()
    assert len(told["times"]["calls"]) == 3
    assert clocks(told)["handling"]["unit"] == LAMP_UNIT
