"""Who a case may go to: the candidates that the machine weighed, and what a person looks up instead."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import OrgUnit
from config import clock
from dispatch import service
from dispatch.deadlines import Limit
from dispatch.edition import Edition, edition
from dispatch.explain import Explainer
from dispatch.facts import Limits
from dispatch.models import ResponsibilityItem
from incidents.choosing import limits_for, place_of
from incidents.errors import InvalidInput
from incidents.models import DecisionRecord, Incident
from incidents.pages.wording import limit_words

# As many as a decision keeps: the number keys reach them all.
MOST_SHOWN = 8
FOUND_MOST = 8
_BY_PLACE = {
    "@street": Q(kind=OrgUnit.Kind.STREET_OFFICE),
    "@community": Q(kind=OrgUnit.Kind.COMMUNITY_STATION),
    "@owner": Q(kind__in=[OrgUnit.Kind.ENTERPRISE, OrgUnit.Kind.DEPARTMENT]),
}


@dataclass(slots=True)
class Choice:
    """One way to send a case: an item, the unit that it means here, and what speaks for and against it."""

    item: str
    matter: str
    category: str
    unit: str = ""
    unit_name: str = ""
    probability: float | None = None
    held: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    limits: str = ""
    why: str = ""
    rank: int = 0
    # Named by a person instead of the item's own unit: sent along with the item.
    names_unit: bool = False
    # Where the place does not say which unit it is, a person picks one of these.
    units: Sequence[OrgUnit] = field(default_factory=list)

    @property
    def is_unlikely(self) -> bool:
        """Does the machine all but rule it out?"""
        return self.probability is not None and self.probability < 0.1

    @property
    def value(self) -> str:
        """What the form posts: the item, and the unit where a person named it."""
        return f"{self.item}@{self.unit}" if self.names_unit else self.item


@dataclass(frozen=True, slots=True)
class Read:
    """What the machine made of a case, ready to be read."""

    record: DecisionRecord | None
    choices: tuple[Choice, ...] = ()
    reasons: tuple[str, ...] = ()
    category_share: float | None = None
    guesses: tuple[tuple[str, float], ...] = ()


class Reader:
    """Reads decisions of one case by one edition of the list, without asking the database again."""

    def __init__(self, incident: Incident, now: Edition | None = None, *, picks: bool = True) -> None:
        self.incident = incident
        self.picks = picks  # are the units listed that a place leaves open?
        self.now = now or edition()
        self.explain = Explainer(self.now.names)
        self.place = place_of(incident)

    def machine(self, record: DecisionRecord | None) -> Read:
        """The machine's decision: its candidates as choices, its reasons as sentences."""
        if record is None or "candidates" not in record.detail:
            return Read(record)
        detail = record.detail
        shown = [self._candidate(told) for told in detail["candidates"][:MOST_SHOWN]]
        for rank, choice in enumerate(shown, 1):
            choice.rank = rank
        facts = detail.get("facts", {})
        categories = facts.get("categories", ())
        share = next(
            (guess["probability"] for guess in categories if guess["code"] == self.incident.category_id), None
        )
        return Read(
            record,
            tuple(shown),
            tuple(self._said(detail.get("reasons", ()))),
            share if not facts.get("category_given") else None,
            tuple((self.explain.category(guess["code"]), guess["probability"]) for guess in categories[:3]),
        )

    def by_unit(self, unit: OrgUnit, *, why: str = "") -> Choice | None:
        """Sending it to `unit`: under its own item of the category, or else under the case's item."""
        own = service.items_of_unit(
            unit.code, category=self.incident.category_id, place=self.place, now=self.now
        )
        code = own[0] if own else self.incident.item_code
        if not code:
            anywhere = service.items_of_unit(unit.code, category=None, place=self.place, now=self.now)
            code = anywhere[0] if anywhere else ""
        return self.under(code, unit, why=why) if code else None

    def under(self, code: str, unit: OrgUnit, *, why: str = "") -> Choice | None:
        """Sending it to `unit` under this item, whoever leads that."""
        limits = self._limits(code)
        if limits is None:
            return None
        return Choice(
            item=code,
            matter=self.now.names.items.get(code, ""),
            category=self.explain.category(limits.category),
            unit=unit.code,
            unit_name=unit.name,
            limits=self._limit_line(limits),
            why=why,
            names_unit=limits.unit != unit.code,
        )

    def by_item(self, code: str) -> Choice | None:
        """Sending it under this item, to the unit that it means here."""
        limits = self._limits(code)
        if limits is None:
            return None
        pattern = self.now.index.items[code].lead_unit
        return Choice(
            item=code,
            matter=self.now.names.items.get(code, ""),
            category=self.explain.category(limits.category),
            unit=limits.unit or "",
            unit_name=self.explain.unit(limits.unit or pattern),
            limits=self._limit_line(limits),
            units=[] if limits.unit else units_for(pattern),
        )

    def found(self, words: str) -> list[Choice]:
        """Units and items that these words name, as choices; two queries."""
        words = unicodedata.normalize("NFKC", words).strip()
        if not words:
            return []
        named = Q(name_zh__icontains=words) | Q(name_en__icontains=words) | Q(code__icontains=words.lower())
        units = [choice for unit in _nearest(named, self.incident) if (choice := self.by_unit(unit))]
        items = (
            ResponsibilityItem.objects.live(clock.now())
            .filter(Q(code__startswith=words) | Q(matter_zh__contains=words) | Q(keywords__contains=[words]))
            .order_by("code")
            .values_list("code", flat=True)[:FOUND_MOST]
        )
        choices = units + [choice for code in items if (choice := self.by_item(code))]
        return choices[: 2 * FOUND_MOST]

    def _candidate(self, told: Mapping[str, Any]) -> Choice:
        limits = self._limits(told["item"])
        unit = (limits.unit if limits else None) or told.get("unit") or ""
        return Choice(
            item=told["item"],
            matter=self.now.names.items.get(told["item"], ""),
            category=self.explain.category(told["category"]),
            unit=unit,
            unit_name=self.explain.unit(unit or told["unit_pattern"]),
            probability=told["probability"],
            held=tuple(self._said(told["held"])),
            failed=tuple(self._said(told["failed"])),
            words=tuple(
                word
                for reason in told["held"]
                if reason["code"] == "keyword"
                for word in reason["params"]["words"]
            ),
            limits=self._limit_line(limits) if limits else _("No longer on the list"),
            units=units_for(told["unit_pattern"]) if not unit and self.picks else [],
        )

    def repairer(self, code: str) -> str:
        """The unit that repairs after this item at this place, by the owner that is known now; or empty."""
        limits = self._limits(code)
        return (limits.follow_up_unit or "") if limits else ""

    def _limits(self, code: str) -> Limits | None:
        try:
            return limits_for(self.incident, code, at=self.incident.received_at, now=self.now)
        except InvalidInput:
            return None

    def _limit_line(self, limits: Limits) -> str:
        parts = [
            limits.item,
            _("level %(level)s") % {"level": limits.level},
            _("accept within %(limit)s")
            % {"limit": limit_words(Limit.minutes(limits.accept_minutes, limits.urgency))},
            _("handle within %(limit)s") % {"limit": limit_words(limits.handle_limit)},
        ]
        if limits.support_units and self.incident.made_safe_at is None:  # nobody is sent along to a repair
            names = _(", ").join(self.explain.unit(code) for code in limits.support_units)
            parts.append(_("with %(units)s") % {"units": names})
        return " · ".join(parts)

    def _said(self, reasons: Iterable[Mapping[str, Any]]) -> list[str]:
        return [self.explain.sentence(reason).rstrip("。.") for reason in reasons]


def units_for(pattern: str) -> list[OrgUnit]:
    """The units that a relative pattern may mean, for a person to pick from; one query."""
    if pattern.startswith("@street/"):
        found = Q(kind=OrgUnit.Kind.STREET_TEAM, code__endswith=pattern.removeprefix("@street"))
    else:
        found = _BY_PLACE.get(pattern, Q(code=pattern))
    return list(OrgUnit.objects.open().filter(found))


def _nearest(named: Q, incident: Incident) -> list[OrgUnit]:
    """Open units by name, those of the case's own street first."""
    units = list(OrgUnit.objects.open().filter(named)[: 8 * FOUND_MOST])
    here = incident.street_code[:9]
    units.sort(key=lambda unit: (bool(here) and not unit.area_code.startswith(here), unit.path))
    return units[:FOUND_MOST]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text; `rank` says whose keyword it is, 0 nobody's."""

    text: str
    rank: int = 0


def marked(text: str, choices: Iterable[Choice]) -> list[Piece]:
    """The text with the keywords that hit, each under the rank of the first candidate that has it."""
    ranks: dict[str, int] = {}
    for choice in choices:
        for word in choice.words:
            ranks.setdefault(word.casefold(), choice.rank)
    if not ranks:
        return [Piece(text)]
    longest_first = sorted(ranks, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(word) for word in longest_first), re.IGNORECASE)
    pieces, end = [], 0
    for found in pattern.finditer(text):
        if found.start() > end:
            pieces.append(Piece(text[end : found.start()]))
        pieces.append(Piece(found[0], ranks.get(found[0].casefold(), 0)))
        end = found.end()
    if end < len(text):
        pieces.append(Piece(text[end:]))
    return pieces
