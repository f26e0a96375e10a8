"""Following a report by its code, and answering back."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from incidents import actions, attachments
from incidents.actor import SYSTEM
from incidents.models import Feedback, Incident, Report
from incidents.models.incident import ResolutionOutcome, Status
from incidents.pages import resident_status
from incidents.pages.throttle import Throttle
from incidents.public import UnknownCode, status
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, reload
from tests.incidents.resident.conftest import Hands, picture, upload

pytestmark = pytest.mark.django_db

POLL = {"X-Requested-With": "poll"}


def code_of(incident: Incident) -> str:
    return incident.links.order_by("pk").first().report.tracking_code


def page(name: str, incident: Incident) -> str:
    return reverse(f"resident-{name}", args=[code_of(incident)])


@pytest.fixture
def closed_case(resolved_case: Incident) -> Incident:
    """Looked at and found fixed at one o'clock."""
    return actions.verify(
        number=resolved_case.number, fixed=True, actor=SYSTEM, at=TUESDAY + timedelta(hours=3)
    )


@pytest.fixture(autouse=True)
def later(hands: Hands) -> Hands:
    """Pages are looked at on that Tuesday at two."""
    hands.at = TUESDAY + timedelta(hours=4)
    return hands


def phase(incident: Incident, at: Any = TUESDAY) -> str:
    return status(code_of(incident), at=at).phase


def test_each_state_has_its_phase(desk_case: Incident, lamp_case: Incident, handler: Person) -> None:
    assert phase(desk_case) == "deciding"
    assert phase(lamp_case) == "sent"
    accepted = actions.accept(number=lamp_case.number, actor=handler.actor, at=TUESDAY)
    assert phase(accepted) == "handling"


def test_the_page_names_the_unit_and_the_time(lamp_case: Incident, client: Client) -> None:
    answer = client.get(page("status", lamp_case))
    case = answer.context["case"]
    assert case.unit in answer.content.decode()
    assert case.due_at == lamp_case.timers.get(kind="handling").due_at
    assert case.why.words  # the reporter's own words that decided it


def test_an_overdue_case_says_so(lamp_case: Incident, client: Client, later: Hands) -> None:
    later.at = TUESDAY + timedelta(days=30)
    answer = client.get(page("status", lamp_case))
    assert answer.context["case"].overdue
    assert answer.context["head"].state == "overdue"


def test_a_parked_case_is_grey_with_its_date(
    accepted_case: Incident, handler: Person, client: Client
) -> None:
    day = (TUESDAY + timedelta(days=20)).date()
    actions.resolve(
        number=accepted_case.number,
        outcome=ResolutionOutcome.PARKED,
        text="等厂家发货",
        parked_until=day,
        actor=handler.actor,
        at=TUESDAY + timedelta(hours=1),
    )
    answer = client.get(page("status", accepted_case))
    assert answer.context["head"].state == "paused"
    assert answer.context["case"].parked_until == day
    assert "等厂家发货" in answer.content.decode()


def test_every_phase_has_a_page(desk_case: Incident, operator: Person, client: Client) -> None:
    actions.reject(number=desk_case.number, reason="不属于本区职责", actor=operator.actor, at=TUESDAY)
    answer = client.get(page("status", desk_case))
    assert answer.status_code == 200
    assert "不属于本区职责" in answer.content.decode()


def test_an_answered_question_shows_the_answer(
    enquiry_case: Incident, operator: Person, client: Client
) -> None:
    actions.answer(number=enquiry_case.number, text="请到社区办理", actor=operator.actor, at=TUESDAY)
    assert phase(enquiry_case) == "answered"
    assert "请到社区办理" in client.get(page("status", enquiry_case)).content.decode()


def test_an_answer_to_the_wrong_person_is_not_shown_once_it_was_taken_back(
    enquiry_case: Incident, operator: Person, client: Client
) -> None:
    words = "张三的申请没有通过"
    for take in (actions.answer, actions.reject):
        said = {"text": words} if take is actions.answer else {"reason": words}
        take(number=enquiry_case.number, actor=operator.actor, at=TUESDAY, **said)
        actions.recall(number=enquiry_case.number, actor=operator.actor, at=TUESDAY)
        assert words not in str(dataclasses.asdict(status(code_of(enquiry_case), at=TUESDAY)))
    assert words not in client.get(page("status", enquiry_case)).content.decode()
    actions.answer(number=enquiry_case.number, text="请到社区办理", actor=operator.actor, at=TUESDAY)
    assert status(code_of(enquiry_case), at=TUESDAY).answer == "请到社区办理"


def test_nothing_internal_or_personal_goes_through_the_door(accepted_case: Incident, handler: Person) -> None:
    actions.note(number=accepted_case.number, text="内部备注", actor=handler.actor, at=TUESDAY)
    told = str(dataclasses.asdict(status(code_of(accepted_case), at=TUESDAY)))
    for secret in ("内部备注", handler.user.display_name, "王小明", "13812342207", accepted_case.number):
        assert secret not in told


def test_a_neighbour_never_reads_another_ones_words(lamp_case: Incident) -> None:
    other = file_report(
        text="另一个人报的这里黑漆漆", joins=lamp_case.number, at=TUESDAY + timedelta(hours=1)
    )
    assert other.pk == lamp_case.pk
    mine, theirs = (link.report for link in other.links.order_by("pk"))
    told = str(dataclasses.asdict(status(mine.tracking_code, at=TUESDAY + timedelta(hours=2))))
    assert theirs.text.body not in told
    case = status(theirs.tracking_code, at=TUESDAY + timedelta(hours=2))
    assert case.joined
    assert case.reports == 2


@pytest.mark.parametrize("spelt", ["{}", " {} ", "{0[lower]}", "{0[bare]}", "{0[wide]}"])
def test_a_code_may_be_typed_in_many_ways(lamp_case: Incident, spelt: str, client: Client) -> None:
    code = code_of(lamp_case)
    forms = {
        "lower": code.lower(),
        "bare": code.replace("-", " "),
        "wide": "".join(chr(ord(letter) + 0xFEE0) for letter in code),
    }
    typed = spelt.format(forms) if "[" in spelt else spelt.format(code)
    assert client.get(reverse("resident-look-up"), {"code": typed}).url == page("status", lamp_case)


@pytest.mark.parametrize("code", ["ABCDE-FGHJK", "x", "%00", "1' OR '1'='1", "字" * 30])
def test_an_unknown_code_is_answered_kindly(db: None, code: str, client: Client) -> None:
    answer = client.get(reverse("resident-look-up"), {"code": code})
    assert answer.status_code == 404
    assert answer.context["error"]
    with pytest.raises(UnknownCode):
        status(code, at=TUESDAY)


def test_guessing_codes_comes_to_an_end(
    lamp_case: Incident, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident_status.WRONG_CODES, "limit", 3)
    answers = [client.get(reverse("resident-status", args=["ABCDE-FGHJK"])).status_code for _try in range(4)]
    assert answers == [404, 404, 404, 429]


def test_polling_answers_304_until_something_happens(
    lamp_case: Incident, handler: Person, client: Client
) -> None:
    first = client.get(page("status", lamp_case), headers=POLL)
    assert "<html" not in first.content.decode()
    again = client.get(page("status", lamp_case), headers={**POLL, "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    actions.accept(number=lamp_case.number, actor=handler.actor, at=TUESDAY + timedelta(hours=4))
    newer = client.get(page("status", lamp_case), headers={**POLL, "If-None-Match": first["ETag"]})
    assert newer.status_code == 200
    assert newer["ETag"] != first["ETag"]


def test_a_status_page_costs_the_same_however_long_the_story(
    closed_case: Incident, client: Client, django_assert_max_num_queries: Any
) -> None:
    client.get(page("status", closed_case))
    with django_assert_max_num_queries(24):
        client.get(page("status", closed_case))


def test_a_rating_may_be_partial_and_the_first_one_stands(closed_case: Incident, client: Client) -> None:
    client.post(page("rate", closed_case), {"speed": "5", "result": "4"})
    client.post(page("rate", closed_case), {"speed": "1"})
    feedback = Feedback.objects.get()
    assert (feedback.speed, feedback.result, feedback.service) == (5, 4, None)
    case = client.get(page("status", closed_case)).context["case"]
    assert not case.may_rate
    assert [mark.score for mark in case.marks] == [5, 4, None]


@pytest.mark.parametrize("marks", [{}, {"speed": "6"}, {"result": "0"}, {"service": "good"}])
def test_a_rating_without_a_mark_of_one_to_five_is_asked_again(
    closed_case: Incident, client: Client, marks: dict[str, str]
) -> None:
    answer = client.post(page("rate", closed_case), marks)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not Feedback.objects.exists()


def test_what_is_not_done_yet_cannot_be_rated(accepted_case: Incident, client: Client) -> None:
    client.post(page("rate", accepted_case), {"speed": "5"})
    assert not Feedback.objects.exists()


def test_an_objection_opens_the_case_once(closed_case: Incident, client: Client) -> None:
    assert client.get(page("object", closed_case)).status_code == 200
    client.post(page("object", closed_case), {"reason": "晚上还是不亮", "photos": [upload(picture())]})
    case = reload(closed_case)
    assert (case.status, case.rework_count) == (Status.HANDLING, 1)
    assert Report.objects.get().attachments.count() == 1
    shown = client.get(page("status", closed_case)).context["case"]
    assert shown.objected_at is not None
    assert not shown.may_object
    assert client.get(page("object", closed_case)).status_code == 302


@pytest.mark.parametrize("reason", ["", " ", "a\x00", "灯" * 501])
def test_an_objection_needs_a_reason(closed_case: Incident, client: Client, reason: str) -> None:
    answer = client.post(page("object", closed_case), {"reason": reason})
    assert answer.status_code == 400
    assert reload(closed_case).status == Status.CLOSED


def test_an_objection_is_possible_for_seven_days(closed_case: Incident, client: Client, later: Hands) -> None:
    later.at = TUESDAY + timedelta(days=7, hours=4)
    client.post(page("object", closed_case), {"reason": "晚上还是不亮"})
    assert reload(closed_case).status == Status.CLOSED


def test_taking_it_back_asks_once_and_closes_the_case(lamp_case: Incident, client: Client) -> None:
    assert client.get(page("withdraw", lamp_case)).status_code == 200
    assert reload(lamp_case).status == Status.DISPATCHED
    client.post(page("withdraw", lamp_case))
    assert reload(lamp_case).status == Status.CLOSED
    assert phase(lamp_case) == "withdrawn"
    assert client.post(page("withdraw", lamp_case)).status_code == 302


def test_taking_it_back_leaves_the_case_to_the_others(lamp_case: Incident, client: Client) -> None:
    file_report(text="这里黑漆漆", joins=lamp_case.number, at=TUESDAY + timedelta(hours=1))
    client.post(page("withdraw", lamp_case))
    assert reload(lamp_case).status == Status.DISPATCHED
    assert phase(lamp_case) == "withdrawn"


def test_pictures_are_shown_to_the_holder_of_the_code_alone(
    accepted_case: Incident, handler: Person, client: Client
) -> None:
    kept = attachments.store_picture(upload(picture()), at=TUESDAY)
    actions.add_photo(
        number=accepted_case.number, attachment=kept, stage="after", actor=handler.actor, at=TUESDAY
    )
    stranger = file_report(place=NOWHERE, address="", category=None, text="别的事情")
    shown = client.get(reverse("resident-photo", args=[code_of(accepted_case), kept.pk]))
    assert b"".join(shown).startswith(b"\xff\xd8")
    assert client.get(reverse("resident-photo", args=[code_of(stranger), kept.pk])).status_code == 404
    assert client.get(reverse("attachment", args=[kept.pk])).status_code == 404


def test_the_status_page_is_not_for_search_engines(lamp_case: Incident, client: Client) -> None:
    answer = client.get(page("status", lamp_case))
    assert answer["X-Robots-Tag"] == "noindex"
    assert "private" in answer["Cache-Control"]
    assert LAMP_UNIT not in answer.content.decode()  # names, not codes


def test_a_throttle_slides() -> None:
    now = [0.0]
    throttle = Throttle(limit=2, seconds=10, clock=lambda: now[0])
    for at in (0.0, 6.0):
        now[0] = at
        assert not throttle.is_full("a")
        throttle.count("a")
    assert throttle.is_full("a")
    assert not throttle.is_full("b")
    now[0] = 10.5
    assert not throttle.is_full("a")
