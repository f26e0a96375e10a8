"""Every error as problem+json (RFC 9457): which field, which rule, in the reader's language."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from django.core.exceptions import (
    ImproperlyConfigured,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response

from dispatch.errors import FactsError, NoLiveList
from grids.locate import PlaceError
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake.updates import UpdateConflict

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
# What the whole body is called where no field of it is at fault.
BODY = "body"
_RETRY_SECONDS = 5


class Problem(exceptions.APIException):
    """One error with its status, the field, the rule's code and a sentence."""

    def __init__(self, status_code: int, code: str, detail: object, *, field: str = "") -> None:
        super().__init__(detail=str(detail), code=code)
        self.status_code = status_code
        self.field = field


FieldError = dict[str, str]


def field_error(field: str, code: str, detail: object) -> FieldError:
    """One entry of `errors`."""
    return {"field": field, "code": code, "detail": str(detail)}


def problem_body(status_code: int, errors: Sequence[FieldError]) -> dict[str, Any]:
    """The problem document."""
    slug, title = _kind(status_code)
    return {
        "type": f"urn:yiwang:problem:{slug}",
        "title": title,
        "status": status_code,
        "errors": list(errors),
    }


def problem_response(
    status_code: int, errors: Sequence[FieldError], headers: Mapping[str, str] | None = None
) -> Response:
    """The problem document as an answer."""
    return Response(
        problem_body(status_code, errors),
        status=status_code,
        headers=dict(headers or {}),
        content_type=CONTENT_TYPE,
    )


def problem_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's exception handler: no error leaves the API in another shape."""
    status_code, errors, headers = read_error(exc)
    if status_code >= status.HTTP_500_INTERNAL_SERVER_ERROR:
        request = context["request"]
        logger.error("%s %s failed", request.method, request.path, exc_info=exc)
        if status_code == status.HTTP_500_INTERNAL_SERVER_ERROR:
            # What watches for crashes (and the test client) hears of this one although it is answered.
            got_request_exception.send(sender=problem_handler, request=request._request)
    return problem_response(status_code, errors, headers)


def flat_errors(detail: Any, path: str = "") -> list[FieldError]:
    """REST framework's nested error details as a flat list with dotted paths."""
    return list(_flatten(detail, path))


def fact_message(field: str) -> str:
    """The rule behind a fact that dispatch refuses, in the reader's language."""
    return {
        "category": _("There is no category with this code."),
        "owner": _("There is no unit with this code."),
    }.get(field, _("This value is not known."))


def is_away(error: BaseException | None) -> TypeGuard[Exception]:
    """Whether the database is away, starting, or gave up on this statement: soon it is there again.

    The driver makes a bare DatabaseError of what it got no answer to; faults of a statement have their class.
    """
    return isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError


def read_error(exc: Exception) -> tuple[int, list[FieldError], dict[str, str]]:
    """Status, errors and headers of any exception."""
    if isinstance(exc, exceptions.ValidationError):
        return status.HTTP_400_BAD_REQUEST, flat_errors(exc.detail), {}
    if isinstance(exc, Problem):
        return exc.status_code, [field_error(exc.field, str(exc.get_codes()), exc.detail)], {}
    if isinstance(exc, InvalidInput):
        return status.HTTP_400_BAD_REQUEST, [field_error(exc.field, exc.code, exc)], {}
    if isinstance(exc, FactsError):
        message = fact_message(exc.field)
        return status.HTTP_400_BAD_REQUEST, [field_error(exc.field, exc.code, message)], {}
    if isinstance(exc, PlaceError):
        return status.HTTP_400_BAD_REQUEST, [field_error(f"location.{exc.field}", exc.code, exc.detail)], {}
    if isinstance(exc, ActionRefused):
        return _REFUSED.get(exc.code, status.HTTP_409_CONFLICT), [field_error("", exc.code, exc)], {}
    if isinstance(exc, UpdateConflict):
        message = _("This report has another update under this external_id.")
        return status.HTTP_409_CONFLICT, [field_error("external_id", "conflict", message)], {}
    return _read_general(exc)


def _read_general(exc: Exception) -> tuple[int, list[FieldError], dict[str, str]]:
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.APIException):
        return exc.status_code, [field_error("", _code_of(exc), exc.detail)], _headers_of(exc)
    if isinstance(exc, RequestDataTooBig):
        message = _("The request is too large.")
        return status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, [field_error(BODY, "too_large", message)], {}
    if isinstance(exc, (SuspiciousOperation, UnreadablePostError)):
        message = _("The request could not be read.")
        return status.HTTP_400_BAD_REQUEST, [field_error(BODY, "unreadable", message)], {}
    if is_away(exc) or isinstance(exc, (NoLiveList, ImproperlyConfigured)):
        message = _("The service is not ready. Send the same request again in a moment.")
        retry = {"Retry-After": str(_RETRY_SECONDS)}
        return status.HTTP_503_SERVICE_UNAVAILABLE, [field_error("", "not_ready", message)], retry
    message = _("Something went wrong here; it has been recorded. Nothing was stored.")
    return status.HTTP_500_INTERNAL_SERVER_ERROR, [field_error("", "internal", message)], {}


_REFUSED = {"not_allowed": status.HTTP_403_FORBIDDEN, "not_found": status.HTTP_404_NOT_FOUND}


def _code_of(exc: exceptions.APIException) -> str:
    codes = exc.get_codes()
    return codes if isinstance(codes, str) else exc.default_code


def _headers_of(exc: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    return headers


def _flatten(detail: Any, path: str) -> Iterator[FieldError]:
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            # What concerns the whole of a thing is told of the thing.
            name = path if key == "non_field_errors" else f"{path}.{key}" if path else str(key)
            yield from _flatten(inner, name)
    elif isinstance(detail, (list, tuple)):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, (Mapping, list, tuple))
            if nested and not inner:
                continue
            yield from _flatten(inner, f"{path}.{index}" if nested and path else path or "")
    else:
        yield field_error(path or BODY, getattr(detail, "code", "invalid"), detail)


def _kind(status_code: int) -> tuple[str, str]:
    kinds = {
        400: ("invalid-input", _("The input breaks a rule.")),
        401: ("not-authenticated", _("Send a token, or sign in.")),
        403: ("not-allowed", _("This is not allowed.")),
        404: ("not-found", _("There is nothing here.")),
        405: ("method-not-allowed", _("This address does not take this method.")),
        406: ("not-acceptable", _("The answer exists as JSON only.")),
        409: ("conflict", _("This conflicts with what is there.")),
        413: ("too-large", _("The request is too large.")),
        415: ("unsupported-media-type", _("This kind of content is not read here.")),
        429: ("too-many-requests", _("Too many requests.")),
        503: ("not-ready", _("The service is not ready.")),
    }
    return kinds.get(status_code, ("internal", _("Something went wrong here.")))
