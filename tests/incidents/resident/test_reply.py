"""The unit asks the reporter something: the page says so, and takes the answer."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from incidents import actions
from incidents.models import Incident
from incidents.models.incident import Status
from incidents.pages import resident_status
from incidents.public import status
from incidents.timeline import Kind
from tests.cast import TUESDAY, Person, reload
from tests.incidents.resident.conftest import Hands

QUESTION = "请问是哪一根灯杆？杆上的编号是多少？"
ASKED = TUESDAY + timedelta(hours=1)


def code_of(incident: Incident) -> str:
    return incident.links.get().report.tracking_code


def page(name: str, incident: Incident) -> str:
    return reverse(f"resident-{name}", args=[code_of(incident)])


@pytest.fixture
def asked_case(accepted_case: Incident, handler: Person, hands: Hands) -> Incident:
    """At eleven the lighting company has asked which lamp it is."""
    actions.ask_reporter(number=accepted_case.number, question=QUESTION, actor=handler.actor, at=ASKED)
    hands.at = ASKED + timedelta(hours=2)
    return reload(accepted_case)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_asks_the_question(asked_case: Incident, client: Client, language: str) -> None:
    client.cookies["django_language"] = language
    answer = client.get(page("status", asked_case))
    html = answer.content.decode()
    assert answer.context["head"].state == "paused"
    assert QUESTION in html
    assert page("reply", asked_case) in html
    assert answer.context["steps"][0].words


def test_the_answer_lets_the_clock_go_on(asked_case: Incident, client: Client, hands: Hands) -> None:
    answer = client.post(page("reply", asked_case), {"text": "植物园路 17 号杆"})
    assert answer.status_code == 302
    case = reload(asked_case)
    assert case.status == Status.HANDLING
    assert case.pauses.get().answer.body == "植物园路 17 号杆"
    told = status(code_of(case), at=hands.at)
    assert told.waiting is None
    assert not told.may_reply
    assert "植物园路 17 号杆" in [step.note for step in told.steps]


def test_an_empty_answer_is_refused_beside_its_field(asked_case: Incident, client: Client) -> None:
    answer = client.post(page("reply", asked_case), {"text": "  "})
    assert answer.status_code == 400
    assert answer.context["reply_form"].errors["text"]
    assert reload(asked_case).status == Status.SUSPENDED


def test_a_second_answer_is_too_late_and_says_so(asked_case: Incident, client: Client) -> None:
    client.post(page("reply", asked_case), {"text": "17 号"})
    answer = client.post(page("reply", asked_case), {"text": "18 号"}, follow=True)
    assert answer.status_code == 200
    assert [str(message) for message in answer.context["messages"]]
    assert asked_case.pauses.get().answer.body == "17 号"


@pytest.mark.parametrize("text", ["\x00", "字" * 501])
def test_what_cannot_be_kept_is_no_server_error(asked_case: Incident, client: Client, text: str) -> None:
    assert client.post(page("reply", asked_case), {"text": text}).status_code == 400


def test_what_was_not_asked_is_no_answer_and_is_not_lost(
    lamp_case: Incident, client: Client, hands: Hands
) -> None:
    assert client.post(page("reply", lamp_case), {"text": "17 号"}).status_code == 302
    assert reload(lamp_case).status == Status.DISPATCHED
    assert not lamp_case.pauses.exists()
    assert [entry.kind for entry in lamp_case.timeline.order_by("pk")][-1] == Kind.SUPPLEMENTED


def test_an_unknown_code_is_not_found(db: None, client: Client) -> None:
    assert client.post(reverse("resident-reply", args=["AAAAA-AAAAA"]), {"text": "x"}).status_code == 404


@pytest.mark.parametrize("step", ["reply", "object"])
def test_where_others_guessed_wrong_the_right_code_waits_and_keeps_its_words(
    asked_case: Incident, client: Client, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A carrier's customers share an address: twenty wrong codes of one are nothing against the next."""
    monkeypatch.setattr(resident_status.WRONG_CODES, "limit", 1)
    client.get(reverse("resident-status", args=["AAAAA-AAAAA"]))
    field = {"reply": "text", "object": "reason"}[step]
    answer = client.post(page(step, asked_case), {field: "植物园路 17 号杆", "seen": "3"})
    assert answer.status_code == 429
    html = answer.content.decode()
    assert answer.context["problem"] in html
    assert f'name="{field}"' in html
    assert "植物园路 17 号杆</textarea>" in html
    assert '<input type="hidden" name="seen" value="3">' in html
    assert "csrfmiddlewaretoken" in html
    assert QUESTION not in html  # and nothing of the case
    wrong = client.post(reverse("resident-reply", args=["AAAAA-AAAAA"]), {"text": "x"})
    assert wrong.status_code == 429
    assert client.get(page("object", asked_case)).status_code == 429
    resident_status.WRONG_CODES.forget()
    if step == "reply":
        client.post(page(step, asked_case), {"text": "植物园路 17 号杆"})
        assert asked_case.pauses.get().answer.body == "植物园路 17 号杆"


def test_a_suspension_says_when_it_goes_on_without_its_reason(
    accepted_case: Incident, handler: Person, supervisor: Person, client: Client, hands: Hands
) -> None:
    until = TUESDAY + timedelta(days=5)
    actions.request_suspension(
        number=accepted_case.number, until=until, reason="等待备件", actor=handler.actor, at=ASKED
    )
    actions.decide_suspension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=ASKED)
    hands.at = ASKED
    answer = client.get(page("status", accepted_case))
    assert answer.context["case"].waiting.until == until
    assert not answer.context["case"].may_reply
    assert "等待备件" not in answer.content.decode()


def test_more_time_is_told_with_the_new_due_time(
    accepted_case: Incident, handler: Person, supervisor: Person, hands: Hands
) -> None:
    due_at = accepted_case.timers.get(kind="handling").due_at
    until = due_at + timedelta(days=1)
    actions.request_extension(
        number=accepted_case.number, until=until, reason="备件未到", actor=handler.actor, at=ASKED
    )
    actions.decide_extension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=ASKED)
    told = status(code_of(accepted_case), at=ASKED)
    assert told.due_at == until
    assert told.steps[0].kind == "extension_agreed"
    assert told.steps[0].note == ""
