"""A brief's numbers in the reader's words: what its days are called, how a number is judged, what came of it.

Everything here is made from what an edition keeps, and says the judgement in words: paper has no colours.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.masking import starred
from dashboards.briefs.measuring import is_better
from dashboards.charts import day_label, is_chinese
from dashboards.indicators import BY_CODE, SMALL, UNIT_WORDS, shown
from dashboards.models import Brief, BriefEntry, BriefKind
from incidents.models import Text

Figure = Mapping[str, Any]
Stated = tuple[str, str]  # words and state
_ITEM_CODE: Final = re.compile(r"((?<![\d-])[0-9]{4}-[0-9]{3}(?![\d-]))")


def title(name: str, kind: str) -> str:
    """What a brief is headed by."""
    if kind == BriefKind.WEEK:
        return _("{name}: weekly brief of operations").format(name=name)
    return _("{name}: monthly brief of operations").format(name=name)


def name_of(brief: Brief) -> str:
    """Whom it is about, as it was called then."""
    return brief.name_zh if is_chinese() else brief.name_en


def period(kind: str, first: date, last: date) -> str:
    """The days of a brief: a month by its name, a week by its number and its first and last day."""
    if kind == BriefKind.MONTH:
        return f"{first.year} 年 {first.month} 月" if is_chinese() else date_format(first, "F Y")
    week = first.isocalendar()
    days = f"{day_label(first)}–{day_label(last)}"
    if is_chinese():
        return f"{week.year} 年第 {week.week} 周（{days}）"
    return f"Week {week.week} of {week.year} ({days})"


def step_label(kind: str, first: date) -> str:
    """One week or month on the line's axis."""
    if kind == BriefKind.WEEK:
        return day_label(first)
    if is_chinese():
        return f"{first.year} 年 {first.month} 月" if first.month == 1 else f"{first.month} 月"
    return date_format(first, "M Y")


def stamp(at: datetime | str) -> str:
    """An instant on paper."""
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{timezone.localtime(instant):%Y-%m-%d %H:%M}"


def heads(kind: str) -> tuple[str, str]:
    """What now and before are called."""
    if kind == BriefKind.WEEK:
        return pgettext("brief", "This week"), pgettext("brief", "Last week")
    return pgettext("brief", "This month"), pgettext("brief", "Last month")


def number(code: str, value: float | None) -> str:
    """A value as a table shows it; shares with their sign."""
    indicator = BY_CODE[code]
    words = shown(indicator, value)
    return f"{words}%" if indicator.unit == "share" and value is not None else words


def unit(code: str) -> str:
    """The unit's word, where the number does not carry it."""
    kind = BY_CODE[code].unit
    return "" if kind == "share" else str(UNIT_WORDS[kind])


def target(figure: Figure) -> str:
    """≤ 1.22, or a dash where nothing is aimed at."""
    if figure["target"] is None:
        return "—"
    sign = "≤" if BY_CODE[figure["code"]].better == "low" else "≥"
    return f"{sign} {number(figure['code'], figure['target'])}"


def judge(figure: Figure, kind: str) -> Stated:
    """How a number stands: against its target, else against the period before; few cases are not judged."""
    code, value = figure["code"], figure["value"]
    indicator = BY_CODE[code]
    if value is None:
        return _("no data"), ""
    if figure["base"] < SMALL:
        return _("○ fewer than {least}, not judged").format(least=SMALL), "paused"
    if figure["target"] is None:
        return against_before(figure, kind)
    wanted = figure["target"]
    if value <= wanted if indicator.better == "low" else value >= wanted:
        return "".join([_("Target met"), _since_last_year(figure)]), "on"
    miss = abs(value - wanted)
    if indicator.unit == "share":
        points = f"{miss * 100:.1f}"
        return _("{points} points short of target").format(points=points), "overdue"
    words = _("{amount} {unit} over target")
    return words.format(amount=f"{miss:.2f}", unit=UNIT_WORDS[indicator.unit]), "overdue"


def against_before(figure: Figure, kind: str) -> Stated:
    """Better, worse or level with the period before."""
    before = heads(kind)[1]
    if figure["before"] is None or figure["base_before"] < SMALL:
        return _("nothing to compare with"), ""
    if not figure["differs"]:
        return _("Level with {before}").format(before=before.lower()), ""
    move = _move(figure["code"], figure["value"], figure["before"])
    good = is_better(figure["code"], figure["value"], figure["before"])
    words = _("Better than {before}: {move}") if good else _("Worse than {before}: {move}")
    return words.format(before=before.lower(), move=move), "on" if good else "overdue"


def _move(code: str, value: float, before: float) -> str:
    sign = "+" if value >= before else "−"
    if BY_CODE[code].unit == "share":
        return _("{sign}{points} points").format(sign=sign, points=f"{abs(value - before) * 100:.1f}")
    return f"{sign}{abs(value - before):.2f} {unit(code)}".strip()


def _since_last_year(figure: Figure) -> str:
    before, value, code = figure["year_before"], figure["value"], figure["code"]
    if not before or not figure["differs_year"] or figure["base_year_before"] < SMALL:
        return ""
    if BY_CODE[code].unit == "share":
        return _("; on last year {move}").format(move=_move(code, value, before))
    percent = f"{abs(value - before) / before * 100:.0f}"
    if value < before:
        return _("; faster than last year by {percent} %").format(percent=percent)
    return _("; slower than last year by {percent} %").format(percent=percent)


def line_title(figures: Figure, kind: str) -> str:
    """What the line says: from its first step to its last."""
    steps = [step for step in figures["line"]["steps"] if step["handle_mean"] is not None]
    if not steps:
        return _("Nothing was handled yet")
    last = steps[-1]
    days = f"{last['handle_mean']:.2f}"
    if len(steps) < 2:
        return _("Handling took {days} days").format(days=days)
    first = steps[0]
    if min(first["handled"], last["handled"]) < SMALL:
        return _("Handling took {days} days; too few cases to compare").format(days=days)
    span = _steps(kind, len(figures["line"]["steps"]) - 1)
    move = last["handle_mean"] - first["handle_mean"]
    if not figures["line"]["differs"]:
        return _("Handling time is level with that {span} ago").format(span=span)
    words = (
        _("Handling time fell by {days} days in {span}")
        if move < 0
        else _("Handling time rose by {days} days in {span}")
    )
    return words.format(days=f"{abs(move):.2f}", span=span)


def _steps(kind: str, count: int) -> str:
    if kind == BriefKind.WEEK:
        return ngettext("{count} week", "{count} weeks", count).format(count=count)
    return ngettext("{count} month", "{count} months", count).format(count=count)


def verdict_of(row: Figure) -> str:
    """A place against the whole, in a word."""
    return {
        "better": pgettext("place against the whole", "faster"),
        "slower": pgettext("place against the whole", "slower"),
        "alike": pgettext("place against the whole", "level"),
        "small": "○",
    }[row["verdict"]]


def measured(taken: Figure) -> Stated:
    """What a problem measures: before and now, of how many, and whether that is more than chance."""
    code = taken.get("indicator")
    if not code or taken.get("now") is None:
        return "", ""
    value, before = taken["now"], taken.get("before")
    base = f"{taken['base']:,}"
    if code == "received":
        change = _("{before} → {now} cases").format(before=_count(before), now=_count(value))
    else:
        change = f"{number(code, before)} → {number(code, value)} {unit(code)}".rstrip()
        change = ngettext("{change}, {base} case", "{change}, {base} cases", taken["base"]).format(
            change=change, base=base
        )
    if code == "on_time":
        change = _("on time {change}, {late} late").format(change=change, late=f"{taken['late']:,}")
    elif code == "handle_mean":
        change = _("handling {change}").format(change=change)
    worse = taken.get("differs") and before is not None and not is_better(code, value, before)
    return change, "overdue" if worse else ""


def _count(value: float | None) -> str:
    return "—" if value is None else f"{value:,.0f}"


def came_of(taken: Figure) -> Stated:
    """What came of earlier advice, by the same measure as then."""
    code, came = taken.get("indicator"), taken.get("came", "")
    if not code or not came:
        return "", ""
    if came == "small" or taken.get("now") is None:
        return _("○ too few cases to say"), ""
    words = {
        "better": pgettext("advice", "it worked"),
        "level": pgettext("advice", "no change beyond chance"),
        "worse": pgettext("advice", "it got worse"),
    }[came]
    change = f"{number(code, taken['before'])} → {number(code, taken['now'])} {unit(code)}".rstrip()
    state = {"better": "on", "worse": "overdue"}.get(came, "")
    return f"{words}：{change}" if is_chinese() else f"{words}: {change}", state


def place_and_matter(taken: Figure) -> str:
    """Where and what, in the reader's language."""
    short = "zh" if is_chinese() else "en"
    parts = [taken.get(f"place_{short}"), taken.get(f"matter_{short}")]
    return " · ".join(part for part in parts if part)


def said(text: Text | None) -> str:
    """What somebody wrote, with every telephone number starred: a brief goes from hand to hand."""
    if text is None:
        return ""
    if text.erased_at:
        return _("(erased)")
    # A code of the responsibility list, 1003-002, has as many digits as a telephone.
    return "".join(
        part if _ITEM_CODE.fullmatch(part) else starred(part) for part in _ITEM_CODE.split(text.body)
    )


def name_of_problem(entry: BriefEntry) -> str:
    """A problem's own name, else where and what it is measured by."""
    if entry.words is not None:
        return said(entry.words)
    return place_and_matter(entry.measured) or _("(no name)")


def followed_title(kind: str, count: int, *, better: int, judged: int) -> str:
    """How many of the earlier advice worked, by their own measures, where these tell anything yet."""
    if not judged:
        return (
            _("What became of last week's problems: too few cases since to tell")
            if kind == BriefKind.WEEK
            else _("What became of last month's problems: too few cases since to tell")
        )
    if kind == BriefKind.WEEK:
        words = ngettext(
            "Last week's one piece of advice: {better} worked",
            "Last week's {count} pieces of advice: {better} worked",
            count,
        )
    else:
        words = ngettext(
            "Last month's one piece of advice: {better} worked",
            "Last month's {count} pieces of advice: {better} worked",
            count,
        )
    return words.format(count=count, better=better)


MARKS: Final = {"done": "✓", "under_way": "…", "not_done": "×", "not_said": "?"}
