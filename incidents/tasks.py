"""The messages that Celery's beat sends: each makes one call. A lost one is made up by the next."""

import time
from collections.abc import Callable
from datetime import timedelta

from celery import shared_task

from config import clock
from incidents import attachments, delivery, digests, recalendar, sweeps
from incidents.driving import clocks_are_driven

# Seconds after which a task leaves the rest to the next one: a step of deliveries may take as long again,
# and CELERY_TASK_TIME_LIMIT ends whatever goes on for longer.
_LONG_ENOUGH = 25.0
_SOON = timedelta(minutes=1)
_floor = sweeps.Floor()  # of this worker process


@shared_task(name="incidents.fire_stages")
def fire_stages() -> int:
    """Fire due stages until none is left, or for a bounded number of batches."""
    if clocks_are_driven():
        return 0  # and no beat: a driver that never ends is an alarm too
    # Nothing is told by a due time that the work calendar has moved.
    _until_empty(lambda: recalendar.move_clocks(at=clock.now(), due_by=clock.now() + _SOON))
    fired = _until_empty(lambda: sweeps.fire_due_stages(at=clock.now(), floor=_floor))
    sweeps.beat("stages", done=fired)
    return fired


@shared_task(name="incidents.perform_actions")
def perform_actions() -> int:
    """Do what acting stages demand."""
    if clocks_are_driven():
        return 0
    done = _until_empty(lambda: sweeps.perform_due_actions(at=clock.now()))
    sweeps.beat("actions", done=done)
    return done


@shared_task(name="incidents.deliver_messages")
def deliver_messages() -> int:
    """Spread what the outbox holds, and send what is to be sent."""
    if clocks_are_driven():
        return 0  # who plays a past says what of it is news
    spread = _until_empty(lambda: delivery.spread(at=clock.now()))
    sent = _until_empty(lambda: delivery.deliver(at=clock.now()))
    sweeps.beat("outbox", done=spread + sent)
    return spread + sent


@shared_task(name="incidents.send_digests")
def send_digests() -> int:
    """Make the digests that are due; they are sent like everything else."""
    made = _until_empty(lambda: digests.make_digests(at=clock.now()))
    sweeps.beat("digests", done=made)
    return made


@shared_task(name="incidents.move_clocks")
def move_clocks() -> int:
    """Move running clocks where the work calendar has changed."""
    if clocks_are_driven():
        return 0
    moved = _until_empty(lambda: recalendar.move_clocks(at=clock.now()))
    sweeps.beat("calendar", done=moved)
    return moved


@shared_task(name="incidents.remove_unused_pictures")
def remove_unused_pictures() -> int:
    """Remove pictures that were sent ahead and then named by no report."""
    return _until_empty(lambda: attachments.remove_unused(at=clock.now()))


def _until_empty(step: Callable[[], int], *, rounds: int = 40) -> int:
    total = 0
    until = time.monotonic() + _LONG_ENOUGH
    for _round in range(rounds):
        done = step()
        total += done
        if not done or time.monotonic() > until:  # a clock that fired may have its next stage due already
            break
    return total
