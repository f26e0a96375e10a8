"""The messages that Celery's beat sends: each makes one call. A lost one is made up by the next."""

from collections.abc import Callable

from celery import shared_task

from config import clock
from incidents import attachments, delivery, sweeps
from incidents.driving import clocks_are_driven


@shared_task(name="incidents.fire_stages")
def fire_stages() -> int:
    """Fire due stages until none is left, or for a bounded number of batches."""
    if clocks_are_driven():
        return 0  # and no beat: a driver that never ends is an alarm too
    fired = _until_empty(lambda: sweeps.fire_due_stages(at=clock.now()))
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
    """Send what the outbox holds."""
    transport = delivery.ConsoleTransport()
    sent = _until_empty(lambda: delivery.deliver(at=clock.now(), transport=transport))
    sweeps.beat("outbox", done=sent)
    return sent


@shared_task(name="incidents.remove_unused_pictures")
def remove_unused_pictures() -> int:
    """Remove pictures that were sent ahead and then named by no report."""
    return _until_empty(lambda: attachments.remove_unused(at=clock.now()))


def _until_empty(step: Callable[[], int], *, rounds: int = 40) -> int:
    total = 0
    for _round in range(rounds):
        done = step()
        total += done
        if not done:  # a clock whose stage fired may have its next one due already
            break
    return total
