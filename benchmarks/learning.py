"""Learning from returns at 100,000 cases: its ranking, one item's study, and the pages that show them.

Cases with their decisions, sendings and returns are made up in bulk in a database of their own; no action
is run. Each decision carries a detail as long as the machine's, since reading those is what would cost.
Metric: milliseconds, the median of several calls; beside it, the same with a third of the cases.
"""

import io
import json
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test import Client, override_settings

from accounts.models import Membership, User
from benchmarks.boards import STORAGES, scratch_database
from benchmarks.generated import write_cases
from benchmarks.records import Record
from dashboards import learning
from dashboards.claims import Question
from dispatch.edition import edition

SIZES = (33_000, 100_000)
DAYS = 365
ROUNDS = 7
# One in twenty-five left its item, one in three of those by the desk's choice.
_MOVED, _GUESSED = 0.04, 0.2


def run() -> list[Record]:
    """The whole year of both sizes."""
    taken: dict[int, dict[str, float]] = {}
    with scratch_database(), override_settings(STORAGES=STORAGES):
        written = 0
        for size in SIZES:
            grow(size - written, seed=size)
            written = size
            taken[size] = timed_all()
            print(f"  {size:,} cases: {taken[size]}", flush=True)
    small, large = taken[SIZES[0]], taken[SIZES[1]]
    return [
        {
            "bench": "learning",
            "metric": f"{name}, ms at {SIZES[1]:,} cases",
            "ours": took,
            "against": f"at {SIZES[0]:,}",
            "theirs": small[name],
            "ratio": round(small[name] / took, 2),
        }
        for name, took in large.items()
    ]


def grow(count: int, *, seed: int) -> None:
    """So many more cases, each with what decided it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM incidents_incident")
        first = cursor.fetchone()[0]
    write_cases(count, days=DAYS, until=datetime.now(UTC), seed=seed)
    rng = random.Random(seed)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, item_code, category_id, owner_unit_id, status, received_at FROM incidents_incident"
            " WHERE id > %s ORDER BY id",
            [first],
        )
        cases = cursor.fetchall()
        cursor.execute(
            "SELECT coalesce(max(id), 0), (SELECT coalesce(max(id), 0) FROM incidents_assignment)"
            " FROM incidents_decisionrecord"
        )
        decision, assignment = cursor.fetchone()
    user, _created = User.objects.get_or_create(username="bench-desk")
    units = ("water-group", "transport", "urban-management", "sanitation-company")
    live, filler = edition().list_id, _detail()
    decisions, sendings = io.StringIO(), io.StringIO()
    for pk, item, category, unit, status, received in cases:
        at = received.isoformat()
        guessed = status == "triage" or rng.random() < _GUESSED
        decision += 1
        outcome = "triage" if guessed else "dispatched"
        confidence = rng.uniform(0.4, 1) if guessed else 0.95
        given = (at, "\\N", live, "", outcome, category, item, unit, confidence, filler, pk)
        _row(decisions, decision, *given)
        if status == "triage":
            continue
        decided = decision
        moved = rng.random() < _MOVED
        other = rng.choice(units)
        if guessed:
            decision += 1
            decided = decision
            sent_to = other if moved else unit
            told = json.dumps({"by": "person", "item": item, "unit": sent_to, "unit_by_list": unit})
            _row(
                decisions,
                decision,
                at,
                user.pk,
                live,
                "",
                "dispatched",
                category,
                item,
                sent_to,
                1.0,
                told,
                pk,
            )
            unit, moved = sent_to, False
        assignment += 1
        ended = ("returned", at) if moved else ("", "\\N")
        _row(sendings, assignment, pk, unit, decided, item, at, ended[0], ended[1], not guessed)
        if moved:
            decision += 1
            assignment += 1
            told = json.dumps({"by": "person", "item": item, "unit": other, "unit_by_list": unit})
            _row(
                decisions, decision, at, user.pk, live, "", "dispatched", category, item, other, 1.0, told, pk
            )
            _row(sendings, assignment, pk, other, decision, item, at, "", "\\N", False)
    with connection.cursor() as cursor:
        _copy(
            cursor,
            "incidents_decisionrecord (id, made_at, made_by_id, responsibility_list_id, model, outcome,"
            " category_code, item_code, unit_code, confidence, detail, incident_id)",
            decisions,
        )
        # What every sending of these has in common is the column's default here.
        for column, default in _COMMON.items():
            cursor.execute(f"ALTER TABLE incidents_assignment ALTER {column} SET DEFAULT {default}")
        _copy(
            cursor,
            "incidents_assignment (id, incident_id, unit_id, decision_id, item_code, sent_at, end_reason,"
            " ended_at, automatic)",
            sendings,
        )
        cursor.execute("ANALYZE incidents_incident, incidents_decisionrecord, incidents_assignment")


_COMMON = {
    "role": "'lead'",
    "level": "'C'",
    "handle_limit": "'5wd'",
    "accept_minutes": "240",
    "supporting_units": "'{}'",
    "supervising_unit": "''",
    "follow_up_unit": "''",
    "answer": "''",
    "acceptance": "''",
    "outcome": "''",
}


def _detail() -> str:
    """A detail about as long as what the machine keeps: facts, reasons and eight candidates."""
    candidate = {"item": "0204-001", "unit": "lighting-company", "held": [{"code": "keyword"}] * 4}
    # Not the same words over and over, or it would be packed to nothing.
    dice = random.Random(1)
    words = ["".join(dice.choices("市政道路单盏灯不亮社区街面垃圾清运", k=40)) for _number in range(40)]
    return json.dumps(
        {"facts": {"keywords": ["路灯", "不亮"]}, "candidates": [candidate] * 8, "reasons": words},
        ensure_ascii=False,
    )


def _row(out: io.StringIO, *values: object) -> None:
    out.write("\t".join(str(value) for value in values) + "\n")


def _copy(cursor: object, target: str, rows: io.StringIO) -> None:
    rows.seek(0)
    cursor.copy_expert(f"COPY {target} FROM STDIN", rows)  # type: ignore[attr-defined]


def timed_all() -> dict[str, float]:
    """Milliseconds of the statements and of the pages."""
    now, units = edition(), edition().units
    until = datetime.now(UTC) + timedelta(days=1)
    whole_year = Question(until - timedelta(days=DAYS + 1), until, now.list_id)
    month = Question(until - timedelta(days=31), until, now.list_id)
    ranked = learning.ranking(whole_year, units)
    busiest = max(ranked, key=lambda row: row.tally.decided).tally.code
    user, _created = User.objects.get_or_create(username="bench-leader")
    Membership.objects.get_or_create(user=user, unit_id="district", role="leader")
    client = Client(headers={"host": "localhost"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return {
        "ranking of a year": timed(lambda: learning.ranking(whole_year, units)),
        "ranking of a month": timed(lambda: learning.ranking(month, units)),
        "study of the busiest item": timed(lambda: learning.study(busiest, whole_year, units)),
        "page of a year": timed(lambda: client.get("/learning/?period=year")),
        "page of an item": timed(lambda: client.get(f"/learning/{busiest}/?period=year")),
    }


def timed(call: Callable[[], object]) -> float:
    """The median of several calls, in milliseconds, after one to warm up."""
    call()
    times = []
    for _round in range(ROUNDS):
        began = time.perf_counter()
        answer = call()
        times.append((time.perf_counter() - began) * 1000)
        if getattr(answer, "status_code", 200) != 200:
            raise AssertionError("the page was not answered")
    return round(statistics.median(times), 1)
