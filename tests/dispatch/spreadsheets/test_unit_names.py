"""Units as spreadsheets call them: one unit, or none; never the likest."""

import pytest

from dispatch.spreadsheets.unit_names import UnitNames
from dispatch.units import UnitDirectory

pytestmark = pytest.mark.django_db


@pytest.fixture
def names() -> UnitNames:
    return UnitNames(UnitDirectory.read(), district="龙岗区")


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("housing-construction", "housing-construction"),
        ("@street/enforcement", "@street/enforcement"),
        ("区住房和建设局", "housing-construction"),
        ("住房和建设局", "housing-construction"),
        ("龙岗区住房和建设局", "housing-construction"),
        ("区 住 建 局", "housing-construction"),
        ("区城管局", "urban-management"),
        ("应急局", "emergency-management"),
        ("市监局", "market-regulation"),
        ("市场监管局", "market-regulation"),
        ("卫健局", "health"),
        ("公安局", "police"),
        ("交警大队", "traffic-police"),
        ("区环保局", "ecology-environment"),
        ("Housing and Construction Bureau", "housing-construction"),
        ("属地街道", "@street"),
        ("街道办事处", "@street"),
        ("各街道", "@street"),
        ("属地街道办", "@street"),
        ("属地社区", "@community"),
        ("社区工作站", "@community"),
        ("产权单位", "@owner"),
        ("街道综合行政执法队", "@street/enforcement"),
        ("属地街道综合执法队", "@street/enforcement"),
        ("街道执法队", "@street/enforcement"),
        ("街道应急办", "@street/safety"),
        ("街道应急管理办公室", "@street/safety"),
        ("综合行政执法队", "@street/enforcement"),
        ("平湖街道", "pinghu"),
        ("平湖街道办", "pinghu"),
        ("平湖街道执法队", "pinghu/enforcement"),
        ("鹅公岭社区", "pinghu/c006"),
        ("1、区水务局", "water-affairs"),
        ("牵头单位：区水务局", "water-affairs"),
        ("城市管家（环卫一体化）公司", "sanitation-company"),
    ],
)
def test_a_unit_is_found_by_what_people_call_it(names: UnitNames, word: str, code: str) -> None:
    assert names.find(word).code == code


def test_every_unit_is_found_by_its_own_code(names: UnitNames) -> None:
    units = UnitDirectory.read()
    assert [code for code in units.codes if names.find(code).code != code] == []


def test_what_is_not_the_full_name_is_said(names: UnitNames) -> None:
    assert names.find("区住房和建设局").is_exact
    assert not names.find("住建局").is_exact


def test_a_name_that_two_units_share_is_nobodys(names: UnitNames) -> None:
    told = names.find("凤凰社区工作站")
    assert told.code == ""
    assert len(told.candidates) == 2


@pytest.mark.parametrize("word", ["区住房和建设厅", "火星管理局", "局", "有关部门"])
def test_what_nobody_is_called_is_nobody(names: UnitNames, word: str) -> None:
    assert names.find(word).code == ""


def test_a_slip_of_the_pen_brings_a_suggestion(names: UnitNames) -> None:
    assert names.find("区住房和建没局").suggestion == "housing-construction"


def test_the_same_kind_of_office_is_no_suggestion(names: UnitNames) -> None:
    assert names.find("火星管理局").suggestion == ""


def test_a_relative_unit_is_said_in_words(names: UnitNames) -> None:
    assert names.name("@street/enforcement") == "属地街道综合行政执法队 (@street/enforcement)"


@pytest.mark.parametrize(
    "cell",
    [
        "区水务局、区住建局，街道执法队",
        "区水务局,区住建局;街道执法队",
        "区水务局／区住建局／街道执法队",
        "区水务局\n区住建局\n街道执法队",
        "1.区水务局；2.区住建局；3.@street/enforcement",
        "区水务局、区住建局、水务局、街道执法队",
    ],
)
def test_several_units_in_one_cell_are_told_apart(names: UnitNames, cell: str) -> None:
    found = [named.code for named in names.split(cell)]
    assert found == ["water-affairs", "housing-construction", "@street/enforcement"]


def test_a_name_with_commas_is_one_unit(names: UnitNames) -> None:
    [named] = names.split("Culture, Radio, TV, Tourism and Sports Bureau")
    assert named.code == "culture-sports-tourism"
