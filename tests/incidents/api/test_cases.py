"""Cases through REST: lists and their filters, and every action that a person has."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from accounts.roles import Action
from incidents import actions
from incidents.api.acting import VIEWS
from incidents.api.mediation import DEEDS
from incidents.models import Incident
from incidents.models.incident import Status
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, person, reload
from tests.incidents.api.conftest import Caller, problems

Staff = Callable[[Person], Caller]


def numbers(caller: Caller, **query: Any) -> set[str]:
    answer = caller.get("incidents/", **query)
    assert answer.status_code == 200, answer.content
    return {case["number"] for case in answer.json()["results"]}


def test_every_action_of_a_person_has_an_address() -> None:
    assert set(Action) <= set(VIEWS) | {deed.action for deed in DEEDS.values()}


def test_the_list_is_narrowed_by_each_filter(
    staff: Staff, operator: Person, lamp_case: Incident, desk_case: Incident
) -> None:
    caller = staff(operator)
    lamp, desk = {lamp_case.number}, {desk_case.number}
    assert numbers(caller) == lamp | desk
    assert numbers(caller, status="triage") == desk
    assert numbers(caller, status=["triage", "dispatched"]) == lamp | desk
    assert numbers(caller, category="0204") >= lamp
    assert numbers(caller, domain="02") >= lamp
    assert numbers(caller, street=lamp_case.street_code) == lamp
    assert numbers(caller, community=lamp_case.community_code) == lamp
    assert numbers(caller, unit=LAMP_UNIT) == lamp
    assert numbers(caller, source="hotline") == lamp | desk
    assert numbers(caller, source="sensor") == set()
    assert numbers(caller, nature="complaint") == lamp | desk
    assert numbers(caller, urgency="emergency") == set()
    assert numbers(caller, number=lamp_case.number) == lamp
    assert numbers(caller, number="20260707") == lamp | desk
    assert numbers(caller, received_after="2026-07-07T10:00:00+08:00") == lamp | desk
    assert numbers(caller, received_before="2026-07-07T10:00:00+08:00") == set()
    assert numbers(caller, overdue="true") == set()
    with time_machine.travel(TUESDAY + timedelta(hours=11), tick=False):
        assert numbers(caller, overdue="true") == lamp | desk


def test_the_list_comes_in_pages(staff: Staff, operator: Person) -> None:
    for index in range(5):
        file_report(text=f"第{index}件事情", category=None, place=NOWHERE)
    caller = staff(operator)
    first = caller.get("incidents/", page_size=3).json()
    assert len(first["results"]) == 3
    assert first["previous"] is None
    rest = caller.client.get(first["next"], headers=caller.headers).json()
    assert len(rest["results"]) == 2
    assert rest["next"] is None


def test_the_list_takes_a_fixed_number_of_queries(
    staff: Staff, operator: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(4):
        file_report(text=f"第{index}件事情", category=None, place=NOWHERE)
    caller = staff(operator)
    with django_assert_num_queries(4):  # session, user, memberships, cases
        caller.get("incidents/")


def test_a_case_shows_its_decision_and_what_may_be_done(
    staff: Staff, handler: Person, lamp_case: Incident
) -> None:
    told = staff(handler).get(f"incidents/{lamp_case.number}/").json()
    assert told["unit"] == LAMP_UNIT
    assert told["decision"]["unit"] == LAMP_UNIT
    assert told["decision"]["reasons"]
    assert told["reports"][0]["has_contact"] is True
    assert sorted(told["actions"]) == sorted(
        ["accept", "assign", "contact", "invite-support", "message", "note", "request-return", "unmask"]
    )


def test_the_timeline_is_told_in_sentences(staff: Staff, handler: Person, lamp_case: Incident) -> None:
    lines = staff(handler).get(f"incidents/{lamp_case.number}/timeline/").json()
    assert [line["kind"] for line in lines] == ["received", "dispatched"]
    assert all(line["text"] for line in lines)


def test_another_system_does_not_read_words_that_were_taken_back(
    hotline_api: Caller, staff: Staff, operator: Person
) -> None:
    case = file_report(nature="enquiry", text="社保怎么办", category=None, place=NOWHERE)
    path = f"incidents/{case.number}/"
    at_desk = staff(operator)
    at_desk.post(path + "answer/", {"text": "张三的申请没有通过"})
    at_desk.post(path + "recall/", {})
    at_desk.post(path + "answer/", {"text": "请到社区办理"})
    told = hotline_api.get(path + "timeline/").json()
    assert [line["note"] for line in told if line["kind"] == "answered"] == ["", "请到社区办理"]
    seen_by_staff = at_desk.get(path + "timeline/").json()
    assert "张三的申请没有通过" in [line["note"] for line in seen_by_staff]


def test_a_case_goes_its_whole_way(
    staff: Staff, handler: Person, dispatcher: Person, lamp_case: Incident
) -> None:
    path = f"incidents/{lamp_case.number}/"
    at_unit, at_centre = staff(handler), staff(dispatcher)
    assert at_unit.post(path + "accept/", {"version": 1}).json()["status"] == "handling"
    assert at_unit.post(path + "note/", {"text": "已联系抢修"}).status_code == 200
    told = at_unit.post(
        path + "resolve/", {"outcome": "solved", "text": "灯头烧坏,已换新", "attested": True}
    ).json()
    assert told["status"] == "resolved"
    asked = lamp_case.verifications.get()
    checker = person("checker", "handler", asked.unit_id) if asked.unit_id != "operations-centre" else None
    caller = staff(checker) if checker else at_centre
    assert caller.post(path + "verify/", {"fixed": False, "text": "还是不亮"}).json()["status"] == "handling"
    assert (
        at_unit.post(path + "resolve/", {"outcome": "explained", "text": "该灯按计划拆除"}).json()["status"]
        == "resolved"
    )
    assert at_centre.post(path + "close/", {"reason": "电话已核实"}).json()["status"] == "closed"
    assert at_centre.post(path + "reopen/", {"reason": "市民不认可"}).json()["status"] == "handling"


def test_a_case_goes_back_to_the_desk_and_out_again(
    staff: Staff, handler: Person, dispatcher: Person, lamp_case: Incident
) -> None:
    path = f"incidents/{lamp_case.number}/"
    asked = staff(handler).post(path + "request-return/", {"reason": "属市政道路灯", "cites": "0204-002"})
    assert asked.json()["status"] == "dispatched"
    caller = staff(dispatcher)
    assert caller.post(path + "decide-return/", {"agreed": True}).json()["status"] == "triage"
    assert caller.post(path + "claim/").status_code == 200
    sent = caller.post(path + "dispatch/", {"item": "0204-001"}).json()
    assert (sent["status"], sent["unit"]) == ("dispatched", LAMP_UNIT)
    moved = caller.post(
        path + "redispatch/", {"item": "0204-001", "unit": "water-group", "reason": "由水务先行处置"}
    ).json()
    assert moved["unit"] == "water-group"


def test_a_question_is_answered_on_the_spot(staff: Staff, operator: Person, enquiry_case: Incident) -> None:
    told = staff(operator).post(f"incidents/{enquiry_case.number}/answer/", {"text": "请拨打 12348"}).json()
    assert (told["status"], told["outcome"]) == ("closed", "answered")


def test_what_is_no_matter_of_the_district_is_turned_away(
    staff: Staff, operator: Person, desk_case: Incident
) -> None:
    told = staff(operator).post(f"incidents/{desk_case.number}/reject/", {"reason": "属诉讼事项"}).json()
    assert told["status"] == "rejected"


def test_two_cases_become_one_and_two_again(
    staff: Staff, dispatcher: Person, lamp_case: Incident, desk_case: Incident
) -> None:
    caller = staff(dispatcher)
    told = caller.post(f"incidents/{desk_case.number}/merge/", {"into": lamp_case.number}).json()
    assert (told["status"], told["merged_into"]) == ("merged", lamp_case.number)
    assert caller.post(f"incidents/{desk_case.number}/unmerge/").json()["status"] == "triage"


def test_a_picture_of_the_handling(staff: Staff, handler: Person, accepted_case: Incident) -> None:
    kept = io.BytesIO()
    Image.new("RGB", (20, 20)).save(kept, "PNG")
    kept.seek(0)
    kept.name = "after.png"
    caller = staff(handler)
    path = f"incidents/{accepted_case.number}/add-photo/"
    # A patrolling handler files too, so the same address takes the picture.
    picture = caller.upload(kept).json()["id"]
    told = caller.post(path, {"attachment": picture, "stage": "after"}).json()
    assert [row["stage"] for row in told["attachments"]] == ["after"]
    assert problems(caller.post(path, {"attachment": picture, "stage": "after"}), 400) == [
        ("attachment", "used")
    ]


@pytest.mark.parametrize(
    ("action", "body", "field", "code"),
    [
        ("dispatch", {"item": "9999-999"}, "item", "unknown"),
        ("dispatch", {"item": "0204-001", "unit": "nobody"}, "unit", "unknown"),
        ("dispatch", {}, "item", "required"),
        ("dispatch", {"item": "0204-001", "haste": True}, "haste", "unknown_field"),
        ("answer", {"text": ""}, "text", "blank"),
        ("reject", {}, "reason", "required"),
        ("merge", {}, "into", "required"),
        ("claim", {"version": "x"}, "version", "unknown_field"),
    ],
)
def test_a_wrong_word_to_an_action_is_named(
    staff: Staff,
    dispatcher: Person,
    desk_case: Incident,
    action: str,
    body: dict[str, Any],
    field: str,
    code: str,
) -> None:
    answer = staff(dispatcher).post(f"incidents/{desk_case.number}/{action}/", body)
    assert problems(answer, 400) == [(field, code)]
    assert reload(desk_case).status == Status.TRIAGE


def test_deciding_on_stale_facts_is_refused(
    staff: Staff, handler: Person, lamp_case: Incident, dispatcher: Person
) -> None:
    actions.note(number=lamp_case.number, text="催一下", actor=dispatcher.actor, at=TUESDAY)
    answer = staff(handler).post(f"incidents/{lamp_case.number}/accept/", {"version": lamp_case.version})
    assert problems(answer, 409) == [("", "stale")]
    assert reload(lamp_case).status == Status.DISPATCHED


def test_an_action_out_of_turn_is_refused(staff: Staff, dispatcher: Person, lamp_case: Incident) -> None:
    answer = staff(dispatcher).post(f"incidents/{lamp_case.number}/dispatch/", {"item": "0204-001"})
    assert problems(answer, 409) == [("", "wrong_state")]


def test_a_closing_condition_must_be_attested(staff: Staff, handler: Person, accepted_case: Incident) -> None:
    answer = staff(handler).post(
        f"incidents/{accepted_case.number}/resolve/", {"outcome": "solved", "text": "修好了"}
    )
    assert problems(answer, 400) == [("attested", "required")]


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        ("categories/", {"page_size": 500}, 146),
        ("categories/", {"domain": "02", "page_size": 500}, None),
        ("areas/", {"kind": "street", "page_size": 500}, 11),
        ("areas/", {"kind": "community", "page_size": 500}, 111),
        ("areas/", {"kind": "community", "named": "凤凰", "page_size": 500}, 2),
        ("units/", {"page_size": 500}, 295),
        ("units/", {"within": "pinghu", "page_size": 500}, None),
        ("responsibility-items/", {"category": "0204"}, None),
    ],
)
def test_reference_data_is_there(
    hotline_api: Caller, path: str, query: dict[str, Any], count: int | None
) -> None:
    found = hotline_api.get(path, **query).json()["results"]
    assert found
    assert count is None or len(found) == count


@pytest.mark.parametrize("path", ["reports/", "incidents/", "categories/", "incidents/x/accept/"])
def test_options_are_no_trap(hotline_api: Caller, path: str) -> None:
    answer = hotline_api.client.options("/api/v1/" + path, headers=hotline_api.headers)
    assert answer.status_code in (200, 403)
