"""All reports of one telephone number, after a code that was texted to it."""

import logging
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.functional import Promise

from incidents import actions, delivery, proving
from incidents.intake import Reporter
from incidents.models import Incident, OutboxMessage, Parcel, PhoneProof, QuietReport, Report
from incidents.pages import resident_own
from incidents.public import Answer, CodeWanted, OwnReports, answer, status, submit
from tests.cast import TUESDAY, Person, file_report
from tests.incidents.resident.conftest import Hands
from tests.incidents.test_outbox import Recorder

pytestmark = pytest.mark.django_db

PHONE, STRANGER = "138 1234 2207", "139 0000 1111"
LIST_QUERIES = 12


@pytest.fixture(autouse=True)
def fresh_throttles() -> None:
    for throttle in (resident_own.CODES, resident_own.TRIES):
        throttle.forget()


def ask(client: Client, phone: str = PHONE) -> Any:
    return client.post("/mine/", {"phone": phone})


def texted() -> list[str]:
    """What telephones have been sent by now."""
    line = Recorder()
    while delivery.spread(at=TUESDAY):
        pass
    while delivery.deliver(at=TUESDAY, transports=line):
        pass
    return [f"{letter.to} {letter.body}" for letter in line.letters if letter.kind == proving.KIND]


def code() -> str:
    return proving.code_of(PhoneProof.objects.latest("pk"))


@pytest.fixture
def owner(lamp_case: Incident, hands: Hands) -> Client:
    """Has reported a lamp, and asks for all reports of the number."""
    client = Client()
    ask(client)
    return client


def test_a_code_by_text_opens_every_report_of_the_number(lamp_case: Incident, hands: Hands) -> None:
    file_report(text="植物园路井盖松了", category=None)
    file_report(text="别人的事", reporter=Reporter(name="李", phone="13900002222"))
    client = Client()
    assert ask(client)["Location"] == "/mine/code/"
    [message] = texted()
    assert message.startswith("13812342207 ")
    assert code() in message
    assert client.post("/mine/code/", {"code": f" {code()[:3]} {code()[3:]}"})["Location"] == "/mine/reports/"
    page = client.get("/mine/reports/")
    assert page.context["lines"][0]["case"].title == "植物园路井盖松了"
    assert len(page.context["lines"]) == 2
    assert "别人的事" not in page.content.decode()


def test_nothing_says_whether_a_number_is_known(lamp_case: Incident, hands: Hands) -> None:
    pages, costs = [], []
    for phone in (PHONE, STRANGER):
        client = Client()
        with CaptureQueriesContext(connection) as seen:
            first = ask(client, phone)
        costs.append(len(seen))
        second = client.get(first["Location"])
        pages.append((first.status_code, first["Location"], second.content.decode().replace(code(), "")))
    assert costs[0] == costs[1]
    assert [page[:2] for page in pages] == [(302, "/mine/code/")] * 2
    plain = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page[2]) for page in pages]
    assert "id_code" in plain[0]  # all of it is compared, not the head alone
    assert plain[0] == plain[1]
    assert len(texted()) == 1  # the known one's telephone alone knows
    client.post("/mine/code/", {"code": code()})
    assert client.get("/mine/reports/").context["lines"] == []


def test_neither_the_number_nor_the_code_is_kept_or_said(
    owner: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = code()
    texted()
    owner.post("/mine/code/", {"code": "12"})
    rows = [*PhoneProof.objects.values_list(), *OutboxMessage.objects.filter(kind=proving.KIND).values_list()]
    rows += list(Parcel.objects.filter(kind=proving.KIND).values_list())
    held = f"{rows}{dict(owner.session)}{caplog.text}".replace(f"'phone_code_shown': '{secret}'", "")
    assert "13812342207" not in held
    assert secret not in held


def test_five_tries_and_no_more(owner: Client) -> None:
    wrong = "000000" if code() != "000000" else "111111"
    for _try in range(5):
        assert owner.post("/mine/code/", {"code": wrong}).status_code == 400
    assert owner.post("/mine/code/", {"code": code()})["Location"] == "/mine/"
    assert owner.get("/mine/reports/")["Location"] == "/mine/"


def test_a_code_is_over_after_ten_minutes_and_what_it_opened_after_thirty(
    lamp_case: Incident, hands: Hands
) -> None:
    start = datetime(2026, 7, 7, 2, 0, tzinfo=TUESDAY.tzinfo)
    with time_machine.travel(start, tick=False) as machine:
        late, timely = Client(), Client()
        ask(late)
        late_code = code()
        ask(timely)
        machine.move_to(start + timedelta(minutes=9))
        timely.post("/mine/code/", {"code": code()})
        machine.move_to(start + timedelta(minutes=10))
        assert late.post("/mine/code/", {"code": late_code})["Location"] == "/mine/"
        assert timely.get("/mine/reports/").status_code == 200
        machine.move_to(start + timedelta(minutes=39))
        assert timely.get("/mine/reports/")["Location"] == "/mine/"


@pytest.mark.parametrize("phone", [PHONE, STRANGER])
def test_a_number_is_texted_three_times_in_a_quarter_of_an_hour(
    lamp_case: Incident, hands: Hands, phone: str
) -> None:
    assert [ask(Client(), phone).status_code for _time in range(4)] == [302, 302, 302, 429]
    assert len(texted()) == (3 if phone == PHONE else 0)


def test_one_connection_asks_for_twelve_codes_and_no_more(db: None, hands: Hands) -> None:
    answers = [ask(Client(), f"1390000{index:04d}").status_code for index in range(13)]
    assert answers == [302] * 12 + [429]


@pytest.mark.parametrize("phone", ["", "12", "0755 2888 1234", "字", "\x00", "1" * 30])
def test_what_no_text_reaches_is_said_beside_the_field(db: None, phone: str, client: Client) -> None:
    answered = ask(client, phone)
    assert answered.status_code == 400
    assert answered.context["form"].errors["phone"]
    assert not PhoneProof.objects.exists()


def test_another_browser_cannot_use_the_ticket_of_this_one(owner: Client) -> None:
    other = Client()
    ask(other, STRANGER)
    strangers = code()
    assert owner.post("/mine/code/", {"code": strangers}).status_code == 400
    other.post("/mine/code/", {"code": strangers})
    assert other.get("/mine/reports/").context["lines"] == []


def test_the_second_of_two_presses_goes_on(owner: Client) -> None:
    secret = code()
    assert owner.post("/mine/code/", {"code": secret})["Location"] == "/mine/reports/"
    assert owner.post("/mine/code/", {"code": secret})["Location"] == "/mine/reports/"
    assert owner.get("/mine/")["Location"] == "/mine/reports/"


def test_leaving_closes_it_here_and_for_the_ticket(owner: Client) -> None:
    owner.post("/mine/code/", {"code": code()})
    held = owner.cookies["own_ticket"].value
    left = owner.post("/mine/leave/", follow=True).content.decode()
    assert owner.get("/mine/reports/")["Location"] == "/mine/"
    assert "history" in left or "历史" in left  # what is not ours to close is named
    owner.cookies["own_ticket"] = held  # kept aside, it opens nothing either
    assert owner.get("/mine/reports/")["Location"] == "/mine/"


def test_leaving_takes_drafts_and_receipts_with_it(owner: Client) -> None:
    session = owner.session
    session["report_drafts"] = {"a-form": {}}
    session.save()
    owner.post("/mine/code/", {"code": code()})
    owner.post("/mine/leave/")
    assert not Session.objects.filter(session_key=session.session_key).exists()
    assert "report_drafts" not in owner.session


def test_a_session_that_somebody_knew_opens_nothing(owner: Client) -> None:
    """On a shared machine, or planted before: what opens the reports is not in it."""
    planted = Client()
    planted.cookies["sessionid"] = owner.session.session_key
    owner.post("/mine/code/", {"code": code()})
    assert owner.get("/mine/reports/").status_code == 200
    assert planted.get("/mine/reports/")["Location"] == "/mine/"
    assert "ticket" not in str(dict(owner.session))


def test_the_ticket_is_read_by_no_script_and_sent_to_these_pages_alone(lamp_case: Incident) -> None:
    client = Client()
    ask(client)
    held = client.cookies["own_ticket"]
    assert (held["httponly"], held["path"], held["samesite"]) == (True, "/mine/", "Lax")
    held.set("own_ticket", "made-up", "made-up")
    assert client.get("/mine/code/")["Location"] == "/mine/"


def test_what_is_missing_is_said_in_the_readers_language() -> None:
    """Also where the process first spoke another: the words are no constant of the class."""
    for form, name in ((resident_own.PhoneForm, "phone"), (resident_own.CodeForm, "code")):
        assert isinstance(form.base_fields[name].error_messages["required"], Promise)


def test_a_number_that_was_silent_for_a_year_is_texted_to_nobody(lamp_case: Incident, hands: Hands) -> None:
    Report.objects.update(received_at=TUESDAY - timedelta(days=366))
    ask(Client())
    assert texted() == []


def test_whether_the_list_is_open_is_asked_in_one_query(owner: Client) -> None:
    owner.post("/mine/code/", {"code": code()})
    with CaptureQueriesContext(connection) as seen:
        assert owner.get("/mine/")["Location"] == "/mine/reports/"
    assert not [query for query in seen if "incidents_report" in query["sql"]]


def test_no_texts_about_any_of_them(owner: Client) -> None:
    owner.post("/mine/code/", {"code": code()})
    owner.post("/mine/texts/")
    assert QuietReport.objects.count() == 1
    assert Client().post("/mine/texts/")["Location"] == "/mine/"


def test_the_list_says_who_is_waited_for(
    accepted_case: Incident, handler: Person, owner: Client, hands: Hands
) -> None:
    actions.ask_reporter(number=accepted_case.number, question="哪一根？", actor=handler.actor, at=TUESDAY)
    owner.post("/mine/code/", {"code": code()})
    [line] = owner.get("/mine/reports/").context["lines"]
    assert line["case"].asks
    assert line["state"] == "warned"


def test_the_list_costs_the_same_for_many_as_for_few(owner: Client) -> None:
    owner.post("/mine/code/", {"code": code()})

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert owner.get("/mine/reports/").status_code == 200
        return len(seen)

    few = cost()
    for _index in range(5):
        file_report(text="路灯又坏了", joins="")
    assert cost() == few <= LIST_QUERIES


def test_the_doors_answer_carries_no_number(lamp_case: Incident) -> None:
    given = submit(CodeWanted(PHONE), at=TUESDAY)
    answer(given["ticket"], kind=Answer.PROVE, text=given["code"], at=TUESDAY)
    [case] = status(OwnReports(given["ticket"]), at=TUESDAY)
    assert "13812342207" not in str(case)


def test_other_systems_never_hear_of_a_code(lamp_case: Incident) -> None:
    from incidents.models import Webhook

    hook = Webhook(name="city", url="https://city.example/h", source="hotline", created_at=TUESDAY)
    hook.new_secret()
    hook.save()
    submit(CodeWanted(PHONE), at=TUESDAY)
    delivery.spread(at=TUESDAY)
    assert {parcel.channel for parcel in Parcel.objects.filter(kind=proving.KIND)} == {"sms"}
