"""What every test may rely on: the demo district's reference data, a trained model, a named cast."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils import translation
from pytest_django import DjangoDbBlocker

from accounts.identity.provider import pages as provider
from dispatch import edition
from grids.models import Area
from incidents import clock_rules
from incidents.pages import (
    case_search,
    form_guard,
    resident_cases,
    resident_codes,
    resident_own,
    resident_photos,
    resident_status,
)

pytest_plugins = ["tests.cast", "tests.browsers", "tests.drawing"]

# Loaded once for the whole run and never written by a case: emptying the tables between transactional
# tests leaves them.
REFERENCE = (
    "accounts_orgunit",
    "grids_area",
    "grids_jurisdiction",
    "grids_namedplace",
    "config_loadedreference",
    "dispatch_category",
    "dispatch_responsibilitylist",
    "dispatch_listterm",
    "dispatch_responsibilityitem",
    "dispatch_sourcecategory",
    "dispatch_calendaryear",
    "dispatch_calendarday",
    "dispatch_calendaredition",
    "django_content_type",
    "auth_permission",
)
# A table is rewritten from this size on, one of the reference data (none has 3 MB when it is loaded) from
# four times as much: a test that takes in a list leaves thousands of rows behind that nobody sees.
DEAD_BYTES = 2_000_000


def pytest_configure() -> None:
    """Hash passwords quickly: signing in by the form, hundreds of times in a run, would take minutes."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]


@pytest.fixture(autouse=True, scope="session")
def erasures_apart(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests erase is not to be erased again here after a restore."""
    settings.ERASURES_FILE = tmp_path_factory.mktemp("erased") / "erasures.jsonl"


@pytest.fixture(autouse=True, scope="session")
def flush_despite_triggers() -> Iterator[None]:
    """Let transactional tests empty the tables between them, but for the reference data.

    The timeline refuses to lose a line by a trigger. Within that one transaction the triggers are off,
    which the throw-away server allows (config/embedded/postgres.py); on a server of your own the role
    needs GRANT SET ON PARAMETER session_replication_role.
    """
    flush = DatabaseOperations.execute_sql_flush

    def flush_without_triggers(self: DatabaseOperations, sql_list: list[str]) -> None:
        flush(self, ["SET LOCAL session_replication_role = replica", *sql_list])

    def all_but_reference(
        self: DatabaseOperations, style: object, tables: Sequence[str], **options: bool
    ) -> list[str]:
        # A test leaves few rows in few tables: deleting them takes a tenth of making every file anew.
        # Of the areas only the blocks are no reference data: people cut them.
        blocks = f"DELETE FROM grids_area WHERE kind = '{Area.Kind.BLOCK}'"
        return [*(f'DELETE FROM "{table}"' for table in tables if table not in REFERENCE), blocks]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush_without_triggers)
        patch.setattr(DatabaseOperations, "sql_flush", all_but_reference)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Each worker's database is a copy of the ready made one, where our own server has it."""
    if "TEST_TEMPLATE" in os.environ:
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = os.environ["TEST_TEMPLATE"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker, trained_model: None) -> None:
    """The test database with the reference data that the product ships, loaded by its own command."""
    with django_db_blocker.unblock():
        call_command("load_reference", verbosity=0)


@pytest.fixture(autouse=True, scope="module")
def no_dead_rows(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give back the space of what tests rolled back: the throw-away server does it by no process of its own.

    Such a process would also count a table while a test fills it in a transaction, find nothing that
    anybody else may see, and from then on every plan of that test would take the table for empty.
    """
    yield
    with django_db_blocker.unblock():
        if connection.connection is None or connection.in_atomic_block:
            return
        connection.close_if_unusable_or_obsolete()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                " AND pg_relation_size(oid) > CASE WHEN relname = ANY(%(kept)s) THEN 4 ELSE 1 END * %(dead)s",
                {"kept": list(REFERENCE), "dead": DEAD_BYTES},
            )
            for (table,) in cursor.fetchall():
                cursor.execute(f'VACUUM (FULL, SKIP_LOCKED) "{table}"')


@pytest.fixture(autouse=True)
def nobody_has_spoken() -> None:
    """A test client leaves behind the language of its last request."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def ask_the_database_first() -> None:
    """What an earlier test did to the calendar was rolled back: nothing is taken to be unchanged."""
    edition.distrust()


@contextmanager
def training_lock() -> Iterator[None]:
    """One process of a parallel run trains; the others find it done."""
    settings.MODEL_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.MODEL_DIR / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def trained_model() -> None:
    """The classifier, trained as at set-up where no current one is there."""
    with training_lock():
        call_command("train", if_needed=True, stdout=StringIO())


# Every bound on how often one address may do something; each counts in this process.
_THROTTLES = (
    case_search.LOOK_UPS,
    form_guard.ALL_FILINGS,
    form_guard.FILINGS,
    provider.PRESSES,
    provider.RETURNS,
    resident_cases.DOWNLOADS,
    resident_codes.SCANS,
    resident_own.CODES,
    resident_own.TRIES,
    resident_photos.UPLOADS,
    resident_status.OBJECTIONS,
    resident_status.WRONG_CODES,
)


@pytest.fixture(autouse=True)
def nobody_is_throttled() -> None:
    """What one test has filed, guessed or taken makes nobody busy in the next."""
    for throttle in _THROTTLES:
        throttle.forget()


@pytest.fixture(autouse=True)
def fresh_clock_rules() -> None:
    """What one test has said about the clocks is not remembered in the next."""
    clock_rules.forget()
