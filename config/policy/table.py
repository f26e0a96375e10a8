"""The whole table: sections of rows, each row an address and what its methods ask for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from accounts.access import opens_to
from config.policy import acts, boards, cases, desks, installation, lists, residents, rest
from config.policy.resolving import Address
from config.policy.rules import Row
from config.policy.sections import Section
from dispatch.pages.steps import STEPS as LIST_STEPS
from incidents.pages.mediation_steps import STEPS as MEDIATION_STEPS
from incidents.pages.steps import STEPS as CASE_STEPS

SECTIONS: Final[Sequence[Section]] = (
    *cases.SECTIONS,
    *acts.SECTIONS,
    *desks.SECTIONS,
    *boards.SECTIONS,
    *lists.SECTIONS,
    *installation.SECTIONS,
    *residents.SECTIONS,
    *rest.SECTIONS,
)

# Addresses that stand for several deeds, each with a rule of its own: the parameter, and what it may be.
VARIANTS: Final[Mapping[str, tuple[str, Callable[[], Iterable[str]]]]] = {
    "case-act": ("step", lambda: CASE_STEPS),
    "mediation-act": ("step", lambda: MEDIATION_STEPS),
    "list-step": ("name", lambda: LIST_STEPS),
}


@cache
def table() -> dict[str, Row]:
    """Every row by its key: the address's name, and for one of several deeds that deed in brackets."""
    found: dict[str, Row] = {}
    for section in SECTIONS:
        for key, row in section.rows.items():
            if key in found:
                raise ValueError(f"two rows for {key}")
            found[key] = row
    return found


def keys_of(address: Address) -> list[str]:
    """The keys of the rows that an address needs."""
    if address.name not in VARIANTS:
        return [address.name]
    return [f"{address.name}[{word}]" for word in VARIANTS[address.name][1]()]


def gaps(rows: Mapping[str, Row], known: Iterable[Address]) -> list[str]:
    """Where the table and the site say different things, each with what to write."""
    known = list(known)
    wanted = {key: one for one in known for key in keys_of(one)}
    told = [_missing(key, one) for key, one in wanted.items() if key not in rows]
    told += [
        f"{key}: the table has a row, the site no such address. Take the row out of config/policy/."
        for key in rows
        if key not in wanted
    ]
    for key, one in wanted.items():
        if key not in rows:
            continue
        row = rows[key]
        if set(row) != set(one.methods):
            told.append(f"{key}: the site answers {sorted(one.methods)}, the row speaks of {sorted(row)}.")
        door = opens_to(one.view)
        if not door:
            continue
        for method, rule in row.items():
            if rule.public or rule.signed_in:
                told.append(
                    f"{key} {method}: the row lets everybody in, the page's guard only {_names(door)}."
                )
            elif extra := set(rule.people) - door:
                told.append(f"{key} {method}: the row lets {_names(extra)} in, the page's guard does not.")
    return told


def _missing(key: str, one: Address) -> str:
    where = "rest.py" if one.is_rest else f"the file about {one.room}'s pages"
    methods = " and ".join(one.methods)
    return (
        f"{key}: nothing says who may {methods} /{one.pattern}. Write it into {where} in config/policy/,"
        f' in its section: reads(RULE, "{key}") for a GET, writes() for a POST, both() for one rule'
        f" of both, where RULE says which roles, in which places. docs/permissions.md tells how."
    )


def _names(roles: Iterable[object]) -> str:
    return ", ".join(sorted(str(one) for one in roles))
