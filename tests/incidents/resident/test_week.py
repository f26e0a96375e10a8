"""What everybody may see: enough, and nothing about anybody."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from incidents import actions
from incidents.actor import SYSTEM
from incidents.models import Incident
from incidents.models.incident import ResolutionOutcome
from incidents.public import NearbyQuestion, WeekQuestion, published
from tests.cast import LAMP_POINT, LAMP_TEXT, TUESDAY, file_report
from tests.incidents.resident.conftest import Hands

pytestmark = pytest.mark.django_db

NEARBY = NearbyQuestion(text=LAMP_TEXT, lon=LAMP_POINT[0], lat=LAMP_POINT[1])


def settle(incident: Incident, *, hours: float = 2, outcome: str = ResolutionOutcome.SOLVED) -> Incident:
    at = incident.received_at
    actions.accept(number=incident.number, actor=SYSTEM, at=at + timedelta(minutes=5))
    actions.resolve(
        number=incident.number,
        outcome=outcome,
        text="换了灯头",
        attested=True,
        actor=SYSTEM,
        at=at + timedelta(hours=hours),
    )
    return actions.verify(
        number=incident.number, fixed=True, actor=SYSTEM, at=at + timedelta(hours=hours + 1)
    )


def lamps(count: int) -> list[Incident]:
    """That many lamps, each a case of its own."""
    return [settle(file_report(joins="")) for _index in range(count)]


def test_a_week_counts_what_was_solved_and_closed_in_it(db: None) -> None:
    settle(file_report(joins=""))
    settle(file_report(joins="", at=TUESDAY - timedelta(days=9)))
    settle(file_report(joins=""), outcome=ResolutionOutcome.UNFOUNDED)
    file_report(joins="")
    week = published(WeekQuestion(), at=TUESDAY + timedelta(hours=5))
    assert week.settled == 1
    assert sum(street.settled for street in week.streets) == 1
    assert sum(count for _name, count in week.communities.values()) == 1
    assert [case.seconds for case in week.latest] == [7200.0]


def test_of_fewer_than_ten_no_share_and_no_mean_is_told(db: None) -> None:
    lamps(9)
    assert published(WeekQuestion(), at=TUESDAY + timedelta(hours=5)).mean_seconds is None
    lamps(1)
    week = published(WeekQuestion(), at=TUESDAY + timedelta(hours=5))
    assert (week.on_time, week.mean_seconds) == (1.0, 7200.0)
    # A week that still runs ranks nobody: streets stand by their codes, with no more than a count.
    assert [street.code for street in week.streets] == sorted(street.code for street in week.streets)
    assert max(street.settled for street in week.streets) == 10


def test_a_case_that_was_opened_again_is_not_counted(db: None) -> None:
    case = settle(file_report(joins=""))
    actions.reopen(number=case.number, reason="还是不亮", actor=SYSTEM, at=TUESDAY + timedelta(hours=4))
    assert published(WeekQuestion(), at=TUESDAY + timedelta(hours=5)).settled == 0


@pytest.mark.parametrize(
    "given", [{"nature": "tip_off"}, {"nature": "praise"}, {"category": "1401"}, {"category": "0604"}]
)
def test_what_is_between_people_is_never_published(db: None, given: dict[str, str]) -> None:
    case = file_report(joins="", **given)
    Incident.objects.filter(pk=case.pk).update(
        status="dispatched",
        category=given.get("category", case.category_id),
        nature=given.get("nature", "complaint"),
    )
    assert published(NEARBY, at=TUESDAY + timedelta(hours=1)) == ()
    text = NearbyQuestion(text="邻居半夜吵闹", lon=NEARBY.lon, lat=NEARBY.lat)
    assert published(text, at=TUESDAY + timedelta(hours=1)) == ()


def test_alike_is_near_open_and_recent(lamp_case: Incident) -> None:
    (alike,) = published(NEARBY, at=TUESDAY + timedelta(hours=1))
    assert (alike.number, alike.metres, alike.reports) == (lamp_case.number, 0, 1)
    far = NearbyQuestion(text=LAMP_TEXT, lon=NEARBY.lon + 0.01, lat=NEARBY.lat)
    assert published(far, at=TUESDAY + timedelta(hours=1)) == ()
    assert published(NEARBY, at=TUESDAY + timedelta(days=40)) == ()


def test_in_an_area_what_names_another_road_is_not_offered_and_the_road_is_told(db: None) -> None:
    here = file_report(text="植物园路的路灯不亮", address="", joins="")
    elsewhere = file_report(text="银珠路的路灯不亮", address="", joins="")
    at, area = TUESDAY + timedelta(hours=1), here.community_code
    for case in (here, elsewhere):
        Incident.objects.filter(pk=case.pk).update(community_code=area, status="dispatched")
    offered = published(NearbyQuestion("植物园路路灯全灭", area=area), at=at)
    assert [(one.number, one.roads) for one in offered] == [(here.number, ("植物园路",))]
    by_address = published(NearbyQuestion("路灯全灭", area=area, address="银珠路口"), at=at)
    assert [one.number for one in by_address] == [elsewhere.number]


def test_the_page_shows_the_week_and_nobodys_words(lamp_case: Incident, hands: Hands, client: Client) -> None:
    settle(lamp_case)
    hands.at = TUESDAY + timedelta(hours=5)
    answer = client.get(reverse("public-home"))
    assert answer.status_code == 200
    body = answer.content.decode()
    for secret in (LAMP_TEXT, "换了灯头", "植物园路公交站", lamp_case.number, "王小明"):
        assert secret not in body
    assert answer.context["week"].latest[0].unit in body


def test_a_street_narrows_the_list_and_not_the_table(
    lamp_case: Incident, hands: Hands, client: Client
) -> None:
    settle(lamp_case)
    hands.at = TUESDAY + timedelta(hours=5)
    elsewhere = client.get(reverse("public-home"), {"street": "440307003000"}).context["week"]
    assert (len(elsewhere.latest), elsewhere.settled) == (0, 1)
    assert client.get(reverse("public-home"), {"street": "x\x00"}).status_code == 200


def test_an_empty_week_has_a_page(db: None, hands: Hands, client: Client) -> None:
    answer = client.get(reverse("public-home"))
    assert answer.status_code == 200
    assert answer.context["week"].latest == ()


def test_the_map_has_a_value_for_each_community_with_one(
    lamp_case: Incident, hands: Hands, client: Client
) -> None:
    settle(lamp_case)
    hands.at = TUESDAY + timedelta(hours=5)
    told = client.get(reverse("public-week-map")).json()
    assert told["values"][lamp_case.community_code]["value"] == 1
    assert told["values"][lamp_case.community_code]["step"] == 0
    assert len(told["legend"]) == 5


def test_the_week_costs_the_same_for_one_case_and_for_many(
    lamp_case: Incident, hands: Hands, client: Client, django_assert_max_num_queries: Any
) -> None:
    lamps(3)
    hands.at = TUESDAY + timedelta(hours=5)
    with django_assert_max_num_queries(14):
        client.get(reverse("public-home"))
