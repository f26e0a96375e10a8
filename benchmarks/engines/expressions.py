"""rule-engine, business-rules and json-logic: rules as data, asked one after the other.

Each twice: the whole list as its rules, with the category as a condition like any other, as their
documentation has it; and sorted by category beforehand, which is work that they leave to their user.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import json_logic
import rule_engine
from business_rules import run_all
from business_rules.actions import BaseActions, rule_action
from business_rules.fields import FIELD_TEXT
from business_rules.variables import (
    BaseVariables,
    numeric_rule_variable,
    select_multiple_rule_variable,
    string_rule_variable,
)

from benchmarks.engines import Engine
from benchmarks.engines.rules import Event, Rule, first_hit
from dispatch.index import MatchIndex

# One rule of the engine's own kind.
Made = Any


def _arranged(index: MatchIndex, make: Callable[[Rule, bool], Made], whole: bool) -> dict[str, list[Made]]:
    """Rules by category; of the whole list, the same ones for every category."""
    if not whole:
        return {
            code: [make(rule, False) for rule in first_hit(rows)] for code, rows in index.categories.items()
        }
    every = [make(rule, True) for rows in index.categories.values() for rule in first_hit(rows)]
    return dict.fromkeys(index.categories, every)


def _facts(event: Event) -> dict[str, Any]:
    return {
        "category": event.category,
        "hits": list(event.hits),
        "owner": event.owner or "",
        "place": event.place_type or "",
        "source": event.source,
        "minute": event.minute,
    }


def _values(rule: Rule) -> list[tuple[str, list[str]]]:
    item = rule.item
    stated = (("owner", item.owners), ("place", item.place_types), ("source", item.sources))
    return [(name, sorted(values)) for name, values in stated if values]


def _one(code: str) -> list[str]:
    return [code]


# --- rule-engine ---------------------------------------------------------------------------------------


def with_rule_engine(index: MatchIndex, events: Sequence[Event], *, whole: bool) -> Engine:
    def make(rule: Rule, with_category: bool) -> Made:
        asked = [f'category == "{rule.item.category}"'] if with_category else []
        if rule.keywords:
            asked.append(
                "("
                + " or ".join(f"{json.dumps(word, ensure_ascii=False)} in hits" for word in rule.keywords)
                + ")"
            )
        asked += [f"{name} in {json.dumps(values)}" for name, values in _values(rule)]
        if rule.spans:
            spans = (f"(minute >= {start} and minute < {end})" for start, end in rule.spans)
            asked.append("(" + " or ".join(spans) + ")")
        return rule_engine.Rule(" and ".join(asked) or "true"), rule.item.code

    rules = _arranged(index, make, whole)

    def decide(facts: dict[str, Any]) -> str:
        return next(str(code) for rule, code in rules[facts["category"]] if rule.matches(facts))

    return Engine(decide, [_facts(event) for event in events], _one)


# --- json-logic ----------------------------------------------------------------------------------------


def with_json_logic(index: MatchIndex, events: Sequence[Event], *, whole: bool) -> Engine:
    def make(rule: Rule, with_category: bool) -> Made:
        asked: list[Any] = [{"==": [{"var": "category"}, rule.item.category]}] if with_category else []
        if rule.keywords:
            asked.append({"or": [{"in": [word, {"var": "hits"}]} for word in rule.keywords]})
        asked += [{"in": [{"var": name}, values]} for name, values in _values(rule)]
        if rule.spans:
            minute = {"var": "minute"}
            asked.append(
                {
                    "or": [
                        {"and": [{">=": [minute, start]}, {"<": [minute, end]}]} for start, end in rule.spans
                    ]
                }
            )
        return {"and": asked or [True]}, rule.item.code

    rules = _arranged(index, make, whole)

    def decide(facts: dict[str, Any]) -> str:
        return next(str(code) for rule, code in rules[facts["category"]] if json_logic.jsonLogic(rule, facts))

    return Engine(decide, [_facts(event) for event in events], _one)


# --- business-rules ------------------------------------------------------------------------------------


class _Known(BaseVariables):  # type: ignore[misc]
    """An event's facts as business-rules wants them declared."""

    def __init__(self, event: Event) -> None:
        self.event = event

    @string_rule_variable()
    def category(self) -> str:
        return self.event.category

    @select_multiple_rule_variable()
    def hits(self) -> list[str]:
        return list(self.event.hits)

    @select_multiple_rule_variable()
    def owner(self) -> list[str]:
        return [self.event.owner] if self.event.owner else []

    @select_multiple_rule_variable()
    def place(self) -> list[str]:
        return [self.event.place_type] if self.event.place_type else []

    @select_multiple_rule_variable()
    def source(self) -> list[str]:
        return [self.event.source]

    @numeric_rule_variable()
    def minute(self) -> int:
        return self.event.minute


class _Win(BaseActions):  # type: ignore[misc]
    def __init__(self) -> None:
        self.item = ""

    @rule_action(params={"item": FIELD_TEXT})
    def win(self, item: str) -> None:
        self.item = item


def with_business_rules(index: MatchIndex, events: Sequence[Event], *, whole: bool) -> Engine:
    def ask(name: str, operator: str, value: Any) -> dict[str, Any]:
        return {"name": name, "operator": operator, "value": value}

    def make(rule: Rule, with_category: bool) -> Made:
        asked: list[Any] = [ask("category", "equal_to", rule.item.category)] if with_category else []
        shares = "shares_at_least_one_element_with"
        if rule.keywords:
            asked.append(ask("hits", shares, list(rule.keywords)))
        asked += [ask(name, shares, values) for name, values in _values(rule)]
        if rule.spans:
            spans = [
                {"all": [ask("minute", "greater_than_or_equal_to", start), ask("minute", "less_than", end)]}
                for start, end in rule.spans
            ]
            asked.append({"any": spans})
        always = ask("minute", "greater_than_or_equal_to", 0)
        return {
            "conditions": {"all": asked or [always]},
            "actions": [{"name": "win", "params": {"item": rule.item.code}}],
        }

    rules = _arranged(index, make, whole)

    def decide(event: Event) -> str:
        won = _Win()
        run_all(rules[event.category], _Known(event), won, stop_on_first_trigger=True)
        return won.item

    return Engine(decide, events, _one)
