"""Each indicator's formula, on a handful of facts that can be counted on fingers."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from accounts.viewer import Reach
from dashboards.board import Board
from dashboards.comparing import counts_differ, z_among
from dashboards.filters import FilterForm, understand
from dashboards.indicators import ALL, BY_CODE
from dashboards.reading import Figures, Selection, Span, read
from dashboards.scope import Names, Scope
from tests.dashboards.facts import BUJI, DAY, DAYS, HOUR, case, days_before, fact, noon, take_back

pytestmark = pytest.mark.django_db


def board(**query: str) -> Board:
    scope, names = Scope(Reach.DISTRICT), Names()
    form = FilterForm(QueryDict(urlencode(query)), scope=scope, names=names, today=DAY)
    asked = understand(form, scope=scope, names=names)
    assert not form.errors
    return Board(asked, scope=scope, names=names, at=noon(DAY))


def value(code: str, **query: str) -> float | None:
    return board(**query).value(code)


def test_dispatch_time_is_a_mean_a_median_and_a_90th_percentile() -> None:
    for hours in (0, 1, 2, 3, 10):
        fact(case(), "dispatched", elapsed=hours * HOUR, working=hours * HOUR // 2, first=True)
    assert value("dispatch_mean") == pytest.approx(3.2)
    assert value("dispatch_mean", time="working") == pytest.approx(1.6)
    assert value("dispatch_median") == 2
    assert value("dispatch_p90") == pytest.approx(7.2)  # percentile_cont: 3 + 0.6 × (10 - 3)


def test_handling_time_is_in_days_and_a_working_day_has_seven_hours() -> None:
    for days in (1, 2, 6):
        fact(case(), "handled", elapsed=days * DAYS, working=days * 7 * HOUR)
    assert value("handle_mean") == pytest.approx(3)
    assert value("handle_median") == 2
    assert value("handle_mean", time="working") == pytest.approx(3)


def test_a_returned_case_counts_its_time_at_the_wrong_unit_and_its_first_dispatch_stays_known() -> None:
    incident = case()
    first = fact(incident, "dispatched", elapsed=HOUR, working=HOUR, first=True, automatic=True)
    take_back(first)
    fact(incident, "returned")
    fact(incident, "dispatched", elapsed=5 * HOUR, working=HOUR)
    fact(case(), "dispatched", elapsed=HOUR, working=HOUR, first=True, automatic=True)
    assert value("dispatch_mean") == pytest.approx(3)
    assert value("first_dispatch_mean") == pytest.approx(1)
    assert value("returned") == pytest.approx(1 / 3)  # one of three sendings
    assert value("automatic") == pytest.approx(1 / 2)


def test_on_time_is_of_what_fell_due_up_to_today() -> None:
    for on_time in (True, True, True, False):
        fact(case(), "due", on_time=on_time)
    fact(case(), "due", day=DAY + timedelta(days=3), on_time=True)  # done early, due on a day to come
    assert value("on_time") == pytest.approx(0.75)
    assert board().now["due"] == 4


def test_handled_and_closed_shares_look_at_what_still_waits() -> None:
    fact(case(status="closed", closed_at=noon(DAY)), "due", on_time=True)
    fact(case(status="resolved"), "due", on_time=True)
    fact(case(status="handling"), "due", on_time=False)
    fact(case(status="closed", closed_at=noon(DAY)), "due", on_time=False)
    assert value("handled_share") == pytest.approx(3 / 4)
    assert value("closed_share") == pytest.approx(2 / 4)


def test_rework_and_first_right_are_of_what_was_handled() -> None:
    for number in range(10):
        fact(case(), "handled", elapsed=HOUR, working=HOUR, first=number < 8, solved=number < 9)
    fact(case(), "reworked")
    assert value("rework") == pytest.approx(0.1)
    assert value("first_right") == pytest.approx(0.8)
    assert value("solved") == pytest.approx(0.9)


def test_satisfaction_counts_those_who_rated_and_coverage_says_how_many_did() -> None:
    told = ((5, True, True), (4, True, None), (3, False, False), (None, None, True))
    for score, solved, contacted in told:
        fact(case(), "rated", score=score, solved=solved, contacted=contacted)
    for _number in range(10):
        fact(case(), "closed", elapsed=HOUR, working=HOUR)
    assert value("satisfied") == pytest.approx(2 / 3)
    assert value("said_solved") == pytest.approx(2 / 3)
    assert value("responded") == pytest.approx(2 / 3)
    assert value("coverage") == pytest.approx(4 / 10)


def test_the_composite_weighs_sixty_thirty_ten() -> None:
    for on_time in (True, True, True, False):
        incident = case(status="closed", closed_at=noon(DAY))
        fact(incident, "due", on_time=on_time)
        fact(incident, "handled", elapsed=HOUR, working=HOUR)
    fact(case(), "reworked")
    assert value("composite") == pytest.approx(0.75 * 60 + 30 + 0.75 * 10)


def test_an_enquiry_answered_on_the_spot_is_received_and_closed_and_never_handled() -> None:
    incident = case(nature="enquiry", owner_unit_id="operations-centre", status="closed", closed_at=noon(DAY))
    fact(incident, "received")
    fact(incident, "closed", elapsed=300, working=300)
    assert value("received") == 1
    assert value("handled") == 0
    assert value("handle_mean") is None


def test_open_and_overdue_are_of_now_whatever_the_period() -> None:
    case(status="handling", due_at=noon(DAY) - timedelta(hours=1), received_at=noon(days_before(200)))
    case(status="triage")
    assert value("open", period="7d") == 2
    assert value("overdue", period="7d") == 1


def test_nothing_divided_by_nothing_is_not_a_number() -> None:
    empty = Figures()
    for indicator in ALL:
        found = indicator.compute(empty, "elapsed")
        assert found == 0 if indicator.unit == "cases" else found is None, indicator.code


def test_every_indicator_says_what_it_is() -> None:
    assert len(BY_CODE) == len(ALL)
    for indicator in ALL:
        assert all(
            str(text) for text in (indicator.name, indicator.formula, indicator.source, indicator.caveat)
        )


def test_filters_narrow_by_place_unit_matter_and_source() -> None:
    fact(case(), "received")
    fact(case(street_code=BUJI, source="patrol"), "received")
    fact(case(category_id="0101", owner_unit_id="pinghu/enforcement"), "received")
    assert value("received") == 3
    assert value("received", street=BUJI) == 1
    assert value("received", source="hotline") == 2
    assert value("received", category="02") == 2  # a whole domain
    assert value("received", unit="pinghu") == 1  # with everything below it
    assert value("received", unit="pinghu", source="patrol") == 0


def test_the_small_and_the_large_way_of_reading_percentiles_agree() -> None:
    for minutes in range(1, 400, 7):
        fact(case(), "handled", elapsed=minutes * 60, working=minutes * 20)
    exact = value("handle_p90")
    binned = read(Selection(), [Span(DAY, DAY)])[0][()].handle.percentile(0.9)
    assert exact is not None
    assert binned == pytest.approx(exact * DAYS, rel=0.02)


def test_a_place_with_slow_matters_is_not_called_slow() -> None:
    """Same-mix comparison: Buji only gets what takes long everywhere."""
    for number in range(60):
        wobble = (number % 7) * HOUR
        for street, category, days in (
            ("440307003000", "0204", 2),
            ("440307003000", "0101", 10),
            (BUJI, "0101", 10),
        ):
            taken = days * DAYS + wobble
            fact(case(street_code=street, category_id=category), "handled", elapsed=taken, working=taken)
    rows = {row.code: row for row in board().places}
    assert rows[BUJI].verdict == "alike"
    assert rows[BUJI].adjusted == pytest.approx(board().now.mean("handle", "handled"), rel=0.02)
    assert (rows[BUJI].mean or 0) > (rows[BUJI].adjusted or 0)


def test_fewer_than_thirty_are_not_judged() -> None:
    for _number in range(29):
        fact(case(), "handled", elapsed=99 * DAYS, working=HOUR)
    for number in range(40):
        taken = DAYS + number
        fact(case(street_code=BUJI), "handled", elapsed=taken, working=taken)
    rows = {row.code: row.verdict for row in board().places}
    assert rows["440307003000"] == "small"
    assert rows[BUJI] != "small"


def test_a_change_is_told_only_where_it_is_more_than_chance() -> None:
    for number in range(60):
        for back, days in ((40, 2), (5, 6)):
            taken = days * DAYS + number * HOUR // 4
            fact(case(), "handled", day=days_before(back), elapsed=taken, working=taken)
            fact(
                case(category_id="0101"),
                "handled",
                day=days_before(back),
                elapsed=2 * DAYS + (number * 37 % 60) * HOUR,
                working=HOUR,
            )
    changes = board().changes
    assert [(change.category, change.what) for change in changes] == [("0204", "handle")]
    assert changes[0].now == pytest.approx(6.3, abs=0.1)


def test_the_backlog_before_and_after_adds_up() -> None:
    from dashboards.story import open_before_and_after

    for number in range(10):
        incident = case(status="handling" if number < 7 else "closed", closed_at=noon(DAY))
        fact(incident, "received", day=days_before(60 if number < 3 else 2))
        if number >= 7:
            fact(incident, "closed", day=days_before(1), elapsed=DAYS, working=HOUR)
    assert open_before_and_after(board()) == (3, 7)


def test_many_comparisons_ask_for_more_than_one() -> None:
    assert z_among(1) == pytest.approx(1.96, abs=0.001)
    assert z_among(1_000) == pytest.approx(4.06, abs=0.01)
    assert counts_differ(130, 95)
    assert not counts_differ(130, 95, z_among(1_000))


def test_levels_tell_where_a_case_was_settled_and_how_much_stayed_where_it_began() -> None:
    for began, settled in ("AA", "AA", "AB", "AC", "BB", "BD", "CC", "DD"):
        fact(case(), "handled", first_level=began, level=settled)
    take_back(fact(case(), "handled", first_level="A", level="A"))
    now = board()
    assert [now.value(f"settled_{level}") for level in "abcd"] == [2, 2, 2, 2]
    assert now.value("stayed_a") == pytest.approx(1 / 2)
    assert now.value("stayed_b") == pytest.approx(1 / 2)
    assert now.value("stayed_c") == 1
    assert BY_CODE["stayed_a"].base(now.now) == 4


def test_where_nothing_began_at_a_level_there_is_no_share() -> None:
    fact(case(), "handled", first_level="D", level="D")
    assert board().value("stayed_a") is None
