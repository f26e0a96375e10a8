"""A sentence encoder read from its files: what it makes of texts, what is learnt on it, what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ImproperlyConfigured

from dispatch.normalise.backends import Reader, encoder, measuring, reader, sentences
from dispatch.normalise.corpus import Corpus, read_corpus
from dispatch.normalise.model import Classifier, classifier
from dispatch.normalise.scoring import scorer
from dispatch.normalise.training import HeldOut
from tests.dispatch.backends.tiny import WIDTH, write_model, write_tokenizer

TEXTS = ["路灯坏了", "楼下餐馆油烟很大,一直没有人管", "漏水"]


@pytest.fixture
def files(tmp_path: Path, settings: Any) -> Path:
    """A model and its tokenizer, named by the settings."""
    tokens = write_tokenizer(tmp_path / "tokenizer.json", "".join(TEXTS))
    write_model(tmp_path / "model.onnx", tokens)
    settings.ENCODER_MODEL = str(tmp_path / "model.onnx")
    settings.ENCODER_TOKENIZER = str(tmp_path / "tokenizer.json")
    return tmp_path


def test_a_text_has_the_same_vector_alone_and_among_longer_ones(files: Path, settings: Any) -> None:
    settings.ENCODER_POOLING = "mean"
    told = sentences.from_settings()
    together, alone = told.encode(TEXTS), told.encode(TEXTS[2:])
    assert together.shape == (3, WIDTH)
    np.testing.assert_allclose(together[2], alone[0], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_the_mean_leaves_padding_out_and_the_first_token_is_the_first(files: Path, settings: Any) -> None:
    settings.ENCODER_POOLING = "mean"
    mean = sentences.from_settings().encode(TEXTS)
    settings.ENCODER_POOLING = "cls"
    first = sentences.from_settings().encode(TEXTS)
    # [CLS] has one vector whatever follows it, since this model looks at no neighbours.
    np.testing.assert_allclose(first[0], first[1], atol=1e-6)
    assert not np.allclose(mean[0], mean[1])


def test_pooling_is_as_the_file_beside_the_model_says(files: Path) -> None:
    assert sentences.from_settings().pooling == "cls"
    (files / "1_Pooling").mkdir()
    (files / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    assert sentences.from_settings().pooling == "mean"


def test_long_texts_are_cut_and_a_pooled_output_taken(files: Path, settings: Any) -> None:
    settings.ENCODER_MAX_LENGTH = 8
    told = sentences.from_settings()
    np.testing.assert_allclose(told.encode(["漏水" * 500])[0], told.encode(["漏水" * 3])[0], atol=1e-6)
    write_model(files / "model.onnx", 200, pooled=True)
    assert sentences.from_settings().is_pooled


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("ENCODER_MODEL", "", "ENCODER_MODEL is not set"),
        (
            "ENCODER_MODEL",
            "/nowhere/m.onnx",
            "ENCODER_MODEL is /nowhere/m.onnx: there is no such",
        ),
        (
            "ENCODER_TOKENIZER",
            "/nowhere/t.json",
            "ENCODER_TOKENIZER is /nowhere/t.json: there is no",
        ),
        ("ENCODER_TOKENIZER", __file__, "no tokenizer"),
        ("ENCODER_MODEL", __file__, "no ONNX model"),
        ("ENCODER_POOLING", "last", "ENCODER_POOLING"),
    ],
)
def test_what_is_missing_or_no_such_file_is_named_with_its_setting(
    files: Path, settings: Any, setting: str, value: str, said: str
) -> None:
    setattr(settings, setting, value)
    with pytest.raises(ImproperlyConfigured, match=said.replace("(", r"\(")):
        sentences.from_settings()


def test_a_model_that_asks_for_other_things_is_refused(files: Path) -> None:
    write_model(files / "model.onnx", 200, inputs=("input_ids", "pixels"))
    with pytest.raises(ImproperlyConfigured, match="pixels"):
        sentences.from_settings()


def small(corpus: Corpus, every: int) -> Corpus:
    return Corpus(list(corpus.categories), list(corpus.items), corpus.examples[::every])


def test_the_head_learns_on_its_vectors_and_reads_with_the_built_in_scorer(
    tmp_path: Path, settings: Any, trained_model: None
) -> None:
    corpus = small(read_corpus(), 12)
    tokens = write_tokenizer(tmp_path / "tokenizer.json", "".join(corpus.texts))
    write_model(tmp_path / "model.onnx", tokens)
    settings.ENCODER_MODEL = str(tmp_path / "model.onnx")
    settings.ENCODER_TOKENIZER = str(tmp_path / "tokenizer.json")
    settings.ENCODER_POOLING = "mean"
    base: Classifier = classifier()
    settings.MODEL_DIR = tmp_path / "models"
    # A scorer that knows nothing: whatever is right then is the head's doing.
    flat = HeldOut(
        np.full((len(corpus.examples), len(corpus.categories)), 1 / len(corpus.categories), np.float32),
        np.stack([base.read(text).matters for text in corpus.texts]),
    )
    card = measuring.train_encoder(corpus, base, flat, lambda said: None)
    assert card["version"].startswith("onnx-")
    assert card["category"]["accuracy"] > 5 / len(corpus.categories)
    assert 0 <= card["unit"]["category_guessed"]["calibration_error"] < 0.2

    made: Reader = encoder.load_reader(base)
    assert made.version == card["version"]
    reading = made.read("路灯坏了")
    assert reading.categories.sum() == pytest.approx(1, abs=1e-4)
    assert made.guesses(reading)[0][0].probability == pytest.approx(float(reading.categories.max()))
    many = made.read_many(["路灯坏了", "漏水了"])  # type: ignore[attr-defined]
    np.testing.assert_allclose(many[0].categories, reading.categories, atol=1e-5)

    write_model(tmp_path / "model.onnx", tokens + 1)
    with pytest.raises(ImproperlyConfigured, match="train --backend onnx"):
        encoder.load_reader(base)


@pytest.fixture
def beside(files: Path, tmp_path: Path, settings: Any, trained_model: None) -> Classifier:
    """The scorer in use, in a folder of its own with a head that was trained beside it."""
    base = classifier()
    source, settings.MODEL_DIR = settings.MODEL_DIR, tmp_path / "models"
    settings.MODEL_DIR.mkdir()
    (settings.MODEL_DIR / "current").write_text(base.version)
    (settings.MODEL_DIR / base.version).symlink_to(source / base.version)
    store(base, base.version)
    settings.CLASSIFIER_BACKEND = "onnx"
    return scorer(classifier())


def store(base: Classifier, beside: str) -> dict[str, Any]:
    """A head that says nothing, measured beside that version."""
    arrays: dict[str, Any] = {
        "weights": np.zeros((WIDTH, len(base.categories)), np.float32),
        "bias": np.zeros(len(base.categories), np.float32),
        "mix": np.array([1, 0], np.float32),
        "categories": np.array(base.categories),
    }
    return encoder.store(arrays, {"encoder": sentences.fingerprint(), "base": beside})


def test_a_head_is_taken_up_when_it_is_trained_anew(beside: Classifier) -> None:
    assert reader().version.startswith("onnx-")
    (settings_folder() / encoder.FILE).unlink()
    assert reader() is beside
    card = store(beside, beside.version)
    assert reader().version == card["version"]


def settings_folder() -> Path:
    from django.conf import settings

    return Path(settings.MODEL_DIR)


def test_a_head_that_was_measured_beside_another_scorer_does_not_decide(
    beside: Classifier, caplog: pytest.LogCaptureFixture
) -> None:
    store(beside, "another")
    assert reader() is beside
    assert reader() is beside
    assert caplog.text.count("the built-in scorer reads alone") == 1
    with pytest.raises(ImproperlyConfigured, match="train --backend onnx"):
        encoder.load_reader(beside)


@pytest.mark.parametrize("left", [0.5, 0.0])
def test_a_head_that_was_cut_refuses_no_report(beside: Classifier, left: float) -> None:
    path = settings_folder() / encoder.FILE
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * left)])
    assert reader() is beside


def test_without_a_head_it_says_what_to_do(beside: Classifier) -> None:
    (settings_folder() / encoder.FILE).unlink()
    with pytest.raises(ImproperlyConfigured, match="train --backend onnx"):
        encoder.load_reader(beside)


def test_an_unknown_backend_is_refused_by_name(settings: Any, trained_model: None) -> None:
    settings.CLASSIFIER_BACKEND = "oracle"
    with pytest.raises(ImproperlyConfigured, match="oracle"):
        reader()


def test_nobody_who_does_not_choose_it_loads_it(trained_model: None) -> None:
    import subprocess
    import sys

    code = (
        "import django, sys; django.setup(); import dispatch.service, incidents.actions, config.urls;"
        "print([name for name in ('onnxruntime', 'tokenizers', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
