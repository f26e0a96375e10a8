"""The database that is restored into: is it empty, does anybody use it, and what was there before."""

from collections.abc import Sequence

from django.db import connection, transaction

# What was there stands here until what was restored has been counted.
ASIDE = "yiwang_before_restore"
# Whatever of ours lies in a schema, as the words that move it; what belongs to an extension stays, and what
# belongs to a table goes with it.
_OBJECTS = """
WITH of_extensions AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
            ELSE 'TABLE' END AS kind, quote_ident(%(schema)s) || '.' || quote_ident(relname) AS name
FROM pg_class c
WHERE relnamespace = to_regnamespace(%(schema)s) AND relkind IN ('r', 'p', 'v', 'm', 'S')
  AND NOT EXISTS (SELECT 1 FROM of_extensions WHERE classid = 'pg_class'::regclass AND objid = c.oid)
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                  AND c.relkind = 'S' AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)
UNION ALL
SELECT 'ROUTINE', quote_ident(%(schema)s) || '.' || quote_ident(proname)
                  || '(' || pg_get_function_identity_arguments(p.oid) || ')'
FROM pg_proc p
WHERE pronamespace = to_regnamespace(%(schema)s)
  AND NOT EXISTS (SELECT 1 FROM of_extensions WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
UNION ALL
SELECT 'TYPE', quote_ident(%(schema)s) || '.' || quote_ident(typname)
FROM pg_type t
WHERE typnamespace = to_regnamespace(%(schema)s) AND typtype IN ('e', 'd')
  AND NOT EXISTS (SELECT 1 FROM of_extensions WHERE classid = 'pg_type'::regclass AND objid = t.oid)
ORDER BY 1, 2
"""
STANDS_ASIDE = "SELECT to_regnamespace(%s) IS NOT NULL"
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
"""


def is_empty(schema: str = "public") -> bool:
    """Is there nothing of ours in it?"""
    return not _objects(schema)


def others() -> int:
    """How many sessions besides this one use the database."""
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        return int(cursor.fetchone()[0])


def stands_aside() -> bool:
    """Was a restore broken off that had put aside what was there?"""
    with connection.cursor() as cursor:
        cursor.execute(STANDS_ASIDE, [ASIDE])
        return bool(cursor.fetchone()[0])


def set_aside() -> None:
    """Move all of it out of the way, in one transaction; of an empty database there is nothing to move."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {ASIDE}")
        _move(_objects("public"), ASIDE)


def bring_back() -> None:
    """Undo `set_aside`: whatever came in its place goes."""
    with transaction.atomic(), connection.cursor() as cursor:
        for kind, name in _objects("public"):
            cursor.execute(f"DROP {kind} IF EXISTS {name} CASCADE")
        _move(_objects(ASIDE), "public")
        cursor.execute(f"DROP SCHEMA {ASIDE}")


def drop_aside() -> None:
    """What was there before is not needed any more."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE")


def _objects(schema: str) -> Sequence[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_OBJECTS, {"schema": schema})
        found: list[tuple[str, str]] = cursor.fetchall()
        return found


def _move(objects: Sequence[tuple[str, str]], to: str) -> None:
    with connection.cursor() as cursor:
        for kind, name in objects:
            cursor.execute(f"ALTER {kind} {name} SET SCHEMA {to}")
