"""Is the database one that Yiwang can work with?"""

import time
from collections.abc import Callable, Iterator

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from config.database import EXTENSIONS, OLDEST
from config.doctor.finding import Finding, Level

# Seconds by which the clocks of application and database may differ.
SKEW_WARNING, SKEW_PROBLEM = 2.0, 30.0


def answers(database: BaseDatabaseWrapper) -> Iterator[Finding]:
    """Is there one, and is it new enough?"""
    try:
        (version,) = _row(database, "SELECT current_setting('server_version_num')::int / 10000")
    except DatabaseError as error:
        yield Finding(
            "database",
            Level.PROBLEM,
            _("The database does not answer: %(error)s") % {"error": str(error).strip()},
            _("Start PostgreSQL, and see that DATABASE_URL names it; nothing can be reported until then."),
        )
        return
    if version < OLDEST:
        yield Finding(
            "database",
            Level.PROBLEM,
            _("PostgreSQL %(oldest)s or newer is needed, and this is %(version)s.")
            % {"oldest": OLDEST, "version": version},
            _("Move the data to a newer server: manage.py backup here, manage.py restore there."),
        )
    else:
        told = _("The database answers (PostgreSQL %(version)s).") % {"version": version}
        yield Finding("database", Level.GOOD, told)


def encoding(database: BaseDatabaseWrapper) -> Iterator[Finding]:
    """UTF-8 holds every name that a resident may have."""
    (name,) = _row(
        database, "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
    )
    if name == "UTF8":
        yield Finding("encoding", Level.GOOD, _("The database keeps texts in UTF-8."))
        return
    yield Finding(
        "encoding",
        Level.PROBLEM,
        _("The database keeps texts in %(name)s and not in UTF-8: rare characters in names get lost.")
        % {"name": name},
        _("Create a database with ENCODING 'UTF8', and move the data: manage.py backup, manage.py restore."),
    )


def collation(database: BaseDatabaseWrapper) -> Iterator[Finding]:
    """Sorted indexes are right as long as the system sorts as it did when they were made."""
    made, now = _row(
        database,
        "SELECT datcollversion, pg_database_collation_actual_version(oid)"
        " FROM pg_database WHERE datname = current_database()",
    )
    yield collation_as(made, now)


def collation_as(made: str | None, now: str | None) -> Finding:
    """What to say of the version that a database was made with and the one that the system has."""
    if made and now and made != now:
        return Finding(
            "collation",
            Level.PROBLEM,
            _(
                "The operating system sorts texts by other rules (%(now)s) than when the database was made "
                "(%(made)s): indexes may miss rows."
            )
            % {"made": made, "now": now},
            _("As the database's owner: REINDEX DATABASE; then ALTER DATABASE … REFRESH COLLATION VERSION."),
        )
    return Finding("collation", Level.GOOD, _("Texts are sorted by the rules the indexes were made with."))


def trigrams(database: BaseDatabaseWrapper) -> Iterator[Finding]:
    """Search by words stands on them, and would come back empty without an error."""
    with database.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        present = {name for (name,) in cursor.fetchall()}
    missing = [name for name in EXTENSIONS if name not in present]
    if missing:
        yield Finding(
            "trigrams",
            Level.PROBLEM,
            _("The database lacks: %(names)s.") % {"names": ", ".join(missing)},
            _("As the database's owner or a superuser: %(commands)s")
            % {"commands": " ".join(f"CREATE EXTENSION {name};" for name in missing)},
        )
        return
    (found,) = _row(database, "SELECT show_trgm('上海')")
    if found:
        yield Finding("trigrams", Level.GOOD, _("Chinese texts are found by their words."))
        return
    yield Finding(
        "trigrams",
        Level.PROBLEM,
        _(
            "The database finds no trigrams in Chinese texts: a search for words finds nothing, and says so "
            "as if there were nothing."
        ),
        _(
            "LC_CTYPE is “C”. Create a database with LC_CTYPE 'C.UTF-8' and move the data there: manage.py "
            "backup, manage.py restore."
        ),
    )


def indexes(database: BaseDatabaseWrapper) -> Iterator[Finding]:
    """One whose building was broken off is kept up to date and never used."""
    with database.cursor() as cursor:
        cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")
        broken = [name for (name,) in cursor.fetchall()]
    if not broken:
        yield Finding("indexes", Level.GOOD, _("All indexes are whole."))
        return
    yield Finding(
        "indexes",
        Level.PROBLEM,
        _("Indexes that are not used because they were not finished: %(names)s.")
        % {"names": ", ".join(broken)},
        _("At a quiet hour: %(commands)s")
        % {"commands": " ".join(f"REINDEX INDEX CONCURRENTLY {name};" for name in broken)},
    )


def clock_skew(database: BaseDatabaseWrapper, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Due times are written by one clock and asked for by the other."""
    before = now()
    (there,) = _row(database, "SELECT extract(epoch FROM clock_timestamp())::float8")
    after = now()
    # Where in between it was asked is not known: only what no journey explains counts.
    skew = max(0.0, abs(there - (before + after) / 2) - (after - before) / 2)
    if skew < SKEW_WARNING:
        yield Finding("clock-skew", Level.GOOD, _("This machine and the database agree on the time."))
        return
    yield Finding(
        "clock-skew",
        Level.PROBLEM if skew >= SKEW_PROBLEM else Level.WARNING,
        _(
            "The clocks of this machine and of the database's differ by %(seconds)s s: warnings and due "
            "times come too early or too late."
        )
        % {"seconds": f"{skew:.1f}"},
        _("Let both machines take their time from the same source (NTP, chrony), and look again."),
    )


def migrations(database: BaseDatabaseWrapper) -> Iterator[Finding]:
    """Do the tables and this version of the code belong together?"""
    executor = MigrationExecutor(database)
    graph = executor.loader.graph
    missing = [migration for migration, _back in executor.migration_plan(graph.leaf_nodes())]
    replaced = {old for migration in executor.loader.disk_migrations.values() for old in migration.replaces}
    unknown = set(executor.loader.applied_migrations) - set(executor.loader.disk_migrations) - replaced
    if missing:
        shown = ", ".join(str(migration) for migration in missing[:5])
        yield Finding(
            "migrations",
            Level.PROBLEM,
            _("The tables are older than this version of the code; not applied: %(number)s (%(names)s).")
            % {"number": len(missing), "names": shown},
            _("Run: manage.py prepare (after a backup)."),
        )
    if unknown:
        shown = ", ".join(sorted(f"{app}.{name}" for app, name in unknown)[:5])
        yield Finding(
            "migrations",
            Level.WARNING,
            _("The tables are newer than this version of the code, which does not know: %(names)s.")
            % {"names": shown},
            _("Bring this machine to the version that the others run."),
        )
    if not missing and not unknown:
        yield Finding("migrations", Level.GOOD, _("The tables are those of this version of the code."))


def _row(database: BaseDatabaseWrapper, question: str) -> tuple:
    with database.cursor() as cursor:
        cursor.execute(question)
        found: tuple = cursor.fetchone()
        return found
