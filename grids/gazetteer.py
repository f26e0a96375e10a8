"""Which street and community does a text name? A register of names, kept in memory."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

# What an address calls the thing that it names; the name itself stands before it.
_SUFFIXES: Final = ("街道办事处", "街道办", "街道", "社区工作站", "社区居委会", "社区")
# 平湖大道 and 龙岗河 run through more than the place they are called after.
_NOT_A_PLACE: Final = re.compile(
    "[东西南北中]?(?:大道|大街|路|街(?!道)|巷|线|河|桥|立交|高速|公园|水库|站|区(?!间))"
)


class Mention(NamedTuple):
    """A place that a text names: the codes that the words can mean, and the words."""

    kind: str
    codes: tuple[str, ...]
    words: str
    in_full: bool


@dataclass(frozen=True, slots=True)
class Naming:
    """What the names in one text come to."""

    street: str | None = None
    community: str | None = None
    outside: str | None = None  # the name of another district
    in_district: bool = False
    evidence: tuple[dict[str, object], ...] = field(default=())


def plain(text: str) -> str:
    """NFKC without white space: full-width letters and spread-out names read like plain ones."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def short_name(name: str) -> str:
    """The name without 街道 or 社区."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            return name.removesuffix(suffix)
    return name


class Gazetteer:
    """The names of a district's streets and communities, and those of the districts around it."""

    def __init__(
        self,
        *,
        district: str,
        streets: Iterable[tuple[str, str]],
        communities: Iterable[tuple[str, str, str]],
        neighbours: Iterable[str] = (),
    ) -> None:
        """Streets are (code, name), communities (code, name, street's code); names in Chinese."""
        self._district = plain(district)
        self._neighbours = frozenset(plain(name) for name in neighbours)
        self._street_of: dict[str, str] = {}
        self._street_words: dict[str, str] = {}
        self._community_words: dict[str, list[str]] = defaultdict(list)
        for code, name in streets:
            self._street_words[short_name(plain(name))] = code
        for code, name, street in communities:
            self._street_of[code] = street
            self._community_words[short_name(plain(name))].append(code)
        shorts = set(self._street_words) | set(self._community_words)
        words = {self._district, *self._neighbours, *shorts}
        words |= {short + suffix for short in shorts for suffix in _SUFFIXES}
        # Longest first, so that 龙岗墟社区 is not read as 龙岗.
        self._pattern = re.compile("|".join(sorted(map(re.escape, words), key=lambda w: (-len(w), w))))

    def read(self, text: str) -> Naming:
        """Streets and communities that `text` names, weighed against each other.

        A name in full (坂田街道, 坂田社区) always counts. Without its suffix a street's name counts, and
        a community's where it has three characters or more or its street is named too: 中心 and 保安
        are everyday words. A short name that goes on as a road, river or station does not count, nor
        does a street's that is the district's as well. Codes decide, never names: the name of two
        communities counts only with its street, and contradictions leave the place open.
        """
        mentions, outside, in_district = self._mentions(plain(text))
        streets = {code for mention in mentions if mention.kind == "street" for code in mention.codes}
        if outside and not in_district and not streets:
            # the communities of another district may be called like ours
            return Naming(
                outside=outside,
                evidence=({"code": "other_district_named", "params": {"name": outside}},),
            )
        evidence: list[dict[str, object]] = []
        found: dict[str, Mention] = {}
        for mention in mentions:
            if mention.kind != "community":
                continue
            codes = [code for code in mention.codes if not streets or self._street_of[code] in streets]
            if not mention.in_full and len(mention.words) < 3 and not (streets and codes):
                continue
            if not codes:
                evidence.append({"code": "names_disagree", "params": {"name": mention.words}})
            elif len(codes) > 1:
                evidence.append(
                    {"code": "ambiguous_name", "params": {"name": mention.words, "areas": sorted(codes)}}
                )
            else:
                found.setdefault(codes[0], mention)
        community = street = None
        if not evidence and len(found) == 1:
            ((community, mention),) = found.items()
            street = self._street_of[community]
            evidence.append({"code": "community_named", "params": {"name": mention.words, "area": community}})
        elif len(found) > 1:
            evidence.append({"code": "several_communities", "params": {"areas": sorted(found)}})
        if street is None:
            around = streets or {self._street_of[code] for code in found}
            if any(item["code"] == "names_disagree" for item in evidence):
                around = set()
            if len(around) == 1:
                (street,) = around
                evidence.append({"code": "street_named", "params": {"area": street}})
            elif len(around) > 1:
                evidence.append({"code": "several_streets", "params": {"areas": sorted(around)}})
        if in_district and street is None:
            evidence.append({"code": "district_named", "params": {"name": self._district}})
        return Naming(
            street=street,
            community=community,
            in_district=in_district or street is not None,
            evidence=tuple(evidence),
        )

    def _mentions(self, text: str) -> tuple[list[Mention], str | None, bool]:
        mentions: list[Mention] = []
        outside: str | None = None
        in_district = False
        district_short = self._district[:-1]
        for match in self._pattern.finditer(text):
            words = match.group()
            if words == self._district:
                in_district = True
                continue
            if words in self._neighbours:
                outside = outside or words
                continue
            short = short_name(words)
            in_full = words != short
            if not in_full and _NOT_A_PLACE.match(text, match.end()):
                continue
            if in_full and words.removeprefix(short).startswith("街道"):
                if code := self._street_words.get(short):
                    mentions.append(Mention("street", (code,), words, in_full))
            elif in_full:
                if codes := self._community_words.get(short):
                    mentions.append(Mention("community", tuple(codes), words, in_full))
            elif short in self._street_words:
                if short != district_short:
                    mentions.append(Mention("street", (self._street_words[short],), words, in_full))
            else:
                mentions.append(Mention("community", tuple(self._community_words[short]), words, in_full))
        return mentions, outside, in_district
