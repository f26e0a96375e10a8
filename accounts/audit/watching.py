"""What the database has to have for the log to be whole: the triggers that feed it, those that guard
histories, and the functions that they call. Each room says its own in `audited.py`; a look through the chain
compares.

A trigger that is gone, put off or made anew to call something else tells nobody: what it would have written
is just not there. So what has to be there is said in code, where the database cannot change it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import connection

AUDITED: Final = "_audited"
# The tables of the log itself: nothing but what is named may happen to their rows.
_LOG: Final = ("accounts_auditevent", "accounts_auditstub")


@dataclass(frozen=True, slots=True)
class Trigger:
    """One that has to be there: on which table, calling what, and a mark of all that it was made with.

    `restored`: the other mark of one with a condition, which PostgreSQL writes with other brackets and casts
    once it has read its own words, as after a restore.
    """

    table: str
    name: str
    function: str
    mark: str
    restored: str = ""


_TRIGGERS: Final[dict[tuple[str, str], Trigger]] = {}
_FUNCTIONS: Final[dict[str, str]] = {}

_HAVE_TRIGGERS: Final = """
SELECT c.relname, t.tgname, p.proname, t.tgenabled::text, pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND n.nspname = current_schema()
"""
_HAVE_FUNCTIONS: Final = """
SELECT p.proname, n.nspname = current_schema(), p.prosrc || coalesce(p.proconfig::text, '')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname = ANY (%s)
"""
_RULES: Final = """
SELECT r.rulename, c.relname FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relname = ANY (%s)
"""


def watch(*, triggers: Iterable[Trigger], functions: Mapping[str, str]) -> None:
    """A room says what has to be there."""
    _TRIGGERS.update({(one.table, one.name): one for one in triggers})
    _FUNCTIONS.update(functions)


def audited_tables() -> frozenset[str]:
    """The tables whose triggers write the log."""
    return frozenset(table for table, name in _TRIGGERS if name == f"{table}{AUDITED}")


def watched() -> tuple[tuple[Trigger, ...], dict[str, str]]:
    """All that was said: triggers, and a mark of each function's source."""
    return tuple(_TRIGGERS.values()), dict(_FUNCTIONS)


def mark(text: str) -> str:
    """By which a definition is known again; which schema it stands in is no part of it."""
    return hashlib.sha256(text.replace("public.", "").encode()).hexdigest()[:16]


def faults() -> Iterator[str]:
    """What is missing, off, or not what it has to be; four small queries."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        if cursor.fetchone()[0] != "origin":
            yield "triggers are off for this sign-in to the database (session_replication_role)"
        cursor.execute(_HAVE_TRIGGERS)
        have = {(table, name): rest for table, name, *rest in cursor.fetchall()}
        cursor.execute(_HAVE_FUNCTIONS, [list(_FUNCTIONS)])
        functions = cursor.fetchall()
        cursor.execute(_RULES, [sorted({*audited_tables(), *_LOG})])
        rules = cursor.fetchall()
    yield from _of_triggers(have)
    yield from _of_functions(functions)
    for rule, table in rules:
        yield f"the rule {rule} on {table} is none of ours"


def _of_triggers(have: dict[tuple[str, str], list[str]]) -> Iterator[str]:
    for key, trigger in sorted(_TRIGGERS.items()):
        if key not in have:
            yield f"the trigger {trigger.name} on {trigger.table} is gone"
            continue
        function, state, definition = have[key]
        if state not in ("O", "A"):
            yield f"the trigger {trigger.name} on {trigger.table} is switched off"
        elif function != trigger.function:
            yield f"the trigger {trigger.name} on {trigger.table} calls {function} and not {trigger.function}"
        elif mark(definition) not in (trigger.mark, trigger.restored):
            yield f"the trigger {trigger.name} on {trigger.table} is not as it was made"
    for table, name in sorted(have.keys() - _TRIGGERS.keys()):
        if table in _LOG or name.endswith(AUDITED):
            yield f"the trigger {name} on {table} is none of ours"


def _of_functions(have: list[tuple[str, bool, str]]) -> Iterator[str]:
    for name, known in sorted(_FUNCTIONS.items()):
        found = [(is_ours, source) for one, is_ours, source in have if one == name]
        if not any(is_ours for is_ours, _source in found):
            yield f"the function {name} is gone"
        elif len(found) > 1:
            yield f"the function {name} is there {len(found)} times: which one is called is not sure"
        elif mark(found[0][1]) != known:
            yield f"the function {name} is not as it was made"
