"""What words may be about, told before they are sent: a suggestion that nobody has to answer."""

from dataclasses import dataclass
from datetime import datetime

from dispatch import service
from dispatch.facts import place_facts
from dispatch.models import Category
from dispatch.vocabulary import Source
from grids.locate import PlaceError, locate

MOST = 3
# Of less than this a guess is none: it would be one more thing to read.
_LIKELY = 0.15


@dataclass(frozen=True, slots=True)
class MatterQuestion:
    """What may these words be about, said there?"""

    text: str
    lon: float | None = None
    lat: float | None = None
    area: str = ""
    address: str = ""
    facility: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """A category that words may mean."""

    code: str
    name: str


def likely_matters(question: MatterQuestion, *, at: datetime) -> tuple[Matter, ...]:
    """The likeliest first, asked of the same matcher that will decide it; none where it has no idea."""
    found = likely_categories(
        question.text,
        at=at,
        lon=question.lon,
        lat=question.lat,
        area=question.area,
        address=question.address,
        facility=question.facility,
    )[:MOST]
    names = {row.code: row.name for row in Category.objects.filter(code__in=found)}
    return tuple(Matter(code, names[code]) for code in found if code in names)


def likely_categories(text: str, *, at: datetime, **place: str | float | None) -> list[str]:
    """Codes of what the words may mean, said there: the one that the matcher takes, then by probability."""
    try:
        where = locate(**{name: told for name, told in place.items() if told not in (None, "")})
    except PlaceError:
        where = locate()
    decision = service.decide(text=text, source=Source.RESIDENT_FORM, at=at, place=place_facts(where))
    guesses = sorted(decision.facts.categories, key=lambda guess: (-guess.probability, guess.code))
    likely = [guess.code for guess in guesses if guess.probability >= _LIKELY]
    taken = [decision.category] if decision.category else []
    return list(dict.fromkeys([*taken, *likely]))
