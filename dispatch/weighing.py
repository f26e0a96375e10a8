"""Whose job is it, and how sure is that: the matcher's answers over all likely readings of a report.

A report is read in several ways: as each likely category, and within it as each likely matter. Every
reading has a probability and, by the list, a unit. A unit's probability is the sum over the readings
whose decision names it. Pure: the list's index and the directory of units come in.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from dispatch.calendar import SHANGHAI
from dispatch.facts import Facts
from dispatch.index import CategoryIndex, Match, MatchIndex
from dispatch.items import Item

# Readings less likely than this change no decision and are counted with the category's plain answer.
FAINT = 0.01
# A unit that no reading leads to under this probability is not brought in by the words alone.
UNIT_FAINT = 0.0001

Resolve = Callable[[str], str | None]


@dataclass(slots=True)
class Claim:
    """One unit's standing: its summed probability, and its best item.

    `unit` is None where the place leaves the pattern open; `plain` says that the item is what its
    category's own match answers, not only what some matter would lead to.
    """

    unit: str | None
    pattern: str
    item: Item
    probability: float = 0.0
    plain: bool = False
    weight: float = 0.0  # of the reading that the item stands for


@dataclass(frozen=True, slots=True)
class Reading:
    """One likely category, and what its items answer."""

    category: str
    probability: float
    named: tuple[str, ...]
    match: Match
    units: tuple[str | None, ...]  # of the match's equal claims; more than one is ambiguous

    @property
    def is_ambiguous(self) -> bool:
        return len(self.units) > 1


@dataclass(slots=True)
class Weighed:
    """All claims, the likeliest unit first, and the readings they come from, the likeliest first."""

    claims: list[Claim] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    # What ruled out the items of a category: several reasons stand on it (see `reasons.shortfalls`).
    shortfalls: dict[str, bytes] = field(default_factory=dict)

    @property
    def best(self) -> Claim | None:
        return self.claims[0] if self.claims else None

    def reading(self, category: str) -> Reading:
        return next(one for one in self.readings if one.category == category)


def local_minute(facts: Facts) -> int:
    """The minute of the local day at which the report came."""
    return _local_minute(facts.at)


# A batch comes at one instant, and every report of it asks several times.
@lru_cache(maxsize=16)
def _local_minute(at: datetime) -> int:
    local = at.astimezone(SHANGHAI)
    return local.hour * 60 + local.minute


def weigh(facts: Facts, index: MatchIndex, resolve: Resolve, *, matter_confidence: float) -> Weighed:
    """The claims on these facts.

    `matter_confidence`: from this probability within its category on, a guessed matter counts as named,
    which lets its keyword condition hold without a keyword.
    """
    weighed = Weighed()
    claims: dict[str, Claim] = {}
    minute = local_minute(facts)
    by_category: dict[str, list[tuple[str, float]]] = {}
    for guess in facts.matters:
        item = index.items.get(guess.code)
        if item is not None:
            by_category.setdefault(item.category, []).append((guess.code, guess.probability))
    for category in facts.categories:
        rows = index.categories.get(category.code)
        if rows is None or category.probability <= 0:
            continue
        joint = by_category.get(category.code, ())
        shares = [(code, min(probability / category.probability, 1.0)) for code, probability in joint]
        owned = _of_owner(rows, facts)
        named = (*(code for code, share in shares if share >= matter_confidence), *owned)
        plain = _match(rows, facts, minute, named)
        units = _units(plain, resolve)
        weighed.readings.append(Reading(category.code, category.probability, named, plain, units))
        left = 1.0
        for code, share in shares:
            if share < FAINT or share > left:
                continue
            left -= share
            answer = plain if named == (code,) else _match(rows, facts, minute, (code, *owned))
            is_plain = answer is plain or answer.claims == plain.claims
            _count(claims, answer, category.probability * share, resolve, plain=is_plain)
        _count(claims, plain, category.probability * left, resolve, plain=True)
    if facts.units:
        claims = _by_units(facts, weighed, claims, index, resolve, matter_confidence)
    weighed.claims = sorted(claims.values(), key=lambda claim: (-claim.probability, claim.item.code))
    return weighed


def _of_owner(rows: CategoryIndex, facts: Facts) -> tuple[str, ...]:
    """The matters that the owner of the thing leads itself, where the list does not ask for this owner.

    A lid that the register gives to the drainage company is its lid whatever somebody calls it: what the
    item's words would tell is known. Words that name an owner stay words, which are weighed by themselves.
    """
    owner = facts.owner
    if owner is None or "owner" not in facts.beside_words:
        return ()
    if any(owner in item.owners for item in rows.items):
        return ()
    return tuple(item.code for item in rows.items if item.keywords and item.lead_unit == owner)


def _match(rows: CategoryIndex, facts: Facts, minute: int, named: tuple[str, ...]) -> Match:
    return rows.match(facts.keywords, facts.owner, facts.place_type, facts.source, minute, named)


def _units(match: Match, resolve: Resolve) -> tuple[str | None, ...]:
    """The different units among equal claims: two patterns may mean the same unit here."""
    return tuple(dict.fromkeys(resolve(pattern) for pattern in match.patterns))


def _count(claims: dict[str, Claim], match: Match, mass: float, resolve: Resolve, *, plain: bool) -> None:
    """Add this reading's probability to the unit that it names; equal claims share it."""
    share = mass / max(len(match.patterns), 1)
    for pattern in match.patterns:
        item = next(item for item in match.claims if item.lead_unit == pattern)
        unit = resolve(pattern)
        claim = claims.setdefault(unit or pattern, Claim(unit, pattern, item))
        claim.probability += share
        # The item shown for a unit: a category's own answer before a matter's, then the likelier.
        if (plain, share) > (claim.plain, claim.weight):
            claim.item, claim.pattern, claim.plain, claim.weight = item, pattern, plain, share


def _by_units(
    facts: Facts,
    weighed: Weighed,
    claims: dict[str, Claim],
    index: MatchIndex,
    resolve: Resolve,
    matter_confidence: float,
) -> dict[str, Claim]:
    """The claims with the probabilities that the words give to units, as far as the list allows them.

    What the words leave open, such as the kind of place, speaks for nobody: an item that waits for it
    still tells whose such reports are. What is known beside the words (an owner, a kind of place) counts
    for what it changed in the list's answers: who gained by it has that much more, who lost keeps as
    large a part of its own.
    """
    minute = local_minute(facts)
    categories = {reading.category for reading in weighed.readings}
    known = facts.beside_words
    before = claims
    if known:
        blind = replace(
            facts,
            units=(),
            owner=None if "owner" in known else facts.owner,
            place_type=None if "place_type" in known else facts.place_type,
        )
        without = weigh(blind, index, resolve, matter_confidence=matter_confidence)
        before = {claim.unit or claim.pattern: claim for claim in without.claims}
    wanted: dict[str, float] = {}
    guesses = [(guess.code, guess.probability) for guess in facts.matters]
    for code, probability in [*guesses, *((guess.item, guess.probability) for guess in facts.units)]:
        item = index.items.get(code)
        if item is None or item.category not in categories:
            continue
        unit = resolve(item.lead_unit)
        key = unit or item.lead_unit
        if key not in claims:
            if probability < UNIT_FAINT or _is_ruled_out(item, facts, minute):
                continue
            claims[key] = Claim(unit, item.lead_unit, item)
        wanted[key] = wanted.get(key, 0.0) + probability
    told = sum(wanted.values())
    total = max(told, min(1.0, sum(claim.probability for claim in claims.values())))
    rest = total - told
    others = sum(claim.probability for key, claim in claims.items() if key not in wanted) or 1.0
    for key, claim in claims.items():
        now = claim.probability
        share = wanted.get(key, rest * now / others)
        if known:
            was = before[key].probability if key in before else 0.0
            share = share + now - was if now >= was else share * now / was
        claim.probability = share
    told = sum(claim.probability for claim in claims.values())
    for claim in claims.values() if told > total else ():
        claim.probability *= total / told
    return claims


def _is_ruled_out(item: Item, facts: Facts, minute: int) -> bool:
    """Does what is known speak against it? What is not known does not."""
    return bool(
        (item.owners and facts.owner and facts.owner not in item.owners)
        or (item.place_types and facts.place_type and facts.place_type not in item.place_types)
        or (item.sources and facts.source not in item.sources)
        or (item.hours is not None and minute not in item.hours)
    )
