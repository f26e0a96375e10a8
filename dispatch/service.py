"""Deciding: what is it, whose job is it, by when. Takes facts, returns a Decision, writes nothing.

`decide_many` is the real function; `decide` is it with one element. Both make one statement to see
whether the list or the calendar changed, one more where a source's own category names are mapped.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext

from dispatch import conduct, reasons
from dispatch.edition import Edition, edition
from dispatch.errors import FactsError, UnknownItem
from dispatch.facts import (
    DISPATCHED,
    TRIAGE,
    Decision,
    Doubt,
    Facts,
    Guess,
    Limits,
    PlaceFacts,
    Reason,
    Verdict,
)
from dispatch.items import Item
from dispatch.models import SourceCategory
from dispatch.normalise import normalise, talk
from dispatch.normalise import urgency as alarms
from dispatch.normalise.backends import Reader, reader, readings, second_reader
from dispatch.normalise.folding import folded
from dispatch.normalise.model import Reading as TextReading
from dispatch.normalise.reading import Normalised, more_urgent
from dispatch.surroundings import look_around
from dispatch.units import is_relative
from dispatch.vocabulary import Nature, PlaceType, Source, Urgency
from dispatch.weighing import Claim, Resolve, Weighed, weigh

# Minutes to dispatch and to accept that an urgency asks for, where no item says otherwise or the
# report itself is more urgent than its item.
MINUTES = {Urgency.ROUTINE: (120, 240), Urgency.URGENT: (30, 60), Urgency.EMERGENCY: (10, 15)}
# What an event without an item is held to until a person has decided.
UNDECIDED_LEVEL, UNDECIDED_LIMIT = "D", "5wd"

NO_PLACE = PlaceFacts()


@dataclass(frozen=True, slots=True)
class Request:
    """One report's facts as they came. What is None is read from the text."""

    text: str
    source: str
    at: datetime
    place: PlaceFacts = NO_PLACE
    category: str | None = None
    source_category: str | None = None
    nature: str | None = None
    place_type: str | None = None
    owner: str | None = None
    urgency: str | None = None
    is_calm: bool = False  # a person has said that what sounds like danger is none
    attributes: Mapping[str, Any] = field(default_factory=dict)
    # The reporter's own name, numbers and address: for nothing but to blot them out of what leaves the house.
    known: tuple[str, ...] = ()


def decide(
    *,
    text: str,
    source: str,
    at: datetime,
    place: PlaceFacts = NO_PLACE,
    category: str | None = None,
    source_category: str | None = None,
    nature: str | None = None,
    place_type: str | None = None,
    owner: str | None = None,
    urgency: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Decision:
    """Decide one report. Raises FactsError, NoLiveList, ImproperlyConfigured (no trained model)."""
    request = Request(
        text=text,
        source=source,
        at=at,
        place=place,
        category=category,
        source_category=source_category,
        nature=nature,
        place_type=place_type,
        owner=owner,
        urgency=urgency,
        attributes=attributes or {},
    )
    return decide_many([request])[0]


def decide_many(
    requests: Sequence[Request], *, now: Edition | None = None, may_ask: Callable[[], bool] | None = None
) -> list[Decision]:
    """Decide a batch, by one edition of the list: the one handed in, or the one that is live.

    `may_ask`: the caller has no transaction open, so that a single report which the reader is unsure of
    may be put to a chat model, where one was chosen and measured, and where it answers yes.

    Raises FactsError for the first request with an impossible fact; check() finds it beforehand.
    """
    now = now or edition()
    model = reader()
    decisions = [_settle(facts, now, model) for facts in read(requests, now=now, model=model)]
    # Of a batch nobody is asked: it would wait for each in turn.
    if may_ask is not None and len(requests) == 1 and _UNSURE.issuperset(decisions[0].triage_codes):
        decisions = [_asked_again(requests[0], decisions[0], now, may_ask)]
    return decisions


# What a better reading of the words can mend; whatever else holds a report up is for a person.
_UNSURE = frozenset({"low_confidence", "ambiguous", "no_match"})


def _asked_again(request: Request, decision: Decision, now: Edition, may_ask: Callable[[], bool]) -> Decision:
    """What a chat model's word makes of a report that the built-in reader is unsure of; else the same."""
    if decision.is_dispatched or decision.facts.category_given:
        return decision
    model = second_reader()
    if model is None or not may_ask():
        return decision
    told = model.having_asked(request.text, request.known)
    if told is None:
        return decision
    again = _settle(read([request], now=now, model=told)[0], now, told)
    return again if again.is_dispatched else decision


# Built once: an enumeration makes its list of values anew each time that it is asked.
_VOCABULARIES = {
    "source": frozenset(Source.values),
    "nature": frozenset(Nature.values),
    "place_type": frozenset(PlaceType.values),
    "urgency": frozenset(Urgency.values),
}


def check(request: Request, now: Edition) -> None:
    """Raise FactsError if a given fact is none that the list knows."""
    if request.category is not None and request.category not in now.names.categories:
        told = gettext("There is no category “%(code)s”.") % {"code": request.category}
        raise FactsError("category", "unknown", told)
    for name, known in _VOCABULARIES.items():
        word = getattr(request, name)
        if word is not None and word not in known:
            told = gettext("“%(code)s” is not in the list of allowed values.") % {"code": word}
            raise FactsError(name, "unknown", told)
    if request.owner not in (None, "private", "unknown") and request.owner not in now.units.codes:
        told = gettext("There is no unit “%(code)s”.") % {"code": request.owner}
        raise FactsError("owner", "unknown", told)


def judge(facts: Facts, now: Edition, model: Reader) -> Verdict:
    """What a decision on these facts comes to, without the reasons: for many facts at once."""
    weighed = weigh(facts, now.index, _resolver(facts, now), matter_confidence=settings.MATTER_CONFIDENCE)
    return _judge(facts, weighed, now, model)[0]


def decide_facts(facts: Facts, *, now: Edition | None = None, model: Reader | None = None) -> Decision:
    """Decide on facts already read: a recorded case again, or a rehearsal of another list."""
    return _settle(facts, now or edition(), model or reader())


def decide_item(
    item_code: str,
    *,
    place: PlaceFacts,
    at: datetime,
    owner: str | None = None,
    urgency: str | None = None,
    now: Edition | None = None,
) -> Limits:
    """The unit and the limits of an item that a person chose. Raises UnknownItem."""
    if at.tzinfo is None:
        raise ValueError("deciding takes aware datetimes only")
    now = now or edition()
    item = now.index.items.get(item_code)
    if item is None:
        raise UnknownItem(f"There is no item {item_code!r} in version {now.version} of the list.")
    return _limits(item, place, owner, urgency, now)


def items_of_unit(
    unit: str, *, category: str | None, place: PlaceFacts, now: Edition | None = None
) -> list[str]:
    """Codes of the items (of one category, or of all) whose lead this unit is at this place."""
    now = now or edition()
    return [
        item.code
        for item in now.index.items.values()
        if (category is None or item.category == category)
        and now.units.resolve(item.lead_unit, street=place.street, community=place.community) == unit
    ]


def _mapped(requests: Iterable[Request]) -> dict[tuple[str, str], str]:
    """Our category for each of the sources' own names that the table knows."""
    asked = {
        (request.source, request.source_category.strip())
        for request in requests
        if request.category is None and request.source_category
    }
    if not asked:
        return {}
    wanted = Q()
    for source, name in sorted(asked):
        wanted |= Q(source=source, name=name)
    rows = SourceCategory.objects.filter(wanted).values_list("source", "name", "category_id")
    return {(source, name): category for source, name, category in rows}


def read(requests: Sequence[Request], *, now: Edition, model: Reader | None = None) -> list[Facts]:
    """The facts that `decide_many` would decide on. Raises FactsError like it."""
    for request in requests:
        check(request, now)
    mapped, model = _mapped(requests), model or reader()
    told = readings(model, [request.text for request in requests])
    return [
        _read(request, mapped, now, model, reading) for request, reading in zip(requests, told, strict=True)
    ]


def _read(
    request: Request,
    mapped: Mapping[tuple[str, str], str],
    now: Edition,
    model: Reader,
    reading: TextReading,
) -> Facts:
    category, why, unmapped = request.category, None, None
    if category is None and request.source_category:
        name = request.source_category.strip()
        category = mapped.get((request.source, name))
        params = {"source": request.source, "name": name, "category": category}
        if category is None:
            unmapped = Reason("source_category_unknown", {"source": request.source, "name": name})
        else:
            why = Reason("category_mapped", params)
    category = now.moved.get(category, category) if category is not None else None
    plain = folded(request.text)
    told = normalise(
        request.text,
        source=request.source,
        keywords=now.index.hits(plain),
        category=category,
        category_reason=why,
        nature=request.nature,
        urgency=request.urgency,
        place_type=request.place_type,
        owner=request.owner,
        is_calm=request.is_calm,
        model=model,
        reading=reading,
    )
    around = look_around(request.text, plain, request.place, told, given_owner=request.owner)
    return Facts(
        source=request.source,
        at=request.at,
        categories=_in_use(told.categories, now),
        matters=told.matters,
        units=told.units,
        keywords=told.keywords,
        nature=told.nature,
        urgency=told.urgency,
        place_type=request.place_type or around.place_type,
        owner=request.owner or around.owner,
        cell=request.place.cell,
        community=request.place.community,
        street=request.place.street,
        in_district=request.place.in_district,
        category_given=told.category_given,
        evidence=(*told.evidence, *around.evidence, *([unmapped] if unmapped else [])),
        facility=around.facility,
        place_given=request.place.is_settled,
        doubts=tuple(around.doubts),
        talk=told.talk,
        calm=category is None and _is_calm(request, plain, told),
        attributes=dict(request.attributes),
        about=_complained_of(request, plain, told, now),
    )


def _in_use(guesses: tuple[Guess, ...], now: Edition) -> tuple[Guess, ...]:
    """Guesses at categories that are switched off are guesses at their successors: the examples that the
    classifier has learnt from know nothing of it."""
    if not any(guess.code in now.moved for guess in guesses):
        return guesses
    sums: dict[str, float] = {}
    for guess in guesses:
        code = now.moved.get(guess.code, guess.code)
        sums[code] = sums.get(code, 0.0) + guess.probability
    ordered = sorted(sums.items(), key=lambda pair: -pair[1])
    return tuple(Guess(code, min(1.0, probability)) for code, probability in ordered)


def _complained_of(request: Request, plain: str, told: Normalised, now: Edition) -> tuple[str, ...]:
    """Whom a complaint about conduct names; of other matters nobody is complained of."""
    if not told.categories or told.categories[0].code != conduct.CATEGORY:
        return ()
    place = request.place
    return conduct.complained_of(plain, now.units, street=place.street, community=place.community)


_TALK = frozenset({talk.EMPTY, talk.THANKS, talk.TEST, talk.SPAM})


def _is_calm(request: Request, plain: str, told: Normalised) -> bool:
    """Does the text say that nothing presses, so that no category that is guessed may?"""
    if request.is_calm or told.talk in _TALK or told.nature in (Nature.PRAISE, Nature.SUGGESTION):
        return True
    if told.urgency == Urgency.EMERGENCY:
        return False
    return alarms.is_denied(plain) or alarms.is_only_asked(plain, told.nature)


def _guessed_emergency(facts: Facts, best: Claim) -> bool:
    """Is it an emergency by nothing but the category that its words were read as?"""
    given = facts.category_given or facts.matter_given
    is_emergency = best.item.urgency == Urgency.EMERGENCY and facts.urgency != Urgency.EMERGENCY
    return is_emergency and not given and not facts.calm


def _resolver(facts: Facts, now: Edition) -> Resolve:
    """Whose a pattern is at this place."""

    def resolve(pattern: str) -> str | None:
        return now.units.resolve(pattern, street=facts.street, community=facts.community, owner=facts.owner)

    return resolve


def _judge(
    facts: Facts, weighed: Weighed, now: Edition, model: Reader
) -> tuple[Verdict, float, list[Reason]]:
    """What it comes to, the confidence to its last digit, and why a person must look at it."""
    best = weighed.best
    confidence = 0.0
    if best is not None:
        summed = min(best.probability, 1.0)
        certain = facts.matter_given or (facts.category_given and len(weighed.claims) == 1)
        # Where every reading of a given category names one unit there is nothing left to guess.
        confidence = 1.0 if certain else model.unit_probability(summed, category_given=facts.category_given)
    threshold = _threshold(facts, model)
    obstacles = _obstacles(facts, weighed, best, confidence, threshold)
    if best is not None and best.unit is not None and conduct.is_own(best.unit, facts.about, now.units):
        told = {"unit": best.unit, "about": list(facts.about)}
        obstacles.append(Reason("conflict_of_interest", told))
    if facts.doubts:
        obstacles += _differences(facts, best, now)
    codes = tuple(reason.code for reason in obstacles)
    if best is None:
        urgency = facts.urgency or Urgency.ROUTINE.value
        dispatch_minutes, accept_minutes = MINUTES[Urgency(urgency)]
        category = facts.categories[0].code if facts.categories else None
        nothing = Verdict(
            outcome=TRIAGE,
            category=category,
            item=None,
            unit=None,
            pattern=None,
            confidence=0.0,
            triage_codes=codes,
            urgency=urgency,
            level=UNDECIDED_LEVEL,
            dispatch_minutes=dispatch_minutes,
            accept_minutes=accept_minutes,
            handle_limit=UNDECIDED_LIMIT,
        )
        return nothing, confidence, obstacles
    item = best.item
    if facts.calm:
        urgency = facts.urgency or Urgency.ROUTINE.value
        dispatch_minutes, accept_minutes = MINUTES[Urgency(urgency)]
    else:
        urgency, dispatch_minutes, accept_minutes = _pressed(item, facts.urgency)
    verdict = Verdict(
        outcome=TRIAGE if codes else DISPATCHED,
        category=item.category,
        item=item.code,
        unit=best.unit,
        pattern=best.pattern,
        confidence=round(confidence, 4),
        triage_codes=codes,
        urgency=urgency,
        level=item.level,
        dispatch_minutes=dispatch_minutes,
        accept_minutes=accept_minutes,
        handle_limit=item.handle_limit,
    )
    return verdict, confidence, obstacles


def _settle(facts: Facts, now: Edition, model: Reader) -> Decision:
    resolve = _resolver(facts, now)
    weighed = weigh(facts, now.index, resolve, matter_confidence=settings.MATTER_CONFIDENCE)
    verdict, confidence, obstacles = _judge(facts, weighed, now, model)
    best = weighed.best
    why = reasons.of_winner(facts, weighed, best, confidence, now.index, resolve) if best else ()
    if best is not None and _guessed_emergency(facts, best):
        told = {"category": best.item.category, "probability": confidence}
        why = (*why, Reason("urgency_guessed", told))
    place = PlaceFacts(facts.cell, facts.community, facts.street, facts.in_district)
    limits = _limits(best.item, place, facts.owner, facts.urgency, now) if best else None
    return Decision(
        outcome=verdict.outcome,
        category=verdict.category,
        item=verdict.item,
        unit=verdict.unit,
        confidence=verdict.confidence,
        reasons=(*facts.evidence, *why, *obstacles),
        candidates=reasons.candidates(facts, weighed, confidence, now.index, resolve),
        urgency=verdict.urgency,
        level=verdict.level,
        dispatch_minutes=verdict.dispatch_minutes,
        accept_minutes=verdict.accept_minutes,
        handle_limit=verdict.handle_limit,
        support_units=limits.support_units if limits else (),
        follow_up_unit=limits.follow_up_unit if limits else None,
        supervising_unit=limits.supervising_unit if limits else None,
        triage_codes=verdict.triage_codes,
        list_version=now.version,
        model=model.version,
        facts=facts,
    )


def _threshold(facts: Facts, model: Reader) -> float:
    """From which probability on a report may go out by itself: as measured, for the precision wanted."""
    given = facts.category_given or facts.matter_given
    wanted = settings.AUTO_DISPATCH_PRECISION_GIVEN if given else settings.AUTO_DISPATCH_PRECISION
    return model.threshold(float(wanted), category_given=given)


def _obstacles(
    facts: Facts, weighed: Weighed, best: Claim | None, confidence: float, threshold: float
) -> list[Reason]:
    """Why a person must look at it; empty when it may go out by itself."""
    obstacles = []
    if _needs_a_person_at_once(facts, best):
        obstacles.append(Reason("emergency"))
    if facts.talk is not None:
        obstacles.append(Reason(facts.talk))
    if facts.in_district is False:
        obstacles.append(Reason("out_of_area"))
    obstacles += [
        Reason("place_unknown", reason.params["params"])
        for reason in facts.evidence
        if reason.code == "place_read" and reason.params["code"] == "region_unknown"
    ]
    if facts.nature == Nature.ENQUIRY:
        # Most questions are answered on the spot, by the operator who has them in view.
        obstacles.append(Reason("enquiry"))
    if best is None:
        obstacles.append(Reason("no_match"))
        return obstacles
    if best.unit is None:
        obstacles.append(Reason("unit_unknown", {"pattern": best.pattern}))
        if is_relative(best.pattern) and facts.street is None:
            obstacles.append(Reason("no_place"))
    reading = weighed.reading(best.item.category)
    if best.plain and reading.is_ambiguous:
        told = {"items": [item.code for item in reading.match.claims], "units": list(reading.match.patterns)}
        obstacles.append(Reason("ambiguous", told))
    if confidence < threshold:
        obstacles.append(Reason("low_confidence", {"confidence": confidence, "threshold": threshold}))
    return obstacles


def _needs_a_person_at_once(facts: Facts, best: Claim | None) -> bool:
    """Do the words tell of danger, where the matter is not one of those whose units answer danger?

    Whoever threatens to jump in a matter of wages needs somebody else than the labour office, and now.
    """
    if facts.urgency != Urgency.EMERGENCY or (best is not None and best.item.urgency == Urgency.EMERGENCY):
        return False
    return any(reason.code == "urgency_read" for reason in facts.evidence)


def _differences(facts: Facts, best: Claim | None, now: Edition) -> list[Reason]:
    """What else may be true of the place or the owner, where it would be another unit's: a person decides.

    One reason for each code, with the unit that each possibility leads to.
    """
    unit = best.unit if best else None
    found: dict[str, list[tuple[Doubt, str | None]]] = {}
    for doubt in facts.doubts:
        other = doubt.instead(facts)
        resolve = _resolver(other, now)
        weighed = weigh(other, now.index, resolve, matter_confidence=settings.MATTER_CONFIDENCE)
        there = weighed.best.unit if weighed.best else None
        if there != unit or other.in_district is False:
            found.setdefault(doubt.code, []).append((doubt, there))
    return [
        Reason(
            code,
            {
                "area": facts.community or facts.street,
                "unit": unit,
                "others": [
                    {"area": doubt.community or doubt.street, "owner": doubt.owner, "unit": there}
                    for doubt, there in pairs
                ],
            },
        )
        for code, pairs in found.items()
    ]


def _limits(item: Item, place: PlaceFacts, owner: str | None, urgency: str | None, now: Edition) -> Limits:
    """The item's limits, tightened where the report is more urgent than its item; units resolved."""

    def resolve(pattern: str) -> str | None:
        return now.units.resolve(pattern, street=place.street, community=place.community, owner=owner)

    told, dispatch_minutes, accept_minutes = _pressed(item, urgency)
    supporting = (resolve(pattern) for pattern in item.support_units)
    return Limits(
        item=item.code,
        category=item.category,
        unit=resolve(item.lead_unit),
        urgency=told,
        level=item.level,
        dispatch_minutes=dispatch_minutes,
        accept_minutes=accept_minutes,
        handle_limit=item.handle_limit,
        support_units=tuple(dict.fromkeys(unit for unit in supporting if unit)),
        follow_up_unit=resolve(item.follow_up_unit),
        supervising_unit=resolve(item.supervising_unit),
        list_version=now.version,
    )


def _pressed(item: Item, urgency: str | None) -> tuple[str, int, int]:
    """The urgency that rules, and the minutes to dispatch and to accept under it."""
    told = more_urgent(item.urgency, urgency) or item.urgency
    if told == item.urgency:
        return told, item.dispatch_minutes, item.accept_minutes
    dispatch_minutes, accept_minutes = MINUTES[Urgency(told)]
    return told, min(item.dispatch_minutes, dispatch_minutes), min(item.accept_minutes, accept_minutes)
