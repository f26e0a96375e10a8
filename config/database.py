"""What a database must be able to do before Yiwang uses it."""

from django.core.management.base import CommandError
from django.db import DatabaseError, connection

EXTENSIONS = ("pg_trgm", "btree_gin")
OLDEST = 15


def require_text_search() -> None:
    """Create the extensions where that is allowed, and refuse a database that cannot read Chinese.

    pg_trgm takes LC_CTYPE's word for what a letter is: with "C" it finds no trigram in Chinese text,
    and searches come back empty without an error.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        (version,) = cursor.fetchone()
        if version < OLDEST:
            raise CommandError(f"PostgreSQL {OLDEST} or newer is needed, and this is {version}.")
        cursor.execute("SELECT extname FROM pg_extension")
        present = {name for (name,) in cursor.fetchall()}
        for extension in EXTENSIONS:
            if extension in present:
                continue
            try:
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
            except DatabaseError as error:
                raise CommandError(
                    f"The database lacks the extension {extension}, and this role may not create it. "
                    f"As a superuser run: CREATE EXTENSION {extension};  ({error})"
                ) from error
        cursor.execute("SELECT show_trgm('上海')")
        if not cursor.fetchone()[0]:
            raise CommandError(
                "This database finds no trigrams in Chinese text, so search would miss it silently. "
                "Create it with LC_CTYPE 'C.UTF-8' (or another UTF-8 locale) instead of 'C'."
            )
