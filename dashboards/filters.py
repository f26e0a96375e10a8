"""What a board is asked for, as it stands in the address: period, places, units, matters, sources."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrgUnit
from dashboards.dimensions import Selection
from dashboards.reading import Span
from dashboards.scope import Names, Scope
from dispatch.vocabulary import Level, Nature, Source

PERIODS = {
    "7d": gettext_lazy("Last 7 days"),
    "30d": gettext_lazy("Last 30 days"),
    "month": gettext_lazy("This month"),
    "last-month": gettext_lazy("Last month"),
    "90d": gettext_lazy("Last 90 days"),
    "year": gettext_lazy("Last 365 days"),
}
DEFAULT_PERIOD = "30d"
# What a board is compared with; all of them unless somebody says otherwise.
AGAINST = {
    "before": gettext_lazy("Period before"),
    "year": gettext_lazy("Year before"),
    "target": gettext_lazy("Targets"),
}
LEAGUES = {
    "street": gettext_lazy("Streets"),
    "unit": gettext_lazy("Units"),
    "community": gettext_lazy("Communities"),
}
# What the calendar shows of each day.
HEATS = {"in": gettext_lazy("What came in"), "late": gettext_lazy("What fell due and was late")}
# The longest span that somebody may ask for, in days.
LONGEST = 3 * 366


@dataclass(frozen=True, slots=True)
class Period:
    """The days asked for, the days that they are compared with, and what both are called."""

    key: str  # one of PERIODS, or "" for days of one's own
    span: Span
    before: Span
    name: str
    name_before: str

    @property
    def year_before(self) -> Span:
        """同比: the same days of the calendar a year earlier; 29 February is compared with the 28th."""
        return Span(_year_earlier(self.span.first), _year_earlier(self.span.last))


def _year_earlier(day: date) -> date:
    if (day.month, day.day) == (2, 29):
        day -= timedelta(days=1)
    return day.replace(year=day.year - 1)


def period_of(key: str, today: date) -> Period:
    """One of the named periods, ending today at the latest."""
    if key == "month":
        first = today.replace(day=1)
        before_first = (first - timedelta(days=1)).replace(day=1)
        # As many days of the month before: half a month is not compared with a whole one.
        before_last = min(before_first + (today - first), first - timedelta(days=1))
        return Period(key, Span(first, today), Span(before_first, before_last), *_names(key))
    if key == "last-month":
        last = today.replace(day=1) - timedelta(days=1)
        first = last.replace(day=1)
        before_last = first - timedelta(days=1)
        return Period(key, Span(first, last), Span(before_last.replace(day=1), before_last), *_names(key))
    days = {"7d": 7, "30d": 30, "90d": 90, "year": 365}[key]
    return _rolling(key, Span(today - timedelta(days=days - 1), today))


def _own(span: Span) -> Period:
    """Days of one's own. A whole month is compared with the month before it, whatever their lengths."""
    period = _rolling("", span)
    if span.first.day == 1 and span.last == month_end(span.first):
        before = span.first - timedelta(days=1)
        return replace(
            period, before=Span(before.replace(day=1), before), name_before=_names("last-month")[1]
        )
    return period


def month_end(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _rolling(key: str, span: Span) -> Period:
    last = span.first - timedelta(days=1)
    before = Span(last - timedelta(days=span.days - 1), last)
    name, name_before = _names(key)
    return Period(key, span, before, name or _dates(span), name_before)


def _names(key: str) -> tuple[str, str]:
    before = {
        "7d": _("the 7 days before"),
        "30d": _("the 30 days before"),
        "month": _("the same days last month"),
        "last-month": _("the month before"),
        "90d": _("the 90 days before"),
        "year": _("the 365 days before"),
    }
    return str(PERIODS.get(key, "")), before.get(key, _("the period before"))


def _dates(span: Span) -> str:
    return _("{first} to {last}").format(first=span.first.isoformat(), last=span.last.isoformat())


# No district counted cases in this form before; it keeps the period before a period on the calendar.
EARLIEST = date(2015, 1, 1)


class FilterForm(forms.Form):
    """The filters, checked against what exists and what the viewer may see."""

    period = forms.ChoiceField(required=False)
    first = forms.DateField(required=False)
    last = forms.DateField(required=False)
    street = forms.MultipleChoiceField(required=False)
    unit = forms.ChoiceField(required=False)
    category = forms.MultipleChoiceField(required=False)
    source = forms.MultipleChoiceField(required=False)
    community = forms.ChoiceField(required=False)  # of lists alone
    area = forms.MultipleChoiceField(required=False)  # communities, blocks, grid cells
    item = forms.MultipleChoiceField(required=False)
    level = forms.MultipleChoiceField(required=False, choices=Level.choices)
    nature = forms.MultipleChoiceField(required=False, choices=Nature.choices)
    time = forms.ChoiceField(required=False, choices=[("elapsed", ""), ("working", "")])
    vs = forms.MultipleChoiceField(required=False, choices=[*AGAINST.items(), ("none", "")])
    league = forms.ChoiceField(required=False, choices=list(LEAGUES.items()))
    heat = forms.ChoiceField(required=False, choices=list(HEATS.items()))

    def __init__(self, data: Mapping[str, Any], *, scope: Scope, names: Names, today: date) -> None:
        super().__init__(data)
        self.today = today
        streets = [scope.street] if scope.street else list(names.streets)
        root = scope.unit
        units = [unit for unit in names.units.values() if root is None or unit.is_within(root)]
        domains = {category.domain_code for category in names.categories.values()}
        self.fields["period"].choices = list(PERIODS.items())  # type: ignore[attr-defined]
        self.fields["street"].choices = [(code, "") for code in streets]  # type: ignore[attr-defined]
        communities = [code for code in names.communities if f"{code[:9]}000" in streets]
        self.fields["community"].choices = [(code, "") for code in communities]  # type: ignore[attr-defined]
        areas = names.areas_in(streets) if "area" in data else ()
        self.fields["area"].choices = [(code, "") for code in areas]  # type: ignore[attr-defined]
        items = names.items if "item" in data else ()
        self.fields["item"].choices = [(code, "") for code in items]  # type: ignore[attr-defined]
        self.fields["unit"].choices = [(unit.code, "") for unit in units]  # type: ignore[attr-defined]
        self.fields["category"].choices = [  # type: ignore[attr-defined]
            (code, "") for code in (*names.categories, *sorted(domains))
        ]
        self.fields["source"].choices = Source.choices  # type: ignore[attr-defined]

    def add_prefix(self, field_name: str) -> str:
        """The address says `from` and `to`, which Python keeps for itself."""
        return {"first": "from", "last": "to"}.get(field_name, field_name)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if (first is None) != (last is None) and not self.errors:
            self.add_error("last" if first else "first", _("Give both the first and the last day."))
        elif first and last:
            if last < first:
                self.add_error("last", _("The last day is before the first."))
            elif first < EARLIEST:
                self.add_error("first", _("Nothing was counted before {day}.").format(day=EARLIEST))
            elif first > self.today:
                self.add_error("first", _("That day has not come yet."))
            elif (last - first).days >= LONGEST:
                self.add_error("first", _("At most {days} days.").format(days=LONGEST))
        return cleaned


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of one board, understood."""

    period: Period
    selection: Selection
    streets: tuple[str, ...]
    unit: OrgUnit | None
    categories: tuple[str, ...]  # as asked: codes of categories and of domains
    sources: tuple[str, ...]
    community: str
    today: date
    areas: tuple[str, ...] = ()  # as asked: communities, blocks and grid cells
    against: tuple[str, ...] = tuple(AGAINST)
    league: str = ""  # one of LEAGUES, or "" for the one that suits the selection
    heat: str = "in"
    # Each filter as the address says it: a page has hundreds of links that differ in one or two.
    _said: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def is_narrowed(self) -> bool:
        """Is anything chosen beside the period?"""
        selection = self.selection
        return bool(
            self.streets
            or self.unit
            or self.categories
            or self.sources
            or self.areas
            or selection.items
            or selection.levels
            or selection.natures
        )

    def query(self, **changes: Any) -> str:
        """The same filters with changes, as the address says them; None takes one away."""
        if not self._said:
            self._said.update({name: _said(name, value) for name, value in self._values().items()})
        said = self._said | {name: _said(name, value) for name, value in changes.items()}
        return "&".join(filter(None, said.values()))

    def _values(self) -> dict[str, Any]:
        values: dict[str, Any] = {
            "period": self.period.key if self.period.key != DEFAULT_PERIOD else None,
            "street": list(self.streets),
            "unit": self.unit.code if self.unit else None,
            "category": list(self.categories),
            "source": list(self.sources),
            "area": list(self.areas),
            "item": list(self.selection.items),
            "level": list(self.selection.levels),
            "nature": list(self.selection.natures),
            "community": self.community,
            "time": "working" if self.selection.clock == "working" else None,
            "vs": (list(self.against) or ["none"]) if self.against != tuple(AGAINST) else None,
            "league": self.league,
            "heat": self.heat if self.heat != "in" else None,
        }
        if not self.period.key:
            values |= {"period": None, "from": self.period.span.first, "to": self.period.span.last}
        return values


def _said(name: str, value: Any) -> str:
    return urlencode({name: value}, doseq=True) if value else ""


def understand(form: FilterForm, *, scope: Scope, names: Names) -> Asked:
    """The filters of a form, as far as they are valid; a field with an error counts as not given."""
    form.is_valid()
    cleaned = form.cleaned_data
    chosen = {name: cleaned[name] for name in cleaned if name not in form.errors}
    first, last = chosen.get("first"), chosen.get("last")
    if first and last:
        period = _own(Span(first, min(last, form.today)))
    else:
        period = period_of(chosen.get("period") or DEFAULT_PERIOD, form.today)
    against = tuple(one for one in AGAINST if one in (chosen.get("vs") or AGAINST))
    if "year" in against and "before" not in against:
        # Who wants the year before alone is told everywhere what changed since then.
        span = Span(period.span.first, min(period.span.last, form.today))
        before = replace(period, span=span).year_before
        period = replace(period, before=before, name_before=_("the same days a year before"))
    streets = tuple(chosen.get("street") or ())
    categories = tuple(chosen.get("category") or ())
    unit = names.units.get(chosen.get("unit") or "")
    root = unit or scope.unit
    areas = tuple(chosen.get("area") or ())
    selection = Selection(
        areas=names.cut(areas),
        items=tuple(chosen.get("item") or ()),
        levels=tuple(chosen.get("level") or ()),
        natures=tuple(chosen.get("nature") or ()),
        streets=streets or ((scope.street,) if scope.street else ()),
        units=names.within(root) if root else (),
        categories=tuple(
            code
            for code, category in names.categories.items()
            if code in categories or category.domain_code in categories
        ),
        sources=tuple(chosen.get("source") or ()),
        clock="working" if chosen.get("time") == "working" else "elapsed",
    )
    return Asked(
        period=period,
        selection=selection,
        streets=streets,
        unit=unit,
        categories=categories,
        sources=selection.sources,
        community=chosen.get("community") or "",
        today=form.today,
        areas=areas,
        against=against,
        league=chosen.get("league") or "",
        heat=chosen.get("heat") or "in",
    )


def addressed(path: str, query: str) -> str:
    """The address of a page under a query, which may be empty."""
    return f"{path}?{query}" if query else path
