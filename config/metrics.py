"""The state of the machinery in Prometheus' text format, for whoever watches it from outside."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import clock
from incidents import alarms


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """GET /metrics: from this machine, or with METRICS_TOKEN as a bearer's token."""
    if not _may_read(request):
        return HttpResponse("403: from this machine, or with METRICS_TOKEN\n", "text/plain", status=403)
    return HttpResponse("".join(_lines()), "text/plain; version=0.0.4; charset=utf-8")


def _may_read(request: HttpRequest) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    # A proxy on this machine asks for somebody else, and says so.
    return "X-Forwarded-For" not in request.headers and _is_here(request.META.get("REMOTE_ADDR", ""))


def _is_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _lines() -> Iterator[str]:
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


def _gauge(name: str, means: str, values: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {means}\n# TYPE {name} gauge\n"
    for labels, value in values:
        yield f"{name}{{{labels}}} {value:.3f}\n" if labels else f"{name} {value:.3f}\n"
