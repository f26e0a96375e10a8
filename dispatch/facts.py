"""The frozen vocabulary of deciding: what is known, what was answered, and why.

Nothing here holds a report's text or a person: these values are stored with the case for ever.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

from grids.locate import Place

DISPATCHED = "dispatched"
TRIAGE = "triage"


# What JSON has as it is; asked of a value's type, since half of a decision's values are of these.
_PLAIN = frozenset({str, int, bool, type(None)})


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """The fields of a dataclass; none of any other type."""
    return tuple(item.name for item in fields(kind)) if is_dataclass(kind) else ()


@cache
def _values(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """What reads the fields of a dataclass (every one here has at least two)."""
    return attrgetter(*_names(kind))


def as_json(value: Any) -> Any:
    """The value in JSON's terms: dataclasses become objects, tuples arrays, times ISO 8601 in UTC."""
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        return round(value, 4)
    # Nearly all that a decision is made of, hence by hand.
    if kind is Reason:
        return {
            "code": value.code,
            "params": {
                key: one if type(one) in _PLAIN else as_json(one) for key, one in value.params.items()
            },
        }
    if kind is tuple or kind is list:
        return [one if type(one) in _PLAIN else as_json(one) for one in value]
    if kind is Guess:
        return {"code": value.code, "probability": round(value.probability, 4)}
    if names := _names(kind):
        told = zip(names, _values(kind)(value), strict=True)
        return {name: one if type(one) in _PLAIN else as_json(one) for name, one in told}
    if kind is dict or isinstance(value, Mapping):
        return {key: one if type(one) in _PLAIN else as_json(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [one if type(one) in _PLAIN else as_json(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value


@dataclass(frozen=True, slots=True)
class Guess:
    """A category or an item, and the calibrated probability that it is the right one."""

    code: str
    probability: float


@dataclass(frozen=True, slots=True)
class UnitGuess:
    """What the words alone give to a unit beside the matters guessed, told by its likeliest item."""

    item: str
    probability: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code with parameters; dispatch.explain makes the sentence in the reader's language."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "params": as_json(self.params)}


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """Where, as codes; the names are those of grids.locate.Place. None: not known."""

    cell: str | None = None
    community: str | None = None
    street: str | None = None
    in_district: bool | None = None
    lon: float | None = None
    lat: float | None = None
    facility: str | None = None
    named_elsewhere: tuple[str | None, str | None] | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()
    # A person has said where it is: nothing that the words name speaks against it any more.
    is_settled: bool = False


def place_facts(place: Place, *, is_settled: bool = False) -> PlaceFacts:
    """What a decision needs to know of a place."""
    return PlaceFacts(
        cell=place.cell,
        community=place.community,
        street=place.street,
        in_district=place.in_district,
        lon=place.lon,
        lat=place.lat,
        facility=place.facility,
        named_elsewhere=place.named_elsewhere,
        evidence=place.evidence,
        is_settled=is_settled,
    )


@dataclass(frozen=True, slots=True)
class Doubt:
    """What else may be true: another place, or another owner. None: as in the facts."""

    code: str  # of the reason that it is where it makes a difference: places_differ, owners_differ
    params: Mapping[str, Any] = field(default_factory=dict)
    cell: str | None = None
    community: str | None = None
    street: str | None = None
    lon: float | None = None
    lat: float | None = None
    owner: str | None = None

    def instead(self, facts: "Facts") -> "Facts":
        """The facts as they would be then, without any doubt."""
        if self.owner is not None:
            return replace(facts, owner=self.owner, doubts=())
        return replace(
            facts,
            cell=self.cell,
            community=self.community,
            street=self.street,
            in_district=self.street is not None,
            doubts=(),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a decision looks at.

    `matters` are joint probabilities of (category, item): within a category they sum to the
    category's own. `urgency` is what was said or read; None when neither.
    """

    source: str
    at: datetime
    categories: tuple[Guess, ...] = ()
    matters: tuple[Guess, ...] = ()
    keywords: tuple[str, ...] = ()
    nature: str | None = None
    urgency: str | None = None
    place_type: str | None = None
    owner: str | None = None
    cell: str | None = None
    community: str | None = None
    street: str | None = None
    in_district: bool | None = None
    category_given: bool = False
    matter_given: bool = False
    evidence: tuple[Reason, ...] = ()
    facility: str | None = None
    place_given: bool = False  # by a person, who had both in view where words and point disagreed
    doubts: tuple[Doubt, ...] = ()
    # Nothing presses but what was said: praise, what is denied, talk. A matter that is only guessed does not.
    calm: bool = False
    talk: str | None = None  # thanks, a test, advertising, nothing, or several matters: not one report
    attributes: Mapping[str, Any] = field(default_factory=dict)
    # What the words alone give to units beside those matters.
    units: tuple[UnitGuess, ...] = ()
    # The units that a complaint about conduct names: it goes to none of them, nor below.
    about: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("facts take aware datetimes only")

    @property
    def beside_words(self) -> tuple[str, ...]:
        """Which facts that items ask for came from elsewhere than the text."""
        told = []
        for name in ("owner", "place_type"):
            value = getattr(self, name)
            read = (
                reason.params.get(name) == value for reason in self.evidence if reason.code == f"{name}_read"
            )
            if value is not None and not any(read):
                told.append(name)
        return tuple(told)

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = as_json(self)
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Facts":
        """The facts of a decision as it was stored; without the source's attributes, which are not kept."""
        plain = {name: told[name] for name in _PLAIN_FACTS if name in told}
        return cls(
            at=datetime.fromisoformat(told["at"]),
            categories=tuple(Guess(one["code"], one["probability"]) for one in told["categories"]),
            matters=tuple(Guess(one["code"], one["probability"]) for one in told["matters"]),
            keywords=tuple(told["keywords"]),
            units=tuple(UnitGuess(one["item"], one["probability"]) for one in told.get("units", ())),
            evidence=tuple(Reason(one["code"], one["params"]) for one in told.get("evidence", ())),
            doubts=tuple(Doubt(**one) for one in told.get("doubts", ())),
            about=tuple(told.get("about", ())),
            **plain,
        )


# The facts that JSON holds as they are.
_PLAIN_FACTS = (
    *("source", "nature", "urgency", "place_type", "owner", "cell", "community", "street"),
    *("in_district", "category_given", "matter_given", "facility", "place_given", "talk", "calm"),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that was considered: what held, what failed, and how likely its unit is the right one."""

    item: str
    category: str
    unit: str | None
    unit_pattern: str
    probability: float
    held: tuple[Reason, ...] = ()
    failed: tuple[Reason, ...] = ()

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = as_json(self)
        return told


@dataclass(frozen=True, slots=True)
class Limits:
    """What an item binds its unit to, resolved for a place. Units are codes, or None where unknown."""

    item: str
    category: str
    unit: str | None
    urgency: str
    level: str
    dispatch_minutes: int
    accept_minutes: int
    handle_limit: str
    support_units: tuple[str, ...]
    follow_up_unit: str | None
    supervising_unit: str | None
    list_version: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a decision comes to, and nothing about why.

    `pattern` is the unit as the item spells it; the rest means what it means in a Decision.
    """

    outcome: str
    category: str | None
    item: str | None
    unit: str | None
    pattern: str | None
    confidence: float
    triage_codes: tuple[str, ...]
    urgency: str
    level: str
    dispatch_minutes: int
    accept_minutes: int
    handle_limit: str

    @property
    def is_dispatched(self) -> bool:
        return self.outcome == DISPATCHED

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = as_json(self)
        return told


@dataclass(frozen=True, slots=True)
class Decision:
    """定责结果: the answer with its reasons, as it is frozen on the case.

    In triage, category, item, unit and limits are the best guess (or None where there is none).
    """

    outcome: str
    category: str | None
    item: str | None
    unit: str | None
    confidence: float
    reasons: tuple[Reason, ...]
    candidates: tuple[Candidate, ...]
    urgency: str
    level: str
    dispatch_minutes: int
    accept_minutes: int
    handle_limit: str
    support_units: tuple[str, ...]
    follow_up_unit: str | None
    supervising_unit: str | None
    triage_codes: tuple[str, ...]
    list_version: int
    model: str
    facts: Facts

    @property
    def is_dispatched(self) -> bool:
        return self.outcome == DISPATCHED

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = as_json(self)
        return told
