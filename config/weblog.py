"""The web's own log: what was asked for and how it went, and nothing of who asked.

No address, no browser, no page that one came from and no query; and a tracking code, which opens a report to
whoever has it, is not written down.
"""

import re
from datetime import timedelta
from typing import Any, Final

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

FORMAT: Final = '%(t)s "%(m)s %(U)s" %(s)s %(B)s %(L)s'
# /r/CODE/ and what lies below it; /report/FORM/ is a form of one browser, of use to that browser alone.
_CODE: Final = re.compile(r"^(/[a-z-]+)?/r/[^/]+")


class PlainLogger(Logger):
    """gunicorn's logger with the codes taken out."""

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> dict[str, Any]:
        told: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        told["U"] = _CODE.sub(r"\1/r/-", told["U"] or "")
        return told
