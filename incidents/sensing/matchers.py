"""Label matchers as Alertmanager has them: `=`, `!=`, `=~` and `!~`, the last two on the whole value.

Whoever keeps the rules writes the patterns, and every alert is matched by them: a pattern that could take
long is refused when it is written.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

from django.utils.translation import gettext as _

OPERATORS = ("=~", "!~", "!=", "=")
PATTERN_MAX = 200
VALUE_MAX = 400
MOST = 8  # matchers in one rule
_REPEATS_MAX = 3
_LINE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_.]{0,79})\s*(=~|!~|!=|=)\s*(?:\"([^\"]*)\"|(.*?))\s*")
_REPEATING = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, getattr(_constants, "POSSESSIVE_REPEAT", None))


class BadMatcher(ValueError):
    """A line that is no matcher, with the rule that it breaks in the reader's language."""

    def __init__(self, line: str, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a label that is missing counts as empty."""

    name: str
    op: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        given = labels.get(self.name, "")[:VALUE_MAX]
        if self.op in ("=", "!="):
            return (given == self.value) == (self.op == "=")
        return bool(_compiled(self.value).fullmatch(given)) == (self.op == "=~")

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "op": self.op, "value": self.value}

    def __str__(self) -> str:
        return f'{self.name}{self.op}"{self.value}"'


def all_hold(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.holds(labels) for matcher in matchers)


def of_json(rows: Iterable[Mapping[str, Any]]) -> tuple[Matcher, ...]:
    """Matchers as a rule keeps them."""
    return tuple(Matcher(row["name"], row["op"], row["value"]) for row in rows)


def read_lines(text: str) -> list[Matcher]:
    """One matcher a line: `kind = smoke`, `severity =~ "warning|critical"`. Raises BadMatcher."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST:
        raise BadMatcher("", _("At most %(max)d matchers.") % {"max": MOST})
    return [_read(line) for line in lines]


def _read(line: str) -> Matcher:
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadMatcher(line, _("“%(line)s” is no matcher: write name = value.") % {"line": line[:60]})
    name, op, quoted, plain = found.groups()
    matcher = Matcher(name, op, quoted if quoted is not None else plain)
    if len(matcher.value) > PATTERN_MAX:
        raise BadMatcher(line, _("At most %(max)d characters.") % {"max": PATTERN_MAX})
    if op in ("=~", "!~"):
        check_pattern(matcher.value)
    return matcher


def check_pattern(pattern: str) -> None:
    """Refuse what is no pattern, and what could run for ever: repeats within repeats, look-arounds."""
    try:
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadMatcher(pattern, _("“%(pattern)s” is no pattern.") % {"pattern": pattern[:60]}) from error
    if _repeats(tree, inside=False) > _REPEATS_MAX:
        raise BadMatcher(
            pattern,
            _("“%(pattern)s” could take too long: at most three repeats, none within another.")
            % {"pattern": pattern[:60]},
        )


def _repeats(tree: Any, *, inside: bool) -> int:
    """How many repeats a pattern has; more than allowed where one stands within another."""
    count = 0
    for op, argument in tree:
        if op in _REPEATING:
            _least, most, inner = argument
            if inside and most > 1:
                return _REPEATS_MAX + 1
            count += 1 + _repeats(inner, inside=True)
        elif op is _constants.SUBPATTERN:
            count += _repeats(argument[-1], inside=inside)
        elif op is _constants.BRANCH:
            count += sum(_repeats(branch, inside=inside) for branch in argument[1])
        elif op in (_constants.ASSERT, _constants.ASSERT_NOT, _constants.GROUPREF) or op not in (
            _constants.LITERAL,
            _constants.NOT_LITERAL,
            _constants.ANY,
            _constants.IN,
            _constants.AT,
        ):
            return _REPEATS_MAX + 1
    return count


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)
