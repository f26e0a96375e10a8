"""The web's own log: what was asked for and how it went, and nothing of who asked.

No address, no browser, no page that one came from and no query; and no key to a report (config.logs).
"""

import os
from datetime import timedelta
from typing import Any, Final

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from config.belonging import HEADER
from config.logs import JsonFormatter, LineFormatter, plain

FORMAT: Final = '%(t)s "%(m)s %(U)s" %(s)s %(B)s %(L)s'


class PlainLogger(Logger):
    """gunicorn's logger without keys, and without the number that somebody put where a case's goes."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        # gunicorn writes before there are settings.
        self.as_json = os.environ.get("LOG_FORMAT") == "json"
        for handler in self.error_log.handlers:
            handler.setFormatter(
                JsonFormatter() if self.as_json else LineFormatter(self.error_fmt, self.datefmt)
            )
        if self.as_json:
            for handler in self.access_log.handlers:
                handler.setFormatter(JsonFormatter())

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> dict[str, Any]:
        told: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        told["U"] = plain(told["U"] or "")
        return told

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        if not self.as_json:
            super().access(resp, req, environ, request_time)
        elif self.cfg.accesslog:
            told = self.atoms(resp, req, environ, request_time)
            fields = {
                "method": plain(told["m"] or ""),
                "path": told["U"],
                "status": int(told["s"]) if told["s"].isdigit() else told["s"],
                "bytes": resp.sent,
                "seconds": round(request_time.total_seconds(), 6),
                "request": told.get(f"{{{HEADER.lower()}}}o", ""),
            }
            self.access_log.info("request", extra={"fields": fields})
