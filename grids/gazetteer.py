"""Which place does a text name? Streets, communities, and the district's own names, kept in memory."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from grids.finder import How, NameFinder, Spot
from grids.spelling import plain

__all__ = ["Entry", "Gazetteer", "Mention", "Naming", "plain", "short_name"]

# What an address calls the thing that it names; the name itself stands before it.
_SUFFIXES: Final = ("街道办事处", "街道办", "街道", "社区工作站", "社区居委会", "社区")
# 平湖大道 and 龙岗河 run through more than the place they are called after.
# Before a place that somebody goes to, or comes from.
_ON_THE_WAY: Final = re.compile(r"(?:去|往|到|至|从|回|离|开往|前往|方向)$")
_NOT_A_PLACE: Final = re.compile(
    "[东西南北中]?(?:大道|大街|路|街(?!道)|巷|线|河|桥|立交|高速|公园|水库|站|区(?!间))"
)
_NUMBER: Final = re.compile(r"(\d{1,5})(?:[-—~]\d{1,5})?号(?!线|楼|口|院)")
_RANGE: Final = re.compile(r"(\d{1,5})-(\d{1,5})(?: (odd|even))?")
# How sure a name is, by how it was told.
SURE: Final = {"written": 0.98, "alias": 0.95, "former": 0.9, "sound": 0.85, "near": 0.7}
ROAD: Final = "road"
# What a kind of place is in the responsibility list's words. A road's own width is not known.
PLACE_TYPES: Final = {
    "estate": "residential_estate",
    "urban_village": "urban_village",
    "factory": "industrial_park",
    "dormitory": "residential_estate",
    "metro_station": "metro_station",
    "school": "school",
    "hospital": "hospital",
    "park": "park",
    "mall": "commercial_area",
    "market": "market",
    "square": "public_square",
    "office": "government_site",
}


class Entry(NamedTuple):
    """A row of the district's names; other names are separated by |."""

    code: str
    name: str
    kind: str
    aliases: str
    former_names: str
    area: str
    numbers: str


class Mention(NamedTuple):
    """A place that a text names: the codes that the words can mean, and the words."""

    kind: str
    codes: tuple[str, ...]
    words: str
    in_full: bool
    how: str = "written"


@dataclass(frozen=True, slots=True)
class Naming:
    """What the names in one text come to."""

    street: str | None = None
    community: str | None = None
    outside: str | None = None  # the name of another district
    in_district: bool = False
    evidence: tuple[dict[str, object], ...] = field(default=())
    # What kind of place is named, and the words that name it; a road tells none.
    place_type: str | None = None
    words: str = ""
    # How sure the place is, from 0 to 1, where a name told it.
    sure: float = 0.0


class _Said(NamedTuple):
    """One of the district's own names in a text: the rows that it may mean."""

    name: str
    words: str
    how: str
    entries: tuple[Entry, ...]

    @property
    def is_road(self) -> bool:
        return all(entry.kind == ROAD for entry in self.entries)


def short_name(name: str) -> str:
    """The name without 街道 or 社区."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            return name.removesuffix(suffix)
    return name


def forms(entry: Entry) -> list[tuple[str, str]]:
    """(name, how it is told) for every name of a row; a station is one with and without 地铁."""
    told = [(entry.name, "written")]
    told += [(name, "alias") for name in entry.aliases.split("|") if name]
    told += [(name, "former") for name in entry.former_names.split("|") if name]
    if entry.kind == "metro_station":
        for name, how in list(told):
            base = name.removesuffix("站").removesuffix("地铁")
            told += [(f"{base}{suffix}", how) for suffix in ("站", "地铁站", "地铁口")]
    return [(plain(name), how) for name, how in dict(reversed(told)).items()]


class Gazetteer:
    """The names of a district's streets and communities, its own names, and the districts around it."""

    def __init__(
        self,
        *,
        district: str,
        streets: Iterable[tuple[str, str]],
        communities: Iterable[tuple[str, str, str]],
        neighbours: Mapping[str, Iterable[str]] | None = None,
        places: Iterable[Entry] = (),
    ) -> None:
        """Streets are (code, name), communities (code, name, street's code); names in Chinese.

        Of a neighbour stand the places that everybody knows to lie there.
        """
        self._district = plain(district)
        self._neighbours = frozenset(plain(name) for name in neighbours or {})
        self._landmarks = {
            plain(place): plain(name) for name, known in (neighbours or {}).items() for place in known
        }
        self._street_of: dict[str, str] = {}
        self._street_words: dict[str, str] = {}
        self._community_words: dict[str, list[str]] = defaultdict(list)
        for code, name in streets:
            self._street_words[short_name(plain(name))] = code
            self._street_of[code] = code
        for code, name, street in communities:
            self._street_of[code] = street
            self._community_words[short_name(plain(name))].append(code)
        shorts = set(self._street_words) | set(self._community_words)
        words = {self._district, *self._neighbours, *self._landmarks, *shorts} - {""}
        in_full = {short + suffix for short in shorts for suffix in _SUFFIXES}
        words |= in_full
        self._places: dict[str, list[tuple[Entry, str]]] = defaultdict(list)
        # Communities that people call by two characters, as the register says: 可园.
        self._spoken: set[str] = set()
        for entry in places:
            if entry.area not in self._street_of:
                continue
            for name, how in forms(entry):
                if name and self._community_words.get(name) == [entry.area]:
                    self._spoken.add(name)
                if name and name not in words:
                    self._places[name].append((entry, how))
        # Longest first, so that 龙岗墟社区 is not read as 龙岗, and 平湖大道 not as 平湖.
        self._finder = NameFinder(
            words | set(self._places),
            by_sound={name for name in in_full if name.endswith(("街道", "社区"))}
            | set(self._community_words)
            | set(self._places),
        )

    def read(self, text: str) -> Naming:
        """Streets, communities and other places that `text` names, weighed against each other.

        A name in full (坂田街道, 坂田社区) always counts. Without its suffix a street's name counts, and
        a community's where it has three characters or more or its street is named too: 中心 and 保安
        are everyday words. A short name that goes on as a road, river or station does not count, nor
        does a street's that is the district's as well. Codes decide, never names: the name of two
        communities counts only with its street, and contradictions leave the place open. What else is
        named (an estate, a station, a road and its house number, two roads that cross) decides where no
        community does, and never against the street that is named.
        """
        mentions, said, outside, in_district = self._mentions(plain(text))
        streets = {code for mention in mentions if mention.kind == "street" for code in mention.codes}
        if outside and not in_district and not streets:
            # the communities of another district may be called like ours
            return Naming(
                outside=outside,
                evidence=({"code": "other_district_named", "params": {"name": outside}},),
            )
        evidence: list[dict[str, object]] = []
        found: dict[str, Mention] = {}
        either: set[str] = set()  # codes of a community whose name is two communities'
        for mention in mentions:
            if mention.kind != "community":
                continue
            codes = [code for code in mention.codes if not streets or self._street_of[code] in streets]
            is_short = len(mention.words) < 3 and mention.words not in self._spoken
            if not mention.in_full and is_short and not (streets and codes):
                continue
            if not codes:
                evidence.append({"code": "names_disagree", "params": {"name": mention.words}})
            elif len(codes) > 1:
                either.update(codes)
                evidence.append(
                    {"code": "ambiguous_name", "params": {"name": mention.words, "areas": sorted(codes)}}
                )
            else:
                found.setdefault(codes[0], mention)
        community = street = None
        sure = 0.0
        if not evidence and len(found) == 1:
            ((community, mention),) = found.items()
            street = self._street_of[community]
            sure = SURE[mention.how]
            evidence.append({"code": "community_named", "params": self._told(mention, area=community)})
        elif len(found) > 1:
            evidence.append({"code": "several_communities", "params": {"areas": sorted(found)}})
        if street is None:
            around = streets or {self._street_of[code] for code in found}
            if any(item["code"] == "names_disagree" for item in evidence):
                around = set()
            if len(around) == 1:
                (street,) = around
                sure = max((SURE[mention.how] for mention in mentions), default=0.0)
                evidence.append({"code": "street_named", "params": {"area": street}})
            elif len(around) > 1:
                evidence.append({"code": "several_streets", "params": {"areas": sorted(around)}})
        place_type, words = None, ""
        if said:
            is_open = not any(item["code"] in ("names_disagree", "several_streets") for item in evidence)
            within = {community} if community else either or set(found) or ({street} if street else set())
            area, place_type, words, surety, more = self._weigh(said, within, is_open=is_open)
            if area is not None and community is None:
                street = self._street_of[area]
                community = area if area != street else None
                sure = surety
                evidence = [item for item in evidence if item["code"] == "street_named"]
            evidence += more
        if in_district and street is None:
            evidence.append({"code": "district_named", "params": {"name": self._district}})
        return Naming(
            street=street,
            community=community,
            in_district=in_district or street is not None,
            evidence=tuple(evidence),
            place_type=place_type,
            words=words,
            sure=sure,
        )

    def _told(self, mention: Mention, **params: object) -> dict[str, object]:
        told: dict[str, object] = {"name": mention.words, **params}
        if mention.how != "written":
            told.update(how=mention.how, sure=SURE[mention.how])
        return told

    def _weigh(
        self, said: Sequence[_Said], within: set[str], *, is_open: bool
    ) -> tuple[str | None, str | None, str, float, list[dict[str, object]]]:
        """The area that the district's own names come to (inside `within`, if that is known), the kind of
        place, the words for it, how sure that is, and what it stands on."""
        evidence: list[dict[str, object]] = []
        areas: set[str] | None = None
        surety = 1.0
        kinds: dict[str, str] = {}
        # What stands in one place first: the road beside it runs on.
        for one in sorted(said, key=lambda one: one.is_road):
            mine = {entry.area for entry in one.entries}
            held = {area for area in mine if self._fits(area, within)} if within else mine
            told = {"words": one.words, "name": one.name, "how": one.how, "sure": SURE[one.how]}
            if not held:
                evidence.append({"code": "place_elsewhere", "params": {**told, "areas": sorted(mine)}})
                continue
            common = held if areas is None else self._common(areas, held)
            if not common:
                evidence.append({"code": "places_apart", "params": {**told, "areas": sorted(held)}})
                if not one.is_road and areas is not None:
                    areas |= held
                continue
            areas = common
            surety = min(surety, SURE[one.how])
            params: dict[str, object] = {**told, "kind": one.entries[0].kind, "areas": sorted(held)}
            if len(held) == 1:
                params["area"] = next(iter(held))
            evidence.append({"code": "place_named", "params": params})
            for entry in one.entries:
                if entry.kind in PLACE_TYPES:
                    kinds.setdefault(PLACE_TYPES[entry.kind], one.words)
        # Two kinds of place named beside each other: the text is about one of them, and does not say which.
        place_type, words = next(iter(kinds.items())) if len(kinds) == 1 else (None, "")
        area: str | None = None
        if areas and is_open:
            streets = {self._street_of[code] for code in areas}
            if len(areas) == 1:
                (area,) = areas
            elif len(streets) == 1:
                (area,) = streets
        return area, place_type, words, surety if area else 0.0, evidence

    def _fits(self, area: str, within: set[str]) -> bool:
        """Is the area one of these, in one of them, or around one of them?"""
        if area in within or self._street_of[area] in within:
            return True
        return any(self._street_of[code] == area for code in within)

    def _common(self, areas: set[str], others: set[str]) -> set[str]:
        """What both mean; a street and a community inside it mean the community."""
        both = areas & others
        both |= {code for code in areas if self._street_of[code] != code and self._street_of[code] in others}
        both |= {code for code in others if self._street_of[code] != code and self._street_of[code] in areas}
        return both

    def _mentions(self, text: str) -> tuple[list[Mention], list[_Said], str | None, bool]:
        mentions: list[Mention] = []
        said: list[_Said] = []
        outside = landmark = None
        in_district = False
        district_short = self._district[:-1]
        for spot in self._finder.find(text):
            words = spot.name
            if words == self._district:
                in_district = True
                continue
            if words in self._neighbours:
                outside = outside or words
                continue
            if words in self._landmarks:
                start = spot.end - len(spot.words)
                if not _ON_THE_WAY.search(text, max(0, start - 2), start):
                    landmark = self._landmarks[words]
                continue
            if words in self._places:
                said.append(self._said(spot, text))
                continue
            short = short_name(words)
            in_full = words != short
            if not in_full and (spot.how == "near" or _NOT_A_PLACE.match(text, spot.end)):
                continue  # three right characters of four are no name without the word for what it is
            if in_full and words.removeprefix(short).startswith("街道"):
                if code := self._street_words.get(short):
                    mentions.append(Mention("street", (code,), spot.words, in_full, spot.how))
            elif in_full:
                if codes := self._community_words.get(short):
                    mentions.append(Mention("community", tuple(codes), spot.words, in_full, spot.how))
            elif short in self._street_words:
                if short != district_short:
                    mentions.append(Mention("street", (self._street_words[short],), words, in_full))
            else:
                mentions.append(
                    Mention("community", tuple(self._community_words[short]), words, in_full, spot.how)
                )
        if not mentions and not said:
            outside = outside or landmark  # who names a place here as well may only come from there
        return mentions, said, outside, in_district

    def _said(self, spot: Spot, text: str) -> _Said:
        """The rows that a name may mean; a road's house number tells which of them."""
        rows = self._places[spot.name]
        entries = tuple(entry for entry, _how in rows)
        how: How | str = spot.how if spot.how != "written" else rows[0][1]
        if all(entry.kind == ROAD for entry in entries) and (number := _NUMBER.match(text, spot.end)):
            there = tuple(entry for entry in entries if _has_number(entry.numbers, int(number[1])))
            if there:
                return _Said(spot.name, f"{spot.words}{number[0]}", how, there)
        return _Said(spot.name, spot.words, how, entries)


def _has_number(numbers: str, number: int) -> bool:
    """Is the house number in the range that a row gives? One that gives none is not asked."""
    found = _RANGE.fullmatch(numbers)
    if found is None:
        return False
    first, last, parity = int(found[1]), int(found[2]), found[3]
    return first <= number <= last and (parity is None or (number % 2 == 1) == (parity == "odd"))
