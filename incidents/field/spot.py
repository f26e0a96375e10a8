"""Self-found and self-fixed: a class of its own, never ranked, re-checked at random.

While a case is in the class nothing that would look well is counted for it (see outcomes.append), so that
nobody rises in a ranking by finding what they put right themselves. A fix that does not stand leaves the
class: then it is an ordinary case of the unit that said so, and its rework counts like any.
"""

import random

from django.conf import settings

from incidents import outcomes
from incidents.models import Incident, Outcome

# Nobody shall be able to foresee which ones are looked at again.
_dice = random.SystemRandom()


def is_looked_at_again() -> bool:
    """Draw lots: settings.SELF_FIXED_CHECKED of what patrols put right themselves is checked by others."""
    return _dice.random() < settings.SELF_FIXED_CHECKED


def enter(incident: Incident) -> None:
    """Put a locked case, not yet handled, into the class: what its intake counted is taken back."""
    outcomes.take_back(incident, Outcome.Kind.RECEIVED, Outcome.Kind.DISPATCHED, entirely=True)
    incident.self_fixed = True


def leave(incident: Incident) -> None:
    """The fix did not stand: count the case as what it is, before its end is taken back. Nothing for a case
    that is not in the class."""
    if not incident.self_fixed:
        return
    incident.self_fixed = False
    assert incident.dispatched_at is not None
    outcomes.append(Outcome.Kind.RECEIVED, incident, at=incident.received_at)
    sent = incident.dispatched_at
    was_sent = outcomes.is_first_sending_counted(incident)
    outcomes.append(
        Outcome.Kind.DISPATCHED,
        incident,
        at=sent,
        first=not was_sent,
        **outcomes.durations(incident.received_at, sent),
    )
    if incident.resolved_at is not None:
        done = incident.resolved_at
        outcomes.append(
            Outcome.Kind.HANDLED, incident, at=done, solved=True, **outcomes.durations(sent, done)
        )
