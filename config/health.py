"""Two questions a load balancer asks."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.backup import target


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Is this process alive? Asks nobody else, so that a database failure restarts no web worker."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Can this process take a report? That needs the database, and never the broker."""
    try:
        restoring = target.stands_aside()
    except DatabaseError:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    if restoring:
        # A report that came now would go with what is half restored.
        return HttpResponse("a backup is being restored\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
