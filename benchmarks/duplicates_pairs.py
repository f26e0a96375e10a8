"""Constructed tellings (tellings.csv: what neighbours say of one thing, and of other things beside it), put
on a map and on a clock, and paired.

The words were written; distances and hours are drawn, the same ones each time, and no differently for one
thing than for two things of one street: a phone's point strays by tens of metres, one telling in five has no
point, neighbours call within a day. What is one thing cannot be told from how near it is.
"""

import csv
import math
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from incidents.likeness import Likeness, Seen, compare, read

TELLINGS = Path(__file__).parent / "tellings.csv"
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
Kind = Literal["same", "copied", "beside", "elsewhere", "twisted"]
SAME: Final = frozenset({"same", "copied"})
FITTED: Final = 138
_LON, _LAT = 114.35, 22.69
_EAST, _NORTH = 111_320 * math.cos(math.radians(_LAT)), 111_320.0


@dataclass(frozen=True, slots=True)
class Told:
    """One telling on the map. `scene` is a street or an estate, `thing` one thing in it."""

    scene: str
    thing: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tellings. Of one thing: in two people's words, or passed on from one to the other (`copied`). Of
    two: side by side in one scene, of two scenes as if in one spot, or in the very same words but for a name
    or a number (`twisted`)."""

    kind: Kind
    one: Told
    other: Told
    likeness: Likeness

    @property
    def is_same(self) -> bool:
        return self.kind in SAME


def tellings() -> list[Told]:
    """Every telling, in its place."""
    with TELLINGS.open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    siblings: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["category"] not in siblings[row["category"][:2]]:
            siblings[row["category"][:2]].append(row["category"])
    found: list[Told] = []
    spots: dict[tuple[str, str], tuple[float, float]] = {}
    for nth, row in enumerate(rows):
        dice = random.Random(f"telling {nth}")
        spot = spots.setdefault((row["scene"], row["thing"]), _spot(row["scene"], row["thing"]))
        east, north = (metres + dice.gauss(0, 22) for metres in spot)
        has_point = dice.random() < 0.8
        # The classifier takes one telling in seven for a sibling of what it is.
        category = dice.choice(siblings[row["category"][:2]]) if dice.random() < 0.15 else row["category"]
        found.append(
            Told(
                row["scene"],
                row["thing"],
                Seen(
                    text=row["text"],
                    category=category,
                    at=MONDAY + timedelta(hours=min(71.0, dice.expovariate(1 / 9))),
                    lon=_LON + east / _EAST if has_point else None,
                    lat=_LAT + north / _NORTH if has_point else None,
                ),
            )
        )
    return found


def _spot(scene: str, thing: str) -> tuple[float, float]:
    dice = random.Random(f"{scene} {thing}")
    angle, metres = dice.uniform(0, 2 * math.pi), dice.uniform(5, 110)
    return metres * math.sin(angle), metres * math.cos(angle)


def pairs(told: list[Told], *, elsewhere: int = 2) -> Iterator[Pair]:
    """Every two tellings of one scene, each with `elsewhere` of other scenes of the same matter, with a
    copy of itself, and with a twisted one."""
    by_domain: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_domain[one.seen.category[:2]].append(one)
    by_scene: dict[str, list[str]] = defaultdict(list)
    for one in told:
        by_scene[one.scene].append(one.seen.text)
    for at, one in enumerate(told):
        for other in told[at + 1 :]:
            if one.scene == other.scene:
                kind: Kind = "same" if one.thing == other.thing else "beside"
                yield Pair(kind, one, other, compare(one.seen, other.seen))
        dice = random.Random(f"pair {at}")
        strangers = [other for other in by_domain[one.seen.category[:2]] if other.scene != one.scene]
        for other in dice.sample(strangers, min(elsewhere, len(strangers))):
            yield Pair("elsewhere", one, other, compare(one.seen, other.seen))
        yield _pair("copied", one, copied(one.seen.text, dice), dice, metres=0)
        twisted = _twisted(one, by_scene[one.scene], dice)
        if twisted:
            yield _pair("twisted", one, twisted, dice, metres=dice.uniform(5, 110))


def _pair(kind: Kind, one: Told, text: str, dice: random.Random, *, metres: float) -> Pair:
    seen = one.seen
    angle = dice.uniform(0, 2 * math.pi)
    lon, lat = seen.lon, seen.lat
    if lon is not None and lat is not None:
        lon += (metres * math.sin(angle) + dice.gauss(0, 31)) / _EAST
        lat += (metres * math.cos(angle) + dice.gauss(0, 31)) / _NORTH
    at = MONDAY + timedelta(hours=min(71.0, dice.expovariate(1 / 9)))
    other = Told(one.scene, f"{one.thing} {kind}", replace(seen, text=text, at=at, lon=lon, lat=lat))
    return Pair(kind, one, other, compare(seen, other.seen))


def copied(text: str, dice: random.Random) -> str:
    """The same words as somebody passes them on."""
    clauses = re.split("[，。！？；]", text.rstrip("。！？"))
    if len(clauses) > 2 and dice.random() < 0.4:
        clauses.pop(dice.randrange(1, len(clauses)))
    if len(clauses) > 1 and dice.random() < 0.2:
        clauses.reverse()
    body = "，".join(clauses)
    if dice.random() < 0.3:
        at = dice.randrange(len(body))
        body = body[:at] + body[at + 1 :]
    return dice.choice(_BEFORE) + body + dice.choice(_AFTER)


_BEFORE = ("", "", "市民反映：", "您好，", "转发邻居的反映，", "再次反映：")
_AFTER = ("", "", "，请尽快处理", "，谢谢", "，希望有人管", "！！！")


def _twisted(one: Told, scene: list[str], dice: random.Random) -> str:
    """The same words about something else: another number, or else the name that the scene's tellings share
    is another one. Empty where there is neither."""
    text = one.seen.text
    named = list(
        re.finditer(
            r"[0-9]+(?=[栋座巷号期单])|(?<=[A-Z-])[0-9]{2,}|(?<=第)[一二三四五六七八九](?=[根盏个棵])|[一二三四五六七八九](?=[栋座巷期])",
            text,
        )
    )
    if named:
        hit = dice.choice(named)
        other = str(int(hit[0]) + dice.randint(1, 9)) if hit[0].isdigit() else _NEXT[hit[0]]
        return text[: hit.start()] + other + text[hit.end() :]
    # What hardly any report has, and all of the scene do: a name.
    rare = [gram for gram in sorted(read(text).rare) if all(gram in told for told in scene)]
    names = sorted(read(text).roads | read(text).places)
    name = names[0][:2] if names else rare[0] if rare and len(scene) > 1 else ""
    return text.replace(name, dice.choice(_NAMES)) if name else ""


_NEXT = dict(zip("一二三四五六七八九", "三五二六九八四七一", strict=True))
_NAMES = ("云帆", "德馨", "北岭", "鹿栖", "松湾", "禾田", "清泉", "罗坝", "聚贤", "东望")


def is_held_out(scene: str) -> bool:
    """The scenes that were written last: never fitted on, no threshold chosen and no rule made by them."""
    return int(scene) > FITTED


def lower_bound(right: int, of: int, z: float = 1.96) -> float:
    """Wilson's: the precision is above it with 97.5 %."""
    if not of:
        return 0.0
    share = right / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - spread) / (1 + z * z / of)
