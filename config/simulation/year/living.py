"""One year of one seed, both ways, in this process and on this process's database."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from config.simulation.year import by_hand, figures, platform
from config.simulation.year.assumptions import OF_DEMAND, Assumptions
from config.simulation.year.by_hand import ByHand
from config.simulation.year.demand import Matter, Span, matters, span
from config.simulation.year.people import Agenda, Unit
from config.simulation.year.platform import Platform
from dispatch.calendar import SHANGHAI
from dispatch.edition import work_calendar
from incidents.driving import drive_clocks
from incidents.models import Incident, Outcome, TimelineEntry
from incidents.timeline import Kind

# What a database that a year may be lived in is called.
PREFIX = "year_"


class NotOurs(RuntimeError):
    """This database is none that a simulated year may be written into."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One case in `one_in` is lived, for so many days after a warm-up."""

    one_in: int
    days: int = 365
    warm_up: int = 28

    def span(self) -> Span:
        return span(days=self.days, warm_up=self.warm_up)

    def units(self, assumed: Assumptions) -> tuple[int, int]:
        """How many units, and hands in each: units keep their size, and there are fewer of them.

        Their lines are then as long as in the whole district. Below one unit its hands are fewer.
        """
        hands = assumed.handlers / self.one_in
        if hands < assumed.team:
            return 1, max(1, round(hands))
        return round(hands / assumed.team), assumed.team


def is_ours(name: str) -> bool:
    """May a year be lived in a database of this name?"""
    return name.startswith((PREFIX, "test_"))


def require_own_database() -> None:
    """Raise NotOurs unless this database was made for a year (or for a test), and holds no case."""
    name = str(connection.settings_dict["NAME"])
    if not is_ours(name):
        raise NotOurs(f"{name} is not a database of a simulated year: its name does not begin with {PREFIX}")
    if Incident.objects.exists():
        raise NotOurs(f"{name} holds cases already")


def by_hand_only(scale: Scale, assumed: Assumptions, *, seed: int) -> dict[str, Any]:
    """The old way alone; it writes nothing."""
    lived, coming = _coming(scale, assumed, seed)
    return _by_hand(scale, assumed, lived, coming, seed)


def both(scale: Scale, assumed: Assumptions, *, seed: int) -> dict[str, Any]:
    """Both ways on the same reports; the platform's writes into this database."""
    require_own_database()
    lived, coming = _coming(scale, assumed, seed)
    return {
        "seed": seed,
        "one_in": scale.one_in,
        "reports": sum(lived.measures(matter.at) for matter in coming),
        "hand": _by_hand(scale, assumed, lived, coming, seed),
        "platform": _on_platform(scale, assumed, lived, coming, seed),
    }


def _coming(scale: Scale, assumed: Assumptions, seed: int) -> tuple[Span, list[Matter]]:
    return _demand(scale, Assumptions().but(**{name: getattr(assumed, name) for name in OF_DEMAND}), seed)


@lru_cache(maxsize=4)
def _demand(scale: Scale, assumed: Assumptions, seed: int) -> tuple[Span, list[Matter]]:
    """What comes depends on nothing else; fitting asks for it again and again."""
    lived = scale.span()
    return lived, matters(lived, assumed, seed=seed, one_in=scale.one_in, calendar=work_calendar())


def _hours(scale: Scale, assumed: Assumptions, lived: Span, coming: Sequence[Matter]) -> float:
    """Mean hours of an ordinary matter, by the share of the hands' time that all of them need.

    By what comes at the assumed demand: with more reports there is more work, not less for each.
    """
    usual = Assumptions().reports_a_month
    ordinary = sum(
        not (matter.urgent or matter.answered or matter.repeat_of is not None) for matter in coming
    )
    ordinary = round(ordinary * usual / assumed.reports_a_month)
    number, hands = scale.units(assumed)
    first = datetime.combine(lived.first, time(), SHANGHAI)
    last = datetime.combine(lived.last + timedelta(days=1), time(), SHANGHAI)
    worked = work_calendar().working_seconds(first, last) / 3600
    return assumed.work_share * number * hands * worked / max(1, ordinary)


def _by_hand(
    scale: Scale, assumed: Assumptions, lived: Span, coming: Sequence[Matter], seed: int
) -> dict[str, Any]:
    agenda, calendar = Agenda(), work_calendar()
    number, hands = scale.units(assumed)
    units = [Unit(agenda, calendar, hands) for _unit in range(number)]
    hours = _hours(scale, assumed, lived, coming)
    desk = by_hand.clerks(assumed, coming, one_in=scale.one_in, seed=seed)
    way = ByHand(agenda, assumed, calendar, units, hours, desk)
    way.live(coming)
    agenda.run(lived.until)
    cases = sum(lived.measures(case.matter.at) for case in way.cases)
    return figures.summary(figures.by_its_people(way.cases, lived), cases=cases) | {
        "merged": way.merged,
        "answered": way.answered,
        "returned": way.returned,
        "busy": _busy(units, hands, lived),
    }


def _on_platform(
    scale: Scale, assumed: Assumptions, lived: Span, coming: Sequence[Matter], seed: int
) -> dict[str, Any]:
    agenda, calendar = Agenda(), work_calendar()
    number, hands = scale.units(assumed)
    units = [Unit(agenda, calendar, hands) for _unit in range(number)]
    hours = _hours(scale, assumed, lived, coming)
    desk = platform.counter(assumed, one_in=scale.one_in, dice=random.Random(f"desk {seed}"))
    way = Platform(agenda, assumed, calendar, units, hours, desk)
    with drive_clocks():
        way.live(coming, lived.until)
        agenda.run(lived.until)
    cases = sum(lived.measures(case.matter.at) for case in way.cases)
    return figures.summary(figures.by_the_facts(way.cases, lived), cases=cases) | {
        "joined": len(way.joined),
        "answered": way.answered,
        "returned": way.returned,
        "busy": _busy(units, hands, lived),
        "measured": _measured(way, coming, lived),
    }


def _busy(units: Sequence[Unit], hands: int, lived: Span) -> float:
    first = datetime.combine(lived.first, time(), SHANGHAI)
    last = datetime.combine(lived.last + timedelta(days=1), time(), SHANGHAI)
    worked = work_calendar().working_seconds(first, last) / 3600
    return sum(unit.worked for unit in units) / (worked * hands * len(units))


def _measured(way: Platform, coming: Sequence[Matter], lived: Span) -> dict[str, Any]:
    """What the product itself did with what came on measured days; shares of 1 and counts."""
    cases = [case for case in way.cases if lived.measures(case.matter.at)]
    automatic = [case for case in cases if case.automatic]
    told = TimelineEntry.objects.filter(incident__in=[case.pk for case in cases])
    due = Outcome.objects.filter(
        kind="due", sign=1, reversal__isnull=True, incident__in=[case.pk for case in cases]
    )
    repeats = [matter for matter in coming if matter.repeat_of is not None and lived.measures(matter.at)]
    joined = [one for one in way.joined if lived.measures(one.matter.at)]
    wrongly = [one for one in joined if not one.rightly]
    lost = [matter for matter in way.lost() if lived.measures(matter.at)]
    return {
        "automatic": len(automatic) / max(1, len(cases)),
        "automatic_right": sum(case.automatic_right for case in automatic) / max(1, len(automatic)),
        # A join is no merit in itself: into another case than its own, somebody's matter is gone.
        "joined_rightly": (len(joined) - len(wrongly)) / max(1, len(repeats)),
        "joined_wrongly": len(wrongly),
        "parted": sum(one.parted for one in wrongly),
        "lost": len(lost),
        "on_time": due.filter(on_time=True).count() / max(1, due.count()),
        "reminders": told.filter(kind=Kind.WARNED).count(),
        "breaches": told.filter(kind=Kind.BREACHED, data__clock="handling").count(),
        "orders": told.filter(kind=Kind.SUPERVISED).count(),
        "lines": TimelineEntry.objects.count(),
        "given_up": way.given_up,
        "refused_reports": way.refused_reports,
        "refused_actions": dict(way.refused),
    }
