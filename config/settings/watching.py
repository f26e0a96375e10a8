"""What watches: sweeps that stand still, metrics, Sentry, traces, logs."""

import sys

from django.core.exceptions import ImproperlyConfigured

from config.observing import start_sentry, start_tracing
from config.settings.base import PRODUCTION, env, networks_of
from config.settings.pages import MIDDLEWARE

# Pages of the staff say so when a sweep stands still. 0 where no sweep is meant to run, as in the tests.
WATCH_SWEEPS = env.bool("WATCH_SWEEPS", default="pytest" not in sys.modules)
# After so many hours without a backup the doctor says so; 0: backups are made in another way.
BACKUP_HOURS = env.float("BACKUP_HOURS", default=48.0)
# GET /metrics answers to these addresses and networks, this machine unless said otherwise, and never through
# a proxy; from elsewhere only to a bearer of this token ("": to nobody).
METRICS_FROM = networks_of("METRICS_FROM", env.list("METRICS_FROM", default=["127.0.0.0/8", "::1"]))
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# Who is told when something breaks (Sentry, or what speaks like it), and as which environment and release;
# and the collector that gets spans of requests and tasks (OTLP over HTTP, up to /v1/traces), of which share.
# Packages: requirements/observe.txt; config/observing.py says what leaves the house, and nobody is in it.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", default="production" if PRODUCTION else "demonstration")
SENTRY_RELEASE = env.str("SENTRY_RELEASE", default="")
OTLP_ENDPOINT = env.str("OTLP_ENDPOINT", default="")
OTLP_SHARE = env.float("OTLP_SHARE", default=0.1)
if SENTRY_DSN:
    start_sentry(SENTRY_DSN, environment=SENTRY_ENVIRONMENT, release=SENTRY_RELEASE)
if OTLP_ENDPOINT:
    if not 0 <= OTLP_SHARE <= 1:
        raise ImproperlyConfigured(f"OTLP_SHARE must be from 0 to 1, not {OTLP_SHARE}")
    start_tracing(OTLP_ENDPOINT, share=OTLP_SHARE)
    # Inside what names the request, and around everything else.
    MIDDLEWARE.insert(MIDDLEWARE.index("config.measuring.measured"), "config.observing.traced")

# Lines for people, or a JSON object a line for machines; gunicorn's own follow it (config/weblog.py).
LOG_FORMAT = env.str("LOG_FORMAT", default="line")
if LOG_FORMAT not in {"line", "json"}:
    raise ImproperlyConfigured(f"LOG_FORMAT must be line or json, not {LOG_FORMAT}")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        # Without tracking codes and other keys that stand in addresses, and without people's numbers.
        "line": {
            "()": "config.logs.LineFormatter",
            "fmt": "{asctime} {levelname} {name} {message}{belonging}",
            "style": "{",
        },
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    # A line for every sweep of every second tells nothing; what the sweeps do, they say themselves.
    "loggers": {"celery": {"level": "WARNING"}},
}
