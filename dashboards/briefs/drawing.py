"""The two charts of a brief as plain shapes, in millimetres: the page draws them as SVG, the paper as PDF.

One geometry for both, so that screen and paper show the same. Shape doubles colour: what is slower is a
diamond, what is faster a triangle, and the word stands beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dashboards.briefs import wording
from dashboards.indicators import BY_CODE, UNIT_WORDS

WIDTH: Final = 89.0
HEIGHT: Final = 47.0
_TEXT: Final = 3.2  # mm, about 9 pt
_PLACES_MOST: Final = 11
_NAME_WIDTH: Final = 13

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """One line, mark or word."""

    kind: str  # line, dot, diamond, triangle, text
    points: tuple[Point, ...]
    tone: str = "ink"  # ink, muted, line, primary, worse
    words: str = ""
    anchor: str = "start"  # start, middle, end
    weight: float = 0.3
    dashed: bool = False
    bold: bool = False

    @property
    def path(self) -> str:
        """The points as SVG writes them."""
        return " ".join(f"{x:.2f},{y:.2f}" for x, y in self.points)

    @property
    def x(self) -> float:
        return round(self.points[0][0], 2)

    @property
    def y(self) -> float:
        return round(self.points[0][1], 2)

    @property
    def mark(self) -> str:
        """The corners of a diamond or a triangle around its point."""
        (x, y), r = self.points[0], 1.5
        corners = (
            ((x, y - r), (x + r, y), (x, y + r), (x - r, y))
            if self.kind == "diamond"
            else ((x, y - r), (x + r, y + r * 0.8), (x - r, y + r * 0.8))
        )
        return " ".join(f"{a:.2f},{b:.2f}" for a, b in corners)

    @property
    def corners(self) -> list[Point]:
        return [(float(a), float(b)) for a, b in (pair.split(",") for pair in self.mark.split(" "))]


def line(figures: Mapping[str, Any], kind: str, target: float | None) -> list[Shape]:
    """Handling time over the weeks or months, against its target."""
    steps = figures["line"]["steps"]
    values = [(number, step["handle_mean"]) for number, step in enumerate(steps)]
    known = [value for _number, value in values if value is not None]
    if not known:
        return []
    ends = [*known, *([target] if target is not None else [])]
    low, high = min(ends), max(ends)
    margin = (high - low) * 0.18 or 0.5
    low, high = max(0.0, low - margin), high + margin
    left, right, top, bottom = 2.0, WIDTH - 21.0, 4.0, HEIGHT - 7.0

    def at(number: int, value: float) -> Point:
        across = left + (right - left) * (number / (len(steps) - 1) if len(steps) > 1 else 1.0)
        return across, bottom - (bottom - top) * (value - low) / (high - low)

    shapes = [Shape("line", ((left, bottom), (right, bottom)), "line", weight=0.2)]
    labels: list[tuple[float, str, str, bool]] = []
    if target is not None:
        y = at(0, target)[1]
        shapes.append(Shape("line", ((left, y), (right, y)), "muted", dashed=True, weight=0.25))
        labels.append((y, _("Target {value}").format(value=f"{target:g}"), "muted", False))
    shapes += [
        Shape("line", tuple(at(*point) for point in piece), "primary", weight=0.6)
        for piece in _pieces(values)
    ]
    first, last = next(v for v in values if v[1] is not None), [v for v in values if v[1] is not None][-1]
    unit = UNIT_WORDS[BY_CODE["handle_mean"].unit]
    shapes.append(Shape("dot", (at(*last),), "primary", weight=1.1))
    labels.append((at(*last)[1], f"{last[1]:.2f} {unit}", "primary", True))
    if first != last:
        x, y = at(*first)
        shapes.append(Shape("dot", ((x, y),), "primary", weight=0.8))
        above = min(y, *(at(*point)[1] for point in _beside(values, first[0], len(steps))))
        shapes.append(Shape("text", ((x, max(top, above - 2.0)),), "ink", f"{first[1]:.2f} {unit}"))
    for y, words, tone, bold in _apart(labels):
        shapes.append(Shape("text", ((right + 2.2, y + 1.1),), tone, words, bold=bold))
    for number in sorted({0, len(steps) // 2 if len(steps) > 4 else 0, len(steps) - 1}):
        x = at(number, low)[0]
        anchor = "start" if number == 0 else "end" if number == len(steps) - 1 else "middle"
        label = wording.step_label(kind, date.fromisoformat(steps[number]["first"]))
        shapes.append(Shape("text", ((x, bottom + 4.6),), "muted", label, anchor))
    return shapes


def _beside(values: Sequence[tuple[int, float | None]], first: int, steps: int) -> list[tuple[int, float]]:
    """The points over which the first one's label lies: about a fifth of the line."""
    reach = first + max(1, round((steps - 1) * 0.2))
    return [(number, value) for number, value in values if first <= number <= reach and value is not None]


def _pieces(values: Sequence[tuple[int, float | None]]) -> list[list[tuple[int, float]]]:
    """The line, broken where a step has nothing."""
    pieces: list[list[tuple[int, float]]] = [[]]
    for number, value in values:
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((number, value))
    return [piece for piece in pieces if len(piece) > 1]


def _apart(labels: list[tuple[float, str, str, bool]]) -> list[tuple[float, str, str, bool]]:
    """The labels beside the line, moved until none lies on another."""
    labels = sorted(labels)
    if len(labels) == 2 and labels[1][0] - labels[0][0] < _TEXT + 0.8:
        push = (_TEXT + 0.8 - (labels[1][0] - labels[0][0])) / 2
        labels = [(labels[0][0] - push, *labels[0][1:]), (labels[1][0] + push, *labels[1][1:])]
    return labels


def chosen(places: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The places that are drawn: those that differ first, then the level ones, in the league's order; where
    there is room, those that are not judged."""
    judged = [row for row in places if row["verdict"] != "small" and row["half"] is not None]
    if not judged:
        return []
    apart = [row for row in judged if row["verdict"] != "alike"]
    keep = {
        row["code"] for row in [*apart, *(row for row in judged if row["verdict"] == "alike")][:_PLACES_MOST]
    }
    drawn = sorted((row for row in judged if row["code"] in keep), key=_middle)
    # Those with too few cases stand below, as a mark without an interval, as far as there is room.
    few = [row for row in places if row not in judged and row["mean"] is not None]
    return [*drawn, *sorted(few, key=lambda row: (-row["handled"], row["code"]))[: _PLACES_MOST - len(drawn)]]


def _is_few(row: Mapping[str, Any]) -> bool:
    return row["verdict"] == "small" or row["half"] is None


def _middle(row: Mapping[str, Any]) -> float:
    value = row["adjusted"] if row["adjusted"] is not None else row["mean"]
    return float(value or 0.0)


def places(figures: Mapping[str, Any], names: Mapping[str, str], whole_name: str) -> list[Shape]:
    """Each place's handling time with its 95 % interval, against the whole."""
    rows = chosen(figures["places"])
    whole = figures["whole"]
    if not rows or whole is None:
        return []
    judged = [row for row in rows if not _is_few(row)]
    ends = [
        whole,
        *(_middle(row) - row["half"] for row in judged),
        *(_middle(row) + row["half"] for row in judged),
        # one case that took a month would leave the others no room
        *(min(_middle(row), 2 * whole) for row in rows),
    ]
    low, high = min(ends), max(ends)
    margin = (high - low) * 0.05 or 0.5
    low, high = max(0.0, low - margin), high + margin
    left, right, top = 23.0, WIDTH - 21.0, 6.0
    pitch = min(4.6, (HEIGHT - top - 1.0) / len(rows))

    def across(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    foot = top + pitch * len(rows)
    called = _without_ending({row["code"]: names.get(row["code"], row["code"]) for row in rows})
    x = across(whole)
    shapes = [
        Shape("line", ((x, top - 1.4), (x, foot)), "muted", dashed=True, weight=0.25),
        Shape(
            "text",
            ((min(max(x, left + 10), right - 6), top - 2.4),),
            "muted",
            f"{whole_name} {whole:.2f}",
            "middle",
        ),
    ]
    marks = {"slower": "diamond", "better": "triangle"}
    for number, row in enumerate(rows):
        y = top + pitch * (number + 0.5)
        tone = "worse" if row["verdict"] == "slower" else "primary"
        middle = min(_middle(row), high)
        if _is_few(row):
            shapes += [
                Shape("text", ((0.0, y + 1.1),), "muted", _short(called[row["code"]])),
                Shape("dot", ((across(middle), y),), "muted", weight=0.8),
                Shape("text", ((WIDTH, y + 1.1),), "muted", f"{_middle(row):.2f} ○", "end"),
            ]
            continue
        shapes += [
            Shape("text", ((0.0, y + 1.1),), "ink", _short(called[row["code"]])),
            Shape(
                "line",
                ((across(middle - row["half"]), y), (across(middle + row["half"]), y)),
                tone,
                weight=0.5,
            ),
            Shape(marks.get(row["verdict"], "dot"), ((across(middle), y),), tone, weight=1.1),
            Shape(
                "text",
                ((WIDTH, y + 1.1),),
                "worse" if row["verdict"] == "slower" else "ink",
                f"{middle:.2f} {wording.verdict_of(row)}",
                "end",
                bold=row["verdict"] == "slower",
            ),
        ]
    return shapes


def _without_ending(names: dict[str, str]) -> dict[str, str]:
    """Names without what all of them end with: 街道, Subdistrict, 社区."""
    ending = next(iter(names.values()), "") if len(names) > 1 else ""
    while ending and not all(name.endswith(ending) for name in names.values()):
        ending = ending[1:]
    if " " in ending:
        ending = ending[ending.index(" ") :]
    elif ending.isascii():  # letters that happen to be the same
        ending = ""
    if not ending or any(name == ending for name in names.values()):
        return names
    return {code: name.removesuffix(ending) for code, name in names.items()}


def _short(name: str) -> str:
    """What fits beside the scale: a Chinese letter is as wide as two others."""
    width, kept = 0, ""
    for letter in name:
        width += 2 if letter > "\u2e7f" else 1
        if width > _NAME_WIDTH:
            return f"{kept.rstrip()}…"
        kept += letter
    return kept


def places_note(figures: Mapping[str, Any], whole_name: str) -> str:
    """How to read it, and what is not drawn."""
    drawn, there = len(chosen(figures["places"])), len(figures["places"])
    note = (
        _("days on the same mix of matters; bar: interval of 95 %; one that meets the dashed line is level")
        if figures["is_adjusted"]
        else _("days; bar: interval of 95 %; one that meets the dashed line is level")
    )
    if there > drawn:
        note += " · " + pgettext("places that a chart leaves out", "{count} more not drawn").format(
            count=there - drawn
        )
    return note
