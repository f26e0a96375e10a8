"""The place as a resident fills it in: what the map does not have is said once, and stops nobody."""

import pytest
from django.utils import translation

from incidents.models import Incident, Report
from tests.incidents.resident.conftest import Resident

MADE_UP = "火星路9999号"
ELSEWHERE = "北京市朝阳区建国路88号"


@pytest.mark.parametrize(
    ("address", "unfound"),
    [
        (MADE_UP, "unknown"),
        (ELSEWHERE, "outside"),
        ("东莞市凤岗镇", "outside"),
        ("深圳市龙岗区火星路", "unknown"),
        ("火星菜市场小区", "unknown"),
        ("好又多超市旁边小区", "unknown"),
    ],
)
def test_an_address_that_is_not_on_the_map_is_said_once(
    someone: Resident, address: str, unfound: str
) -> None:
    someone.begin()
    first = someone.say_where(address=address)
    assert first.status_code == 200
    assert first.context["unfound"] == unfound
    assert first.context["form"]["address"].value() == address
    assert b'name="asked"' in first.content
    again = someone.say_where(address=address)  # the second press of a double one
    assert again.status_code == 200
    assert someone.say_where(address=address, asked="1").url == someone.url("finish")
    assert someone.finish().status_code == 302
    assert Report.objects.get().address == address


def test_who_went_on_with_it_is_not_asked_again(someone: Resident) -> None:
    someone.begin()
    someone.say_where(address=MADE_UP, asked="1")
    assert b'name="asked"' not in someone.client.get(someone.url("place")).content
    assert someone.say_where(address=MADE_UP).url == someone.url("finish")
    assert someone.say_where(address="木星路1号").context["unfound"] == "unknown"


@pytest.mark.parametrize(
    "place",
    [
        {"address": "龙城街道"},
        {"address": MADE_UP, "lon": "114.26054", "lat": "22.76488"},
        {"address": "", "lon": "113.0", "lat": "23.5"},
        {"nowhere": "on", "address": MADE_UP},
    ],
)
def test_what_is_placed_or_about_no_place_goes_on(someone: Resident, place: dict[str, str]) -> None:
    someone.begin()
    assert someone.say_where(**place).status_code == 302


def test_the_steps_are_counted_alike_whether_or_not_one_is_asked_for_the_same(
    someone: Resident, lamp_case: Incident
) -> None:
    told = [someone.client.get("/report/").context]
    someone.begin("路灯黑了好几天了，走路害怕")
    told.append(someone.client.get(someone.url("place")).context)
    assert someone.say_where().url == someone.url("same")
    told.append(someone.client.get(someone.url("same")).context)
    someone.client.post(someone.url("same"), {"same": "none"})
    told.append(someone.client.get(someone.url("finish")).context)
    assert [(page["step"], page["steps"]) for page in told] == [(1, 3), (2, 3), (2, 3), (3, 3)]


def test_a_smell_of_gas_says_what_to_do_before_the_call(someone: Resident) -> None:
    with translation.override("en"):
        body = someone.client.get("/report/", headers={"Accept-Language": "en"}).content.decode()
    assert "open the windows, switch nothing on or off, leave first" in body
