"""What a unit does with a case once it has it; the same either way, but for what the platform does about it.

A case keeps a log of states with their instants. They follow each other without a gap, so that the parts of
a duration add up to it (`figures`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from config.simulation.year.assumptions import Assumptions
from config.simulation.year.demand import Matter
from config.simulation.year.people import Agenda, Job, Unit, at_work
from dispatch.calendar import WorkCalendar


class State(StrEnum):
    """What a case waits for, or what is done with it."""

    SORTING = "sorting"  # lies on a sorting desk
    SORTED = "sorted"  # somebody decides whose it is
    FORWARDED = "forwarded"  # on its way from desk to desk
    UNREAD = "unread"  # with a unit that has not looked
    BACK = "back"  # on its way back from a unit, and at the desk again
    LINE = "line"  # waits for a free hand
    ASIDE = "aside"  # put aside
    WORK = "work"
    HELP = "help"  # another unit's part
    OUTSIDE = "outside"
    REWORK = "rework"  # since it was first called done


@dataclass(slots=True)
class Case:
    """One case on its way."""

    matter: Matter
    log: list[tuple[datetime, State]] = field(default_factory=list)
    unit: str = ""
    sent_at: datetime | None = None  # to the unit that then does it
    done_at: datetime | None = None  # for good
    sendings: int = 0
    number: str = ""
    pk: int = 0
    received_at: datetime | None = None  # by the facts, where that is not when the matter was first said
    taken: bool = False  # the right unit has begun with it
    urged: bool = False
    recalled: bool = False
    job: Job | None = None
    resume: Callable[[datetime], None] | None = None  # what a reminder brings back
    help_unit: str = ""
    failed_check: bool = False
    retries: int = 0
    automatic: bool = False  # no person sent it first
    automatic_right: bool = False
    due: datetime | None = None  # as the platform shows it

    def now(self, at: datetime, state: State) -> None:
        """It is in that state from then on."""
        self.log.append((at, state))


class Handling(ABC):
    """Units that read, queue, put aside, work, ask for help and wait outside."""

    def __init__(
        self, agenda: Agenda, assumed: Assumptions, calendar: WorkCalendar, units: list[Unit], hours: float
    ) -> None:
        self.agenda, self.assumed, self.calendar = agenda, assumed, calendar
        self._units, self._hours = units, hours  # mean hours of an ordinary matter

    # What a way does beside the work; each is told at the instant.

    @abstractmethod
    def helped(self, case: Case, at: datetime) -> datetime:
        """Another unit's part is asked for; answers when it reaches that unit."""

    @abstractmethod
    def help_ends(self, case: Case, at: datetime) -> datetime:
        """That part is done; answers when the first unit has it."""

    @abstractmethod
    def waits_outside(self, case: Case, at: datetime, until: datetime) -> None:
        """Nothing can be done before `until`."""

    @abstractmethod
    def finished(self, case: Case, at: datetime) -> None:
        """The unit calls it done."""

    # --- the work -----------------------------------------------------------------------------

    def seen_after(self, case: Case, at: datetime) -> datetime:
        """When the unit looks at what came in."""
        dice = case.matter.dice(f"seen {case.sendings}")
        if case.matter.urgent:
            return at + timedelta(
                minutes=self.assumed.urgent_seen_minutes * dice.lognormvariate(0, self.assumed.urgent_spread)
            )
        minutes = self.assumed.seen_minutes * dice.lognormvariate(0, self.assumed.seen_spread)
        return self.calendar.add_working(at, timedelta(minutes=minutes))

    def take_up(self, case: Case, at: datetime) -> None:
        """The right unit begins with what it has to do."""
        case.taken = True
        matter = case.matter
        if matter.urgent:
            # Whoever is on duty goes at once, by day and night.
            case.now(at, State.WORK)
            hours = self.assumed.urgent_hours * matter.dice("hours").lognormvariate(
                0, self.assumed.work_spread
            )
            hours = self.assumed.inspection_hours / 2 if matter.repeat_of is not None else hours
            self.agenda.add(at + timedelta(hours=hours), lambda end: self.finished(case, end))
        elif matter.repeat_of is not None:
            self._line_up(case, at, self.assumed.inspection_hours, lambda end: self.finished(case, end))
        else:
            self._perhaps_aside(case, at, "aside", lambda then: self._do(case, then))

    def remind(self, case: Case, at: datetime, *, strongly: bool, topic: str) -> None:
        """Somebody asks after it: what was put aside may be taken up, what waits goes first where it must."""
        heeds = strongly or case.matter.happens(f"heed {topic}", self.assumed.heed)
        if strongly and not case.urged:
            case.urged = True
            if case.job is not None:
                self._unit_of(case).hasten(at, case.job, self.rank(case, at))
        if heeds and case.resume is not None:
            resume, case.resume = case.resume, None
            resume(at)

    def rank(self, case: Case, at: datetime) -> tuple[float, ...]:
        """What goes first in a unit: what is asked after, then what came first."""
        return (0.0 if case.urged else 1.0, at.timestamp())

    def redo(self, case: Case, at: datetime) -> None:
        """It was not put right: once more, before other things."""
        case.urged = True
        hours = self.assumed.redone * (self.assumed.urgent_hours if case.matter.urgent else self._hours)
        self._line_up(case, at, hours, lambda end: self.finished(case, end), tell=False)

    def _perhaps_aside(self, case: Case, at: datetime, topic: str, then: Callable[[datetime], None]) -> None:
        if not case.matter.happens(topic, self.assumed.aside):
            then(at)
            return
        case.now(at, State.ASIDE)
        days = self.assumed.recall_days * case.matter.dice(f"{topic} until").expovariate(1.0)

        def remembered(when: datetime) -> None:
            if case.resume is then:
                case.resume = None
                then(when)

        case.resume = then
        self.agenda.add(at + timedelta(days=days), remembered)

    def _do(self, case: Case, at: datetime) -> None:
        spread = self.assumed.work_spread
        hours = self._hours * case.matter.dice("hours").lognormvariate(-(spread**2) / 2, spread)
        self._line_up(case, at, hours, lambda end: self._after_work(case, end))

    def _line_up(
        self,
        case: Case,
        at: datetime,
        hours: float,
        done: Callable[[datetime], None],
        *,
        tell: bool = True,
    ) -> None:
        def begun(when: datetime) -> None:
            if tell:
                case.now(when, State.WORK)

        if tell:
            case.now(at, State.LINE)
        case.job = Job(hours, self.rank(case, at), begun, done)
        self._unit_of(case).enter(at, case.job)

    def _after_work(self, case: Case, at: datetime) -> None:
        matter = case.matter
        if not matter.happens("help", self.assumed.needs_help):
            self._outside(case, at)
            return
        case.now(at, State.HELP)
        arrives = self.helped(case, at)

        def helping(then: datetime) -> None:
            def ended(end: datetime) -> None:
                self.agenda.add(self.help_ends(case, end), lambda back: self._outside(case, back))

            job = Job(self.assumed.help_hours, self.rank(case, then), lambda _at: None, ended)
            self._unit_of(case, beside=1).enter(then, job)

        def reads(then: datetime) -> None:
            if matter.happens("help aside", self.assumed.aside):
                days = self.assumed.recall_days * matter.dice("help until").expovariate(1.0)

                def remembered(when: datetime) -> None:
                    if case.resume is helping:
                        case.resume = None
                        helping(when)

                case.resume = helping
                self.agenda.add(then + timedelta(days=days), remembered)
            else:
                helping(then)

        minutes = self.assumed.seen_minutes * matter.dice("help seen").lognormvariate(
            0, self.assumed.seen_spread
        )
        self.agenda.add(self.calendar.add_working(arrives, timedelta(minutes=minutes)), reads)

    def _outside(self, case: Case, at: datetime) -> None:
        wait = case.matter.outside(self.assumed)
        if not wait:
            self.finished(case, at)
            return
        until = at_work(at + wait, self.calendar)
        case.now(at, State.OUTSIDE)
        self.waits_outside(case, at, until)
        self.agenda.add(until, lambda end: self.finished(case, end))

    def _unit_of(self, case: Case, *, beside: int = 0) -> Unit:
        # In turn, so that each has as much to do as it has hands for; another helps than the one that leads.
        return self._units[(case.matter.serial + beside) % len(self._units)]
