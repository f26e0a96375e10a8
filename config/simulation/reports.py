"""What they report: the demo's own texts, put somewhere in the district."""

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from config import clock
from dispatch.models import ResponsibilityItem
from dispatch.vocabulary import Nature, Source
from grids.locate import Place, locate
from grids.models import Area
from incidents.intake import ReportDraft, Reporter

# Kept out of the classifier's training, which knows other sentences about the same matters.
TEXTS: Final = Path(__file__).parent.parent / "data" / "demo_texts.csv"
_ROADS = ("工业路", "文化路", "新生路", "吉祥路", "中心路", "翠竹路", "环城路", "龙翔路", "建设路", "荣华路")
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
# Streets in order of how much they report; the rest share what is left.
_BUSY: Final = {"440307012000": 5, "440307013000": 5, "440307015000": 4, "440307016000": 4}
_MACHINES = frozenset({Source.SENSOR, Source.AI_VIDEO})


@dataclass(frozen=True, slots=True)
class Matter:
    """One of the demo's texts and what it is really about."""

    item: str
    source: str
    nature: str
    text: str
    place_types: tuple[str, ...]
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A report that somebody will file, and the item that would be right."""

    draft: ReportDraft
    item: str


class Residents:
    """Makes reports. The same dice make the same ones."""

    def __init__(self, dice: random.Random, *, prefix: str) -> None:
        self._dice, self._prefix, self._serial = dice, prefix, 0
        self._matters = _matters()
        cells = Area.objects.cells().values_list("code", "lon", "lat", "parent__name_zh")
        self._cells = list(cells)
        self._weights = [_BUSY.get(f"{code[:9]}000", 2) for code, *_rest in self._cells]

    def report(self, at: datetime, *, category: str = "") -> Made:
        """One report that comes in at `at`, about anything or about one category."""
        dice = self._dice
        matter = dice.choice([matter for matter in self._matters if matter.item.startswith(category)])
        self._serial += 1
        given, name = self._place(matter)
        return Made(self._draft(matter, given, name), matter.item)

    def repeat(self, made: Made) -> Made:
        """The same thing said once more, by a neighbour a few metres away."""
        self._serial += 1
        draft = made.draft
        jitter = {
            "external_id": f"{self._prefix}-{self._serial:06d}",
            "reporter": self._reporter(Source.CITY_APP),
            "source": Source.CITY_APP,
        }
        fields = {name: getattr(draft, name) for name in draft.__dataclass_fields__}
        return Made(ReportDraft(**{**fields, **jitter}), made.item)

    def _draft(self, matter: Matter, given: Mapping[str, Any], name: str) -> ReportDraft:
        dice = self._dice
        text = matter.text.replace("{place}", name)
        return ReportDraft(
            source=matter.source,
            external_id=f"{self._prefix}-{self._serial:06d}",
            text=text,
            nature=matter.nature,
            # A machine knows what it watches; people mostly do not say a category.
            category=matter.item[:4] if matter.source in _MACHINES or dice.random() < 0.55 else None,
            place_type=dice.choice(matter.place_types)
            if matter.place_types and dice.random() < 0.85
            else None,
            owner=dice.choice(matter.owners) if matter.owners and dice.random() < 0.7 else None,
            reporter=self._reporter(matter.source),
            **given,
        )

    def _place(self, matter: Matter) -> tuple[dict[str, Any], str]:
        """Where, and what the place is called."""
        dice = self._dice
        code, lon, lat, community = dice.choices(self._cells, self._weights)[0]
        name = f"{community.removesuffix('社区')}{dice.choice(_ROADS)}"
        if matter.nature == Nature.ENQUIRY and dice.random() < 0.7:
            return {}, name
        if dice.random() < 0.06:
            return {"place": Place(), "address": ""}, name
        point = (lon + dice.gauss(0, 0.0008), lat + dice.gauss(0, 0.0008))
        place = locate(lon=point[0], lat=point[1])
        if place.cell != code:
            place = locate(lon=lon, lat=lat)
        return {"place": place, "address": f"{name}{dice.randrange(1, 180)}号附近"}, name

    def _reporter(self, source: str) -> Reporter:
        dice = self._dice
        if source in _MACHINES or source == Source.PATROL or dice.random() < 0.25:
            return Reporter()
        # 199 0000 numbers are given to nobody.
        return Reporter(
            name=f"{dice.choice(_SURNAMES)}{dice.choice(('先生', '女士'))}",
            phone=f"1990000{dice.randrange(10_000):04d}",
        )


def _matters() -> Sequence[Matter]:
    items = {
        row["code"]: row
        for row in ResponsibilityItem.objects.live(clock.now()).values("code", "place_types", "owners")
    }
    with TEXTS.open(encoding="utf-8", newline="") as handle:
        return [
            Matter(
                row["item_code"],
                row["source"],
                row["nature"],
                row["text"],
                tuple(items[row["item_code"]]["place_types"]),
                tuple(items[row["item_code"]]["owners"]),
            )
            for row in csv.DictReader(handle)
            if row["item_code"] in items
        ]
