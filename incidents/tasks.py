"""The messages that Celery's beat sends: each makes one call. A lost one is made up by the next."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from config import clock
from incidents import (
    attachments,
    delivery,
    digests,
    following_map,
    list_news,
    recalendar,
    rehearsal,
    repeats,
    submissions,
    succession,
    suggesting,
    sweeps,
)
from incidents.bulk import working
from incidents.centre import quality
from incidents.driving import clocks_are_driven
from incidents.instructing import reminding
from incidents.outer import reaching
from incidents.privacy import ageing, asking
from incidents.privacy import files as forgotten_files
from incidents.searching import rows
from incidents.secretary import reminding as letter_reminding
from incidents.sensing import settling

log = logging.getLogger(__name__)

# Seconds after which a task leaves the rest to the next one: a step of deliveries may take as long again,
# and CELERY_TASK_TIME_LIMIT ends whatever goes on for longer.
_LONG_ENOUGH = 25.0
_BEAT_EVERY = 5.0
_SOON = timedelta(minutes=1)
_floor = sweeps.Floor()  # of this worker process


@shared_task(name="incidents.fire_stages")
def fire_stages() -> int:
    """Fire due stages until none is left, or for a bounded number of batches."""
    if clocks_are_driven():
        return 0  # and no beat: a driver that never ends is an alarm too
    # What is due within the minute comes first; what is not moved yet does not fire.
    _until_empty("stages", lambda: recalendar.move_clocks(at=clock.now(), due_by=clock.now() + _SOON))
    return _until_empty("stages", lambda: sweeps.fire_due_stages(at=clock.now(), floor=_floor))


@shared_task(name="incidents.perform_actions")
def perform_actions() -> int:
    """Do what acting stages demand."""
    if clocks_are_driven():
        return 0
    return _until_empty("actions", lambda: sweeps.perform_due_actions(at=clock.now()))


@shared_task(name="incidents.deliver_messages")
def deliver_messages() -> int:
    """Spread what the outbox holds, and send what is to be sent."""
    if clocks_are_driven():
        return 0  # who plays a past says what of it is news
    _until_empty("", lambda: list_news.tell(at=clock.now()))
    return _until_empty("outbox", lambda: delivery.spread(at=clock.now()) + delivery.deliver(at=clock.now()))


@shared_task(name="incidents.send_digests")
def send_digests() -> int:
    """Make the digests that are due; they are sent like everything else."""
    return _until_empty("digests", lambda: digests.make_digests(at=clock.now()))


@shared_task(name="incidents.find_repeats")
def find_repeats() -> int:
    """Find what is said again within thirty days."""
    return _until_empty("repeats", lambda: repeats.find_repeats(now=timezone.now()))


@shared_task(name="incidents.settle_alerts")
def settle_alerts() -> int:
    """End what has been clear for long enough, note what is silent, finish what was left."""
    if clocks_are_driven():
        return 0
    return _until_empty("alerts", lambda: settling.settle(at=clock.now()))


@shared_task(name="incidents.remind")
def remind() -> int:
    """Remind of reports that units owe to leaders, and of letters without a reply."""
    if clocks_are_driven():
        return 0
    return _until_empty(
        "reminders", lambda: reminding.remind(at=clock.now()) + letter_reminding.remind(at=clock.now())
    )


@shared_task(name="incidents.move_clocks")
def move_clocks() -> int:
    """Move running clocks where the work calendar has changed."""
    if clocks_are_driven():
        return 0
    return _until_empty("calendar", lambda: recalendar.move_clocks(at=clock.now()))


@shared_task(name="incidents.hand_over_cases")
def hand_over_cases() -> int:
    """Let open cases follow a map that was changed, and those of closed units go to their successors."""
    if clocks_are_driven():
        return 0
    _until_empty("", lambda: following_map.step(at=clock.now()))
    return _until_empty("", lambda: succession.step(at=clock.now()))


@shared_task(name="incidents.reach_outer", time_limit=300)
def reach_outer() -> int:
    """Come for what waits in the outer zone, and push what is shown there; after a failure not at once."""
    if reaching.rests():
        return 0
    try:
        return reaching.round_of_exchanges(at=clock.now(), seconds=_LONG_ENOUGH)
    except reaching.Unreached as error:
        log.warning("the outer zone is not reached: %s", error)
        return 0


@shared_task(name="incidents.rehearse")
def rehearse() -> int:
    """Work on rehearsals of the list that somebody has asked for."""
    return _until_empty("", lambda: rehearsal.step(at=clock.now()))


@shared_task(name="incidents.fetch_suggestion")
def fetch_suggestion(*, suggestion: int) -> bool:
    """Ask the model that somebody at the desk waits for."""
    return suggesting.fetch(suggestion, at=clock.now()) is not None


@shared_task(name="incidents.take_in_files")
def take_in_files() -> int:
    """Read, check and take in files of reports that somebody has sent."""
    if clocks_are_driven():
        return 0
    return _until_empty("", lambda: working.step(at=clock.now()))


@shared_task(name="incidents.forget")
def forget() -> int:
    """Anonymise the cases whose time is over, and forget what else was kept for long enough."""
    if clocks_are_driven():
        return 0
    _until_empty("", forgotten_files.sweep)
    ageing.forget_the_rest(at=clock.now())
    asking.lapse(at=clock.now())
    reached: ageing.Reached = {}
    return _until_empty("", lambda: ageing.step(at=clock.now(), reached=reached))


@shared_task(name="incidents.fill_search_rows")
def fill_search_rows() -> int:
    """Write what cases are found by, for those whose words have changed."""
    return _until_empty("search", rows.fill)


@shared_task(name="incidents.remove_unused_pictures")
def remove_unused_pictures() -> int:
    """Remove pictures that were sent ahead and then named by no report, and answers nobody waits for."""
    _until_empty("", lambda: submissions.forget(at=timezone.now()))
    return _until_empty("", lambda: attachments.remove_unused(at=clock.now()))


@shared_task(name="incidents.draw_samples")
def draw_samples() -> int:
    """Draw the quality samples of weeks that are over."""
    return quality.draw_weeks(at=clock.now())


def _until_empty(name: str, step: Callable[[], int]) -> int:
    """Take steps until one finds nothing or it has been long enough; each is a beat of the sweep `name`.

    Counted by time and not by steps: a long silence is made up for in small ones.
    """
    total, beaten = 0, 0.0
    until = time.monotonic() + _LONG_ENOUGH
    while True:
        done = step()  # a clock that fired may have its next stage due already
        total += done
        is_over = not done or time.monotonic() > until
        if name and (is_over or time.monotonic() - beaten > _BEAT_EVERY):
            sweeps.beat(name, done=total)
            beaten = time.monotonic()
        if is_over:
            return total
