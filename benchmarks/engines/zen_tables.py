"""zen-engine (Rust): a first-hit decision table per category behind a static loader, its fast path.

Tried and slower: contexts as dicts instead of JSON (1 to 8 %), `some(words, # in [...])` instead of
`contains` (30 %), keywords as strings (70 %), one table of the whole list (a hundredfold).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import zen

from benchmarks.engines import Engine
from benchmarks.engines.rules import Event, Rule, first_hit, keyword_ids
from dispatch.index import MatchIndex

# The columns of the table, and the names of the facts in a context.
_WORDS, _OWNER, _PLACE, _SOURCE, _MINUTE = "wopsm"


class Tables:
    """The whole list as one decision per category."""

    def __init__(self, index: MatchIndex) -> None:
        self.ids = keyword_ids(index)
        self.rules = {code: first_hit(rows) for code, rows in index.categories.items()}
        self.engine = _engine({code: self._table(those) for code, those in self.rules.items()})

    def single(self, events: Sequence[Event]) -> Engine:
        evaluate = self.engine.evaluate
        return Engine(lambda one: evaluate(*one), self._asked(events), _one)

    def batched(self, events: Sequence[Event], size: int) -> Engine:
        asked = [{"key": key, "context": context} for key, context in self._asked(events)]
        batches = [asked[at : at + size] for at in range(0, len(asked), size)]
        return Engine(
            self.engine.evaluate_batch,
            batches,
            lambda told: [code for one in told for code in _one(one["data"])],
            batch=size,
        )

    def traced(self, events: Sequence[Event]) -> Engine:
        """Which rule of which node fired, with what came in and went out; nothing of the others."""
        evaluate, options = self.engine.evaluate, {"trace": True}
        return Engine(lambda one: evaluate(*one, options), self._asked(events), _one)

    def every_condition(self, events: Sequence[Event]) -> Engine:
        """Each condition of each rule as an output of its own: what it takes to be told why others failed."""
        engine = _engine({code: self._conditions(those) for code, those in self.rules.items()})
        evaluate = engine.evaluate

        def first(told: Any) -> list[str]:
            failed = {name.rpartition("_")[0] for name, held in told["result"].items() if not held}
            holding = {name.rpartition("_")[0] for name in told["result"]} - failed
            return [min(holding).partition("_")[2].replace("_", "-")]

        return Engine(lambda one: evaluate(*one), self._asked(events), first)

    def _asked(self, events: Sequence[Event]) -> list[tuple[str, bytes]]:
        return [(event.category, self._context(event)) for event in events]

    def _context(self, event: Event) -> bytes:
        return json.dumps(
            {
                _WORDS: [self.ids[word] for word in event.hits],
                _OWNER: event.owner,
                _PLACE: event.place_type,
                _SOURCE: event.source,
                _MINUTE: event.minute,
            }
        ).encode()

    def _cells(self, rule: Rule) -> dict[str, str]:
        item = rule.item
        return {
            _WORDS: " or ".join(f"contains($, {self.ids[word]})" for word in rule.keywords),
            _OWNER: _any_of(item.owners),
            _PLACE: _any_of(item.place_types),
            _SOURCE: _any_of(item.sources),
            _MINUTE: ", ".join(f"[{start}..{end})" for start, end in rule.spans),
        }

    def _table(self, rules: Sequence[Rule]) -> dict[str, Any]:
        cells = [self._cells(rule) for rule in rules]
        used = [name for name in "wopsm" if any(row[name] for row in cells)]
        return _graph(
            "decisionTableNode",
            {
                "hitPolicy": "first",
                "inputs": [{"id": name, "name": name, "field": name} for name in used],
                "outputs": [{"id": "out", "name": "item", "field": "item"}],
                "rules": [
                    {
                        "_id": f"rule {at}",
                        "out": json.dumps(rule.item.code),
                        **{name: row[name] for name in used},
                    }
                    for at, (rule, row) in enumerate(zip(rules, cells, strict=True))
                ],
            },
        )

    def _conditions(self, rules: Sequence[Rule]) -> dict[str, Any]:
        expressions = []
        for at, rule in enumerate(rules):
            code = rule.item.code.replace("-", "_")
            asked = {name: cell for name, cell in self._expressions(rule).items() if cell}
            for name, cell in (asked or {"any": "true"}).items():
                expressions.append({"id": f"{at}{name}", "key": f"r{at:03}_{code}_{name}", "value": cell})
        return _graph("expressionNode", {"expressions": expressions})

    def _expressions(self, rule: Rule) -> dict[str, str]:
        item = rule.item
        return {
            _WORDS: " or ".join(f"contains({_WORDS}, {self.ids[word]})" for word in rule.keywords),
            _OWNER: f"{_OWNER} in [{_any_of(item.owners)}]" if item.owners else "",
            _PLACE: f"{_PLACE} in [{_any_of(item.place_types)}]" if item.place_types else "",
            _SOURCE: f"{_SOURCE} in [{_any_of(item.sources)}]" if item.sources else "",
            _MINUTE: " or ".join(
                f"({_MINUTE} >= {start} and {_MINUTE} < {end})" for start, end in rule.spans
            ),
        }


def _engine(content: dict[str, dict[str, Any]]) -> Any:
    return zen.ZenEngine({"loader": {"type": "static", "content": content}})


def _graph(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    place = {"x": 0, "y": 0}
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "position": place},
            {"id": "rules", "type": kind, "name": "rules", "position": place, "content": content},
            {"id": "out", "type": "outputNode", "name": "out", "position": place},
        ],
        "edges": [
            {"id": "1", "sourceId": "in", "targetId": "rules", "type": "edge"},
            {"id": "2", "sourceId": "rules", "targetId": "out", "type": "edge"},
        ],
    }


def _any_of(values: Iterable[str]) -> str:
    return ", ".join(json.dumps(value) for value in sorted(values))


def _one(told: Any) -> list[str]:
    return [str(told["result"]["item"])]
