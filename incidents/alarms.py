"""Is the machinery alive, and how late is it? A stopped sweep is an alarm, and so is one that lags.

Sweeps note on the machine's clock when they last ran to their end. How late the work is, is asked on the
district's clock, which a demonstration may move: `at`.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Min, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents import delivery
from incidents.driving import clocks_are_driven
from incidents.models import DueAction, OutboxMessage, Parcel, PendingStage, SweepBeat

# What a beat is called, what it is for, and the message that beat sends for it.
SWEEPS: dict[str, tuple[str | Promise, str]] = {
    "stages": (_("Warnings and due times"), "incidents.fire_stages"),
    "actions": (_("Acceptance by silence, pauses, orders"), "incidents.perform_actions"),
    "outbox": (_("Messages"), "incidents.deliver_messages"),
    "digests": (_("Digests"), "incidents.send_digests"),
    "calendar": (_("Changes of the work calendar"), "incidents.move_clocks"),
    "repeats": (_("Repeated complaints"), "incidents.find_repeats"),
    "reminders": (_("Reminders of instructions and letters"), "incidents.remind"),
    "alerts": (_("Alerts of sensors that are over"), "incidents.settle_alerts"),
    "fold": (_("Figures of the boards"), "dashboards.fold"),
    "search": (_("Search by words"), "incidents.fill_search_rows"),
    "bursts": (_("Early warning"), "dashboards.find_bursts"),
}
# They stand aside while somebody plays a history.
STANDING_ASIDE = frozenset({"stages", "actions", "calendar", "outbox", "reminders", "alerts", "bursts"})
# A sweep is stopped when it was silent for this many of its intervals, and this long at least.
SILENT_INTERVALS = 5
PATIENCE = timedelta(seconds=30)
# One step of deliveries may wait this long for servers that do not answer.
LONG_STEPS = {"outbox": delivery.lease()}
# How long a process goes on with what it last found, for the banner of its pages.
KEEP_SECONDS = 0.0 if settings.TESTING else 5.0

# What ran before this process began is no reproach to the sweeps that began with it.
_BEGAN_AT = timezone.now()


@dataclass(frozen=True, slots=True)
class Sweep:
    """One sweep as it stands. `silent` counts from its last run, or from when it could have run first."""

    name: str
    label: str
    interval: timedelta
    ran_at: datetime | None
    done: int
    silent: timedelta
    # A history is being played, and the sweep stands aside.
    waits: bool = False

    @property
    def is_silent(self) -> bool:
        patience = LONG_STEPS.get(self.name, PATIENCE)
        return self.silent > max(patience, SILENT_INTERVALS * self.interval)

    @property
    def is_stopped(self) -> bool:
        """An alarm: it should have run and did not."""
        return self.is_silent and not self.waits


@dataclass(frozen=True, slots=True)
class Lag:
    """How long the oldest thing of a kind has been due without having been done."""

    name: str
    label: str
    seconds: float


def sweeps(*, now: datetime, began_at: datetime | None = None) -> list[Sweep]:
    """Every watched sweep at `now` (the machine's clock); one query, a second one where some are silent."""
    since = began_at or _BEGAN_AT
    beats = SweepBeat.objects.in_bulk()
    found = [_sweep(name, beats.get(name), now=now, since=since) for name in SWEEPS]
    if any(sweep.is_silent and sweep.name in STANDING_ASIDE for sweep in found) and clocks_are_driven():
        return [_sweep(name, beats.get(name), now=now, since=since, driven=True) for name in SWEEPS]
    return found


def stopped(*, now: datetime, began_at: datetime | None = None) -> list[Sweep]:
    """The sweeps that stand still at `now`, as this process last found; for every page."""
    global _kept
    if began_at is None and _kept and _kept[0] > time.monotonic():
        return _kept[1]
    found = [sweep for sweep in sweeps(now=now, began_at=began_at) if sweep.is_stopped]
    if began_at is None:
        _kept = (time.monotonic() + KEEP_SECONDS, found)
    return found


_kept: tuple[float, list[Sweep]] | None = None


def lags(*, at: datetime) -> Iterator[Lag]:
    """How late each kind of work is at `at`; 0 where nothing is due."""
    waiting = {"sent_at__isnull": True, "dead_at__isnull": True}
    asked: list[tuple[str, str | Promise, QuerySet[Any], str]] = [
        ("stage", _("Oldest stage that should have fired"), PendingStage.objects.all(), "fire_at"),
        ("action", _("Oldest deed that a stage demands"), DueAction.objects.all(), "due_at"),
        ("message", _("Oldest message to be spread"), OutboxMessage.objects.filter(**waiting), "not_before"),
        ("parcel", _("Oldest message to be sent"), Parcel.objects.filter(**waiting), "not_before"),
    ]
    for name, label, rows, column in asked:
        oldest = rows.order_by().aggregate(oldest=Min(column))["oldest"]
        late = (at - oldest).total_seconds() if oldest else 0.0
        yield Lag(name, str(label), max(0.0, late))


def set_aside() -> int:
    """Stages and demanded deeds that failed and are tried again later."""
    return (
        DueAction.objects.filter(attempts__gt=0).count() + PendingStage.objects.filter(attempts__gt=0).count()
    )


def _sweep(
    name: str, beat: SweepBeat | None, *, now: datetime, since: datetime, driven: bool = False
) -> Sweep:
    label, task = SWEEPS[name]
    interval = timedelta(seconds=float(settings.CELERY_BEAT_SCHEDULE[task]["schedule"]))
    return Sweep(
        name=name,
        label=str(label),
        interval=interval,
        ran_at=beat.ran_at if beat else None,
        done=beat.done if beat else 0,
        silent=max(timedelta(0), now - (max(beat.ran_at, since) if beat else since)),
        waits=driven and name in STANDING_ASIDE,
    )
