"""Whose job is it? Now and then a unit objects after it has accepted, and the district's supervisor rules."""

import random
from datetime import datetime
from typing import Final

from config.simulation.contested import named_instead
from config.simulation.hands import Hands, Memory, Step
from incidents import actions
from incidents.models import Adjudication, Incident

_OBJECTIONS: Final = (
    "到场核查,设施产权不在本单位,先行处置,申请明确责任。",
    "处置中发现涉及其他单位管养范围,请区里裁定。",
)
_RULINGS: Final = (
    "经核对清单和产权资料,由该单位负责,其余单位配合。",
    "按清单及移交记录,明确由该单位牵头处置。",
)


class Arguing(Hands):
    """The same people, disagreeing."""

    def the_ruling(self, incident: Incident, item: str, unit: str, since: datetime) -> Step | None:
        """The supervisor's word on the dispute that waits; a few come too late, and the clock decides."""
        dispute = Adjudication.objects.open().filter(incident=incident).select_related("timer").first()
        if dispute is None:
            return None
        clock = dispute.timer
        share = 0.3 * self._dice.lognormvariate(0, 0.7)
        at = max(since, self._at_work(clock.started_at + (clock.due_at - clock.started_at) * share))
        number, actor, words = incident.number, self._staff.supervisor(), self._dice.choice(_RULINGS)
        return Step(
            at,
            lambda: actions.rule(
                number=number, ruling=words, item_code=item, unit_code=unit, actor=actor, at=at
            ),
        )

    def the_objection(self, incident: Incident, memory: Memory, since: datetime) -> Step | None:
        """A unit that has accepted finds that it is not its job, and goes on working."""
        # By the case and not by the dice, which so fall for everything else as they did.
        contests = random.Random(incident.number).random() < self._habits.contests
        if memory.is_wrong is not None or not contests:
            return None
        memory.kept.add("objected")
        at = self._at_work(since + self._minutes(90, spread=0.6))
        number, actor = incident.number, self._staff.handler(incident.owner_unit_id)
        named, words = named_instead(incident), self._dice.choice(_OBJECTIONS)
        return Step(
            at,
            lambda: actions.raise_objection(
                number=number,
                reason=words,
                cites=incident.item_code,
                proposed_unit=named[0] if named else "",
                actor=actor,
                at=at,
            ),
        )
