"""A number that somebody put into their words is read by who may ask who said it, and by nobody else."""

import pytest
from django.urls import reverse

from incidents.models import Incident
from incidents.pages.wording import title_of
from tests.browsers import As
from tests.cast import LAMP_CATEGORY, Person, file_report
from tests.incidents.api.conftest import Caller

NUMBER, IDENTITY, LAMP_POST = "13911740217", "440307199001011234", "44030712"


@pytest.fixture
def told() -> Incident:
    return file_report(text=f"灯杆{LAMP_POST}路灯不亮，打{NUMBER}找我，身份证{IDENTITY}。")


def test_who_works_with_the_case_reads_all_of_it(browse: As, operator: Person, told: Incident) -> None:
    page = browse(operator).get(reverse("case", args=[told.number])).content.decode()
    assert NUMBER in page
    assert IDENTITY in page


@pytest.mark.parametrize("address", ["case", "cases", "board"])
def test_a_leader_reads_the_ends_of_the_numbers(
    address: str, browse: As, leader: Person, told: Incident
) -> None:
    path = reverse(address, args=[told.number] if address == "case" else [])
    page = browse(leader).get(path).content.decode()
    assert NUMBER not in page
    assert IDENTITY not in page
    if address == "case":
        assert "139****0217" in page
        assert "440307****1234" in page


def test_a_list_shows_nobody_a_telephone_and_everybody_the_lamp_post(
    browse: As, operator: Person, told: Incident
) -> None:
    page = browse(operator).get(reverse("cases")).content.decode()
    assert NUMBER not in page
    assert LAMP_POST in page


def test_rest_says_the_same_and_its_lists_show_nobody_a_number(
    leader: Person, operator: Person, told: Incident
) -> None:
    for one, is_whole in ((operator, True), (leader, False)):
        caller = Caller(user=one.user)
        case = caller.get(f"incidents/{told.number}/").json()
        words = [case["text"], *(report["text"] for report in case["reports"])]
        assert [NUMBER in said and IDENTITY in said for said in words] == [is_whole] * 2
        (row,) = caller.get("incidents/").json()["results"]
        assert NUMBER not in row["text"]


def test_who_handles_a_tip_off_reads_no_number_in_it(handler: Person) -> None:
    tip = file_report(text=f"路灯队收钱不修，打{NUMBER}找我。", nature="tip_off", category=LAMP_CATEGORY)
    caller = Caller(user=handler.user)
    for answer in (caller.get(f"incidents/{tip.number}/"), caller.get("incidents/")):
        assert NUMBER not in answer.content.decode()


def test_a_title_is_cut_after_it_was_starred() -> None:
    assert title_of(f"路灯不亮打{NUMBER}找我", 12) == "路灯不亮打139***…"
