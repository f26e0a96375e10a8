"""Learning from examples and from a district's own closed cases, measured on what was held out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.reference import BadFile
from dispatch.normalise import contest, model, versions
from dispatch.normalise.assessment import Answer, calibration_error, coverage, lower_bound, thresholds
from dispatch.normalise.history import History, Settled, fingerprint, read_history
from dispatch.normalise.model import Classifier
from incidents.management.commands.train import Command
from tests.dispatch.small import history, small_corpus

SURE = 0.6


class Small(Command):
    """The command, from the small corpus."""

    def corpus(self) -> Any:
        return small_corpus()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of the small corpus."""
    folder = tmp_path_factory.mktemp("models")
    call_command(Small(), shipped=True, to=folder, stdout=StringIO())
    return folder


@pytest.fixture(scope="module")
def cold(shipped: Path) -> Classifier:
    return model.load(model.current_folder(shipped))


def trained(past: History) -> Classifier:
    return contest.trained_on(small_corpus(), past, SURE, progress=lambda said: None)


def likeliest(classifier: Classifier, text: str, names: History | None = None) -> str:
    road = contest.Road(small_corpus(), classifier, SURE, names)
    return road.answer(text, classifier.read(text), "").said


def test_a_district_that_divides_its_work_otherwise_is_followed() -> None:
    usual = history("lighting-company", "traffic-police")
    swapped = history("traffic-police", "lighting-company")
    assert likeliest(trained(usual), "文化广场路灯不亮") == "lighting-company"
    assert likeliest(trained(swapped), "文化广场路灯不亮") == "traffic-police"


def test_another_systems_names_are_learnt_through_a_table() -> None:
    past = replace(
        history("灯光所", "交警大队"), names={"lighting-company": "灯光所", "traffic-police": "交警大队"}
    )
    told = trained(past)
    assert likeliest(told, "文化广场路灯不亮", past) == "灯光所"
    assert likeliest(told, "文化广场有车违停", past) == "交警大队"


def test_what_a_unit_outside_the_list_settled_is_nobodys_here() -> None:
    past = history("lighting-company", "some-village")
    told = trained(past)
    reading = told.read("有车堵住出口要移车")
    assert reading.categories.sum() < 0.5
    assert told.read("路灯不亮了").categories.sum() > 0.8
    assert [unit for unit, _probability in reading.elsewhere] == ["some-village"]
    assert likeliest(told, "有车堵住出口要移车", past) == "some-village"


def test_items_of_closed_cases_teach_categories_too() -> None:
    """Words that no example has: what they mean is known from cases alone."""
    rows = [Settled(f"{place}亮化杆熄火", "lighting-company", "0204", "") for place in "甲乙丙丁戊己庚辛壬癸"]
    past = history("lighting-company", "traffic-police")
    told = trained(History([*past.rows, *rows]))
    assert told.categories[int(told.read("子丑亮化杆熄火").categories.argmax())] == "0204"


def test_scoring_by_hand_says_what_the_training_library_says(cold: Classifier) -> None:
    """The stored arrays are rounded to half precision: still 98 of 100 labels are the same."""
    from dispatch.normalise.measures import Material, measures
    from dispatch.normalise.training import read_held_out

    corpus = small_corpus()
    material = Material.of(corpus, [])
    base, _held, _told = read_held_out(corpus, material, lambda said: None)
    categories, _matters = measures(corpus, base.trained, material, np.arange(len(corpus.texts)))
    wanted = np.tensordot(base.mix, categories, 1).argmax(axis=1)
    told = [int(cold.without_heads().read(text).categories.argmax()) for text in corpus.texts]
    assert (np.array(told) == wanted).mean() >= 0.98


def test_the_card_tells_a_curve_and_thresholds(shipped: Path) -> None:
    card = model.card(shipped)
    assert card["local"] == 0
    for regime in ("category_guessed", "category_given"):
        unit = card["unit"][regime]
        assert sum(row["texts"] for row in unit["curve"]) == unit["texts"] == card["examples"]
        for row in unit["thresholds"]:
            assert row["measured"] >= row["precision"]
        assert unit["accuracy"] <= unit["top3"]


def test_a_threshold_is_kept_with_a_margin_for_chance() -> None:
    """Of a hundred all right the bound says 98 %, of thirty 95 %: the small sample promises less."""
    many = thresholds(np.linspace(0.9, 1, 100), np.ones(100, bool))
    few = thresholds(np.linspace(0.9, 1, 30), np.ones(30, bool))
    assert many[-1]["precision"] == 0.98
    assert few[-1]["precision"] == 0.94
    assert thresholds(np.linspace(0.9, 1, 29), np.ones(29, bool)) == []
    assert lower_bound(95, 100) < 0.95


def test_a_threshold_never_divides_equal_probabilities() -> None:
    sure = np.array([0.9] * 60 + [0.5] * 60)
    right = np.array([True] * 60 + [True, False] * 30)
    rows = {row["precision"]: row["threshold"] for row in thresholds(sure, right)}
    assert rows[0.95] == 0.9
    assert set(rows.values()) == {0.9}
    assert coverage(sure, right, 0.95) >= 0.5


def test_the_calibration_error_is_the_mean_gap() -> None:
    assert calibration_error(np.array([0.75] * 4), np.array([True, True, True, False])) == 0.0
    assert calibration_error(np.array([0.9] * 4), np.array([False] * 4)) == 0.9


def test_a_precision_that_was_never_kept_leaves_what_is_certain(cold: Classifier) -> None:
    assert cold.threshold(0.999, category_given=True) == 1.0
    low, high = (cold.threshold(wanted, category_given=True) for wanted in (0.8, 0.9))
    assert low <= high


# --- which is better ----------------------------------------------------------------------------------


def answers(right: Sequence[bool], sure: float = 0.8) -> list[Answer]:
    return [Answer((("a", sure),), "a" if one else "b") for one in right]


LINE = (1.0, 0.0)


def better(new: list[Answer], current: list[Answer]) -> bool:
    return contest.compare(new, current, lines=(LINE, LINE)).is_better


def test_more_right_than_chance_explains_is_better() -> None:
    current = answers([True] * 100 + [False] * 20)
    assert better(answers([True] * 110 + [False] * 10), current)
    assert not better(answers([True] * 103 + [False] * 17), current)  # one in eight by chance
    assert not better(current, current)
    assert not better(answers([True] * 90 + [False] * 30), current)


def test_as_many_right_with_more_honest_probabilities_is_better() -> None:
    right = [True, True, True, False] * 50
    honest, boastful = answers(right, 0.75), answers(right, 0.99)
    assert better(honest, boastful)
    assert not better(boastful, honest)


# --- the command --------------------------------------------------------------------------------------


def history_file(folder: Path, past: History) -> Path:
    path = folder / "history.csv"
    lines = ["text,unit", *(f"{row.text},{row.unit}" for row in past.rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def train(**options: Any) -> str:
    told = StringIO()
    call_command(Small(), stdout=told, **options)
    return told.getvalue()


@pytest.fixture
def room(shipped: Path, tmp_path: Path) -> Path:
    """A folder of its own with the small corpus's model in use."""
    import shutil

    return Path(shutil.copytree(shipped, tmp_path / "models"))


@pytest.mark.django_db
def test_a_better_model_takes_over_and_the_earlier_one_can_come_back(room: Path, tmp_path: Path) -> None:
    before = model.current_version(room)
    path = history_file(tmp_path, history("traffic-police", "lighting-company", times=7))
    told = train(to=room, history=path)
    after = model.current_version(room)
    assert after != before, told
    card = model.card(room)
    assert card["local"] == 560
    assert card["contest"]["is_better"]
    assert card["contest"]["new"]["accuracy"] > card["contest"]["current"]["accuracy"]
    assert model.load(model.current_folder(room)).seen.size == 560
    # The same cases again: nothing that it has not learnt from.
    assert "stays" in train(to=room, history=path)
    assert model.current_version(room) == after
    # What has learnt from the district is not thrown away when the product's examples change.
    assert "up to date" in train(to=room, if_needed=True)
    assert model.current_version(room) == after
    train(to=room, use=before)
    assert model.current_version(room) == before
    assert f"* {before}" in train(to=room, list=True)


@pytest.mark.django_db
def test_what_is_no_better_stays_out(room: Path, tmp_path: Path) -> None:
    """Both have all of it right: the same two units, told about other doors."""
    units = ("traffic-police", "lighting-company")
    train(to=room, history=history_file(tmp_path, history(*units, times=7)))
    before = model.current_version(room)
    told = train(to=room, history=history_file(tmp_path, history(*units, times=7, first=20)))
    assert "stays in use" in told
    assert model.current_version(room) == before


@pytest.mark.django_db
def test_without_closed_cases_the_shipped_examples_are_learnt(room: Path) -> None:
    assert "0 closed cases" in train(to=room)


def test_nothing_is_measured_beside_a_model_that_has_learnt_from_closed_cases(room: Path) -> None:
    path = model.current_folder(room) / model.CARD
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "local": 560}), "utf-8")
    for backend in ("onnx", "chat"):
        with pytest.raises(CommandError, match="560 closed cases"):
            train(to=room, backend=backend)


def test_an_unknown_version_is_refused(room: Path) -> None:
    for version in ("nothing", "..", "", "/etc"):
        with pytest.raises((CommandError, versions.UnknownModel)):
            versions.use(version, room)


def test_a_history_names_its_bad_rows(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(
        "text,unit,received_at\n灯坏了,a,2026-01-02T08:00:00+08:00\n,a,\n灯坏了,a,gestern\n", "utf-8"
    )
    with pytest.raises(BadFile) as caught:
        read_history(path)
    assert [(bad.row, bad.column) for bad in caught.value.rows] == [(3, "text"), (4, "received_at")]


def test_names_for_a_unit_that_the_list_does_not_have_are_refused(tmp_path: Path) -> None:
    path, names = tmp_path / "history.csv", tmp_path / "names.csv"
    path.write_text("text,unit,received_at\n灯坏了,灯光所,2026-01-02 08:00\n", "utf-8")
    names.write_text("unit,name\nlighting-company,灯光所\nlightning,灯光处\n", "utf-8")
    with pytest.raises(BadFile) as caught:
        read_history(path, names=names, known={"lighting-company"})
    assert [(bad.row, bad.column) for bad in caught.value.rows] == [(3, "unit")]
    (row,) = read_history(path, names=names).rows
    assert row.received_at is not None
    assert row.received_at.isoformat() == "2026-01-02T08:00:00+08:00"  # the district's own time


def test_a_history_with_times_is_read_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(
        "text,unit,received_at\n后来,a,2026-01-03T08:00:00+08:00\n起初,a,2026-01-02T08:00:00+08:00\n", "utf-8"
    )
    assert [row.text for row in read_history(path).rows] == ["起初", "后来"]


def test_a_text_is_known_again_by_its_fingerprint() -> None:
    assert fingerprint("KTV吵") == fingerprint("ＫＴＶ吵") != fingerprint("KTV不吵")


def test_assessing_a_file_tells_figures_and_confusions(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = history_file(tmp_path, history("lighting-company", "traffic-police", times=1))
    folder = model.current_folder(room)
    told = StringIO()
    call_command("assess_texts", path, model=folder, json=True, stdout=told)
    found = json.loads(told.getvalue())
    assert found["texts"] == 80
    assert {unit for unit, *_rest in found["units"]} == {"lighting-company", "traffic-police"}
    said = StringIO()
    call_command("assess_texts", path, model=folder, stdout=said)
    assert "among three" in said.getvalue()


# --- versions -----------------------------------------------------------------------------------------


def install(room: Path, source: Path, version: str) -> None:
    """The same arrays under another name."""

    def make(folder: Path) -> dict[str, Any]:
        (folder / model.ARRAYS).write_bytes((source / model.ARRAYS).read_bytes())
        return {**model.card(source.parent), "version": version}

    versions.install(make, room)


def test_a_running_process_takes_up_the_new_model(room: Path, settings: Any) -> None:
    settings.MODEL_DIR = room
    first = model.classifier()
    assert model.classifier() is first
    install(room, model.current_folder(room), "b" * 12)
    assert model.classifier().version == "b" * 12
    versions.use(first.version)
    assert model.classifier().version == first.version


def test_a_model_that_cannot_be_read_leaves_the_one_before_it(room: Path, settings: Any) -> None:
    settings.MODEL_DIR = room
    first = model.classifier()
    install(room, model.current_folder(room), "c" * 12)
    arrays = room / ("c" * 12) / model.ARRAYS
    arrays.write_bytes(arrays.read_bytes()[: arrays.stat().st_size // 2])  # as a full disk leaves it
    assert model.classifier() is first
    (room / model.CURRENT).unlink()
    assert model.classifier() is first


def test_the_last_few_are_kept_and_the_one_in_use(room: Path) -> None:
    source = model.current_folder(room)
    for name in "defghij":
        install(room, source, name * 12)
        source = room / (name * 12)
    kept = [card["version"] for card in versions.versions(room)]
    assert kept == [name * 12 for name in "jihgf"]
    assert not list(room.glob(".making-*"))


def test_a_training_that_fails_changes_nothing(room: Path) -> None:
    before = model.current_version(room)

    def fail(folder: Path) -> dict[str, Any]:
        (folder / model.ARRAYS).write_bytes(b"half")
        raise RuntimeError("no memory")

    with pytest.raises(RuntimeError):
        versions.install(fail, room)
    assert model.current_version(room) == before
    assert not list(room.glob(".making-*"))


def test_without_any_model_the_error_says_what_to_run(tmp_path: Path, settings: Any) -> None:
    settings.MODEL_DIR = tmp_path
    with pytest.raises(ImproperlyConfigured, match=r"manage\.py train"):
        model.classifier()
    with pytest.raises(ImproperlyConfigured, match=r"manage\.py train"):
        model.card()


def test_the_precision_wanted_is_a_setting() -> None:
    assert 0.5 < settings.AUTO_DISPATCH_PRECISION <= settings.AUTO_DISPATCH_PRECISION_GIVEN < 1
