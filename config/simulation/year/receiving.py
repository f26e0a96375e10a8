"""What the product makes of a report: a case of its own, or a part of another's, rightly or not.

Somebody whose report is joined to another matter's case waits for nothing: nobody does anything about it. It
is in hand once somebody complains (as often as of bad work in the old way) or another reports the same; else
it is lost, is in no mean, and is counted apart.
"""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from config.simulation.people import Staff
from config.simulation.year.assumptions import Assumptions
from config.simulation.year.demand import Matter
from config.simulation.year.people import Agenda, Desk, Unit
from config.simulation.year.work import Case, Handling, State
from dispatch.calendar import SHANGHAI, WorkCalendar
from incidents import actions
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import Receipt, receive_one
from incidents.models import Incident, TimelineEntry
from incidents.models.incident import Status


@dataclass(slots=True)
class Join:
    """A report that the product took for one that is there already."""

    matter: Matter
    rightly: bool
    parted: bool = False  # into a case of its own, once somebody complained


class Receiving(Handling):
    """The product's intake, and the cases that come of it."""

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
        self._desk, self._staff = desk, Staff()
        self.cases: list[Case] = []
        self._by_pk: dict[int, Case] = {}
        self._heard = TimelineEntry.objects.order_by("pk").values_list("pk", flat=True).last() or 0
        self.answered = self.returned = self.refused_reports = self.given_up = 0
        self.joined: list[Join] = []
        self._firsts: dict[int, Matter] = {}
        # The first case about each matter, by the number of its first report.
        self._case_of: dict[int, Case] = {}
        self.refused: Counter[str] = Counter()

    # What is done with a case then.

    @abstractmethod
    def _to_desk(self, case: Case, at: datetime) -> None:
        """It waits for somebody at the desk."""

    @abstractmethod
    def _sent(self, case: Case, at: datetime, *, raised: bool = False) -> None:
        """It reached a unit."""

    def _receive(self, matter: Matter, at: datetime) -> None:
        if matter.repeat_of is None:
            self._firsts[matter.serial] = matter
        receipt = receive_one(matter.draft, at=at)
        if not isinstance(receipt, Receipt):
            self.refused_reports += 1
            return
        if receipt.joined:
            self._joined(matter, receipt, at)
            return
        self._own_case(self._really(matter), receipt, at)

    def _own_case(self, matter: Matter, receipt: Receipt, at: datetime) -> Case:
        case = self._kept(matter, receipt.incident)
        case.received_at = at
        if matter.at < at:
            case.now(matter.at, State.BACK)
        if receipt.incident.status == Status.TRIAGE:
            self._to_desk(case, at)
        else:
            case.automatic = True
            case.automatic_right = receipt.incident.owner_unit_id == matter.unit
            self._sent(case, at)
        return case

    def _kept(self, matter: Matter, incident: Incident) -> Case:
        case = Case(matter, number=incident.number, pk=incident.pk)
        self._by_pk[case.pk] = case
        self.cases.append(case)
        self._case_of.setdefault(_root(matter), case)
        return case

    # --- what it joins, rightly or not --------------------------------------------------------

    def _really(self, matter: Matter) -> Matter:
        """What has to be done about a report: all of it, where the first one about it went astray."""
        first = self._firsts.get(_root(matter))
        if matter.repeat_of is None or first is None or _root(matter) in self._case_of:
            return matter
        return replace(first, at=matter.at, draft=matter.draft)

    def _joined(self, matter: Matter, receipt: Receipt, at: datetime) -> None:
        """It is at its own case, or at another one, where nobody does anything about it."""
        into = self._by_pk.get(receipt.incident.pk)
        join = Join(matter, into is not None and _root(into.matter) == _root(matter))
        self.joined.append(join)
        if not join.rightly and matter.happens("complains", self.assumed.complains):
            heard = at + matter.complaint_after(self.assumed)
            self.agenda.add(heard, lambda then: self._complained(join, receipt, then))

    def _complained(self, join: Join, receipt: Receipt, at: datetime) -> None:
        if _root(join.matter) in self._case_of:
            return  # it is in hand by what another said of it
        _began, ended = self._desk.enter(at, self.assumed.desk_minutes, urgent=join.matter.urgent)
        self.agenda.add(ended, lambda then: self._part(join, receipt, then))

    def _part(self, join: Join, receipt: Receipt, at: datetime) -> None:
        """A case of its own, received when it was first said; reported anew where the other is over."""
        if _root(join.matter) in self._case_of:
            return
        matter = self._really(join.matter)
        actor, parts = self._on_desk(at), list[Incident]()
        if self._done(
            "split",
            lambda: parts.append(
                actions.split(number=receipt.incident.number, reports=[receipt.report.pk], actor=actor, at=at)
            ),
        ):
            join.parted = True
            case = self._kept(matter, parts[0])
            case.now(matter.at, State.BACK)
            self._to_desk(case, at)
            return
        again = replace(matter.draft, external_id=f"{matter.draft.external_id}-complains")
        anew = receive_one(again, at=at)
        if isinstance(anew, Receipt) and not anew.joined:
            join.parted = True
            self._own_case(matter, anew, at)

    def lost(self) -> list[Matter]:
        """What was said, joined to another matter's case, and never done."""
        roots = {_root(one.matter) for one in self.joined if not one.rightly} - self._case_of.keys()
        return [self._firsts[root] for root in sorted(roots)]

    # --- the machinery ------------------------------------------------------------------------

    def _on_desk(self, at: datetime) -> Actor:
        return self._staff.desk(at.astimezone(SHANGHAI).hour < self.assumed.day_begins)

    @staticmethod
    def _incident(case: Case) -> Incident:
        return Incident.objects.get(pk=case.pk)

    def _done(self, name: str, act: Callable[[], object]) -> bool:
        """Do it; False where the product refuses, which is counted."""
        try:
            act()
        except (ActionRefused, InvalidInput) as error:
            self.refused[f"{name}: {error.code}"] += 1
            return False
        return True

    def _once_more(self, case: Case, at: datetime, act: Callable[[Case, datetime], None]) -> None:
        case.retries += 1
        if case.retries <= self.assumed.tries:
            later = at + timedelta(hours=self.assumed.retry_hours)
            self.agenda.add(later, lambda then: act(case, then))
        else:
            self.given_up += 1


def _root(matter: Matter) -> int:
    """The first report about the same thing."""
    return matter.serial if matter.repeat_of is None else matter.repeat_of
