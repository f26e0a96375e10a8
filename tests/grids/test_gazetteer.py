"""What names in a text come to."""

import pytest

from grids.gazetteer import Gazetteer, Naming

PINGHU, BANTIAN, BUJI = "440307003000", "440307013000", "440307014000"
LONGGANG, JIHUA = "440307016000", "440307018000"


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer(
        district="龙岗区",
        streets=[
            (PINGHU, "平湖街道"),
            (BANTIAN, "坂田街道"),
            (BUJI, "布吉街道"),
            (LONGGANG, "龙岗街道"),
            (JIHUA, "吉华街道"),
        ],
        communities=[
            ("440307003002", "良安田社区", PINGHU),
            ("440307003007", "平湖社区", PINGHU),
            ("440307003013", "凤凰社区", PINGHU),
            ("440307014009", "凤凰社区", BUJI),
            ("440307013006", "五和社区", BANTIAN),
            ("440307013007", "中心社区", BANTIAN),
            ("440307016002", "龙岗墟社区", LONGGANG),
            ("440307016003", "六联社区", LONGGANG),
        ],
        neighbours=["坪山区", "福田区"],
    )


def codes(naming: Naming) -> list[object]:
    return [item["code"] for item in naming.evidence]


@pytest.mark.parametrize(
    ("text", "street", "community"),
    [
        ("坂田街道五和社区永香路8号", BANTIAN, "440307013006"),
        ("良安田社区某巷", PINGHU, "440307003002"),
        ("良安田新村三巷", PINGHU, "440307003002"),
        ("坂 田 街 道 五 和 社 区", BANTIAN, "440307013006"),
        ("坂田五和地铁站B出口", BANTIAN, "440307013006"),
        ("平湖街道办门口", PINGHU, None),
        ("龙岗区平湖", PINGHU, None),
        ("平湖社区", PINGHU, "440307003007"),
        ("龙岗墟社区", LONGGANG, "440307016002"),
        ("平湖街道凤凰社区", PINGHU, "440307003013"),
        ("布吉凤凰社区", BUJI, "440307014009"),
    ],
)
def test_names_become_codes(gazetteer: Gazetteer, text: str, street: str, community: str | None):
    naming = gazetteer.read(text)
    assert (naming.street, naming.community, naming.in_district) == (street, community, True)


@pytest.mark.parametrize(
    "text",
    [
        "吉华路与布龙路交汇处",  # a road called after a street
        "平湖大道辅道",
        "中心公园的保安",  # everyday words that are communities' names too
        "龙岗河边",
        "楼下",
        "",
    ],
)
def test_words_that_only_look_like_names_place_nothing(gazetteer: Gazetteer, text: str):
    naming = gazetteer.read(text)
    assert (naming.street, naming.community, naming.in_district) == (None, None, False)


def test_a_name_of_two_communities_needs_its_street(gazetteer: Gazetteer):
    naming = gazetteer.read("凤凰社区")
    assert (naming.street, naming.community) == (None, None)
    assert codes(naming) == ["ambiguous_name"]


def test_the_district_alone_is_no_street_though_one_is_called_alike(gazetteer: Gazetteer):
    naming = gazetteer.read("深圳市龙岗区龙岗大道")
    assert (naming.street, naming.in_district) == (None, True)
    assert codes(naming) == ["district_named"]


def test_a_community_in_another_street_than_the_named_one_is_left_open(gazetteer: Gazetteer):
    naming = gazetteer.read("坂田街道良安田社区")
    assert (naming.street, naming.community) == (None, None)
    assert "names_disagree" in codes(naming)


def test_two_communities_of_one_street_leave_the_street(gazetteer: Gazetteer):
    naming = gazetteer.read("从良安田社区到平湖社区一路都是")
    assert (naming.street, naming.community) == (PINGHU, None)
    assert codes(naming) == ["several_communities", "street_named"]


def test_two_streets_leave_nothing(gazetteer: Gazetteer):
    naming = gazetteer.read("坂田街道和布吉街道交界")
    assert naming.street is None
    assert codes(naming) == ["several_streets"]


def test_another_district_is_outside_even_if_its_community_is_called_like_ours(gazetteer: Gazetteer):
    naming = gazetteer.read("坪山区六联社区")
    assert (naming.outside, naming.street, naming.in_district) == ("坪山区", None, False)


def test_another_district_beside_ours_changes_nothing(gazetteer: Gazetteer):
    naming = gazetteer.read("坂田街道靠福田区一侧")
    assert (naming.street, naming.outside) == (BANTIAN, None)
