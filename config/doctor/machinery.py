"""Does somebody work, and how late is the work?"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from celery import Celery
from django.conf import settings
from django.utils.translation import gettext as _

from config.doctor.finding import Finding, Level
from config.queues import BROKER_ERRORS, depths, link_to
from incidents import alarms
from incidents.driving import clocks_are_driven
from incidents.models import Parcel

# The doctor comes from outside: what was silent before it came is silent.
LONG_AGO = timedelta(days=1)
# Messages in one queue. Beat asks for a sweep each second or so, and a worker that lives takes it at once.
QUEUE_WARNING, QUEUE_PROBLEM = 100, 1_000
# Seconds that the oldest of a kind may be late: deadlines a minute, letters as long as a server is down.
LATE = {"stage": (60, 600), "action": (60, 600), "message": (120, 1_800), "parcel": (600, 7_200)}
PATIENCE = 2.0  # seconds in which workers have to answer


def sweeps(*, now: datetime) -> Iterator[Finding]:
    """Which sweeps should have run and did not."""
    if not settings.WATCH_SWEEPS:
        yield Finding("sweeps", Level.GOOD, _("No sweep is meant to run here (WATCH_SWEEPS=0)."))
        return
    found = alarms.sweeps(now=now, began_at=now - LONG_AGO)
    stopped = [sweep for sweep in found if sweep.is_stopped]
    for sweep in stopped:
        yield Finding(
            "sweeps",
            Level.PROBLEM,
            _("Silent for %(silent)s: %(label)s.")
            % {"silent": told_length(sweep.silent), "label": sweep.label}
            if sweep.ran_at
            else _("Has never run: %(label)s.") % {"label": sweep.label},
            _(
                "See whether worker and beat run and what their logs say; start them again. Right after a "
                "start this needs a minute."
            ),
        )
    waiting = sum(sweep.waits for sweep in found)
    if waiting:
        yield Finding(
            "sweeps",
            Level.GOOD,
            _("Sweeps that stand aside while a history is played: %(number)s.") % {"number": waiting},
        )
    if not stopped:
        yield Finding("sweeps", Level.GOOD, _("The sweeps run."))


def lags(*, at: datetime) -> Iterator[Finding]:
    """How late each kind of work is, deadlines and messages alike."""
    driven = clocks_are_driven()
    for lag in alarms.lags(at=at):
        warning, problem = LATE[lag.name]
        told = {"label": lag.label, "late": told_length(timedelta(seconds=int(lag.seconds)))}
        if driven or lag.seconds < warning:
            yield Finding(f"lag-{lag.name}", Level.GOOD, _("%(label)s: late by %(late)s.") % told)
            continue
        yield Finding(
            f"lag-{lag.name}",
            Level.PROBLEM if lag.seconds >= problem else Level.WARNING,
            _("%(label)s: late by %(late)s.") % told,
            _(
                "If the sweeps run, look at what the administrator's page says of failures; the servers that "
                "messages go to may be down. More workers help where there is simply too much."
            ),
        )


def set_aside() -> Iterator[Finding]:
    """What failed and is tried again, and what was given up."""
    failing = alarms.set_aside()
    given_up = Parcel.objects.dead().count()
    if failing:
        yield Finding(
            "set-aside",
            Level.WARNING,
            _("Warnings and due times that fail and are tried again: %(number)s.") % {"number": failing},
            _("The worker's log says why (“set aside”, “failed”)."),
        )
    if given_up:
        yield Finding(
            "set-aside",
            Level.WARNING,
            _("Messages that were given up: %(number)s.") % {"number": given_up},
            _("The administrator's page lists them with the reason, and can put them back."),
        )
    if not failing and not given_up:
        yield Finding("set-aside", Level.GOOD, _("Nothing has failed for good."))


def broker(app: Celery) -> Iterator[Finding]:
    """Does the broker answer, do workers listen to every queue, and do the queues stay short?"""
    try:
        with link_to(app) as link:
            waiting = depths(app, link)
            served = app.control.inspect(timeout=PATIENCE, connection=link).active_queues() or {}
    except BROKER_ERRORS as error:
        yield Finding(
            "broker",
            Level.PROBLEM,
            _("The broker does not answer: %(error)s")
            % {"error": str(error).strip() or type(error).__name__},
            _(
                "Start Redis or Valkey, and see that REDIS_URL names it. Reports still arrive and are "
                "dispatched; warnings, due times and messages stand still."
            ),
        )
        return
    yield Finding("broker", Level.GOOD, _("The broker answers."))
    yield from workers(served, waiting)
    yield from queues(waiting)


def workers(served: dict[str, list[dict[str, Any]]], waiting: dict[str, int]) -> Iterator[Finding]:
    """`served`: what each worker that answers says of its queues."""
    heard = {queue["name"] for queues in served.values() for queue in queues}
    missing = [name for name in waiting if name not in heard]
    if not missing:
        names = ", ".join(sorted(served))
        yield Finding("workers", Level.GOOD, _("Workers answer: %(names)s.") % {"names": names})
        return
    level = Level.PROBLEM if settings.WATCH_SWEEPS else Level.WARNING
    yield Finding(
        "workers",
        level,
        _("No worker answers for: %(names)s.") % {"names": ", ".join(missing)},
        _("Start one for each: celery --app config worker -Q NAME; in containers: docker compose up -d."),
    )


def queues(waiting: dict[str, int]) -> Iterator[Finding]:
    """How many messages lie in each queue."""
    for name, number in waiting.items():
        told = _("Messages in the queue %(name)s: %(number)s.") % {"name": name, "number": number}
        if number < QUEUE_WARNING:
            yield Finding(f"queue-{name}", Level.GOOD, told)
            continue
        yield Finding(
            f"queue-{name}",
            Level.PROBLEM if number >= QUEUE_PROBLEM else Level.WARNING,
            told,
            _(
                "Its worker is down, or there are too few: start (another) one with -Q %(name)s. What is old "
                "drops out by itself; nothing is lost, since the rows in the database say what is due."
            )
            % {"name": name},
        )


def told_length(length: timedelta) -> str:
    """Hours and minutes, minutes and seconds, or seconds."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": seconds}
    return _("%(seconds)s s") % {"seconds": seconds}
