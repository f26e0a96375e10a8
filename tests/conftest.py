"""What every test may rely on."""

from collections.abc import Iterator

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations


@pytest.fixture(autouse=True, scope="session")
def flush_despite_triggers() -> Iterator[None]:
    """Let transactional tests empty the tables between them.

    The timeline refuses TRUNCATE by a trigger, and Django empties tables by TRUNCATE. Within that one
    transaction the triggers are off, which the throw-away server allows (config/embedded/postgres.py);
    on a server of your own the role needs GRANT SET ON PARAMETER session_replication_role.
    """
    flush = DatabaseOperations.execute_sql_flush

    def flush_without_triggers(self: DatabaseOperations, sql_list: list[str]) -> None:
        flush(self, ["SET LOCAL session_replication_role = replica", *sql_list])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush_without_triggers)
        yield
