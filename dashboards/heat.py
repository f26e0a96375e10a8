"""The days of a year, a square each: what came in, or what fell due and was late."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any, Final

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboards import comparing
from dashboards.charts import day_label, is_chinese
from dashboards.indicators import SMALL
from dashboards.leading import LeaderBoard

STEPS: Final = 5
SIDE, GAP, LEFT, TOP = 15, 3, 26, 20
# A day stands out from this multiple of what is usual on its weekday on, and beyond chance among all days.
OUTSTANDING: Final = 1.5
# The busiest weekday is told of from this multiple of the quietest on.
UNEVEN: Final = 1.2
# Weeks before and after a day by which its usual is told.
AROUND: Final = 6


def weekdays() -> list[str]:
    """Monday to Sunday, as short as they are said."""
    if is_chinese():
        return list("一二三四五六日")
    return [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]


def weekday_names() -> list[str]:
    """Monday to Sunday in full, as many of them."""
    return [
        _("Mondays"),
        _("Tuesdays"),
        _("Wednesdays"),
        _("Thursdays"),
        _("Fridays"),
        _("Saturdays"),
        _("Sundays"),
    ]


def counts(board: LeaderBoard) -> dict[date, int | None]:
    """The number of each day of the calendar; None before anything was counted."""
    span = board.calendar_span
    days = [span.first + timedelta(days=number) for number in range(span.days)]
    found = {
        day: (figures["due"] - figures["due_met"] if is_late(board) else figures[board.coming_in])
        for day, figures in board.by_day.items()
    }
    first = min(board.by_day, default=board.asked.today)
    return {day: None if day < first else found.get(day, 0) for day in days}


def is_late(board: LeaderBoard) -> bool:
    """Does the calendar show what was late?"""
    return board.asked.heat == "late"


def _kind(board: LeaderBoard) -> str:
    return "late" if is_late(board) else board.coming_in


def steps_of(values: Sequence[int]) -> list[int]:
    """Where the second and later shades begin: even steps, the last one for whatever stands out."""
    told = [value for value in values if value]
    if not told:
        return []
    high = min(max(told), 2.5 * median(told))
    size = max(1, _nice(high / STEPS))
    cuts = [size * number for number in range(1, STEPS)]
    return [cut for cut in cuts if cut <= max(told)] or [1]


def _nice(size: float) -> int:
    if size <= 1:
        return 1
    power = 10 ** math.floor(math.log10(size))
    return next(round(power * one) for one in (1, 2, 2.5, 5, 10) if power * one >= size)


def calendar(board: LeaderBoard) -> dict[str, Any]:
    """The squares with their shades, the months above them, the legend and the table of weeks."""
    of_days = counts(board)
    cuts = steps_of([value for value in of_days.values() if value is not None])
    page = reverse("board-cases")
    query = board.asked.query(
        list=_kind(board), period=None, **{"from": None, "to": None}, heat=None, league=None, vs=None
    )
    names = weekdays()
    # Seven hundred small elements: written here, a template would take longer than the rest of the page.
    squares: list[str] = []
    months: list[dict[str, Any]] = []
    weeks: list[tuple[str, list[str]]] = []
    today = board.asked.today
    # What stands in every square is translated and escaped once.
    target, tips, open_tip = escape(f"{page}?{query}"), _("{day}, {weekday}"), " · " + _("not over yet")
    colon = _(": ")
    for index, (day, value) in enumerate(of_days.items()):
        column, row = divmod(index, 7)
        if row == 0:
            weeks.append((_week_name(day), []))
        if day.day == 1 or (index == 0 and day.day < 20):
            months.append({"x": LEFT + column * (SIDE + GAP), "name": _month_name(day)})
        url = f"{target}&amp;from={day}&amp;to={day}" if value else ""
        shade = "none" if value is None else sum(value >= cut for cut in cuts)
        number = "—" if value is None else f"{value:,}"
        tip = tips.format(day=day_label(day), weekday=names[row]) + colon + number
        if day == today:
            tip += open_tip
        place = f'x="{LEFT + column * (SIDE + GAP)}" y="{TOP + row * (SIDE + GAP)}"'
        style = f"heat-{shade}" + (" is-today" if day == today else "")
        square = (
            f'<rect class="{style}" {place} width="{SIDE}" height="{SIDE}" rx="2">'
            f"<title>{escape(tip)}</title></rect>"
        )
        squares.append(f'<a href="{url}" tabindex="-1">{square}</a>' if url else square)
        weeks[-1][1].append(
            f'<td class="num"><a href="{url}">{number}</a></td>' if url else f"<td>{number}</td>"
        )
    weeks[-1][1].extend(["<td></td>"] * (7 - len(weeks[-1][1])))
    return {
        "title": title(board, of_days),
        "squares": mark_safe("".join(squares)),
        "months": months,
        "side": SIDE,
        "width": LEFT + len(weeks) * (SIDE + GAP),
        "height": TOP + 7 * (SIDE + GAP),
        "rows": [{"y": TOP + row * (SIDE + GAP) + SIDE - 3, "name": name} for row, name in enumerate(names)],
        "weekdays": names,
        "weeks": [(name, mark_safe("".join(days))) for name, days in weeks[::-1]],
        "legend": _legend(cuts),
        "is_late": is_late(board),
        "is_empty": not any(of_days.values()),
    }


def _week_name(monday: date) -> str:
    sunday = monday + timedelta(days=6)
    return f"{monday.year} · {day_label(monday)}–{day_label(sunday)}"


def _month_name(day: date) -> str:
    if is_chinese():
        return f"{day.year}年{day.month}月" if day.month == 1 else f"{day.month}月"
    return day_label(day).split()[-1] + (f" {day.year}" if day.month == 1 else "")


def _legend(cuts: Sequence[int]) -> list[dict[str, Any]]:
    words = []
    for step, (low, high) in enumerate(zip([0, *cuts], [*cuts, None], strict=True)):
        if high is None:
            text = _("{count} and more").format(count=f"{low:,}") if low else "0"
        else:
            text = f"{low:,}" if high - low == 1 else f"{low:,}–{high - 1:,}"
        words.append({"step": step, "words": text})
    return words


def rows(board: LeaderBoard) -> tuple[Sequence[Any], list[Sequence[Any]]]:
    """The days as rows, for a file."""
    heads = [_("Day"), _("Late") if is_late(board) else _("Came in")]
    return heads, [(day.isoformat(), value) for day, value in counts(board).items() if value is not None]


def title(board: LeaderBoard, of_days: dict[date, int | None]) -> str:
    """What the squares say: days that stand out, or the weekday on which most comes, or that it is level."""
    known = {day: value for day, value in of_days.items() if value is not None and day < board.asked.today}
    late = is_late(board)
    if sum(known.values()) < SMALL:
        if late:
            return _("Too few late cases to tell the days apart")
        return _("Too few cases to tell the days apart")
    if outstanding := _outstanding(known):
        day, value, usual = outstanding[0]
        words = {"count": len(outstanding), "day": day_label(day), "times": f"{value / max(usual, 1):.1f}"}
        if late:
            text = ngettext(
                "{count} day had far more late cases than usual: {day}, {times} times as many",
                "{count} days had far more late cases than usual, above all {day}: {times} times as many",
                len(outstanding),
            )
        else:
            text = ngettext(
                "{count} day brought far more than usual: {day}, {times} times as many",
                "{count} days brought far more than usual, above all {day}: {times} times as many",
                len(outstanding),
            )
        return text.format(**words)
    return _weekly(known, late=late)


def _outstanding(known: dict[date, int]) -> list[tuple[date, int, float]]:
    """Days far above the same weekday in the weeks around them, so that a year that grows is not a year of
    outstanding days."""
    z = comparing.z_among(len(known))
    found = []
    for day, value in known.items():
        around = [known.get(day + timedelta(weeks=weeks)) for weeks in range(-AROUND, AROUND + 1) if weeks]
        usual = float(median([one for one in around if one is not None] or [value]))
        if value >= OUTSTANDING * usual and value - usual > z * math.sqrt(max(1.0, usual)):
            found.append((day, value, usual))
    return sorted(found, key=lambda one: (one[2] - one[1], one[0]))


def _weekly(known: dict[date, int], *, late: bool) -> str:
    sums, days = [0] * 7, [0] * 7
    for day, value in known.items():
        sums[day.weekday()] += value
        days[day.weekday()] += 1
    means = [total / number if number else 0.0 for total, number in zip(sums, days, strict=True)]
    high, low = means.index(max(means)), means.index(min(means))
    differ = comparing.counts_differ(sums[high], sums[low], comparing.z_among(21))
    if means[low] and means[high] >= UNEVEN * means[low] and differ:
        words = {
            "most": weekday_names()[high],
            "least": weekday_names()[low],
            "times": f"{means[high] / means[low]:.1f}",
        }
        if late:
            return _("Most falls late on {most}, {times} times as much as on {least}").format(**words)
        return _("Most comes on {most}, {times} times as much as on {least}").format(**words)
    return _("No day of the week differs much from another, and no day stands out")
