"""Thanks, tests, advertising, nothing, and two matters at once: seen, sent to a person, never decided on."""

import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from dispatch import service
from dispatch.facts import TRIAGE
from dispatch.normalise import talk, talk_training
from dispatch.normalise.model import Classifier, classifier, models_folder
from dispatch.service import Request
from tests.cast import TUESDAY

TWO = "路灯坏了三盏没人修,另外楼下餐馆油烟直接排到我家窗户"


@pytest.fixture(scope="module")
def talker(trained_model: None) -> talk.Talker:
    return talk.talker()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("测试一下,请忽略", "test"),
        ("谢谢你们", "thanks"),
        ("。。。", "empty_talk"),
        ("123456", "empty_talk"),
        ("你好", "empty_talk"),
        ("低息贷款,征信花也能做,加我", "spam"),
        ("Thank you very much!", "thanks"),
        ("this is just a test", "test"),
        ("good morning", "empty_talk"),
    ],
)
def test_talk_is_known_for_what_it_is(talker: talk.Talker, text: str, code: str) -> None:
    found = talker.find(text)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "text",
    [
        "楼下烧烤摊半夜吵得睡不着,麻烦处理一下,谢谢",
        "路灯坏了,谢谢",
        "请尽快维修电梯,辛苦了",
        "水管漏水,多谢",
        "测试水质不合格,要求公布检测报告",
        "投诉贷款中介天天打电话骚扰",
        "The lift is out of order again",
        "street light broken, thanks",
        "please test the fire alarm in our building",
    ],
)
def test_a_complaint_that_ends_politely_is_a_complaint(talker: talk.Talker, text: str) -> None:
    assert talker.find(text) is None


def test_the_card_says_how_often_reports_are_taken_for_talk(trained_model: None) -> None:
    card = talk.card(models_folder())
    assert card["false_share"] <= 0.003
    assert card["recall"] >= 0.5
    assert card["several"]["precision"] >= 0.85
    assert card["several"]["recall"] >= 0.35


def test_two_matters_in_one_text_are_told_with_their_words(talker: talk.Talker, trained_model: None) -> None:
    model: Classifier = classifier()
    found = talker.several_matters(TWO, model.read(TWO), model.read, model.categories)
    assert found is not None
    assert set(found.categories) == {"0204", "0606"}
    first, second = talk.halves(TWO, model.read)
    assert first[0].startswith("路灯")
    assert "油烟" in second[0]


def decided(text: str, **given: str) -> service.Decision:
    return service.decide_many([Request(text=text, source="resident_form", at=TUESDAY, **given)])[0]


@pytest.mark.django_db
def test_it_goes_to_a_person_with_its_code_and_a_reason() -> None:
    for text, code in (("测试一下", "test"), ("谢谢你们", "thanks"), (TWO, "several_matters")):
        decision = decided(text)
        assert decision.outcome == TRIAGE
        assert code in decision.triage_codes
        assert {reason.code for reason in decision.reasons} >= {"talk_read", code}


@pytest.mark.django_db
def test_thanks_read_as_praise_so_that_they_can_be_answered() -> None:
    assert decided("谢谢你们").facts.nature == "praise"


@pytest.mark.django_db
def test_with_a_category_that_somebody_named_only_what_is_sure_counts() -> None:
    assert decided("谢谢你们", category="0204").facts.talk is None
    assert decided("测试一下", category="0204").facts.talk == "test"


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["救命", "心理热线打不通,我想自杀", "想死", "煤气味,是不是热线"])
def test_who_is_in_danger_never_just_talks(text: str) -> None:
    assert decided(text).facts.talk is None


@pytest.fixture
def room(trained_model: None, tmp_path: Path, settings: Any) -> Path:
    """A folder of its own with the models in use."""
    settings.MODEL_DIR = Path(shutil.copytree(models_folder(), tmp_path / "models"))
    return settings.MODEL_DIR


def cut(path: Path) -> None:
    """As a full disk or a killed process leaves it."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_file_that_was_cut_leaves_the_one_before_it_and_is_made_anew(room: Path) -> None:
    first = talk.talker()
    cut(room / talk.ARRAYS)
    assert talk.talker() is first
    with pytest.raises(ImproperlyConfigured, match=r"manage\.py train"):
        talk.load(room)
    call_command("train", if_needed=True, stdout=StringIO())
    assert talk.load(room).version == first.version
    call_command("train", if_needed=True, stdout=(told := StringIO()))
    assert "Talk" not in told.getvalue()  # it was whole


def test_another_classifier_or_another_row_asks_for_another_training(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = talk_training.material_hash("a")
    assert mine == talk_training.material_hash("a") != talk_training.material_hash("b")
    monkeypatch.setattr(talk_training, "example_files", list)
    assert talk_training.material_hash("a") != mine


def test_the_arrays_and_what_they_go_by_are_of_one_training(room: Path) -> None:
    (room / talk.CARD).write_text("{}")
    made = talk.load(room)
    assert 0 < made.several_threshold <= 1
