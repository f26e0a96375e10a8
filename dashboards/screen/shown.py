"""A command screen in words, shapes and lengths; templates only lay it out."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from accounts.templatetags.ui import clock_state, share_left
from dashboards.filters import DEFAULT_PERIOD, PERIODS
from dashboards.indicators import SMALL, UNIT_WORDS, shown, value_of
from dashboards.screen.discretion import words_for
from dashboards.screen.labels import labelled
from dashboards.screen.picture import Judged, Moment, Standing
from dispatch.vocabulary import Urgency
from incidents.centre import wall as walls
from incidents.centre.levels import CentreLevel
from incidents.centre.outlines import Drawing
from incidents.models import Incident
from incidents.numbers import DISTRICT_ZONE
from incidents.pages.centre_wall import (
    desk_words,
    headline_of,
    part_name,
)
from incidents.pages.wording import clock_label

# More tiles than these do not fit below the picture; the rest are added up.
TILES: Final = 16
# Where the sentence stands over the picture, as shares of its width and height, if nothing is drawn there.
_CORNER: Final = (0.46, 0.36)
# The drawing of a small line, in its own units.
LINE_WIDE, LINE_HIGH, _EDGE = 160.0, 56.0, 5.0
_POINT: Final = re.compile(r"([\d.]+) ([\d.]+)")
_SHAPES: Final = {"better": "▲", "alike": "=", "slower": "▼", "small": "○"}


def inside(standing: Standing, moment: Moment) -> dict[str, Any]:
    """Everything on the screen that changes."""
    found = moment.wall
    return {
        "at": moment.at,
        "lines": _lines(standing, moment),
        "state": _state(moment),
        "figures": _figures(standing, moment),
        "marks": found.marks,
        "view": f"0 0 {found.drawing.width:g} {found.drawing.height:g}" if found.drawing else "0 0 1 1",
        "emergencies": labelled(
            [
                {"x": x, "y": y, "label": words_for(case, moment.place)["what"], "key": f"ring-{case.pk}"}
                for case, x, y in moment.emergencies
            ],
            found.drawing,
            is_english=_is_english(),
        ),
        "legend": _legend(found),
        "tightest": [_burning(case, moment) for case in moment.tightest],
        "soon": found.total.soon,
        "newest": [_came(case, moment) for case in moment.newest],
        "fresh": found.fresh,
        "warnings": standing.warnings,
        "warning_rows": standing.warning_rows,
        "desk": _desk(moment),
        "tiles": (tiles := _tiles(found, standing)),
        "columns": _columns(len(tiles)),
        "small": SMALL,
    }


# --- the sentence in front ------------------------------------------------------------------------


def _state(moment: Moment) -> str:
    return "emergency" if moment.wall.total.emergency else ""


def _lines(standing: Standing, moment: Moment) -> list[str]:
    """What burns, and what else is late; where nothing burns, what the board finds of thirty days."""
    found = moment.wall
    if not found.total.emergency:
        first, *rest = standing.finding
        return [f"{PERIODS[DEFAULT_PERIOD]} · {first}", *rest]
    if found.emergency is not None:
        lines, others = [headline_of(found, moment.place, moment.at, words_for)[0]], found.total.emergency - 1
    else:  # all of them are such as nobody hears of here
        count, others = found.total.emergency, 0
        lines = [ngettext("%(count)d emergency", "%(count)d emergencies", count) % {"count": count}]
    rest = []
    if others > 0:
        rest.append(
            ngettext("%(count)d more emergency", "%(count)d more emergencies", others) % {"count": others}
        )
    if found.total.overdue:
        rest.append(
            ngettext("%(count)d case is overdue", "%(count)d cases are overdue", found.total.overdue)
            % {"count": found.total.overdue}
        )
    return [*lines, " · ".join(rest)] if rest else lines


def _desk(moment: Moment) -> str:
    """How many wait for a person, and for how long where there is room to say it."""
    desk = moment.wall.desk
    if not desk or not _is_english():
        return desk_words(moment.wall, moment.at) if desk else ""
    return ngettext("%(count)d waits for a person", "%(count)d wait for a person", desk) % {"count": desk}


# --- the figures on the left ----------------------------------------------------------------------


def _figures(standing: Standing, moment: Moment) -> list[dict[str, Any]]:
    total = moment.wall.total
    received = moment.today["received"]
    return [
        {
            "name": _("Received today"),
            "figure": f"{received:,}",
            "unit": UNIT_WORDS["cases"],
            "note": _usual(moment.wall.today),
            "bars": bars([*standing.received, received]),
        },
        *(_judged(one, moment) for one in standing.judged),
        {
            "name": _("Overdue now"),
            "figure": f"{total.overdue:,}",
            "unit": _("of %(count)s open") % {"count": f"{total.open:,}"},
            "note": _where(moment.wall.parts) if total.overdue else _("everything is in time"),
            "state": "overdue" if total.overdue else "",
        },
    ]


def _is_english() -> bool:
    return (get_language() or "").startswith("en")


def _where(parts: list[walls.Part]) -> str:
    """布吉 6 · 平湖 3 · others 5; romanised names are three times as long, so only the worst is named."""
    late = sorted((part for part in parts if part.overdue and part.area), key=lambda part: -part.overdue)
    named = late[: 1 if _is_english() else 2]
    told = [f"{part_name(part)} {part.overdue}" for part in named]
    if others := sum(part.overdue for part in parts) - sum(part.overdue for part in named):
        told.append(_("others %(count)d") % {"count": others})
    return " · ".join(told)


def _usual(today: walls.Today) -> str:
    more = today.more_than_usual
    if more is None:
        return _("too few days to compare")
    words = _("%(share)s more than usual by now") if more >= 0 else _("%(share)s fewer than usual by now")
    return words % {"share": f"{abs(more) * 100:.0f}%"}


def _judged(one: Judged, moment: Moment) -> dict[str, Any]:
    """A figure of thirty days with its verdict in a word, the day's own value, and its line."""
    indicator = one.indicator
    scale = 100 if indicator.unit == "share" else 1
    now = value_of(indicator.code, moment.today, "elapsed")
    sign = "≤" if indicator.better == "low" else "≥"
    verdict, state = "", ""
    if one.meets is not None:
        verdict = pgettext("aim", "met") if one.meets else pgettext("aim", "missed")
        state = "on" if one.meets else "overdue"
    parts = []
    if one.target is not None:
        parts.append(_("aim %(target)s") % {"target": f"{sign} {one.target * scale:g}"})
    if one.value is not None and one.is_small:
        parts.append(_("○ fewer than {least}, not judged").format(least=SMALL))
    elif now is not None:
        parts.append(_("today %(value)s") % {"value": shown(indicator, now)})
    return {
        "name": indicator.name,
        "period": _("30 days"),
        "figure": shown(indicator, one.value),
        "unit": UNIT_WORDS[indicator.unit] if one.value is not None else "",
        "note": " · ".join(parts),
        "verdict": verdict,
        "verdict_state": state,
        "line": line(one.line, one.target),
    }


def line(values: Sequence[float | None], target: float | None) -> dict[str, Any] | None:
    """A small line with its target, as paths; nothing where there are fewer than two points."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    ends = [*known, *([target] if target is not None else [])]
    low, high = min(ends), max(ends)
    spread = high - low or abs(high) or 1.0

    def y(value: float) -> float:
        return round(LINE_HIGH - _EDGE - (value - low) / spread * (LINE_HIGH - 2 * _EDGE), 1)

    step = (LINE_WIDE - 2 * _EDGE) / (len(values) - 1)
    path, is_down = "", False
    last = (0.0, 0.0)
    for number, value in enumerate(values):
        if value is None:
            is_down = False
            continue
        last = (round(_EDGE + number * step, 1), y(value))
        path += f"{'L' if is_down else 'M'}{last[0]:g} {last[1]:g}"
        is_down = True
    return {
        "path": path,
        "x": last[0],
        "y": last[1],
        "target": y(target) if target is not None else None,
    }


def bars(values: Sequence[int]) -> list[dict[str, Any]]:
    """Days as bars from nought, today's marked: it is not over."""
    most = max(values, default=0)
    if not most:
        return []
    wide = LINE_WIDE / len(values)
    return [
        {
            "x": round(number * wide + 1, 1),
            "width": round(wide - 3, 1),
            "y": round(LINE_HIGH - value / most * LINE_HIGH, 1),
            "height": round(value / most * LINE_HIGH, 1),
            "is_today": number == len(values) - 1,
        }
        for number, value in enumerate(values)
    ]


# --- the picture and the lists --------------------------------------------------------------------


def _legend(found: walls.Wall) -> list[dict[str, Any]]:
    return [
        {"kind": "emergency", "label": pgettext("legend", "emergency"), "count": found.total.emergency},
        {"kind": "overdue", "label": pgettext("legend", "overdue"), "count": found.total.overdue},
        {"kind": "soon", "label": pgettext("legend", "due within 2 h"), "count": found.total.soon},
        {"kind": "fresh", "label": pgettext("legend", "new this hour"), "count": found.fresh},
    ]


def has_corner(drawing: Drawing) -> bool:
    """Is the upper left of the picture empty, so that the sentence can stand there and the land be larger?"""
    wide, high = drawing.width * _CORNER[0], drawing.height * _CORNER[1]
    points = (pair for shape in drawing.shapes for pair in _POINT.findall(shape.path))
    return not any(float(x) < wide and float(y) < high for x, y in points)


def _burning(case: Incident, moment: Moment) -> dict[str, Any]:
    at = moment.at
    fixed = "emergency" if case.urgency == Urgency.EMERGENCY else ""
    state = clock_state(case.clock_started_at, case.due_at, at, fixed=fixed) if case.due_at else "paused"
    left = share_left(case.clock_started_at, case.due_at, at) if case.due_at else 0.0
    told = words_for(case, moment.place)
    return {
        "key": f"clock-{case.pk}",
        "subject": told["what"],
        "where": told["where"],
        "unit": told["unit"],
        "status": case.get_status_display(),
        "due_at": case.due_at,
        "state": state,
        "label": clock_label(case),
        "left": round(left * 100),
    }


def _came(case: Incident, moment: Moment) -> dict[str, Any]:
    told = words_for(case, moment.place)
    return {
        "key": f"new-{case.pk}",
        "received_at": case.received_at,
        "subject": told["what"],
        "where": told["where"],
        "unit": told["unit"],
        "waits": case.status == "triage",
        "automatic": case.auto_dispatched,
    }


def _columns(tiles: int) -> int:
    """In how many columns the tiles stand; none where one row has room for all and their names."""
    if tiles > 12:
        return TILES // 2
    return 6 if _is_english() and tiles > 8 else 0


def _tiles(found: walls.Wall, standing: Standing) -> list[dict[str, Any]]:
    """The parts of the area by their load, with how they stand over thirty days."""
    most = max((part.open for part in found.parts), default=0)
    room = TILES if len(found.parts) <= TILES else TILES - 1
    words = {
        "better": _("faster"),
        "alike": pgettext("verdict", "level"),
        "slower": _("slower"),
        "small": pgettext("verdict of a tile", "few"),
    }
    tiles = [
        {
            "key": f"tile-{part.area.code if part.area else ''}",
            "name": part_name(part),
            "open": part.open,
            "overdue": part.overdue,
            "width": round(part.open / most * 100) if most else 0,
            "verdict": words.get(verdict, ""),
            "shape": _SHAPES.get(verdict, ""),
            "verdict_state": {"better": "on", "slower": "overdue"}.get(verdict, ""),
        }
        for part in found.parts[:room]
        for verdict in [standing.verdicts.get(part.area.code, "") if part.area else ""]
    ]
    if rest := found.parts[room:]:
        late = sum(part.overdue for part in rest)
        tiles.append(
            {
                "key": "tile-rest",
                "name": ngettext("%(count)d more", "%(count)d more", len(rest)) % {"count": len(rest)},
                "open": sum(part.open for part in rest),
                "overdue": late,
                "width": 0,
            }
        )
    return tiles


# --- the head -------------------------------------------------------------------------------------


def watches(moment: Moment) -> list[dict[str, Any]]:
    """At how many of the centres somebody is on duty; no names, for a wall is looked at by visitors."""
    labels = {
        CentreLevel.DISTRICT: pgettext("on duty", "district"),
        CentreLevel.STREET: pgettext("on duty", "streets"),
        CentreLevel.COMMUNITY: pgettext("on duty", "stations"),
    }
    return [
        {
            "label": labels[CentreLevel(one.level)],
            "on": one.on,
            "all": one.all,
            "state": "" if one.on >= one.all else "warned",
        }
        for one in moment.wall.watches
    ]


def day_words(at: datetime) -> str:
    """11月20日周五, or Fri 20 November: the script says it again when the day has changed."""
    day = at.astimezone(DISTRICT_ZONE).date()
    if _is_english():
        return f"{date_format(day, 'D')} {day.day} {date_format(day, 'F')}"
    return f"{day.month}月{day.day}日周{'一二三四五六日'[day.weekday()]}"
