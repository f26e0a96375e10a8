"""Whether the database could be cut by street (docs/scaling.md): on the ways that are walked all day, rows of
two tables of cases come together by the keys of one case, never by anything else."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, Model
from django.urls import reverse

from accounts.models import ApiClient
from dashboards import folding
from incidents import actions, sweeps
from incidents.models import Contact, Incident, Report, Text
from incidents.models.incident import ResolutionOutcome
from tests.browsers import As
from tests.cast import TUESDAY, Person, file_report
from tests.incidents.api.conftest import Caller, lamp

pytestmark = pytest.mark.django_db(transaction=True)

_PAIR = re.compile(r"(\w+)\.(\w+) = (\w+)\.(\w+)")
# Where a case is asked for by its id, the planner writes that instead of the pair.
_GIVEN = re.compile(r"(\w+)\.(\w+) = '?(\d+)\b")
_CONDITIONS = ("Hash Cond", "Merge Cond", "Index Cond", "Recheck Cond", "Join Filter", "Filter", "Cache Key")
# What is made on the way and read again: its columns are told by their names alone.
_MADE = ("CTE Scan", "Subquery Scan", "Function Scan", "WorkTable Scan", "Values Scan")


# What looks over the edge of a street by its nature, told by what stands in it.
ACROSS = {
    "by_number.lately": "whether the same number or spot was heard of before, wherever that was",
    '"incidents_repeat"': "the earlier cases that a case repeats",
}


def _tables_of_cases() -> dict[str, type[Model]]:
    """Tables whose rows belong to one case each: what a case is made of, and whatever points at that."""
    found: set[type[Model]] = {Incident, Report, Text, Contact}
    hang_on = {Incident, Report}
    while True:
        more = {
            model
            for model in apps.get_app_config("incidents").get_models()
            if model not in found
            and any(isinstance(f, ForeignKey) and f.related_model in hang_on for f in model._meta.fields)
        }
        if not more:
            return {model._meta.db_table: model for model in found}
        found |= more
        hang_on |= more


OF_CASES = _tables_of_cases()


def _meaning(table: str | None, column: str) -> str:
    """Whose key a column is: `incident`, `timer` ...; of what was made on the way, as its name says."""
    if table is None:
        return column.removesuffix("_id").removesuffix("_pk")
    model = OF_CASES[table]
    if column == model._meta.pk.column:
        return str(model._meta.db_table)
    field = next((one for one in model._meta.fields if one.column == column), None)
    if isinstance(field, ForeignKey) and field.related_model._meta.db_table in OF_CASES:
        return str(field.related_model._meta.db_table)
    return ""


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def strangers(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs of tables of cases that a join of this plan puts together by no key of one case."""
    relations: dict[str, str | None] = {}
    conditions: list[str] = []
    for node in _nodes(plan):
        if (table := node.get("Relation Name")) in OF_CASES:
            relations[node["Alias"]] = table
        elif node["Node Type"] in _MADE:
            relations[node["Alias"]] = None
        conditions += [str(node[name]) for name in _CONDITIONS if name in node]
    given: dict[tuple[str, str], set[str]] = {}
    for alias, column, value in _GIVEN.findall(" ".join(conditions)):
        if alias in relations and (key := _meaning(relations[alias], column)):
            given.setdefault((key, value), set()).add(alias)
    related = {frozenset(pair) for same in given.values() for pair in combinations(same, 2)}
    for one, of_one, other, of_other in _PAIR.findall(" ".join(conditions)):
        if one in relations and other in relations and one != other:
            a, b = _meaning(relations[one], of_one), _meaning(relations[other], of_other)
            if a and b and (a == b or None in (relations[one], relations[other])):
                related.add(frozenset((one, other)))
    found = []
    for node in _nodes(plan):
        if node["Node Type"] not in ("Nested Loop", "Hash Join", "Merge Join"):
            continue
        sides = [
            {one["Alias"] for one in _nodes(below) if one.get("Alias") in relations}
            for below in node["Plans"]
            if below.get("Parent Relationship") in ("Outer", "Inner")
        ]
        tables = [{alias for alias in side if relations[alias]} for side in sides]
        if all(tables) and not any(frozenset((a, b)) in related for a in sides[0] for b in sides[1]):
            found.append((str(relations[min(tables[0])]), str(relations[min(tables[1])])))
    return found


@contextmanager
def planned(seen: dict[str, list[tuple[str, str]]]) -> Iterator[None]:
    """Every statement that is asked within, with what its plan puts together wrongly."""

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", sql) and sql not in seen:
            seen[sql] = []
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}", params)
                (told,) = cursor.cursor.fetchone()
            plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
            seen[sql] = strangers(plan)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield


def test_the_look_finds_a_join_that_is_none_of_one_case() -> None:
    def told(sql: str) -> list[tuple[str, str]]:
        seen: dict[str, list[tuple[str, str]]] = {}
        with planned(seen), connection.cursor() as cursor:
            cursor.execute(sql)
        return seen[sql]

    joined = "SELECT 1 FROM incidents_incident i JOIN incidents_timer t ON "
    assert told(f"{joined} t.incident_id = i.id") == []
    assert told(f"{joined} t.unit_code = i.owner_unit_id") != []
    assert (
        told("SELECT 1 FROM incidents_report a JOIN incidents_report b ON a.contact_id = b.contact_id") == []
    )
    assert told("SELECT 1 FROM incidents_report a JOIN incidents_report b ON a.text_id = b.id") != []


def test_the_ways_of_the_day_put_together_what_belongs_to_one_case(
    browse: As, operator: Person, handler: Person, hotline: tuple[ApiClient, str]
) -> None:
    seen: dict[str, list[tuple[str, str]]] = {}
    case = file_report()
    staff, unit, system = browse(operator), browse(handler), Caller(token=hotline[1])
    with planned(seen):
        assert system.post("reports/", lamp("one")).status_code == 201
        assert system.post("reports/batch/", [lamp(f"many-{n}") for n in range(3)]).status_code < 300
        for page in ("desk", "cases"):
            assert staff.get(reverse(page)).status_code == 200
        assert unit.get(reverse("inbox")).status_code == 200
        assert staff.get(reverse("case", args=[case.number])).status_code == 200
        at = TUESDAY + timedelta(minutes=5)
        actions.accept(number=case.number, actor=handler.actor, at=at)
        actions.resolve(
            number=case.number,
            outcome=ResolutionOutcome.SOLVED,
            text="换了灯泡",
            attested=True,
            actor=handler.actor,
            at=at,
        )
        sweeps.catch_up(at=at + timedelta(days=20))
        list(folding.fold_all())
    case_tables = re.compile("|".join(sorted(OF_CASES)))
    several = [sql for sql in seen if len(set(case_tables.findall(sql))) > 1]
    assert len(several) > 20
    wrong = {" ".join(sql.split()): found for sql, found in seen.items() if found}
    known = {sql for sql in wrong if any(mark in sql for mark in ACROSS)}
    assert {mark for mark in ACROSS if any(mark in sql for sql in seen)} == set(ACROSS)  # none is out of date
    assert {sql[:160]: found for sql, found in wrong.items() if sql not in known} == {}
