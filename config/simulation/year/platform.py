"""This platform's way: the product's own intake, actions and clocks, and people who do what they are sent.

Runs in a database of its own, at the instants of the agenda. A person here decides nothing that the code
decides; the code decides nothing that is a person's.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings

from config.simulation.in_hand import mediated
from config.simulation.year.assumptions import Assumptions
from config.simulation.year.demand import Matter
from config.simulation.year.people import Desk, Shift, at_work
from config.simulation.year.receiving import Receiving
from config.simulation.year.work import Case, State
from incidents import actions, adjudicating, cohandling, sweeps
from incidents.models import Assignment, DueAction, PendingStage, TimelineEntry
from incidents.models.incident import ResolutionOutcome, Status
from incidents.policy import ANSWERABLE
from incidents.timeline import Kind

# Units that help with anything, where an item names none.
_HELPERS: Final = ("urban-management", "housing-construction", "water-affairs")
_STRONG = frozenset({Kind.BREACHED, Kind.ESCALATED, Kind.SUPERVISED, Kind.SUPERVISION_RAISED})
_HEARD = [Kind.WARNED, Kind.LEVEL_RAISED, *_STRONG]
_CLOCKS = frozenset({"handling", "support"})


class Platform(Receiving):
    """One year of it."""

    def live(self, coming: Sequence[Matter], until: datetime) -> None:
        """Plan what comes and the sweeps; the agenda runs it."""
        for matter in coming:
            self.agenda.add(matter.at, lambda at, one=matter: self._receive(one, at))  # type: ignore[misc]
        if coming:
            self.agenda.add(coming[0].at, lambda at: self._sweep(at, until))

    # --- what the product decides -------------------------------------------------------------

    def _sweep(self, at: datetime, until: datetime) -> None:
        """The clocks up to now, and what they told people since."""
        # What a sweep finds at once on a machine that is left running costs much where hardly anything waits.
        if PendingStage.objects.filter(fire_at__lte=at).exists() or DueAction.objects.exists():
            sweeps.catch_up(at=at)
        told = TimelineEntry.objects.filter(pk__gt=self._heard, kind__in=_HEARD).order_by("pk")
        for pk, incident, kind, data in told.values_list("pk", "incident_id", "kind", "data"):
            self._heard = pk
            if (case := self._by_pk.get(incident)) is not None:
                self._hear(case, at, Kind(kind), data)
        if (later := at + timedelta(hours=self.assumed.sweep_hours)) <= until:
            self.agenda.add(later, lambda then: self._sweep(then, until))

    def _hear(self, case: Case, at: datetime, kind: Kind, data: dict[str, object]) -> None:
        if kind == Kind.LEVEL_RAISED:
            if data.get("unit") == settings.TRIAGE_UNIT:
                self._to_desk(case, at)
            elif data.get("assignment"):
                self._sent(case, at, raised=True)
        elif kind in _STRONG or data.get("clock") in _CLOCKS:
            is_ours = data.get("clock", "handling") in _CLOCKS
            topic = f"{kind} {data.get('stage', '')} {data.get('run', '')}"
            self.remind(case, at, strongly=kind in _STRONG and is_ours, topic=topic)

    # --- the desk -----------------------------------------------------------------------------

    def _to_desk(self, case: Case, at: datetime) -> None:
        minutes = self.assumed.answer_minutes if case.matter.answered else self.assumed.desk_minutes
        began, ended = self._desk.enter(at, minutes, urgent=case.matter.urgent)
        if not case.sendings:
            case.now(at, State.SORTING)
            case.now(began, State.SORTED)
        self.agenda.add(ended, lambda then: self._decide(case, then))

    def _decide(self, case: Case, at: datetime) -> None:
        incident, matter = self._incident(case), case.matter
        if incident.status != Status.TRIAGE:
            return
        actor = self._on_desk(at)
        if matter.answered and incident.nature in ANSWERABLE:
            text = "您好,办理条件和所需材料已发到您的手机,也可到社区窗口咨询。"
            if self._done(
                "answer", lambda: actions.answer(number=case.number, text=text, actor=actor, at=at)
            ):
                self.answered += 1
                self.cases.remove(case)
            return
        named: dict[str, Any] = {"number": case.number, "item_code": matter.item, "unit_code": matter.unit}
        if adjudicating.is_open(incident):
            judge = self._staff.supervisor()
            words = "经核对清单和产权资料,由该单位负责。"
            sent = self._done("rule", lambda: actions.rule(**named, ruling=words, actor=judge, at=at))
        else:
            named["unit_code"] = self._chosen(case)
            sent = self._done("dispatch", lambda: actions.dispatch(**named, actor=actor, at=at))
        if sent:
            self._sent(case, at)
        else:
            self._once_more(case, at, self._decide)

    def _chosen(self, case: Case) -> str:
        """Whose the desk thinks it is: deciding it again, it is as often right as a clerk."""
        right = self.assumed.later_right if case.sendings else self.assumed.desk_right
        # Which people are at it is plain to see; and what was refused is thought over.
        if case.taken or case.matter.happens(f"desk right {case.sendings} {case.retries}", right):
            return case.matter.unit
        return next(unit for unit in _HELPERS if unit not in (case.matter.unit, case.unit))

    # --- the unit -----------------------------------------------------------------------------

    def _sent(self, case: Case, at: datetime, *, raised: bool = False) -> None:
        case.unit = self._incident(case).owner_unit_id if not case.taken else case.unit
        case.sendings += not raised
        if not case.taken:
            case.now(at, State.UNREAD)
        self.agenda.add(self.seen_after(case, at), lambda then: self._seen(case, then))

    def _seen(self, case: Case, at: datetime) -> None:
        incident, matter = self._incident(case), case.matter
        if incident.status not in (Status.DISPATCHED, Status.HANDLING):
            return
        owner = incident.owner_unit_id
        handler = self._staff.handler(owner)
        is_new = incident.status == Status.DISPATCHED
        # Where it has come up a level, the unit above sees to it that the same people do it.
        raised = incident.level != incident.first_level and case.unit == matter.unit
        if case.taken or raised or owner == matter.unit:
            pushed = case.sendings == 1 and matter.happens("dispute", self.assumed.disputes)
            if is_new and pushed and not case.taken and not raised:
                self._ask_return(case, at, agreed=False)
                return
            if is_new:
                self._done("accept", lambda: actions.accept(number=case.number, actor=handler, at=at))
            self._begin(case, at)
        elif is_new:
            self._ask_return(case, at, agreed=True)
        else:
            # Silence was taken for acceptance: the desk sends it on.
            case.now(at, State.BACK)
            _began, ended = self._desk.enter(at, self.assumed.desk_minutes, urgent=matter.urgent)
            self.agenda.add(ended, lambda then: self._send_on(case, then))

    def _begin(self, case: Case, at: datetime) -> None:
        if not case.taken:
            case.due = self._incident(case).due_at or at
            self.take_up(case, at)

    def _ask_return(self, case: Case, at: datetime, *, agreed: bool) -> None:
        incident = self._incident(case)
        handler = self._staff.handler(incident.owner_unit_id)
        asked = self._done(
            "request_return",
            lambda: actions.request_return(
                number=case.number,
                reason="经核实,不属于本单位职责范围。",
                cites=incident.item_code or case.matter.item,
                actor=handler,
                at=at,
            ),
        )
        if not asked:
            self._once_more(case, at, self._seen)
            return
        if agreed:
            case.now(at, State.BACK)
        _began, ended = self._desk.enter(at, self.assumed.desk_minutes, urgent=case.matter.urgent)
        self.agenda.add(ended, lambda then: self._answer_return(case, then, agreed=agreed))

    def _answer_return(self, case: Case, at: datetime, *, agreed: bool) -> None:
        actor = self._on_desk(at)
        reason = "" if agreed else "清单写明由你单位负责,请先行处置。"
        answered = self._done(
            "decide_return",
            lambda: actions.decide_return(
                number=case.number, agreed=agreed, reason=reason, actor=actor, at=at
            ),
        )
        self.returned += answered and agreed
        if answered and agreed:
            self.agenda.add(at + timedelta(minutes=1), lambda then: self._decide(case, then))
            return
        handler = self._staff.handler(self._incident(case).owner_unit_id)
        if self._incident(case).status == Status.DISPATCHED:
            self._done("accept", lambda: actions.accept(number=case.number, actor=handler, at=at))
        self._begin(case, at)

    def _send_on(self, case: Case, at: datetime) -> None:
        matter, actor, unit = case.matter, self._on_desk(at), self._chosen(case)
        sent = self._done(
            "redispatch",
            lambda: actions.redispatch(
                number=case.number,
                item_code=matter.item,
                unit_code=unit,
                reason="经核实不属于该单位职责,转派。",
                actor=actor,
                at=at,
            ),
        )
        if sent:
            self.returned += 1
            self._sent(case, at)
        else:
            self._once_more(case, at, self._seen)

    # --- beside the work ----------------------------------------------------------------------

    def rank(self, case: Case, at: datetime) -> tuple[float, ...]:
        """The inbox: what is asked after, then what is due first."""
        return (0.0 if case.urged else 1.0, (case.due or at).timestamp())

    def helped(self, case: Case, at: datetime) -> datetime:
        incident = self._incident(case)
        lead = incident.assignments.filter(role=Assignment.Role.LEAD, ended_at__isnull=True).first()
        if lead is None:
            return at
        others = [*lead.supporting_units, *_HELPERS]
        helper = next(unit for unit in others if unit != lead.unit_id)
        handler = self._staff.handler(lead.unit_id)
        if self._done(
            "invite_support",
            lambda: actions.invite_support(
                number=case.number,
                units=[helper],
                asked="请到场配合处置。",
                due_at=self.calendar.add_working(at, timedelta(hours=self.assumed.help_due_hours)),
                actor=handler,
                at=at,
            ),
        ):
            case.help_unit = helper
        return at

    def help_ends(self, case: Case, at: datetime) -> datetime:
        self._answer_supports(case, at)
        return at

    def _answer_supports(self, case: Case, at: datetime) -> None:
        for support in cohandling.open_supports(self._incident(case)):
            unit, handler = support.unit_id, self._staff.handler(support.unit_id)
            self._done(
                "answer_support",
                lambda unit=unit, handler=handler: actions.answer_support(  # type: ignore[misc]
                    number=case.number,
                    answer=Assignment.Answer.DONE,
                    text="已到场配合,处置完毕。",
                    unit=unit,
                    actor=handler,
                    at=at,
                ),
            )

    def waits_outside(self, case: Case, at: datetime, until: datetime) -> None:
        incident = self._incident(case)
        due_at = incident.due_at
        if incident.status != Status.HANDLING or due_at is None or not at < due_at < until:
            return
        handler = self._staff.handler(incident.owner_unit_id)
        asked = self._done(
            "request_suspension",
            lambda: actions.request_suspension(
                number=case.number,
                until=until + timedelta(hours=1),
                reason="等待材料和施工窗口。",
                actor=handler,
                at=at,
            ),
        )
        if asked:
            spread = self.assumed.word_spread
            minutes = self.assumed.word_minutes * case.matter.dice("word").lognormvariate(0, spread)
            word = self.calendar.add_working(at, timedelta(minutes=minutes))
            self.agenda.add(word, lambda then: self._answer_pause(case, then))

    def _answer_pause(self, case: Case, at: datetime) -> None:
        agreed = case.matter.happens("time", self.assumed.time_agreed)
        reason = "" if agreed else "不属于不可抗力,请按期办结。"
        actor = self._staff.supervisor()
        self._done(
            "decide_suspension",
            lambda: actions.decide_suspension(
                number=case.number, agreed=agreed, reason=reason, actor=actor, at=at
            ),
        )

    def finished(self, case: Case, at: datetime) -> None:
        case.job = None
        incident = self._incident(case)
        if incident.status == Status.DISPATCHED:  # it has come up a level, and nobody there has looked yet
            above = self._staff.handler(incident.owner_unit_id)
            self._done("accept", lambda: actions.accept(number=case.number, actor=above, at=at))
        self._answer_supports(case, at)
        handler = self._staff.handler(incident.owner_unit_id)
        told: dict[str, Any] = {"text": "已现场处理完毕。", "attested": True}
        done = self._done(
            "resolve",
            lambda: actions.resolve(
                number=case.number,
                **told,
                outcome=ResolutionOutcome.SOLVED,
                mediation=mediated(incident, ResolutionOutcome.SOLVED),
                actor=handler,
                at=at,
            ),
        )
        if not done:
            self._once_more(case, at, self.finished)
            return
        case.done_at = at
        throw = case.matter.dice(f"check {case.failed_check}").lognormvariate(0, self.assumed.check_spread)
        hours = self.assumed.check_hours * throw
        self.agenda.add(
            at_work(at + timedelta(hours=hours), self.calendar), lambda then: self._check(case, then)
        )

    def _check(self, case: Case, at: datetime) -> None:
        matter = case.matter
        asked = self._incident(case).verifications.filter(done_at__isnull=True).first()
        if asked is None or case.done_at is None:
            return
        failed = (
            not case.failed_check
            and matter.happens("poor", self.assumed.poor)
            and matter.happens("found", self.assumed.found_by_check)
        )
        checker = self._staff.handler(asked.unit_id)
        text = "到场查看,问题仍在。" if failed else ""
        checked = self._done(
            "verify",
            lambda: actions.verify(number=case.number, fixed=not failed, text=text, actor=checker, at=at),
        )
        if checked and failed:
            case.failed_check = True
            case.now(case.done_at, State.REWORK)
            case.done_at = None
            self.redo(case, at)


def counter(assumed: Assumptions, *, one_in: int, dice: random.Random) -> Desk:
    """The desk that is never closed."""
    day = Shift(assumed.day_begins, assumed.night_begins, assumed.desk_by_day)
    night = Shift(assumed.night_begins, 24 + assumed.day_begins, assumed.desk_by_night)
    return Desk([day, night], one_in=one_in, dice=dice, assumed=assumed)
