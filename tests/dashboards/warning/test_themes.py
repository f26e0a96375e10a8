"""苗头: what people begin to say; never who they are, never only where."""

import random

import pytest

from dashboards.models import PastTalk, Warning
from dashboards.warning import phrases, themes
from dashboards.warning.phrases import Past, Talk
from incidents.models import Incident, Text
from tests.dashboards.facts import BUJI_COMMUNITY, PINGHU_COMMUNITY
from tests.dashboards.warning.reported import DAY, HOUR, LAMPS, NOISE, NOW, Told, write

# Noon of that day in the district: a full quarter.
LOOK = NOW + 2 * HOUR
_OPENINGS = ("您好,", "请问,", "我要反映,", "麻烦尽快处理,", "多次投诉无果,", "")
_THINGS = (
    "路灯不亮", "垃圾没人清运", "楼上装修噪音大", "井盖松动有响声", "路面坑洼", "占道摆摊", "水压太低",
    "电梯经常坏", "停车位不够", "小区绿化没人修剪", "下水道堵了", "工地夜间施工", "快递送错", "公交很久不来",
)  # fmt: skip
_ENDS = (",晚上很不方便", ",已经好几天了", ",影响出行", ",老人小孩都怕", ",请核实", "")
# Nobody had these before, and now they are everywhere.
_CARTS = (
    "楼下来了无人配送车,乱停堵路", "孩子被无人配送车撞了,希望管管", "人行道上全是无人配送车",
    "晚上无人配送车开得飞快很危险", "请清理门口的无人配送车", "小区门口停满无人配送车,太吵",
    "建议取缔无人配送车", "谁批准的无人配送车?没有牌", "老人被无人配送车绊倒", "投诉无人配送车占用盲道",
)  # fmt: skip


def usual(*, days: int = 50, per_day: int = 12, until=LOOK) -> None:  # type: ignore[no-untyped-def]
    """Weeks of what people always say."""
    dice = random.Random(11)
    write(
        Told(
            at=until - DAY * (back + dice.random()),
            text=dice.choice(_OPENINGS) + dice.choice(_THINGS) + dice.choice(_ENDS),
            category=dice.choice((LAMPS, NOISE)),
            community=dice.choice((PINGHU_COMMUNITY, BUJI_COMMUNITY)),
        )
        for back in range(days)
        for _one in range(per_day)
    )


def tell(texts, *, until=LOOK, **told: object) -> None:  # type: ignore[no-untyped-def]
    write(
        Told(at=until - HOUR * (3 + 9 * place), text=text, community=BUJI_COMMUNITY, **told)  # type: ignore[arg-type]
        for place, text in enumerate(texts)
    )


@pytest.mark.django_db
def test_what_is_usual_is_no_theme() -> None:
    usual()
    assert themes.sweep(at=LOOK) == 0
    assert not Warning.objects.exists()


@pytest.mark.django_db
def test_what_people_begin_to_say_is_told_with_its_words_cases_and_numbers() -> None:
    usual()
    tell(_CARTS)
    assert themes.sweep(at=LOOK) == 1
    warning = Warning.objects.get()
    assert (warning.kind, warning.rule) == ("theme", "theme/1")
    assert any("配送车" in term for term in warning.terms)
    assert warning.observed == warning.reporter_count == warning.case_count == 10
    assert warning.expected_high < 10
    assert warning.community_code == BUJI_COMMUNITY  # all of them said it there
    assert sum(number for _day, number in warning.evidence["days"]) == 10
    assert warning.evidence["now"] > 10 * warning.evidence["past"]
    assert "配送车" in themes.examples(warning)[0]


@pytest.mark.django_db
def test_it_is_told_once_followed_while_it_grows_and_ended() -> None:
    usual(until=LOOK + 12 * DAY, days=62)
    tell(_CARTS)
    themes.sweep(at=LOOK)
    assert themes.sweep(at=LOOK + HOUR) == 0  # the same quarter
    tell([f"又见无人配送车,{text}" for text in _THINGS], until=LOOK + DAY)
    assert themes.sweep(at=LOOK + DAY) == 1
    warning = Warning.objects.get()
    assert warning.case_count >= 22
    assert (warning.found_at, warning.seen_at) == (LOOK, LOOK + DAY)
    for days in range(2, 13):
        themes.sweep(at=LOOK + days * DAY)
    warning.refresh_from_db()
    assert warning.ended_at is not None
    assert Warning.objects.count() == 1


@pytest.mark.django_db
def test_one_person_who_says_it_ten_times_begins_no_theme() -> None:
    usual()
    tell(_CARTS, phone="a-blind-index")
    assert themes.sweep(at=LOOK) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said",
    [
        "我是张伟明,{}",  # introduced
        "物业的张伟明态度恶劣,{}",  # and not
        "{},找张伟明先生,电话13800138000",
        "车牌粤B12345,{}",
        "{}就在坂田五和南路",  # a place of the register alone
    ],
)
def test_no_person_and_no_place_becomes_a_theme(said: str) -> None:
    usual()
    dice = random.Random(3)
    tell([said.format(dice.choice(_THINGS)) for _one in range(12)])
    themes.sweep(at=LOOK)
    told = " ".join(term for warning in Warning.objects.all() for term in warning.terms)
    assert not {"张", "伟", "明"} & set(told)
    assert "五和" not in told
    assert "12345" not in told


@pytest.mark.django_db
def test_the_lists_own_words_are_no_theme() -> None:
    usual()
    tell([f"{text}旁边有暴露垃圾" for text in _THINGS])
    themes.sweep(at=LOOK)
    assert not Warning.objects.exists()


@pytest.mark.django_db
def test_what_a_burst_has_told_is_not_told_again() -> None:
    usual()
    tell(_CARTS)
    cases = Warning.objects.create(
        kind="burst", key="people x 01", rule="burst/1", since=NOW, until=LOOK, found_at=LOOK, seen_at=LOOK,
        window_hours=24, observed=9, expected=1, expected_high=3,
    )  # fmt: skip
    for text in Text.objects.filter(body__contains="配送车"):
        cases.cases.create(incident=Incident.objects.get(text=text))
    assert themes.sweep(at=LOOK) == 0


@pytest.mark.django_db
def test_examples_are_masked_and_of_different_people() -> None:
    usual()
    tell([f"{text},我是李晓东,电话13912345678,住3栋2单元501室" for text in _CARTS])
    themes.sweep(at=LOOK)
    warning = Warning.objects.get()
    shown = themes.examples(warning)
    assert len(shown) == 3
    for text in shown:
        assert "配送车" in text
        assert "李晓东" not in text
        assert "139" not in text
        assert "501" not in text


@pytest.mark.django_db
def test_the_past_is_hashes_each_day_once() -> None:
    usual()
    themes.sweep(at=LOOK)
    first = PastTalk.objects.values().get()
    themes.sweep(at=LOOK + HOUR)
    assert PastTalk.objects.values().get() == first
    row = PastTalk.objects.get()
    assert row.until.isoformat() == "2026-07-01"
    assert "路灯不亮".encode() not in bytes(row.hashes)
    assert "路灯不亮".encode("utf-32-le") not in bytes(row.hashes)


# --- counting, without a database -------------------------------------------------------------------


def test_runs_are_counted_as_a_dictionary_of_strings_would() -> None:
    dice = random.Random(5)
    texts = [
        "".join(dice.choice("灯路坏亮a b1,") for _one in range(dice.randrange(30))) for _text in range(40)
    ]
    who = [dice.randrange(12) for _text in texts]
    expected: dict[str, set[int]] = {}
    for text, person in zip(texts, who, strict=True):
        for first in range(len(text)):
            for length in range(2, 7):
                run = text[first : first + length]
                if len(run) == length and not set(run) & set(" 1,"):
                    expected.setdefault(run, set()).add(person)
    talk = Talk.of(texts, who)
    _hashes, reporters, begins, lengths, different = phrases.said_by(talk)
    found = {
        "".join(map(chr, talk.characters[at : at + length])): number
        for at, length, number in zip(begins.tolist(), lengths.tolist(), reporters.tolist(), strict=True)
    }
    assert found == {run: len(people) for run, people in expected.items()}
    assert different == len(expected)


def test_the_past_fades_by_half_in_eight_weeks_and_forgets_what_was_said_once() -> None:
    often = Talk.of(["路灯坏了"] * 8, range(8))
    past = Past.empty().after(often)
    hashes, *_rest = phrases.said_by(often)
    silence = Talk.of(["啊"], [0])
    for _day in range(56):
        past = past.after(silence)
    assert past.of(hashes) == pytest.approx([4.0] * len(hashes), rel=1e-3)
    once = Past.empty().after(Talk.of(["路灯坏了"], [0]))
    for _day in range(20):
        once = once.after(silence)
    assert not len(once.hashes)


def test_the_past_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "MOST_ENTRIES", 50)
    dice = random.Random(2)
    words = ["".join(chr(0x4E00 + dice.randrange(300)) for _one in range(12)) for _text in range(60)]
    past = Past.empty()
    for _day in range(5):
        past = past.after(Talk.of([*words, "路灯坏了"] * 2, range(122)))
    assert len(past.hashes) <= 50


@pytest.mark.parametrize("texts", [[], [""], ["灯"], ["1234", "🙂"]])
def test_next_to_nothing_said_is_no_error(texts: list[str]) -> None:
    talk = Talk.of(texts, range(len(texts)))
    past = Past.empty().after(Talk.of(["路灯坏了"], [0])).after(talk)
    assert phrases.grown(talk, past, false_ones=1.0) == []
