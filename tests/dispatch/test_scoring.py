"""Many texts are read as one is: the quick way says what the plain one says, and so does a batch."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from dispatch import service
from dispatch.edition import edition
from dispatch.explain import Explainer, ExplainerOfMany
from dispatch.facts import PlaceFacts, UnitGuess
from dispatch.keeping import kept
from dispatch.normalise.model import Classifier, Reading, classifier
from dispatch.normalise.scoring import Scorer, scorer
from tests.drawing import examples

NOON = datetime(2026, 7, 7, 4, tzinfo=UTC)
ODD = ["", " ", "😀", "。", "a\x00", "井盖" * 2_500, "\ud800", "市民来电反映：", "路灯不亮", "路灯不亮"]


def shipped(step: int) -> list[str]:
    """Every so-manieth of the shipped examples."""
    path = Path(settings.BASE_DIR) / "dispatch" / "data" / "example_texts.csv"
    with path.open(encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file)][::step]


def assert_same(one: Reading, other: Reading) -> None:
    assert other.categories == pytest.approx(one.categories, abs=2e-6)
    assert other.matters == pytest.approx(one.matters, abs=5e-6)
    assert [label for label, _share in other.elsewhere] == [label for label, _share in one.elsewhere]


@pytest.mark.parametrize("heads", [True, False])
def test_a_batch_reads_each_text_as_the_plain_way_does(trained: Classifier, heads: bool) -> None:
    plain = trained if heads else trained.without_heads()
    quick = scorer(trained) if heads else scorer(trained).without_heads()
    texts = [*shipped(90), *ODD]
    many = quick.read_many(texts)
    assert len(texts) > 64  # more than one step
    for text, one in zip(texts, many, strict=True):
        told = plain.read(text)
        assert_same(told, one)
        assert_same(told, quick.read(text))


@given(
    st.lists(st.text(st.sampled_from("路灯不亮井盖缺失噪音扰民投诉12，。 aA\x00😀"), max_size=30), max_size=9)
)
@examples(60)
def test_whatever_stands_beside_it_a_text_reads_the_same(trained_model: None, texts: list[str]) -> None:
    quick = scorer(classifier())
    for text, one in zip(texts, quick.read_many(texts), strict=True):
        assert_same(quick.read(text), one)


def test_what_is_not_read_is_no_row(trained: Classifier) -> None:
    assert scorer(trained).read_many([]) == []
    assert isinstance(scorer(trained), Scorer)
    assert scorer(trained) is scorer(trained)


def test_a_given_category_is_told_as_whole_arrays_would_tell_it(trained: Classifier) -> None:
    """The quick way looks at the category's own items alone; the plain one at all of them."""
    quick = scorer(trained)

    class Plain(Scorer):
        def _units_given(self, reading: Reading, category: str) -> list[UnitGuess]:
            return []

    plain = Plain.of(trained)
    for at, reading in enumerate(quick.read_many(shipped(40))):
        category = quick.categories[at * 7 % len(quick.categories)]
        (told,), matters = quick.guesses(reading, category)
        start, end = (
            quick.item_category.searchsorted(quick.categories.index(category), side)
            for side in ("left", "right")
        )
        every = sorted(
            zip(reading.matters[start:end].tolist(), quick.items[start:end], strict=True),
            key=lambda one: -one[0],
        )
        assert (told.code, told.probability) == (category, 1.0)
        assert [(one.probability, one.code) for one in matters] == [one for one in every if one[0] >= 0.005][
            :24
        ]
        assert quick.units(reading, category) == plain.units(reading, category)


@pytest.mark.django_db
def test_a_decision_is_kept_as_it_is_told_field_by_field() -> None:
    asked = [
        service.Request(
            text=text,
            source="hotline",
            at=NOON,
            place=PlaceFacts(street="bantian", in_district=at % 3 != 0),
            category="0204" if at % 2 else None,
            attributes={"line": at},
        )
        for at, text in enumerate(["燃气味很大,有人晕倒", *shipped(60)])
    ]
    decisions = service.decide_many(asked)
    assert {decision.outcome for decision in decisions} == {"dispatched", "triage"}
    for decision in decisions:
        told = decision.as_json()
        del told["facts"]["attributes"]
        assert kept(decision) == told


@pytest.mark.django_db
@pytest.mark.parametrize("given_category", [True, False])
def test_a_batch_is_decided_as_its_reports_one_by_one(given_category: bool) -> None:
    asked = [
        service.Request(
            text=text,
            source="hotline",
            at=NOON,
            place=PlaceFacts(street="bantian", in_district=True),
            category="0204" if given_category else None,
        )
        for text in shipped(150)
    ]
    many = service.decide_many(asked)
    for request, decision in zip(asked, many, strict=True):
        (alone,) = service.decide_many([request])
        assert decision.unit == alone.unit
        assert decision.triage_codes == alone.triage_codes
        assert decision.confidence == pytest.approx(alone.confidence, abs=2e-4)
        assert [one.item for one in decision.candidates] == [one.item for one in alone.candidates]
        assert np.allclose(
            [guess.probability for guess in decision.facts.matters],
            [guess.probability for guess in alone.facts.matters],
            atol=1e-5,
        )


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_reasons_of_a_batch_are_told_as_those_of_one(language: str) -> None:
    names = edition().names
    asked = [
        service.Request(text=text, source="hotline", at=NOON, category=category)
        for category in (None, "0204")
        for text in shipped(200)
    ]
    with override(language):
        many = ExplainerOfMany(names)
        for decision in service.decide_many(asked):
            for reason in decision.as_json()["reasons"]:
                assert many.sentence(reason) == Explainer(names).sentence(reason)
