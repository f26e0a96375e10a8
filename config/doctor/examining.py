"""All checks, in the order in which a person would look."""

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from config import clock
from config.celery import app
from config.doctor import audit, copies, database, installation, machinery, outer, trust
from config.doctor.finding import Finding, Level

log = logging.getLogger(__name__)

Check = Callable[[], Iterable[Finding]]


def examine() -> Iterator[Finding]:
    """Look at everything. A check that fails itself is a finding, and hides no other."""
    folders = (settings.VAR_DIR, Path(settings.MEDIA_ROOT), settings.MODEL_DIR)
    yield from _tried("settings", installation.demonstration_settings)
    yield from _tried("sign-in", trust.strict_sign_in)
    yield from _tried("keys", installation.keys)
    yield from _tried("media", lambda: installation.writable(Path(settings.MEDIA_ROOT)))
    outside = settings.ZONE == "outer"
    yield from _tried("disk", lambda: installation.disk(folders))
    yield from _tried("backup", lambda: copies.backups(now=timezone.now()))
    if not outside:
        yield from _tried("model", installation.model)
    answers = list(_tried("database", lambda: database.answers(connection)))
    yield from answers
    if all(finding.level < Level.PROBLEM for finding in answers):
        yield from _outside() if outside else _in_the_database()
    if not outside:
        yield from _tried("broker", lambda: machinery.broker(app))


def _outside() -> Iterator[Finding]:
    """The outer zone decides nothing and drives no clock: of the database what any needs, and does the core
    come?"""
    yield from _tried("encoding", lambda: database.encoding(connection))
    yield from _tried("clock-skew", lambda: database.clock_skew(connection))
    yield from _tried("migrations", lambda: database.migrations(connection))
    yield from _tried("outer", lambda: outer.from_outside(now=timezone.now()))


def _in_the_database() -> Iterator[Finding]:
    yield from _tried("encoding", lambda: database.encoding(connection))
    yield from _tried("collation", lambda: database.collation(connection))
    yield from _tried("trigrams", lambda: database.trigrams(connection))
    yield from _tried("indexes", lambda: database.indexes(connection))
    yield from _tried("clock-skew", lambda: database.clock_skew(connection))
    yield from _tried("restore", lambda: copies.restores(now=timezone.now()))
    migrations = list(_tried("migrations", lambda: database.migrations(connection)))
    yield from migrations
    if any(finding.level == Level.PROBLEM for finding in migrations):
        return  # the tables that the rest would read may not be there
    yield from _tried("sealed-data", trust.sealed_data)
    yield from _tried("second-factor", trust.second_factors)
    yield from _tried("audit-log", lambda: audit.audit_log(now=timezone.now()))
    yield from _tried("calendar", lambda: installation.calendar(at=clock.now()))
    yield from _tried("sweeps", lambda: machinery.sweeps(now=timezone.now()))
    yield from _tried("lag", lambda: machinery.lags(at=clock.now()))
    yield from _tried("set-aside", machinery.set_aside)
    if settings.OUTER_SECRET:
        yield from _tried("outer", lambda: outer.from_inside(now=timezone.now()))


def _tried(name: str, look: Check) -> Iterator[Finding]:
    try:
        yield from list(look())
    except Exception as error:  # whatever it is: the other checks are still wanted
        log.debug("check %s failed", name, exc_info=True)
        if isinstance(error, DatabaseError) and not connection.in_atomic_block:
            connection.close()
        told = {"check": name, "error": f"{type(error).__name__}: {str(error).strip()}"}
        yield Finding(
            name,
            Level.PROBLEM,
            _("“%(check)s” could not be looked at: %(error)s") % told,
            _("Mend what stands above first, and ask again; if this stays, report it as a fault of Yiwang."),
        )
