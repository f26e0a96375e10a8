"""The numbers that processes keep themselves; config.measuring says where."""

import os

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from config.measuring import BUCKETS, FOLDER, NAME

disable_created_metrics()
_OURS = CollectorRegistry()
SECONDS = Histogram(
    NAME,
    "Seconds until the answer to a request began, by name of its address, method and class of status",
    ("route", "method", "status"),
    buckets=BUCKETS,
    registry=_OURS,
)


def told() -> str:
    """In Prometheus' text format, of all processes together where they are several."""
    if FOLDER not in os.environ:
        return generate_latest(_OURS).decode()
    together = CollectorRegistry()
    MultiProcessCollector(together)
    return generate_latest(together).decode()
