"""The old way: clerks sort what came in, desks forward it, units return it, and nobody reminds anybody."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import accumulate

from config.simulation.rhythm import BY_HOUR
from config.simulation.year.assumptions import Assumptions
from config.simulation.year.demand import Matter
from config.simulation.year.people import Agenda, Desk, Shift, Unit, in_hours
from config.simulation.year.work import Case, Handling, State
from dispatch.calendar import SHANGHAI, WorkCalendar


class ByHand(Handling):
    """One year of it."""

    def __init__(
        self,
        agenda: Agenda,
        assumed: Assumptions,
        calendar: WorkCalendar,
        units: list[Unit],
        hours: float,
        desk: Desk,
    ) -> None:
        super().__init__(agenda, assumed, calendar, units, hours)
        self._desk = desk
        self.cases: list[Case] = []
        self.merged = self.answered = self.returned = 0

    def live(self, coming: Sequence[Matter]) -> None:
        """Plan what comes; the agenda runs it."""
        for matter in coming:
            self.agenda.add(matter.at, lambda at, one=matter: self._receive(one, at))  # type: ignore[misc]

    def _receive(self, matter: Matter, at: datetime) -> None:
        if matter.answered:
            self.answered += 1
            self._desk.enter(at, self.assumed.answer_minutes, alone=True)
            return
        if matter.repeat_of is not None and matter.happens("noticed", self.assumed.repeats_noticed):
            self.merged += 1
            self._desk.enter(at, self.assumed.sort_minutes / 2, alone=True)
            return
        case = Case(matter)
        self.cases.append(case)
        case.now(at, State.SORTING)
        self._sort(case, at, first=True)

    def _sort(self, case: Case, at: datetime, *, first: bool) -> None:
        began, ended = self._desk.enter(at, self.assumed.sort_minutes, urgent=case.matter.urgent, alone=first)
        if first:
            case.now(began, State.SORTED)
        right = self.assumed.first_right if first else self.assumed.later_right
        is_right = case.matter.happens(f"right {case.sendings}", right)
        case.sendings += 1
        self.agenda.add(ended, lambda at: self._forward(case, at, is_right=is_right, first=first))

    def _forward(self, case: Case, at: datetime, *, is_right: bool, first: bool) -> None:
        if first:
            case.now(at, State.FORWARDED)
        arrives = at
        for hop in range(case.matter.forwardings):
            arrives = self._one_hop(case, arrives, f"hop {case.sendings} {hop}")
        self.agenda.add(arrives, lambda then: self._arrive(case, then, is_right=is_right))

    def _one_hop(self, case: Case, at: datetime, topic: str) -> datetime:
        dice = case.matter.dice(topic)
        if case.matter.urgent:
            spread = self.assumed.urgent_spread
            return at + timedelta(minutes=self.assumed.urgent_hop_minutes * dice.lognormvariate(0, spread))
        hours = self.assumed.forward_hours * dice.lognormvariate(0, self.assumed.hop_spread)
        return in_hours(at, hours, opens=self.assumed.opens, closes=self.assumed.closes)

    def _arrive(self, case: Case, at: datetime, *, is_right: bool) -> None:
        # A wrong unit is any other one; it does nothing but look and send back.
        case.unit = case.matter.unit
        pushed = is_right and case.sendings == 1 and case.matter.happens("dispute", self.assumed.disputes)
        case.now(at, State.UNREAD)
        seen = self.seen_after(case, at)
        if is_right and not pushed:
            case.sent_at = at
            self.agenda.add(seen, lambda then: self.take_up(case, then))
            return

        def send_back(then: datetime) -> None:
            self.returned += 1
            case.now(then, State.BACK)
            back = self._one_hop(case, then, f"back {case.sendings}")
            self.agenda.add(back, lambda when: self._sort(case, when, first=False))

        self.agenda.add(seen, send_back)

    def helped(self, case: Case, at: datetime) -> datetime:
        return self._letter(case, at, "letter there")

    def help_ends(self, case: Case, at: datetime) -> datetime:
        return self._letter(case, at, "letter back")

    def _letter(self, case: Case, at: datetime, topic: str) -> datetime:
        spread = self.assumed.letter_spread
        days = self.assumed.letter_days * case.matter.dice(topic).lognormvariate(-(spread**2) / 2, spread)
        hours = self.assumed.letter_day_hours * days
        return self.calendar.add_working(at, timedelta(hours=hours))

    def waits_outside(self, case: Case, at: datetime, until: datetime) -> None:
        """Nobody is told, and nobody asks."""

    def finished(self, case: Case, at: datetime) -> None:
        case.done_at, case.job = at, None
        matter = case.matter
        if case.failed_check or not matter.happens("poor", self.assumed.poor):
            return
        if not matter.happens("complains", self.assumed.complains):
            return  # nobody says so, and it counts as done
        case.failed_check = True
        heard = at + matter.complaint_after(self.assumed)
        case.now(at, State.REWORK)

        def again(then: datetime) -> None:
            _began, ended = self._desk.enter(then, self.assumed.sort_minutes, urgent=matter.urgent)
            arrives = ended
            for hop in range(matter.forwardings):
                arrives = self._one_hop(case, arrives, f"hop again {hop}")
            self.agenda.add(arrives, lambda when: self.redo(case, when))

        case.done_at = None
        self.agenda.add(heard, again)


def clerks(assumed: Assumptions, coming: Sequence[Matter], *, one_in: int, seed: int) -> Desk:
    """The sorting desk at full size, with all that comes to it on each day."""
    desk = Desk(
        [Shift(assumed.opens, assumed.closes, assumed.clerks)],
        one_in=one_in,
        dice=random.Random(f"clerks {seed}"),
        assumed=assumed,
    )
    desk.expect(_others(assumed, coming, one_in=one_in, dice=random.Random(f"others {seed}")))
    return desk


def _others(
    assumed: Assumptions, coming: Sequence[Matter], *, one_in: int, dice: random.Random
) -> Iterator[tuple[float, float]]:
    """Those whom the lived cases stand for: on the same days, in the same rhythm."""
    hours, weights = range(24), list(accumulate(BY_HOUR))
    for matter in coming:
        midnight = datetime.combine(matter.at.astimezone(SHANGHAI).date(), time(), SHANGHAI).timestamp()
        minutes = assumed.sort_minutes
        if matter.answered:
            minutes = assumed.answer_minutes
        elif matter.repeat_of is not None:
            minutes *= 1 - assumed.repeats_noticed / 2
        for hour in dice.choices(hours, cum_weights=weights, k=one_in - 1):
            yield midnight + hour * 3600 + dice.random() * 3600, minutes * 60
