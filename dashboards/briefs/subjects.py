"""Whom a brief is about, as the boards ask for it: by the very words of a board's address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import QueryDict
from django.urls import reverse

from accounts.models import OrgUnit
from accounts.viewer import Reach
from dashboards.board import Board
from dashboards.filters import FilterForm, understand
from dashboards.models import Brief, BriefAbout
from dashboards.reading import Span
from dashboards.scope import Names, Scope
from grids.models import Area
from incidents.numbers import district_day

_DEPARTMENTS: Final = (OrgUnit.Kind.DEPARTMENT, OrgUnit.Kind.ENTERPRISE)


@dataclass(frozen=True, slots=True)
class Subject:
    """The district, one street (by its area) or one department (by its unit)."""

    about: str
    code: str = ""
    name_zh: str = ""
    name_en: str = ""

    @classmethod
    def of(cls, brief: Brief) -> "Subject":
        return cls(brief.about, brief.code, brief.name_zh, brief.name_en)

    def query(self, span: Span, **more: str) -> str:
        """The filters of a board that shows the same, as its address has them."""
        query = QueryDict(mutable=True)
        query["from"], query["to"] = span.first.isoformat(), span.last.isoformat()
        if self.about != BriefAbout.DISTRICT:
            query[self.about] = self.code
        for name, value in more.items():
            query[name] = value
        return query.urlencode()

    def board_url(self, span: Span) -> str:
        return f"{reverse('board')}?{self.query(span)}"


def board_of(subject: Subject, span: Span, *, at: datetime, names: Names | None = None, **more: str) -> Board:
    """The board of a subject and its days, understood from an address like anybody else's.

    What a filter does not know (a unit that was closed, a matter that is gone) would silently widen the
    selection: LookupError.
    """
    scope, names = Scope(Reach.DISTRICT), names or Names()
    form = FilterForm(
        QueryDict(subject.query(span, **more)), scope=scope, names=names, today=district_day(at)
    )
    asked = understand(form, scope=scope, names=names)
    if form.errors:
        raise LookupError(f"no board shows {subject.query(span, **more)}: {form.errors.as_json()}")
    return Board(asked, scope=scope, names=names, at=at)


def with_anything(span: Span, *, at: datetime) -> Sequence[Subject]:
    """The district, its streets and its departments, those with any case that was sent, handled or due."""
    units = {unit.code: unit for unit in OrgUnit.objects.order_by("path")}
    root = next(iter(units.values()), None)
    if root is None:
        return []
    whole = Subject(BriefAbout.DISTRICT, "", root.name_zh, root.name_en)
    board = board_of(whole, span, at=at)
    named = _street_names()
    streets = [
        Subject(BriefAbout.STREET, row.code, *named[row.code])
        for row in board.streets
        if row.code in named and (row.now["handled"] or row.now["due"] or row.now["dispatched"])
    ]
    departments = [
        Subject(BriefAbout.UNIT, row.code, units[row.code].name_zh, units[row.code].name_en)
        for row in sorted(board.units, key=lambda row: row.code)
        if row.code in units and units[row.code].kind in _DEPARTMENTS
    ]
    return [whole, *streets, *departments] if streets or departments else []


def _street_names() -> dict[str, tuple[str, str]]:
    rows: Any = Area.objects.streets().values_list("code", "name_zh", "name_en")
    return {code: (zh, en) for code, zh, en in rows}
