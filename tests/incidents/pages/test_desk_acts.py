"""What the desk's pages do to several cases, and take back; who reads what; splitting and setting right."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from dispatch.edition import edition
from incidents import actions, presence
from incidents.models import Incident
from incidents.models.incident import Status
from incidents.pages.desk_choices import first_offers, offered
from tests.browsers import As
from tests.cast import LAMP_UNIT, NOWHERE, TUESDAY, Person, file_report, person, reload
from tests.incidents.pages.conftest import SetClock
from tests.incidents.test_follow_up import CREW, make_safe, manhole

HX = {"HX-Request": "true"}


def desk_cases(count: int) -> list[Incident]:
    """Cases about street lamps that only a person may send, the oldest first."""
    filed = [
        file_report(
            text=f"请问南联社区植物园路第{n}根路灯坏了归谁修",
            nature="enquiry",
            external_id=f"lamp-{count}-{n}",
            joins="",
            at=TUESDAY + timedelta(seconds=n),
        )
        for n in range(count)
    ]
    assert {case.status for case in filed} == {Status.TRIAGE}
    return filed


def bulk(client: Client, act: str, cases: list[Incident], **more: Any) -> Any:
    return client.post(reverse("desk-bulk"), {"act": act, "n": [case.number for case in cases], **more})


def confirmed(review: Any) -> dict[str, Any]:
    """What the form of the review posts when nothing in it is changed."""
    ready = review.context["ready"]
    fields: dict[str, Any] = {"sure": "yes"}
    for one in ready:
        fields[f"v:{one.incident.number}"] = one.incident.version
        if one.choice:
            fields[f"c:{one.incident.number}"] = one.choice.value
    return fields


def undo_of(answer: Any) -> str:
    """The cases that the last message can be taken back for."""
    [mark] = [m.extra_tags for m in get_messages(answer.wsgi_request) if m.extra_tags]
    kind, _space, numbers = mark.partition(" ")
    assert kind == "undo"
    return str(numbers)


def test_several_are_shown_before_they_are_sent_and_taken_back_together(
    browse: As, operator: Person, db: None
) -> None:
    cases = desk_cases(3)
    client = browse(operator)
    review = bulk(client, "dispatch", cases)
    assert [one.choice.unit for one in review.context["ready"]] == [LAMP_UNIT] * 3
    assert {reload(case).status for case in cases} == {Status.TRIAGE}
    sent = bulk(client, "dispatch", cases, **confirmed(review))
    assert {reload(case).status for case in cases} == {Status.DISPATCHED}
    client.post(reverse("desk-undo"), {"numbers": undo_of(sent)})
    assert {reload(case).status for case in cases} == {Status.TRIAGE}


def test_one_that_changed_meanwhile_holds_up_no_other(
    browse: As, operator: Person, dispatcher: Person, now: SetClock
) -> None:
    cases = desk_cases(3)
    client = browse(operator)
    review = bulk(client, "dispatch", cases)
    actions.note(number=cases[1].number, text="打过电话", actor=dispatcher.actor, at=now.at)
    answer = bulk(client, "dispatch", cases, **confirmed(review))
    assert [reload(case).status for case in cases] == ["dispatched", "triage", "dispatched"]
    assert cases[1].number not in undo_of(answer)
    assert any(cases[1].number in str(m) for m in get_messages(answer.wsgi_request) if m.level_tag == "error")


def test_what_others_hold_and_what_has_no_unit_is_left_out(
    browse: As, operator: Person, dispatcher: Person, now: SetClock
) -> None:
    mine, held = desk_cases(2)
    unknown = file_report(text="这里有人在吵架", category=None, place=NOWHERE)
    actions.claim(number=held.number, actor=dispatcher.actor, at=now.at)
    review = bulk(browse(operator), "dispatch", [mine, held, unknown])
    hindered = {one.incident.number for one in review.context["chosen"] if one.hindrance}
    assert held.number in hindered
    assert mine.number not in hindered


def test_several_are_merged_into_one_and_apart_again(browse: As, operator: Person) -> None:
    first, *others = desk_cases(3)
    client = browse(operator)
    answer = bulk(client, "merge", [first, *others], sure="yes", into=first.number)
    assert reload(first).report_count == 3
    client.post(reverse("desk-undo"), {"numbers": undo_of(answer)})
    assert [reload(case).status for case in (first, *others)] == ["triage"] * 3
    assert reload(first).report_count == 1


def test_no_case_is_merged_out_of_or_into_a_colleagues_hands(
    browse: As, operator: Person, dispatcher: Person, now: SetClock
) -> None:
    root, taken, changed, free = desk_cases(4)
    client = browse(operator)
    review = bulk(client, "merge", [root, taken, changed, free])
    actions.claim(number=taken.number, actor=dispatcher.actor, at=now.at)
    actions.note(number=changed.number, text="打过电话", actor=dispatcher.actor, at=now.at)
    answer = bulk(client, "merge", [root, taken, changed, free], **confirmed(review), into=root.number)
    merged = [reload(case).status == Status.MERGED for case in (taken, changed, free)]
    assert merged == [False, False, True]
    assert undo_of(answer) == free.number
    for number, into in ((taken, root), (root, taken)):
        alone = client.post(reverse("desk-merge", args=[number.number]), {"into": into.number})
        assert alone.status_code == 409
    stale = {"into": root.number, "seen_version": changed.version}
    assert client.post(reverse("desk-merge", args=[changed.number]), stale).status_code == 409


def test_turning_several_away_needs_a_reason(browse: As, operator: Person) -> None:
    cases = desk_cases(2)
    client = browse(operator)
    assert bulk(client, "reject", cases, sure="yes", reason=" ").status_code == 400
    assert {reload(case).status for case in cases} == {Status.TRIAGE}
    bulk(client, "reject", cases, sure="yes", reason="重复反映")
    assert {reload(case).status for case in cases} == {Status.REJECTED}


def test_taking_several_is_done_at_once_and_undone_by_putting_them_back(
    browse: As, operator: Person, now: SetClock
) -> None:
    cases = desk_cases(2)
    client = browse(operator)
    answer = bulk(client, "claim", cases)
    assert {reload(case).claimed_by for case in cases} == {operator.user}
    client.post(reverse("desk-undo"), {"numbers": undo_of(answer)})
    assert {reload(case).claimed_by for case in cases} == {None}


def test_an_undo_puts_back_what_it_was_offered_for_and_stops_at_nothing(
    browse: As, operator: Person, now: SetClock
) -> None:
    mine, *others = desk_cases(3)
    client = browse(operator)
    actions.claim(number=mine.number, actor=operator.actor, at=now.at)
    offered = undo_of(bulk(client, "claim", [mine, *others]))
    back = client.post(reverse("desk-undo"), {"numbers": f"20000101-000001,{offered}"})
    assert back.status_code == 302
    assert [reload(case).claimed_by for case in (mine, *others)] == [operator.user, None, None]


def test_more_than_can_be_done_at_once_is_said(browse: As, operator: Person, monkeypatch: Any) -> None:
    monkeypatch.setattr("incidents.pages.desk_bulk.BULK_MOST", 2)
    cases = desk_cases(3)
    review = bulk(browse(operator), "dispatch", cases)
    assert len(review.context["ready"]) == 2
    assert [m.level_tag for m in get_messages(review.wsgi_request)] == ["warning"]


def test_nothing_selected_and_nonsense_are_told(browse: As, operator: Person, handler: Person) -> None:
    client = browse(operator)
    assert bulk(client, "dispatch", []).status_code == 400
    assert bulk(client, "burn", []).status_code == 404
    assert bulk(browse(handler), "claim", desk_cases(1)).status_code == 403
    assert client.get(reverse("desk-bulk")).status_code == 405


def test_nobody_selects_what_they_may_not_see(browse: As, street_supervisor: Person) -> None:
    [elsewhere] = desk_cases(1)
    bulk(browse(street_supervisor), "claim", [elsewhere])
    assert reload(elsewhere).claimed_by is None


def test_a_slip_is_taken_back_and_the_case_opens_again(
    browse: As, operator: Person, desk_case: Incident
) -> None:
    client = browse(operator)
    sent = client.post(
        reverse("desk-send", args=[desk_case.number]),
        {"choice": "", "suggested": f"0204-001@{LAMP_UNIT}", "seen_version": desk_case.version},
    )
    assert reload(desk_case).owner_unit_id == LAMP_UNIT
    back = client.post(reverse("desk-undo"), {"numbers": undo_of(sent)}, headers=HX)
    assert back.headers["Location"].startswith(reverse("desk-case", args=[desk_case.number]))
    assert reload(desk_case).status == Status.TRIAGE
    # Twice is once too often, and says so.
    again = client.post(reverse("desk-undo"), {"numbers": desk_case.number})
    assert again.status_code == 302
    assert reload(desk_case).claimed_by is None


def test_what_was_accepted_meanwhile_is_not_taken_back_and_that_is_told(
    browse: As, operator: Person, handler: Person, lamp_case: Incident, desk_case: Incident, now: SetClock
) -> None:
    client = browse(operator)
    actions.dispatch(number=desk_case.number, item_code="0204-001", actor=operator.actor, at=now.at)
    actions.accept(number=desk_case.number, actor=handler.actor, at=now.at)
    answer = client.post(reverse("desk-undo"), {"numbers": desk_case.number})
    assert [m.level_tag for m in get_messages(answer.wsgi_request)] == ["error"]
    assert reload(desk_case).status == Status.HANDLING


# --- who reads what ---------------------------------------------------------------------------


def test_two_people_are_not_offered_the_same_case(browse: As, operator: Person, dispatcher: Person) -> None:
    first, second = desk_cases(2)
    browse(operator).post(reverse("desk-here", args=[first.number]))
    page = browse(dispatcher).get(reverse("desk"))
    assert page.context["case"] == second
    assert {row["case"].pk: row["looker"] for row in page.context["rows"]} == {
        first.pk: operator.user,
        second.pk: None,
    }


def test_two_who_open_the_desk_at_once_read_two_cases(
    browse: As, operator: Person, dispatcher: Person
) -> None:
    first, second = desk_cases(2)
    assert browse(operator).get(reverse("desk")).context["case"] == first
    assert browse(dispatcher).get(reverse("desk")).context["case"] == second


def test_a_late_word_of_the_case_before_does_not_take_the_next_ones_place(
    browse: As, operator: Person, dispatcher: Person
) -> None:
    first, second, third = desk_cases(3)
    client = browse(operator)
    client.get(reverse("desk"))
    decided = client.post(
        reverse("case-act", args=[first.number, "reject"]),
        {"reason": "内容无法辨认", "from": "desk"},
        headers=HX,
    )
    assert decided.status_code < 400
    presence.look(operator.user, second, now=timezone.now())
    client.post(reverse("desk-here", args=[first.number]))
    client.post(reverse("desk-gone", args=[first.number]))
    assert browse(dispatcher).get(reverse("desk")).context["case"] == third


def test_who_has_left_reads_nothing(browse: As, operator: Person, dispatcher: Person) -> None:
    first, _second = desk_cases(2)
    client = browse(operator)
    client.post(reverse("desk-here", args=[first.number]))
    client.post(reverse("desk-gone", args=[first.number]))
    assert browse(dispatcher).get(reverse("desk")).context["case"] == first
    presence.look(operator.user, first, now=timezone.now() - presence.LASTS - timedelta(seconds=1))
    assert browse(dispatcher).get(reverse("desk")).context["case"] == first


def test_the_last_case_is_read_by_both_rather_than_by_nobody(
    browse: As, operator: Person, dispatcher: Person
) -> None:
    [only] = desk_cases(1)
    browse(operator).post(reverse("desk-here", args=[only.number]))
    page = browse(dispatcher).get(reverse("desk"))
    assert page.context["case"] == only
    assert page.context["looker"] == operator.user


def test_the_queue_says_when_somebody_reads_on(browse: As, operator: Person, dispatcher: Person) -> None:
    first = desk_cases(2)[0]
    client = browse(operator)
    before = client.get(reverse("desk-queue"), headers=HX)["ETag"]
    reader = browse(dispatcher)
    reader.post(reverse("desk-here", args=[first.number]))
    read = client.get(reverse("desk-queue"), headers=HX)["ETag"]
    reader.post(reverse("desk-here", args=[first.number]))  # the same, a quarter of a minute later
    same = client.get(reverse("desk-queue"), headers={**HX, "If-None-Match": read})
    assert before != read
    assert same.status_code == 304


def test_deciding_one_case_keeps_the_next_for_the_same_person(
    browse: As, operator: Person, dispatcher: Person
) -> None:
    first, second, third = desk_cases(3)
    client = browse(operator)
    client.post(reverse("desk-send", args=[first.number]), {"choice": f"0204-001@{LAMP_UNIT}"})
    assert browse(dispatcher).get(reverse("desk")).context["case"] == third
    assert second.lookers.get().user == operator.user


# --- splitting and setting right --------------------------------------------------------------


def test_ticked_clauses_become_the_new_case(browse: As, operator: Person) -> None:
    case = file_report(
        text="这里有人在吵架。路边还有一堆垃圾没人清，", category=None, place=NOWHERE, nature="enquiry"
    )
    client = browse(operator)
    page = client.get(reverse("desk-case", args=[case.number]))
    assert page.context["clauses"] == ["这里有人在吵架。", "路边还有一堆垃圾没人清，"]
    answer = client.post(
        reverse("desk-split", args=[case.number]),
        {"clause": page.context["clauses"][1], "seen_version": case.version},
    )
    part = Incident.objects.get(split_from=case)
    assert part.text.body == "路边还有一堆垃圾没人清"
    assert answer.headers["Location"].startswith(reverse("desk-case", args=[part.number]))
    shown = client.get(reverse("desk-case", args=[case.number]))
    assert shown.context["parts"] == [part]
    # What was just said to be another matter is not offered to be merged.
    assert part not in [row["case"] for row in shown.context["similar"]]


def test_splitting_off_nothing_is_told(browse: As, operator: Person, desk_case: Incident) -> None:
    answer = browse(operator).post(reverse("desk-split", args=[desk_case.number]), {})
    assert answer.status_code == 400
    assert 'id="split-wrong"' in answer.content.decode()  # in the sheet, which is the page
    assert not Incident.objects.filter(split_from=desk_case).exists()


def test_owners_that_decide_stand_first_and_setting_one_weighs_again(
    browse: As, operator: Person, desk_case: Incident
) -> None:
    client = browse(operator)
    page = client.get(reverse("desk-case", args=[desk_case.number]))
    owners = page.context["owners"]
    assert [owner.matters for owner in owners] == sorted((owner.matters for owner in owners), reverse=True)
    assert "unknown" not in {owner.code for owner in owners}
    client.post(reverse("desk-correct", args=[desk_case.number]), {"owner": "power-grid", "category": "1801"})
    after = client.get(reverse("desk-case", args=[desk_case.number]))
    assert after.context["owner"]
    assert after.context["choices"][0].category != page.context["choices"][0].category
    assert after.context["mine"] is True


@pytest.mark.parametrize("name", ["desk-split", "desk-correct", "desk-place"])
def test_a_sheet_is_a_page_where_no_script_opens_it(
    browse: As, operator: Person, desk_case: Incident, name: str
) -> None:
    page = browse(operator).get(reverse(name, args=[desk_case.number]))
    assert page.status_code == 200
    assert "<dialog" in page.content.decode()


def back_on_the_desk(count: int, handler: Person, dispatcher: Person) -> list[Incident]:
    """Cases that a unit has given back, each naming another one."""
    found = []
    for n in range(count):
        case = file_report(external_id=f"back-{count}-{n}", joins="", at=TUESDAY)
        assert case.status == Status.DISPATCHED
        actions.request_return(
            number=case.number,
            reason="不归我们",
            cites="x",
            proposed_unit="china-telecom",
            actor=handler.actor,
            at=TUESDAY,
        )
        actions.decide_return(number=case.number, agreed=True, actor=dispatcher.actor, at=TUESDAY)
        found.append(reload(case))
    return found


def test_the_review_costs_the_same_however_many_there_are_and_says_what_each_case_says(
    browse: As, dispatcher: Person, handler: Person
) -> None:
    client, cost = browse(dispatcher), {}
    crew = person("crew", Role.HANDLER, CREW)
    for count in (2, 6):
        cases = desk_cases(count) + back_on_the_desk(count, handler, dispatcher)
        # Fenced off, and nobody knows whose they are.
        cases += [make_safe(manhole(dispatcher, crew, owner=None), crew) for _n in range(count)]
        # One has moved up a level by itself.
        Incident.objects.filter(pk=cases[-1].pk).update(first_level="A", level="C")
        cases = list(Incident.objects.filter(pk__in=[case.pk for case in cases]))
        told = first_offers(cases, edition())
        assert {pk: one and (one.value, one.unit, one.why) for pk, one in told.items()} == {
            case.pk: one and (one.value, one.unit, one.why)
            for case in Incident.objects.filter(pk__in=told)
            for one in [offered(case).first]
        }
        assert any(told.values())
        with CaptureQueriesContext(connection) as queries:
            answer = bulk(client, "dispatch", cases)
        assert len(answer.context["chosen"]) == 3 * count
        cost[count] = len(queries)
    assert cost[6] == cost[2]
