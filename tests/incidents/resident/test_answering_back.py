"""Objecting, answering and taking back at the edges: twice, too late, and of whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from incidents import actions, delivery, sweeps
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused
from incidents.intake import Reporter
from incidents.models import Incident, Notification, OutboxMessage, Timer
from incidents.models.incident import ResolutionOutcome, Status
from incidents.public import Answer, Rating, answer, status
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, person, reload
from tests.incidents.resident.conftest import Hands

pytestmark = pytest.mark.django_db

LATER = TUESDAY + timedelta(hours=4)


def code_of(incident: Incident) -> str:
    return incident.links.order_by("pk").first().report.tracking_code


def page(name: str, incident: Incident) -> str:
    return reverse(f"resident-{name}", args=[code_of(incident)])


def warnings(answered: Any) -> list[str]:
    return [str(one) for one in answered.context["messages"] if one.level_tag == "warning"]


@pytest.fixture(autouse=True)
def later(hands: Hands) -> Hands:
    hands.at = LATER
    return hands


@pytest.fixture
def closed_case(resolved_case: Incident) -> Incident:
    return actions.verify(
        number=resolved_case.number, fixed=True, actor=SYSTEM, at=TUESDAY + timedelta(hours=3)
    )


def settle_again(incident: Incident, handler: Person, *, at: Any) -> None:
    actions.resolve(
        number=incident.number,
        outcome=ResolutionOutcome.SOLVED,
        text="又换了一次",
        attested=True,
        actor=handler.actor,
        at=at,
    )
    actions.verify(number=incident.number, fixed=True, actor=SYSTEM, at=at)


# --- objecting ------------------------------------------------------------------------------------


def test_an_objection_reaches_the_unit_and_a_supervisor(closed_case: Incident) -> None:
    answer(code_of(closed_case), kind=Answer.OBJECT, text="晚上还是不亮", at=LATER)
    case = reload(closed_case)
    assert (case.status, case.rework_count) == (Status.HANDLING, 1)
    assert case.timers.get(kind=Timer.Kind.HANDLING, stopped_at__isnull=True).started_at == LATER
    told = set(OutboxMessage.objects.filter(created_at=LATER).values_list("kind", "receiver"))
    assert ("case.rework", f"unit:{LAMP_UNIT}") in told
    receivers = {receiver for kind, receiver in told if kind == "case.objected"}
    assert receivers == {"supervisors", f"street:{case.street_code}"}


def test_an_objection_is_told_once_to_each_supervisor_of_the_street_and_the_district(
    closed_case: Incident, supervisor: Person
) -> None:
    street = person("longgang-supervisor", Role.SUPERVISOR, "longgang/operations", "龙岗督办")
    answer(code_of(closed_case), kind=Answer.OBJECT, text="晚上还是不亮", at=LATER)
    while delivery.spread(at=LATER):
        pass
    told = Notification.objects.filter(kind="case.objected").values_list("user", flat=True)
    assert sorted(told) == sorted([supervisor.user.pk, street.user.pk])


def test_a_check_that_fails_is_told_to_the_unit(resolved_case: Incident) -> None:
    actions.verify(number=resolved_case.number, fixed=False, text="没亮", actor=SYSTEM, at=LATER)
    assert OutboxMessage.objects.get(kind="case.rework").receiver == f"unit:{LAMP_UNIT}"


def test_pressed_twice_it_is_one_objection_without_a_reproach(closed_case: Incident, client: Client) -> None:
    for _press in range(2):
        answered = client.post(page("object", closed_case), {"reason": "晚上还是不亮"}, follow=True)
        assert warnings(answered) == []
    assert reload(closed_case).rework_count == 1


def test_a_second_objection_after_the_second_closing_is_refused(
    closed_case: Incident, handler: Person, client: Client
) -> None:
    answer(code_of(closed_case), kind=Answer.OBJECT, text="不亮", at=LATER)
    settle_again(closed_case, handler, at=LATER + timedelta(hours=1))
    with pytest.raises(ActionRefused) as refused:
        answer(code_of(closed_case), kind=Answer.OBJECT, text="还是不亮", at=LATER + timedelta(hours=2))
    assert refused.value.code == "already_objected"
    answered = client.post(page("object", closed_case), {"reason": "还是不亮"}, follow=True)
    assert len(warnings(answered)) == 1
    assert reload(closed_case).status == Status.CLOSED


def test_a_second_handling_is_rated_for_itself(closed_case: Incident, handler: Person) -> None:
    code = code_of(closed_case)
    answer(code, kind=Answer.RATE, rating=Rating(result=1), at=LATER)
    answer(code, kind=Answer.OBJECT, text="不亮", at=LATER)
    settle_again(closed_case, handler, at=LATER + timedelta(hours=1))
    answer(code, kind=Answer.RATE, rating=Rating(result=5), at=LATER + timedelta(hours=2))


def test_a_finding_of_staff_offers_neither_stars_nor_an_objection(
    handler: Person, client: Client, later: Hands
) -> None:
    case = file_report(source="patrol", reporter=Reporter())
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY)
    settle_again(case, handler, at=TUESDAY + timedelta(hours=1))
    told = status(code_of(case), at=LATER)
    assert (told.may_rate, told.may_object) == (False, False)


# --- taking it back -------------------------------------------------------------------------------


def test_pressed_twice_it_is_taken_back_once(lamp_case: Incident, client: Client) -> None:
    for _press in range(2):
        answered = client.post(page("withdraw", lamp_case), follow=True)
        assert warnings(answered) == []
    assert reload(lamp_case).outcome == ResolutionOutcome.WITHDRAWN
    assert lamp_case.timeline.filter(kind="withdrawn").count() == 1


def test_after_closing_nothing_is_taken_back(closed_case: Incident, client: Client) -> None:
    answered = client.post(page("withdraw", closed_case), follow=True)
    assert len(warnings(answered)) == 1
    assert reload(closed_case).outcome == ResolutionOutcome.SOLVED


def test_taken_back_while_they_wait_for_an_answer(
    accepted_case: Incident, handler: Person, client: Client
) -> None:
    actions.ask_reporter(number=accepted_case.number, question="哪根？", actor=handler.actor, at=TUESDAY)
    client.post(page("withdraw", accepted_case))
    case = reload(accepted_case)
    assert (case.status, case.pause_kind) == (Status.CLOSED, "")
    assert not case.timers.filter(stopped_at__isnull=True).exists()


@pytest.mark.parametrize("kind", [Answer.RATE, Answer.OBJECT, Answer.REPLY, Answer.WITHDRAW])
def test_who_has_taken_it_back_says_no_more_about_it(
    lamp_case: Incident, handler: Person, kind: Answer
) -> None:
    file_report(joins=lamp_case.number)
    code = code_of(lamp_case)
    answer(code, kind=Answer.WITHDRAW, at=TUESDAY)
    actions.accept(number=lamp_case.number, actor=handler.actor, at=TUESDAY)
    settle_again(lamp_case, handler, at=TUESDAY + timedelta(hours=1))
    with pytest.raises(ActionRefused) as refused:
        answer(code, kind=kind, text="不亮", rating=Rating(result=1), at=LATER)
    assert refused.value.code == "already_withdrawn"


# --- rating twice ---------------------------------------------------------------------------------


def test_the_same_stars_pressed_twice_are_no_mistake(closed_case: Incident, client: Client) -> None:
    for _press in range(2):
        answered = client.post(page("rate", closed_case), {"speed": "4"}, follow=True)
        assert warnings(answered) == []
    assert len(warnings(client.post(page("rate", closed_case), {"speed": "1"}, follow=True))) == 1


# --- answering late -------------------------------------------------------------------------------


@pytest.fixture
def missed_case(accepted_case: Incident, handler: Person, later: Hands) -> Incident:
    """Asked on Tuesday; by Friday's end nobody has answered, and the clock goes on by itself."""
    asked = actions.ask_reporter(
        number=accepted_case.number, question="是哪一根灯杆？", actor=handler.actor, at=TUESDAY
    )
    later.at = asked.until + timedelta(hours=1)
    sweeps.catch_up(at=later.at)
    return reload(accepted_case)


def test_an_answer_that_comes_late_still_reaches_the_unit(
    missed_case: Incident, client: Client, later: Hands
) -> None:
    assert missed_case.status == Status.HANDLING
    shown = client.get(page("status", missed_case))
    assert "是哪一根灯杆？" in shown.content.decode()
    for _press in range(2):
        answered = client.post(page("reply", missed_case), {"text": "十七号杆"}, follow=True)
        assert warnings(answered) == []
    told = status(code_of(missed_case), at=later.at)
    assert not told.may_reply
    assert [step.note for step in told.steps if step.kind == "supplemented"] == ["十七号杆"]
    unit = OutboxMessage.objects.filter(kind="report.supplemented")
    assert [one.receiver for one in unit] == [f"unit:{LAMP_UNIT}"]


def test_an_answer_pressed_twice_is_one(accepted_case: Incident, handler: Person, client: Client) -> None:
    actions.ask_reporter(number=accepted_case.number, question="哪根？", actor=handler.actor, at=TUESDAY)
    for _press in range(2):
        answered = client.post(page("reply", accepted_case), {"text": "十七号杆"}, follow=True)
        assert warnings(answered) == []
    assert accepted_case.timeline.filter(kind="reporter_answered").count() == 1
