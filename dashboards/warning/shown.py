"""How a warning is put: its sentence, its numbers with their interval, its chart, and what judgements say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboards.charts import day_label
from dashboards.comparing import Share
from dashboards.indicators import SMALL
from dashboards.models import Warning
from dashboards.scope import Names
from incidents.numbers import district_day

Kind, Status = Warning.Kind, Warning.Status
# How the list is cut: what waits, what somebody does something about, what is settled or over.
OPEN, HAND, OVER = "open", "hand", "over"
STATES: Final[dict[str, Q]] = {
    OPEN: Q(status=Status.OPEN, ended_at=None),
    HAND: Q(status__in=[Status.CLAIMED, Status.SUPERVISED, Status.PROJECT]),
    OVER: Q(status=Status.DISMISSED) | Q(status=Status.OPEN, ended_at__isnull=False),
}
TONES: Final = {Kind.BURST: "overdue", Kind.THEME: "warned", Kind.REPEAT: "primary"}
# Precision is of the last so many days.
PRECISION_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Precision:
    """Of one kind: how many were found, how many people judged, and how many of those were useful."""

    kind: str
    name: str
    found: int
    share: Share

    @property
    def is_small(self) -> bool:
        return self.share.whole < SMALL


def precision(rows: QuerySet[Warning], *, at: datetime) -> tuple[Precision, list[Precision]]:
    """All kinds together, and each; what nobody judged is not counted. One query."""
    lately = rows.filter(found_at__gt=at - timedelta(days=PRECISION_DAYS))
    counted = {
        row["kind"]: row
        for row in lately.order_by()
        .values("kind")
        .annotate(
            found=Count("pk"),
            right=Count("pk", filter=Q(useful=True)),
            judged=Count("pk", filter=Q(useful__isnull=False)),
        )
    }
    empty = {"found": 0, "right": 0, "judged": 0}
    kinds = [
        Precision(kind, str(Kind(kind).label), row["found"], Share(row["right"], row["judged"]))
        for kind in Kind.values
        for row in [counted.get(kind, empty)]
    ]
    whole = Share(sum(one.share.part for one in kinds), sum(one.share.whole for one in kinds))
    return Precision("", _("All kinds"), sum(one.found for one in kinds), whole), kinds


def counts(rows: QuerySet[Warning]) -> dict[str, int]:
    """How many are in each state; one query."""
    found: dict[str, int] = rows.aggregate(
        **{name: Count("pk", filter=condition) for name, condition in STATES.items()}
    )
    return found


def window(hours: int) -> str:
    """The time that was measured, in words."""
    if hours <= 24:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    days = round(hours / 24)
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


def place(warning: Warning, names: Names) -> str:
    """Its community with the street, its street, or the whole district."""
    if warning.community_code:
        return (
            f"{names.street(f'{warning.community_code[:9]}000')} · {names.community(warning.community_code)}"
        )
    return names.street(warning.street_code) if warning.street_code else _("Whole district")


def matter(warning: Warning, names: Names) -> str:
    """What it is about: its phrases, its category, its domain."""
    if warning.terms:
        return _(", ").join(_("“%(words)s”") % {"words": term} for term in warning.terms[:3])
    if warning.category_code:
        return names.category(warning.category_code)
    return names.domains.get(warning.domain_code) or _("Several matters")


def usual(warning: Warning) -> str:
    """What it is measured against; never a number without its interval."""
    if warning.kind == Kind.REPEAT:
        return _("the rule asks from %(count)d on") % {"count": round(warning.expected)}
    if warning.expected < 0.05 and warning.expected_high < 0.5:
        return _("usually none")
    return _("usual %(expected)s (%(low)d–%(high)d)") % {
        "expected": f"{warning.expected:.1f}",
        "low": round(warning.expected_low),
        "high": round(warning.expected_high),
    }


def measured(warning: Warning) -> str:
    """What was seen, in which time."""
    if warning.kind == Kind.REPEAT:
        words = ngettext(
            "%(count)d case within %(window)s", "%(count)d cases within %(window)s", warning.observed
        )
    else:
        words = ngettext(
            "%(count)d reporter within %(window)s", "%(count)d reporters within %(window)s", warning.observed
        )
    return words % {"count": warning.observed, "window": window(warning.window_hours)}


def row(warning: Warning, names: Names) -> dict[str, Any]:
    """A warning as the list shows it."""
    return {
        "warning": warning,
        "tone": TONES[Kind(warning.kind)],
        "place": place(warning, names),
        "matter": matter(warning, names),
        "measured": measured(warning),
        "usual": usual(warning),
        "told": chart_title(warning),
        "is_small": warning.case_count < SMALL,
    }


def facts(warning: Warning, names: Names) -> list[tuple[str, str]]:
    """What was measured, line by line."""
    lines = [
        (_("Seen"), measured(warning)),
        (_("Against"), usual(warning)),
    ]
    if warning.kind != Kind.REPEAT and warning.expected >= 0.05:
        times = warning.observed / warning.expected
        if times < 100:
            lines.append((_("Times the usual"), f"{times:.1f}"))
    if warning.surprise:
        lines.append((_("By chance alone"), chance(warning.surprise)))
    lines += [
        (_("Since"), _moment(warning.since)),
        (_("Last seen going on"), _moment(warning.seen_at)),
        (_("Most cases lie with"), names.unit(warning.unit_code) if warning.unit_code else "—"),
        (_("Found by"), pgettext("warning", "rule %(rule)s") % {"rule": warning.rule}),
    ]
    return lines


def chance(surprise: float) -> str:
    """-log10 of a chance, as people say it."""
    if surprise >= 6:
        return _("less than once in a million")
    return _("about once in %(count)s such measurements") % {"count": f"{round(10**surprise):,}"}


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def spots(warning: Warning, names: Names) -> list[dict[str, Any]]:
    """A burst's communities and matters that have most, each against what it usually has in that time.

    Nothing where it is all in one: the title says that one already.
    """
    cells = warning.evidence.get("cells", ())[:12]
    if len(cells) < 2:
        return []
    return [
        {
            "place": names.community(str(code)),
            "matter": names.category(str(category)),
            "observed": seen,
            "expected": f"{expected:.1f}",
        }
        for code, category, seen, expected in cells
    ]


def chart(warning: Warning, received: Sequence[datetime]) -> dict[str, Any] | None:
    """What grows; a grey band where there is an interval to hold it against. `received`: of its cases."""
    if warning.kind == Kind.BURST:
        return _rolling(warning)
    if warning.kind == Kind.THEME:
        return _by_day(warning)
    return _adding_up(warning, received)


def _rolling(warning: Warning) -> dict[str, Any] | None:
    """Reports within the window up to each hour, as far as they belong to it."""
    hours = warning.evidence.get("hours") or []
    if not hours:
        return None
    seen = [int(count) for _hour, count, _expected in hours]
    width = warning.window_hours
    sums = [sum(seen[max(0, index - width + 1) : index + 1]) for index in range(len(seen))]
    ends = [parse_datetime(str(hour)) for hour, _count, _expected in hours]
    labels = [f"{timezone.localtime(end + timedelta(hours=1)):%m-%d %H:%M}" if end else "" for end in ends]
    return {
        "kind": "line",
        "x": labels,
        "xName": _("Up to"),
        "unit": "",
        "series": [
            {
                "name": _("Reports within %(window)s") % {"window": window(width)},
                "data": sums,
                "tone": "overdue",
            },
            _usual_line(warning, len(sums)),
        ],
        "band": _band(warning),
    }


def _by_day(warning: Warning) -> dict[str, Any] | None:
    """Who said it, day by day; people say a thing on several days, so days do not add up to the week."""
    days = warning.evidence.get("days") or []
    if not days:
        return None
    said = {str(day): int(count) for day, count in days}
    first, last = parse_date(min(said)), parse_date(max(said))
    assert first is not None
    assert last is not None
    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return {
        "kind": "bar",
        "x": [day_label(day) for day in span],
        "xName": _("Day"),
        "unit": "",
        "series": [
            {
                "name": _("People who said it"),
                "data": [said.get(day.isoformat(), 0) for day in span],
                "tone": "warned",
            }
        ],
    }


def _adding_up(warning: Warning, received: Sequence[datetime]) -> dict[str, Any] | None:
    """Its cases as they came, against the number from which the rule speaks."""
    if not received:
        return None
    days = Counter(district_day(at) for at in received)
    first, last = min(days), max(days)
    span = [first + timedelta(days=number) for number in range(min(120, (last - first).days) + 1)]
    total, sums = 0, []
    for day in span:
        total += days[day]
        sums.append(total)
    least = round(warning.expected)
    return {
        "kind": "line",
        "x": [day_label(day) for day in span],
        "xName": _("Up to"),
        "unit": "",
        "series": [{"name": _("Cases in all"), "data": sums, "tone": "primary"}],
        "target": {"value": least, "label": _("rule: %(count)d") % {"count": least}},
    }


def _usual_line(warning: Warning, length: int) -> dict[str, Any]:
    return {
        "name": _("Usual"),
        "data": [round(warning.expected, 1)] * length,
        "tone": "closed",
        "dash": True,
        "faint": True,
    }


def _band(warning: Warning) -> dict[str, Any]:
    return {"low": warning.expected_low, "high": warning.expected_high}


def chart_title(warning: Warning) -> str:
    """What the chart shows, as a finding."""
    return _("%(measured)s; %(usual)s") % {"measured": measured(warning), "usual": usual(warning)}


def chart_note(warning: Warning) -> str:
    """What is drawn, and what the band is."""
    if warning.kind == Kind.BURST:
        return _(
            "Reports that belong to it, counted over %(window)s up to each hour. The grey band is what 95 of"
            " 100 such times hold when nothing is the matter."
        ) % {"window": window(warning.window_hours)}
    if warning.kind == Kind.THEME:
        return _("Different people on each day; who wrote on two days stands in both.")
    return _("Cases of it one after another; the dashed line is where the rule begins to speak.")
