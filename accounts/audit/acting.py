"""The middleware of the audit log: tells the database whose request it is, and notes what leaves as a file.

Triggers write the log in the transaction of a deed, and see rows alone. So before a request's first statement
that writes to an audited table, who is at it and from where is said in that transaction. Reading requests and
those of nobody cost nothing; a writing one of the staff costs one short statement for each such write.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from django.db import connection, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters

from accounts.audit.rows import AuditEvent
from accounts.audit.telling import tell_of
from accounts.audit.watching import audited_tables
from accounts.identity.where import where_of
from accounts.models import ApiClient, User

Respond = Callable[[HttpRequest], HttpResponseBase]

_READING: Final = ("GET", "HEAD", "OPTIONS")
_WRITES: Final = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.I)
# A view sets this on a response that its own row tells of.
TOLD: Final = "is_told_by_a_row"


def audited(get_response: Respond) -> Respond:
    """The middleware."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        if request.method in _READING:
            response = get_response(request)
        else:
            with connection.execute_wrapper(_Saying(request)):
                response = get_response(request)
        if _is_file(response) and isinstance(request.user, (User, ApiClient)):
            _note(request, response)
        return response

    return respond


class _Saying:
    """Around every statement of one request."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        found = _WRITES.match(sql)
        if found is None or found.group(1) not in audited_tables():
            return execute(sql, params, many, context)
        user = self.request.user
        if not isinstance(user, User):
            return execute(sql, params, many, context)
        with transaction.atomic() if not connection.in_atomic_block else _NOTHING:
            with context["connection"].connection.cursor() as cursor:
                # The driver's own cursor: this is no statement of the page.
                cursor.execute("SELECT set_config('yiwang.actor', %s, true)", [self._told(user)])
            return execute(sql, params, many, context)

    def _told(self, user: User) -> str:
        where = where_of(self.request)
        return json.dumps({"user": user.pk, "address": where.address, "device": where.device})


class _Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None: ...


_NOTHING: Final = _Nothing()


def _is_file(response: HttpResponseBase) -> bool:
    """Something to keep, and not a page: an attachment, or a paper."""
    if response.status_code not in (200, 206) or getattr(response, TOLD, False):
        return False
    kind = response.get("Content-Type", "")
    return response.get("Content-Disposition", "").startswith("attachment") or kind == "application/pdf"


def _file_name(response: HttpResponseBase) -> str:
    """As it is saved; one with other letters than a to z stands there in another way."""
    try:
        _disposition, told = parse_header_parameters(response.get("Content-Disposition", ""))
    except ValueError:
        return ""
    return str(told.get("filename", ""))


def _note(request: HttpRequest, response: HttpResponseBase) -> None:
    """Before the first byte of it goes out: without this line there is no file."""
    match = request.resolver_match
    tell_of(
        request,
        kind=AuditEvent.Kind.EXPORT,
        what="file",
        about=("page", match.view_name if match else ""),
        file=_file_name(response),
        of=" ".join(str(value) for value in match.kwargs.values()) if match else "",
        # What was asked for is in the address, where it may be a name: only which questions were asked.
        asked=sorted(key[:40] for key in request.GET),
    )
