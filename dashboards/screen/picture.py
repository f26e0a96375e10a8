"""What a command screen shows, read: the indicators of thirty days, and the area as it stands this moment.

Both are put into words in the reader's language, so that they can be kept and shared without a database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from accounts.viewer import Reach
from dashboards import story
from dashboards.board import Board
from dashboards.dimensions import Selection
from dashboards.filters import FilterForm, understand
from dashboards.indicators import BY_CODE, SMALL, Indicator
from dashboards.models import Warning
from dashboards.reading import Figures, Measures, Span, read
from dashboards.scope import Names, Scope
from dashboards.screen import discretion
from dashboards.warning import shown as warnings
from incidents import queries
from incidents.centre import wall as walls
from incidents.centre.centres import Centre
from incidents.centre.levels import CentreLevel
from incidents.models import Incident
from incidents.numbers import district_day
from incidents.pages.centre_wall import short

# The three figures that are judged, each with its line of twelve weeks.
JUDGED: Final = ("dispatch_mean", "handle_mean", "on_time")
CLOCKS: Final = 3
NEWEST: Final = 4
WARNINGS: Final = 2
# Days of receipts that are drawn beside today's.
DAYS_BACK: Final = 13
_OF_TODAY: Final = Measures(
    ("received", "dispatched", "handled", "due", "due_met"), ("dispatch", "handle"), ()
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One indicator of thirty days: its value, how it went, and what it is held against."""

    indicator: Indicator
    value: float | None
    target: float | None
    is_small: bool
    line: tuple[float | None, ...]

    @property
    def meets(self) -> bool | None:
        """Nothing where there is too little to judge by."""
        return None if self.value is None or self.is_small else self.indicator.meets(self.value)


@dataclass(frozen=True, slots=True)
class Standing:
    """What changes by the day rather than by the minute."""

    finding: tuple[str, ...]
    judged: tuple[Judged, ...]
    received: tuple[int, ...]  # of the days before today, the oldest first
    verdicts: dict[str, str]  # of the parts of the area, by their codes: better, alike, slower, small
    warnings: int
    warning_rows: tuple[dict[str, Any], ...]


@dataclass(slots=True)
class Moment:
    """The area now."""

    at: datetime
    wall: walls.Wall
    place: queries.Places
    today: Figures
    emergencies: list[tuple[Incident, float, float]] = field(default_factory=list)  # with where it is drawn

    @property
    def tightest(self) -> Sequence[Incident]:
        return self.wall.tightest[:CLOCKS]

    @property
    def newest(self) -> Sequence[Incident]:
        return self.wall.newest[:NEWEST]


def scope_of_area(centre: Centre) -> Scope:
    """Whose numbers the screen of an area shows: those that its leaders' board shows."""
    if centre.level == CentreLevel.DISTRICT:
        return Scope(Reach.DISTRICT)
    return Scope(Reach.STREET, street=centre.code)


def standing_of(centre: Centre, at: datetime) -> Standing:
    """The thirty days and the warnings; the board's numbers, for it is the board that reads them."""
    scope, names = scope_of_area(centre), Names()
    form = FilterForm({}, scope=scope, names=names, today=district_day(at))
    asked = understand(form, scope=scope, names=names)
    board = Board(asked, scope=scope, names=names, at=at)
    open_warnings = Warning.objects.filter(
        warnings.STATES[warnings.OPEN],
        Q() if scope.is_district else Q(street_code=scope.street),
    )
    found = list(open_warnings.order_by("-surprise", "-pk")[: WARNINGS + 1])
    many = open_warnings.count() if len(found) > WARNINGS else len(found)
    return Standing(
        finding=tuple(story.finding(board)),
        judged=tuple(_judged(board, code) for code in JUDGED),
        received=_received_before(board, at),
        verdicts={row.code: row.verdict for row in board.places},
        warnings=many,
        warning_rows=tuple(_warning_row(row, names) for row in found[:WARNINGS]),
    )


def _judged(board: Board, code: str) -> Judged:
    indicator = BY_CODE[code]
    return Judged(
        indicator,
        board.value(code),
        indicator.target(),
        indicator.base(board.now) < SMALL,
        tuple(indicator.compute(step.figures, "elapsed") for step in board.trend),
    )


def _received_before(board: Board, at: datetime) -> tuple[int, ...]:
    today = district_day(at)
    days = [today - timedelta(days=back) for back in range(DAYS_BACK, 0, -1)]
    return tuple(board.by_day[day]["received"] if day in board.by_day else 0 for day in days)


def _warning_row(row: Warning, names: Names) -> dict[str, Any]:
    """What a wall says of a warning: matter, place and how many. Phrases have passed their filters."""
    return {
        "key": f"warning-{row.pk}",
        "tone": warnings.TONES[Warning.Kind(row.kind)],
        "kind": row.get_kind_display(),
        "matter": warnings.matter(row, names),
        "place": " ".join(short(name) for name in discretion.place_of_warning(row, names).split(" · ")),
        "measured": warnings.measured(row),
    }


def moment_of(centre: Centre, at: datetime) -> Moment:
    """The area as it stands, as its centre's wall counts it; and the day's figures as boards count them."""
    found = walls.wall_of(centre, at, discretion.TELLING)
    day = Span(district_day(at), district_day(at))
    selection = Selection(streets=() if centre.level == CentreLevel.DISTRICT else (centre.code,))
    today = read(selection, [day], wanted=_OF_TODAY)[0].get((), Figures())
    shown = [*found.tightest[:CLOCKS], *found.newest[:NEWEST]]
    if found.emergency is not None:
        shown.append(found.emergency)
    return Moment(at, found, queries.places_of(shown), today, _emergencies(found, centre))


def _emergencies(found: walls.Wall, centre: Centre) -> list[tuple[Incident, float, float]]:
    """The emergencies among the tightest clocks, with where each is drawn."""
    urgent = [case for case in found.tightest if case.urgency == "emergency"]
    spots = [(case, discretion.spot_of(case, centre)) for case in urgent]
    return [(case, *spot) for case, spot in spots if spot is not None]
