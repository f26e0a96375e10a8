"""Sentry and OpenTelemetry, where a setting names an endpoint (SENTRY_DSN, OTLP_ENDPOINT).

Both are extras (requirements/observe.txt), and without a setting nothing of them is imported. What leaves the
house says where the program broke and how long what took, and nothing of anybody: no values of variables, no
body, query, cookie, header, address or name; what is text goes through the same sieve as the log.
"""

import os
import re
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from config.belonging import belonging
from config.logs import plain

# Of an exception where, and its sieved words; of a request nothing but its name.
_KEPT_OF_EVENT: Final = frozenset(
    {
        *("event_id", "timestamp", "level", "platform", "environment", "release", "server_name", "type"),
        *("transaction", "exception", "logger", "sdk", "tags", "fingerprint"),
    }
)
_KEPT_OF_FRAME: Final = frozenset({"filename", "abs_path", "module", "function", "lineno", "in_app"})
# What is quoted in an exception is what somebody wrote or what a row holds.
_QUOTED: Final = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|“[^”\n]*”|「[^」\n]*」|\([^()\n]*\)=\([^\n]*\)")
_HAN: Final = re.compile(r"[\u3400-\u9fff]+")


def sieved(text: str) -> str:
    """Words of an exception without what was quoted in them, and without anybody's words."""
    return _HAN.sub("…", _QUOTED.sub("…", plain(text)))


# --- Sentry ---------------------------------------------------------------------------------------


def start_sentry(dsn: str, *, environment: str, release: str = "") -> None:
    """What breaks in web, workers and commands is told there. Raises ImproperlyConfigured."""
    try:
        import sentry_sdk
        from sentry_sdk.integrations.celery import CeleryIntegration
        from sentry_sdk.integrations.django import DjangoIntegration
        from sentry_sdk.integrations.logging import LoggingIntegration
    except ImportError as error:
        raise ImproperlyConfigured(_missing("SENTRY_DSN", error)) from None
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release or None,
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration("function_name", middleware_spans=False, signals_spans=False),
            CeleryIntegration(),
            LoggingIntegration(event_level=None),  # what breaks is told by the two above
        ],
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
        auto_session_tracking=False,
        send_client_reports=False,
        shutdown_timeout=2,
        before_send=told_to_sentry,
    )


def told_to_sentry(event: Any, _hint: dict[str, Any]) -> Any:
    """Only what is known to be nobody's: whatever a later version of its library adds stays here."""
    told = {name: value for name, value in event.items() if name in _KEPT_OF_EVENT}
    for one in (told.get("exception") or {}).get("values") or ():
        one["value"] = sieved(str(one.get("value") or ""))
        one.pop("mechanism", None)
        for frame in (one.get("stacktrace") or {}).get("frames") or ():
            for name in set(frame) - _KEPT_OF_FRAME:
                del frame[name]
    told["transaction"] = plain(str(told.get("transaction") or ""))
    told["tags"] = belonging()
    return told


# --- OpenTelemetry --------------------------------------------------------------------------------


class Tracing:
    """Spans of requests and tasks, sent to a collector by OTLP over HTTP; a fork begins anew."""

    def __init__(self, endpoint: str, *, share: float, service: str) -> None:
        self.endpoint, self.share, self.service = endpoint, share, service
        self._provider: Any = None
        self._made_in = 0

    def check(self) -> None:
        """Raises ImproperlyConfigured where the packages are not there."""
        try:
            import opentelemetry.exporter.otlp.proto.http.trace_exporter
            import opentelemetry.sdk.trace  # noqa: F401
        except ImportError as error:
            raise ImproperlyConfigured(_missing("OTLP_ENDPOINT", error)) from None

    def tracer(self) -> Any:
        """Of this process; its thread that sends would not live on in a fork, so each makes its own."""
        if self._made_in != os.getpid():
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

            self._provider = TracerProvider(
                resource=Resource({"service.name": self.service}),
                sampler=ParentBased(TraceIdRatioBased(self.share)),
            )
            exporter = OTLPSpanExporter(f"{self.endpoint.rstrip('/')}/v1/traces", timeout=5)
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
            self._made_in = os.getpid()
        return self._provider.get_tracer("yiwang")

    def flush(self) -> None:
        """Send what is waiting; for a process that ends, and for tests."""
        if self._made_in == os.getpid():
            self._provider.force_flush(5_000)


_tracing: Tracing | None = None
_task_spans: dict[str, Any] = {}


def start_tracing(endpoint: str, *, share: float, service: str = "yiwang") -> Tracing:
    """Requests by the middleware below, tasks by Celery's signals. Raises ImproperlyConfigured."""
    global _tracing
    tracing = Tracing(endpoint, share=share, service=service)
    tracing.check()
    _tracing = tracing
    return tracing


def traced(get_response: Any) -> Any:
    """The middleware: a span for each request, by the name of its address and never by the address."""
    from config.measuring import METHODS, route_of

    def trace(request: HttpRequest) -> HttpResponse:
        if _tracing is None:
            answer: HttpResponse = get_response(request)
            return answer
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind, Status, StatusCode

        # A proxy of ours may have begun the trace; from anybody else it would say what is kept. Nothing else
        # of the headers is read.
        told = request.headers.get("traceparent", "") if settings.NUM_PROXIES else ""
        parent = extract({"traceparent": told})
        with _tracing.tracer().start_as_current_span(
            "request", context=parent, kind=SpanKind.SERVER, record_exception=False
        ) as span:
            response: HttpResponse = get_response(request)
            method = request.method if request.method in METHODS else "_OTHER"
            span.update_name(f"{method} {route_of(request)}")
            span.set_attributes(
                {
                    "http.request.method": method or "",
                    "http.route": route_of(request),
                    "http.response.status_code": response.status_code,
                    **{f"yiwang.{name}": value for name, value in belonging().items()},
                }
            )
            if response.status_code >= 500:
                span.set_status(Status(StatusCode.ERROR))
            return response

    return trace


def task_begins(*, task_id: str, sender: Any = None, **_of_celery: Any) -> None:
    """For Celery's signal."""
    if _tracing is not None:
        name = str(getattr(sender, "name", "task"))
        _task_spans[task_id] = _tracing.tracer().start_span(
            f"task {name}", attributes={"yiwang.task": task_id}
        )


def task_is_over(*, task_id: str, state: str | None = None, **_of_celery: Any) -> None:
    """For Celery's signal."""
    if (span := _task_spans.pop(task_id, None)) is not None:
        from opentelemetry.trace import Status, StatusCode

        if state not in (None, "SUCCESS"):
            span.set_status(Status(StatusCode.ERROR))
        span.end()


def _missing(setting: str, error: ImportError) -> str:
    return (
        f"{setting} is set, which needs what requirements/observe.txt lists: "
        f"pip install -r requirements/observe.txt ({error})."
    )
