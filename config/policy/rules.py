"""What a row of the policy table says, and what it means for one who asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Scope
from accounts.roles import Role


class Answer(StrEnum):
    """How an address answers somebody."""

    IN = "in"  # let in; what they ask may still be wrong, or not fit how things stand
    DOOR = "door"  # led to the sign-in, or 401 for a machine
    FORBIDDEN = "403"  # this is not for them
    HIDDEN = "404"  # for them there is no such thing


class Place(StrEnum):
    """Where somebody holds their role, seen from the unit and the street that a thing concerns."""

    DISTRICT = "district"
    STREET = "street"
    OTHER_STREET = "other-street"
    UNIT = "unit"
    OTHER_UNIT = "other-unit"


@dataclass(frozen=True, slots=True)
class Where:
    """A choice of those places, and how a page says it."""

    words: str | Promise
    places: frozenset[Place]


def _where(words: str | Promise, *places: Place) -> Where:
    return Where(words, frozenset(places))


# A centre: the district's operations centre or its government, a street's office or its sub-centre.
ANYWHERE: Final = _where(_("in whatever unit"), *Place)
DISTRICT: Final = _where(_("in the district's centre"), Place.DISTRICT)
CENTRES: Final = _where(_("in any centre"), Place.DISTRICT, Place.STREET, Place.OTHER_STREET)
ABOVE: Final = _where(
    _("in the centre of the district or of the street concerned"), Place.DISTRICT, Place.STREET
)
STREET: Final = _where(_("in the centre of the street concerned"), Place.STREET)
UNIT: Final = _where(_("in the unit concerned"), Place.UNIT)
CONCERNED: Final = _where(
    _("in the centre of the district or of the street concerned, or in the unit concerned"),
    Place.DISTRICT,
    Place.STREET,
    Place.UNIT,
)
STREET_AND_UNIT: Final = _where(
    _("in the centre of the street concerned, or in the unit concerned"), Place.STREET, Place.UNIT
)
DISTRICT_AND_UNIT: Final = _where(
    _("in the district's centre, or in the unit concerned"), Place.DISTRICT, Place.UNIT
)
NOT_OTHER_STREETS: Final = _where(
    _("in whatever unit but another street's centre"),
    Place.DISTRICT,
    Place.STREET,
    Place.UNIT,
    Place.OTHER_UNIT,
)

People = Mapping[Role, Where]


def each(roles: Iterable[Role], where: Where = ANYWHERE) -> dict[Role, Where]:
    """These roles, held there."""
    return dict.fromkeys(roles, where)


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is let in, and what the others are told.

    `door`: who may ask at all, where that is fewer than all; the others get 403, whatever it is about.
    `seen`: who sees the thing that the address names; for the others there is no such thing (404), and who
    sees it and may not is told so (403). Without it everybody who may not gets 403.
    """

    people: People = field(default_factory=dict)
    door: People | None = None
    seen: People | None = None
    # Nobody is asked who they are.
    public: bool = False
    # Whoever is signed in, with whatever role or none.
    signed_in: bool = False
    # Whoever is signed in, about what is their own; of what is another's there is no such thing.
    ones_own: bool = False
    # Whoever proves by other means who they are, as by a signature; for all others there is no such address.
    closed: bool = False
    # Tokens of other systems with one of these scopes.
    tokens: frozenset[Scope] = frozenset()
    # Of these only the tokens of this source, where one is said.
    source: str = ""
    # A token is let in to what is its own; of the rest it is told that there is none.
    own_only: bool = False
    # What the table cannot say in roles and places, for the page.
    note: str | Promise = ""

    def to_person(self, role: Role, place: Place) -> Answer:
        """The answer for somebody with this one role, held in this place."""
        if self.ones_own or self.closed:
            return Answer.HIDDEN
        if self.public or self.signed_in or _holds(self.people, role, place):
            return Answer.IN
        if self.door is not None and not _holds(self.door, role, place):
            return Answer.FORBIDDEN
        if self.seen is None or _holds(self.seen, role, place):
            return Answer.FORBIDDEN
        return Answer.HIDDEN

    def to_roleless(self) -> Answer:
        """The answer for somebody who is signed in and holds no role."""
        if self.ones_own or self.closed:
            return Answer.HIDDEN
        return Answer.IN if self.public or self.signed_in else Answer.FORBIDDEN

    def to_nobody(self) -> Answer:
        """The answer for somebody without a sign-in."""
        if self.closed:
            return Answer.HIDDEN
        return Answer.IN if self.public else Answer.DOOR

    def to_token(self, scope: Scope, *, source: str, owns: bool) -> Answer:
        """The answer for a token of this source with this one scope."""
        if self.closed:
            return Answer.HIDDEN
        if self.public:
            return Answer.IN
        if scope not in self.tokens or self.source not in ("", source):
            return Answer.FORBIDDEN
        return Answer.IN if owns or not self.own_only else Answer.HIDDEN


def _holds(people: People, role: Role, place: Place) -> bool:
    return role in people and place in people[role].places


ANY_TOKEN: Final = frozenset(Scope)
PUBLIC: Final = Rule(public=True)
SIGNED_IN: Final = Rule(signed_in=True)

# One row: what each method that the address knows asks for. HEAD is a GET.
Row = Mapping[str, Rule]
