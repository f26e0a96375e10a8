"""Cases that leave their item, each in its own way, lived through the production actions."""

from datetime import datetime, timedelta
from typing import Any

from accounts.roles import Role
from dashboards.claims import Question, Tally, tallies
from dispatch.edition import edition
from grids.locate import locate
from grids.models import Area
from incidents import actions
from incidents.models import Incident
from tests.cast import TUESDAY, Person, file_report, person

LAMP, OTHER_LAMP, STALL = "0204-001", "0204-002", "0106-001"
STALL_TEXT = "那家茶餐厅把桌椅都摆到人行道上，带孩子走过还要侧身"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
PINGHU, BUJI, LONGCHENG = "440307003000", "440307014000", "440307015000"


def question(at: datetime = TUESDAY, **given: Any) -> Question:
    """The month around `at`, everywhere."""
    asked = {"start": at - 15 * DAY, "end": at + 15 * DAY, "live": edition().list_id}
    return Question(**{**asked, **given})


def counted(code: str = LAMP, **given: Any) -> Tally | None:
    rows = {row.code: row for row in tallies(question(**given))[0]}
    return rows.get(code)


class Desk:
    """A handler of the lamps, and the centre: what they do to a case, one minute after the other."""

    def __init__(self) -> None:
        self.dispatcher = person("learn-dispatcher", Role.DISPATCHER, "operations-centre")
        self.supervisor = person("learn-supervisor", Role.SUPERVISOR, "operations-centre")
        self.handler = person("learn-handler", Role.HANDLER, "lighting-company")
        self.at, self.lamps = TUESDAY, 0

    def _next(self) -> datetime:
        self.at += MINUTE
        return self.at

    def lamp(self, **given: Any) -> Incident:
        """A lamp that the machine sends to the lighting company; each in a cell of its own, so that no
        report joins another."""
        self.lamps += 1
        return file_report(at=self._next(), **{**somewhere("", self.lamps), **given})

    def guessed(self, **given: Any) -> Incident:
        """One that waits at the desk with the machine's best guess: a question."""
        return self.lamp(nature="enquiry", **given)

    def ask_back(self, case: Incident, proposed: str = "water-group") -> None:
        actions.request_return(
            number=case.number,
            reason="不归我们",
            cites="第三条",
            proposed_unit=proposed,
            actor=self.handler.actor,
            at=self._next(),
        )

    def answer_return(self, case: Incident, *, agreed: bool) -> None:
        reason = "" if agreed else "清单写明由你单位负责"
        actions.decide_return(
            number=case.number, agreed=agreed, reason=reason, actor=self.dispatcher.actor, at=self._next()
        )

    def send(self, case: Incident, item: str = LAMP, unit: str = "") -> None:
        actions.dispatch(
            number=case.number, item_code=item, unit_code=unit, actor=self.dispatcher.actor, at=self._next()
        )

    def send_on(self, case: Incident, unit: str, item: str = LAMP, by: Person | None = None) -> None:
        actions.redispatch(
            number=case.number,
            item_code=item,
            unit_code=unit,
            reason="应由该单位负责",
            actor=(by or self.dispatcher).actor,
            at=self._next(),
        )

    def returned(self, unit: str = "water-group", **given: Any) -> Incident:
        """Returned by the lighting company, and sent to this unit instead."""
        case = self.lamp(**given)
        self.ask_back(case, unit)
        self.answer_return(case, agreed=True)
        self.send(case, unit=unit)
        return case


def somewhere(street: str, number: int = 0) -> dict[str, Any]:
    """A place in this street, or anywhere, as a report gives it."""
    cell = Area.objects.cells().filter(code__startswith=street[:9]).order_by("code")[5 * number]
    return {"place": locate(lon=cell.lon, lat=cell.lat), "address": ""}


def stall(street: str) -> Incident:
    """Tables on the pavement, sent to the street's own enforcement team."""
    return file_report(
        at=TUESDAY, text=STALL_TEXT, category="0106", place_type="side_road", **somewhere(street)
    )
