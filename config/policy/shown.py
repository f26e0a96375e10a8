"""The table as people read it: by section, one line for all addresses under one rule."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Scope
from accounts.roles import Role
from config.policy.resolving import Address, addresses
from config.policy.rules import Rule, Where
from config.policy.table import SECTIONS, VARIANTS, keys_of
from dispatch.pages.steps import STEPS as LIST_STEPS
from incidents.pages.mediation_steps import STEPS as MEDIATION_STEPS
from incidents.pages.steps import STEPS as CASE_STEPS

# Who may be asked for beside the roles.
NOBODY, TOKEN = "nobody", "token"


@dataclass(frozen=True, slots=True)
class Door:
    """One address with one method."""

    method: str
    path: str
    title: str  # what is done there, where the address alone does not say

    @property
    def is_reading(self) -> bool:
        return self.method == "GET"


@dataclass(frozen=True, slots=True)
class Line:
    """One rule with the addresses that it holds for."""

    rule: Rule
    doors: Sequence[Door]

    @property
    def who(self) -> list[tuple[str, list[str]]]:
        """Each place with the roles that are let in there, as words."""
        if self.rule.public:
            return [(_("everybody, without a sign-in"), [])]
        if self.rule.signed_in or self.rule.ones_own:
            return [(_("everybody who is signed in"), [])]
        return [(str(where.words), roles) for where, roles in self._by_place()]

    def _by_place(self) -> Iterator[tuple[Where, list[str]]]:
        found: dict[Where, list[str]] = {}
        for role in Role:
            where = self.rule.people.get(role)
            if where is not None:
                found.setdefault(where, []).append(str(role.label))
        yield from found.items()

    @property
    def tokens(self) -> list[str]:
        """The scopes of tokens that open it."""
        if self.rule.public:
            return []
        told = [str(scope.label) for scope in Scope if scope in self.rule.tokens]
        return [_("any token")] if len(told) == len(Scope) else told

    @property
    def others(self) -> str:
        """What everybody else is told."""
        rule = self.rule
        if rule.public:
            return ""
        if rule.ones_own or rule.closed:
            return _("that there is no such thing")
        if rule.signed_in:
            return _("to sign in first")
        if rule.seen is None:
            return _("that it is not allowed")
        if rule.door is None and rule.people == rule.seen:
            return _("that there is no such thing")
        return _("that it is not allowed; where they may not see it, that there is no such thing")

    def is_for(self, asked: str) -> bool:
        """Is it open to a role, to nobody in particular, or to a token?"""
        if self.rule.public:
            return True
        if asked == NOBODY:
            return False
        if asked == TOKEN:
            return bool(self.rule.tokens)
        if self.rule.signed_in:
            return True
        return self.rule.ones_own or Role(asked) in self.rule.people


@dataclass(frozen=True, slots=True)
class Part:
    """A section as it is shown."""

    key: str
    title: str
    lines: Sequence[Line]

    @property
    def count(self) -> int:
        return sum(len(line.doors) for line in self.lines)


def parts(asked: str = "", section: str = "") -> list[Part]:
    """The sections, or the one of this key, with what is open to whom is asked for."""
    found = []
    for number, one in enumerate(SECTIONS, start=1):
        key = str(number)
        if section and section != key:
            continue
        lines = [line for line in _lines(one.rows) if not asked or line.is_for(asked)]
        if lines:
            found.append(Part(key, str(one.title), lines))
    return found


def _lines(rows: Any) -> list[Line]:
    by_rule: dict[int, tuple[Rule, list[Door]]] = {}
    known = _by_key()
    for key, row in rows.items():
        for method, rule in row.items():
            doors = [Door(method, path_of(one, key), title_of(key)) for one in known.get(key, ())]
            by_rule.setdefault(id(rule), (rule, []))[1].extend(doors)
    return [Line(rule, doors) for rule, doors in by_rule.values()]


@cache
def _by_key() -> dict[str, list[Address]]:
    found: dict[str, list[Address]] = {}
    for one in addresses():
        for key in keys_of(one):
            found.setdefault(key, []).append(one)
    return found


def path_of(one: Address, key: str) -> str:
    """The address as a person writes it: its parameters by their names alone."""
    path = re.sub(r"\(\?P(<\w+>)(?:[^()]|\([^()]*\))*\)", r"\1", one.pattern)
    path = re.sub(r"<\w+:(\w+)>", r"<\1>", path)
    path = (
        path.replace("^", "").replace("$", "").replace("\\.", ".").replace("(?:.<format>)?", "").rstrip("?")
    )
    if "[" in key:
        path = path.replace(f"<{VARIANTS[one.name][0]}>", key.partition("[")[2].rstrip("]"))
    return f"/{path}"


def title_of(key: str) -> str:
    """What one of several deeds of an address is called."""
    name, _bracket, word = key.rstrip("]").partition("[")
    steps: dict[str, Any] = {
        "case-act": CASE_STEPS,
        "mediation-act": MEDIATION_STEPS,
        "list-step": LIST_STEPS,
    }
    return str(steps[name][word].title) if word else ""
