"""Two versions of the list on the same past cases: what would change, and would it have been better?

Both versions judge the same facts: the category and matter as they were guessed then, the place, the
time. Only keywords are looked for anew in the text, by each version's own, since an edit may change them.
Every difference is therefore the edit's. What really happened is the yardstick: the unit that settled
the case in the end. Pure: cases, editions and the classifier's calibration come in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import sqrt
from typing import Any

from dispatch.edition import Edition
from dispatch.facts import Facts, Verdict
from dispatch.index import MatchIndex
from dispatch.items import Item, normal_form
from dispatch.normalise.backends import Reader
from dispatch.service import judge

AT_DESK = ""  # where a flow begins or ends that is no unit: a person decides


class Kind(StrEnum):
    """What is different about one case."""

    UNIT = "unit"  # by itself to another unit
    AUTOMATIC = "automatic"  # by itself, where a person had to decide
    PERSON = "person"  # to a person, where it went by itself
    LIMITS = "limits"  # to the same unit, with another limit, level or urgency
    # Of these nobody outside the centre would notice, so they are told beside the changes.
    ITEM = "item"  # to the same unit in the same time, under another item or with other units beside it
    GUESS = "guess"  # to a person as before, who is shown another unit or item first


CHANGES = (Kind.UNIT, Kind.AUTOMATIC, Kind.PERSON, Kind.LIMITS)


class Turn(StrEnum):
    """Is the difference for the better? Measured by the unit that settled the case."""

    RIGHTED = "righted"  # now by itself to that unit
    WRONGED = "wronged"  # now by itself to another one, which was not so before
    STILL_WRONG = "still_wrong"  # from one wrong unit to another
    SPARED = "spared"  # a person decides, where it would have gone to a wrong unit
    SLOWED = "slowed"  # a person decides, where it would have gone to the right unit
    OPEN = "open"  # not settled yet
    UNKNOWN = "unknown"  # settled by no unit: answered on the spot, refused, withdrawn
    SAME = "same"  # the same unit as before


@dataclass(frozen=True, slots=True)
class PastCase:
    """A case as it came, and what really became of it. Units are codes."""

    key: str  # its number, or the row of a file
    facts: Facts
    text: str | None  # None: erased; its recorded keywords stand then
    settled_unit: str | None = None  # to whom it would rightly have been sent at once
    settled_item: str | None = None
    is_open: bool = False
    sent_unit: str | None = None  # to whom it was first sent by itself; None: a person sent it
    returns: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One case that the two versions judge differently."""

    case: PastCase
    kind: Kind
    turn: Turn
    before: Verdict
    after: Verdict

    @property
    def flow(self) -> tuple[str, str]:
        """From where to where, units as the list spells them: one line for a unit of every community."""
        return _end(self.before), _end(self.after)


@dataclass(slots=True)
class Side:
    """One version's judgement of the cases that it puts in a category."""

    cases: int = 0
    automatic: int = 0
    right: int = 0  # automatic, to the unit that settled it
    wrong: int = 0  # automatic, to another

    def add(self, other: "Side") -> None:
        self.cases += other.cases
        self.automatic += other.automatic
        self.right += other.right
        self.wrong += other.wrong

    def note(self, verdict: Verdict, settled: str | None) -> None:
        self.cases += 1
        if not verdict.is_dispatched:
            return
        self.automatic += 1
        if settled is not None:
            self.right += verdict.unit == settled
            self.wrong += verdict.unit != settled

    @property
    def accuracy(self) -> float | None:
        """首派准确率: of the automatic ones whose end is known, the share to the unit that settled them."""
        known = self.right + self.wrong
        return self.right / known if known else None

    @property
    def automatic_share(self) -> float | None:
        """自动分拨率."""
        return self.automatic / self.cases if self.cases else None


@dataclass(frozen=True, slots=True)
class Expected:
    """How many returns the past cases would have brought, before and after; see `Tally.expected`."""

    before: float
    after: float
    rate: float
    low: float  # of the change, at 95 %
    high: float

    @property
    def change(self) -> float:
        return self.after - self.before


@dataclass(slots=True)
class Tally:
    """What a comparison adds up to. Parts of it are added, in any order."""

    looked: int = 0
    decided: int = 0  # judged by both versions; for the others nothing could change
    unreadable: int = 0  # no facts were recorded
    wordless: int = 0  # decided, but the text was erased
    kinds: Counter[str] = field(default_factory=Counter)
    turns: Counter[str] = field(default_factory=Counter)
    flows: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)  # → counts by turn
    before: dict[str, Side] = field(default_factory=dict)  # changed category → its cases
    after: dict[str, Side] = field(default_factory=dict)
    # Of all that were decided: sent by themselves to another unit than the one that settled them.
    wrong_before: int = 0
    wrong_after: int = 0
    # What really happened, whatever was decided anew: sent wrong by themselves, and of those returned.
    misdirected: int = 0
    misdirected_returned: int = 0

    @property
    def changed(self) -> int:
        """The cases that somebody would notice."""
        return sum(self.kinds[kind] for kind in CHANGES)

    def note(self, change: Change) -> None:
        self.kinds[change.kind] += 1
        if change.kind not in CHANGES:
            return
        self.turns[change.turn] += 1
        if change.kind != Kind.LIMITS:
            self.flows.setdefault(change.flow, Counter())[change.turn] += 1

    def side(self, name: str) -> Side:
        """All changed categories together; `name` is before or after."""
        whole = Side()
        for one in getattr(self, name).values():
            whole.add(one)
        return whole

    def expected(self) -> Expected | None:
        """The returns that these cases would have brought under each version.

        A case that goes by itself to another unit than the one that settled it is counted as that much
        of a return as such cases really were: of those that were really sent so, the share that was
        returned (others were moved without a return, or kept). The interval is Wilson's for that share;
        it holds for these cases, and says nothing of those to come. None where nothing was ever sent wrong.
        """
        if not self.misdirected:
            return None
        rate = self.misdirected_returned / self.misdirected
        low, high = wilson(self.misdirected_returned, self.misdirected)
        more = self.wrong_after - self.wrong_before
        ends = sorted((more * low, more * high))
        return Expected(self.wrong_before * rate, self.wrong_after * rate, rate, *ends)

    def add(self, other: "Tally") -> None:
        """Count another part in."""
        for name in (
            *("looked", "decided", "unreadable", "wordless", "wrong_before", "wrong_after"),
            *("misdirected", "misdirected_returned"),
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.kinds.update(other.kinds)
        self.turns.update(other.turns)
        for flow, turns in other.flows.items():
            self.flows.setdefault(flow, Counter()).update(turns)
        for mine, theirs in ((self.before, other.before), (self.after, other.after)):
            for category, side in theirs.items():
                mine.setdefault(category, Side()).add(side)

    def as_json(self) -> dict[str, Any]:
        sides = {
            name: {
                category: [side.cases, side.automatic, side.right, side.wrong]
                for category, side in sorted(getattr(self, name).items())
            }
            for name in ("before", "after")
        }
        return {
            "looked": self.looked,
            "decided": self.decided,
            "unreadable": self.unreadable,
            "wordless": self.wordless,
            "kinds": dict(self.kinds),
            "turns": dict(self.turns),
            "flows": [[*flow, dict(turns)] for flow, turns in sorted(self.flows.items())],
            "wrong_before": self.wrong_before,
            "wrong_after": self.wrong_after,
            "misdirected": self.misdirected,
            "misdirected_returned": self.misdirected_returned,
            **sides,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Tally":
        simple = {name: told[name] for name in told if isinstance(told[name], int)}
        return cls(
            **simple,
            kinds=Counter(told["kinds"]),
            turns=Counter(told["turns"]),
            flows={(start, end): Counter(turns) for start, end, turns in told["flows"]},
            before={category: Side(*counts) for category, counts in told["before"].items()},
            after={category: Side(*counts) for category, counts in told["after"].items()},
        )


def changed_categories(base: MatchIndex, draft: MatchIndex) -> frozenset[str]:
    """The categories of which the two lists may answer differently: an item of theirs differs.

    What only people read (an item's name, its conditions in words) decides nothing.
    """
    changed: set[str] = set()
    for code in base.items.keys() | draft.items.keys():
        one, other = base.items.get(code), draft.items.get(code)
        if one != other:
            changed.update(item.category for item in (one, other) if item is not None)
    return frozenset(changed)


def compare(
    cases: Iterable[PastCase | None], base: Edition, draft: Edition, model: Reader
) -> tuple[Tally, list[Change]]:
    """What the draft would have done otherwise. None stands for a case without recorded facts.

    A case none of whose likely categories changed is looked at and not decided: its readings meet only
    items that are the same in both.
    """
    tally, changes = Tally(), []
    changed = changed_categories(base.index, draft.index)
    for case in cases:
        tally.looked += 1
        if case is None:
            tally.unreadable += 1
            continue
        count_real(tally, case)
        if not any(guess.code in changed for guess in case.facts.categories):
            continue
        tally.decided += 1
        tally.wordless += case.text is None
        before, after = _judged(case, base, draft, model)
        for verdict, sides in ((before, tally.before), (after, tally.after)):
            if verdict.category in changed:
                sides.setdefault(verdict.category or "", Side()).note(verdict, case.settled_unit)
        if case.settled_unit is not None:
            tally.wrong_before += before.is_dispatched and before.unit != case.settled_unit
            tally.wrong_after += after.is_dispatched and after.unit != case.settled_unit
        kind = difference(before, after, base.index.items, draft.index.items)
        if kind is not None:
            change = Change(case, kind, turn(kind, before, after, case), before, after)
            tally.note(change)
            changes.append(change)
    return tally, changes


def count_real(tally: Tally, case: PastCase) -> None:
    """Count what really became of a case, for the share of wrong sendings that come back."""
    if case.sent_unit is not None and case.settled_unit not in (None, case.sent_unit):
        tally.misdirected += 1
        tally.misdirected_returned += case.returns > 0


def difference(
    before: Verdict, after: Verdict, old: Mapping[str, Item], new: Mapping[str, Item]
) -> Kind | None:
    """What kind of change it is; None where both do the same. `old` and `new` are the lists' items."""
    if before.is_dispatched != after.is_dispatched:
        return Kind.AUTOMATIC if after.is_dispatched else Kind.PERSON
    if not after.is_dispatched:
        return Kind.GUESS if (before.unit, before.item) != (after.unit, after.item) else None
    if before.unit != after.unit:
        return Kind.UNIT
    if _limits(before) != _limits(after):
        return Kind.LIMITS
    if before.item != after.item or _beside(before, old) != _beside(after, new):
        return Kind.ITEM
    return None


def turn(kind: Kind, before: Verdict, after: Verdict, case: PastCase) -> Turn:
    """For better or worse, by what really happened."""
    if kind not in (Kind.UNIT, Kind.AUTOMATIC, Kind.PERSON):
        return Turn.SAME
    if case.settled_unit is None:
        return Turn.OPEN if case.is_open else Turn.UNKNOWN
    if kind == Kind.PERSON:
        return Turn.SLOWED if before.unit == case.settled_unit else Turn.SPARED
    if after.unit == case.settled_unit:
        return Turn.RIGHTED
    if kind == Kind.UNIT and before.unit != case.settled_unit:
        return Turn.STILL_WRONG
    return Turn.WRONGED


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's score interval (1927) at 95 % for a share: holds for small numbers and near 0 and 1 too.

    (0, 1) of nothing.
    """
    if not of:
        return 0.0, 1.0
    z = 1.96
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    reach = z * sqrt((share * (1 - share) + spread / 4) / of) / (1 + spread)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def reworded(facts: Facts, text: str | None, index: MatchIndex) -> Facts:
    """The same facts with this list's keywords that occur in the text."""
    return facts if text is None else replace(facts, keywords=index.hits(normal_form(text)))


def _judged(case: PastCase, base: Edition, draft: Edition, model: Reader) -> tuple[Verdict, Verdict]:
    if case.text is None:
        return judge(case.facts, base, model), judge(case.facts, draft, model)
    plain = normal_form(case.text)
    old, new = base.index.hits(plain), draft.index.hits(plain)
    first = replace(case.facts, keywords=old)
    second = first if new == old else replace(case.facts, keywords=new)
    return judge(first, base, model), judge(second, draft, model)


def _limits(verdict: Verdict) -> tuple[object, ...]:
    return (
        verdict.handle_limit,
        verdict.accept_minutes,
        verdict.dispatch_minutes,
        verdict.level,
        verdict.urgency,
    )


def _beside(verdict: Verdict, items: Mapping[str, Item]) -> tuple[object, ...] | None:
    item = items.get(verdict.item or "")
    if item is None:
        return None
    return item.support_units, item.follow_up_unit, item.supervising_unit


def _end(verdict: Verdict) -> str:
    return (verdict.pattern or "") if verdict.is_dispatched else AT_DESK
