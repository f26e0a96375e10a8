"""What a rehearsal came to, as pages say it: figures in words, flows with their bars, cases as rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import User
from dispatch.comparing import AT_DESK, Expected, Side, Tally, Turn
from dispatch.items import normal_form
from dispatch.marking import Piece, marked
from dispatch.pages.naming import UnitNames
from dispatch.wording import limit_words
from incidents import policy
from incidents.models import Incident, Rehearsal, RehearsedCase
from incidents.pages.wording import title_of

Kind = RehearsedCase.Kind
# The lists under the flows: name, title, and which cases. What turned wrong comes first.
TABS: Final[tuple[tuple[str, str | Promise, Q], ...]] = (
    ("wronged", pgettext_lazy("of past cases", "Turned wrong"), Q(turn="wronged")),
    ("righted", pgettext_lazy("of past cases", "Turned right"), Q(turn="righted")),
    ("still_wrong", pgettext_lazy("of past cases", "Wrong either way"), Q(turn="still_wrong")),
    ("person", pgettext_lazy("of past cases", "To a person"), Q(turn__in=["spared", "slowed"])),
    ("open", pgettext_lazy("of past cases", "Not settled"), Q(turn__in=["open", "unknown"])),
    ("limits", pgettext_lazy("of past cases", "Only limits"), Q(kind="limits")),
    ("beside", pgettext_lazy("of past cases", "Beside"), Q(kind__in=["item", "guess"])),
)
# Always there, as the first question is how many of them there are.
_ALWAYS: Final = ("wronged", "righted", "open", "limits")
KINDS: Final[tuple[tuple[str, str | Promise], ...]] = (
    ("unit", gettext_lazy("another unit")),
    ("automatic", gettext_lazy("by itself now")),
    ("person", gettext_lazy("to a person now")),
    ("limits", gettext_lazy("only limits")),
)


@dataclass(frozen=True, slots=True)
class Flow:
    """One line of the table: from where to where, and how that compares with what really happened."""

    start: str
    end: str
    key: str
    count: int
    right: int
    wrong: int
    is_judged: bool  # a flow to a person is neither right nor wrong

    @property
    def right_share(self) -> str:
        return f"{self.right / self.count * 100:.1f}"

    @property
    def wrong_share(self) -> str:
        return f"{self.wrong / self.count * 100:.1f}"


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A result's figures."""

    tally: Tally
    kinds: Sequence[tuple[str, int]]
    beside: int
    before: Side
    after: Side
    expected: Expected | None
    flows: Sequence[Flow]

    @property
    def changed_share(self) -> float | None:
        return self.tally.changed / self.tally.looked if self.tally.looked else None

    @property
    def low(self) -> str:
        """The least change of the expected returns, with its sign."""
        return _signed(self.expected.low) if self.expected else ""

    @property
    def high(self) -> str:
        """The greatest."""
        return _signed(self.expected.high) if self.expected else ""

    @property
    def is_more_accurate(self) -> bool | None:
        before, after = self.before.accuracy, self.after.accuracy
        return None if before is None or after is None or before == after else after > before

    @property
    def is_more_automatic(self) -> bool | None:
        before, after = self.before.automatic_share, self.after.automatic_share
        return None if before is None or after is None or before == after else after > before


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a list: what it was about only where this person may see it."""

    case: RehearsedCase
    name: str
    may_see: bool
    title: Sequence[Piece]
    start: str
    end: str
    settled: str
    change: str


def summary(result: Rehearsal, units: UnitNames) -> Summary:
    """The figures of a finished rehearsal."""
    tally = Tally.from_json(result.result or Tally().as_json())
    flows = [_flow(ends, turns, units) for ends, turns in tally.flows.items()]
    flows.sort(key=lambda flow: (-flow.count, flow.key))
    return Summary(
        tally=tally,
        kinds=[(str(label), tally.kinds[kind]) for kind, label in KINDS if tally.kinds[kind]],
        beside=tally.kinds["item"] + tally.kinds["guess"],
        before=tally.side("before"),
        after=tally.side("after"),
        expected=tally.expected(),
        flows=flows,
    )


def flow_key(start: str, end: str) -> str:
    """A flow in an address; no unit's code holds the mark."""
    return f"{start}>{end}"


def tabs(counted: Iterable[tuple[str, str, int]]) -> list[Tab]:
    """The lists there are, from (kind, turn, how many)."""
    counts = list(counted)
    told = {
        "limits": sum(count for kind, _turn, count in counts if kind == Kind.LIMITS),
        "beside": sum(count for kind, _turn, count in counts if kind in (Kind.ITEM, Kind.GUESS)),
        "person": sum(count for _kind, turn, count in counts if turn in (Turn.SPARED, Turn.SLOWED)),
        "open": sum(count for _kind, turn, count in counts if turn in (Turn.OPEN, Turn.UNKNOWN)),
        **{
            name: sum(count for _kind, turn, count in counts if turn == name)
            for name in ("wronged", "righted", "still_wrong")
        },
    }
    return [
        Tab(name, str(title), told[name]) for name, title, _which in TABS if told[name] or name in _ALWAYS
    ]


def of_tally(tally: Tally) -> list[tuple[str, str, int]]:
    """What `tabs` counts, of all changes: also of those that were too many to be kept one by one."""
    others = [(kind, Turn.SAME.value, tally.kinds[kind]) for kind in ("limits", "item", "guess")]
    return [("", turn, count) for turn, count in tally.turns.items() if turn != Turn.SAME] + others


def rows(cases: Sequence[RehearsedCase], user: User, units: UnitNames) -> list[Row]:
    """A page of a list; two queries, whatever is on it."""
    numbers = [case.incident_id for case in cases if case.incident_id is not None]
    seen = Incident.objects.filter(policy.visible(user), pk__in=numbers).select_related("text").in_bulk()
    return [_row(case, seen.get(case.incident_id or 0), units) for case in cases]


def where(verdict: Mapping[str, Any], units: UnitNames) -> str:
    """Where a verdict sends a case, in words."""
    if verdict["outcome"] != "dispatched":
        return _("to a person")
    return units.label(verdict["unit"])


def settled_words(case: RehearsedCase, units: UnitNames) -> str:
    if case.settled_unit:
        return units.label(case.settled_unit)
    if case.turn == Turn.OPEN:
        return _("not settled yet")
    return _("no unit")


def limits_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What of the limits is different, in a few words."""
    told = []
    if before["handle_limit"] != after["handle_limit"]:
        told.append(f"{limit_words(before['handle_limit'])} → {limit_words(after['handle_limit'])}")
    if before["level"] != after["level"]:
        told.append(_("level %(before)s → %(after)s") % {"before": before["level"], "after": after["level"]})
    for name, words in (
        ("accept_minutes", _("accept %(before)d → %(after)d min")),
        ("dispatch_minutes", _("dispatch %(before)d → %(after)d min")),
    ):
        if before[name] != after[name]:
            told.append(words % {"before": before[name], "after": after[name]})
    return " · ".join(told)


def _signed(change: float) -> str:
    return f"{change:+.1f}".replace("-", "−")


def _flow(ends: tuple[str, str], turns: Mapping[str, int], units: UnitNames) -> Flow:
    start, end = ends
    return Flow(
        start=units.label(start) if start != AT_DESK else _("to a person"),
        end=units.label(end) if end != AT_DESK else _("to a person"),
        key=flow_key(start, end),
        count=sum(turns.values()),
        right=turns.get(Turn.RIGHTED, 0),
        wrong=turns.get(Turn.WRONGED, 0) + turns.get(Turn.STILL_WRONG, 0),
        is_judged=end != AT_DESK,
    )


def _row(case: RehearsedCase, incident: Incident | None, units: UnitNames) -> Row:
    name = case.incident.number if case.incident is not None else _("row %(row)d") % {"row": case.row}
    start, end = where(case.before, units), where(case.after, units)
    if case.kind == Kind.LIMITS:
        change = limits_changed(case.before, case.after)
    elif case.kind == Kind.ITEM:
        change = f"{case.before['item']} → {case.after['item']}"
    elif case.kind == Kind.GUESS:
        change = _("suggested: %(before)s → %(after)s") % {
            "before": units.label(case.before["unit"] or case.before["item"] or "–"),
            "after": units.label(case.after["unit"] or case.after["item"] or "–"),
        }
    else:
        change = ""
    return Row(
        case=case,
        name=name,
        may_see=incident is not None,
        title=_title(incident) if incident is not None else (),
        start=start,
        end=end,
        settled=settled_words(case, units),
        change=change,
    )


def _title(incident: Incident) -> list[Piece]:
    if incident.text.erased_at is not None:
        return [Piece(_("(erased)"))]
    return [Piece(title_of(incident.text.body))]


def underlined(text: str, base_words: Iterable[str], draft_words: Iterable[str]) -> list[Piece]:
    """The text with the winner's words: 1 where both lists know them, 2 where only one does."""
    old, new = set(base_words), set(draft_words)
    found = {word for word in old | new if word in normal_form(text)}
    return marked(text, {word: 1 if word in old and word in new else 2 for word in found})
