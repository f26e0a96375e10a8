"""A year's reports, each with what is really the matter: the right unit, the work, what holds it up.

A function of the seed, and the same for both ways. What befalls a matter is thrown from dice of its own, by
topic, so that neither the order of events nor the other way changes it.
"""

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from config.simulation.reports import TEXTS, Made, Residents
from config.simulation.rhythm import instants
from config.simulation.year.assumptions import Assumptions
from dispatch.calendar import SHANGHAI, WorkCalendar
from dispatch.deadlines import Limit, due
from dispatch.edition import Edition, edition
from dispatch.vocabulary import Nature, Source, Urgency
from grids.models import Area
from incidents.intake import ReportDraft, Reporter

_DAYS_A_MONTH = 365 / 12
_ANSWERED = frozenset({Nature.ENQUIRY, Nature.PRAISE})
# By so many letters a text is told from the others on its item.
_TOLD_APART = 12


@dataclass(frozen=True, slots=True)
class Matter:
    """One report and the truth about it."""

    serial: int
    seed: int
    at: datetime
    draft: ReportDraft
    item: str
    unit: str  # whose job it is
    forwardings: int  # desks between the district's and that unit, in the old way
    urgent: bool
    answered: bool  # an operator answers on the spot
    repeat_of: int | None
    limit: timedelta  # natural time that the list gives it

    def dice(self, topic: str) -> random.Random:
        """Dice of this matter about one thing."""
        return random.Random(f"{self.seed}/{self.serial}/{topic}")

    def happens(self, topic: str, share: float) -> bool:
        """Does it, at this share? A greater share keeps what a smaller one had."""
        return self.dice(topic).random() < share

    def outside(self, assumed: Assumptions) -> timedelta:
        """How long it waits for what is in nobody's hands here."""
        if self.urgent or self.repeat_of is not None or not self.happens("outside", assumed.outside_share):
            return timedelta()
        spread = assumed.outside_spread
        throw = self.dice("wait").lognormvariate(-(spread**2) / 2, spread)
        return min(self.limit * assumed.outside_limits * throw, timedelta(days=assumed.outside_most_days))

    def complaint_after(self, assumed: Assumptions) -> timedelta:
        """How long until somebody says that nothing was done."""
        throw = self.dice("complaint").lognormvariate(0, assumed.complaint_spread)
        return timedelta(days=assumed.complaint_days * throw)


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are lived, and those of them whose cases are measured."""

    first: date
    measured_from: date
    last: date  # of receipt
    until: datetime

    def measures(self, at: datetime) -> bool:
        """Is a case that came in then measured?"""
        return at.astimezone(SHANGHAI).date() >= self.measured_from


def span(*, days: int, warm_up: int, tail: int = 75, begins: date = date(2026, 1, 1)) -> Span:
    """`days` measured ones after a warm-up that fills the desks and lines."""
    last = begins + timedelta(days=days - 1)
    until = datetime.combine(last, datetime.min.time(), UTC) + timedelta(days=tail)
    return Span(begins - timedelta(days=warm_up), begins, last, until)


def matters(
    lived: Span, assumed: Assumptions, *, seed: int, one_in: int, calendar: WorkCalendar
) -> list[Matter]:
    """Everything that is reported, in order of time."""
    made = list(_made(lived, assumed, seed=seed, one_in=one_in, calendar=calendar))
    return sorted(made, key=lambda matter: (matter.at, matter.serial))


def _made(
    lived: Span, assumed: Assumptions, *, seed: int, one_in: int, calendar: WorkCalendar
) -> Iterator[Matter]:
    dice, list_now = random.Random(f"demand {seed}"), edition()
    residents = Residents(random.Random(f"residents {seed}"), prefix=f"year-{seed}")
    places = list(Area.objects.cells().order_by("code").values_list("parent_id", "parent__parent_id"))
    per_day = assumed.reports_a_month * (1 - assumed.repeated) / _DAYS_A_MONTH / one_in / assumed.full_days
    often = assumed.repeated / (1 - assumed.repeated)
    serial = 0
    for at in instants(
        lived.first, lived.last, per_day=per_day, calendar=calendar, dice=dice, until=lived.until
    ):
        made = residents.report(at)
        serial += 1
        first = _matter(serial, seed, at, made, list_now, places, calendar, assumed)
        yield first
        if not first.answered and first.happens("said again", often):
            serial += 1
            hours = assumed.again_hours * first.dice("again").lognormvariate(0, assumed.again_spread)
            yield replace(
                first,
                serial=serial,
                at=at + timedelta(hours=min(assumed.again_most_hours, hours)),
                draft=_in_other_words(first, serial, assumed),
                repeat_of=first.serial,
            )


def _matter(
    serial: int,
    seed: int,
    at: datetime,
    made: Made,
    list_now: Edition,
    places: Sequence[tuple[str, str | None]],
    calendar: WorkCalendar,
    assumed: Assumptions,
) -> Matter:
    item = list_now.index.items[made.item]
    community, street = made.draft.place.community, made.draft.place.street
    if street is None or community is None:
        # Nobody said where; somewhere it is all the same, and whoever sorts it finds out.
        community, street = random.Random(f"{seed}/{serial}/place").choice(places)
        assert street is not None
    unit = list_now.units.resolve(
        item.lead_unit, street=street, community=community, owner=made.draft.owner
    ) or (f"{list_now.units.streets[street]}/public-services")
    return Matter(
        serial=serial,
        seed=seed,
        at=at,
        draft=made.draft,
        item=made.item,
        unit=unit,
        forwardings=(
            assumed.hops_to_street
            if item.lead_unit.startswith(("@street/", "@community"))
            else assumed.hops_to_department
        ),
        urgent=item.urgency != Urgency.ROUTINE,
        answered=made.draft.nature in _ANSWERED,
        repeat_of=None,
        limit=due(at, Limit.parse(item.handle_limit), calendar) - at,
    )


def _in_other_words(first: Matter, serial: int, assumed: Assumptions) -> ReportDraft:
    """The same thing from another mouth: other words where the demo has some, a few metres away."""
    dice, said = first.dice("words"), first.draft
    others = [text for text in _texts().get(first.item, ()) if text[:_TOLD_APART] not in said.text]
    name = said.address.split("号")[0].rstrip("0123456789") or "附近"
    words = dice.choice(others).replace("{place}", name) if others else said.text
    return replace(
        said,
        text=words,
        source=dice.choice((Source.HOTLINE, Source.CITY_APP)),
        external_id=f"{said.external_id}-again-{serial}",
        category=said.category if dice.random() < assumed.again_category else None,
        reporter=Reporter(name="市民", phone=f"1990000{dice.randrange(10_000):04d}"),
    )


@lru_cache(maxsize=1)
def _texts() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with TEXTS.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            found.setdefault(row["item_code"], []).append(row["text"])
    return found
