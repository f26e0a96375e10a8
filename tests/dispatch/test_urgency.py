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


LISTS = [
    f"urgency_{name}.csv"
    for name in ("sentences", "held_out", "unseen", "english", "chinese", "blind", "later", "indirect")
]
# Written in one go with the last of them, divided by lot, and never mended by: what the others cannot tell.
NEVER_TUNED = "urgency_never_tuned.csv"


@pytest.mark.parametrize("name", LISTS)
def test_of_the_sentences_with_danger_hardly_one_is_missed_and_few_others_alarm(name: str) -> None:
    recall, precision = measured(name)
    assert recall >= 0.96
    assert precision >= 0.93


def test_of_danger_told_in_other_words_two_in_three_are_found_and_no_calm_one_alarms() -> None:
    """No row of this list is ever to be mended by: the table may only become better by others."""
    recall, precision = measured(NEVER_TUNED)
    assert recall >= 0.65
    assert precision == 1


def dangers() -> list[str]:
    return [
        row["text"]
        for name in LISTS
        for row in csv.DictReader((HERE / name).read_text("utf-8").splitlines())
        if row["danger"] and (found := alarm(row["text"])) and found.urgency == Urgency.EMERGENCY
    ]


@pytest.mark.parametrize(
    "end", ["，请尽快处理，感谢", "，麻烦你们了，谢谢", "，非常感谢！", "。感谢你们的支持和帮助"]
)
def test_politeness_hides_no_danger(end: str) -> None:
    told = dangers()
    hidden = [text for text in told if alarm(text + end) is None]
    assert hidden == []
    assert len(told) > 530


@pytest.mark.parametrize(
    "place", ["电影院", "影城", "游戏厅", "教育培训机构", "培训学校", "宣传栏", "剧院", "教育局"]
)
def test_a_place_burns_whatever_it_is_called(place: str) -> None:
    found = alarm(f"{place}着火了,里面还有人")
    assert found is not None
    assert (found.danger, found.urgency) == ("fire", Urgency.EMERGENCY)


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("有一辆无牌电动车着火了", "fire"),
        ("未成年人要跳楼", "suicide"),
        ("不会游泳的小孩落水了", "water"),
        ("家里没有大人着火了", "fire"),
        ("停电没灯电梯困人", "lift"),
        ("隔壁不是装修是着火了", "fire"),
    ],
)
def test_what_denies_something_else_denies_no_danger(text: str, danger: str) -> None:
    found = alarm(text)
    assert found is not None
    assert found.danger == danger


@pytest.mark.parametrize(
    "text", ["没有发生触电", "未发现燃气泄漏", "没有闻到煤气味", "不存在火灾", "从来没有电梯困人"]
)
def test_what_is_denied_directly_is_no_danger(text: str) -> None:
    assert alarm(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "心理热线打不通,我想自杀",
        "我不想活了,要赔偿才下来",
        "工地坍塌埋了人,要求赔偿",
        "小孩掉河里了打什么电话",
        "厂房着火了消防车什么时候到",
        "感谢接听,我家厨房着火了",
        "小区三楼着火了,请帮忙,谢谢他们",
    ],
)
def test_who_stands_before_it_is_believed(text: str) -> None:
    found = alarm(text)
    assert found is not None
    assert found.urgency == Urgency.EMERGENCY


@pytest.mark.parametrize(
    "text", ["表扬消防员,电梯困人十分钟就到了", "多亏民警,走失的老人平安回家,感谢", "谢谢他们,孩子找到了"]
)
def test_thanks_for_help_that_came_are_no_alarm(text: str) -> None:
    assert alarm(text) is None


def test_a_long_text_full_of_danger_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five thousand letters with two thousand dangers: a handful of them is weighed."""
    weighed, weigh = [], urgency._weighed

    def count(said: object, *more: object) -> str | None:
        weighed.append(more)
        return weigh(said, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(urgency, "_weighed", count)
    assert alarm("着火" * 2_500) is not None
    assert alarm("没有着火。" * 1_000) is None
    assert len(weighed) < 40
    # And what comes behind a few false ones is still found.
    assert alarm("没有着火。" * 5 + "楼下着火了") is not None


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


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("I smell gas in my kitchen", "gas"),
        ("Help! fire in my building", "fire"),
        ("someone is drowning in the river", "water"),
        ("my son is missing", "missing"),
        ("people trapped in the lift", "lift"),
        ("man with a knife", "violence"),
        ("I want to kill myself", "suicide"),
        ("my son 小宝 走丢了 near 万科广场", "missing"),
        ("Kitchen 燃气 leaking 很大味道", "gas"),
        ("There is no fire brigade here but the roof is on fire", "fire"),
        ("I’m stuck in the elevator", "lift"),
    ],
)
def test_danger_is_understood_in_english_and_in_a_mix_of_both(text: str, danger: str) -> None:
    found = alarm(text)
    assert found is not None
    assert (found.danger, found.urgency) == (danger, Urgency.EMERGENCY)


@pytest.mark.parametrize(
    "text",
    [
        "no gas smell any more",
        "The smell of gas is gone now",
        "fire drill tomorrow",
        "what should I do in case of fire?",
        "the fire hydrant is missing",
        "fire exit blocked",
        "gas bill",
        "my son's bike is missing",
        "There was a fire last month",
        "Thank you firemen for putting out the fire",
        "put up a sign about drowning",
    ],
)
def test_what_english_denies_practises_asks_or_only_names_is_no_alarm(text: str) -> None:
    assert alarm(text) is None


def test_what_is_feared_in_english_is_urgent_and_no_emergency() -> None:
    found = alarm("the old wall has cracks and could collapse")
    assert found is not None
    assert found.urgency == Urgency.URGENT


@pytest.mark.parametrize(
    "text", ["电梯已经停用三天,没有困人", "液化气瓶堆在餐馆门口,没有味道", "电梯修好了,没有人被困"]
)
def test_what_is_denied_between_two_words_is_no_danger(text: str) -> None:
    assert alarm(text) is None


@pytest.mark.parametrize("text", ["态度简直是爆炸", "小猫困在空调外机后面", "挤到爆炸", "来电人质疑罚单"])
def test_a_figure_of_speech_a_cat_and_a_word_that_only_looks_so_are_no_danger(text: str) -> None:
    assert alarm(text) is None


def test_the_table_names_its_own_words_and_nothing_between_the_sides_of_one() -> None:
    found = alarm("有个小孩掉进龙岗河里了")
    assert found is not None
    assert (found.danger, found.phrase) == ("water", "孩…掉…河")


def test_a_detector_that_is_offline_is_a_fault_of_its_own_and_presses_nobody() -> None:
    assert urgency.is_denied(normal_form("独立烟感离线超72小时,电量3%,出租屋4楼"))
    assert not urgency.is_denied(normal_form("烟感离线,楼道着火了"))
    assert not urgency.is_denied(normal_form("烟感报警,3栋5楼"))
