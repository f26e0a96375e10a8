"""What deciding, and editing the list, refuses to do."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dispatch.item_rules import Problem


class FactsError(ValueError):
    """A fact that cannot be true: `field` names the input, `code` the rule, str() tells the reader."""

    def __init__(self, field: str, code: str, message: str) -> None:
        self.field = field
        self.code = code
        super().__init__(message)


class UnknownItem(LookupError):
    """No item of that code is in the live list."""


class NoLiveList(RuntimeError):
    """There is no live responsibility list: nothing can be decided until one is loaded."""


class ListRefused(Exception):
    """A change of the list that is not done: `code` names the rule, str() tells the reader why."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class BadItem(ListRefused):
    """An item that cannot stand as it is; `problems` name its fields."""

    def __init__(self, problems: Sequence["Problem"]) -> None:
        self.problems = tuple(problems)
        super().__init__("invalid", " ".join(problem.message for problem in problems))
