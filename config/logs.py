"""What no line of any log says: the keys that stand in addresses of ours.

A tracking code opens a report to whoever has it, and so does the token of Open311 that it is; the token of a
picture opens one that is not sent yet. Django names the path of all that it refuses, and now and then the
page that somebody came from, so the text of a line is cleaned, whoever wrote it.
"""

import logging
import re
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
    """Lines, tracebacks too, without keys."""

    def format(self, record: logging.LogRecord) -> str:
        return without_keys(super().format(record))
