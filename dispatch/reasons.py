"""Why an item won, and why the runners-up did not: as codes with parameters, never as sentences."""

from collections.abc import Iterable
from typing import Any

from dispatch.facts import Candidate, Facts, Reason
from dispatch.index import CategoryIndex, MatchIndex
from dispatch.items import CONDITIONS_OF, HOURS, KEYWORDS, OWNER, PLACE_TYPE, SOURCE, Item
from dispatch.units import is_relative
from dispatch.weighing import Claim, Reading, Resolve, Weighed, local_minute

CANDIDATES = 5
WORDS_TOLD = 5
# From this probability within its category on, an item is worth a look without any of its words.
NEAR = 0.1


def of_winner(
    facts: Facts, weighed: Weighed, best: Claim, confidence: float, index: MatchIndex, resolve: Resolve
) -> tuple[Reason, ...]:
    """The category, the conditions that held, what it stood before, its unit, and how sure that is."""
    item = best.item
    reading = weighed.reading(item.category)
    told = []
    if not facts.category_given:
        told.append(
            Reason("category_guess", {"category": reading.category, "probability": reading.probability})
        )
    told += held(item, facts, reading, meant=not best.plain)
    told += _order(item, reading, weighed, facts, index.categories[item.category])
    if is_relative(item.lead_unit) and best.unit is not None:
        told.append(Reason("unit_of_place", {"pattern": item.lead_unit, "unit": best.unit}))
    told.append(Reason("unit_probability", {"unit": best.unit or best.pattern, "probability": confidence}))
    return tuple(told)


def held(item: Item, facts: Facts, reading: Reading | None, *, meant: bool = False) -> list[Reason]:
    """One reason per condition that the item states and the facts meet.

    `meant`: the item stands for the reading that takes the text to mean it, words or no words.
    """
    if not item.conditions:
        return [Reason("catch_all", {"category": item.category})]
    told = []
    if item.owners and facts.owner in item.owners:
        told.append(Reason("owner", {"owner": facts.owner}))
    if item.keywords:
        words = words_of(item, facts)
        if words:
            told.append(Reason("keyword", {"words": words}))
        if item.lead_unit == facts.owner and "owner" in facts.beside_words:
            told.append(Reason("led_by_owner", {"owner": facts.owner}))
        elif meant or (reading is not None and item.code in reading.named):
            told.append(
                Reason("matter", {"item": item.code, "probability": share_of(item, facts, reading) or 0.0})
            )
    if item.place_types and facts.place_type in item.place_types:
        told.append(Reason("place_type", {"place_type": facts.place_type}))
    if item.hours and local_minute(facts) in item.hours:
        told.append(Reason("hours", {"hours": str(item.hours), "time": _clock(facts)}))
    if item.sources and facts.source in item.sources:
        told.append(Reason("source", {"source": facts.source}))
    return told


def failed(item: Item, facts: Facts, reading: Reading | None, shortfall: int) -> list[Reason]:
    """One reason per condition that ruled the item out, with what was wanted and what was there.

    `shortfall`: its byte of CategoryIndex.shortfalls.
    """
    told = []
    for condition in CONDITIONS_OF[shortfall]:
        if condition == KEYWORDS:
            words = sorted(item.keywords)[:WORDS_TOLD]
            share = share_of(item, facts, reading)
            if share is None:
                told.append(Reason("keyword_missing", {"words": words}))
            else:
                told.append(Reason("matter_faint", {"words": words, "probability": share}))
        elif condition == OWNER:
            told.append(_unmet("owner", sorted(item.owners), facts.owner))
        elif condition == PLACE_TYPE:
            told.append(_unmet("place_type", sorted(item.place_types), facts.place_type))
        elif condition == HOURS:
            told.append(Reason("hours_differ", {"hours": str(item.hours), "time": _clock(facts)}))
        elif condition == SOURCE:
            told.append(_unmet("source", sorted(item.sources), facts.source))
    return told


def behind(item: Item, first: Item, facts: Facts, reading: Reading) -> Reason:
    """By which rule of the order `first` stands before an item that also holds everything it asks."""
    rule, params = _rule(first, item, facts, reading)
    return Reason(f"behind_{rule}", {"item": item.code, "other": first.code, **params})


def candidates(
    facts: Facts, weighed: Weighed, confidence: float, index: MatchIndex, resolve: Resolve
) -> tuple[Candidate, ...]:
    """The winner first, then the other units by probability, then what nearly matched, and why not.

    The winner has the decision's confidence, and the others what their readings have beside it: never more
    than the winner, and together never more than it leaves. Where it is less sure than its readings add up
    to, so are they: the rest is nobody's who is named here.
    """
    told: list[Candidate] = []
    seen: set[str] = set()
    best = weighed.best
    others = sum(claim.probability for claim in weighed.claims[1:])
    surer = confidence / max(best.probability, 1e-9) if best is not None else 0.0
    scale = min(surer, (1 - confidence) / max(others, 1e-9))
    for claim in weighed.claims[:CANDIDATES]:
        reading = weighed.reading(claim.item.category)
        seen.add(claim.item.code)
        told.append(
            Candidate(
                item=claim.item.code,
                category=claim.item.category,
                unit=claim.unit,
                unit_pattern=claim.pattern,
                probability=confidence if claim is best else claim.probability * scale,
                held=tuple(held(claim.item, facts, reading, meant=not claim.plain)),
                failed=() if claim is best else tuple(lost(claim, weighed, facts, index)),
            )
        )
    for reading in weighed.readings[:2]:
        if left := CANDIDATES - len(told):
            rows = index.categories[reading.category]
            told += _near_misses(facts, weighed, reading, rows, seen, resolve, most=left)
    return tuple(told)


def lost(claim: Claim, weighed: Weighed, facts: Facts, index: MatchIndex) -> list[Reason]:
    """Why a unit with a claim of its own was not the one."""
    item, best = claim.item, weighed.best
    if best is None:
        return []
    reading = weighed.reading(item.category)
    claims = reading.match.claims
    is_first = _is_among(item, claims)
    if is_first and reading.is_ambiguous:
        return [Reason("equal_claim", {"other": best.item.code})]
    told = []
    if not is_first and claims:
        rows = index.categories[item.category]
        if not _short(weighed, facts, reading, rows)[rows.positions[item.code]]:
            told.append(behind(item, claims[0], facts, reading))
    return [*told, Reason("less_likely", {"other": best.unit or best.pattern})]


def shortfalls(facts: Facts, reading: Reading, rows: CategoryIndex) -> bytes:
    """Per row of the category what rules it out: see CategoryIndex.shortfalls."""
    minute = local_minute(facts)
    return rows.shortfalls(facts.keywords, facts.owner, facts.place_type, facts.source, minute, reading.named)


def _short(weighed: Weighed, facts: Facts, reading: Reading, rows: CategoryIndex) -> bytes:
    """`shortfalls`, asked for once."""
    found = weighed.shortfalls.get(reading.category)
    if found is None:
        found = weighed.shortfalls[reading.category] = shortfalls(facts, reading, rows)
    return found


def _is_among(item: Item, claims: Iterable[Item]) -> bool:
    """Of one list's items each is there once: comparing them field by field would say the same."""
    return any(one is item for one in claims)


def _near_misses(
    facts: Facts,
    weighed: Weighed,
    reading: Reading,
    rows: CategoryIndex,
    seen: set[str],
    resolve: Resolve,
    *,
    most: int,
) -> list[Candidate]:
    """What else of this category is worth a look, and why it is not the answer; the first `most`.

    First the items that held everything they ask and stand behind by the order, then those that words
    or a guess point to and that some condition ruled out.
    """
    near: list[tuple[int, float, Item, int]] = []
    told = {guess.code: guess.probability for guess in reversed(facts.matters)}
    for item, shortfall in zip(rows.items, _short(weighed, facts, reading, rows), strict=True):
        if item.code in seen or not item.conditions:
            continue
        share = min(told.get(item.code, 0.0) / reading.probability, 1.0) if reading.probability else 0.0
        if not shortfall or share >= NEAR or not item.keywords.isdisjoint(facts.keywords):
            near.append((len(CONDITIONS_OF[shortfall]), -share, item, shortfall))
    near.sort(key=lambda one: (one[0], one[1], one[2].code))
    seen.update(item.code for _count, _share, item, _shortfall in near)
    return [
        Candidate(
            item=item.code,
            category=item.category,
            unit=resolve(item.lead_unit),
            unit_pattern=item.lead_unit,
            probability=0.0,
            held=tuple(held(item, facts, reading)),
            failed=tuple(failed(item, facts, reading, shortfall))
            if shortfall
            else (behind(item, reading.match.claims[0], facts, reading),),
        )
        for _count, _share, item, shortfall in near[:most]
    ]


def _order(item: Item, reading: Reading, weighed: Weighed, facts: Facts, rows: CategoryIndex) -> list[Reason]:
    """What decided between this item and the next best that also matched, if anything had to."""
    if not _is_among(item, reading.match.claims):
        return []
    short = _short(weighed, facts, reading, rows)
    holding = [
        other
        for other, shortfall in zip(rows.items, short, strict=True)
        if not shortfall and other.code != item.code and other.conditions
    ]
    if not holding:
        return []
    rival = holding[-1]  # the rows stand worst first
    rule, params = _rule(item, rival, facts, reading)
    if rule == "code" and item.lead_unit != rival.lead_unit:
        return []
    return [Reason(f"before_{rule}", {"item": item.code, "other": rival.code, **params})]


def _rule(first: Item, other: Item, facts: Facts, reading: Reading) -> tuple[str, dict[str, Any]]:
    """The first rule of the order that tells two holding items apart, and what it stands on."""
    if first.rank[0] != other.rank[0]:
        return "stated", {}
    if first.rank[1] != other.rank[1]:
        return "emergency", {}
    if first.rank != other.rank:
        # The weightiest condition that one states and the other does not; first has the greater sum.
        return "class", {
            "conditions": [name for name in first.conditions if name not in other.conditions][:1]
        }
    if first.keywords and first.code in reading.named and other.code not in reading.named:
        return "named", {}
    length, other_length = first.longest(facts.keywords), other.longest(facts.keywords)
    if length != other_length and first.code not in reading.named:
        return "length", {"words": words_of(first, facts)[:1], "length": length, "other_length": other_length}
    return "code", {}


def words_of(item: Item, facts: Facts) -> list[str]:
    """Its keywords that occur, the longest first."""
    words = sorted(
        (word for word in facts.keywords if word in item.keywords), key=lambda word: (-len(word), word)
    )
    return words[:WORDS_TOLD]


def share_of(item: Item, facts: Facts, reading: Reading | None) -> float | None:
    """The matter's probability within its category, where it was guessed at all."""
    joint = next((guess.probability for guess in facts.matters if guess.code == item.code), None)
    if joint is None or reading is None or not reading.probability:
        return None
    return min(joint / reading.probability, 1.0)


def _unmet(condition: str, wanted: list[str], actual: str | None) -> Reason:
    if actual is None:
        return Reason(f"{condition}_unknown", {"wanted": wanted})
    return Reason(f"{condition}_differs", {"wanted": wanted, "actual": actual})


def _clock(facts: Facts) -> str:
    minute = local_minute(facts)
    return f"{minute // 60:02}:{minute % 60:02}"
