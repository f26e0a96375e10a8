"""Lines of the log, for people or for machines (LOG_FORMAT=line or json); neither has anything personal.

A tracking code opens a report to whoever has it, and so does the token of Open311 that it is; the token of a
picture opens one that is not sent yet. Django names the path of all that it refuses, and now and then the
page that somebody came from, so the text of a line is cleaned, whoever wrote it. So are numbers that look
like a mobile telephone's or an identity card's, and addresses of mail, should one ever get into a message of
the database's or of somebody else's library. accounts.masking takes out much more, and would leave no number
of a process or a row either.
"""

import json
import logging
import re
from copy import copy
from datetime import UTC, datetime
from typing import Any, Final

from config.belonging import belonging

# /r/CODE/..., /open311/v2/tokens/CODE.json, /report/photos/TOKEN/; and a code that was typed: /r/?code=CODE.
# As people type them, with blanks and dots: Django and gunicorn name the path as it was read. A key ends with
# the path's part, and rather too late than too early.
_KEYS: Final = re.compile(
    r"(/(?:r|tokens|report/photos)/|[?&]code=)[^/?&#\"'\n]+?(?=\.(?:json|xml)\b| HTTP/|[/?&#\"'\n]|$)"
)
_PEOPLE: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:\+?86[ -]?)?1[3-9]\d([ -]?)\d{4}\1\d{4}|\d{17}[\dXx])(?![0-9A-Za-z])"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
)


def without_keys(line: str) -> str:
    """The same line, with a dash for each key."""
    return _KEYS.sub(r"\1-", line)


def plain(text: str) -> str:
    """Without keys, and without what belongs to a person."""
    return _PEOPLE.sub("***", without_keys(text))


class LineFormatter(logging.Formatter):
    """One line for people; what it belongs to stands behind it, as {belonging}. Of what was refused there is
    one line and a warning: whoever knocks at a wrong door or under a strange name has broken nothing here,
    and could fill the log with tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        record = _weighed(record)
        record.belonging = "".join(f" {name}={value}" for name, value in belonging().items())
        return plain(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line; a traceback is a field of it. What was refused is as for people."""

    def format(self, record: logging.LogRecord) -> str:
        record = _weighed(record)
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": plain(record.getMessage()),
            **belonging(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            told["error"] = plain(self.formatException(record.exc_info))
        if record.stack_info:
            told["stack"] = plain(record.stack_info)
        return json.dumps(told, ensure_ascii=False)


def _weighed(record: logging.LogRecord) -> logging.LogRecord:
    """One of our own, to write upon."""
    record = copy(record)
    if _is_refusal(record):
        record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
        record.exc_info = record.exc_text = record.stack_info = None
    return record


def _is_refusal(record: logging.LogRecord) -> bool:
    """Django's word for a request that was not let in: 4xx, or against its rules for hosts, forms and the
    like."""
    if record.name.startswith("django.security."):
        return True
    return record.name == "django.request" and 400 <= getattr(record, "status_code", 500) < 500
