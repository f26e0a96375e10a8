"""What beat asks of the boards: fold what waits, and once a night prove the cells right."""

import logging

from celery import shared_task
from django.utils import timezone

from config import clock
from dashboards import rollups
from dashboards.briefs import sweeping as making
from dashboards.compaction import compact_cells
from dashboards.datasets import building
from dashboards.forecasting import making as expecting
from dashboards.models import Check
from dashboards.scoring import sweeping
from dashboards.warning import bursts, telling, themes
from dashboards.warning import repeats as repeated
from incidents import sweeps
from incidents.driving import clocks_are_driven
from incidents.models import Outcome
from incidents.numbers import district_day

log = logging.getLogger(__name__)

# Batches in one run: what is left waits for the next beat, and is read one by one meanwhile.
ROUNDS = 20
_learnt = bursts.Learnt()  # of this worker process


@shared_task(name="dashboards.fold")
def fold() -> int:
    """Fold waiting facts until none is left, or for a bounded number of batches."""
    total = 0
    for _round in range(ROUNDS):
        folded = rollups.fold()
        total += folded
        if folded < rollups.BATCH:
            break
    sweeps.beat("fold", done=total)
    return total


@shared_task(name="dashboards.compact", time_limit=3600)
def compact() -> int:
    """Take out cells of days that are too old to be looked at one by one; how many."""
    at = clock.now()
    return compact_cells(today=district_day(at), at=timezone.now())


# The first one counts three months of reports, day by day.
@shared_task(name="dashboards.find_bursts", time_limit=1800)
def find_bursts() -> int:
    """Look at the hours that are over for what bursts."""
    if clocks_are_driven():
        return 0  # history that is still being played would be counted half
    seen = bursts.sweep(at=clock.now(), learnt=_learnt)
    telling.tell_new(at=clock.now())
    sweeps.beat("bursts", done=seen)
    return seen


@shared_task(name="dashboards.find_repeats")
def find_repeats() -> int:
    """Look for what has been said again more often than a rule allows."""
    if clocks_are_driven():
        return 0
    seen = repeated.sweep(at=clock.now())
    telling.tell_new(at=clock.now())
    return seen


# The first one reads three months of texts.
@shared_task(name="dashboards.find_themes", time_limit=1800)
def find_themes() -> int:
    """Look at the week for what people begin to say."""
    if clocks_are_driven():
        return 0
    seen = themes.sweep(at=clock.now())
    telling.tell_new(at=clock.now())
    return seen


# It reads nine months of days, and tries itself on twelve of them.
@shared_task(name="dashboards.make_forecast", time_limit=900)
def make_forecast() -> int:
    """The forecast of load that begins today, once a day."""
    if clocks_are_driven():
        return 0  # half a history would be carried on
    return int(expecting.make(at=clock.now()) is not None)


@shared_task(name="dashboards.build_datasets", time_limit=building.TIME_LIMIT)
def build_datasets() -> int:
    """Write the files of the data sets that are due; how many."""
    if clocks_are_driven():
        return 0  # half a history would be handed out as a whole one
    return building.build_due(at=clock.now())


@shared_task(name="dashboards.make_briefs", time_limit=900)
def make_briefs() -> int:
    """Begin the weekly and monthly briefs that are due, and issue those whose draft's time is up."""
    if clocks_are_driven():
        return 0  # history that is still being played would be told by halves
    begun = making.begin_due(at=clock.now())
    return begun + making.issue_due(at=clock.now())


# It reads every fact and every case: minutes, once there are millions.
@shared_task(name="dashboards.verify", time_limit=3600)
def verify() -> int:
    """Compare the cells with the facts, and the facts with the cases; how many differences."""
    return check()


def check() -> int:
    """Compare, log every difference, and keep the result for the boards to show."""
    found = list(rollups.differences())
    for difference in found:
        log.error("rollups: %s", difference)
    Check.objects.create(ran_at=timezone.now(), facts=Outcome.objects.count(), differences=len(found))
    return len(found)


@shared_task(name="dashboards.keep_scores")
def keep_scores() -> int:
    """Open the scoring periods that have begun, and close appeal windows that are over; how many."""
    at = clock.now()
    done = sweeping.open_periods(at=at)
    while closed := sweeping.close_windows(at=at):
        done += closed
    return done
