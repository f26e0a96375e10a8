"""The web's own log: what was asked for and how it went, and nothing of who asked.

No address, no browser, no page that one came from and no query; and no key to a report (config.logs).
"""

from datetime import timedelta
from typing import Any, Final

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from config.logs import PlainFormatter, without_keys

FORMAT: Final = '%(t)s "%(m)s %(U)s" %(s)s %(B)s %(L)s'


class PlainLogger(Logger):
    """gunicorn's logger with the keys taken out."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(PlainFormatter(self.error_fmt, self.datefmt))

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> dict[str, Any]:
        told: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        told["U"] = without_keys(told["U"] or "")
        return told
