"""The state of the machinery in Prometheus' text format, for whoever watches it from outside.

Requests are of this host (config.measuring). Everything else is asked of the database and the broker, so it
is the installation's, and the same from whichever host is asked.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.db.models import Count, F, Max, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import clock, measured
from config.celery import app
from config.queues import BROKER_ERRORS, depths, link_to
from incidents import alarms
from incidents.models import DecisionRecord, OutboxMessage, Parcel, Report
from incidents.outer import standing
from incidents.outer.exchange import lag

# What came in and was decided "lately".
WINDOW: Final = timedelta(minutes=5)
# Decisions have no index by time, and are made in the order of their keys: so many are looked at.
_NEWEST: Final = 20_000
# A broker that does not answer is not waited for at every scrape.
_PATIENCE, _LEFT_ALONE = 1.0, 30.0
_down_until = 0.0


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """GET /metrics: from METRICS_FROM (this machine), or with METRICS_TOKEN as a bearer's token."""
    if not _may_read(request):
        return HttpResponse("403: from METRICS_FROM, or with METRICS_TOKEN\n", "text/plain", status=403)
    told = measured.told() + "".join(_lines())
    return HttpResponse(told, "text/plain; version=0.0.4; charset=utf-8")


def _may_read(request: HttpRequest) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    # A proxy asks for somebody else, and says so.
    return "X-Forwarded-For" not in request.headers and _is_near(request.META.get("REMOTE_ADDR", ""))


def _is_near(address: str) -> bool:
    try:
        asked_by = ip_address(address)
    except ValueError:
        return False
    return any(asked_by in network for network in settings.METRICS_FROM)


def _lines() -> Iterator[str]:
    if settings.ZONE == "outer":  # none of the rest runs there
        yield from _outside(lag(now=timezone.now()))
        return
    sweeps = alarms.sweeps(now=timezone.now())
    yield from _gauge(
        "yiwang_sweep_silent_seconds",
        "Seconds since the sweep last ran to its end, or since it could have run first",
        ((f'sweep="{sweep.name}"', sweep.silent.total_seconds()) for sweep in sweeps),
    )
    yield from _gauge(
        "yiwang_sweep_interval_seconds",
        "How often the sweep is asked for",
        ((f'sweep="{sweep.name}"', sweep.interval.total_seconds()) for sweep in sweeps),
    )
    yield from _gauge(
        "yiwang_sweep_stopped",
        "1 where the sweep should have run and did not",
        ((f'sweep="{sweep.name}"', int(sweep.is_stopped)) for sweep in sweeps),
    )
    yield from _gauge(
        "yiwang_sweep_waits",
        "1 where the sweep stands aside while a history is played",
        ((f'sweep="{sweep.name}"', int(sweep.waits)) for sweep in sweeps),
    )
    yield from _gauge(
        "yiwang_sweep_done",
        "What the sweep did in its last run",
        ((f'sweep="{sweep.name}"', sweep.done) for sweep in sweeps),
    )
    yield from _gauge(
        "yiwang_lag_seconds",
        "How long the oldest of a kind has been due, on the district's clock",
        ((f'of="{lag.name}"', lag.seconds) for lag in alarms.lags(at=clock.now())),
    )
    yield from _gauge(
        "yiwang_set_aside", "Stages and deeds that failed and are tried again", [("", alarms.set_aside())]
    )
    yield from _gauge(
        "yiwang_outbox_waiting",
        "What waits to be spread (message) or sent (parcel)",
        (
            (f'of="{name}"', model.objects.filter(sent_at=None, dead_at=None).count())
            for name, model in (("message", OutboxMessage), ("parcel", Parcel))
        ),
    )
    yield from _lately(clock.now())
    if settings.OUTER_SECRET:
        yield from _outside(standing.as_seen_inside(now=timezone.now()))
    yield from _broker()


def _outside(told: Mapping[str, float]) -> Iterator[str]:
    """How the two zones stand, each as it knows it."""
    for name, means in (
        ("silent_seconds", "Seconds since the zones last exchanged anything; -1: never"),
        ("waiting", "What residents sent and the core has not fetched"),
        ("oldest_seconds", "How long the oldest of that waits"),
        ("set_aside", "What came from outside and could not be taken over"),
        ("unpublished", "Pages that are to be pushed outside"),
        ("skew_seconds", "By how much the outer zone's clock is ahead"),
    ):
        if name in told:
            yield from _gauge(f"yiwang_outer_{name}", means, [("", told[name])])


def _lately(at: datetime) -> Iterator[str]:
    """What came in, and what was decided, within five minutes of the district's clock."""
    since = {"received_at__gt": at - WINDOW, "received_at__lte": at}
    reports = Report.objects.filter(**since).order_by().values_list("source").annotate(Count("pk"))
    yield from _gauge(
        "yiwang_reports_5m",
        "Reports of the last five minutes",
        ((f'source="{source}"', number) for source, number in reports),
    )
    newest = DecisionRecord.objects.aggregate(newest=Max("pk"))["newest"] or 0
    decisions = (
        DecisionRecord.objects.filter(pk__gt=newest - _NEWEST, made_at__gt=at - WINDOW, made_at__lte=at)
        .order_by()
        .values("outcome")
        .annotate(
            all=Count("pk"),
            by_machine=Count("pk", filter=Q(made_by=None)),
            by_person=F("all") - F("by_machine"),
        )
        .values_list("outcome", "by_machine", "by_person")
    )
    yield from _gauge(
        "yiwang_decisions_5m",
        "Decisions of the last five minutes, by the machine and by people",
        (
            (f'outcome="{outcome}",by="{who}"', number)
            for outcome, by_machine, by_person in decisions
            for who, number in (("machine", by_machine), ("person", by_person))
        ),
    )


def _broker() -> Iterator[str]:
    """Does it answer, and how much lies in it? One that does not is left alone for a while."""
    global _down_until
    waiting: dict[str, int] = {}
    if answers := time.monotonic() >= _down_until:
        try:
            with link_to(app, patience=_PATIENCE) as link:
                waiting = depths(app, link)
        except BROKER_ERRORS:
            answers = False
            _down_until = time.monotonic() + _LEFT_ALONE
    yield from _gauge("yiwang_broker_up", "1 where the broker answers", [("", int(answers))])
    yield from _gauge(
        "yiwang_queue_depth",
        "Messages in a queue of the broker",
        ((f'queue="{name}"', number) for name, number in waiting.items()),
    )


def _gauge(name: str, means: str, values: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {means}\n# TYPE {name} gauge\n"
    for labels, value in values:
        yield f"{name}{{{labels}}} {value:.3f}\n" if labels else f"{name} {value:.3f}\n"
