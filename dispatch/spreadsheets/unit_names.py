"""Units as spreadsheets call them: `区住建局`, `街道执法队`, `属地社区`, several in one cell.

A word is looked for in ever looser ways and is taken only where exactly one open unit answers to it;
whatever was not its full name is said in the preview. Nothing is taken by likeness: that only suggests.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from dispatch.units import AT_COMMUNITY, AT_OWNER, AT_STREET, RELATIVE, UnitDirectory

# Names that offices had, or are still called by.
_FORMER = {"环保": "生态环境", "人社": "人力资源", "城管执法": "城市管理和综合执法", "工商": "市场监督管理"}
# Endings that people leave out or shorten: both sides of a comparison get the short one.
_ENDINGS = (("办公室", "办"), ("办事处", "办"), ("委员会", "委"), ("居民委员会", "居委会"))
_HERE = "(?:事发地|事发|属地|所在地|所在|所属|辖区|当地|相关|各)?(?:的)?"
_STREET = re.compile(rf"{_HERE}街道(?:办)?")
_COMMUNITY = re.compile(rf"{_HERE}社区(?:工作站|居委会|党委)?")
_OWNER = re.compile(r"(?:设施|部件)?(?:产权|权属|管养|管护|业主|权责)(?:人|单位|方|部门|责任单位)")
_OF_STREET = re.compile(rf"{_HERE}街道(?:办)?(?P<team>.{{2,}})")
_BULLET = re.compile(r"^(?:[0-9]{1,2}[.、)]|\([0-9]{1,2}\)|[①-⑳])")
_ROLE = re.compile(r"^(?:主办|牵头|责任|配合|协办|协同|主要)(?:单位|部门)?:")


@dataclass(frozen=True, slots=True)
class Named:
    """What a word was taken for: `code` is a unit or a pattern, "" where nothing is."""

    word: str
    code: str = ""
    is_exact: bool = False  # its code or its full name: nothing to say about
    candidates: tuple[str, ...] = ()  # several answer to it
    suggestion: str = ""  # the likest of all, where none does


class UnitNames:
    """The open units by every name they may be called by; remembers what it was asked."""

    def __init__(self, units: UnitDirectory, *, district: str = "") -> None:
        self._units = units
        self._district = _plain(district)
        self._full: dict[str, set[str]] = {}
        self._short: dict[str, set[str]] = {}
        self._answers: dict[str, Named] = {}
        for code, (name_zh, name_en) in units.names.items():
            for name in (name_zh, name_en):
                self._full.setdefault(_plain(name), set()).add(code)
                self._short.setdefault(self._stem(name), set()).add(code)
        self._teams = self._team_names()
        self._patterns = {
            AT_STREET: "属地街道办事处",
            AT_COMMUNITY: "属地社区工作站",
            AT_OWNER: "设施权属单位",
        }
        self._patterns |= {f"{AT_STREET}/{team}": f"属地街道{name}" for name, team in self._teams.items()}

    def split(self, cell: str) -> list[Named]:
        """Every unit that a cell names, in its order, each once."""
        whole = self.find(cell)
        if whole.code:
            return [whole]
        found: dict[str, Named] = {}
        for part in re.split(r"[、，,；;|\n\r]+", cell):
            for word in self._by_slash(part.strip()):
                named = self.find(word)
                found.setdefault(named.code or named.word, named)
        return list(found.values())

    def find(self, word: str) -> Named:
        """The unit that one word names."""
        if word not in self._answers:
            self._answers[word] = self._look_up(word)
        return self._answers[word]

    def name(self, code: str) -> str:
        """What a unit or a pattern is called in Chinese."""
        if code in self._units.names:
            return self._units.names[code][0]
        return f"{self._patterns[code]} ({code})" if code in self._patterns else code

    def _by_slash(self, part: str) -> Iterable[str]:
        """Codes have slashes too (`@street/enforcement`): only what nobody is called is taken apart."""
        if not part:
            return []
        if not re.search(r"[/／]", part) or self.find(part).code:
            return [part]
        return [word.strip() for word in re.split(r"[/／]+", part) if word.strip()]

    def _look_up(self, word: str) -> Named:
        bare = _BULLET.sub("", unicodedata.normalize("NFKC", word).strip().lstrip("'"))
        if bare in self._units.codes or bare in RELATIVE or self._units.knows(bare):
            return Named(word, bare, is_exact=True)
        # The list's own pages write relative units as @街道办事处.
        plain = _ROLE.sub("", _BULLET.sub("", _plain(word))).removeprefix("@")
        if not plain:
            return Named(word)
        if len(codes := self._full.get(plain, set())) == 1:
            return Named(word, next(iter(codes)), is_exact=True)
        if len(codes) > 1:
            return Named(word, candidates=tuple(sorted(codes)))
        if pattern := self._pattern(plain):
            return Named(word, pattern)
        stem = self._stem(plain)
        codes = self._short.get(stem, set()) or self._abbreviated(stem)
        if len(codes) == 1:
            return Named(word, next(iter(codes)))
        if codes:
            return Named(word, candidates=tuple(sorted(codes))[:5])
        return Named(word, suggestion=self._likest(plain))

    def _pattern(self, plain: str) -> str:
        """Whoever it is where the matter is: `属地街道`, `街道执法队`, `社区工作站`, `产权单位`."""
        short = _shortened(plain)
        if _STREET.fullmatch(short):
            return AT_STREET
        if _COMMUNITY.fullmatch(plain):
            return AT_COMMUNITY
        if _OWNER.fullmatch(plain):
            return AT_OWNER
        if found := _OF_STREET.fullmatch(short):
            teams = {team for name, team in self._teams.items() if name == found["team"]} or {
                team for name, team in self._teams.items() if _is_within(found["team"], name)
            }
            if len(teams) == 1:
                return f"{AT_STREET}/{teams.pop()}"
        if team := self._teams.get(short):
            return f"{AT_STREET}/{team}"
        return ""

    def _team_names(self) -> dict[str, str]:
        """综合行政执法队 → enforcement: what every street's team is called after its street's name."""
        names: Mapping[str, tuple[str, str]] = self._units.names
        found = {}
        for office in self._units.streets.values():
            street = _shortened(_plain(names[office][0])).removesuffix("办")
            for team in self._units.teams:
                name = _shortened(_plain(names[f"{office}/{team}"][0]))
                if name.startswith(street):
                    found[name.removeprefix(street)] = team
        return found

    def _stem(self, name: str) -> str:
        """Without the district's name before it, and with the short endings."""
        plain = _shortened(_plain(name))
        for prefix in (self._district, "区"):
            if prefix and len(plain) > len(prefix) + 2:
                plain = plain.removeprefix(prefix)
        if plain.endswith("街道办"):
            plain = plain.removesuffix("办")
        return re.sub(r"社区(?:工作站|居委会|党委)$", "社区", plain)

    def _abbreviated(self, stem: str) -> set[str]:
        """Chinese short forms keep characters in their order, the first and the last among them: 住建局."""
        if len(stem) < 3:
            return set()
        for former, now in _FORMER.items():
            if stem.startswith(former):
                stem = now + stem.removeprefix(former)
        if stem in self._short:
            return self._short[stem]
        found = {code for name, codes in self._short.items() if _abbreviates(stem, name) for code in codes}
        # 应急局 is the district's, though teams further down are called alike.
        return {code for code in found if "/" not in code} or found

    def _likest(self, plain: str) -> str:
        """The unit whose name is nearly this: a slip of the pen, not just the same kind of office."""
        for names, word in ((self._full, plain), (self._short, self._stem(plain))):
            if found := process.extractOne(word, names.keys(), scorer=fuzz.ratio, score_cutoff=70):
                return min(names[found[0]])
        return ""


def _abbreviates(short: str, name: str) -> bool:
    """Are these some of the name's characters in their order, beginning and ending as it does?"""
    return short[0] == name[0] and _is_within(short, name)


def _is_within(short: str, name: str) -> bool:
    if not 3 <= len(short) <= len(name) or short[-1] != name[-1]:
        return False
    rest = iter(name)
    return all(sign in rest for sign in short)


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def _shortened(plain: str) -> str:
    for long, short in _ENDINGS:
        if plain.endswith(long):
            return plain.removesuffix(long) + short
    return plain
