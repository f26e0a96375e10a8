"""What everybody of the simulation has: dice, habits, a memory of each case, and the hours of work."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.simulation.people import Staff
from dispatch.edition import work_calendar

_SCORES = ((5, 66), (4, 20), (3, 7), (2, 4), (1, 3))


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares and typical times of a crew; shares are of 1, times in minutes."""

    desk_minutes: float = 9.0
    # Accepting, as a share of its limit: the median; what comes after the limit is deemed acceptance.
    accept_share: float = 0.3
    silent: float = 0.03
    asks_return: float = 0.035
    return_agreed: float = 0.7
    # Handling time as a share of the limit: the median, and the spread of its logarithm.
    handle_share: float = 0.42
    handle_spread: float = 0.55
    check_hours: float = 8.0
    check_fails: float = 0.03
    rates: float = 0.45
    objects: float = 0.01
    parks: float = 0.012
    # Beside the work itself: speaking with people, asking for time.
    contacts: float = 0.85
    contact_hours: float = 2.5
    contests: float = 0.006
    asks_time: float = 0.03
    suspends: float = 0.01
    asks_reporter: float = 0.015
    reporter_answers: float = 0.65
    time_agreed: float = 0.75
    phones: float = 0.7
    calls_back: float = 1.0
    # Of cases whose item names supporting units, so many need them.
    invites: float = 0.08
    # At the desk, of what a person decides: a slip that is taken back, a category set right first.
    slips: float = 0.012
    corrects: float = 0.05
    # Inside a unit: a case is handed on, a line is written to the reporter.
    hands_on: float = 0.12
    writes: float = 0.1


@dataclass(slots=True)
class Memory:
    """What the crew knows about one case beyond its rows."""

    item: str = ""  # the right item, where somebody knows it
    late: bool | None = None  # whether it must end late or in time; None leaves it to chance
    is_wrong: Callable[[str], bool] | None = None  # is this unit the wrong one?
    steps: int = 0
    rated: bool = False
    kept: set[str] = field(default_factory=set)  # what was thrown once and stays


@dataclass(frozen=True, slots=True)
class Step:
    """One action on one case at one instant."""

    at: datetime
    act: Callable[[], object]


class Hands:
    """Somebody who throws dice about what is done next, and when."""

    def __init__(self, dice: random.Random, habits: Habits, staff: Staff) -> None:
        self._dice, self._habits, self._staff = dice, habits, staff

    def scores(self) -> tuple[int, ...]:
        """Marks for speed, result and service."""
        marks, weights = zip(*_SCORES, strict=True)
        return tuple(self._dice.choices(marks, weights)[0] for _question in range(3))

    def _once(self, memory: Memory, what: str, share: float) -> bool:
        """Throw the dice about this once for a case; later answers are the same."""
        if f"no:{what}" in memory.kept:
            return False
        if f"yes:{what}" in memory.kept:
            return True
        answer = self._dice.random() < share
        memory.kept.add(f"{'yes' if answer else 'no'}:{what}")
        return answer

    def _minutes(self, median: float, *, spread: float) -> timedelta:
        return timedelta(minutes=median * self._dice.lognormvariate(0, spread))

    def _at_work(self, at: datetime) -> datetime:
        """`at`, or some minutes into the next working period."""
        calendar = work_calendar()
        if calendar.is_working(at):
            return at
        opening = calendar.add_working(at, timedelta(microseconds=1))
        return opening + timedelta(minutes=self._dice.uniform(2, 50))
