"""How long requests take, by route, method and class of status, over all web processes of this host.

Under gunicorn each process writes its own numbers into a file that all can read (config/wsgi.py makes the
folder before anything of Prometheus' is imported, which looks for it just once), and whichever is asked adds
them up. What a process that has ended had counted stays in its file: a counter never falls.
"""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"  # as Prometheus' library calls it
NAME: Final = "yiwang_request_seconds"
# From what nobody notices to what a proxy gives up on.
BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# Whatever else is sent as a method is one label: nobody makes up new ones here.
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STATIC, NO_ROUTE, OTHER = "static", "-", "other"


def share_among_processes() -> None:
    """Called once, before the web forks: from then on all of its processes are counted together."""
    if FOLDER in os.environ:
        return
    memory = Path("/dev/shm")  # numbers, not worth a disk
    room = str(memory) if os.access(memory, os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="yiwang-metrics-", dir=room)
    os.environ[FOLDER] = folder
    maker = os.getpid()

    def remove() -> None:
        if os.getpid() == maker:  # a fork that ends leaves it to the others
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)


def measured(get_response: GetResponse) -> GetResponse:
    """The outermost middleware: whatever happens inside is in the number."""
    from config.measured import SECONDS

    def measure(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = get_response(request)
        SECONDS.labels(
            route=route_of(request),
            method=request.method if request.method in METHODS else OTHER,
            status=f"{response.status_code // 100}xx",
        ).observe(time.perf_counter() - began)
        return response

    return measure


def route_of(request: HttpRequest) -> str:
    """The name of the address, never the address: that has numbers of cases and codes in it."""
    if found := request.resolver_match:
        return found.view_name or found.route or NO_ROUTE
    return STATIC if request.path_info.startswith(settings.STATIC_URL) else NO_ROUTE
