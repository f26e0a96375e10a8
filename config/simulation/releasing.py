"""What the public reads in the demo: cases that somebody at the desk has looked through."""

from datetime import datetime

from config.simulation.people import Staff
from incidents import actions, releasing
from incidents.cases import TEXT_MAX
from incidents.models import Incident, PublicWords


def look_through(*, at: datetime, most: int = 24) -> int:
    """Somebody at the desk releases what waits, as the rule proposes it, and keeps one in eight from the
    public; half stays in the queue. Answers on how many they decided."""
    if PublicWords.objects.exists():
        return 0
    waiting = list(releasing.waiting(Incident.objects.all(), at=at).select_related("text")[: 2 * most])
    desk = Staff().desk(at_night=False)
    decided = waiting[::2]
    for place, incident in enumerate(decided):
        if place % 8 == 7:
            actions.withhold(number=incident.number, actor=desk, at=at)
        else:
            actions.publish(
                number=incident.number,
                text=releasing.masked(incident, incident.text.body)[:TEXT_MAX],
                photos={one.pk: () for one in releasing.pictures(incident)},
                actor=desk,
                at=at,
            )
    return len(decided)
