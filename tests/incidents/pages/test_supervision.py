"""The supervisors' page: counts that are their rows, selections, orders to many at once, and polls."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.duty import DutyShift
from accounts.roles import Role
from grids.locate import locate
from incidents import actions, oversight
from incidents.models import Incident, Supervision
from tests.browsers import As
from tests.cast import LAMP_POINT, LAMP_UNIT, TUESDAY, Person, file_report, person, reload
from tests.incidents.pages.conftest import SetClock

POLL = {"X-Requested-With": "poll"}
URL = "/supervision/"
NEXT_MONTH = TUESDAY + timedelta(days=30)


def lamp(n: int, **given: Any) -> Incident:
    """A lamp that is too far from the others to be the same one."""
    lon, lat = LAMP_POINT
    place = locate(lon=lon + 0.003 * (n % 3 - 1), lat=lat + 0.003 * (n // 3 + 1))
    return file_report(place=place, address=f"{n} 号", **given)


def shown(client: Client, **query: str) -> Any:
    page = client.get(URL, query)
    assert page.status_code == 200
    return page.context


def numbers(context: Any) -> list[str]:
    return [row["case"].number for row in context["rows"]]


@pytest.fixture
def mixed(
    db: None, handler: Person, dispatcher: Person, desk_case: Incident, now: SetClock
) -> dict[str, Incident]:
    """One case in each selection, made by what people do."""
    late, soon = lamp(0), lamp(1)
    disputed, pingpong, emergency = lamp(2), lamp(3), lamp(4, urgency="emergency")
    returned(pingpong, handler, dispatcher)
    actions.dispatch(
        number=pingpong.number,
        item_code="0204-001",
        actor=dispatcher.actor,
        at=TUESDAY + timedelta(minutes=2),
    )
    returned(pingpong, handler, dispatcher)
    actions.rule(
        number=pingpong.number,
        ruling="归照明公司",
        item_code="0204-001",
        actor=dispatcher.actor,
        at=TUESDAY + timedelta(minutes=2),
    )
    actions.request_return(
        number=disputed.number,
        reason="是供水的井盖",
        cites="《城市供水条例》",
        proposed_unit="water-group",
        actor=handler.actor,
        at=TUESDAY + timedelta(minutes=2),
    )
    return {"late": late, "soon": soon, "disputed": disputed, "pingpong": pingpong, "emergency": emergency}


def returned(case: Incident, handler: Person, dispatcher: Person) -> None:
    at = TUESDAY + timedelta(minutes=2)
    actions.request_return(number=case.number, reason="不归我们", cites="x", actor=handler.actor, at=at)
    actions.decide_return(number=case.number, agreed=True, actor=dispatcher.actor, at=at)


def test_only_supervisors_open_it(browse: As, operator: Person, leader: Person, supervisor: Person) -> None:
    assert browse(operator).get(URL).status_code == 403
    assert browse(leader).get(URL).status_code == 403
    assert browse(supervisor).get(URL).status_code == 200


def test_each_count_is_the_number_of_rows_behind_it(
    browse: As, supervisor: Person, mixed: dict[str, Incident], now: SetClock
) -> None:
    client = browse(supervisor)
    for minutes in (5, 90, 60 * 24 * 3, 60 * 24 * 30):
        now.at = TUESDAY + timedelta(minutes=minutes)
        for name in oversight.SELECTIONS:
            context = shown(client, tab=name)
            assert len(context["rows"]) == context["total"] == context["tabs"][_place(name)]["count"]
            assert sum(bar["count"] for bar in context["bars"]) + _nowhere(name, now) == context["total"]


def _place(name: str) -> int:
    return oversight.SELECTIONS.index(name)


def _nowhere(name: str, now: SetClock) -> int:
    """Cases of which nobody knows the street: in the counts, and on no bar."""
    return oversight.selected(Incident.objects.filter(street_code=""), name, now.at).count()


def test_each_selection_holds_what_it_says(
    browse: As, supervisor: Person, mixed: dict[str, Incident]
) -> None:
    client = browse(supervisor)
    assert numbers(shown(client, tab="disputes")) == [mixed["disputed"].number]
    assert numbers(shown(client, tab="returned")) == [mixed["pingpong"].number]
    assert numbers(shown(client, tab="emergency")) == [mixed["emergency"].number]


def test_the_worst_stands_first(
    browse: As, supervisor: Person, mixed: dict[str, Incident], now: SetClock
) -> None:
    now.at = NEXT_MONTH
    rows = shown(browse(supervisor))["rows"]
    dues = [row["case"].due_at for row in rows]
    assert len(dues) > 3
    assert dues == sorted(dues)


def test_the_menu_counts_what_is_overdue(
    browse: As, supervisor: Person, lamp_case: Incident, now: SetClock
) -> None:
    now.at = NEXT_MONTH
    context = shown(browse(supervisor))
    item = next(item for item in context["nav"] if item["url"] == URL)
    assert (item["count"], item["active"]) == (str(context["counts"].overdue), True) == ("1", True)


def test_a_street_and_a_unit_filter_everything(
    browse: As, supervisor: Person, mixed: dict[str, Incident], now: SetClock
) -> None:
    now.at = NEXT_MONTH
    client = browse(supervisor)
    street = mixed["late"].street_code
    inside = shown(client, street=street)
    assert inside["counts"].emergency == 1
    assert {row["case"].street_code for row in inside["rows"]} == {street}
    other = shown(client, street="440307999")
    assert (other["rows"], other["counts"].overdue, other["emergencies"]) == ([], 0, [])
    of_unit = shown(client, unit=LAMP_UNIT)
    assert {row["case"].owner_unit_id for row in of_unit["rows"]} == {LAMP_UNIT}


def test_a_streets_supervisor_sees_that_street(
    browse: As, street_supervisor: Person, mixed: dict[str, Incident], now: SetClock
) -> None:
    now.at = NEXT_MONTH
    assert shown(browse(street_supervisor))["counts"].rows == 0
    own = person("own", Role.SUPERVISOR, "longgang/operations")
    assert shown(browse(own))["counts"].overdue > 3


def test_pages_follow_each_other_without_gap_or_repeat(
    browse: As, supervisor: Person, monkeypatch: pytest.MonkeyPatch, now: SetClock
) -> None:
    monkeypatch.setattr("incidents.pages.supervision.PAGE", 2)
    cases = [lamp(n) for n in range(7)]
    Incident.objects.filter(pk=cases[0].pk).update(status="suspended", due_at=None, urgency="emergency")
    Incident.objects.filter(pk__in=[case.pk for case in cases[1:5]]).update(urgency="emergency")
    client, seen, url = browse(supervisor), [], URL + "?tab=emergency"
    while url:
        context = client.get(url).context
        seen += numbers(context)
        url = context["next_url"]
    assert sorted(seen) == sorted(case.number for case in cases[:5])
    assert seen[-1] == cases[0].number  # what has no clock stands last


@pytest.mark.parametrize("after", ["x", "_", "1e400_1", "nan_3", "5_", "1.0_99999999999999999999"])
def test_a_broken_cursor_begins_at_the_first_page(
    browse: As, supervisor: Person, lamp_case: Incident, now: SetClock, after: str
) -> None:
    now.at = NEXT_MONTH
    assert browse(supervisor).get(URL, {"after": after}).status_code == 200


def test_a_path_tells_how_long_each_unit_held_it(
    browse: As, supervisor: Person, mixed: dict[str, Incident], now: SetClock
) -> None:
    now.at = TUESDAY + timedelta(hours=1)
    row = shown(browse(supervisor), tab="returned")["returned"][0]
    held = [(hop.unit.code, hop.held, hop.is_now) for hop in row["hops"]]
    two, rest = timedelta(minutes=2), timedelta(minutes=58)
    assert held == [(LAMP_UNIT, two, False), (LAMP_UNIT, timedelta(0), False), (LAMP_UNIT, rest, True)]


def test_a_dispute_names_both_units_and_who_acts_meanwhile(
    browse: As, supervisor: Person, mixed: dict[str, Incident]
) -> None:
    between = shown(browse(supervisor))["disputes"][0]["between"]
    assert (between.first.code, between.second.code) == (LAMP_UNIT, "water-group")
    assert between.acting.code == LAMP_UNIT


def test_an_emergency_is_called_by_who_is_on_duty(
    browse: As, supervisor: Person, handler: Person, mixed: dict[str, Incident], now: SetClock
) -> None:
    case = reload(mixed["emergency"])
    DutyShift.objects.create(
        unit=case.owner_unit,
        user=person("on-duty", Role.HANDLER, case.owner_unit_id).user,
        starts_at=TUESDAY - timedelta(hours=1),
        ends_at=TUESDAY + timedelta(hours=8),
        phone="0755-28900001",
    )
    assert 'href="tel:0755-28900001"' in browse(supervisor).get(URL).content.decode()


def test_where_the_unit_has_nobody_with_a_telephone_the_centre_is_called(
    browse: As, supervisor: Person, mixed: dict[str, Incident], now: SetClock
) -> None:
    case = reload(mixed["emergency"])

    def called() -> DutyShift | None:
        rows = browse(supervisor).get(URL).context["emergencies"]
        return next(row["shift"] for row in rows if row["case"].pk == case.pk)

    hours = {"starts_at": TUESDAY - timedelta(hours=1), "ends_at": TUESDAY + timedelta(hours=8)}
    assert called() is None
    silent = person("no-number", Role.HANDLER, case.owner_unit_id).user
    own = DutyShift.objects.create(unit=case.owner_unit, user=silent, **hours)
    assert called() == own
    assert 'href="tel:' not in browse(supervisor).get(URL).content.decode()
    centre = DutyShift.objects.create(unit_id=supervisor.unit, user=supervisor.user, phone="0755-1", **hours)
    assert called() == centre
    assert str(centre.unit) in browse(supervisor).get(URL).content.decode()
    silent.phone = "13900001111"
    silent.save()
    assert called() == own


# --- many at once -----------------------------------------------------------------------------------


def test_ordering_asks_for_the_words_first(browse: As, supervisor: Person, lamp_case: Incident) -> None:
    page = browse(supervisor).post(reverse("supervision-order"), {"case": [lamp_case.number]})
    assert page.status_code == 200
    assert lamp_case.number in page.content.decode()
    assert not Supervision.objects.exists()


def test_each_chosen_case_is_ordered_by_itself_and_a_refused_one_is_named(
    browse: As, supervisor: Person, now: SetClock, desk_case: Incident
) -> None:
    first, second = lamp(0), lamp(1)
    sent = {"case": [first.number, desk_case.number, second.number], "words": "今晚亮灯", "tab": "soon"}
    answer = browse(supervisor).post(reverse("supervision-order"), sent, follow=True)
    assert answer.redirect_chain == [(URL + "?tab=soon", 302)]
    said = [str(message) for message in answer.context["messages"]]
    assert len(said) == 2
    assert said[0].startswith(f"{desk_case.number}: ")
    assert set(Supervision.objects.values_list("incident__number", flat=True)) == {
        first.number,
        second.number,
    }


def test_without_words_nothing_is_ordered_and_the_choice_is_kept(
    browse: As, supervisor: Person, lamp_case: Incident
) -> None:
    page = browse(supervisor).post(reverse("supervision-order"), {"case": [lamp_case.number], "words": " "})
    assert page.status_code == 400
    assert f'value="{lamp_case.number}"' in page.content.decode()
    assert not Supervision.objects.exists()


def test_urging_many_at_once(browse: As, supervisor: Person, desk_case: Incident) -> None:
    case = lamp(0)
    client = browse(supervisor)
    both = {"case": [case.number, desk_case.number]}
    client.post(reverse("supervision-urge"), both, follow=True)
    assert [one.timeline.filter(kind="nudged").count() for one in (case, desk_case)] == [1, 1]
    again = client.post(reverse("supervision-urge"), both, follow=True)
    assert len(list(again.context["messages"])) == 2
    assert case.timeline.filter(kind="nudged").count() == 1


def test_what_is_not_seen_cannot_be_ordered(
    browse: As, street_supervisor: Person, lamp_case: Incident
) -> None:
    sent = {"case": [lamp_case.number], "words": "快"}
    browse(street_supervisor).post(reverse("supervision-order"), sent)
    assert not Supervision.objects.exists()


def test_nobody_else_orders_here(browse: As, operator: Person, lamp_case: Incident) -> None:
    sent = {"case": [lamp_case.number], "words": "快"}
    assert browse(operator).post(reverse("supervision-order"), sent).status_code == 403


# --- live -------------------------------------------------------------------------------------------


def test_a_poll_is_304_until_something_changes_or_falls_due(
    browse: As, supervisor: Person, lamp_case: Incident, now: SetClock
) -> None:
    client = browse(supervisor)
    first = client.get(URL, headers=POLL)
    tag = {**POLL, "If-None-Match": first["ETag"]}
    assert client.get(URL, headers=tag).status_code == 304
    actions.nudge(number=lamp_case.number, actor=supervisor.actor, at=now.at)
    changed = client.get(URL, headers=tag)
    assert changed.status_code == 200
    assert "<html" not in changed.content.decode()
    tag["If-None-Match"] = changed["ETag"]
    assert client.get(URL, headers=tag).status_code == 304
    due_at = reload(lamp_case).due_at
    assert due_at is not None
    now.at = due_at + timedelta(seconds=1)
    assert client.get(URL, headers=tag).status_code == 200


def test_the_page_asks_the_same_few_questions_however_many_cases(
    browse: As,
    supervisor: Person,
    mixed: dict[str, Incident],
    now: SetClock,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    now.at = NEXT_MONTH
    client = browse(supervisor)
    client.get(URL)
    for n in (5, 6, 7):
        lamp(n, urgency="emergency")
    with django_assert_max_num_queries(31):
        client.get(URL)
    tag = client.get(URL, headers=POLL)["ETag"]
    with django_assert_max_num_queries(5):  # session, user, memberships, the open cases
        assert client.get(URL, headers={**POLL, "If-None-Match": tag}).status_code == 304


def test_nothing_at_all_is_said(browse: As, supervisor: Person) -> None:
    page = browse(supervisor).get(URL).content.decode()
    assert page.count('class="empty"') == 1
    assert "oversight-table" not in page


# --- everywhere on the case -------------------------------------------------------------------------


def test_an_order_is_seen_on_every_list_and_on_the_case(
    browse: As, supervisor: Person, handler: Person, lamp_case: Incident, now: SetClock
) -> None:
    given = actions.supervise(
        number=lamp_case.number, words="今晚必须亮灯", actor=supervisor.actor, at=now.at
    )
    for who, url in (
        (supervisor, reverse("cases")),
        (supervisor, reverse("cases") + "?supervised=on"),
        (handler, reverse("inbox")),
        (supervisor, reverse("case", args=[lamp_case.number])),
        (handler, reverse("case", args=[lamp_case.number])),
    ):
        assert given.number in browse(who).get(url).content.decode(), url
    assert "今晚必须亮灯" in browse(handler).get(reverse("case", args=[lamp_case.number])).content.decode()


def test_the_unit_answers_on_the_case_and_the_supervisor_lifts_there(
    browse: As, supervisor: Person, handler: Person, lamp_case: Incident, now: SetClock
) -> None:
    actions.supervise(number=lamp_case.number, words="快办", actor=supervisor.actor, at=now.at)
    page = reverse("case", args=[lamp_case.number])
    answering, lifting = (
        reverse("case-act", args=[lamp_case.number, step]) for step in ("answer-order", "lift-order")
    )
    for who, offered, not_offered in ((handler, answering, lifting), (supervisor, lifting, answering)):
        html = browse(who).get(page).content.decode()
        assert offered in html
        assert not_offered not in html
    browse(handler).post(answering, {"text": "五点前到场"})
    assert "五点前到场" in browse(supervisor).get(page).content.decode()
    assert Supervision.objects.get().end == "answered"


def test_ordering_and_urging_from_the_case(
    browse: As, supervisor: Person, lamp_case: Incident, now: SetClock
) -> None:
    client = browse(supervisor)
    by = "2026-07-07T18:00"
    client.post(reverse("case-act", args=[lamp_case.number, "supervise"]), {"words": "快办", "answer_by": by})
    given = Supervision.objects.get()
    assert given.answer_by.isoformat() == "2026-07-07T10:00:00+00:00"  # six in the district
    client.post(reverse("case-act", args=[lamp_case.number, "nudge"]), {})
    assert lamp_case.timeline.filter(kind="nudged").exists()
