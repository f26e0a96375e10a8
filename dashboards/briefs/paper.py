"""A brief on one A4 page, as PDF with its Chinese font inside; it must survive a black-and-white printer."""

import logging
import re
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import TextMode

from dashboards.briefs import drawing, shown
from dashboards.briefs.drawing import Shape
from dashboards.briefs.shown import Sheet
from dashboards.models import Brief, BriefEdition, BriefEntry, BriefPaper
from incidents.models import Text
from incidents.papers import typeface

log = logging.getLogger(__name__)

_LEFT: Final = 13.2
_WIDTH: Final = 210 - 2 * _LEFT
_BOTTOM: Final = 297 - 9.0
_GAP: Final = 5.6  # between the two columns
_HALF: Final = (_WIDTH - _GAP) / 2
# Chinese needs about 1.6 of its size from line to line; what does not fit is set smaller, then tighter.
_SIZES: Final = (1.0, 0.93, 0.87, 0.81, 0.75)
# What leaves a third of the page empty is set larger.
_LARGER: Final = (1.18, 1.1)
# What a line is broken between: a Chinese letter or a run of others, with the punctuation that belongs to it.
_OPENING, _CLOSING = "（《“‘「【(", "，。、；：！？）》”’」】…,.;:!?)%"
_PIECES: Final = re.compile(
    rf"[{re.escape(_OPENING)}]*(?:[⺀-鿿豈-﫿]|[^\s⺀-鿿豈-﫿]+?(?=[⺀-鿿豈-﫿\s]|$)|\s)[{re.escape(_CLOSING)}]*\s*"
)
Colour = tuple[int, int, int]
_INK: Final[Colour] = (27, 36, 48)
_MUTED: Final[Colour] = (86, 101, 121)
_LINE: Final[Colour] = (206, 213, 222)
_TONES: Final[dict[str, Colour]] = {
    "ink": _INK,
    "muted": _MUTED,
    "line": _LINE,
    "primary": (26, 85, 190),
    "worse": (179, 38, 30),
    "on": (16, 105, 63),
    "overdue": (179, 38, 30),
    "paused": _MUTED,
    "": _INK,
}


def draw(sheet: Sheet, *, at: datetime) -> bytes:
    """The PDF's bytes; the same sheet always gives the same."""
    for size in _SIZES:
        page = _Page(size, sheet.title, at)
        if page.lay_out(sheet) <= _BOTTOM:
            break
    else:
        # Fields are bounded so that it fits; where it does not, somebody should know before it is printed.
        log.warning("the brief %r runs off its page", sheet.title)
    if page.size == _SIZES[0]:
        for larger in _LARGER:
            if page.ended * larger > _BOTTOM - 12:
                continue
            other = _Page(larger, sheet.title, at)
            if other.lay_out(sheet) <= _BOTTOM:
                page = other
                break
    return bytes(page.output())


def of_edition(edition: BriefEdition) -> bytes:
    """The paper of an edition in the active language, kept until a sentence in it is erased."""
    language = get_language() or settings.LANGUAGE_CODE
    kept = BriefPaper.objects.filter(edition=edition, language=language).first()
    while kept is None:
        erased = _erased_of(edition)
        body = draw(shown.of_edition(edition.brief, edition), at=edition.at)
        with transaction.atomic():
            # What somebody erased while it was drawn would stand on it for good: then it is drawn again.
            # Held, a sentence is erased before this or after it; after it the paper goes too.
            if _erased_of(edition, hold=True) == erased:
                # Whoever drew the same meanwhile was first.
                kept, _created = BriefPaper.objects.get_or_create(
                    edition=edition, language=language, defaults={"body": body}
                )
    return bytes(kept.body)


def _erased_of(edition: BriefEdition, *, hold: bool = False) -> list[int]:
    """Which of the sentences on its paper are erased; held until the transaction ends."""
    entries = BriefEntry.objects.filter(edition=edition)
    rows = entries.values_list("words", "cause", "advice", "follows__words")
    said = {pk for row in [*rows, (edition.note_id,)] for pk in row if pk is not None}
    texts = Text.objects.filter(pk__in=said).order_by("pk")
    if hold:
        texts = texts.select_for_update(no_key=True)
    return [text.pk for text in texts if text.erased_at is not None]


def file_name(brief: Brief, edition: BriefEdition | None, ending: str) -> str:
    """A name that every system's files can have."""
    whom = f"-{brief.code.replace('/', '-')}" if brief.code else ""
    number = f"-r{edition.number}" if edition and edition.number else ""
    days = f"{brief.first:%Y-%m}" if brief.kind == "month" else f"{brief.first:%G-W%V}"
    return f"brief-{days}{whom}{number}.{ending}"


class _Page(FPDF):
    """One page; `size` scales type and lines together."""

    def __init__(self, size: float, title: str, at: datetime) -> None:
        super().__init__(format="A4")
        self.size = size
        self.ended = 0.0  # where what is above the foot ends, in mm
        self.set_margins(_LEFT, 10, _LEFT)
        self.set_auto_page_break(auto=False)
        self.c_margin = 0.0  # words begin where lines begin
        typeface.set_in(self, 9)
        self.set_title(title)
        self.set_creator("Yiwang")
        self.set_creation_date(at)
        self.set_lang(get_language() or "zh-hans")
        self.add_page()

    # --- words ------------------------------------------------------------------------------------

    def put(
        self,
        x: float,
        y: float,
        width: float,
        words: str,
        *,
        size: float = 9,
        tone: str = "ink",
        bold: bool = False,
        align: str = "L",
        leading: float = 1.52,
    ) -> float:
        """Write a paragraph; answers where it ends, in mm."""
        if not words:
            return y
        points = size * self.size
        height = points * 0.3528 * leading
        style: dict[str, Any] = {"text_color": _TONES[tone], "font_size_pt": points}
        if bold:  # the font has one weight: a line around each letter makes another
            style |= {"text_mode": TextMode.FILL_STROKE, "line_width": 0.12, "draw_color": _TONES[tone]}
        with self.local_context(**style):
            for line in self._lines(words, width):
                self.set_xy(x, y)
                self.cell(width, height, line, align=align)
                y += height
        return y

    def _lines(self, words: str, width: float) -> list[str]:
        """The lines of a paragraph in the font that is set: numbers and Latin words stay whole, and no line
        begins with a comma (避头尾)."""
        lines, line = [], ""
        for piece in _PIECES.findall(" ".join(words.split())):
            for part in self._parts(piece, width):
                if line and self.get_string_width(line + part.rstrip()) > width:
                    lines.append(line.rstrip())
                    line = part.lstrip()
                else:
                    line += part
        return [*lines, line.rstrip()]

    def _parts(self, piece: str, width: float) -> list[str]:
        """A piece that is wider than a whole line is broken where it must be."""
        if self.get_string_width(piece.rstrip()) <= width:
            return [piece]
        parts = [""]
        for letter in piece:
            if parts[-1] and self.get_string_width(parts[-1] + letter) > width:
                parts.append("")
            parts[-1] += letter
        return parts

    def rule(
        self, y: float, *, weight: float = 0.2, tone: str = "line", x: float = _LEFT, width: float = _WIDTH
    ) -> None:
        with self.local_context(draw_color=_TONES[tone], line_width=weight):
            self.line(x, y, x + width, y)

    # --- the page ---------------------------------------------------------------------------------

    def lay_out(self, sheet: Sheet) -> float:
        """Everything from top to bottom; answers where it ends, in mm."""
        y = self._head(sheet)
        y = self._verdict(sheet, y)
        y = self._indicators(sheet, y)
        y = self._charts(sheet, y)
        y = self._problems(sheet, y)
        y = self._outcome(sheet, y)
        y = self.ended = self._decision(sheet, y)
        return self._foot(sheet, y)

    def _head(self, sheet: Sheet) -> float:
        wide = _WIDTH * 0.53
        left = self.put(_LEFT, 11, wide, sheet.title, size=17, bold=True, leading=1.25)
        left = self.put(_LEFT, left + 0.6, wide, f"{sheet.period} · {sheet.serial}", tone="muted")
        x = _LEFT + wide
        right = self.put(x, 14, _WIDTH - wide, sheet.office, size=8.5, tone="muted", align="R")
        right = self.put(x, right, _WIDTH - wide, sheet.dated, size=8.5, tone="muted", align="R")
        y = max(left, right) + 1.6
        if sheet.edition:
            y = self.put(_LEFT, y, _WIDTH, sheet.edition, tone="overdue", bold=True) + 1
        self.rule(y, weight=0.55, tone="ink")
        return y + 2.6

    def _verdict(self, sheet: Sheet, y: float) -> float:
        return self.put(_LEFT, y, _WIDTH, sheet.verdict_line, size=11.5, bold=True, leading=1.5) + 1.8

    def _indicators(self, sheet: Sheet, y: float) -> float:
        year = (21.0,) if sheet.has_year else ()
        # Without a year before, the names take its room.
        widths = (62.0 if year else 76.0, 21.0, 21.0, 21.0, *year, _WIDTH - (146 if year else 139))
        named = (_("A year before"),) if sheet.has_year else ()
        heads = ("", sheet.heads[0], _("Target"), sheet.heads[1], *named, _("Judgement"))
        y = self._cells(y, widths, heads, tone="muted", size=8.5)
        self.rule(y, weight=0.3, tone="ink")
        for row in sheet.rows:
            name = f"{row.name}（{row.unit}）" if row.unit and _is_chinese() else _named(row.name, row.unit)
            top = y + 0.6
            base = _("{base} cases").format(base=row.base)
            end = self.put(_LEFT, top, widths[0], f"{name} · {base}")
            x = _LEFT + widths[0]
            cells = [(row.now, True), (row.target, False), (row.before, False)]
            if sheet.has_year:
                cells.append((row.year, False))
            for width, (words, bold) in zip(widths[1:-1], cells, strict=True):
                self.put(x, top, width - 2, words, align="R", bold=bold)
                x += width
            end = max(
                end,
                self.put(
                    x, top, widths[-1], row.verdict, tone=row.state, align="R", bold=row.state == "overdue"
                ),
            )
            y = end + 0.6
            self.rule(y)
        return y + 2.8

    def _cells(
        self, y: float, widths: tuple[float, ...], words: tuple[str, ...], *, tone: str, size: float
    ) -> float:
        x, end = _LEFT, y
        for number, (width, word) in enumerate(zip(widths, words, strict=True)):
            last = number == len(widths) - 1
            end = max(
                end,
                self.put(
                    x,
                    y,
                    width if number in (0, len(widths) - 1) else width - 2,
                    word,
                    tone=tone,
                    size=size,
                    align="L" if not number else "R" if last or number else "L",
                ),
            )
            x += width
        return end + 0.6

    def _charts(self, sheet: Sheet, y: float) -> float:
        right = _LEFT + _HALF + _GAP
        top = max(
            self.put(_LEFT, y, _HALF, sheet.line_title, size=10.5, bold=True, leading=1.35),
            self.put(right, y, _HALF, sheet.places_title, size=10.5, bold=True, leading=1.35),
        )
        top += 1.2
        for x, shapes in ((_LEFT, sheet.line), (right, sheet.places)):
            if not shapes:
                self.put(x, top + 4, _HALF, _("Too few cases to draw."), tone="muted")
            for shape in shapes:
                self._shape(shape, x, top)
        end = top + drawing.HEIGHT + 0.8
        if sheet.places:
            self.put(right, end, _HALF, sheet.places_note, size=7, tone="muted", leading=1.3)
        return end + 7.4

    def _shape(self, shape: Shape, left: float, top: float) -> None:
        tone = _TONES[shape.tone]
        points = [(left + x, top + y) for x, y in shape.points]
        with self.local_context(draw_color=tone, fill_color=tone, line_width=shape.weight):
            if shape.kind == "line":
                if shape.dashed:
                    self.set_dash_pattern(dash=1.1, gap=0.9)
                for start, end in pairwise(points):
                    self.line(*start, *end)
                if shape.dashed:
                    self.set_dash_pattern()
            elif shape.kind == "dot":
                self.circle(x=points[0][0], y=points[0][1], radius=shape.weight, style="F")
            elif shape.kind in ("diamond", "triangle"):
                self.polygon([(left + x, top + y) for x, y in shape.corners], style="F")
        if shape.kind == "text":
            style: dict[str, Any] = {"text_color": tone, "font_size_pt": 8.2}
            if shape.bold:
                style |= {"text_mode": TextMode.FILL_STROKE, "line_width": 0.1, "draw_color": tone}
            with self.local_context(**style):
                width = self.get_string_width(shape.words)
                back = {"start": 0.0, "middle": width / 2, "end": width}[shape.anchor]
                self.text(points[0][0] - back, points[0][1], shape.words)

    def _problems(self, sheet: Sheet, y: float) -> float:
        y = self.put(_LEFT, y, _WIDTH, sheet.problems_title, size=10.5, bold=True, leading=1.35) + 0.8
        if not sheet.problems:
            return self.put(_LEFT, y, _WIDTH, sheet.no_problem, tone="muted") + 2.8
        is_long = sheet.has_advice
        widths = (50.0, 46.0, 52.0, _WIDTH - 148) if is_long else (_WIDTH - 60, 60.0)
        heads = (
            (_("Problem"), _("Cause"), _("Advice"), _("Who, by when"))
            if is_long
            else (_("Problem"), _("Who, by when"))
        )
        x = _LEFT
        for width, head in zip(widths, heads, strict=True):
            end = self.put(x, y, width, head, size=8.5, tone="muted")
            x += width
        y = end + 0.4
        self.rule(y, weight=0.3, tone="ink")
        for line in sheet.problems:
            top, x = y + 0.8, _LEFT
            first = self.put(x, top, widths[0] - 3, line.name, bold=True, leading=1.4)
            if line.place:
                first = self.put(x, first, widths[0] - 3, line.place, size=8, tone="muted", leading=1.4)
            first = self.put(x, first, widths[0] - 3, line.measured, size=8.5, tone=line.state, leading=1.4)
            x += widths[0]
            said = (line.cause, line.advice) if is_long else ()
            ends = [first]
            for width, words in zip(widths[1:-1], said, strict=True):
                ends.append(self.put(x, top, width - 3, words or "—", leading=1.4))
                x += width
            last = self.put(x, top, widths[-1], line.unit or "—", leading=1.4)
            ends.append(self.put(x, last, widths[-1], line.due, leading=1.4))
            y = max(ends) + 0.8
            self.rule(y)
        return y + 2.8

    def _outcome(self, sheet: Sheet, y: float) -> float:
        if not sheet.followed and not sheet.outlook:
            return y
        both = bool(sheet.followed and sheet.outlook)
        width = _HALF if both else _WIDTH
        left = y
        if sheet.followed:
            left = self.put(_LEFT, y, width, sheet.followed_title, size=10.5, bold=True, leading=1.35) + 0.6
            for line in sheet.followed:
                said = " · ".join(part for part in (line.name, line.stage, line.came, line.words) if part)
                self.put(_LEFT, left, 5, line.mark, bold=True, leading=1.4)
                left = self.put(_LEFT + 5, left, width - 5, said, tone="ink", leading=1.4) + 0.3
        right = y
        if sheet.outlook:
            x = _LEFT + _HALF + _GAP if both else _LEFT
            right = self.put(x, y, width, _("What is coming"), size=10.5, bold=True, leading=1.35) + 0.6
            right = self.put(x, right, width, sheet.outlook, leading=1.45)
        return max(left, right) + 2.6

    def _decision(self, sheet: Sheet, y: float) -> float:
        if not sheet.decision:
            return y
        label, inside = 24.0, _WIDTH - 24 - 8
        top = y + 2.4
        end = self.put(_LEFT + label + 4, top, inside, sheet.decision, size=9.5, leading=1.5)
        self.put(
            _LEFT + 4,
            (top + end) / 2 - 2.6 * self.size,
            label,
            _("You decide"),
            size=10.5,
            bold=True,
            leading=1.3,
        )
        end += 2.2
        with self.local_context(draw_color=_INK, line_width=0.4):
            self.rect(_LEFT, y, _WIDTH, end - y, round_corners=True, corner_radius=1.6)
        return end + 3

    def _foot(self, sheet: Sheet, y: float) -> float:
        """At the foot of the page, wherever the rest has ended."""
        points = 7 * self.size
        with self.local_context(font_size_pt=points):
            lines = len(self._lines(sheet.foot, _WIDTH - 36))
        top = max(y, _BOTTOM - lines * points * 0.3528 * 1.45 - 1.6)
        self.rule(top)
        end = self.put(_LEFT, top + 1.2, _WIDTH - 36, sheet.foot, size=7, tone="muted", leading=1.45)
        self.put(
            _LEFT + _WIDTH - 34,
            top + 1.2,
            34,
            f"{sheet.period}",
            size=7,
            tone="muted",
            align="R",
            leading=1.45,
        )
        return end


def _named(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _is_chinese() -> bool:
    return not (get_language() or "").startswith("en")
