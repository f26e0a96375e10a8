"""The nearest facility among 200,000, and the place that a text names: ours beside the plain ways.

Both answer for the same questions in turns within one run, and must agree. Metric: microseconds for one
question (less is better; the ratio is theirs by ours).
"""

import csv
import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from rapidfuzz import fuzz, process

from grids.facilities import Columns, FacilityIndex
from grids.gazetteer import Entry, Gazetteer

DATA = Path(__file__).resolve().parents[1] / "grids" / "data"
TEXTS = Path(__file__).resolve().parents[1] / "config" / "data" / "demo_texts.csv"
FACILITIES = 200_000
ROUNDS = 5
KINDS = ("manhole", "lamp", "hydrant", "tree", "bin")
OWNERS = ("china-telecom", "china-mobile", "drainage-company", "lighting-company", "water-group")
# Metres per degree of latitude, and of longitude where the demo district lies.
_NORTH, _EAST = 111_320.0, 102_700.0


class Record(TypedDict):
    bench: str
    metric: str
    ours: float
    against: str
    theirs: float
    ratio: float


def run() -> list[Record]:
    """Both comparisons, the best of five interleaved rounds each."""
    return [_nearest(), _named()]


def _record(bench: str, ours: float, against: str, theirs: float) -> Record:
    return {
        "bench": bench,
        "metric": "µs",
        "ours": round(ours, 1),
        "against": against,
        "theirs": round(theirs, 1),
        "ratio": round(theirs / ours, 1),
    }


def _best(contenders: dict[str, tuple[Callable[[Any], Any], list[Any]]]) -> dict[str, float]:
    """Microseconds for one question, by contender."""
    best = dict.fromkeys(contenders, float("inf"))
    for _round in range(ROUNDS):
        for name, (ask, questions) in contenders.items():
            began = time.perf_counter()
            for question in questions:
                ask(question)
            best[name] = min(best[name], (time.perf_counter() - began) / len(questions) * 1e6)
    return best


def _nearest() -> Record:
    dice = random.Random(20260704)
    west, south, east, north = 114.05, 22.58, 114.35, 22.80
    rows = Columns(
        codes=[f"F-{number:06d}" for number in range(FACILITIES)],
        kinds=[dice.choice(KINDS) for _number in range(FACILITIES)],
        owners=[dice.choice(OWNERS) for _number in range(FACILITIES)],
        lons=[dice.uniform(west, east) for _number in range(FACILITIES)],
        lats=[dice.uniform(south, north) for _number in range(FACILITIES)],
        plates=[""] * FACILITIES,
    )
    index = FacilityIndex(rows)
    kinds, lons, lats = np.asarray(rows.kinds), np.asarray(rows.lons), np.asarray(rows.lats)
    of_kind = {kind: np.flatnonzero(kinds == kind) for kind in KINDS}

    def ours(asked: tuple[str, float, float]) -> str:
        near = index.nearest(*asked)
        return near[0].facility.code if near else ""

    def scan(asked: tuple[str, float, float]) -> str:
        """Every facility of the kind, measured."""
        kind, lon, lat = asked
        rows_of_kind = of_kind[kind]
        away = np.hypot((lons[rows_of_kind] - lon) * _EAST, (lats[rows_of_kind] - lat) * _NORTH)
        first = int(away.argmin())
        return rows.codes[rows_of_kind[first]] if away[first] <= 49 else ""

    asked = [
        (dice.choice(KINDS), dice.uniform(west, east), dice.uniform(south, north)) for _n in range(2_000)
    ]
    for question in asked[:200]:
        if (told := scan(question)) and told != ours(question):
            raise AssertionError("the scan finds another facility")
    best = _best({"ours": (ours, asked), "scan": (scan, asked[:200])})
    return _record("nearest facility", best["ours"], "numpy scan of its kind", best["scan"])


def _named() -> Record:
    def areas(name: str) -> list[dict[str, Any]]:
        document = json.loads((DATA / name).read_text(encoding="utf-8"))
        return [feature["properties"] for feature in document["features"]]

    streets = [(row["code"], row["name"]) for row in areas("streets.geojson")]
    communities = [(row["code"], row["name"], row["parent_code"]) for row in areas("communities.geojson")]
    with (DATA / "places.csv").open(encoding="utf-8", newline="") as handle:
        places = [
            Entry(
                *(
                    row[name]
                    for name in ("code", "name", "kind", "aliases", "former_names", "area", "numbers")
                )
            )
            for row in csv.DictReader(handle)
        ]
    gazetteer = Gazetteer(district="龙岗区", streets=streets, communities=communities, places=places)
    with TEXTS.open(encoding="utf-8", newline="") as handle:
        texts = [row["text"] for row in csv.DictReader(handle)][:1_500]
    dice = random.Random(20260704)
    texts = [text.replace("{place}", dice.choice(places).name) for text in texts]
    names = sorted({entry.name for entry in places}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, names)))
    for text in texts[:300]:  # what the pattern finds as written, the finder has found as well
        said = {
            item["params"]["words"] for item in gazetteer.read(text).evidence if "words" in item["params"]
        }  # type: ignore[index]
        if (found := pattern.search(text)) and not any(
            found[0] in words or words in found[0] for words in said
        ):
            raise AssertionError(f"{found[0]} was not found")

    def fuzzy(text: str) -> object:
        """The likest name, with errors: what one writes first."""
        return process.extractOne(text, names, scorer=fuzz.partial_ratio, score_cutoff=75)

    best = _best({"ours": (gazetteer.read, texts), "fuzzy": (fuzzy, texts[:100])})
    return _record("place named in a text", best["ours"], "rapidfuzz over all names", best["fuzzy"])
