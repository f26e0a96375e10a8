"""Fair terms: the same mix of matters, no places where chance may decide, and exclusions that are exact."""

import random
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from dashboards import rollups
from dashboards.dimensions import Selection
from dashboards.indicators import value_of
from dashboards.models.scoring import What
from dashboards.reading import Span, read
from dashboards.scope import Names
from dashboards.scoring.formulas import BY_VERSION, VERSIONS
from dashboards.scoring.ranking import Ranking, Row, rank
from incidents.models import Outcome
from tests.dashboards.facts import (
    BUJI,
    BUJI_COMMUNITY,
    DAYS,
    HOUR,
    PINGHU,
    PINGHU_COMMUNITY,
    case,
    fact,
    take_back,
)
from tests.dashboards.scoring.months import JULY, JUNE, LAMPS, WATER, work
from tests.drawing import lives

pytestmark = pytest.mark.django_db

SPAN = Span(JUNE, date(2026, 6, 30))
EASY, HARD = {"category_id": "0204"}, {"category_id": "0101"}


def ranked(without: list[tuple[int, str]] | None = None, version: str = "1") -> Ranking:
    return rank(SPAN, BY_VERSION[version], Names(), without=without or [], closed_by=JULY)


def row(ranking: Ranking, code: str, league: str = "unit") -> Row:
    return next(row for row in ranking.rows[league] if row.code == code)


def test_who_has_the_hard_matters_is_not_worse_for_it() -> None:
    # Of the hard matter a third is late at either unit, of the easy one nothing; the lamp company has most of
    # the hard ones, and each of them takes five times as long.
    work(90, late=30, days=10, **{**LAMPS, **HARD})
    work(10, days=2, **{**LAMPS, **EASY})
    work(30, late=10, days=10, **{**WATER, **HARD})
    work(270, days=2, **{**WATER, **EASY})
    ranking = ranked()
    lamps, water = row(ranking, "lighting-company"), row(ranking, "water-group")
    assert lamps.score is not None
    assert water.score is not None
    assert water.score - lamps.score > 15
    assert (lamps.verdict, water.verdict) == ("alike", "alike")
    assert (lamps.handle_verdict, water.handle_verdict) == ("alike", "alike")
    assert lamps.adjusted == pytest.approx(water.adjusted, abs=0.5)
    # Where others do the same matter better, who is late more often is told so.
    work(90, days=10, **{**WATER, **HARD})
    assert row(ranked(), "lighting-company").verdict == "worse"


def test_few_cases_and_small_differences_judge_nobody() -> None:
    work(29, late=29, **LAMPS)
    work(300, late=30, **WATER)
    work(100, late=11, owner_unit_id="police", street_code=PINGHU, community_code=PINGHU_COMMUNITY)
    ranking = ranked()
    assert row(ranking, "lighting-company").verdict == "small"
    assert row(ranking, "lighting-company").band == ""
    assert row(ranking, "police").verdict == "alike"
    # One more, and the same lateness is judged.
    work(1, late=1, **LAMPS)
    assert row(ranked(), "lighting-company").verdict == "worse"


def test_the_national_formula_is_the_indicator_that_boards_show() -> None:
    work(40, late=4, reworked=2, unclosed=3, **LAMPS)
    lamps = row(ranked(), "lighting-company")
    due, handled = 40, 37
    assert lamps.score == pytest.approx(36 / due * 60 + 37 / due * 30 + (1 - 2 / handled) * 10)
    assert VERSIONS[0].version == "1"
    board = read(Selection(units=("lighting-company",)), [SPAN])[0][()]
    assert lamps.score == pytest.approx(value_of("composite", board, "elapsed"))


@lives(6)
@given(seed=st.integers(0, 10_000))
def test_an_exclusion_is_what_would_have_been_without_the_facts(seed: int) -> None:
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        exclude_by_chance(random.Random(seed))
        transaction.set_rollback(True)


def exclude_by_chance(dice: random.Random) -> None:
    """Cases with random facts, some of them taken back; some cases or parts of them are excluded."""
    cases = []
    for _number in range(25):
        unit, place = dice.choice((("lighting-company", LAMPS), ("water-group", WATER)))
        given = {**place, **dice.choice((EASY, HARD)), "owner_unit_id": unit}
        is_open = dice.random() < 0.2
        incident = case(
            status="handling" if is_open else "closed", closed_at=None if is_open else JULY, **given
        )
        cases.append(incident)
        for kind, share in (
            ("dispatched", 1),
            ("due", 0.9),
            ("handled", 0.8),
            ("reworked", 0.2),
            ("rated", 0.4),
        ):
            if dice.random() < share:
                told = {"day": JUNE + timedelta(days=dice.randrange(40))}  # some lie in July
                seconds = dice.randrange(HOUR, 9 * DAYS)
                made = fact(
                    incident, kind, **told, elapsed=seconds, working=seconds // 4,
                    on_time=dice.random() < 0.7, score=dice.randrange(1, 6), solved=dice.random() < 0.5,
                )  # fmt: skip
                if dice.random() < 0.1:
                    take_back(made)
        if not is_open:
            fact(incident, "closed", day=JUNE, elapsed=HOUR, working=HOUR)
            for due in Outcome.objects.filter(incident=incident, kind="due", sign=1, reversal__isnull=True):
                fact(incident, "finished", day=due.day, on_time=due.on_time)
        if dice.random() < 0.5:
            rollups.fold()
    chosen = [(one.pk, dice.choice([What.CASE, What.CASE, What.RATING, What.REWORK])) for one in cases]
    pairs = [(pk, what.value) for pk, what in chosen if dice.random() < 0.4]
    excluded = {(one.league, one.code): one for one in ranked(pairs)}
    kinds = {What.CASE: None, What.RATING: "rated", What.REWORK: "reworked"}
    for pk, what in pairs:
        for standing in Outcome.objects.filter(incident=pk, sign=1, reversal__isnull=True):
            if kinds[What(what)] in (None, standing.kind):
                take_back(standing)
    for one in ranked():
        same = excluded[one.league, one.code]
        assert one.figures.counts == same.figures.counts, (one.league, one.code)
        assert one.figures.seconds == same.figures.seconds
        assert one.figures.handle.counts.tolist() == same.figures.handle.counts.tolist()
        assert one.score == pytest.approx(same.score)
        assert one.verdict == same.verdict


def test_streets_and_communities_are_rows_of_their_own() -> None:
    work(40, late=4, **LAMPS)
    work(40, late=4, owner_unit_id="police", street_code=BUJI, community_code=BUJI_COMMUNITY)
    work(3, owner_unit_id="police", street_code="", community_code="")
    ranking = ranked()
    assert [one.code for one in ranking.rows["street"]] == [PINGHU, BUJI]
    assert [one.code for one in ranking.rows["community"]] == [PINGHU_COMMUNITY, BUJI_COMMUNITY]
    # What nobody knows the place of counts for its unit and the district.
    assert ranking.district.figures["due"] == 83
    assert row(ranking, "police").figures["due"] == 43
