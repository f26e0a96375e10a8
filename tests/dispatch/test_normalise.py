"""Reading texts: what is found, on which evidence, and how honest the probabilities are."""

import json
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from dispatch.items import normal_form
from dispatch.normalise import model, normalise
from dispatch.normalise.assessment import Road
from dispatch.normalise.corpus import read_corpus
from dispatch.normalise.features import LONGEST, grams, prepared
from dispatch.normalise.lexicon import nature_of
from dispatch.normalise.model import Classifier, calibrated


def test_full_width_and_emoji_change_nothing(trained: Classifier) -> None:
    plain = trained.read("楼下KTV半夜还在唱歌,2点了")
    dressed = trained.read("楼下ＫＴＶ半夜还在唱歌，２点了")
    assert np.array_equal(plain.categories, dressed.categories)
    happy = trained.read("楼下KTV半夜还在唱歌,2点了😡😡")
    assert (
        trained.categories[int(happy.categories.argmax())]
        == trained.categories[int(plain.categories.argmax())]
    )


@pytest.mark.parametrize("text", ["", " ", "😀", "。", "\x00", "a" * 5_000, "井盖" * 2_500, "\ufffd\u202e"])
def test_any_text_gets_probabilities(trained: Classifier, text: str) -> None:
    told = trained.read(text)
    assert told.categories.sum() == pytest.approx(1, abs=1e-4)
    assert np.isfinite(told.matters).all()
    sums = np.add.reduceat(told.matters, trained.starts)
    assert sums == pytest.approx(np.ones(len(sums)), abs=1e-4)


def test_operators_opening_formulas_are_not_read() -> None:
    assert prepared("市民再次来电反映：井盖缺失") == "井盖缺失"
    assert prepared("来电人投诉,噪音") == "噪音"
    assert prepared("市民") == "市民"


def test_a_long_story_is_read_within_bounds() -> None:
    assert prepared("市民来电反映：" + "井盖缺失，" * 500) == ("井盖缺失," * 500)[:LONGEST]


def test_grams_are_characters_and_pairs() -> None:
    assert grams("路灯路") == {"路": 2, "灯": 1, "路灯": 1, "灯路": 1}


def test_a_given_category_is_certain_and_its_matters_are_conditional(trained: Classifier) -> None:
    categories, matters = trained.guesses(trained.read("电信井盖不见了"), "0201")
    assert [(guess.code, guess.probability) for guess in categories] == [("0201", 1.0)]
    assert all(guess.code.startswith("0201-") for guess in matters)
    assert 0.9 < sum(guess.probability for guess in matters) <= 1.0001


@pytest.mark.parametrize("text", ["路灯不亮了", "闻到很浓的煤气味", "学校门口天天堵车"])
def test_whoever_decides_has_three_units_to_choose_from(trained: Classifier, text: str) -> None:
    """However sure the first one is."""
    road = Road(read_corpus(), trained, settings.MATTER_CONFIDENCE)
    units = [unit for unit, _probability in road.answer(text, trained.read(text), "").units]
    assert len(set(units)) >= 3


def test_joint_probabilities_of_matters_sum_to_their_category(trained: Classifier) -> None:
    categories, matters = trained.guesses(trained.read("路灯不亮,晚上一片漆黑"))
    by_category = {guess.code: guess.probability for guess in categories}
    assert list(by_category.values()) == sorted(by_category.values(), reverse=True)
    for code, probability in by_category.items():
        inside = sum(guess.probability for guess in matters if guess.code.startswith(code))
        assert inside <= probability + 1e-4


def test_the_held_out_probabilities_are_honest(trained: Classifier) -> None:
    """Held out item by item, the reading itself is unsure of itself; what decides is the unit's."""
    told = model.card()
    assert told["version"] == trained.version
    assert told["category"]["accuracy"] > 0.5
    assert told["category"]["top3"] > 0.7
    for regime in told["unit"].values():
        assert regime["calibration_error"] < 0.05
        limits = [row["threshold"] for row in regime["thresholds"]]
        assert limits == sorted(limits)
        for row in regime["thresholds"]:
            assert row["measured"] >= row["precision"]


def test_calibration_keeps_the_order_and_stays_inside() -> None:
    values = [calibrated(value, (0.5, 0.2)) for value in (0.0, 0.1, 0.5, 0.9, 1.0)]
    assert values == sorted(values)
    assert 0 < values[0] < values[-1] < 1


def test_without_a_model_the_error_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"manage\.py train"):
        model.load(tmp_path)
    (tmp_path / "card.json").write_text("{}")
    (tmp_path / "classifier.npz").write_bytes(b"not arrays")
    with pytest.raises(ImproperlyConfigured, match=r"manage\.py train"):
        model.load(tmp_path)


def test_scoring_by_hand_imports_no_training_library() -> None:
    import subprocess
    import sys

    code = (
        "import django, os, sys; os.environ['DJANGO_SETTINGS_MODULE']='config.settings'; django.setup();"
        "import dispatch.service; print([m for m in sys.modules if m.split('.')[0] in ('sklearn','scipy')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "source", "nature"),
    [
        ("请问居住证怎么办理", "hotline", "enquiry"),
        ("社保断缴了影响积分吗?", "city_app", "enquiry"),
        ("投诉楼下烧烤店油烟扰民,请问有人管吗", "hotline", "complaint"),
        ("举报沙塘布有人卖假烟", "hotline", "tip_off"),
        ("建议在路口增设红绿灯", "city_app", "suggestion"),
        ("感谢社区工作人员帮老人找到家", "hotline", "praise"),
        ("巡查发现井盖破损", "patrol", "finding"),
        ("水位超警戒", "sensor", "alert"),
        ("路灯坏了三天", "resident_form", "complaint"),
    ],
)
def test_the_nature_is_read_from_source_and_phrases(text: str, source: str, nature: str) -> None:
    assert nature_of(text, source).value == nature


def test_findings_name_the_phrase_they_stand_on(trained: Classifier) -> None:
    told = normalise("市场门口电信井盖不见了,有人被困电梯", source="hotline", keywords=())
    found = {reason.code: reason.params for reason in told.evidence}
    assert told.owner == "china-telecom"
    assert found["owner_read"]["phrase"] == "电信井盖"
    assert told.urgency == "emergency"
    assert found["urgency_read"]["phrase"] == "被困电梯"


def test_what_was_given_stands(trained: Classifier) -> None:
    told = normalise(
        "城中村里电信井盖不见了",
        source="hotline",
        keywords=(),
        owner="china-mobile",
        place_type="school",
        nature="help",
        urgency="urgent",
    )
    assert (told.owner, told.place_type, told.nature, told.urgency) == (
        *("china-mobile", "school", "help", "urgent"),
    )


def test_asking_about_an_emergency_is_none(trained: Classifier) -> None:
    assert normalise("请问被困电梯怎么办理赔偿", source="hotline", keywords=()).urgency is None


def test_the_corpus_refuses_an_example_of_an_unknown_item(tmp_path: Path) -> None:
    from accounts.reference import BadFile

    path = tmp_path / "example_texts.csv"
    path.write_text("item_code,source,text\n9999-001,hotline,什么\n0101-001,moon,什么\n0101-001,hotline,\n")
    with pytest.raises(BadFile) as caught:
        read_corpus(examples=path)
    assert [(bad.row, bad.column) for bad in caught.value.rows] == [
        (2, "item_code"),
        (3, "source"),
        (4, "text"),
    ]


def test_the_card_is_json_with_a_threshold_per_precision(trained: Classifier) -> None:
    told = json.loads(json.dumps(model.card()))
    rows = told["unit"]["category_given"]["thresholds"]
    assert {0.8, 0.9, 0.95} <= {row["precision"] for row in rows}
    assert trained.threshold(0.95, category_given=True) == next(
        row["threshold"] for row in rows if row["precision"] == 0.95
    )


def test_a_unit_of_many_faint_items_is_told_beside_the_items(trained: Classifier) -> None:
    reading = trained.read("路灯不亮,晚上一片漆黑")
    _categories, matters = trained.guesses(reading)
    units = trained.units(reading)
    whole = sum(guess.probability for guess in matters) + sum(unit.probability for unit in units)
    assert units
    assert 0.9 < whole <= 1.0001


@pytest.mark.parametrize(
    ("text", "nature"),
    [
        ("植物园路公交站路灯不亮,请尽快维修,感谢", "complaint"),
        ("楼下烧烤摊很吵,非常感谢", "complaint"),
        ("感谢城管上次的处理,但是现在又开始吵了", "complaint"),
        ("请问怎么办居住证,谢谢", "enquiry"),
        ("建议在路口加一盏灯,感谢", "suggestion"),
        ("路灯修好了,感谢", "praise"),
        ("感谢环卫工人,街道很干净", "praise"),
        ("希望表扬一下社区网格员小李", "praise"),
        ("感谢", "praise"),
    ],
)
def test_a_closing_courtesy_makes_no_praise_of_a_complaint(text: str, nature: str) -> None:
    assert nature_of(normal_form(text), "hotline").value == nature
