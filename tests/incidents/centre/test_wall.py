"""Walls: each level sees its part, counts what is there, and never says the words of a report."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accounts.roles import Role
from grids.locate import locate
from incidents import actions, queries
from incidents.centre import board, wall
from incidents.models import Incident
from incidents.models.incident import Status
from tests.browsers import As
from tests.cast import LAMP_POINT, LAMP_TEXT, LAMP_UNIT, TUESDAY, Person, file_report, person
from tests.incidents.centre.people import DISTRICT, PINGHU, centre, on_shift

POLL = {"X-Requested-With": "poll"}
NOW = TUESDAY + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def five_past_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.clock.now", lambda: NOW)


def lamp(n: int, **given: Any) -> Incident:
    """A lamp that is too far from the others to be the same one."""
    lon, lat = LAMP_POINT
    place = locate(lon=lon + 0.003 * (n % 3 - 1), lat=lat + 0.003 * (n // 3 + 1))
    return file_report(**{"place": place, "address": f"{n} 号", "external_id": f"wall-{n}", **given})


def url(code: str = DISTRICT) -> str:
    return reverse("centre-wall", args=[code])


def test_each_level_counts_its_own_part(db: None) -> None:
    cases = [lamp(n) for n in range(4)]
    street, community = cases[0].street_code, cases[0].community_code
    here = [case for case in cases if case.community_code == community]
    assert wall.wall_of(centre(), NOW).total.open == 4
    assert wall.wall_of(centre(street), NOW).total.open == 4
    assert wall.wall_of(centre(community), NOW).total.open == len(here)
    assert wall.wall_of(centre(PINGHU), NOW).total.open == 0
    for code in (DISTRICT, street, community):
        found = wall.wall_of(centre(code), NOW)
        assert sum(part.open for part in found.parts) == found.total.open
    district = {part.area.code: part.open for part in wall.wall_of(centre(), NOW).parts if part.area}
    assert len(district) == 11
    assert district[street] == 4


def test_what_has_no_place_is_counted_and_said(desk_case: Incident) -> None:
    found = wall.wall_of(centre(), NOW)
    assert (found.total.open, found.desk) == (1, 1)
    assert [part.open for part in found.parts if part.area is None] == [1]


def test_emergencies_stand_first_then_whose_time_runs_out_next(db: None) -> None:
    calm, soon, late = lamp(0), lamp(1), lamp(2)
    burning = lamp(3, urgency="emergency", category="2001", text="路面塌陷有大坑")
    for case, hours in ((calm, 9), (soon, 1), (late, -3), (burning, 5)):
        Incident.objects.filter(pk=case.pk).update(due_at=NOW + timedelta(hours=hours))
    found = wall.wall_of(centre(), NOW)
    assert [case.pk for case in found.tightest] == [burning.pk, soon.pk, calm.pk]
    assert found.emergency == burning
    assert (found.total.overdue, found.total.soon) == (1, 1)
    kinds = sorted(mark.kind for mark in found.marks)
    assert kinds == ["emergency", "fresh", "overdue", "soon"]
    assert all(0 <= mark.x <= found.drawing.width for mark in found.marks if found.drawing)


def test_the_same_word_is_the_same_number_on_wall_board_desk_and_list(
    browse: As, leader: Person, dispatcher: Person, supervisor: Person
) -> None:
    """What is merged is one case of the day; an emergency that is resolved is no longer in hand."""
    root, again = lamp(0), lamp(1)
    urgent = {"urgency": "emergency", "category": "2001"}
    burning, over = lamp(3, **urgent, text="路面塌陷有大坑"), lamp(5, **urgent, text="路面塌陷")
    Incident.objects.filter(pk=over.pk).update(status=Status.RESOLVED)
    actions.merge(number=again.number, into=root.number, actor=dispatcher.actor, at=NOW)
    found, lines = wall.wall_of(centre(), NOW), board.lines_of(centre(), NOW)
    received = found.today.received
    assert (received, Incident.objects.count()) == (3, 4)
    assert sum(line.received for line in lines) == queries.today(at=NOW).received == received
    assert sum(line.unaccepted for line in lines) == found.total.unaccepted
    assert found.total.emergency == 1
    shown = browse(supervisor).get(reverse("cases")).context["views"]
    tab = next(one for one in shown if one["state"] == "emergency")
    assert tab["count"] == 1
    listed = browse(supervisor).get(tab["url"]).context["rows"]
    assert [row["case"].pk for row in listed] == [burning.pk]
    desk = browse(supervisor).get(reverse("supervision")).context["counts"]
    assert desk.emergency == 1


def test_the_day_is_compared_with_the_same_hour_of_the_weeks_before(db: None) -> None:
    for week in (1, 2):
        then = TUESDAY - timedelta(weeks=week)
        for n in range(6):
            lamp(20 * week + n, at=then - timedelta(minutes=n))
        # later on that day than it is now, and a day that is no Tuesday
        lamp(20 * week + 7, at=then + timedelta(hours=2))
        lamp(20 * week + 8, at=then + timedelta(days=1))
    for n in range(9):
        lamp(n)
    today = wall.wall_of(centre(), NOW).today
    assert (today.received, today.usual, today.more_than_usual) == (9, 6, 0.5)


def test_who_is_on_duty_is_said_for_each_level(operator: Person, street_supervisor: Person) -> None:
    on_shift(operator)
    on_shift(street_supervisor)
    found = wall.wall_of(centre(), NOW)
    assert [(one.level, one.on, one.all) for one in found.watches] == [
        ("district", 1, 1),
        ("street", 1, 11),
        ("community", 0, 111),
    ]
    assert [shift.user for shift in found.on_duty] == [operator.user]


def test_a_wall_shows_no_words_of_any_report(browse: As, leader: Person, lamp_case: Incident) -> None:
    page = browse(leader).get(url()).content.decode()
    assert LAMP_TEXT[:8] not in page
    assert "王小明" not in page
    assert lamp_case.number in page


def test_each_sees_its_own_part_and_no_other(
    browse: As, street_supervisor: Person, lamp_case: Incident, handler: Person, admin: Person
) -> None:
    community = centre(lamp_case.community_code)
    station = person("station", Role.HANDLER, community.unit.code)
    pinghu_community = "440307003004"
    expected = {
        street_supervisor: {PINGHU: 200, pinghu_community: 200, DISTRICT: 403, community.code: 403},
        station: {community.code: 200, lamp_case.street_code: 403, DISTRICT: 403, PINGHU: 403},
        handler: {DISTRICT: 403, community.code: 403},
        admin: {DISTRICT: 403},
    }
    for who, codes in expected.items():
        client = browse(who)
        assert {code: client.get(url(code)).status_code for code in codes} == codes
    client = browse(station)
    assert client.get(url("440307999000")).status_code == 404
    assert client.get(url(lamp_case.cell_code)).status_code == 404


def test_a_station_watches_cases_of_others_but_opens_only_its_own(browse: As, lamp_case: Incident) -> None:
    community = centre(lamp_case.community_code)
    station = person("station", Role.HANDLER, community.unit.code)
    page = browse(station).get(url(community.code))
    assert [row["case"] for row in page.context["newest"]] == [lamp_case]
    assert page.context["newest"][0]["url"] == ""
    assert reverse("case", args=[lamp_case.number]) not in page.content.decode()


def test_the_sentence_in_front_follows_a_rule(browse: As, leader: Person, handler: Person) -> None:
    client = browse(leader)

    def state() -> str:
        headline: tuple[str, str] = client.get(url()).context["headline"]
        return headline[1]

    assert state() == "on"
    case = lamp(0)
    Incident.objects.filter(pk=case.pk).update(due_at=NOW - timedelta(hours=1))
    assert state() == "overdue"
    burning = lamp(1, urgency="emergency")
    assert state() == "emergency"
    before = client.get(url()).context["headline"][0]
    actions.accept(number=burning.number, actor=handler.actor, at=NOW)
    after = client.get(url()).context["headline"][0]
    assert before != after
    assert str(burning.owner_unit) in after
    assert burning.owner_unit_id == LAMP_UNIT


def test_a_poll_is_304_until_something_changes(browse: As, leader: Person, lamp_case: Incident) -> None:
    client = browse(leader)
    first = client.get(url(), headers=POLL)
    assert b"<html" not in first.content
    again = client.get(url(), headers={**POLL, "If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    lamp(5)
    changed = client.get(url(), headers={**POLL, "If-None-Match": first["ETag"]})
    assert changed.status_code == 200


@pytest.mark.parametrize("level", ["district", "street", "community"])
def test_a_wall_costs_the_same_with_three_cases_and_with_thirty(
    browse: As, leader: Person, django_assert_num_queries: Callable[..., Any], level: str
) -> None:
    cases = [lamp(n) for n in range(3)]
    codes = {"district": DISTRICT, "street": cases[0].street_code, "community": cases[0].community_code}
    client = browse(leader)
    client.get(url(codes[level]))  # the drawing is kept from here on
    # session, user, memberships, area, unit, stamp; eleven of the wall; whose cases may be opened, and names
    with django_assert_num_queries(19):
        client.get(url(codes[level]), headers=POLL)
    for n in range(27):
        matter = [("0101", "人行道有垃圾"), ("0301", "车停在盲道上"), ("0601", "工地夜里打桩")][n // 9]
        lamp(n % 9, category=matter[0], text=matter[1], external_id=f"more-{n}")
    with django_assert_num_queries(19):
        client.get(url(codes[level]), headers=POLL)
