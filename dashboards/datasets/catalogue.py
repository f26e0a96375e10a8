"""The catalogue: every data set in every version that is served. docs/data.md is an integrator's view."""

from datetime import date
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.roles import Role
from dashboards.datasets import cases, figures, findings, reference
from dashboards.datasets import fields as f
from dashboards.datasets.definition import Access, DataSet, Mode, Text

TOPICS: Final[dict[str, Text]] = {
    "events": pgettext_lazy("data topic", "Events and durations"),
    "indicators": pgettext_lazy("data topic", "Indicators and scores"),
    "warnings": pgettext_lazy("data topic", "Early warning"),
    "reference": pgettext_lazy("data topic", "Codes and responsibilities"),
}
# Code: its name, and what it asks of whoever has the data.
LICENCES: Final[dict[str, tuple[Text, Text]]] = {
    "open": (
        pgettext_lazy("licence", "Free to pass on"),
        _("May be used and passed on, outside the administration too; name the district as the source."),
    ),
    "internal": (
        pgettext_lazy("licence", "Inside the administration"),
        _(
            "For work of the administration. Not passed on outside it, not published row by row, and never"
            " joined with other data to find out who somebody is."
        ),
    ),
    "purpose": (
        pgettext_lazy("licence", "For the stated purpose"),
        _(
            "Only for the purpose that was granted, only by whom it was granted to, and until the day that it"
            " was granted for; copies are deleted then. Never joined with other data to find out who somebody"
            " is."
        ),
    ),
}
_CENTRE: Final = "operations-centre"
_OPEN: Final = Access(Mode.OPEN)
_ON_REQUEST: Final = Access(Mode.REQUEST)
_OVERSIGHT: Final = Access(Mode.ROLES, roles=(Role.LEADER, Role.SUPERVISOR, Role.DISPATCHER, Role.OPERATOR))
_NO_WORDS: Final = _(
    "What was said, addresses, answers, remarks and pictures: words of people are in no data set."
)
_NO_PEOPLE: Final = _("Names, telephones and everything else about reporters and staff.")
_NO_POINTS: Final = _(
    "Points on the map: a place is a grid cell, of people's own affairs a community, of tip-offs and labour"
    " matters a street."
)
_NO_STATIONS: Final = _(
    "The community station that has a tip-off or a labour matter: its street office stands for it."
)
_NO_NUMBERS: Final = _("Case numbers: a pseudonym stands for the case, the same in every data set.")
_NO_SMALL: Final = _(
    "Groups of one to four cases, and as many others as it takes that they cannot be worked out from totals."
)

EVENTS: Final = DataSet(
    code="events",
    version=1,
    topic="events",
    name=pgettext_lazy("data set", "Events"),
    about=_(
        "Every case of the district, one row each: what it is, where as far as it may be told, whose it is,"
        " how far it has come and how long it took."
    ),
    owner_unit=_CENTRE,
    access=_ON_REQUEST,
    licence="purpose",
    key=("event",),
    domain_field="domain",
    day_field="received_on",
    rows=cases.events,
    left_out=(
        _NO_WORDS,
        _NO_PEOPLE,
        _NO_NUMBERS,
        _NO_POINTS,
        _NO_STATIONS,
        _("The hour and the kind of place of tip-offs and labour matters; of all else the minute."),
    ),
    fields=(
        f.EVENT,
        f.figure("received_on", "date", _("The day it came in")),
        f.figure(
            "received_hour", "integer", _("The hour it came in, 0 to 23; not of tip-offs and labour matters")
        ),
        f.SOURCE,
        f.NATURE,
        f.CATEGORY,
        f.DOMAIN,
        f.ITEM,
        f.URGENCY,
        f.LEVEL,
        f.code("first_level", _("The level at which it began"), "level"),
        f.code("status", _("How far it has come")),
        f.code("outcome", _("What came of it; empty: nothing yet")),
        f.UNIT,
        f.STREET,
        f.COMMUNITY,
        f.CELL,
        f.code("place_type", _("What kind of place it is; not of tip-offs and labour matters")),
        f.figure("reports", "integer", _("How many reports are about it")),
        f.figure("returns", "integer", _("How often a unit has given it back")),
        f.figure("reworks", "integer", _("How often a resolution did not stand")),
        f.figure("orders", "integer", _("How many orders to act were given")),
        f.figure("automatic", "boolean", _("Sent without a person")),
        f.figure("self_fixed", "boolean", _("Found and put right by the same patrol: in no ranking")),
        f.figure("sent_on", "date", _("The day it was first sent to a unit")),
        f.figure("resolved_on", "date", _("The day of the last resolution")),
        f.figure("closed_on", "date", _("The day it was closed")),
        f.figure("dispatch_seconds", "integer", _("From receipt to the sending that stands"), f.SECONDS),
        f.figure(
            "handling_seconds", "integer", _("From that sending to the resolution that stands"), f.SECONDS
        ),
        f.figure(
            "paused_seconds", "integer", _("Of the handling time, how long its clock stood still"), f.SECONDS
        ),
        f.figure("on_time", "boolean", _("Was it handled by its due time? Empty: it has not fallen due")),
        f.figure("counted", "boolean", _("Does it count as received on the boards? Merged cases do not")),
        f.figure("counted_on", "date", _("The day it counts as received on the boards")),
    ),
)

DURATIONS: Final = DataSet(
    code="durations",
    version=1,
    topic="events",
    name=pgettext_lazy("data set", "Durations"),
    about=_(
        "Every dispatch and every handling that the boards count, one row each, as it was counted: on its"
        " day, for its unit, in elapsed and in working time. Means and medians can be computed again from it."
    ),
    owner_unit=_CENTRE,
    access=_ON_REQUEST,
    licence="purpose",
    key=("duration",),
    domain_field="domain",
    day_field="day",
    rows=cases.durations,
    left_out=(_NO_WORDS, _NO_PEOPLE, _NO_NUMBERS, _NO_POINTS, _NO_STATIONS),
    fields=(
        f.key("duration", _("Pseudonym of the row")),
        f.EVENT,
        f.code("step", _("Which time it is")),
        f.figure("day", "date", _("The day that it counts on")),
        f.code("unit", _("The unit that it counts for")),
        f.SOURCE,
        f.NATURE,
        f.CATEGORY,
        f.DOMAIN,
        f.ITEM,
        f.URGENCY,
        f.LEVEL,
        f.STREET,
        f.COMMUNITY,
        f.CELL,
        f.figure("elapsed_seconds", "integer", _("Elapsed time"), f.SECONDS),
        f.figure("working_seconds", "integer", _("The same in working time of seven hours a day"), f.SECONDS),
        f.figure("paused_seconds", "integer", _("Of a handling, how long its clock stood still"), f.SECONDS),
        f.figure("automatic", "boolean", _("Of a dispatch: sent without a person")),
        f.figure("first", "boolean", _("By the first dispatch")),
        f.figure("on_time", "boolean", _("Of a handling: by its due time; empty where it was parked")),
        f.figure("solved", "boolean", _("Of a handling: the unit says that it is solved")),
    ),
)

_FIGURES: Final = (f.INDICATOR, f.VALUE, f.VALUE_UNIT, f.CASES, f.IS_SMALL, f.SUPPRESSED)

DAILY: Final = DataSet(
    code="indicators-daily",
    version=1,
    topic="indicators",
    name=pgettext_lazy("data set", "Indicators by day"),
    about=_("Every indicator of the boards for each day, for the district and each street."),
    owner_unit=_CENTRE,
    access=_OVERSIGHT,
    key=("day", "split", "area", "indicator"),
    day_field="day",
    rows=figures.daily,
    left_out=(_NO_SMALL, _("What is open or overdue now: that is true of one moment, not of a day.")),
    fields=(
        f.figure("day", "date", _("The day; the last is the one before the cut")),
        f.code("split", _("For the district or for a street")),
        f.code("area", _("Its area code; empty: place not known")),
        *_FIGURES,
    ),
)

MONTHLY: Final = DataSet(
    code="indicators-monthly",
    version=1,
    topic="indicators",
    name=pgettext_lazy("data set", "Indicators by month"),
    about=_(
        "Every indicator of the boards for each month: for the district, and by street, community, unit,"
        " domain, category, source, level and nature."
    ),
    owner_unit=_CENTRE,
    access=_OVERSIGHT,
    key=("month", "split", "group", "indicator"),
    day_field="month",
    rows=figures.monthly,
    left_out=(_NO_SMALL, _("What is open or overdue now: that is true of one moment, not of a month.")),
    fields=(
        f.figure("month", "date", _("The first day of the month; the running month is not told")),
        f.code("split", _("By which dimension")),
        f.code("group", _("The code of the group in that dimension; empty: not known")),
        *_FIGURES,
    ),
)

SCORES: Final = DataSet(
    code="scores",
    version=1,
    topic="indicators",
    name=pgettext_lazy("data set", "Published scores"),
    about=_(
        "How units, streets and communities stood in each published period: every edition, the publication"
        " and its dated revisions."
    ),
    owner_unit=_CENTRE,
    access=_OPEN,
    licence="internal",
    key=("period", "edition", "league", "code"),
    rows=findings.scores,
    left_out=(
        _NO_SMALL,
        _("Periods that are not published, and what was said in appeals and rulings."),
        _("Places in an order: rows whose intervals overlap have none."),
    ),
    fields=(
        f.code("period", _("The period: 2026-06 or 2026-Q2")),
        f.code("period_kind", _("Month or quarter")),
        f.figure("first", "date", _("Its first day")),
        f.figure("last", "date", _("Its last day")),
        f.code("period_status", _("May units still appeal?")),
        f.figure("edition", "integer", _("0: the publication; higher: a revision")),
        f.figure("edition_on", "date", _("The day of the edition")),
        f.code("formula", _("The version of the formula")),
        f.code("league", _("Which table the row stands in")),
        f.code("code", _("The unit or area; empty: the district"), "group"),
        f.code("verdict", _("How it stands beside the district")),
        f.code("band", _("The band of its score")),
        f.small("score", "number", _("Points of 100"), pgettext_lazy("unit of a figure", "points")),
        f.small("adjusted", "number", _("The same, had its matters been the district's mix")),
        f.small("half", "number", _("Half the interval around it that holds in 95 of 100 cases")),
        f.small("cases", "integer", _("Cases handled in the period")),
        f.small("excluded", "integer", _("Cases taken out by rulings")),
        f.small("dispatch_mean", "number", _("Mean dispatch time"), pgettext_lazy("unit of a figure", "h")),
        f.small("handle_mean", "number", _("Mean handling time"), pgettext_lazy("unit of a figure", "days")),
        f.small("on_time", "number", _("Share handled on time, 0 to 1")),
        f.small("closed_share", "number", _("Share closed, 0 to 1")),
        f.small("rework", "number", _("Share reworked, 0 to 1")),
        f.small("satisfied", "number", _("Share rated 4 or 5, 0 to 1")),
        f.SUPPRESSED,
    ),
)

WARNINGS: Final = DataSet(
    code="warnings",
    version=1,
    topic="warnings",
    name=pgettext_lazy("data set", "Early warnings"),
    about=_(
        "Bursts, emerging themes and repeats that the sweeps found: where, which matter, how many reporters"
        " against how many were to be expected, and whether somebody found it useful."
    ),
    owner_unit=_CENTRE,
    access=Access(Mode.UNITS, units=(_CENTRE,)),
    key=("warning",),
    domain_field="domain",
    day_field="found_on",
    rows=findings.warnings,
    left_out=(
        _("The phrases of themes: they come from what people said."),
        _("Which cases they rest on, and who acted on them."),
        _("How many reporters and cases, where there are fewer than five reporters."),
        _("The community of labour matters, and a station in it."),
    ),
    fields=(
        f.key("warning", _("Pseudonym of the warning")),
        f.figure("found_on", "date", _("The day it was found")),
        f.code("kind", _("Burst, theme or repeat"), "warning_kind"),
        f.code("stream", _("Said by people or by devices"), "warning_stream"),
        f.code("status", _("What people made of it"), "warning_status"),
        f.figure("useful", "boolean", _("Was it worth looking? Empty: nobody has said so yet")),
        f.STREET,
        f.code("community", _("The community; empty: the whole street or district")),
        f.DOMAIN,
        f.code("category", _("The category; empty: the whole domain, or none")),
        f.code("unit", _("The unit that most of its cases lie with")),
        f.figure("since", "date", _("The day it began")),
        f.figure("ended_on", "date", _("The day it ended; empty: it goes on")),
        f.figure(
            "window_hours", "integer", _("The window that tells most"), pgettext_lazy("unit of a figure", "h")
        ),
        f.small("observed", "integer", _("Distinct reporters in that window")),
        f.figure("expected", "number", _("How many were to be expected")),
        f.figure("expected_high", "number", _("Nineteen times of twenty no more than so many are")),
        f.small("reporters", "integer", _("Distinct reporters since it began")),
        f.small("cases", "integer", _("Cases since it began")),
        f.SUPPRESSED,
    ),
)

CATEGORIES: Final = DataSet(
    code="categories",
    version=1,
    topic="reference",
    name=pgettext_lazy("data set", "Categories of events"),
    about=_("The 146 categories of events and their 20 domains."),
    owner_unit=_CENTRE,
    owner_roles=(Role.STEWARD,),
    access=_OPEN,
    licence="open",
    key=("category",),
    domain_field="domain",
    rows=reference.categories,
    fields=(
        f.code("category", _("Its code")),
        f.NAME_ZH,
        f.NAME_EN,
        f.DOMAIN,
        f.official("domain_zh", _("The domain's name in Chinese")),
        f.official("domain_en", _("The domain's name in English")),
    ),
)

AREAS: Final = DataSet(
    code="areas",
    version=1,
    topic="reference",
    name=pgettext_lazy("data set", "Areas"),
    about=_(
        "District, streets, communities, blocks and grid cells with their codes. The demonstration's map is"
        " schematic; outlines are served at /geo/."
    ),
    owner_unit=_CENTRE,
    access=_OPEN,
    licence="open",
    key=("area",),
    rows=reference.areas,
    fields=(
        f.code("area", _("Its code: join by codes, never by names")),
        f.code("kind", _("What kind of area"), "area_kind"),
        f.NAME_ZH,
        f.NAME_EN,
        f.code("parent", _("The area that it lies in"), "area"),
        f.figure("lon", "number", _("A point inside it, longitude in WGS-84")),
        f.figure("lat", "number", _("A point inside it, latitude in WGS-84")),
        f.figure("area_m2", "integer", _("How large it is"), _("m²")),
    ),
)

UNITS: Final = DataSet(
    code="units",
    version=1,
    topic="reference",
    name=pgettext_lazy("data set", "Units"),
    about=_("Departments, street offices, teams, stations and enterprises, and who stands below whom."),
    owner_unit=_CENTRE,
    access=_OPEN,
    licence="open",
    key=("unit",),
    rows=reference.units,
    left_out=(_("Who works there."),),
    fields=(
        f.code("unit", _("Its code")),
        f.code("kind", _("What kind of unit"), "unit_kind"),
        f.NAME_ZH,
        f.NAME_EN,
        f.code("parent", _("The unit above it"), "unit"),
        f.code("area", _("The area that it works for")),
        f.figure("open", "boolean", _("Is it sent work?")),
    ),
)

ITEMS: Final = DataSet(
    code="responsibility-items",
    version=1,
    topic="reference",
    name=pgettext_lazy("data set", "Responsibility list"),
    about=_(
        "The responsibility list: whose job it is, item by item, as the version says that decides at the cut."
    ),
    owner_unit=_CENTRE,
    owner_roles=(Role.STEWARD,),
    access=_OPEN,
    licence="open",
    key=("item",),
    domain_field="domain",
    rows=reference.items,
    left_out=(_("Conditions, keywords and legal basis: the page of the list has them in full."),),
    fields=(
        f.figure("version", "integer", _("The version of the list")),
        f.code("item", _("The item's code")),
        f.CATEGORY,
        f.DOMAIN,
        f.official("matter_zh", _("The matter, in Chinese")),
        f.code(
            "lead_unit", _("Who leads: a unit, or a rule that finds one by the place (@street/…)"), "lead"
        ),
        f.code("supervising_unit", _("The department above it"), "lead"),
        f.LEVEL,
        f.URGENCY,
        f.figure("dispatch_minutes", "integer", _("Limit for dispatching it"), _("minutes")),
        f.figure("accept_minutes", "integer", _("Limit for accepting it"), _("minutes")),
        f.code(
            "handle_limit",
            _("Limit for handling it: 2h natural hours, 4wh working hours, 3wd working days"),
            "limit",
        ),
    ),
)

ALL: Final[tuple[DataSet, ...]] = (
    EVENTS,
    DURATIONS,
    DAILY,
    MONTHLY,
    SCORES,
    WARNINGS,
    CATEGORIES,
    ITEMS,
    AREAS,
    UNITS,
)


def served(today: date, every: tuple[DataSet, ...] = ALL) -> dict[str, list[DataSet]]:
    """The versions of each data set that are served on this day, the newest first."""
    found: dict[str, list[DataSet]] = {}
    for one in every:
        if one.sunset is None or today < one.sunset:
            found.setdefault(one.code, []).append(one)
    return {code: sorted(versions, key=lambda one: -one.version) for code, versions in found.items()}


def find(code: str, today: date, version: int | None = None) -> DataSet | None:
    """A data set by its code: the newest version, or the one that is asked for while it is served."""
    versions = served(today).get(code, [])
    if version is None:
        return versions[0] if versions else None
    return next((one for one in versions if one.version == version), None)


def says(dataset: DataSet, words: str) -> bool:
    """Does its name, its description or a field say all of these words, in the reader's language?"""
    told = [dataset.code, dataset.name, dataset.about, TOPICS[dataset.topic], *dataset.names]
    told += [one.meaning for one in dataset.fields]
    text = " ".join(str(part) for part in told).casefold()
    return all(word in text for word in words.casefold().split())
