"""Why an item won, and why the runners-up did not: as codes with parameters, never as sentences."""

from collections.abc import Iterable

from dispatch.facts import Candidate, Facts, Reason
from dispatch.index import CategoryIndex, MatchIndex
from dispatch.items import HOURS, KEYWORDS, OWNER, PLACE_TYPE, SOURCE, Item
from dispatch.units import is_relative
from dispatch.vocabulary import Urgency
from dispatch.weighing import Claim, Reading, Resolve, Weighed, local_minute

CANDIDATES = 5
WORDS_TOLD = 5


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
    told += held(item, facts, reading)
    told += _order(item, reading, facts, index.categories[item.category])
    if is_relative(item.lead_unit) and best.unit is not None:
        told.append(Reason("unit_of_place", {"pattern": item.lead_unit, "unit": best.unit}))
    told.append(Reason("unit_probability", {"unit": best.unit or best.pattern, "probability": confidence}))
    return tuple(told)


def held(item: Item, facts: Facts, reading: Reading | None) -> list[Reason]:
    """One reason per condition that the item states and the facts meet."""
    if not item.conditions:
        return [Reason("catch_all", {"category": item.category})]
    told = []
    if item.owners and facts.owner in item.owners:
        told.append(Reason("owner", {"owner": facts.owner}))
    if item.keywords:
        words = _words(item, facts)
        share = _share(item, facts, reading)
        if words:
            told.append(Reason("keyword", {"words": words}))
        if share is not None and (not words or (reading and item.code in reading.named)):
            told.append(Reason("matter", {"item": item.code, "probability": share}))
    if item.place_types and facts.place_type in item.place_types:
        told.append(Reason("place_type", {"place_type": facts.place_type}))
    if item.hours and local_minute(facts) in item.hours:
        told.append(Reason("hours", {"hours": str(item.hours), "time": _clock(facts)}))
    if item.sources and facts.source in item.sources:
        told.append(Reason("source", {"source": facts.source}))
    return told


def failed(item: Item, facts: Facts, failures: Iterable[str]) -> list[Reason]:
    """One reason per condition that ruled the item out, with what was wanted and what was there."""
    told = []
    for condition in failures:
        if condition == KEYWORDS:
            told.append(Reason("keyword_missing", {"words": sorted(item.keywords)[:WORDS_TOLD]}))
        elif condition == OWNER:
            told.append(_unmet("owner", sorted(item.owners), facts.owner))
        elif condition == PLACE_TYPE:
            told.append(_unmet("place_type", sorted(item.place_types), facts.place_type))
        elif condition == HOURS:
            told.append(Reason("hours_differ", {"hours": str(item.hours), "time": _clock(facts)}))
        elif condition == SOURCE:
            told.append(_unmet("source", sorted(item.sources), facts.source))
    return told


def candidates(
    facts: Facts, weighed: Weighed, confidence: float, index: MatchIndex, resolve: Resolve
) -> tuple[Candidate, ...]:
    """The winner first, then the other units by probability, then what nearly matched, and why not.

    The winner has the decision's confidence; what is left of it the others share as their readings do.
    """
    told: list[Candidate] = []
    seen: set[str] = set()
    best = weighed.best
    others = sum(claim.probability for claim in weighed.claims[1:])
    for claim in weighed.claims[:CANDIDATES]:
        reading = weighed.reading(claim.item.category)
        lost = [] if claim is best else _lost(claim.item, best, weighed)
        seen.add(claim.item.code)
        told.append(
            Candidate(
                item=claim.item.code,
                category=claim.item.category,
                unit=claim.unit,
                unit_pattern=claim.pattern,
                probability=confidence
                if claim is best
                else (1 - confidence) * claim.probability / max(others, 1e-9),
                held=tuple(held(claim.item, facts, reading)),
                failed=tuple(lost),
            )
        )
    for reading in weighed.readings[:2]:
        told += _near_misses(facts, reading, index.categories[reading.category], seen, resolve)
    return tuple(told[:CANDIDATES])


def _near_misses(
    facts: Facts, reading: Reading, rows: CategoryIndex, seen: set[str], resolve: Resolve
) -> list[Candidate]:
    """Items of this category that words or a guess point to and that some condition ruled out."""
    minute = local_minute(facts)
    failing = rows.failing(facts.keywords, facts.owner, facts.place_type, facts.source, minute, reading.named)
    near: list[tuple[int, float, Item, tuple[str, ...]]] = []
    for item in rows.items:
        failures = rows.failures(item.code, failing)
        share = _share(item, facts, reading) or 0.0
        if item.code in seen or not failures or not (_words(item, facts) or share >= 0.1):
            continue
        near.append((len(failures), -share, item, failures))
    near.sort(key=lambda one: (one[0], one[1], one[2].code))
    seen.update(item.code for _count, _share, item, _failures in near)
    return [
        Candidate(
            item=item.code,
            category=item.category,
            unit=resolve(item.lead_unit),
            unit_pattern=item.lead_unit,
            probability=0.0,
            held=tuple(held(item, facts, reading)),
            failed=tuple(failed(item, facts, failures)),
        )
        for _count, _share, item, failures in near
    ]


def _order(item: Item, reading: Reading, facts: Facts, rows: CategoryIndex) -> list[Reason]:
    """What decided between this item and the next best that also matched, if anything had to."""
    failing = rows.failing(
        facts.keywords, facts.owner, facts.place_type, facts.source, local_minute(facts), reading.named
    )
    others = [other for other in rows.items if other.code != item.code and other.conditions]
    rivals = [other for other in others if not rows.failures(other.code, failing)]
    if not rivals or item.code not in {claim.code for claim in reading.match.claims}:
        return []
    rival = rivals[-1]  # the rows stand worst first
    params = {"item": item.code, "other": rival.code}
    if item.rank[1] != rival.rank[1]:
        return [Reason("before_emergency" if item.urgency == Urgency.EMERGENCY else "before_other", params)]
    if item.rank != rival.rank:
        return [Reason("before_class", {**params, "conditions": list(item.conditions)})]
    if item.code in reading.named:
        return [Reason("before_named", params)]
    if item.longest(facts.keywords) != rival.longest(facts.keywords):
        return [Reason("before_length", params)]
    return [Reason("before_code", params)] if item.lead_unit == rival.lead_unit else []


def _lost(item: Item, best: Claim | None, weighed: Weighed) -> list[Reason]:
    """Why a unit with a claim of its own was not the one."""
    if best is None:
        return []
    reading = weighed.reading(item.category)
    if any(claim.code == item.code for claim in reading.match.claims) and reading.is_ambiguous:
        return [Reason("equal_claim", {"other": best.item.code})]
    return [Reason("less_likely", {"other": best.unit or best.pattern})]


def _words(item: Item, facts: Facts) -> list[str]:
    """Its keywords that occur, the longest first."""
    words = sorted(
        (word for word in facts.keywords if word in item.keywords), key=lambda word: (-len(word), word)
    )
    return words[:WORDS_TOLD]


def _share(item: Item, facts: Facts, reading: Reading | None) -> float | None:
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
