"""What supporting units do in the demo: they are asked now and then, and answer before the work is done."""

import random
from datetime import datetime, timedelta

from config.simulation.hands import Step
from config.simulation.people import Staff
from incidents import actions, cohandling
from incidents.models import Assignment, Incident

_ANSWERS = (
    (Assignment.Answer.DONE, 0.8, "已到场配合,处置完毕。"),
    (Assignment.Answer.NOTHING, 0.15, "到场查看,无需我单位处置。"),
    (Assignment.Answer.CANNOT, 0.05, "设施不在我单位管养范围,无法处置。"),
)


class Helping:
    """Whoever supports a lead. Throws dice of its own for each case: the others stay as they were."""

    def __init__(self, staff: Staff, share: float) -> None:
        self._staff = staff
        self._share = share

    def next(self, incident: Incident, lead: Assignment, *, since: datetime, until: datetime) -> Step | None:
        """An invitation or an answer, between `since` and `until` (when the work is done), if any."""
        waiting = cohandling.open_supports(incident).first()
        if waiting is not None:
            return self._answer(incident, waiting, since=since, until=until)
        dice = random.Random(f"{incident.number} {lead.pk}")
        never = not incident.assignments.filter(role=Assignment.Role.SUPPORT).exists()
        if never and lead.supporting_units and dice.random() < self._share:
            at = since + timedelta(seconds=30)
            actor = self._staff.handler(lead.unit_id)
            return Step(
                at,
                lambda: actions.invite_support(
                    number=incident.number,
                    units=lead.supporting_units[:1],
                    asked="请到场配合处置。",
                    due_at=at + timedelta(hours=24),
                    actor=actor,
                    at=at,
                ),
            )
        return None

    def _answer(self, incident: Incident, support: Assignment, *, since: datetime, until: datetime) -> Step:
        dice = random.Random(f"{incident.number} {support.pk}")
        planned = support.sent_at + timedelta(minutes=dice.uniform(15, 90))
        at = max(since + timedelta(minutes=1), min(planned, until - timedelta(minutes=1)))
        answer, _weight, text = dice.choices(_ANSWERS, [row[1] for row in _ANSWERS])[0]
        actor = self._staff.handler(support.unit_id)
        return Step(
            at,
            lambda: actions.answer_support(
                number=incident.number,
                answer=answer,
                text=text,
                unit=support.unit_id,
                actor=actor,
                at=at,
            ),
        )
