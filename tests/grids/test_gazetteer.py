"""What names in a text come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids.gazetteer import Entry, Gazetteer, Naming
from grids.management.commands.write_syllables import syllables
from grids.spelling import SYLLABLES, sound
from tests.drawing import examples

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
        neighbours={"坪山区": ["坪山站"], "福田区": [], "龙华区": ["深圳北站"]},
    )


def codes(naming: Naming) -> list[object]:
    return [item["code"] for item in naming.evidence]


def test_a_community_is_told_by_its_sound_without_the_word_for_what_it_is() -> None:
    named = Gazetteer(
        district="龙岗区",
        streets=[(BANTIAN, "坂田街道")],
        communities=[("440307013010", "四季花城社区", BANTIAN)],
    )
    for text in ("四季花城垃圾没人收", "四季华城垃圾没人收"):
        assert named.read(text).community == "440307013010"
    assert named.read("四季花园垃圾没人收").community is None  # another character, and another sound


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


def entry(code: str, name: str, kind: str, area: str, **more: str) -> Entry:
    told = {"aliases": "", "former_names": "", "numbers": "", **more}
    return Entry(code, name, kind, told["aliases"], told["former_names"], area, told["numbers"])


LIANGANTIAN, PINGHU_C, WUHE, ZHONGXIN = "440307003002", "440307003007", "440307013006", "440307013007"
LONGGANGXU = "440307016002"


@pytest.fixture(scope="module")
def named() -> Gazetteer:
    """The same streets and communities, with places of the district's own."""
    return Gazetteer(
        district="龙岗区",
        streets=[(PINGHU, "平湖街道"), (BANTIAN, "坂田街道"), (LONGGANG, "龙岗街道"), (BUJI, "布吉街道")],
        communities=[
            (LIANGANTIAN, "良安田社区", PINGHU),
            (PINGHU_C, "平湖社区", PINGHU),
            (WUHE, "五和社区", BANTIAN),
            (ZHONGXIN, "中心社区", BANTIAN),
            (LONGGANGXU, "龙岗墟社区", LONGGANG),
            ("440307003013", "凤凰社区", PINGHU),
            ("440307014009", "凤凰社区", BUJI),
        ],
        neighbours={"坪山区": []},
        places=[
            entry("E1", "四季花城小区", "estate", WUHE, aliases="万科四季花城"),
            entry("E2", "鹅公岭花园", "estate", LIANGANTIAN, former_names="鹅山旧村"),
            entry("E3", "碧湖苑南区", "estate", "440307014009"),
            entry("M1", "五和站", "metro_station", WUHE),
            entry("H1", "龙岗区人民医院", "hospital", LONGGANGXU),
            entry("P1", "龙岗公园", "park", LONGGANGXU),
            entry("V1", "白灰围老村", "urban_village", LONGGANGXU),
            entry("R1", "平湖大道", "road", LIANGANTIAN, numbers="1-200"),
            entry("R2", "平湖大道", "road", PINGHU_C, numbers="201-400"),
            entry("R3", "鹏达路", "road", LIANGANTIAN),
            entry("R4", "鹏达路", "road", WUHE),
            entry("X1", "太阳广场", "square", WUHE),
            entry("X2", "太阳广场", "square", LONGGANGXU),
        ],
    )


@pytest.mark.parametrize(
    ("text", "community", "how"),
    [
        ("四季花城小区3栋楼下", WUHE, "written"),
        ("万科四季花城门口", WUHE, "alias"),
        ("鹅山旧村里面", LIANGANTIAN, "former"),
        ("四季华城小区南门", WUHE, "sound"),  # 花 by its sound
        ("鹅公领花园后门", LIANGANTIAN, "sound"),
        ("鹅公领花圆", LIANGANTIAN, "sound"),
        ("鹅山岗花园", None, ""),  # two characters are wrong
        ("鹅公花园二期", LIANGANTIAN, "near"),  # a character is missing
        ("鹅公岗花园二期", LIANGANTIAN, "near"),  # a character is another
        ("五和地铁站B出口", WUHE, "written"),
        ("平湖大道12号门口", LIANGANTIAN, "written"),
        ("平湖大道388-2号", PINGHU_C, "written"),
        ("平湖大道与鹏达路交叉口", LIANGANTIAN, "written"),
        ("鹏达路的四季花城小区", WUHE, "written"),
    ],
)
def test_names_of_places_become_communities(named: Gazetteer, text: str, community: str | None, how: str):
    naming = named.read(text)
    assert naming.community == community
    if how:
        told = [item["params"] for item in naming.evidence if item["code"] == "place_named"]
        assert how in {params["how"] for params in told}  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "street", "code"),
    [
        ("平湖大道有个坑", PINGHU, "place_named"),  # through two communities of one street
        ("鹏达路有个坑", None, "place_named"),  # through two streets
        ("太阳广场地砖松了", None, "place_named"),
        ("坂田街道四季花城小区和龙岗墟社区", None, "names_disagree"),
        ("平湖街道四季花城小区", PINGHU, "place_elsewhere"),  # the street that is named goes before
        ("四季花城小区到白灰围老村", None, "places_apart"),
    ],
)
def test_what_may_be_several_places_is_left_open_and_told(
    named: Gazetteer, text: str, street: str | None, code: str
):
    naming = named.read(text)
    assert (naming.street, naming.community) == (street, None)
    assert code in codes(naming)


def test_the_longest_name_is_meant(named: Gazetteer):
    naming = named.read("龙岗区人民医院门诊楼")
    assert (naming.community, naming.place_type, naming.in_district) == (LONGGANGXU, "hospital", True)


def test_an_estate_tells_which_of_two_communities_of_one_name_it_is(named: Gazetteer):
    assert named.read("凤凰社区").community is None
    assert named.read("凤凰社区碧湖苑南区7栋").community == "440307014009"


def test_a_name_tells_the_kind_of_place_and_two_kinds_tell_none(named: Gazetteer):
    assert named.read("四季花城小区").place_type == "residential_estate"
    assert named.read("四季花城小区旁的五和地铁站").place_type is None
    assert named.read("平湖大道").place_type is None


@examples(60)
@given(position=st.integers(0, 4), letter=st.sampled_from("abc天地玄"))
def test_one_wrong_character_is_forgiven_and_two_are_not(named: Gazetteer, position: int, letter: str):
    name = "白灰围老村"
    once = name[:position] + letter + name[position + 1 :]
    # The word for what it is has to be right.
    assert (named.read(once).community == LONGGANGXU) == (position < 4)
    assert named.read(once.replace("围", "玄").replace("灰", "黄")).community is None


@examples(100)
@given(text=st.text(alphabet="平湖大道五和龙岗公园四季花城小区号12与路交叉口 \n", max_size=40))
def test_no_text_is_too_odd_to_be_read(named: Gazetteer, text: str):
    naming = named.read(text)
    assert naming.community is None or naming.street is not None


def test_the_table_of_syllables_is_what_pypinyin_says():
    assert SYLLABLES.read_text(encoding="utf-8") == syllables()
    assert sound("良安田") == sound("娘按天")


def test_a_neighbours_landmark_is_its_district_unless_somebody_only_goes_there(gazetteer: Gazetteer) -> None:
    assert gazetteer.read("深圳北站出口路灯不亮").outside == "龙华区"
    assert gazetteer.read("开往深圳北站的公交一直不来").outside is None
    named = gazetteer.read("深圳北站旁坂田街道五和社区路灯不亮")
    assert (named.outside, named.community) == (None, "440307013006")


def test_a_community_is_called_by_two_characters_where_the_register_says_so() -> None:
    keyuan = "440307014027"
    estate = Entry(f"{keyuan}-01", "中海可园花园", "estate", "可园", "", keyuan, "")
    for places, community in (([estate], keyuan), ([], None)):
        named = Gazetteer(
            district="龙岗区",
            streets=[(BUJI, "布吉街道")],
            communities=[(keyuan, "可园社区", BUJI)],
            places=places,
        )
        assert named.read("可园门口路灯不亮").community == community
