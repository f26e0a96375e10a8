"""An explanation ready to be shown: codes become names, reasons become sentences."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from dispatch.edition import Edition
from dispatch.explain import Explainer, condition_name
from dispatch.explaining import CategoryRows, Explanation, Row, Standing
from dispatch.facts import DISPATCHED, Decision
from dispatch.marking import Piece, marked
from dispatch.vocabulary import Level, Urgency
from dispatch.wording import limit_words

# What the tag of a row looks like; a failed row has none.
_STATES = {
    Standing.WON: "primary",
    Standing.EQUAL: "warned",
    Standing.FIRST: "",
    Standing.CLAIMED: "",
    Standing.BEHIND: "",
}
# Evidence that stands on a phrase of the text.
_PHRASES = frozenset({"nature_read", "urgency_read", "place_type_read", "owner_read"})


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One item: its standing in a word, and what held, failed and put it behind."""

    item: str
    matter: str
    unit: str
    asks: str
    standing: str
    label: str
    state: str
    held: tuple[str, ...]
    failed: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownCategory:
    code: str
    name: str
    probability: float
    near: tuple[ShownRow, ...]  # the winner, and all of which something held
    far: tuple[ShownRow, ...]  # nothing of what they ask held

    @property
    def count(self) -> int:
        return len(self.near) + len(self.far)


@dataclass(frozen=True, slots=True)
class ShownDecision:
    """What was decided, in words."""

    is_dispatched: bool
    unit: str
    item: str
    category: str
    confidence: float
    urgency: str
    level: str
    handle_limit: str
    version: int
    reasons: tuple[str, ...]
    obstacles: tuple[str, ...]  # why a person must look at it


def shown_decision(told: Mapping[str, Any], now: Edition) -> ShownDecision:
    """A decision as `Decision.as_json` gives it or as it is stored with a case, in this edition's names."""
    explain = Explainer(now.names)
    codes = set(told["triage_codes"])
    pattern = next((one["unit_pattern"] for one in told["candidates"] if one["item"] == told["item"]), "")
    return ShownDecision(
        is_dispatched=told["outcome"] == DISPATCHED,
        unit=explain.unit(told["unit"] or pattern) if told["unit"] or pattern else "",
        item=explain.item(told["item"]) if told["item"] else "",
        category=explain.category(told["category"]) if told["category"] else "",
        confidence=told["confidence"],
        urgency=str(Urgency(told["urgency"]).label),
        level=str(Level(told["level"]).label),
        handle_limit=limit_words(told["handle_limit"]),
        version=told["list_version"],
        reasons=_said(explain, [one for one in told["reasons"] if one["code"] not in codes]),
        obstacles=_said(explain, [one for one in told["reasons"] if one["code"] in codes]),
    )


def shown_categories(explanation: Explanation, now: Edition) -> list[ShownCategory]:
    """Every likely category with its items, that of the decision first."""
    explain = Explainer(now.names)
    told = [_category(one, explain) for one in explanation.categories]
    told.sort(key=lambda one: one.code != explanation.decision.category)
    return told


def underlined(text: str, decision: Decision, now: Edition) -> list[Piece]:
    """The text with the winner's words under 1, and what else the list or the reading knows under 2."""
    item = now.index.items.get(decision.item or "")
    ranks = dict.fromkeys(decision.facts.keywords, 2)
    for reason in decision.facts.evidence:
        if reason.code in _PHRASES:
            ranks.setdefault(reason.params["phrase"], 2)
    for word in item.keywords if item else ():
        if word in ranks:
            ranks[word] = 1
    return marked(text, ranks)


def _category(told: CategoryRows, explain: Explainer) -> ShownCategory:
    near = [row for row in told.rows if row.held or row.standing != Standing.FAILED]
    far = [row for row in told.rows if row not in near]
    return ShownCategory(
        told.category,
        explain.category(told.category),
        told.probability,
        tuple(_row(row, explain) for row in near),
        tuple(_row(row, explain) for row in far),
    )


def _row(row: Row, explain: Explainer) -> ShownRow:
    return ShownRow(
        item=row.item,
        matter=explain.names.items.get(row.item, ""),
        unit=explain.unit(row.unit or row.unit_pattern),
        asks=_(", ").join(condition_name(name) for name in row.asks),
        standing=row.standing,
        label=_label(row.standing),
        state=_STATES.get(row.standing, ""),
        held=_said(explain, [one.as_json() for one in row.held]),
        failed=_said(explain, [one.as_json() for one in row.failed]),
        lost=_said(explain, [one.as_json() for one in row.lost]),
    )


def _label(standing: Standing) -> str:
    return {
        Standing.WON: _("Wins"),
        Standing.EQUAL: _("Equal claim"),
        Standing.FIRST: _("First in its category"),
        Standing.CLAIMED: _("Less likely"),
        Standing.BEHIND: _("Stands behind"),
        Standing.FAILED: "",
    }[standing]


def _said(explain: Explainer, reasons: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(explain.sentence(reason).rstrip("。.") for reason in reasons)
