"""A decision as it is kept for ever, in JSON's terms.

`Decision.as_json` says the same of any value, field by field; this knows what a decision is made of, and
takes what needs no change as it is. A test holds both to one another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from dispatch.facts import Candidate, Decision, Facts, Guess, Reason, as_json


def kept(decision: Decision) -> dict[str, Any]:
    """The decision without its source's free attributes, which can hold anything and stay with the report."""
    said = _Said()
    told = dict(zip(_DECISION, _of_decision(decision), strict=True))
    told["confidence"] = round(decision.confidence, 4)
    told["reasons"] = said.reasons(decision.reasons)
    told["candidates"] = [_candidate(one, said) for one in decision.candidates]
    told["support_units"] = list(decision.support_units)
    told["triage_codes"] = list(decision.triage_codes)
    told["facts"] = _facts(decision.facts, said)
    return told


class _Said:
    """What was said of a decision: its facts, its reasons and its candidates name some of it twice."""

    def __init__(self) -> None:
        self._told: dict[int, dict[str, Any]] = {}

    def reasons(self, reasons: Iterable[Reason]) -> list[dict[str, Any]]:
        told = self._told
        found = []
        for one in reasons:
            known = told.get(id(one))
            if known is None:
                known = told[id(one)] = as_json(one)
            found.append(known)
        return found


def _names(kind: Any, *, but: Sequence[str] = ()) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in but)


_DECISION: Final = _names(Decision)
_CANDIDATE: Final = _names(Candidate)
_FACTS: Final = _names(Facts, but=("attributes",))
_of_decision, _of_candidate, _of_facts = attrgetter(*_DECISION), attrgetter(*_CANDIDATE), attrgetter(*_FACTS)


def _candidate(one: Candidate, said: _Said) -> dict[str, Any]:
    told = dict(zip(_CANDIDATE, _of_candidate(one), strict=True))
    told["probability"] = round(one.probability, 4)
    told["held"] = said.reasons(one.held)
    told["failed"] = said.reasons(one.failed)
    return told


def _facts(facts: Facts, said: _Said) -> dict[str, Any]:
    told = dict(zip(_FACTS, _of_facts(facts), strict=True))
    told["at"] = _instant(facts.at)
    told["categories"] = _guesses(facts.categories)
    told["matters"] = _guesses(facts.matters)
    told["units"] = [{"item": one.item, "probability": round(one.probability, 4)} for one in facts.units]
    told["keywords"] = list(facts.keywords)
    told["evidence"] = said.reasons(facts.evidence)
    told["doubts"] = as_json(facts.doubts)
    told["about"] = list(facts.about)
    return told


def _guesses(guesses: Iterable[Guess]) -> list[dict[str, Any]]:
    return [{"code": one.code, "probability": round(one.probability, 4)} for one in guesses]


@lru_cache(maxsize=16)
def _instant(at: datetime) -> str:
    """A batch comes at one instant."""
    return at.isoformat()
