"""What SQL that was written by hand does to tables that somebody else uses at the same time.

It is read, not understood: statements, and of ALTER TABLE each action. Enough to stop what is commonly
written; whoever wants to hide a lock from it can.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Any, Final


class Harm(Enum):
    """What is wrong with a statement."""

    BREAKS = auto()  # the running version does not find what it uses, or may not write what it writes
    DROPS = auto()  # the same, and nothing once no running code knows it
    LOCKS = auto()  # a table is read or written as a whole under a lock
    MOVES = auto()  # rows are changed: how many, only its author knows


_NAME: Final = r'(?:"[^"]+"|[\w.]+)'
# Comments, bodies of functions and texts, whichever begins first.
_NOT_SQL: Final = re.compile(r"(--[^\n]*|/\*.*?\*/)|\$(\w*)\$.*?\$\2\$|'(?:[^']|'')*'", re.S)
_TABLE: Final = re.compile(rf"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?({_NAME}) ?(?:\* )?(.*)", re.I | re.S)
_INDEX: Final = re.compile(
    rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY\b).*?\bON (?:ONLY )?({_NAME})", re.I | re.S
)
_TRIGGER: Final = re.compile(
    rf"(?:CREATE (?:OR REPLACE )?(?:CONSTRAINT )?|DROP )TRIGGER\b.*?\bON (?:ONLY )?({_NAME})", re.I | re.S
)
_FUNCTION: Final = re.compile(r"(?:CREATE (?:OR REPLACE )?|DROP )FUNCTION\b", re.I)
_TRIGGER_ALONE: Final = "a trigger holds its table: alone in a migration, or the tables in `small`"
# A default that is the same for every row is kept beside the table; any other is reckoned for each.
_SAME_FOR_ALL: Final = re.compile(r"DEFAULT\s+(?!now\(\)|current_|localtime)[\w.]*\w\(", re.I)

_ACTIONS: Final = (
    (r"RENAME CONSTRAINT\b", None, ""),
    (r"RENAME\b", Harm.BREAKS, "renames what the running version still uses"),
    (r"DROP (?:CONSTRAINT|IDENTITY|EXPRESSION)\b", None, ""),
    (r"DROP\b", Harm.DROPS, "drops what the running version may still use"),
    (
        rf"ALTER (?:COLUMN )?{_NAME} SET NOT NULL\b",
        Harm.BREAKS,
        "forbids nothing-there, which the running version may write",
    ),
    (rf"ALTER (?:COLUMN )?{_NAME} (?:SET DATA )?TYPE\b", Harm.BREAKS, "rewrites the table under a lock"),
    (
        r"SET (?:LOGGED|UNLOGGED|TABLESPACE|ACCESS METHOD|SCHEMA)\b",
        Harm.BREAKS,
        "moves the table under a lock",
    ),
    (r"VALIDATE CONSTRAINT\b", None, ""),
    (r"(?:ENABLE|DISABLE) (?:ALWAYS |REPLICA )?TRIGGER\b", Harm.LOCKS, _TRIGGER_ALONE),
)
_STATEMENTS: Final = (
    (
        r"DROP (?:TABLE|VIEW|MATERIALIZED VIEW|SCHEMA|TYPE)\b",
        Harm.DROPS,
        "drops what the running version may still use",
    ),
    (r"TRUNCATE\b", Harm.BREAKS, "empties what the running version may still use"),
    (r"REINDEX\b(?!.*\bCONCURRENTLY\b)", Harm.LOCKS, "builds an index under a lock: REINDEX … CONCURRENTLY"),
    (r"(?:CLUSTER|VACUUM\b.*\bFULL|LOCK)\b", Harm.LOCKS, "holds a table"),
    (
        r"REFRESH MATERIALIZED VIEW (?!CONCURRENTLY)",
        Harm.LOCKS,
        "holds the view: REFRESH MATERIALIZED VIEW CONCURRENTLY",
    ),
    (
        r"(?:UPDATE|DELETE|INSERT|MERGE|DO|WITH|CALL|COPY)\b",
        Harm.MOVES,
        "say in `moves` how many rows it changes, and why that disturbs nobody",
    ),
)


def harms(sql: Any, made: set[str]) -> Iterator[tuple[Harm, str]]:
    """Of what RunSQL takes; `made`: tables of the same migration, which nobody uses yet."""
    for statement in _statements(sql):
        if (table := _TABLE.match(statement)) and _bare(table[1]) not in made:
            for action in _actions(table[2]):
                yield from _of_action(action)
        elif (index := _INDEX.match(statement)) and _bare(index[1]) not in made:
            yield Harm.LOCKS, "builds an index under a lock: CREATE INDEX CONCURRENTLY, atomic = False"
        elif trigger := _TRIGGER.match(statement):
            if _bare(trigger[1]) not in made:
                yield Harm.LOCKS, _TRIGGER_ALONE
        else:
            for pattern, harm, why in _STATEMENTS:
                if re.match(pattern, statement, re.I | re.S):
                    yield harm, why
                    break


def table_of_triggers(scripts: Iterable[Any]) -> str | None:
    """The one table that these change the triggers of, where they do nothing else: whoever waits for it holds
    no other meanwhile."""
    tables = set()
    for sql in scripts:
        for statement in _statements(sql):
            if trigger := _TRIGGER.match(statement):
                tables.add(_bare(trigger[1]))
            elif not _FUNCTION.match(statement):
                return None
    return tables.pop() if len(tables) == 1 else None


def _of_action(action: str) -> Iterator[tuple[Harm, str]]:
    for pattern, harm, why in _ACTIONS:
        if re.match(pattern, action, re.I):
            if harm:
                yield harm, why
            return
    if added := re.match(
        r"ADD (?:CONSTRAINT (\S+) )?(CHECK|UNIQUE|PRIMARY KEY|FOREIGN KEY|EXCLUDE|NOT NULL)\b", action, re.I
    ):
        if not re.search(r"\bNOT VALID\b|\bUSING INDEX\b", action, re.I):
            why = "reads the whole table under a lock: NOT VALID, then VALIDATE; UNIQUE over its index"
            yield Harm.LOCKS, why
        if added[2].upper() == "NOT NULL":
            yield Harm.BREAKS, "forbids nothing-there, which the running version may write"
    elif re.match(r"ADD\b", action, re.I):
        yield from _of_column(action)


def _of_column(action: str) -> Iterator[tuple[Harm, str]]:
    """ADD [COLUMN] name type …"""
    has_default = re.search(r"\bDEFAULT\b", action, re.I)
    generated = re.search(r"\bGENERATED\b|\b(?:BIG|SMALL)?SERIAL\b", action, re.I)
    if re.search(r"\bNOT NULL\b", action, re.I) and not has_default and not generated:
        yield (
            Harm.BREAKS,
            "a column that is NOT NULL needs a DEFAULT: the running version writes rows without it",
        )
    if generated or _SAME_FOR_ALL.search(action):
        yield Harm.LOCKS, "a value reckoned for each row writes them all under a lock"
    if re.search(r"\b(?:UNIQUE|PRIMARY KEY)\b", action, re.I):
        yield Harm.LOCKS, "builds an index under a lock: CREATE UNIQUE INDEX CONCURRENTLY, atomic = False"
    if re.search(r"\bCHECK\b", action, re.I):
        yield Harm.LOCKS, "a check reads the whole table: add it NOT VALID afterwards"
    if has_default and re.search(r"\bREFERENCES\b", action, re.I):
        yield Harm.LOCKS, "a key with a default is looked at in every row under a lock"


def _statements(sql: Any) -> Iterator[str]:
    """Each with single blanks, without comments, texts and the bodies of functions."""
    parts: Iterable[Any] = sql if isinstance(sql, (list, tuple)) else [sql]
    whole = ";".join(part if isinstance(part, str) else part[0] for part in parts)
    whole = _NOT_SQL.sub(lambda found: " " if found[1] else "''", whole)
    for statement in whole.split(";"):
        if words := " ".join(statement.split()):
            yield words


def _actions(text: str) -> Iterator[str]:
    """Split at the commas that stand in no brackets."""
    depth, begin = 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            yield text[begin:place].strip()
            begin = place + 1
    yield text[begin:].strip()


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('"').lower()
