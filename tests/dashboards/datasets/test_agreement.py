"""A data set and the boards say the same of the same days: the file added up is the board's number."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.http import QueryDict

from accounts.viewer import Reach
from dashboards import rollups
from dashboards.board import Board
from dashboards.datasets.catalogue import DAILY, DURATIONS, EVENTS, MONTHLY
from dashboards.filters import PERIODS, Asked, FilterForm, understand
from dashboards.indicators import value_of
from dashboards.reading import EVERYTHING, Selection, Span, read
from dashboards.scope import Names, Scope
from tests.dashboards.datasets.built import build, sheet
from tests.dashboards.datasets.conftest import NOON
from tests.dashboards.facts import BUJI, BUJI_COMMUNITY, DAY, HOUR, PINGHU, case, fact, take_back

pytestmark = pytest.mark.django_db
FIRST = date(2026, 6, 8)
LARGE = "440307008000"


@pytest.fixture
def history() -> None:
    """A month of two streets, with merged and reopened cases; part of it folded, part of it waiting."""
    for number in range(60):
        day = FIRST + timedelta(days=number % 30)
        in_buji = number % 3 == 0
        place = {"street_code": BUJI, "community_code": BUJI_COMMUNITY} if in_buji else {}
        one = case(received_at=NOON - timedelta(days=(DAY - day).days), **place)
        received = fact(one, "received", day=day)
        if number % 10 == 9:
            take_back(received)  # merged into another one
            continue
        fact(
            one,
            "dispatched",
            day=day,
            elapsed=60 * number,
            working=30 * number,
            first=True,
            automatic=number % 2 == 0,
        )
        handled = fact(
            one, "handled", day=day, elapsed=HOUR * (number + 1), working=HOUR, paused=600, solved=True
        )
        fact(one, "due", day=day, on_time=number % 4 != 0)
        if number % 7 == 6:
            take_back(handled)  # did not stand
            fact(one, "reworked", day=day)
            fact(one, "handled", day=DAY, elapsed=HOUR * (number + 30), working=2 * HOUR, solved=False)
        if number == 40:
            rollups.fold()


def board_of(first: date, last: date, **more: str) -> Board:
    """The board that somebody of the district looks at."""
    names, scope = Names(), Scope(Reach.DISTRICT)
    asked = QueryDict(mutable=True)
    asked.update({"from": str(first), "to": str(last), **more})
    form = FilterForm(asked, scope=scope, names=names, today=DAY)
    understood: Asked = understand(form, scope=scope, names=names)
    assert not form.errors, (form.errors, PERIODS)
    return Board(understood, scope=scope, names=names, at=NOON, of_rows=EVERYTHING)


def within(rows: Sequence[dict[str, str]], column: str, first: date, last: date) -> list[dict[str, str]]:
    return [row for row in rows if str(first) <= row[column] <= str(last)]


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("street", ["", BUJI])
def test_events_and_durations_add_up_to_the_board(street: str) -> None:
    events, durations = (sheet(one) for one in build(EVENTS, DURATIONS, at=NOON))
    span = (FIRST + timedelta(days=3), DAY)
    board = board_of(*span, **({"street": street} if street else {}))

    def here(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        return [row for row in rows if not street or row["street"] == street]

    received = within(here([row for row in events if row["counted"] == "true"]), "counted_on", *span)
    assert len(received) == board.now["received"] > 10
    told = here(durations)
    for step, count, mean, median, seconds in (
        ("dispatched", "dispatched", "dispatch_mean", "dispatch_median", 3600),
        ("handled", "handled", "handle_mean", "handle_median", 86400),
    ):
        rows = [row for row in within(told, "day", *span) if row["step"] == step]
        times = [int(row["elapsed_seconds"]) for row in rows]
        assert len(rows) == board.now[count] > 10
        assert np.mean(times) / seconds == pytest.approx(board.value(mean))
        assert np.median(times) / seconds == pytest.approx(board.value(median))
    automatic = [
        row["automatic"] == "true" for row in within(told, "day", *span) if row["step"] == "dispatched"
    ]
    assert np.mean(automatic) == pytest.approx(board.value("automatic"))
    # Every duration is of an event that is there.
    assert {row["event"] for row in durations} <= {row["event"] for row in events}


@pytest.mark.usefixtures("history")
def test_indicators_are_those_of_the_boards_or_kept_back() -> None:
    daily, monthly = (sheet(one) for one in build(DAILY, MONTHLY, at=NOON))

    def agrees(row: dict[str, str], figures: Any) -> None:
        value = value_of(row["indicator"], figures, "elapsed")
        assert value is not None
        assert float(row["value"]) == pytest.approx(value)

    june = read(Selection(streets=(BUJI,)), [Span(date(2026, 6, 1), date(2026, 6, 30))])[0][()]
    shown = [
        row
        for row in monthly
        if (row["month"], row["split"], row["group"]) == ("2026-06-01", "street", BUJI) and row["value"]
    ]
    assert {"handle_mean", "on_time", "received", "rework"} <= {row["indicator"] for row in shown}
    for row in shown:
        agrees(row, june)
    board = board_of(date(2026, 6, 1), date(2026, 6, 30), street=BUJI)
    of_board = {row["indicator"]: float(row["value"]) for row in shown}
    assert of_board["handle_mean"] == pytest.approx(board.value("handle_mean"))
    assert of_board["on_time"] == pytest.approx(board.value("on_time"))
    # Two or three cases a day and street: nobody's day is told.
    assert {row["suppressed"] for row in daily if row["area"] == BUJI} == {"true"}
    assert all(row["value"] == row["cases"] == "" for row in daily if row["suppressed"] == "true")
    # Days are told once they are over, and months once they are whole.
    assert max(row["day"] for row in daily) == str(DAY - timedelta(days=1))
    assert max(row["month"] for row in monthly) == "2026-06-01"


def test_a_street_that_is_kept_back_for_a_month_is_no_sum_of_days() -> None:
    # Pinghu's four cases are too few, so Buji's nine of another day are kept back as well.
    for street, count, day in ((PINGHU, 4, 4), (LARGE, 5, 4), (BUJI, 9, 3), (LARGE, 40, 3)):
        for _number in range(count):
            fact(case(street_code=street, community_code=""), "received", day=date(2026, 6, day))
    daily, monthly = (sheet(one) for one in build(DAILY, MONTHLY, at=NOON))
    hidden = {
        row["group"]
        for row in monthly
        if (row["split"], row["indicator"], row["suppressed"]) == ("street", "received", "true")
    }
    assert hidden == {PINGHU, BUJI}
    for street in hidden:
        days = [row for row in daily if (row["area"], row["indicator"]) == (street, "received")]
        assert any(row["suppressed"] == "true" for row in days)
