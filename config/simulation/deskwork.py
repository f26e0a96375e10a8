"""What the people at the desk do besides deciding: a slip that is taken back, a category set right first."""

import random
from datetime import datetime, timedelta

from config.simulation.hands import Habits, Memory, Step
from incidents import actions
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.models import Incident

_WRONG_KEY = "urban-management"  # what the next row's unit was


class Deskwork:
    """Whoever sits there. The words of a case are its dice, so the same life is lived again."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits

    def before_deciding(
        self, incident: Incident, memory: Memory, *, item: str, actor: Actor, since: datetime, at: datetime
    ) -> Step | None:
        """Something that comes first, between `since` and `at` (when it is decided), if anything."""
        dice = random.Random(f"desk {incident.text.body}")
        thrown, sooner = dice.random(), since + (at - since) * dice.uniform(0.3, 0.8)
        if "deskwork" in memory.kept or "disputed" in incident.triage_codes:
            return None
        memory.kept.add("deskwork")
        if thrown < self._habits.slips:
            return Step(sooner, lambda: self._slip(incident.number, item, actor, sooner))
        if thrown < self._habits.slips + self._habits.corrects and _is_doubtful(incident):
            category = incident.category_id
            return Step(
                sooner,
                lambda: actions.correct(number=incident.number, category=category, actor=actor, at=sooner),
            )
        return None

    @staticmethod
    def _slip(number: str, item: str, actor: Actor, at: datetime) -> None:
        """The wrong key, and U four seconds later."""
        actions.dispatch(number=number, item_code=item, unit_code=_WRONG_KEY, actor=actor, at=at)
        try:
            actions.recall(number=number, actor=actor, at=at + timedelta(seconds=4))
        except ActionRefused:  # the unit was quicker
            return


def _is_doubtful(incident: Incident) -> bool:
    return bool(incident.category_id) and "low_confidence" in incident.triage_codes
