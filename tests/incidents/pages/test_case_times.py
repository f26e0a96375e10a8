"""A case's clock on its page, and the steps about its time: asking, answering, speaking with people."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dispatch import edition
from incidents import actions, sweeps
from incidents.models import CaseRequest, Incident, LateEntry, PhoneCall
from incidents.models.incident import PauseKind, Status
from incidents.pages.request_steps import STEPS as REQUEST_STEPS
from incidents.pages.steps import STEPS
from tests.browsers import As
from tests.cast import TUESDAY, Person, file_report, reload
from tests.incidents.pages.conftest import SetClock
from tests.incidents.pages.test_cases import act

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def eleven(now: SetClock) -> SetClock:
    """An hour after the lamp's report came in."""
    now.at = TUESDAY + timedelta(hours=1)
    return now


@pytest.fixture
def emergency_case(db: None) -> Incident:
    """A lamp post that is about to fall, sent to the lighting company a minute ago."""
    return file_report(at=TUESDAY + timedelta(minutes=59), urgency="emergency")


def page(case: Incident) -> str:
    return reverse("case", args=[case.number])


def steps_of(answer: Any) -> set[str]:
    return {sheet["step"] for sheet in answer.context["sheets"]}


def offered(answer: Any) -> list[str]:
    return [value for value, _words in answer.context["form"].fields["when"].choices]


def ask_for_time(case: Incident, handler: Person, at: Any) -> CaseRequest:
    until = case.timers.get(kind="handling").due_at + timedelta(days=1)
    return actions.request_extension(
        number=case.number, until=until, reason="等待备件", actor=handler.actor, at=at
    )


# --- more time ----------------------------------------------------------------------------------


def test_more_time_is_one_tap_and_never_beyond_the_limit(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    client = browse(handler)
    form = client.get(act(accepted_case, "request-extension"))
    times = offered(form)
    assert times[-1] == "other"
    assert len(times) >= 2
    given = {"when": times[-2], "reason": "等待备件"}
    assert client.post(act(accepted_case, "request-extension"), given).status_code == 302
    assert CaseRequest.objects.get().proposed_due_at.isoformat() == times[-2]


def test_another_time_is_the_districts_time(browse: As, handler: Person, accepted_case: Incident) -> None:
    given = {"when": "other", "until": "2026-07-10T17:30", "reason": "等待备件"}
    assert browse(handler).post(act(accepted_case, "request-extension"), given).status_code == 302
    asked = CaseRequest.objects.get().proposed_due_at
    assert timezone.localtime(asked).isoformat() == "2026-07-10T17:30:00+08:00"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"when": "other", "reason": "x"},
        {"when": "other", "until": "2026-07-10T25:00", "reason": "x"},
        {"when": "other", "until": "0001-01-01T00:00", "reason": "x"},
        {"when": "other", "until": "9999-12-31T23:59", "reason": "x"},
        {"when": "other", "until": "2027-07-10T17:30", "reason": "x"},
        {"when": "2026-07-10T17:30:00+08:00", "reason": "x"},
        {"when": "\x00", "until": "\x00", "reason": "\x00"},
    ],
)
def test_a_time_that_cannot_be_is_refused_beside_its_field(
    browse: As, handler: Person, accepted_case: Incident, given: dict[str, str]
) -> None:
    answer = browse(handler).post(act(accepted_case, "request-extension"), given)
    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert not CaseRequest.objects.exists()


def test_a_waiting_request_is_on_the_page_and_answered_by_who_may(
    browse: As, handler: Person, supervisor: Person, accepted_case: Incident, now: SetClock
) -> None:
    asked = ask_for_time(accepted_case, handler, now.at)
    own = browse(handler).get(page(accepted_case))
    assert [note["step"] for note in own.context["notes"]] == [""]
    assert "request-extension" not in steps_of(own)
    client = browse(supervisor)
    seen = client.get(page(accepted_case))
    assert [note["step"] for note in seen.context["notes"]] == ["decide-extension"]
    assert "等待备件" in seen.content.decode()
    given = {"agreed": "yes", "when": asked.proposed_due_at.isoformat()}
    assert client.post(act(accepted_case, "decide-extension"), given).status_code == 302
    assert accepted_case.timers.get(kind="handling").due_at == asked.proposed_due_at
    assert client.post(act(accepted_case, "decide-extension"), given).status_code == 409


def test_a_refusal_of_more_time_says_why(
    browse: As, handler: Person, supervisor: Person, accepted_case: Incident, now: SetClock
) -> None:
    ask_for_time(accepted_case, handler, now.at)
    client = browse(supervisor)
    assert client.post(act(accepted_case, "decide-extension"), {"agreed": "no"}).status_code == 400
    given = {"agreed": "no", "reason": "备件区里有"}
    assert client.post(act(accepted_case, "decide-extension"), given).status_code == 302
    assert CaseRequest.objects.get().answer == CaseRequest.Answer.REFUSED


def test_an_overdue_case_offers_no_more_time(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock
) -> None:
    assert "request-extension" in steps_of(browse(handler).get(page(accepted_case)))
    now.at = accepted_case.timers.get(kind="handling").due_at + timedelta(hours=1)
    assert "request-extension" not in steps_of(browse(handler).get(page(accepted_case)))


# --- what waits, in lists -------------------------------------------------------------------------


def test_supervisors_find_what_waits_for_them_and_handlers_see_that_it_waits(
    browse: As,
    handler: Person,
    supervisor: Person,
    street_supervisor: Person,
    dispatcher: Person,
    accepted_case: Incident,
    now: SetClock,
) -> None:
    def found(who: Person) -> list[str]:
        answer = browse(who).get(reverse("cases"), {"answer": "on"})
        return [row["case"].number for row in answer.context["rows"]]

    assert found(supervisor) == []
    ask_for_time(accepted_case, handler, now.at)
    assert found(supervisor) == [accepted_case.number]
    assert found(street_supervisor) == []
    assert found(dispatcher) == []
    tabs = browse(supervisor).get(reverse("cases")).context["views"]
    assert tabs[-1]["count"] == 1
    row = browse(handler).get(reverse("inbox")).context["groups"][0]["rows"][0]
    assert len(row["waits"]) == 1


# --- standing still -------------------------------------------------------------------------------


def test_asking_the_reporter_stops_the_clock_and_the_page_says_until_when(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    client = browse(handler)
    assert client.post(act(accepted_case, "ask-reporter"), {"question": "哪一根?"}).status_code == 302
    assert reload(accepted_case).pause_kind == PauseKind.RESIDENT
    seen = client.get(page(accepted_case))
    assert seen.context["card"]["pause"]["why"] == "哪一根?"
    assert "ask-reporter" not in steps_of(seen)
    assert client.post(act(accepted_case, "resume"), {}).status_code == 302
    after = client.get(page(accepted_case))
    assert after.context["card"]["pause"] is None
    assert [past["why"] for past in after.context["card"]["pauses"]] == ["哪一根?"]
    assert "ask-reporter" not in steps_of(after)  # once in a sending


def test_a_suspension_is_asked_for_and_given_until_another_time(
    browse: As, handler: Person, supervisor: Person, accepted_case: Incident
) -> None:
    times = offered(browse(handler).get(act(accepted_case, "request-suspension")))
    given = {"when": times[0], "reason": "停电窗口"}
    assert browse(handler).post(act(accepted_case, "request-suspension"), given).status_code == 302
    answer = {"agreed": "yes", "when": "other", "until": "2026-07-09T09:00"}
    assert browse(supervisor).post(act(accepted_case, "decide-suspension"), answer).status_code == 302
    case = reload(accepted_case)
    assert case.status == Status.SUSPENDED
    assert timezone.localtime(case.paused_until).isoformat() == "2026-07-09T09:00:00+08:00"
    seen = browse(handler).get(page(accepted_case))
    assert seen.context["card"]["hatches"]
    assert "停电窗口" in seen.content.decode()


# --- speaking with people -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "state"), [("0", None), ("10", LateEntry.State.COUNTED), ("other", LateEntry.State.WAITING)]
)
def test_a_contact_is_recorded_with_its_true_time(
    browse: As, handler: Person, accepted_case: Incident, ago: str, state: str | None
) -> None:
    given = {"reached": "yes", "ago": ago, "happened_at": "2026-07-07T10:20"}
    assert browse(handler).post(act(accepted_case, "contact"), given).status_code == 302
    assert PhoneCall.objects.get().reached
    assert [entry.state for entry in LateEntry.objects.all()] == ([state] if state else [])


@pytest.mark.parametrize("told", ["", "2026-07-07T23:00", "2020-01-01T00:00", "nonsense"])
def test_a_time_that_has_not_come_or_is_too_old_is_refused(
    browse: As, handler: Person, accepted_case: Incident, told: str
) -> None:
    given = {"reached": "yes", "ago": "other", "happened_at": told}
    answer = browse(handler).post(act(accepted_case, "contact"), given)
    assert answer.status_code == 400
    assert "happened_at" in answer.context["form"].errors
    assert not PhoneCall.objects.exists()


def test_a_late_entry_is_countersigned_by_somebody_else(
    browse: As, handler: Person, supervisor: Person, accepted_case: Incident
) -> None:
    given = {"reached": "yes", "ago": "other", "happened_at": "2026-07-07T10:20"}
    browse(handler).post(act(accepted_case, "contact"), given)
    client = browse(supervisor)
    assert [note["step"] for note in client.get(page(accepted_case)).context["notes"]] == ["countersign"]
    signed = client.post(act(accepted_case, "countersign"), {"fact": "contacted", "agreed": "yes"})
    assert signed.status_code == 302
    assert reload(accepted_case).first_contact_at == TUESDAY + timedelta(minutes=20)


def test_done_earlier_is_resolved_with_its_true_time(
    browse: As, handler: Person, accepted_case: Incident, now: SetClock
) -> None:
    given = {"outcome": "solved", "text": "已换灯头", "attested": "on", "ago": "15"}
    assert browse(handler).post(act(accepted_case, "resolve"), given).status_code == 302
    assert reload(accepted_case).resolved_at == now.at - timedelta(minutes=15)


def test_the_emergencys_call_names_who_took_it(
    browse: As, handler: Person, dispatcher: Person, emergency_case: Incident
) -> None:
    client = browse(dispatcher)
    assert "phone" in steps_of(client.get(page(emergency_case)))
    form = client.get(act(emergency_case, "phone"))
    assert handler.user.username in str(form.context["form"].fields["member"].choices)
    nobody = client.post(act(emergency_case, "phone"), {"reached": "yes"})
    assert nobody.status_code == 400
    given = {"reached": "yes", "member": handler.user.username}
    assert client.post(act(emergency_case, "phone"), given).status_code == 302
    assert reload(emergency_case).handler == handler.user
    assert reload(emergency_case).status == Status.HANDLING


def test_only_emergencies_are_called(browse: As, dispatcher: Person, lamp_case: Incident) -> None:
    assert "phone" not in steps_of(browse(dispatcher).get(page(lamp_case)))
    given = {"reached": "yes", "name": "值班员"}
    assert browse(dispatcher).post(act(lamp_case, "phone"), given).status_code == 409


def test_a_callback_after_closing(
    browse: As, dispatcher: Person, resolved_case: Incident, now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(hours=3)
    actions.close(number=resolved_case.number, reason="电话核实", actor=dispatcher.actor, at=now.at)
    client = browse(dispatcher)
    seen = client.get(page(resolved_case))
    assert "call-back" in steps_of(seen)
    assert "13812342207" not in seen.content.decode()
    report = resolved_case.links.get().report_id
    assert client.post(act(resolved_case, "call-back"), {"outcome": "answered"}).status_code == 400
    given = {"report": report, "outcome": "answered", "contacted": "yes", "solved": "no", "result": "2"}
    assert client.post(act(resolved_case, "call-back"), given).status_code == 302
    assert (resolved_case.feedback.get().result, resolved_case.feedback.get().solved) == (2, False)
    assert "call-back" not in steps_of(client.get(page(resolved_case)))


# --- a breach -------------------------------------------------------------------------------------


def test_a_breach_is_appealed_and_the_appeal_answered(
    browse: As, handler: Person, supervisor: Person, accepted_case: Incident, now: SetClock
) -> None:
    now.at = accepted_case.timers.get(kind="handling").due_at + timedelta(hours=1)
    sweeps.catch_up(at=now.at)
    client = browse(handler)
    assert "appeal" in steps_of(client.get(page(accepted_case)))
    breaches = client.get(act(accepted_case, "appeal")).context["form"].fields["timer"].choices
    assert {accepted_case.timers.get(pk=pk).kind for pk, _words in breaches} == {"handling", "first_contact"}
    for pk, _words in breaches:
        given = {"timer": pk, "reason": "全区停电"}
        answer = client.post(act(accepted_case, "appeal"), given)
        assert answer.status_code == (302 if pk == breaches[0][0] else 409)  # one waits at a time
    desk = browse(supervisor)
    assert desk.post(act(accepted_case, "decide-appeal"), {"agreed": "yes"}).status_code == 400
    given = {"agreed": "yes", "reason": "属实"}
    assert desk.post(act(accepted_case, "decide-appeal"), given).status_code == 302


# --- the clock's card -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_clock_is_a_line_and_a_list_in_the_same_order(
    browse: As, handler: Person, accepted_case: Incident, language: str
) -> None:
    client = browse(handler)
    client.cookies["django_language"] = language
    answer = client.get(page(accepted_case))
    marks = answer.context["card"]["marks"]
    kinds = [mark.kind for mark in marks]
    assert kinds[0] == "start"
    assert kinds.count("warn") == 2
    assert kinds.count("due") == kinds.count("now") == 1
    assert [mark.at for mark in marks] == sorted(mark.at for mark in marks)
    assert [mark.x for mark in marks] == sorted(mark.x for mark in marks)
    html = answer.content.decode()
    listed = html.split('<ol class="clock-marks">')[1].split("</ol>")[0]
    assert listed.count("<li") == len(marks)
    assert not re.search(r'class="(clock|line)-[^>]*style=', html)


def test_a_due_time_in_a_year_that_is_not_confirmed_says_so(
    browse: As, handler: Person, accepted_case: Incident
) -> None:
    client = browse(handler)
    assert client.get(page(accepted_case)).context["card"]["forecast_year"] is None
    timer = accepted_case.timers.get(kind="handling")
    timer.due_at = timer.own_due_at = TUESDAY.replace(year=2034)
    timer.save()
    answer = client.get(page(accepted_case))
    assert answer.context["card"]["forecast_year"] == 2034
    assert "2034" in answer.content.decode()


def test_the_whole_story_of_a_clock_costs_no_more_queries(
    browse: As,
    handler: Person,
    supervisor: Person,
    accepted_case: Incident,
    now: SetClock,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # However slow the machine: what was asked about is trusted all along.
    monkeypatch.setattr(edition, "CALENDAR_TRUST", 3600.0)
    client = browse(handler)
    for _turn in range(2):
        ask_for_time(accepted_case, handler, now.at)
        actions.decide_extension(number=accepted_case.number, agreed=True, actor=supervisor.actor, at=now.at)
    actions.ask_reporter(number=accepted_case.number, question="哪根?", actor=handler.actor, at=now.at)
    actions.resume(number=accepted_case.number, actor=handler.actor, at=now.at + timedelta(minutes=5))
    now.at += timedelta(minutes=10)
    edition.edition()
    with django_assert_max_num_queries(60):
        answer = client.get(page(accepted_case))
    assert len(answer.context["card"]["earlier"]) == 2


@pytest.mark.parametrize("step", sorted(REQUEST_STEPS))
def test_every_step_is_a_page_for_who_may_and_closed_to_others(
    browse: As, handler: Person, supervisor: Person, leader: Person, accepted_case: Incident, step: str
) -> None:
    statuses = {browse(who).get(act(accepted_case, step)).status_code for who in (handler, supervisor)}
    assert statuses <= {200, 403}
    assert STEPS[step].title
    assert browse(leader).get(act(accepted_case, step)).status_code == 403
    assert browse(leader).post(act(accepted_case, step), {"agreed": "yes", "reason": "x"}).status_code in (
        400,
        403,
    )
