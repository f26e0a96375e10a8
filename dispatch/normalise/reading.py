"""A report's words and what its source said about it, turned into facts."""

from dataclasses import dataclass
from typing import Any

from dispatch.facts import Guess, Reason, UnitGuess
from dispatch.normalise import lexicon, talk
from dispatch.normalise import urgency as alarms
from dispatch.normalise.backends import Reader, reader
from dispatch.normalise.backends.interface import Beside
from dispatch.normalise.folding import folded, is_foreign
from dispatch.normalise.model import Reading
from dispatch.vocabulary import Nature, Source, Urgency

# What machines say is neither thanks nor a test, and about one thing.
_MACHINES = frozenset({Source.SENSOR, Source.AI_VIDEO})
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
    talk: str | None = None


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
    is_calm: bool = False,
    model: Reader | None = None,
    reading: Reading | None = None,
) -> Normalised:
    """Read a text. What was given stands; what was not is read from the words, with evidence.

    `keywords` are the live list's that occur (MatchIndex.hits). Raises ImproperlyConfigured without a
    trained model: guessing by keywords alone would silently be another product. `is_calm`: a person has
    said that what sounds like danger is none. `reading`: what this model reads in the text, where it has.
    """
    model = model or reader()
    plain = folded(text)
    evidence: list[Reason] = []
    reading = reading or model.read(text)
    # The examples are Chinese: of other words the reader knows none, and would tell its most frequent ones.
    is_unread = category is None and is_foreign(plain) and not (isinstance(model, Beside) and model.is_told)
    categories, matters = ([], []) if is_unread else model.guesses(reading, category)
    if is_unread:
        evidence.append(Reason("words_foreign"))
    if category is not None:
        evidence.append(category_reason or Reason("category_given", {"category": category}))
    is_nature_given = nature is not None
    if nature is None:
        found = lexicon.nature_of(plain, source)
        nature = found.value
        if found.phrase:
            evidence.append(Reason("nature_read", {"nature": nature, "phrase": found.phrase}))
    alarm = None if is_calm else alarms.find(plain, nature)
    # Words raise what was said, they never lower it.
    if alarm:
        raised = more_urgent(urgency, alarm.urgency)
        if raised != urgency:
            urgency = raised
            told = {"urgency": alarm.urgency, "phrase": alarm.phrase, "danger": alarm.danger}
            evidence.append(Reason("urgency_read", told))
    said = None if is_unread else _talk(text, source, reading, model, alarm, is_given=category is not None)
    if said:
        talks: dict[str, Any] = {
            "talk": said.code,
            "probability": said.probability,
            "categories": list(said.categories),
        }
        evidence.append(Reason("talk_read", talks))
        if said.code == talk.THANKS and not is_nature_given:
            nature = Nature.PRAISE.value
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
        units=() if is_unread else tuple(model.units(reading, category)),
        talk=said.code if said else None,
    )


def _talk(
    text: str, source: str, reading: Reading, model: Reader, alarm: alarms.Alarm | None, *, is_given: bool
) -> talk.Talk | None:
    """What the text is instead of one report. Where somebody has named its category, only what is quite
    sure to be talk counts; who is in danger never just talks."""
    if source in _MACHINES or (alarm and alarm.urgency == Urgency.EMERGENCY):
        return None
    talker = talk.talker()
    found = talker.find(text)
    if found and found.probability < 1.0 and alarms.is_spoken_of(folded(text)):
        found = None  # whatever else it is: a person reads it among the reports
    if is_given:
        return found if found and found.probability == 1.0 and found.code in (talk.TEST, talk.SPAM) else None
    return found or talker.several_matters(text, reading, lambda part: model.read(part), model.categories)
