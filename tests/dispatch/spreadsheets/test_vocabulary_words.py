"""Words of the closed lists: by code, by either language's name, and as people say them."""

import pytest

from dispatch.spreadsheets.vocabulary_words import Vocabulary, names_of, split_words


@pytest.mark.parametrize(
    ("field", "word", "code"),
    [
        ("level", "B", "B"),
        ("level", "Ｂ级", "B"),
        ("level", "社区", "B"),
        ("level", "区级", "D"),
        ("level", "网格", "A"),
        ("urgency", "一般", "routine"),
        ("urgency", "紧急", "urgent"),
        ("urgency", "特急", "emergency"),
        ("urgency", "emergency", "emergency"),
        ("place_types", "城中村", "urban_village"),
        ("place_types", "Urban village", "urban_village"),
        ("sources", "12345", "hotline"),
        ("sources", "巡查", "patrol"),
        ("owners", "自管", "private"),
        ("owners", "权属不明", "unknown"),
        ("level", "省", ""),
        ("place_types", "月球", ""),
    ],
)
def test_a_word_means_a_code(field: str, word: str, code: str) -> None:
    assert Vocabulary().code(field, word) == code


@pytest.mark.parametrize("field", ["level", "urgency", "place_types", "sources"])
def test_every_name_means_its_own_code(field: str) -> None:
    vocabulary = Vocabulary()
    assert {name: vocabulary.code(field, name) for name in names_of(field).values()} == {
        name: code for code, name in names_of(field).items()
    }


def test_words_stand_between_bars_or_as_people_separate_them() -> None:
    assert split_words("路灯不亮、灯杆倾斜，漏电；路灯不亮\n黑灯") == ["路灯不亮", "灯杆倾斜", "漏电", "黑灯"]
    assert split_words("漏水,漏电|停水") == ["漏水,漏电", "停水"]
    assert split_words("漏水,漏电|") == ["漏水,漏电"]
    assert split_words("") == []
