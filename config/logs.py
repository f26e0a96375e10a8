"""What no line of any log says: the keys that stand in addresses of ours.

A tracking code opens a report to whoever has it, and so does the token of Open311 that it is; the token of a
picture opens one that is not sent yet. Django names the path of all that it refuses, and now and then the
page that somebody came from, so the text of a line is cleaned, whoever wrote it.
"""

import logging
import re
from copy import copy
from typing import Final

# /r/CODE/..., /open311/v2/tokens/CODE.json, /report/photos/TOKEN/; and a code that was typed: /r/?code=CODE.
# As people type them, with blanks and dots: Django and gunicorn name the path as it was read. A key ends with
# the path's part, and rather too late than too early.
_KEYS: Final = re.compile(
    r"(/(?:r|tokens|report/photos)/|[?&]code=)[^/?&#\"'\n]+?(?=\.(?:json|xml)\b| HTTP/|[/?&#\"'\n]|$)"
)


def without_keys(line: str) -> str:
    """The same line, with a dash for each key."""
    return _KEYS.sub(r"\1-", line)


class PlainFormatter(logging.Formatter):
    """Lines, tracebacks too, without keys. What was refused is a warning of one line: whoever knocks at a
    wrong door or under a strange name has broken nothing here, and could fill the log with tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        if _is_refusal(record):
            record = copy(record)
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
            record.exc_info = record.exc_text = record.stack_info = None
        return without_keys(super().format(record))


def _is_refusal(record: logging.LogRecord) -> bool:
    """Django's word for a request that was not let in: 4xx, or against its rules for hosts, forms and the
    like."""
    if record.name.startswith("django.security."):
        return True
    return record.name == "django.request" and 400 <= getattr(record, "status_code", 500) < 500
