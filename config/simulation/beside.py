"""What happens beside the work: calls to reporters, an emergency's call, more time, a pause, callbacks.

Each answers the step that comes before the work goes on, or None.
"""

from datetime import datetime, timedelta

from config.simulation.hands import Hands, Memory, Step
from dispatch.deadlines import Limit, due
from dispatch.edition import work_calendar
from dispatch.vocabulary import Urgency
from incidents import actions
from incidents.models import CaseRequest, Incident, Timer
from incidents.models.incident import PauseKind

_MORE_TIME = ("配件采购未到,申请顺延。", "需协调产权单位,申请延长。", "连续降雨无法施工,申请延期。")
_STAND_STILL = ("等待停电施工窗口。", "涉及立项审批,待批复后施工。", "司法程序未结,暂不具备条件。")
_QUESTIONS = (
    "请问具体是哪一处?方便补充门牌或杆号吗?",
    "请问什么时间段最明显?",
    "请问现在还存在吗?可否约时间到场?",
)
_REPLIES = ("就在公交站旁边第三根。", "每天晚上八点以后。", "还在,下午都可以来。")


class Beside(Hands):
    """The same people, with the telephone in their hands."""

    def the_emergency(self, incident: Incident, memory: Memory, since: datetime) -> Step | None:
        """The centre calls the unit of an emergency; whoever takes the call has accepted."""
        if incident.urgency != Urgency.EMERGENCY or not self._first(
            memory, f"phone:{incident.return_count}", self._habits.phones
        ):
            return None
        at = since + self._minutes(2.5, spread=0.4)
        number, desk = incident.number, self._staff.desk(at_night=False)
        user = self._staff.handler(incident.owner_unit_id).user
        taken_by = user.username if user else ""
        return Step(
            at, lambda: actions.phone(number=number, reached=True, taken_by=taken_by, actor=desk, at=at)
        )

    def the_work(
        self, incident: Incident, memory: Memory, since: datetime, *, until: datetime
    ) -> Step | None:
        """What comes between now and the instant at which the work is done."""
        step = self._answer(incident, since) if "asked" in memory.kept else None
        step = step or self._contact(incident, memory, since)
        step = step or self._ask(incident, memory, since, until)
        return step if step is not None and step.at < until else None

    def the_pause(self, incident: Incident, memory: Memory, since: datetime) -> Step | None:
        """The reporter's answer, where one comes before the waiting is over."""
        asked = incident.pause_kind == PauseKind.RESIDENT
        if not asked or not self._first(memory, "reply", self._habits.reporter_answers):
            return None
        link = incident.links.filter(unlinked_at__isnull=True).select_related("report").first()
        at = since + self._minutes(300, spread=0.8)
        if link is None or incident.paused_until is None or at >= incident.paused_until:
            return None
        report, text = link.report, self._dice.choice(_REPLIES)
        return Step(at, lambda: actions.reply(report=report, text=text, at=at))

    def _contact(self, incident: Incident, memory: Memory, since: datetime) -> Step | None:
        wanted = self._first(memory, f"contact:{incident.return_count}", self._habits.contacts)
        if not wanted or incident.first_contact_at is not None:
            return None
        if not incident.timers.filter(kind=Timer.Kind.FIRST_CONTACT, stopped_at__isnull=True).exists():
            return None
        at = self._at_work(since + self._minutes(self._habits.contact_hours * 60, spread=0.8))
        number, actor = incident.number, self._staff.handler(incident.owner_unit_id)
        reached = self._dice.random() < 0.9
        return Step(at, lambda: actions.contact(number=number, reached=reached, actor=actor, at=at))

    def _ask(self, incident: Incident, memory: Memory, since: datetime, until: datetime) -> Step | None:
        """Now and then: more time, standing still, or a question to the reporter."""
        number, actor = incident.number, self._staff.handler(incident.owner_unit_id)
        at = self._at_work(since + (until - since) * self._dice.uniform(0.2, 0.7))
        if self._first(memory, "more-time", self._habits.asks_time):
            clock = incident.timers.filter(kind=Timer.Kind.HANDLING, stopped_at__isnull=True).last()
            if clock is None or at >= clock.due_at:
                return None
            memory.kept.add("asked")
            later, reason = self._later(clock), self._dice.choice(_MORE_TIME)
            return Step(
                at,
                lambda: actions.request_extension(
                    number=number, until=later, reason=reason, actor=actor, at=at
                ),
            )
        if self._first(memory, "suspend", self._habits.suspends):
            memory.kept.add("asked")
            wait, reason = at + timedelta(days=self._dice.randrange(3, 15)), self._dice.choice(_STAND_STILL)
            return Step(
                at,
                lambda: actions.request_suspension(
                    number=number, until=wait, reason=reason, actor=actor, at=at
                ),
            )
        if self._first(memory, "question", self._habits.asks_reporter):
            question = self._dice.choice(_QUESTIONS)
            return Step(
                at, lambda: actions.ask_reporter(number=number, question=question, actor=actor, at=at)
            )
        return None

    def _answer(self, incident: Incident, since: datetime) -> Step | None:
        """The supervisor's word on what waits: most get their time."""
        asked = incident.requests.filter(
            kind__in=[CaseRequest.Kind.EXTENSION, CaseRequest.Kind.SUSPENSION], answered_at__isnull=True
        ).first()
        if asked is None:
            return None
        at = self._at_work(since + self._minutes(90, spread=0.7))
        number, agreed = incident.number, self._dice.random() < self._habits.time_agreed
        reason, actor = "" if agreed else "不属于不可抗力,请按期办结。", self._staff.supervisor()
        decide = (
            actions.decide_extension
            if asked.kind == CaseRequest.Kind.EXTENSION
            else actions.decide_suspension
        )
        return Step(at, lambda: decide(number=number, agreed=agreed, reason=reason, actor=actor, at=at))

    def _later(self, clock: Timer) -> datetime:
        """Half of the limit once more."""
        limit = Limit.parse(clock.limit)
        half = Limit(max(1, limit.amount // 2), limit.unit)
        return due(clock.due_at, half, work_calendar(clock.unit_code))

    def _first(self, memory: Memory, what: str, share: float) -> bool:
        """Throw the dice about this once for a case; True the first time only, where it says so."""
        done = f"done:{what}"
        if done in memory.kept:
            return False
        memory.kept.add(done)
        return self._dice.random() < share
