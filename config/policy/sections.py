"""How rows are written down: by section, and many addresses under one rule."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise

from config.policy.rules import Row, Rule


@dataclass(frozen=True, slots=True)
class Section:
    """Addresses that belong together for whoever reads the table."""

    title: str | Promise
    rows: Mapping[str, Row]


def reads(rule: Rule, *names: str) -> dict[str, Row]:
    """These are only looked at."""
    return {name: {"GET": rule} for name in names}


def writes(rule: Rule, *names: str) -> dict[str, Row]:
    """These only do something."""
    return {name: {"POST": rule} for name in names}


def both(rule: Rule, *names: str) -> dict[str, Row]:
    """A form is shown and taken, under one rule."""
    return {name: {"GET": rule, "POST": rule} for name in names}


def apart(get: Rule, post: Rule, *names: str) -> dict[str, Row]:
    """Looked at by some, used by others."""
    return {name: {"GET": get, "POST": post} for name in names}
