"""Which request, case and task a line of the log belongs to.

A trusted proxy may name a request (X-Request-ID); otherwise it gets a name here, and either way the answer
says it, and a page that says that something broke: whoever tells it on the telephone has named all lines
about it. What a request asks workers to do goes under its name there, too.
"""

import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from django.conf import settings
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponseBase

HEADER: Final = "X-Request-ID"
# As it travels with a message to the workers.
TASK_HEADER: Final = "yiwang_request"
# Longer than any telephone number, and with a letter, so that no number of a person's passes for a name.
_WELL_FORMED: Final = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_-]{16,64}")
# Of characters that are not mistaken for each other, in groups that can be said.
_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_CASE_NUMBER: Final = re.compile(r"\d{8}-\d{6,12}")

_request: ContextVar[str] = ContextVar("request", default="")
_case: ContextVar[str] = ContextVar("case", default="")
_task: ContextVar[str] = ContextVar("task", default="")


def belonging() -> dict[str, str]:
    """Of the line that is written now, as far as it belongs to something."""
    told = {"request": _request.get(), "case": _case.get(), "task": _task.get()}
    return {name: value for name, value in told.items() if value}


def request_name() -> str:
    """Of the request that is answered now; empty outside one."""
    return _request.get()


class Named:
    """The outermost middleware: names a request before anything is written about it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "") if settings.NUM_PROXIES else ""
        name = given if _WELL_FORMED.fullmatch(given) else _new()
        # Until the answer is out: what Django says of a refusal, it says when all middleware is through.
        _request.set(name)
        _case.set("")
        response = self.get_response(request)
        response.headers[HEADER] = name
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> None:
        """Pages and interfaces of one case have its number in their address."""
        number = str(kwargs.get("number", ""))
        if _CASE_NUMBER.fullmatch(number):
            _case.set(number)


def request_is_over(**_of_django: Any) -> None:
    """What is written between two requests belongs to neither."""
    _request.set("")
    _case.set("")


request_finished.connect(request_is_over, dispatch_uid="config.belonging")


def _new() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _letter in range(4)) for _group in range(3))


# --- Celery's signals ----------------------------------------------------------------------------


def task_is_sent(*, headers: dict[str, Any], **_of_celery: Any) -> None:
    """A message leaves under the name of the request, or of the one whose task sends it."""
    if name := _request.get():
        headers[TASK_HEADER] = name


def task_begins(*, task_id: str, task: Any = None, **_of_celery: Any) -> None:
    """From here on this process works for that message."""
    name = str(getattr(getattr(task, "request", None), TASK_HEADER, None) or "")
    _request.set(name if len(name) <= 64 else "")
    _task.set(task_id)


def task_is_over(**_of_celery: Any) -> None:
    """What is written between two tasks belongs to neither."""
    _task.set("")
    _request.set("")
