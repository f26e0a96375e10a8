"""Calling reporters back in the demo: by the queue's own hours, up to three times."""

from datetime import datetime, timedelta

from config.simulation.hands import Hands, Memory, Step
from incidents import actions
from incidents.calling import rules
from incidents.feedback import Answers
from incidents.models import Callback, Incident, PhoneCall

_Result = PhoneCall.Result
_OUTCOMES = (
    (_Result.ANSWERED, 70),
    (_Result.NO_ANSWER, 17),
    (_Result.DECLINED, 4),
    (_Result.BUSY, 4),
    (_Result.OFF, 3),
    (_Result.LATER, 2),
)
_SPOKEN = frozenset({_Result.ANSWERED, _Result.DECLINED, _Result.LATER})


class Calling(Hands):
    """Who sits at the callback desk."""

    def next(self, incident: Incident, memory: Memory, since: datetime) -> Step | None:
        """The next attempt, where one is to be made."""
        if not self._once(memory, f"calls:{incident.handling_run}", self._habits.calls_back):
            return None
        row = Callback.objects.open().filter(incident=incident).order_by("pk").first()
        if row is None:
            return None
        dice = self._dice
        at = rules.earliest_from(max(since, row.next_at) + timedelta(minutes=dice.uniform(1, 50)))
        outcomes, weights = zip(*_OUTCOMES, strict=True)
        outcome = dice.choices(outcomes, weights)[0]
        speed, result, service = self.scores()
        answered = outcome == _Result.ANSWERED
        answers = Answers(dice.random() < 0.96, result >= 3, speed, result, service) if answered else None
        again_at = rules.earliest_from(at + timedelta(hours=24)) if outcome == _Result.LATER else None
        number, desk = incident.number, self._staff.desk(at_night=False)
        recording = f"REC-{at:%Y%m%d}-{row.pk:06d}-{row.attempts + 1}" if outcome in _SPOKEN else ""
        return Step(
            at,
            lambda: actions.call_back(
                number=number,
                report_id=row.report_id,
                reached=outcome in (_Result.ANSWERED, _Result.DECLINED),
                outcome=outcome,
                answers=answers,
                recording=recording,
                again_at=again_at,
                actor=desk,
                at=at,
            ),
        )
