"""Databases of a test's own on the server that the tests run on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler


@contextmanager
def database(suffix: str, how: str = "") -> Iterator[BaseDatabaseWrapper]:
    """A new one, created `how` CREATE DATABASE is told, and gone afterwards."""
    name = f"{connection.settings_dict['NAME']}_{suffix}"
    _maintain(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}" {how}')
    other = ConnectionHandler({"default": {**connection.settings_dict, "NAME": name}})["default"]
    try:
        yield other
    finally:
        other.close()
        _maintain(f'DROP DATABASE "{name}" WITH (FORCE)')


def url(other: BaseDatabaseWrapper) -> str:
    """As DATABASE_URL spells it."""
    told: dict[str, Any] = other.settings_dict
    return f"postgres://{told['USER']}@/{told['NAME']}?host={told['HOST']}"


def _maintain(*commands: str) -> None:
    told = connection.settings_dict
    link = psycopg2.connect(
        host=told["HOST"],
        port=told["PORT"] or None,
        user=told["USER"],
        password=told["PASSWORD"] or None,
        dbname="postgres",
    )
    try:
        link.autocommit = True
        with link.cursor() as cursor:
            for command in commands:
                cursor.execute(command)
    finally:
        link.close()
