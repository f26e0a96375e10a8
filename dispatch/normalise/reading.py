"""A report's words and what its source said about it, turned into facts."""

from dataclasses import dataclass

from dispatch.facts import Guess, Reason, UnitGuess
from dispatch.items import normal_form
from dispatch.normalise import lexicon
from dispatch.normalise.model import Classifier, classifier
from dispatch.vocabulary import Urgency

_ORDER = {Urgency.ROUTINE: 0, Urgency.URGENT: 1, Urgency.EMERGENCY: 2}


@dataclass(frozen=True, slots=True)
class Normalised:
    """What a text is about, as far as it can be told, and what each finding stands on."""

    nature: str
    categories: tuple[Guess, ...]
    matters: tuple[Guess, ...]
    keywords: tuple[str, ...]
    urgency: str | None
    place_type: str | None
    owner: str | None
    model: str
    evidence: tuple[Reason, ...]
    category_given: bool
    units: tuple[UnitGuess, ...] = ()


def more_urgent(one: str | None, other: str | None) -> str | None:
    """The more urgent of two, where either may be unsaid."""
    said = [Urgency(word) for word in (one, other) if word]
    return max(said, key=_ORDER.__getitem__).value if said else None


def normalise(
    text: str,
    *,
    source: str,
    keywords: tuple[str, ...],
    category: str | None = None,
    category_reason: Reason | None = None,
    nature: str | None = None,
    urgency: str | None = None,
    place_type: str | None = None,
    owner: str | None = None,
    model: Classifier | None = None,
) -> Normalised:
    """Read a text. What was given stands; what was not is read from the words, with evidence.

    `keywords` are the live list's that occur (MatchIndex.hits). Raises ImproperlyConfigured without a
    trained model: guessing by keywords alone would silently be another product.
    """
    model = model or classifier()
    plain = normal_form(text)
    evidence: list[Reason] = []
    reading = model.read(text)
    categories, matters = model.guesses(reading, category)
    if category is not None:
        evidence.append(category_reason or Reason("category_given", {"category": category}))
    if nature is None:
        found = lexicon.nature_of(plain, source)
        nature = found.value
        if found.phrase:
            evidence.append(Reason("nature_read", {"nature": nature, "phrase": found.phrase}))
    alarm = lexicon.URGENCIES.find(plain)
    # Words raise what was said, they never lower it; asking about a rule is no alarm.
    if alarm and nature not in ("enquiry", "praise", "suggestion"):
        raised = more_urgent(urgency, alarm.value)
        if raised != urgency:
            urgency = raised
            evidence.append(Reason("urgency_read", {"urgency": alarm.value, "phrase": alarm.phrase}))
    if place_type is None and (place := lexicon.PLACE_TYPES.find(plain)):
        place_type = place.value
        evidence.append(Reason("place_type_read", {"place_type": place.value, "phrase": place.phrase}))
    if owner is None and (holder := lexicon.OWNERS.find(plain)):
        owner = holder.value
        evidence.append(Reason("owner_read", {"owner": holder.value, "phrase": holder.phrase}))
    return Normalised(
        nature=nature,
        categories=tuple(categories),
        matters=tuple(matters),
        keywords=keywords,
        urgency=urgency,
        place_type=place_type,
        owner=owner,
        model=model.version,
        evidence=tuple(evidence),
        category_given=category is not None,
        units=tuple(model.units(reading, category)),
    )
