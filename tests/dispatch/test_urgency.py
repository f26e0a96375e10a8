"""What is told as danger raises a case; what is feared, over, practised or asked about does not."""

import csv
from pathlib import Path

import pytest

from dispatch.items import normal_form
from dispatch.normalise import lexicon, urgency
from dispatch.vocabulary import Urgency

HERE = Path(__file__).parent


def alarm(text: str) -> urgency.Alarm | None:
    plain = normal_form(text)
    return urgency.find(plain, lexicon.nature_of(plain, "hotline").value)


def measured(name: str) -> tuple[float, float]:
    """Recall and precision on a list of sentences; those without a danger must not alarm."""
    with (HERE / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    said = [(found := alarm(row["text"])) is not None and found.urgency == Urgency.EMERGENCY for row in rows]
    real = [bool(row["danger"]) for row in rows]
    hits = sum(one and other for one, other in zip(said, real, strict=True))
    recall, precision = hits / sum(real), hits / sum(said)
    print(f"{name}: {len(rows)} sentences, recall {recall:.3f}, precision {precision:.3f}")
    return recall, precision


@pytest.mark.parametrize("name", ["urgency_sentences.csv", "urgency_held_out.csv", "urgency_unseen.csv"])
def test_of_the_sentences_with_danger_hardly_one_is_missed_and_few_others_alarm(name: str) -> None:
    recall, precision = measured(name)
    assert recall >= 0.96
    assert precision >= 0.93


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("厨房一股煤气味,家里有老人", "gas"),
        ("我被困在电梯里了", "lift"),
        ("高压线断了掉在路上冒火花", "electric"),
        ("我女儿五岁在公园走丢了", "missing"),
        ("再不发工资我就跳楼", "suicide"),
    ],
)
def test_it_names_the_danger_by_the_tables_own_words(text: str, danger: str) -> None:
    found = alarm(text)
    assert found is not None
    assert (found.danger, found.urgency) == (danger, Urgency.EMERGENCY)
    assert all(part in text for part in found.phrase.split("…"))


def test_what_stands_between_two_words_is_not_kept() -> None:
    found = alarm("我家孩子王小明穿红衣服在公园走失了")
    assert found is not None
    assert "王小明" not in found.phrase


@pytest.mark.parametrize(
    "text",
    [
        "煤气味已经没有了",
        "请问电梯困人怎么报修",
        "下周举行消防演习,模拟起火",
        "建议学校加强预防溺水教育",
        "感谢消防员救出被困电梯的孩子",
        "超市跳楼价促销太吵",
    ],
)
def test_over_asked_practised_prevented_praised_or_a_figure_of_speech_is_no_alarm(text: str) -> None:
    assert alarm(text) is None


def test_what_is_feared_is_urgent_and_no_emergency() -> None:
    found = alarm("边坡有裂缝,担心滑坡")
    assert found is not None
    assert found.urgency == Urgency.URGENT


def test_a_threat_to_life_is_none_the_less_for_its_if() -> None:
    found = alarm("如果再不解决我就从楼顶跳楼")
    assert found is not None
    assert found.urgency == Urgency.EMERGENCY
