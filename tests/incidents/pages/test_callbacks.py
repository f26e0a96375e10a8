"""电话回访 as a page: who may open it, what it shows, and what a caller's presses do."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents import actions
from incidents.intake import Reporter
from incidents.models import Callback, Feedback, Incident, PhoneCall
from tests.browsers import As
from tests.cast import TUESDAY, Person, file_report, reload
from tests.incidents.pages.conftest import SetClock

pytestmark = pytest.mark.django_db

CLOSED = TUESDAY + timedelta(hours=3)
THREE = TUESDAY + timedelta(hours=5)


@pytest.fixture(autouse=True)
def at_three(now: SetClock) -> None:
    """In the afternoon, when people may be called."""
    now.at = THREE


def closed(handler: Person, operator: Person, index: int = 0, **given: object) -> Callback:
    facts = {"reporter": Reporter(name="王小明", phone=f"138000{index:05d}"), **given}
    case = file_report(**facts)
    actions.accept(number=case.number, actor=handler.actor, at=TUESDAY + timedelta(hours=1))
    actions.resolve(
        number=case.number,
        outcome="solved",
        text="灯头已换新",
        attested=True,
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=2),
    )
    actions.close(number=case.number, reason="材料齐全", actor=operator.actor, at=CLOSED)
    return Callback.objects.get(incident=case)


@pytest.fixture
def waiting(handler: Person, operator: Person) -> Callback:
    return closed(handler, operator)


@pytest.fixture
def caller(browse: As, operator: Person) -> Client:
    return browse(operator)


def page(row: Callback) -> str:
    return reverse("callback", args=[row.pk])


@pytest.mark.parametrize(
    ("who", "status"),
    [("operator", 200), ("supervisor", 200), ("street_supervisor", 403), ("handler", 403), ("leader", 403)],
)
def test_the_districts_desk_calls_and_nobody_else(request, browse, waiting, who, status):
    client = browse(request.getfixturevalue(who))
    assert client.get(reverse("callbacks")).status_code == status
    assert client.get(page(waiting)).status_code == status
    taken = client.post(reverse("callback-take"))
    assert taken.status_code == (302 if status == 200 else 403)
    assert (reload_row(waiting).held_by is not None) == (status == 200)


def reload_row(row: Callback) -> Callback:
    return Callback.objects.get(pk=row.pk)


def test_the_next_one_opens_in_ones_own_hands(caller, waiting, operator):
    opened = caller.post(reverse("callback-take"))
    assert opened.url == page(waiting)
    assert reload_row(waiting).held_by == operator.user
    shown = caller.get(page(waiting))
    assert shown.context["mine_now"]
    assert [step.key for step in shown.context["steps"]][:2] == ["who", "why"]


def test_a_number_is_masked_until_somebody_looks(caller, waiting):
    shown = caller.get(page(waiting)).content.decode()
    assert "13800000000" not in shown
    assert "138****0000" in shown


def test_outside_the_hours_nobody_opens(caller, waiting, now):
    now.at = TUESDAY + timedelta(hours=13)  # eleven at night
    Callback.objects.update(next_at=now.at + timedelta(hours=10))
    assert caller.post(reverse("callback-take")).url == reverse("callbacks")
    shown = caller.get(reverse("callbacks"))
    assert (shown.context["ready"], shown.context["part"]) == (0, None)


def answers(**given: str) -> dict[str, str]:
    return {"outcome": "answered", "contacted": "yes", "solved": "yes", "result": "5", **given}


def test_with_nobody_to_call_now_it_is_said_when_it_goes_on(caller, waiting, now):
    """In an hour of calling too, where the only one left was tried in it; after hours of whoever is left."""
    assert caller.get(reverse("callbacks")).context["goes_on"] is None  # somebody is to be called now
    caller.post(page(waiting), {"outcome": "no_answer"})
    evening = TUESDAY + timedelta(hours=9)
    assert caller.get(reverse("callbacks")).context["goes_on"] == evening
    now.at = TUESDAY + timedelta(hours=11, minutes=5)  # past nine: nobody rang in the evening
    assert caller.get(reverse("callbacks")).context["goes_on"] == TUESDAY + timedelta(hours=23)
    Callback.objects.all().delete()
    assert caller.get(reverse("callbacks")).context["goes_on"] is None


def test_recorded_the_next_one_opens(caller, handler, operator, waiting):
    following = closed(handler, operator, 7)
    caller.post(reverse("callback-take"))
    done = caller.post(page(waiting), {**answers(recording="REC-1"), "then": "next"})
    assert done.url == page(following)
    given = Feedback.objects.get(report=waiting.report_id)
    assert (given.contacted, given.solved, given.result, given.asked_by) == (True, True, 5, operator.user)
    assert PhoneCall.objects.get().recording == "REC-1"


def test_pressed_twice_it_is_one_call(caller, waiting):
    version = {"seen_version": str(waiting.incident.version)}
    assert caller.post(page(waiting), {**answers(), **version}).status_code == 302
    assert caller.post(page(waiting), {**answers(), **version}).status_code == 409
    assert PhoneCall.objects.count() == 1


def test_what_was_typed_stays_where_it_is_refused(caller, waiting):
    told = {"outcome": "later", "text": "晚上再打", "recording": "13800000000.wav"}
    refused = caller.post(page(waiting), told)
    assert refused.status_code == 400
    assert "again_at" in refused.context["form"].errors
    assert refused.context["form"]["text"].value() == "晚上再打"


def test_what_is_not_solved_goes_back_with_their_words(caller, waiting):
    told = answers(solved="no", result="1", reopen="on")
    refused = caller.post(page(waiting), told)
    assert refused.context["form"].errors["text"].as_data()[0].code == "required"
    assert caller.post(page(waiting), {**told, "text": "昨晚又灭了"}).status_code == 302
    case = reload(waiting.incident)
    assert (case.status, case.rework_count) == ("handling", 1)
    assert Feedback.objects.get().solved is False
    assert Callback.objects.open().count() == 0


def test_solved_does_not_reopen_whatever_is_ticked(caller, waiting):
    caller.post(page(waiting), answers(reopen="on", text="很好"))
    assert reload(waiting.incident).status == "closed"


def test_somebody_elses_call_can_be_read_and_not_recorded(browse, caller, dispatcher, waiting):
    browse(dispatcher).post(reverse("callback-take"))
    shown = caller.get(page(waiting))
    assert shown.context["taken"]
    assert caller.post(page(waiting), answers()).status_code == 409
    assert not PhoneCall.objects.exists()
    assert caller.post(reverse("callback-take"), {"callback": waiting.pk}).url == reverse("callbacks")


def test_put_back_it_is_free(caller, waiting):
    caller.post(reverse("callback-take"))
    caller.post(reverse("callback-leave", args=[waiting.pk]))
    assert reload_row(waiting).held_by is None


def test_one_that_is_over_says_so_and_takes_no_answer(caller, waiting):
    actions.rate(report=waiting.report, result=5, at=THREE)
    shown = caller.get(page(waiting))
    assert not shown.context["open"]
    assert caller.post(page(waiting), answers()).status_code == 409


def test_the_poll_says_304_until_something_changes(caller, browse, dispatcher, waiting, handler, operator):
    address = reverse("callback-queue")
    tag = caller.get(address)["ETag"]
    assert caller.get(address, headers={"If-None-Match": tag}).status_code == 304
    browse(dispatcher).post(reverse("callback-take"))
    taken = caller.get(address, headers={"If-None-Match": tag})
    assert taken.status_code == 200
    closed(handler, operator, 3)
    assert caller.get(address, headers={"If-None-Match": taken["ETag"]}).status_code == 200


def test_the_queue_takes_as_many_queries_for_thirty_as_for_three(caller, handler, operator):
    made = {}
    for count in (3, 30):
        for index in range(Callback.objects.count(), count):
            closed(handler, operator, index)
        for address in ("callbacks", "callback-queue"):
            caller.get(reverse(address))
            with CaptureQueriesContext(connection) as queries:
                shown = caller.get(reverse(address))
            assert len(shown.context["rows"]) == count
            made.setdefault(address, []).append(len(queries))
    assert made["callbacks"][0] == made["callbacks"][1] <= 20
    assert made["callback-queue"][0] == made["callback-queue"][1] <= 12


def test_who_is_called_first_is_said(caller, waiting):
    shown = caller.get(reverse("callbacks"))
    assert [rank.number for rank in shown.context["ranks"]] == [0, 1, 2, 3]


def test_a_case_of_nobody_known_is_404(caller):
    assert caller.get(reverse("callback", args=[10**30 % 2**70])).status_code == 404


@pytest.fixture
def incident(waiting: Callback) -> Incident:
    return waiting.incident


def test_the_case_page_records_a_callback_too(caller, incident, waiting):
    told = {"report": waiting.report_id, **answers()}
    assert caller.post(reverse("case-act", args=[incident.number, "call-back"]), told).status_code == 302
    assert reload_row(waiting).end == Callback.End.ANSWERED
