"""The demo's own texts: well formed, true to the list, and kept apart from the training examples."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy
import pytest
from rapidfuzz import fuzz, process

from dispatch.vocabulary import Nature, Source

ROOT = Path(__file__).resolve().parents[2]
PLACE = "{place}"


def read(path):
    with (ROOT / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def demo():
    return read("config/data/demo_texts.csv")


@pytest.fixture(scope="module")
def items():
    return {row["code"]: row for row in read("dispatch/data/responsibility_items.csv")}


def test_file_is_utf8_with_plain_line_ends_and_its_header():
    content = (ROOT / "config/data/demo_texts.csv").read_bytes()
    assert b"\r" not in content
    assert content.decode("utf-8").startswith("item_code,source,nature,text\n")
    assert content.endswith(b"\n")


def test_every_row_names_a_known_item_source_and_nature(demo, items):
    assert not [row for row in demo if row["item_code"] not in items]
    assert not [row for row in demo if row["source"] not in Source.values]
    assert not [row for row in demo if row["nature"] not in Nature.values]


def test_a_row_comes_from_a_source_that_its_item_takes(demo, items):
    allowed = {code: item["sources"].split("|") for code, item in items.items() if item["sources"]}
    assert not [row for row in demo if row["source"] not in allowed.get(row["item_code"], Source.values)]


def test_findings_come_from_patrols_and_alerts_from_devices(demo):
    assert all((row["nature"] == Nature.FINDING) == (row["source"] == Source.PATROL) for row in demo)
    devices = (Source.SENSOR, Source.AI_VIDEO)
    assert all((row["nature"] == Nature.ALERT) == (row["source"] in devices) for row in demo)


def test_texts_are_short_and_name_a_place_once_at_most(demo):
    for row in demo:
        text = row["text"]
        assert 10 <= len(text) <= 180, text
        assert text == text.strip()
        assert text.count("{") == text.count("}") == text.count(PLACE) <= 1, text


def test_rows_spread_over_the_list(demo):
    assert len(demo) >= 850
    assert len({row["item_code"] for row in demo}) >= 250
    assert len({row["item_code"][:4] for row in demo}) >= 90
    assert {row["source"] for row in demo} == set(Source.values)
    assert {row["nature"] for row in demo} == set(Nature.values)
    assert 0.5 <= sum(PLACE in row["text"] for row in demo) / len(demo) <= 0.7


def test_no_text_stands_twice(demo):
    texts = [row["text"] for row in demo]
    assert len(set(texts)) == len(texts)


def test_no_text_is_one_of_the_training_examples(demo):
    examples = defaultdict(list)
    for row in read("dispatch/data/example_texts.csv"):
        examples[row["item_code"][:4]].append(row["text"])
    texts = defaultdict(list)
    for row in demo:
        texts[row["item_code"][:4]].append(row["text"].replace(PLACE, ""))
    assert not {text for own in texts.values() for text in own} & {
        text for known in examples.values() for text in known
    }
    for category, own in texts.items():
        likeness = process.cdist(own, examples[category], scorer=fuzz.ratio, dtype=numpy.uint8, workers=2)
        assert likeness.max() < 85, own[int(likeness.max(axis=1).argmax())]
