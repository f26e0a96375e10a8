"""Adding something to a report, and the words of who comes second: nothing that was written is lost."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from incidents import actions
from incidents.actor import SYSTEM
from incidents.models import Incident, OutboxMessage
from incidents.models.incident import Status
from incidents.pages import resident_status
from incidents.public import answering
from incidents.timeline import Kind
from tests.cast import TUESDAY, Person, reload
from tests.incidents.resident.conftest import Hands

ASKED = TUESDAY + timedelta(hours=1)


def page(name: str, incident: Incident) -> str:
    return reverse(f"resident-{name}", args=[incident.links.order_by("pk").first().report.tracking_code])


def added(incident: Incident) -> list[str]:
    entries = incident.timeline.filter(kind=Kind.SUPPLEMENTED).order_by("pk")
    case = Client().get(page("status", incident)).context["case"]
    shown = [step.note for step in reversed(case.steps) if step.own and step.kind == Kind.SUPPLEMENTED]
    assert len(shown) == entries.count()
    return shown


@pytest.fixture(autouse=True)
def later(hands: Hands) -> Hands:
    hands.at = TUESDAY + timedelta(hours=4)
    return hands


@pytest.fixture
def asked_case(accepted_case: Incident, handler: Person) -> Incident:
    """At eleven the lighting company has asked which lamp it is."""
    actions.ask_reporter(number=accepted_case.number, question="哪一盏？", actor=handler.actor, at=ASKED)
    return reload(accepted_case)


@pytest.fixture
def closed_case(resolved_case: Incident) -> Incident:
    return actions.verify(
        number=resolved_case.number, fixed=True, actor=SYSTEM, at=TUESDAY + timedelta(hours=3)
    )


def messages(answered: Any) -> list[str]:
    return [one.level_tag for one in answered.context["messages"]]


def test_something_is_added_once_while_the_case_goes_on(lamp_case: Incident, client: Client) -> None:
    for _press in range(2):
        assert client.post(page("add", lamp_case), {"added": "还有一盏也不亮"}).status_code == 302
    assert added(lamp_case) == ["还有一盏也不亮"]
    assert OutboxMessage.objects.filter(incident=lamp_case, kind="report.supplemented").count() == 1


def test_what_is_added_answers_what_was_asked(asked_case: Incident, client: Client) -> None:
    client.post(page("add", asked_case), {"added": "是 17 号"})
    assert reload(asked_case).status == Status.HANDLING
    assert asked_case.pauses.get().answer.body == "是 17 号"


@pytest.mark.parametrize("words", ["", " ", "\x00", "字" * 501])
def test_what_cannot_be_kept_is_said_beside_its_field(
    lamp_case: Incident, client: Client, words: str
) -> None:
    answer = client.post(page("add", lamp_case), {"added": words})
    assert answer.status_code == 400
    assert answer.context["add_form"].errors["added"]
    assert added(lamp_case) == []


def test_what_is_over_takes_nothing_and_gives_the_words_back(closed_case: Incident, client: Client) -> None:
    assert not client.get(page("status", closed_case)).context["case"].may_add
    answer = client.post(page("add", closed_case), {"added": "还没修好"})
    assert answer.status_code == 400
    assert "还没修好</textarea>" in answer.content.decode()


def test_a_report_takes_so_many_additions_and_no_more(
    lamp_case: Incident, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "ADDED_MOST", 2)
    answers = [client.post(page("add", lamp_case), {"added": f"第 {n} 句"}).status_code for n in range(3)]
    assert answers == [302, 302, 400]


def test_an_answer_that_comes_second_is_added(asked_case: Incident, client: Client) -> None:
    client.post(page("reply", asked_case), {"text": "17 号"}, follow=True)
    second = client.post(page("reply", asked_case), {"text": "不对，是 18 号"}, follow=True)
    assert messages(second) == ["warning"]
    assert added(asked_case) == ["不对，是 18 号"]
    assert asked_case.pauses.get().answer.body == "17 号"
    assert messages(client.post(page("reply", asked_case), {"text": "不对，是 18 号"}, follow=True)) == []


def test_an_objection_that_comes_second_is_added(closed_case: Incident, client: Client) -> None:
    client.post(page("object", closed_case), {"reason": "还是不亮"})
    assert messages(client.post(page("object", closed_case), {"reason": "还是不亮"}, follow=True)) == [
        "success"  # of the first press: it was not shown before
    ]
    assert added(closed_case) == []
    second = client.post(page("object", closed_case), {"reason": "根本没人来过"}, follow=True)
    assert messages(second) == ["warning"]
    assert added(closed_case) == ["根本没人来过"]
    steps = second.context["case"].steps
    assert [step.note for step in steps if step.kind == Kind.OBJECTED] == ["还是不亮"]


def test_who_has_opened_a_report_goes_on_where_others_guess(
    lamp_case: Incident, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = client.get(page("status", lamp_case)).cookies["followed"]
    assert (mark["path"], mark["httponly"], mark["samesite"]) == (page("status", lamp_case), True, "Lax")
    monkeypatch.setattr(resident_status.WRONG_CODES, "limit", 1)
    guesser = Client()
    guesser.get(reverse("resident-status", args=["AAAAA-AAAAA"]))
    told = guesser.get(page("status", lamp_case))
    assert (told.status_code, told.headers["Retry-After"]) == (429, "60")
    assert client.get(page("status", lamp_case)).status_code == 200
    assert client.post(page("add", lamp_case), {"added": "还有一盏"}).status_code == 302
    # The mark of one report opens no other: Django's client sends every cookie everywhere.
    assert client.get(reverse("resident-status", args=["BBBBB-BBBBB"])).status_code == 429


def test_a_closing_that_nobody_checked_does_not_look_checked(
    resolved_case: Incident, dispatcher: Person, client: Client
) -> None:
    checked_words = {
        str(stage["name"]) for stage in client.get(page("status", resolved_case)).context["stages"]
    }
    actions.close(number=resolved_case.number, reason="免核查", actor=dispatcher.actor, at=TUESDAY)
    told = client.get(page("status", resolved_case)).context
    assert next(step for step in told["case"].steps if step.kind == Kind.CLOSED).params["unchecked"]
    assert len({str(stage["name"]) for stage in told["stages"]} - checked_words) == 1


def test_a_closing_after_the_check_is_as_ever(closed_case: Incident, client: Client) -> None:
    told = client.get(page("status", closed_case)).context["case"]
    assert not next(step for step in told.steps if step.kind == Kind.CLOSED).params["unchecked"]


def test_the_whole_link_can_be_pasted(lamp_case: Incident, client: Client) -> None:
    link = f"您的上报：https://yiwang.example{page('status', lamp_case)} 查看进度"
    assert client.get(reverse("resident-look-up"), {"code": link}).url == page("status", lamp_case)
