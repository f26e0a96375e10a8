"""Statements that are parsed and planned once for each connection, and then only run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

_PARAMETER = re.compile(r"\$(\d+)")
# Which of them a database connection knows already; a connection that is gone takes its entry with it.
_known: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()


@dataclass(frozen=True)
class Prepared:
    """SQL with parameters $1, $2 … of these types. Planning a wide statement costs more than running it
    for one report, so the database keeps the plan."""

    name: str
    types: tuple[str, ...]
    sql: str

    def run(self, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run it; answers its rows."""
        return run((self, params))

    def told(self, cursor: Any, params: Sequence[Any]) -> str:
        """How to run it with these values on this cursor's connection, which may come to know it by this."""
        # Behind a pooler that hands out another server connection for each transaction nothing can be
        # kept on one: the setting that Django has for such a pooler says so.
        if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
            return str(
                cursor.mogrify(self._inline, {f"p{at}": one for at, one in enumerate(params, 1)}), "utf-8"
            )
        known = _known.setdefault(connection.connection, set())
        if self.name not in known:
            cursor.execute(f"PREPARE {self.name} ({', '.join(self.types)}) AS {self.sql}")
            known.add(self.name)
        return str(cursor.mogrify(self._execute, params), "utf-8")

    @cached_property
    def _execute(self) -> str:
        return f"EXECUTE {self.name} ({', '.join(['%s'] * len(self.types))})"

    @cached_property
    def _inline(self) -> str:
        def named(found: re.Match[str]) -> str:
            return f"(%(p{found[1]})s)::{self.types[int(found[1]) - 1]}"

        return _PARAMETER.sub(named, self.sql.replace("%", "%%"))


def run(*asked: tuple[Prepared, Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Run some statements one after the other in one message; answers the rows of the last."""
    with connection.cursor() as cursor:
        told = "; ".join(one.told(cursor, params) for one, params in asked)
        # What mogrify wrote is whole: without parameters nothing in it is read as a place for one.
        cursor.execute(told)
        return list(cursor.fetchall())
