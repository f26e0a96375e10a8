"""Rehearsing a draft on 100,000 past cases: a small edit, and a list in which every category changed.

Beside the straightforward way: read each case through the ORM, decide it in full by both lists, compare.
Whole runs as the workers do them, from asking to the result, in one process and in two. Metric: seconds.
"""

import os
import subprocess
import sys
import time
from datetime import timedelta

from django.conf import settings
from django.db import connection

from accounts.models import Membership, User
from benchmarks.records import Record
from benchmarks.rehearsal_data import DAYS, UNTIL, make_cases
from dispatch import lists
from dispatch.edition import edition_of
from dispatch.facts import Facts
from dispatch.models import ResponsibilityItem, ResponsibilityList
from dispatch.normalise.model import classifier
from dispatch.service import decide_facts
from incidents import rehearsal
from incidents.models import DecisionRecord, Rehearsal

NEEDS_DATABASE = True
CASES = int(os.environ.get("REHEARSED_CASES", "100000"))
PLAIN_CASES = 1_000  # of the straightforward way, scaled up
GOAL = 60.0


def run() -> list[Record]:
    began = time.perf_counter()
    make_cases(CASES)
    print(f"  {CASES:,} cases made in {time.perf_counter() - began:.0f} s", flush=True)
    user = User.objects.create_user("bench-steward")
    Membership.objects.create(user=user, unit_id="district", role="steward")
    small, everything = _small_edit(user), _everything_edited(user)
    records = []
    for name, draft in (("a small edit", small), ("every category changed", everything)):
        plain = _plainly(draft) * CASES / PLAIN_CASES
        for processes in (1, 2):
            done, seconds = _rehearse(draft, user, processes)
            told = done.result or {}
            print(
                f"  {name}, {processes} process(es): {seconds:.1f} s, {told['decided']:,} of"
                f" {told['looked']:,} decided, {sum(told['kinds'].values()):,} changed,"
                f" load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
            what = f"{name}, {CASES:,} cases, {processes} process{'es' if processes > 1 else ''}, s"
            records += [
                record(what, seconds, "case by case, decided in full", plain),
                record(what, seconds, "the goal", GOAL),
            ]
    return records


def record(metric: str, ours: float, against: str, theirs: float) -> Record:
    """One line; the ratio says how many times faster ours is."""
    return {
        "bench": "rehearsal",
        "metric": metric,
        "ours": round(ours, 2),
        "against": against,
        "theirs": round(theirs, 2),
        "ratio": round(theirs / ours, 2),
    }


def _small_edit(user: User) -> ResponsibilityList:
    """One item gets more keywords, another an other unit."""
    draft = _draft(user, "small")
    first, second = draft.items.exclude(keywords=[]).order_by("code")[:2]
    first.keywords = [*first.keywords, "很久", "一直"]
    first.save()
    second.lead_unit = "urban-management"
    second.save()
    return draft


def _everything_edited(user: User) -> ResponsibilityList:
    """In every category the items with conditions get half the time, and every tenth another unit."""
    draft = _draft(user, "everything")
    items = list(draft.items.order_by("code"))
    for nth, item in enumerate(items):
        item.handle_limit = "12h"
        if nth % 10 == 0:
            item.lead_unit = "@street"
    ResponsibilityItem.objects.bulk_update(items, ["handle_limit", "lead_unit"], batch_size=500)
    return draft


def _draft(user: User, title: str) -> ResponsibilityList:
    live = ResponsibilityList.objects.live(UNTIL).get()
    return lists.draft_from(base=live, title=title, by=user, at=UNTIL)


def _rehearse(draft: ResponsibilityList, user: User, processes: int) -> tuple[Rehearsal, float]:
    """Ask, let so many processes work, wait for the result."""
    began = time.perf_counter()
    asked = rehearsal.start(draft=draft, days=DAYS, by=user, at=UNTIL)
    others = [_another_worker() for _nth in range(processes - 1)]
    while rehearsal.step(at=UNTIL + timedelta(seconds=time.perf_counter() - began)):
        pass
    for other in others:
        other.wait()
    while rehearsal.step(at=UNTIL + timedelta(seconds=time.perf_counter() - began)):
        pass
    seconds = time.perf_counter() - began
    done = Rehearsal.objects.get(pk=asked.pk)
    if done.state != Rehearsal.State.DONE:
        raise AssertionError(f"the rehearsal ended as {done.state}: {done.error}")
    return done, seconds


def _another_worker() -> "subprocess.Popen[bytes]":
    """A process beside this one that takes parts of the same rehearsal; its start is counted."""
    database = connection.settings_dict
    url = f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    code = (
        "import django; django.setup()\n"
        "from incidents import rehearsal\n"
        "from config import clock\n"
        "while rehearsal.step(at=clock.now()): pass\n"
    )
    env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.Popen([sys.executable, "-c", code], env=env, cwd=settings.BASE_DIR)


def _plainly(draft: ResponsibilityList) -> float:
    """Seconds for PLAIN_CASES in the straightforward way."""
    assert draft.based_on is not None
    base, other, model = edition_of(draft.based_on), edition_of(draft), classifier()
    began = time.perf_counter()
    changed = 0
    for one in DecisionRecord.objects.filter(detail__has_key="facts").order_by("pk")[:PLAIN_CASES]:
        case = one.incident
        settled = case.assignments.filter(resolved_at__isnull=False).last()
        text = case.text.body
        decisions = [
            decide_facts(
                Facts.from_json({**one.detail["facts"], "keywords": now.index.hits(text)}),
                now=now,
                model=model,
            )
            for now in (base, other)
        ]
        changed += decisions[0].unit != decisions[1].unit and settled is not None
    return time.perf_counter() - began
