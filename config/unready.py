"""What is answered where something breaks outside of what answers errors by itself.

REST's own views answer theirs (incidents.api.errors); this is for pages, and for what middleware asks of the
database before and after any view: who is signed in, and what their session holds.
"""

import sys
from typing import Final

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.template.loader import render_to_string

from incidents.api.errors import CONTENT_TYPE, is_away, problem_body, read_error

_RETRY_SECONDS: Final = "5"
_PROBLEMS: Final = ("/api/", "/open311/")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: 503 with Retry-After while the database is away, 500 for everything else; as a
    problem document where programs ask, as a page that needs no database where people do."""
    error = sys.exc_info()[1]
    if request.path_info.startswith(_PROBLEMS):
        return _problem(error)
    # Without the request: what fills in every page asks who is signed in, which would fail once more.
    if not is_away(error):
        return HttpResponseServerError(render_to_string("500.html"))
    sends = request.method not in ("GET", "HEAD")
    page = HttpResponse(render_to_string("503.html", {"sends": sends}), status=503)
    page["Retry-After"] = _RETRY_SECONDS
    return page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: 413 where more was sent than is read, 400 for everything else."""
    if isinstance(exception, RequestDataTooBig):
        return HttpResponse(render_to_string("413.html"), status=413)
    return HttpResponse(render_to_string("400.html"), status=400)


def _problem(error: BaseException | None) -> HttpResponse:
    # Whatever else comes here is a fault of ours, also what a view would have answered with its own status.
    status, errors, headers = read_error(error if is_away(error) else RuntimeError())
    return JsonResponse(
        problem_body(status, errors), status=status, headers=headers, content_type=CONTENT_TYPE
    )
