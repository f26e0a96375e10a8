"""Each indicator's formula, on a handful of facts that can be counted on fingers."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from accounts.viewer import Reach
from dashboards.board import Board
from dashboards.checks import check_targets
from dashboards.comparing import counts_differ, z_among
from dashboards.filters import FilterForm, Period, understand
from dashboards.indicators import ALL, BY_CODE
from dashboards.reading import Figures, Selection, Span, read
from dashboards.scope import Names, Scope
from grids.models import Area
from incidents import blocks
from tests.cast import TUESDAY
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


def test_handled_and_closed_shares_count_what_came_of_what_fell_due() -> None:
    ended = {"status": "closed", "closed_at": noon(DAY)}
    for state, on_time, came_of_it in (
        (ended, True, ("finished",)),
        ({"status": "resolved"}, True, ()),
        ({"status": "handling"}, False, ()),
        (ended, False, ("settled", "finished")),
    ):
        incident = case(**state)
        fact(incident, "due", on_time=on_time)
        for kind in came_of_it:
            fact(incident, kind, on_time=on_time and kind == "finished")
    assert value("on_time") == pytest.approx(2 / 4)
    assert value("handled_share") == pytest.approx(3 / 4)
    assert value("closed_share") == pytest.approx(2 / 4)
    assert value("closed_on_time") == pytest.approx(1 / 4)


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
    for number in range(10):
        fact(case(), "asked")
        if number < 4:
            fact(case(), "answered")
    assert value("satisfied") == pytest.approx(2 / 3)
    assert value("said_solved") == pytest.approx(2 / 3)
    assert value("responded") == pytest.approx(2 / 3)
    assert value("coverage") == pytest.approx(4 / 10)


def test_more_ratings_than_closings_are_no_coverage_above_the_whole() -> None:
    """Four neighbours about one case, and a rating of what was closed the month before."""
    fact(case(), "closed", elapsed=HOUR, working=HOUR)
    for _number in range(4):
        fact(case(), "asked")
    for _number in range(3):
        fact(case(), "rated", score=5)
        fact(case(), "answered")
    fact(case(), "rated", score=5)
    assert value("coverage") == pytest.approx(3 / 4)


def test_where_nobody_could_be_asked_there_is_no_coverage() -> None:
    fact(case(), "closed", elapsed=HOUR, working=HOUR)
    fact(case(), "rated", score=5)
    assert value("coverage") is None


def test_the_composite_weighs_sixty_thirty_ten() -> None:
    for on_time in (True, True, True, False):
        incident = case(status="closed", closed_at=noon(DAY))
        fact(incident, "due", on_time=on_time)
        fact(incident, "finished", on_time=on_time)
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


def test_a_row_of_the_league_scores_as_its_own_board_does() -> None:
    """A row reads less than a board: nothing that its score is made of may be left out."""
    for number in range(4):
        incident = case(street_code=BUJI)
        fact(incident, "due", on_time=number > 0)
        fact(incident, "handled", elapsed=DAYS, working=HOUR)
        if number > 1:
            fact(incident, "finished", on_time=True)
    (row,) = (row for row in board().places if row.code == BUJI)
    assert BY_CODE["composite"].compute(row.now, "elapsed") == pytest.approx(45 + 15 + 10)
    assert value("composite", street=BUJI) == pytest.approx(45 + 15 + 10)


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


def test_the_composite_has_a_colour_grade_that_the_district_sets(settings: Any) -> None:
    composite = BY_CODE["composite"]
    assert [composite.grade(points) for points in (95, 94.9, 70, 12, None)] == [
        "excellent",
        "good",
        "fair",
        "poor",
        "",
    ]
    assert BY_CODE["on_time"].grade(0.2) == ""
    assert check_targets() == []
    settings.BOARD_GRADES = (("excellent", 80.0), ("good", 85.0), ("fair", 70.0))
    settings.BOARD_TARGETS = {"on_time": 99.0, "speed": 1.0}
    assert [error.id for error in check_targets()] == [
        "dashboards.E002",
        "dashboards.E001",
        "dashboards.E003",
    ]


def test_sendings_are_accepted_in_words_or_by_silence_and_first_contacts_made_or_not() -> None:
    for on_time in (True, True, True, False):
        fact(case(), "accepted", on_time=on_time, elapsed=HOUR, working=HOUR)
        fact(case(), "contacted", on_time=on_time)
    assert value("accepted_in_time") == pytest.approx(3 / 4)
    assert value("deemed_accepted") == pytest.approx(1 / 4)
    assert value("contacted_in_time") == pytest.approx(3 / 4)


def test_what_is_urgent_has_half_an_hour_to_be_sent_and_the_rest_two() -> None:
    for urgency, minutes in (("routine", 119), ("routine", 121), ("urgent", 29), ("emergency", 31)):
        fact(case(), "dispatched", urgency=urgency, elapsed=minutes * 60, working=minutes * 60)
    assert value("sent_in_time") == pytest.approx(2 / 4)


def test_pauses_are_shown_beside_the_handling_time_that_they_are_part_of() -> None:
    fact(case(), "handled", elapsed=4 * DAYS, working=HOUR, paused=2 * DAYS, on_time=True)
    fact(case(), "handled", elapsed=2 * DAYS, working=HOUR, paused=0)
    assert value("paused") == pytest.approx(1 / 2)
    assert value("paused_mean") == pytest.approx(1)
    assert value("handle_mean") == pytest.approx(3)
    assert value("handle_net") == pytest.approx(2)
    assert value("handle_net", time="working") is None
    assert value("unjudged") == pytest.approx(1 / 2)


def test_refusals_repeats_late_entries_and_disputes_are_shares_too() -> None:
    for kind in ("returned", "refused", "refused", "refused"):
        fact(case(), kind)
    for number in range(4):
        fact(case(), "closed", elapsed=HOUR, working=HOUR)
        fact(case(), "received", late_entry=number == 0)
        fact(case(), "handled", elapsed=HOUR, working=HOUR, mediated={0: True, 1: False}.get(number))
    fact(case(), "repeated")
    assert value("refused") == pytest.approx(3 / 4)
    assert value("repeated") == pytest.approx(1 / 4)
    assert value("late_entries") == pytest.approx(1 / 8)
    assert value("mediated") == pytest.approx(1 / 2)


def test_a_period_is_compared_with_the_same_days_a_year_earlier() -> None:
    for back, count in ((5, 3), (35, 2), (370, 1)):
        for _number in range(count):
            fact(case(), "received", day=days_before(back))
    shown = board()
    values = (shown.value("received"), shown.value_before("received"), shown.value_year_before("received"))
    assert values == (3, 2, 1)
    assert shown.year_span == Span(DAY.replace(year=2025) - timedelta(days=29), DAY.replace(year=2025))
    assert Period("", Span(date(2028, 2, 29), date(2028, 2, 29)), shown.span, "", "").year_before == Span(
        date(2027, 2, 28), date(2027, 2, 28)
    )


def test_boards_go_down_to_blocks_and_grid_cells() -> None:
    cells = list(Area.objects.filter(code__startswith="440307003002", kind="cell").order_by("code")[:3])
    block = blocks.cut(
        name_zh="平湖一街区",
        name_en="Pinghu Block 1",
        cells=[cell.code for cell in cells[:2]],
        by=None,
        at=TUESDAY,
    )
    for cell in cells:
        fact(
            case(cell_code=cell.code, community_code="440307003002"),
            "handled",
            elapsed=60,
            working=60,
            cell_code=cell.code,
        )
    assert value("handled", area="440307003002") == 3
    assert value("handled", area=block.code) == 2
    assert value("handled", area=cells[2].code) == 1
    assert [(row.code, row.now["handled"]) for row in board().split_by("block")] == [(block.code, 2)]
    assert {row.code for row in board(area="440307003002").split_by("cell")} == {cell.code for cell in cells}
    blocks.undo(area_code=block.code, by=None, at=TUESDAY)
    assert board().split_by("block") == []


def test_where_nothing_began_at_a_level_there_is_no_share() -> None:
    fact(case(), "handled", first_level="D", level="D")
    assert board().value("stayed_a") is None
