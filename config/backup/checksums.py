"""What the tables hold, as a number each: the same rows give the same number, in whatever order they lie.

A row's number is the first 64 bits of the SHA-256 of its text, and a table's is their sum. That finds what is
lost, doubled or changed by accident; who wants to forge an archive is kept out by who may read the folder.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# So that a row's text is the same on every server.
_SAME_TEXT = """
SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL search_path = public, pg_catalog
"""
# Sign-ins that go on, and passwords that were wrong: a copy of these would open the door that an
# administrator has shut since, so no archive has their rows.
LEFT_OUT = ("django_session", "axes_accessattempt", "axes_accessattemptexpiration")
_TABLES = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT relname = ANY(%s)
  AND NOT EXISTS (SELECT 1 FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = pg_class.oid AND d.deptype = 'e')
ORDER BY relname
"""
_COUNT = """
SELECT count(*), coalesce(sum(
    ('x' || left(encode(sha256(convert_to(yiwang_row::text, 'UTF8')), 'hex'), 16))::bit(64)::bigint::numeric
), 0)::text
FROM public.{table} yiwang_row
"""
_SEQUENCES = """
SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename
"""

Tables = dict[str, dict[str, Any]]


def read_alike(database: BaseDatabaseWrapper) -> None:
    """For the rest of this transaction rows read the same as anywhere."""
    with database.cursor() as cursor:
        cursor.execute(_SAME_TEXT)


def tables(database: BaseDatabaseWrapper) -> Tables:
    """Rows and checksum of every table; in a transaction that was told to `read_alike`."""
    told: Tables = {}
    with database.cursor() as cursor:
        cursor.execute(_TABLES, [list(LEFT_OUT)])
        for (name,) in cursor.fetchall():
            cursor.execute(_COUNT.format(table=database.ops.quote_name(name)))
            rows, checksum = cursor.fetchone()
            told[name] = {"rows": rows, "checksum": checksum}
    return told


def sequences(database: BaseDatabaseWrapper) -> dict[str, int | None]:
    """How far each has counted; None where it was never asked."""
    with database.cursor() as cursor:
        cursor.execute(_SEQUENCES)
        return dict(cursor.fetchall())
