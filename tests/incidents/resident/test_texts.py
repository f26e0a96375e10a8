"""Text messages at the steps that a resident cares about, and the one way to have none."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from incidents import actions, delivery
from incidents.actor import SYSTEM
from incidents.intake import Reporter
from incidents.models import Incident, OutboxMessage, Parcel, QuietReport
from incidents.models.incident import ResolutionOutcome
from incidents.public import Answer, answer, status
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, reload
from tests.incidents.resident.conftest import Hands
from tests.incidents.test_outbox import Recorder

pytestmark = pytest.mark.django_db

LATER = TUESDAY + timedelta(hours=4)


def code_of(incident: Incident) -> str:
    return incident.links.order_by("pk").first().report.tracking_code


def texts(incident: Incident, *, at: Any = LATER) -> list[str]:
    """What the reporter's telephone has been sent since the last look, each without its address."""
    line = Recorder()
    while delivery.spread(at=at):
        pass
    while delivery.deliver(at=at, transports=line):
        pass
    ours = f"/r/{code_of(incident)}/"
    return [letter.body.split("】")[-1].split("请看")[0] for letter in line.letters if ours in letter.body]


def kinds(incident: Incident) -> list[str]:
    receiver = f"report:{incident.links.order_by('pk').first().report_id}"
    found = OutboxMessage.objects.filter(receiver=receiver).order_by("pk")
    return list(found.values_list("kind", flat=True))


def test_the_first_text_names_the_unit_that_has_it(lamp_case: Incident) -> None:
    [text] = texts(lamp_case)
    assert lamp_case.owner_unit.name_zh in text


def test_while_a_person_decides_no_unit_is_named_and_the_next_text_names_it(
    desk_case: Incident, dispatcher: Person
) -> None:
    [first] = texts(desk_case)
    actions.dispatch(
        number=desk_case.number,
        item_code="0204-001",
        unit_code=LAMP_UNIT,
        reason="路灯",
        actor=dispatcher.actor,
        at=TUESDAY,
    )
    name = reload(desk_case).owner_unit.name_zh
    assert name not in first
    assert texts(desk_case, at=TUESDAY + timedelta(minutes=1)) == []
    [second] = texts(desk_case)
    assert name in second


def test_a_sending_that_is_taken_back_is_told_to_nobody(desk_case: Incident, dispatcher: Person) -> None:
    texts(desk_case)
    sent = {"item_code": "0204-001", "unit_code": LAMP_UNIT, "reason": "路灯"}
    actions.dispatch(number=desk_case.number, actor=dispatcher.actor, at=TUESDAY, **sent)
    actions.recall(number=desk_case.number, actor=dispatcher.actor, at=TUESDAY + timedelta(minutes=1))
    assert texts(desk_case) == []


def test_each_step_of_a_life_is_told_once(accepted_case: Incident, handler: Person, hands: Hands) -> None:
    number = accepted_case.number
    actions.ask_reporter(number=number, question="哪一根？", actor=handler.actor, at=TUESDAY)
    answer(code_of(accepted_case), kind=Answer.REPLY, text="十七号", at=TUESDAY)
    done = {"outcome": ResolutionOutcome.SOLVED, "text": "已换新", "attested": True}
    actions.resolve(number=number, actor=handler.actor, at=TUESDAY, **done)
    actions.verify(number=number, fixed=True, actor=SYSTEM, at=TUESDAY)
    answer(code_of(accepted_case), kind=Answer.OBJECT, text="还是不亮", at=TUESDAY)
    assert kinds(accepted_case) == [
        "report.received",
        "reporter.asked",
        "report.resolved",
        "report.closed",
        "report.reopened",
    ]
    assert len(texts(accepted_case)) == 5


def test_who_wants_none_gets_none_not_even_what_waited(
    accepted_case: Incident, handler: Person, client: Client, hands: Hands
) -> None:
    night = TUESDAY + timedelta(hours=14)
    texts(accepted_case)
    actions.message(number=accepted_case.number, text="明天来修", actor=handler.actor, at=night)
    while delivery.spread(at=night):
        pass
    assert Parcel.objects.waiting().filter(channel="sms").count() == 1
    address = reverse("resident-texts", args=[code_of(accepted_case)])
    client.post(address, {"texts": "off"})
    client.post(address, {"texts": "off"})  # twice is once
    actions.message(number=accepted_case.number, text="后天来修", actor=handler.actor, at=night)
    assert texts(accepted_case, at=night + timedelta(hours=12)) == []
    page = client.get(reverse("resident-status", args=[code_of(accepted_case)]))
    assert page.context["case"].texts is False
    client.post(address, {"texts": "on"})
    actions.message(number=accepted_case.number, text="大后天来修", actor=handler.actor, at=night)
    assert len(texts(accepted_case, at=night + timedelta(hours=12))) == 1


def test_it_is_about_this_report_alone(lamp_case: Incident, hands: Hands) -> None:
    neighbour = file_report(joins=lamp_case.number)
    assert neighbour.pk == lamp_case.pk
    answer(code_of(lamp_case), kind=Answer.STOP_TEXTS, at=TUESDAY)
    assert QuietReport.objects.count() == 1
    other = lamp_case.links.order_by("pk").last().report
    assert status(other.tracking_code, at=TUESDAY).texts is True


def test_who_left_no_number_is_offered_nothing(db: None, client: Client, hands: Hands) -> None:
    case = file_report(reporter=Reporter())
    page = client.get(reverse("resident-status", args=[code_of(case)]))
    assert page.context["case"].texts is None
    assert 'id="texts"' not in page.content.decode()


def test_who_has_taken_it_back_hears_no_more_of_it(lamp_case: Incident, handler: Person) -> None:
    file_report(joins=lamp_case.number)
    texts(lamp_case)
    answer(code_of(lamp_case), kind=Answer.WITHDRAW, at=TUESDAY)
    actions.accept(number=lamp_case.number, actor=handler.actor, at=TUESDAY)
    actions.message(number=lamp_case.number, text="明天来修", actor=handler.actor, at=TUESDAY)
    assert texts(lamp_case) == []
