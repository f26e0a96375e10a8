"""What upstream says later about the same report: five kinds, each taken once."""

from typing import Any

import pytest

from accounts.models import ApiClient
from incidents import actions
from incidents.models import Incident, Report, ReportUpdate, TimelineEntry
from tests.cast import TUESDAY, Person, file_report, reload
from tests.incidents.api.conftest import Caller, lamp, problems


@pytest.fixture
def updates(hotline_api: Caller) -> str:
    """The address that later words about a filed report go to."""
    return f"reports/{hotline_api.post('reports/', lamp()).json()['report']}/updates/"


def update(kind: str, external_id: str = "U-1", **given: Any) -> dict[str, Any]:
    return {"external_id": external_id, "kind": kind, **given}


def test_a_supplement_is_on_the_timeline(hotline_api: Caller, updates: str) -> None:
    answer = hotline_api.post(updates, update("supplement", text="对面那盏也坏了"))
    assert answer.status_code == 201
    assert set(answer.json()) == {"update", "report", "incident"}
    assert TimelineEntry.objects.filter(kind="supplemented").count() == 1
    told = hotline_api.get(updates.removesuffix("updates/")).json()
    assert [line["text"] for line in told["updates"]] == ["对面那盏也坏了"]


def test_a_chaser_is_counted(hotline_api: Caller, updates: str) -> None:
    assert hotline_api.post(updates, update("chase")).status_code == 201
    assert Incident.objects.get().chased_count == 1


def test_an_earlier_deadline_rules(hotline_api: Caller, updates: str) -> None:
    answer = hotline_api.post(updates, update("deadline", due_at="2026-07-07T11:00:00+08:00"))
    assert answer.status_code == 201
    assert Report.objects.get().outside_due_at.isoformat() == "2026-07-07T03:00:00+00:00"


def test_a_withdrawal_closes_the_case(hotline_api: Caller, updates: str) -> None:
    told = hotline_api.post(updates, update("withdraw")).json()
    assert told["incident"]["status"] == "closed"


def test_a_closed_case_reopens(hotline_api: Caller, updates: str) -> None:
    hotline_api.post(updates, update("withdraw"))
    told = hotline_api.post(updates, update("reopen", "U-2", text="还是没修")).json()
    assert told["incident"]["status"] == "triage"


def test_an_open_case_does_not_reopen(hotline_api: Caller, updates: str) -> None:
    assert problems(hotline_api.post(updates, update("reopen")), 409) == [("", "wrong_state")]
    assert not ReportUpdate.objects.exists()


def test_the_same_update_again_changes_nothing(hotline_api: Caller, updates: str) -> None:
    first = hotline_api.post(updates, update("chase"))
    again = hotline_api.post(updates, update("chase"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["update"] == again.json()["update"]
    assert Incident.objects.get().chased_count == 1


def test_the_same_id_with_other_content_is_a_conflict(hotline_api: Caller, updates: str) -> None:
    hotline_api.post(updates, update("chase"))
    answer = hotline_api.post(updates, update("supplement", text="对面那盏也坏了"))
    assert problems(answer, 409) == [("external_id", "conflict")]


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "external_id", "required"),
        (update("sing"), "kind", "unknown"),
        (update("supplement"), "text", "required"),
        (update("supplement", text=" "), "text", "required"),
        (update("supplement", text="字" * 2_001), "text", "max_length"),
        (update("deadline"), "due_at", "required"),
        (update("deadline", due_at="soon"), "due_at", "invalid"),
        (update("deadline", due_at="1970-01-01T00:00:00Z"), "due_at", "too_early"),
        (update("deadline", due_at="2099-01-01T00:00:00Z"), "due_at", "too_late"),
        (update("chase", mood="angry"), "mood", "unknown_field"),
    ],
)
def test_a_wrong_update_is_named(
    hotline_api: Caller, updates: str, body: dict[str, Any], field: str, code: str
) -> None:
    assert (field, code) in problems(hotline_api.post(updates, body), 400)
    assert not ReportUpdate.objects.exists()


def test_another_source_does_not_find_the_report(city_app_api: Caller, updates: str) -> None:
    assert problems(city_app_api.post(updates, update("chase")), 404) == [("", "not_found")]


def test_an_operator_adds_what_a_caller_says(updates: str, operator: Person) -> None:
    answer = Caller(user=operator.user).post(updates, update("supplement", text="又来电"))
    assert answer.status_code == 201
    assert TimelineEntry.objects.get(kind="supplemented").actor == operator.user


@pytest.fixture
def waiting_above(
    hotline: tuple[ApiClient, str], hotline_api: Caller, updates: str, handler: Person, supervisor: Person
) -> Incident:
    """The city wants to accept what is closed, and has a result before it."""
    ApiClient.objects.update(accepts_closing=True)
    number = Incident.objects.get().number
    actions.accept(number=number, actor=handler.actor, at=TUESDAY)
    actions.resolve(
        number=number, outcome="solved", text="灯已修好", attested=True, actor=handler.actor, at=TUESDAY
    )
    actions.close(number=number, reason="照片清楚", actor=supervisor.actor, at=TUESDAY)
    assert Incident.objects.get().upstream_since is not None
    return Incident.objects.get()


@pytest.mark.parametrize(
    "kind",
    ["accept", "send_back", "agree_return", "refuse_return", "agree_extension", "refuse_extension"],
)
def test_who_takes_calls_does_not_speak_in_the_citys_name(
    waiting_above: Incident, updates: str, operator: Person, kind: str
) -> None:
    answer = Caller(user=operator.user).post(updates, update(kind, text="市里说的"))
    assert problems(answer, 403) == [("", "not_allowed")]
    assert reload(waiting_above).upstream_since is not None
    assert not ReportUpdate.objects.exists()


def test_who_may_enter_the_citys_word_may_do_so_here_too(
    waiting_above: Incident, updates: str, dispatcher: Person
) -> None:
    assert Caller(user=dispatcher.user).post(updates, update("accept")).status_code == 201
    assert reload(waiting_above).status == "closed"


def test_a_handler_speaks_for_no_hotline(updates: str, handler: Person) -> None:
    assert Caller(user=handler.user).post(updates, update("chase")).status_code == 404


def test_a_unit_does_not_take_back_what_it_has_to_handle(handler: Person) -> None:
    case = file_report(source="patrol", nature="finding")
    report = case.links.get().report
    answer = Caller(user=handler.user).post(
        f"reports/{report.pk}/updates/", {"external_id": "W1", "kind": "withdraw"}
    )
    assert answer.status_code == 404
    assert reload(case).status == "dispatched"
