"""Matching one event against the whole list: ours beside the engines that others would take.

All start from the same keywords already found, and all must name the same item (of items with equal
claims the lowest code). Rounds are interleaved: a ratio is one run's. Ours and zen are asked about
100,000 events, SQL and the scan about fewer, and the engines that ask rule by rule about a few dozen,
because that is what there is time for. `benchmarks/engines` has each of them.

Explanations: zen's trace names the rule that fired and says nothing of the others. To be told of every
condition of every item, each must be an output; that is the second line. Ours says of every item which
conditions failed (one byte each) and, as readable data, with what was wanted and what was there.
"""

import os
from collections.abc import Mapping

from benchmarks.engines import Engine, expressions, ours, sql, zen_tables
from benchmarks.engines.rules import Event, make_events
from benchmarks.records import Record, compare, rates
from dispatch.edition import edition
from dispatch.index import MatchIndex
from dispatch.normalise.model import classifier

NEEDS_DATABASE = True
EVENTS, SOME, FEW, BATCH = 100_000, 2_000, 60, 1_000
PEERS = {
    "rule-engine": expressions.with_rule_engine,
    "json-logic": expressions.with_json_logic,
    "business-rules": expressions.with_business_rules,
}


def run() -> list[Record]:
    now = edition()
    index = now.index
    events = make_events(index, EVENTS)
    some, few = events[:SOME], events[:FEW]
    zen = zen_tables.Tables(index)
    groups = {
        "decisions per second": {
            "ours": ours.single(index, events),
            "a dict keyed by the facts (the floor)": ours.floor(index, events),
            "zen, its fast path": zen.single(events),
            "one SQL query per event": sql.make(index, some),
            "a scan of all items": ours.scan(index, some),
            **{
                f"{name}, its rules sorted by category": make(index, events[: 5 * FEW], whole=False)
                for name, make in PEERS.items()
            },
            **{f"{name}, the whole list": make(index, few, whole=True) for name, make in PEERS.items()},
        },
        "decisions per second, 1,000 a call": {
            "ours": ours.batched(index, events, BATCH),
            "zen": zen.batched(events, BATCH),
        },
        "explained decisions per second": {
            "ours": ours.explained(index, events),
            "zen's trace": zen.traced(events[:20_000]),
            "zen, every condition an output": zen.every_condition(some),
        },
        "explanations a person can read, per second": {
            "ours": ours.readable(now, classifier(), some),
            "zen's trace": zen.traced(some),
            "zen, every condition an output": zen.every_condition(some),
        },
    }
    right = {event.key: _right(index, event) for event in events}
    for group in groups.values():
        for name, engine in group.items():
            _check(name, engine, events, right)
    told = _rates(groups)
    records = [
        record
        for metric, group in told.items()
        for record in compare("matcher", metric, group.pop("ours"), group)
    ]
    return [
        *records,
        *compare("matcher", "ms to rebuild the index", _rebuild(index), {"goal": 100.0}),
        *compare("matcher", "load of the machine", os.getloadavg()[0], {"cores": float(os.cpu_count() or 1)}),
    ]


def _right(index: MatchIndex, event: Event) -> str:
    item = index.categories[event.category].match(*event.arguments).item
    assert item is not None
    return item.code


def _check(name: str, engine: Engine, events: list[Event], right: Mapping[object, str]) -> None:
    """Every answer of this engine, for every event that it is asked about."""
    told = [code for one in engine.inputs for code in engine.winners(engine.call(one))]
    for event, code in zip(events, told, strict=False):
        if code != right[event.key]:
            raise AssertionError(f"{name} says {code} and not {right[event.key]} about {event}")
    if len(told) != len(engine.inputs) * engine.batch:
        raise AssertionError(f"{name} left some events out")


def _rates(groups: Mapping[str, Mapping[str, Engine]]) -> dict[str, dict[str, float]]:
    """Events per second of all engines, timed in turns."""
    engines = {(metric, name): one for metric, group in groups.items() for name, one in group.items()}
    calls = rates({str(key): (engine.call, engine.inputs) for key, engine in engines.items()})
    told: dict[str, dict[str, float]] = {metric: {} for metric in groups}
    for (metric, name), engine in engines.items():
        told[metric][name] = calls[str((metric, name))] * engine.batch
    return told


def _rebuild(index: MatchIndex) -> float:
    """Milliseconds, the best of five."""
    items = list(index.items.values())
    return 1_000 / rates({"ours": (lambda rows: MatchIndex(rows, version=0), [items])})["ours"]
