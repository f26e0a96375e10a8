"""An order's region: another district's, or one that nobody knows, is told and never sent in silence."""

from typing import Any

import pytest

from incidents import actions
from incidents.models import Incident
from tests.cast import TUESDAY, Person, reload
from tests.incidents.api.conftest import Caller
from tests.incidents.sources.payloads import order

pytestmark = pytest.mark.django_db

ORDERS = "sources/city-12345/orders/"
DEAD_LAMP = {"title": "", "content": "路灯坏了不亮", "address": "", "urgency": "普通", "deadline": None}


def sent(caller: Caller, number: str, **given: Any) -> Incident:
    answer = caller.post(ORDERS, order(orderNo=number, **{**DEAD_LAMP, "location": None, **given}))
    assert answer.status_code == 201, answer.json()
    return Incident.objects.get(number=answer.json()["incident"]["number"])


@pytest.mark.parametrize(
    ("region", "code"),
    [
        ({"district": "福田区", "street": "莲花街道"}, "out_of_area"),
        ({"district": "福田区", "street": "龙岗街道", "community": "南联社区"}, "out_of_area"),
        ({"district": "龙岗区", "street": "莲花街道"}, "place_unknown"),
        ({"district": "没有区", "street": "龙岗街道"}, "place_unknown"),
        ({"street": "", "community": "莲花社区"}, "place_unknown"),
    ],
)
def test_a_region_that_is_not_ours_waits_for_a_person(
    city_api: Caller, region: dict[str, str], code: str
) -> None:
    case = sent(city_api, "R1", region=region)
    assert case.status == "triage"
    assert code in case.triage_codes


def test_our_own_region_goes_out_and_what_says_nothing_is_no_name(city_api: Caller) -> None:
    ours = sent(city_api, "R1", region={"district": "龙岗区", "street": "龙岗街道", "community": "南联社区"})
    loose = sent(city_api, "R2", region={"district": "不详", "street": "坂田街道", "community": "无此社区"})
    assert (ours.street_code, loose.street_code) == ("440307016000", "440307013000")
    for case in (ours, loose):
        assert not {"place_unknown", "out_of_area"} & set(case.triage_codes)


def test_a_point_here_and_another_district_are_both_weighed(city_api: Caller) -> None:
    point = order()["location"]
    case = sent(city_api, "R1", region={"district": "福田区"}, location=point)
    assert (case.status, case.in_district) == ("triage", True)
    assert "places_differ" in case.triage_codes
    calm = sent(city_api, "R2", region={"street": "莲花街道"}, location=point)
    assert "place_unknown" not in calm.triage_codes  # the point says where it is


def test_it_joins_nothing_by_itself_and_stays_told_until_somebody_says_where(
    city_api: Caller, operator: Person
) -> None:
    words = {"content": "植物园路公交站往北第三根路灯不亮", "address": "南联社区植物园路公交站往北60米"}
    first = sent(city_api, "R1", region={"street": "龙岗街道", "community": "南联社区"}, **words)
    case = sent(city_api, "R2", region={"street": "莲花街道"}, **words)
    assert case != first
    actions.correct(number=case.number, category="0204", actor=operator.actor, at=TUESDAY)
    assert "place_unknown" in reload(case).triage_codes
    actions.set_place(number=case.number, actor=operator.actor, at=TUESDAY)
    assert "place_unknown" not in reload(case).triage_codes
