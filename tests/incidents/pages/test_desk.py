"""The desk: what it shows, what it does, what it refuses."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from incidents import actions
from incidents.models import Incident
from incidents.models.incident import Status
from tests.browsers import As
from tests.cast import LAMP_UNIT, TUESDAY, Person, file_report, reload
from tests.incidents.pages.conftest import SetClock

HX = {"HX-Request": "true"}


def send(client: Client, case: Incident, **given: Any) -> Any:
    data = {"choice": f"0204-001@{LAMP_UNIT}", "seen_version": case.version, **given}
    return client.post(reverse("desk-send", args=[case.number]), data)


def test_opens_the_most_urgent_case_with_its_words(browse: As, operator: Person, desk_case: Incident) -> None:
    page = browse(operator).get(reverse("desk"))
    assert page.status_code == 200
    assert desk_case.text.body in page.content.decode()
    assert page.context["case"] == desk_case


def test_says_why_a_person_is_needed(browse: As, operator: Person, desk_case: Incident) -> None:
    page = browse(operator).get(reverse("desk"))
    assert page.context["rows"][0]["tag"][0] in desk_case.triage_codes


def test_an_emergency_stands_before_what_is_due_earlier(
    browse: As, operator: Person, desk_case: Incident
) -> None:
    calm = file_report(text="楼上一直漏水,不知道找谁", category=None, external_id="calm", at=TUESDAY)
    Incident.objects.filter(pk=calm.pk).update(status=Status.TRIAGE, urgency="routine")
    late = file_report(text="河边有人喊救命", category=None, external_id="late", at=TUESDAY)
    Incident.objects.filter(pk=late.pk).update(
        status=Status.TRIAGE, urgency="emergency", due_at=TUESDAY + timedelta(days=1)
    )
    rows = browse(operator).get(reverse("desk")).context["rows"]
    assert rows[0]["case"].pk == late.pk


def test_dispatches_and_goes_on_to_the_next_case(browse: As, operator: Person, desk_case: Incident) -> None:
    answer = send(browse(operator), desk_case)
    assert answer.status_code == 302
    sent = reload(desk_case)
    assert (sent.status, sent.owner_unit_id) == (Status.DISPATCHED, LAMP_UNIT)


def test_without_a_choice_says_so_and_sends_nothing(
    browse: As, operator: Person, desk_case: Incident
) -> None:
    answer = send(browse(operator), desk_case, choice="")
    assert answer.status_code == 400
    assert reload(desk_case).status == Status.TRIAGE


def test_a_case_that_changed_meanwhile_is_not_sent_blindly(
    browse: As, operator: Person, dispatcher: Person, desk_case: Incident
) -> None:
    client = browse(operator)
    seen = desk_case.version
    actions.note(number=desk_case.number, text="打过电话", actor=dispatcher.actor, at=TUESDAY)
    answer = client.post(
        reverse("desk-send", args=[desk_case.number]),
        {"choice": f"0204-001@{LAMP_UNIT}", "seen_version": seen},
        headers=HX,
    )
    assert answer.status_code == 409
    assert str(dispatcher.user) in answer.content.decode()
    assert reload(desk_case).status == Status.TRIAGE


def test_somebody_elses_case_is_grey_and_refused(
    browse: As, operator: Person, dispatcher: Person, desk_case: Incident, now: SetClock
) -> None:
    actions.claim(number=desk_case.number, actor=dispatcher.actor, at=now.at)
    client = browse(operator)
    page = client.get(reverse("desk-case", args=[desk_case.number]))
    assert page.context["rows"][0]["taken"] is True
    answer = send(client, reload(desk_case))
    assert answer.status_code == 409


def test_taking_a_case_marks_it_mine(browse: As, operator: Person, desk_case: Incident) -> None:
    client = browse(operator)
    assert client.post(reverse("desk-claim", args=[desk_case.number])).status_code == 302
    page = client.get(reverse("desk"))
    assert page.context["rows"][0]["mine"] is True


def test_the_queue_answers_304_until_something_changes(
    browse: As, operator: Person, desk_case: Incident
) -> None:
    client = browse(operator)
    first = client.get(reverse("desk-queue"), headers=HX)
    again = client.get(reverse("desk-queue"), headers={**HX, "If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    actions.note(number=desk_case.number, text="问过了", actor=operator.actor, at=TUESDAY)
    changed = client.get(reverse("desk-queue"), headers={**HX, "If-None-Match": first["ETag"]})
    assert changed.status_code == 200


def test_the_queue_costs_the_same_however_long_it_is(
    browse: As, operator: Person, desk_case: Incident, django_assert_num_queries: Any
) -> None:
    client = browse(operator)
    client.get(reverse("desk-queue"))
    for serial in range(5):
        case = file_report(external_id=f"more-{serial}", text=f"第{serial}件说不清的事", category=None)
        Incident.objects.filter(pk=case.pk).update(status=Status.TRIAGE)
    with django_assert_num_queries(16):
        client.get(reverse("desk-queue"), headers=HX)


def test_the_fragment_of_a_case_is_part_of_its_page(
    browse: As, operator: Person, desk_case: Incident
) -> None:
    client = browse(operator)
    url = reverse("desk-case", args=[desk_case.number])
    fragment = client.get(url, headers=HX).content.decode()
    assert "<html" not in fragment
    assert 'id="desk-work"' in fragment
    assert 'id="desk-work"' in client.get(url).content.decode()


def test_other_units_and_items_are_found_by_name_and_code(
    browse: As, operator: Person, desk_case: Incident
) -> None:
    client = browse(operator)
    url = reverse("desk-options", args=[desk_case.number])
    by_name = client.get(url, {"q": "供电局"}, headers=HX)
    assert "power-grid" in [choice.unit for choice in by_name.context["found"]]
    by_code = client.get(url, {"q": "0204-001"}, headers=HX)
    assert "0204-001" in [choice.item for choice in by_code.context["found"]]


def test_without_a_script_the_search_is_the_page(browse: As, operator: Person, desk_case: Incident) -> None:
    client = browse(operator)
    page = client.get(reverse("desk-case", args=[desk_case.number]), {"q": "供电局"})
    assert "供电局" in page.content.decode()
    assert page.context["found"]


def test_a_direct_answer_closes_the_case(browse: As, operator: Person, enquiry_case: Incident) -> None:
    answer = browse(operator).post(
        reverse("case-act", args=[enquiry_case.number, "answer"]),
        {"text": "请到社区服务中心办理", "seen_version": enquiry_case.version, "from": "desk"},
    )
    assert answer.status_code == 302
    assert reload(enquiry_case).status == Status.CLOSED


def test_turning_away_needs_a_reason_and_keeps_what_was_typed(
    browse: As, operator: Person, desk_case: Incident
) -> None:
    url = reverse("case-act", args=[desk_case.number, "reject"])
    refused = browse(operator).post(url, {"reason": "  ", "from": "desk"})
    assert refused.status_code == 400
    assert reload(desk_case).status == Status.TRIAGE
    done = browse(operator).post(url, {"reason": "不在本区", "from": "desk"})
    assert done.status_code == 302
    assert reload(desk_case).status == Status.REJECTED


def test_merging_moves_the_reports(
    browse: As, operator: Person, lamp_case: Incident, desk_case: Incident
) -> None:
    answer = browse(operator).post(reverse("desk-merge", args=[desk_case.number]), {"into": lamp_case.number})
    assert answer.status_code == 302
    assert reload(desk_case).merged_into_id == lamp_case.pk


def test_a_return_waits_in_its_own_tab_and_is_answered_there(
    browse: As, dispatcher: Person, handler: Person, lamp_case: Incident
) -> None:
    actions.request_return(
        number=lamp_case.number,
        reason="灯杆上是电信的牌子",
        cites="《电信条例》",
        proposed_unit="china-telecom",
        actor=handler.actor,
        at=TUESDAY + timedelta(minutes=2),
    )
    client = browse(dispatcher)
    page = client.get(reverse("desk"), {"tab": "asked"})
    assert [row["case"].pk for row in page.context["rows"]] == [lamp_case.pk]
    assert "灯杆上是电信的牌子" in page.content.decode()
    url = reverse("case-act", args=[lamp_case.number, "decide-return"])
    assert client.post(url, {"agreed": "no", "reason": "", "from": "desk"}).status_code == 400
    assert client.post(url, {"agreed": "yes", "from": "desk"}).status_code == 302
    assert reload(lamp_case).status == Status.TRIAGE


def test_a_returned_case_names_the_proposed_unit_first(
    browse: As, dispatcher: Person, handler: Person, lamp_case: Incident
) -> None:
    at = TUESDAY + timedelta(minutes=2)
    actions.request_return(
        number=lamp_case.number,
        reason="不是我们的",
        cites="《电信条例》",
        proposed_unit="china-telecom",
        actor=handler.actor,
        at=at,
    )
    actions.decide_return(number=lamp_case.number, agreed=True, actor=dispatcher.actor, at=at)
    page = browse(dispatcher).get(reverse("desk-case", args=[lamp_case.number]))
    assert page.context["choices"][0].unit == "china-telecom"
    assert page.context["returned"].reason.body == "不是我们的"


def test_an_empty_desk_says_so_with_todays_numbers(browse: As, operator: Person, lamp_case: Incident) -> None:
    page = browse(operator).get(reverse("desk"))
    assert page.context["case"] is None
    assert page.context["today"].received == 1
    assert page.context["today"].automatic_rate == 1.0


def test_looking_at_the_reporter_is_recorded(browse: As, operator: Person, desk_case: Incident) -> None:
    client = browse(operator)
    page = client.get(reverse("desk-case", args=[desk_case.number])).content.decode()
    assert "13812342207" not in page
    assert "138****2207" in page
    report = desk_case.links.get().report_id
    shown = client.post(reverse("case-unmask", args=[desk_case.number]), {"report": report}, headers=HX)
    assert "13812342207" in shown.content.decode()
    assert desk_case.timeline.filter(kind="unmasked", actor=operator.user).count() == 1


def test_hit_keywords_are_marked_with_their_candidate(browse: As, operator: Person) -> None:
    case = file_report()
    Incident.objects.filter(pk=case.pk).update(status=Status.TRIAGE)
    page = browse(operator).get(reverse("desk-case", args=[case.number]))
    assert any(piece.rank == 1 for piece in page.context["pieces"])
    assert "".join(piece.text for piece in page.context["pieces"]) == case.text.body


@pytest.mark.parametrize("name", ["desk-send", "desk-claim", "desk-merge"])
def test_acting_is_a_post(browse: As, operator: Person, desk_case: Incident, name: str) -> None:
    assert browse(operator).get(reverse(name, args=[desk_case.number])).status_code == 405


def test_a_case_on_the_desk_costs_a_bounded_number_of_queries(
    browse: As, operator: Person, desk_case: Incident, django_assert_max_num_queries: Any
) -> None:
    client = browse(operator)
    url = reverse("desk-case", args=[desk_case.number])
    client.get(url)
    for serial in range(5):
        actions.note(number=desk_case.number, text=f"第 {serial} 次", actor=operator.actor, at=TUESDAY)
        file_report(external_id=f"near-{serial}", text=f"第{serial}件说不清的事", category=None)
    with django_assert_max_num_queries(40):
        client.get(url, headers=HX)
