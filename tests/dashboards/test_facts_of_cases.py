"""Whatever is done to a case, in whatever order, its facts say what the case and its timeline say."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from dashboards import rollups
from incidents.errors import ActionRefused, InvalidInput
from tests.cast import TUESDAY, file_report, reload
from tests.drawing import lives
from tests.lives import BEGINNINGS, STEPS, everybody, line

pytestmark = pytest.mark.django_db


@lives(20)
@given(beginning=st.sampled_from(sorted(BEGINNINGS)), life=st.lists(line, min_size=3, max_size=14))
def test_the_facts_bear_out_the_case(beginning: str, life: list[tuple[str, int]]) -> None:
    # Many lives in one test, each from nothing: a block that is undone, and that the actions' own
    # durable transactions take for the test's.
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        live(beginning, life)
        transaction.set_rollback(True)


def live(beginning: str, life: list[tuple[str, int]]) -> None:
    """One case's life; what cannot be done as it stands is left out."""
    actor, at = everybody(), TUESDAY
    case = file_report(at=at, **BEGINNINGS[beginning])
    done = []
    for name, minutes in life:
        at += timedelta(minutes=minutes)
        try:
            STEPS[name](reload(case), actor, at)
            done.append(name)
        except (ActionRefused, InvalidInput):
            continue
    found = [str(difference) for difference in rollups.differences()]
    assert found == [], done


def test_a_disputed_life_is_counted_as_it_went() -> None:
    actor, at = everybody(), TUESDAY
    case = file_report(at=at)
    life = (
        "return|dispatch|return|rule|solve|found not fixed|redispatch|accept|object to the sending|rule|solve"
        "|found fixed|reopen to desk|dispatch|accept|object to the sending|park|rule elsewhere|solve|close"
    )
    for name in life.split("|"):
        at += timedelta(minutes=30)
        STEPS[name](reload(case), actor, at)
    assert [str(difference) for difference in rollups.differences()] == []


def test_a_long_life_is_counted_as_it_went() -> None:
    actor, at = everybody(), TUESDAY
    case = file_report(at=at)
    life = (
        "return|dispatch|accept|solve|found not fixed|explain|found fixed|rate|object|solve|close"
        "|reopen to desk|dispatch|merge|unmerge"
    )
    for name in life.split("|"):
        at += timedelta(minutes=30)
        STEPS[name](reload(case), actor, at)
    assert [str(difference) for difference in rollups.differences()] == []


def test_a_life_up_the_levels_is_counted_as_it_went() -> None:
    actor, at = everybody(), TUESDAY
    case = file_report(at=at, **BEGINNINGS["litter"])
    life = (
        "ask to move up|let move up|accept|invite|answer for a part|sweep|decline a part|solve|close|reopen"
        "|solve|found fixed|reopen to desk|send as an open manhole|accept|make safe|send as litter"
    )
    for name in life.split("|"):
        at += timedelta(minutes=30)
        try:
            STEPS[name](reload(case), actor, at)
        except (ActionRefused, InvalidInput):
            continue
    assert [str(difference) for difference in rollups.differences()] == []
