"""What units do with a case: accept, return, resolve, check; some fast, some late, some wrongly.

`Crew.next_step` says what happens to a case next and when; whoever runs it keeps the time: `seed_demo`
plays each case to its end, `simulate` and `replay` keep many in a queue.
"""

import random
from datetime import datetime, timedelta

from config.simulation import mediating
from config.simulation.arguing import Arguing
from config.simulation.beside import Beside
from config.simulation.calling import Calling
from config.simulation.contested import AGREED, moved_inside, named_instead
from config.simulation.deskwork import Deskwork
from config.simulation.hands import Habits, Hands, Memory, Step
from config.simulation.helping import Helping
from config.simulation.in_hand import InHand, mediated
from config.simulation.people import Staff
from dispatch.calendar import SHANGHAI
from dispatch.deadlines import Limit, due
from dispatch.edition import edition, work_calendar
from dispatch.vocabulary import Nature, Urgency
from incidents import actions, sweeps
from incidents.errors import ActionRefused, InvalidInput
from incidents.knowledge import finding
from incidents.models import Assignment, CaseRequest, DecisionRecord, Incident, Timer
from incidents.models.incident import ResolutionOutcome, Status

_OUTCOMES = (
    (ResolutionOutcome.SOLVED, 88, "已现场处理完毕,并回访当事人。"),
    (ResolutionOutcome.EXPLAINED, 6, "已向反映人说明政策依据,暂不具备条件。"),
    (ResolutionOutcome.UNFOUNDED, 4, "现场核查两次,未发现所反映的情况。"),
    (ResolutionOutcome.UNREACHABLE, 1, "多次联系未果,现场未见异常。"),
    (ResolutionOutcome.LEGAL_ROUTE, 1, "属民事纠纷,已引导走调解或诉讼途径。"),
)
_WORDS: dict[str, str] = {outcome: text for outcome, _weight, text in _OUTCOMES}


class Crew(Hands):
    """All the people of all the units."""

    def __init__(self, dice: random.Random, habits: Habits | None = None) -> None:
        super().__init__(dice, habits or Habits(), Staff())
        self._beside = Beside(self._dice, self._habits, self._staff)
        self._calling = Calling(self._dice, self._habits, self._staff)
        self._deskwork = Deskwork(self._habits)
        self._arguing = Arguing(self._dice, self._habits, self._staff)
        self._helping = Helping(self._staff, self._habits.invites)
        self._in_hand = InHand(self._staff, self._habits)
        self._left: tuple[frozenset[str], datetime] | None = None

    def leave_checks(self, units: frozenset[str], *, since: datetime) -> None:
        """Leave these units' checks of work that was done since then to whoever signs in for them."""
        self._left = (units, since)

    def play(self, incident: Incident, memory: Memory, *, since: datetime, until: datetime) -> int:
        """Live a case from `since` on for as long as its next step lies before `until`; counts the steps."""
        done = 0
        while (step := self.next_step(incident, memory, since=since)) and step.at <= until:
            since = step.at
            if self.take(step):
                done += 1
            else:
                # The clock has moved the case on meanwhile: let it, and look again from this instant on.
                sweeps.catch_up(at=since)
            incident = Incident.objects.get(pk=incident.pk)
        return done

    @staticmethod
    def take(step: Step) -> bool:
        """Do it; False where the case has moved on meanwhile."""
        try:
            step.act()
        except (ActionRefused, InvalidInput):
            return False
        return True

    def next_step(self, incident: Incident, memory: Memory, *, since: datetime) -> Step | None:
        """What happens to the case next, not before `since`; None when nothing more will."""
        memory.steps += 1
        if memory.steps > 24:
            return None
        match incident.status:
            case Status.TRIAGE:
                return self._decide(incident, memory, since)
            case Status.DISPATCHED:
                return self._answer_sending(incident, memory, since)
            case Status.HANDLING:
                work = self._finish(incident, memory, since)
                if (helped := self._helped(incident, since, work.at)) is not None:
                    return helped
                if (argued := self._argue(incident, memory, since)) is not None and argued.at < work.at:
                    return argued
                return self._beside.the_work(incident, memory, since, until=work.at) or work
            case Status.SUSPENDED:
                return self._beside.the_pause(incident, memory, since) or self._finish(
                    incident, memory, max(since, incident.paused_until or since)
                )
            case Status.PARKED:
                parked = incident.timers.filter(kind=Timer.Kind.PARKED).latest("pk")
                return self._finish(incident, memory, max(since, parked.due_at))
            case Status.RESOLVED:
                return self._check(incident, since)
            case Status.CLOSED:
                return self._look_back(incident, memory, since)
        return None

    def _decide(self, incident: Incident, memory: Memory, since: datetime) -> Step:
        at = since + self._minutes(self._habits.desk_minutes, spread=0.8)
        actor = self._staff.desk(at.astimezone(SHANGHAI).hour < 8)
        number = incident.number
        if incident.nature == Nature.ENQUIRY:
            known = finding.suggest(incident.text.body, at=at, most=1).offered
            text = "您好,办理条件和所需材料已发到您的手机,也可到社区窗口咨询。"
            if known and known[0].current is not None:
                text = known[0].current.answer
            article = known[0].pk if known else None
            return Step(
                at,
                lambda: actions.answer(number=number, text=text, article=article, actor=actor, at=at),
            )
        item, unit = self._choice(incident, memory)
        first = self._deskwork.before_deciding(incident, memory, item=item, actor=actor, since=since, at=at)
        if first is not None:
            return first
        ruling = (
            self._arguing.the_ruling(incident, item, unit, since) if self._is_disputed(incident) else None
        )
        return ruling or Step(
            at,
            lambda: actions.dispatch(number=number, item_code=item, unit_code=unit, actor=actor, at=at),
        )

    @staticmethod
    def _is_disputed(incident: Incident) -> bool:
        return "disputed" in incident.triage_codes

    def _argue(self, incident: Incident, memory: Memory, since: datetime) -> Step | None:
        """An objection, and later its ruling: half of them stay where they are."""
        if "objected" not in memory.kept:
            return self._arguing.the_objection(incident, memory, since)
        if "ruled" in memory.kept:
            return None
        memory.kept.add("ruled")
        item, unit = incident.item_code, incident.owner_unit_id
        if self._dice.random() < 0.5 and (named := named_instead(incident)) is not None:
            unit = named[0]
        return self._arguing.the_ruling(incident, item, unit, since)

    def _choice(self, incident: Incident, memory: Memory) -> tuple[str, str]:
        """The item to send a case under, and the unit where the place does not tell it."""
        machine = DecisionRecord.objects.filter(incident=incident, made_by__isnull=True, adjudication=None)
        record = machine.latest("pk")
        before = set(incident.assignments.values_list("unit_id", flat=True))
        candidates = [
            (candidate["item"], candidate["unit"] or "")
            for candidate in record.detail.get("candidates", [])
            if candidate["unit"] not in before
        ]
        if memory.is_wrong is not None:
            right = [(item, unit) for item, unit in candidates if unit and not memory.is_wrong(unit)]
            candidates = right or candidates
        item, unit = candidates[0] if candidates else (memory.item, "")
        if memory.item and not before:
            item, unit = memory.item, ""
        proposed = incident.requests.filter(proposed_unit__isnull=False).last()
        if proposed is not None:
            # The matter was read rightly; it is the unit that is another one.
            item, unit = proposed.assignment.item_code or item, proposed.proposed_unit_id or unit
        if not unit and not incident.street_code:
            unit = self._dice.choice(("buji", "bantian", "longcheng", "henggang")) + "/public-services"
        return item or "0101-017", unit

    def _answer_sending(self, incident: Incident, memory: Memory, since: datetime) -> Step:
        number, unit = incident.number, incident.owner_unit_id
        asked = incident.requests.filter(kind=CaseRequest.Kind.RETURN, answered_at__isnull=True).first()
        if asked is not None:
            at = since + self._minutes(35, spread=0.7)
            expected = memory.is_wrong is None and named_instead(incident) is not None
            agreed = self._dice.random() < (AGREED if expected else self._habits.return_agreed)
            actor = self._staff.desk(at_night=False)
            reason = "" if agreed else "清单写明由你单位负责,请先行处置。"
            return Step(
                at,
                lambda: actions.decide_return(
                    number=number, agreed=agreed, reason=reason, actor=actor, at=at
                ),
            )
        if (call := self._beside.the_emergency(incident, memory, since)) is not None:
            return call
        actor = self._staff.handler(unit)
        limit = incident.timers.filter(kind=Timer.Kind.ACCEPTANCE).latest("pk")
        if self._once(memory, f"silent:{incident.return_count}", self._habits.silent):
            # Nobody answers: the limit passes, and the next thing that happens is the work itself.
            return self._finish(incident, memory, max(since, limit.due_at) + timedelta(minutes=1))
        share = self._habits.accept_share * self._dice.lognormvariate(0, 0.7)
        at = max(since, limit.started_at + (limit.due_at - limit.started_at) * share)
        if incident.urgency == Urgency.ROUTINE:
            at = self._at_work(at)
        if self._wants_return(incident, memory):
            named = named_instead(incident)
            reason = named[1].reason if named else "经现场核实,不属于本单位职责范围。"
            return Step(
                at,
                lambda: actions.request_return(
                    number=number,
                    reason=reason,
                    cites=incident.item_code,
                    proposed_unit=named[0] if named else "",
                    actor=actor,
                    at=at,
                ),
            )
        if (moved := self._move_inside(incident, memory, at)) is not None:
            return moved
        return Step(at, lambda: actions.accept(number=number, actor=actor, at=at))

    def _wants_return(self, incident: Incident, memory: Memory) -> bool:
        share = self._habits.asks_return
        if memory.is_wrong is not None:
            share = 0.6 if memory.is_wrong(incident.owner_unit_id) else 0.0
        elif (named := named_instead(incident)) is not None:
            share = named[1].share
        asked_already = incident.requests.filter(
            assignment__ended_at__isnull=True, kind=CaseRequest.Kind.RETURN
        ).exists()
        return not asked_already and self._once(memory, f"return:{incident.return_count}", share)

    def _move_inside(self, incident: Incident, memory: Memory, at: datetime) -> Step | None:
        """街道内转派: the street's centre gives the case to another of its teams."""
        moved = moved_inside(incident) if memory.is_wrong is None else None
        if moved is None or not self._once(memory, "inside", moved[1]):
            return None
        office = edition().units.streets[incident.street_code]
        actor, number, item = self._staff.street_centre(office), incident.number, incident.item_code
        return Step(
            at,
            lambda: actions.redispatch(
                number=number,
                item_code=item,
                unit_code=moved[0],
                reason="本街道内由该队伍负责,转派处理。",
                actor=actor,
                at=at,
            ),
        )

    def _helped(self, incident: Incident, since: datetime, until: datetime) -> Step | None:
        lead = incident.assignments.get(role=Assignment.Role.LEAD, ended_at__isnull=True)
        inside = self._in_hand.next(incident, lead, since=since, until=until)
        return inside or self._helping.next(incident, lead, since=since, until=until)

    def _finish(self, incident: Incident, memory: Memory, since: datetime) -> Step:
        lead = incident.assignments.get(role=Assignment.Role.LEAD, ended_at__isnull=True)
        number, actor = incident.number, self._staff.handler(lead.unit_id)
        limit = Limit.parse(lead.handle_limit)
        due_at = due(lead.sent_at, limit, work_calendar())
        share = self._handle_share(lead.unit_id, memory)
        at = max(lead.sent_at + (due_at - lead.sent_at) * share, since + timedelta(minutes=3))
        if incident.urgency == Urgency.ROUTINE:
            at = self._at_work(at)
        if "parked" not in memory.kept and self._once(memory, "park", self._habits.parks):
            until = (at + timedelta(days=self._dice.randrange(20, 70))).date()

            def park() -> None:
                memory.kept.add(
                    "parked"
                )  # now, and not when it is planned: something else may come before it
                actions.resolve(
                    number=number,
                    outcome=ResolutionOutcome.PARKED,
                    text="需跨部门立项,已向反映人作阶段性答复。",
                    parked_until=until,
                    actor=actor,
                    at=at,
                )

            return Step(at, park)
        drawn = self._dice.choices(_OUTCOMES, [row[1] for row in _OUTCOMES])[0][0]
        outcome = mediating.outcome_of(incident, drawn)

        def act() -> None:
            told = mediated(incident, outcome)
            if told is not None:
                mediating.bring_to_an_end(
                    incident, told.kind, settled=told.settled, actor=actor, since=since, at=at
                )
            actions.resolve(
                number=number,
                outcome=outcome,
                text=_WORDS[outcome],
                attested=True,
                mediation=told,
                actor=actor,
                at=at,
            )

        return Step(at, act)

    def _handle_share(self, unit: str, memory: Memory) -> float:
        """How much of its limit this handling takes; each unit has a pace of its own."""
        pace = 0.8 + random.Random(unit).random() * 0.5
        share = self._habits.handle_share * pace * self._dice.lognormvariate(0, self._habits.handle_spread)
        if memory.late is True:
            return 1.05 + share
        if memory.late is False:
            return min(share, 0.95)
        return min(share, 3.0)

    def _check(self, incident: Incident, since: datetime) -> Step | None:
        asked = incident.verifications.get(done_at__isnull=True)
        if self._left and asked.unit_id in self._left[0] and asked.asked_at >= self._left[1]:
            return None
        actor, number = self._staff.handler(asked.unit_id), incident.number
        at = self._at_work(since + self._minutes(self._habits.check_hours * 60, spread=0.6))
        fixed = self._dice.random() >= self._habits.check_fails
        text = "" if fixed else "到场查看,问题仍在。"
        return Step(at, lambda: actions.verify(number=number, fixed=fixed, text=text, actor=actor, at=at))

    def _look_back(self, incident: Incident, memory: Memory, since: datetime) -> Step | None:
        if incident.outcome == ResolutionOutcome.ANSWERED:
            return None
        if memory.rated:
            return self._calling.next(incident, memory, since)
        memory.rated = True
        link = incident.links.filter(unlinked_at__isnull=True).select_related("report").first()
        if link is None or link.report.contact_id is None:
            return None
        report, at = link.report, since + self._minutes(600, spread=0.9)
        if self._dice.random() < self._habits.objects:
            return Step(
                at, lambda: actions.object_to(report=report, reason="没有真正解决,又和原来一样。", at=at)
            )
        if self._dice.random() >= self._habits.rates:
            return self._calling.next(incident, memory, since)
        speed, result, service = self.scores()
        return Step(
            at,
            lambda: actions.rate(
                report=report,
                speed=speed,
                result=result,
                service=service,
                contacted=True,
                solved=result >= 3,
                at=at,
            ),
        )
