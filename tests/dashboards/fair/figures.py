"""What the boards and the scores say after something was done: read as they read it, never counted here."""

from collections.abc import Mapping
from datetime import date, datetime

from dashboards.dimensions import Selection
from dashboards.reading import Figures, Span, read
from dashboards.scope import Names
from dashboards.scoring.formulas import Formula, formula_of
from dashboards.scoring.ranking import Row, rank
from incidents.models import Incident, Timer
from tests.cast import LAMP_UNIT, TUESDAY

YEAR = Span(date(2026, 1, 1), date(2026, 12, 31))


def of_unit(unit: str = LAMP_UNIT) -> Figures:
    """A unit's figures of the year, as a board reads them."""
    return read(Selection(units=(unit,)), [YEAR])[0].get((), Figures())


def of_all() -> Figures:
    """The district's."""
    return read(Selection(), [YEAR])[0].get((), Figures())


def counts(figures: Figures, *names: str) -> Mapping[str, int]:
    """The named counts that are not nought."""
    return {name: figures[name] for name in names if figures[name]}


def scored(unit: str = LAMP_UNIT, *, at: datetime = TUESDAY, formula: Formula | None = None) -> Row:
    """A unit's row in the league tables of the year."""
    ranking = rank(YEAR, formula or formula_of(YEAR.first), Names(), closed_by=at)
    found = [row for row in ranking.rows["unit"] if row.code == unit]
    assert found, f"{unit} is in no table"
    return found[0]


def handling(case: Incident) -> Timer:
    """The case's last handling clock."""
    return case.timers.filter(kind=Timer.Kind.HANDLING).latest("pk")
