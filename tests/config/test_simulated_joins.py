"""A report that the product joins to another matter's case costs what it costs in life, and is counted."""

import ast
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.simulation.year import figures, platform
from config.simulation.year.assumptions import Assumptions
from config.simulation.year.demand import Matter
from config.simulation.year.living import Scale
from config.simulation.year.people import Agenda, Unit
from config.simulation.year.platform import Platform
from dispatch.edition import work_calendar
from incidents.driving import drive_clocks
from incidents.models import Incident
from tests.cast import TUESDAY, draft

SCALE = Scale(320, days=4, warm_up=1)


def lived(coming: list[Matter], assumed: Assumptions) -> Platform:
    agenda, calendar, until = Agenda(), work_calendar(), coming[0].at + timedelta(days=30)
    desk = platform.counter(assumed, one_in=1, dice=random.Random(1))
    way = Platform(agenda, assumed, calendar, [Unit(agenda, calendar, 4)], 2.0, desk)
    with drive_clocks():
        way.live(coming, until)
        agenda.run(until)
    return way


def two_taken_for_one() -> tuple[Matter, Matter]:
    """Two matters in the same words at one place, an hour apart: no product could tell them apart."""
    first = Matter(
        serial=1,
        seed=1,
        at=TUESDAY,
        draft=draft(),
        item="0204-001",
        unit="lighting-company",
        forwardings=1,
        urgent=False,
        answered=False,
        repeat_of=None,
        limit=timedelta(days=7),
    )
    return first, replace(first, serial=2, at=TUESDAY + timedelta(hours=1), draft=draft())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("complains", [0.0, 1.0])
def test_a_report_joined_to_another_matter_is_lost_or_done_late_and_never_a_merit(complains: float) -> None:
    assumed = Assumptions().but(complains=complains, disputes=0, outside_share=0, complaint_spread=0)
    first, other = two_taken_for_one()
    way = lived([first, other], assumed)
    assert [(one.matter.serial, one.rightly, one.parted) for one in way.joined] == [
        (other.serial, False, bool(complains))
    ]
    if not complains:
        assert [one.serial for one in way.lost()] == [other.serial]
        assert Incident.objects.count() == 1
        return
    assert way.lost() == []
    measured = {one.case.matter.serial: one for one in figures.by_the_facts(way.cases, SCALE.span())}
    late = measured[other.serial]
    # From when it was first said, with the days until somebody complained.
    assert late.sent_at - other.at > timedelta(days=assumed.complaint_days)
    assert late.done_at is not None
    parts = figures.summary([late], cases=1)
    assert sum(parts["dispatch"]["parts"].values()) == pytest.approx(parts["dispatch"]["mean"], abs=0.01)


@pytest.mark.django_db(transaction=True)
def test_a_repeat_of_the_same_matter_is_joined_rightly_and_is_the_matter_where_the_first_was_lost() -> None:
    assumed = Assumptions().but(complains=0)
    first, other = two_taken_for_one()
    way = lived([first, replace(other, repeat_of=first.serial)], assumed)
    assert [one.rightly for one in way.joined] == [True]
    assert way.lost() == []


def test_every_number_that_people_chose_is_an_assumption() -> None:
    """What is left in the code are units of time and halves."""
    usual = {0, 1, 2, 24, 60, 3600}
    folder = Path(platform.__file__).parent
    # Letters, days and months, telephone numbers; the year that is lived, and the days until its last look.
    others = {"demand.py": {12, 365, 10_000, 2026, 75}}
    for name in ("by_hand.py", "receiving.py", "platform.py", "work.py", "demand.py"):
        found = {
            node.value
            for node in ast.walk(ast.parse((folder / name).read_text()))
            if isinstance(node, ast.Constant) and type(node.value) in (int, float)
        }
        assert found - usual - others.get(name, set()) == set(), name
