"""What is looked for and what is found: pairs of characters, and never anybody's number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.masking import holds_personal
from incidents.searching.finding import Kind, read
from incidents.searching.grams import grams, hidden, marks, plain, wanted
from tests.drawing import examples

TEXT = "植物园路公交站往北第三根ＬＥＤ路灯坏了,3号楼前面,车牌粤B12345,联系13812342207"
CHINESE = st.text(st.sampled_from("路灯坏了不亮树水电车3号楼aBＣ,。 "), max_size=30)


@pytest.mark.parametrize(
    "word", ["路灯", "路灯坏了", "led", "LED路灯", "3号楼", "b123", "粤B12345", "第三根", "前面"]
)
def test_a_word_of_the_text_is_found(word: str) -> None:
    assert wanted(word)
    assert wanted(word) <= grams(TEXT)


@pytest.mark.parametrize("word", ["灯路", "坏路", "垃圾", "ed", "23号", "楼前坏", "12", "1381", "2207"])
def test_what_it_does_not_say_is_not(word: str) -> None:
    assert not wanted(word) <= grams(TEXT)


@pytest.mark.parametrize("word", ["灯", "，", "", "_", "火!"])
def test_one_character_is_too_short_to_be_looked_for(word: str) -> None:
    assert wanted(word) == set()


@given(CHINESE, st.data())
@examples(200)
def test_every_part_of_two_characters_or_more_finds_its_text(text: str, data: st.DataObject) -> None:
    text = plain(text)
    begin = data.draw(st.integers(0, max(len(text) - 2, 0)))
    end = data.draw(st.integers(begin, len(text)))
    part = text[begin:end]
    # A cut through a Latin word or number of two characters is another word.
    if part.isascii() or (part[:1].isascii() and begin and text[begin - 1].isascii()):
        return
    if part[-1:].isascii() and text[end : end + 1].isascii():
        return
    assert wanted(part) <= grams(text)


@pytest.mark.parametrize(
    "number",
    [
        "13812342207",
        "138 1234 2207",
        "138-1234-2207",
        "138.1234.2207",
        "138  1234  2207",
        "(0755)28912207",
        "+86 13812342207",
        "0755-28912345",
        "28912345",
        "440307199001011234",
        "44030719900101123X",
        "１３８１２３４２２０７",
        "6222020200112233445",
    ],
)
def test_a_personal_number_leaves_no_trace(number: str) -> None:
    with_number, without = grams(f"请联系{number}王先生"), grams("请联系 王先生")
    assert with_number - without <= grams("+86")
    assert holds_personal(number)
    assert read(number).kind == Kind.PERSONAL
    assert "•••" in hidden(f"请联系{number}王先生")
    assert "2207" not in hidden(f"请联系{number}王先生")


@pytest.mark.parametrize(
    "harmless",
    ["3号楼502房", "粤B12345", "12345热线", "2026年7月", "第88路公交", "2026-07-08 去过", "12-3-1204"],
)
def test_short_numbers_are_kept(harmless: str) -> None:
    assert not holds_personal(harmless)
    assert hidden(harmless) == harmless


def test_what_is_typed_is_read_for_what_it_is() -> None:
    kinds = {
        "": Kind.NOTHING,
        "  ": Kind.NOTHING,
        "20260707-000123": Kind.NUMBER,
        "20260707000123": Kind.NUMBER,
        "２０２６０７０７－０００１２３": Kind.NUMBER,
        "20260707": Kind.BEGINNING,
        "20260707-0": Kind.BEGINNING,
        "123": Kind.LAST,
        "#000123": Kind.LAST,
        "-123": Kind.LAST,
        "2026": Kind.LAST,
        "路灯 坏了": Kind.WORDS,
        "灯": Kind.TOO_SHORT,
        "13812342207": Kind.PERSONAL,
        "张三 13812342207": Kind.PERSONAL,
    }
    assert {typed: read(typed).kind for typed in kinds} == kinds
    assert read("20260707000123").number == "20260707-000123"
    assert read("火 路灯").ignored == ("火",)
    assert read("123").serial == read("#000123").serial


def test_the_places_of_words_do_not_overlap() -> None:
    assert marks("路灯坏了,路灯", ["路灯", "灯坏", "没有"]) == [(0, 3), (5, 7)]
    assert marks("LED灯", ["led"]) == [(0, 3)]


@given(st.text(max_size=60))
@examples(200)
def test_reading_never_fails(typed: str) -> None:
    read(typed)
    grams(typed)
    hidden(typed)
    marks(typed, typed.split())
