"""A paper drawn as PDF, with a Chinese font inside: it looks the same wherever it is opened."""

import io
import re
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import TextMode, WrapMode, XPos, YPos
from PIL import Image

from incidents.models import Attachment
from incidents.papers import typeface
from incidents.papers.facts import Paper

_MARGIN = 18.0  # mm, like the rest
_WIDTH = 210 - 2 * _MARGIN
_TERM = 26.0
_INK, _MUTED, _LINE, _TINT = (26, 32, 44), (84, 96, 116), (214, 220, 230), (236, 242, 252)
_PICTURE_SIDE = 1000  # pixels: sharp on paper at this width
_PICTURE_HEIGHT = 58.0
_CHINESE = re.compile("[\u4e00-\u9fff]")


def draw(paper: Paper) -> bytes:
    """The PDF's bytes. A picture whose file is gone leaves its place out."""
    sheet = _Sheet(paper)
    sheet.add_page()
    _head(sheet, paper)
    _section(sheet, _("What was reported"))
    _words(sheet, paper.words)
    if paper.condition:
        _boxed(sheet, _("Closing condition"), paper.condition)
    if paper.outcome or paper.resolution:
        _section(sheet, _("What was done"))
        if paper.outcome:
            with sheet.bold():
                _words(sheet, paper.outcome)
        _words(sheet, paper.resolution)
    _pictures(sheet, paper)
    _reports(sheet, paper)
    _timeline(sheet, paper)
    return bytes(sheet.output())


class _Sheet(FPDF):
    """A4 with the case's number, the reader's name and the page on every page."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(format="A4")
        self.paper = paper
        self.set_margins(_MARGIN, 16, _MARGIN)
        self.set_auto_page_break(auto=True, margin=20)
        typeface.set_in(self, 10)
        self.set_title(paper.number)
        self.set_creator("Yiwang")
        self.set_creation_date(paper.taken_at)
        self.set_text_color(*_INK)
        self.set_draw_color(*_LINE)
        self.alias_nb_pages()

    def header(self) -> None:
        """Who took it away, across the page, too faint to read past."""
        with self.local_context(text_color=(243, 245, 249), font_size_pt=38):
            words = f"{self.paper.taken_by} {_stamp(self.paper.taken_at)}"
            with self.rotation(32, 105, 160):
                self.text(105 - self.get_string_width(words) / 2, 160, words)
        if self.page_no() > 1:
            self.set_xy(_MARGIN, 16)

    def footer(self) -> None:
        self.set_y(-14)
        with self.local_context(text_color=_MUTED, font_size_pt=8):
            told = _("%(number)s · taken by %(name)s, %(at)s · personal data masked") % {
                "number": self.paper.number,
                "name": self.paper.taken_by,
                "at": _stamp(self.paper.taken_at),
            }
            self.cell(_WIDTH - 20, 5, told)
            self.cell(20, 5, f"{self.page_no()} / {{nb}}", align="R")

    def bold(self):  # type: ignore[no-untyped-def]  # fpdf's own context manager
        """The font has one weight: a line around each letter makes another."""
        return self.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.22, draw_color=_INK)


def _wrap(words: str) -> WrapMode:
    """Chinese breaks between any two characters; Latin words stay whole."""
    return WrapMode.CHAR if _CHINESE.search(words) else WrapMode.WORD


def _stamp(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def _head(sheet: _Sheet, paper: Paper) -> None:
    with sheet.bold(), sheet.local_context(font_size_pt=18):
        sheet.cell(_WIDTH - 60, 11, _("Case sheet"))
        sheet.cell(60, 11, paper.status, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    with sheet.local_context(text_color=_MUTED):
        line = " · ".join([paper.number, *paper.tags])
        sheet.multi_cell(_WIDTH, 6, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(2)
    _rule(sheet)
    for term, value in paper.rows:
        top = sheet.get_y()
        with sheet.local_context(text_color=_MUTED):
            sheet.cell(_TERM, 6, term)
        shown = _stamp(value) if isinstance(value, datetime) else value
        sheet.set_xy(_MARGIN + _TERM, top)
        sheet.multi_cell(
            _WIDTH - _TERM, 6, shown, wrapmode=_wrap(shown), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
    sheet.ln(1)


def _rule(sheet: _Sheet) -> None:
    sheet.line(_MARGIN, sheet.get_y(), _MARGIN + _WIDTH, sheet.get_y())
    sheet.ln(2.5)


def _section(sheet: _Sheet, title: str, *, room: float = 24) -> None:
    """A heading that never stands alone at the foot of a page."""
    if sheet.will_page_break(room):
        sheet.add_page()
    sheet.ln(2)
    with sheet.bold(), sheet.local_context(font_size_pt=12):
        sheet.cell(_WIDTH, 8, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    _rule(sheet)


def _words(sheet: _Sheet, words: str) -> None:
    if words:
        sheet.multi_cell(
            _WIDTH, 6, words, wrapmode=_wrap(words), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L"
        )


def _boxed(sheet: _Sheet, term: str, words: str) -> None:
    sheet.ln(2)
    with sheet.local_context(fill_color=_TINT):
        sheet.multi_cell(
            _WIDTH,
            7,
            f"{term}  {words}",
            fill=True,
            padding=(1, 3),
            wrapmode=_wrap(words),
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
            align="L",
        )


def _pictures(sheet: _Sheet, paper: Paper) -> None:
    """Two beside each other, each with what it shows and when it was taken."""
    shown = [(one, small) for one in paper.pictures if (small := _smaller(one)) is not None]
    if not shown:
        return
    _section(sheet, _("Pictures"), room=_PICTURE_HEIGHT + 22)
    wide = (_WIDTH - 6) / 2
    for start in range(0, len(shown), 2):
        if sheet.will_page_break(_PICTURE_HEIGHT + 8):
            sheet.add_page()
        top = sheet.get_y()
        for column, (one, picture) in enumerate(shown[start : start + 2]):
            left = _MARGIN + column * (wide + 6)
            sheet.image(picture, left, top, wide, _PICTURE_HEIGHT, keep_aspect_ratio=True)
            sheet.set_xy(left, top + _PICTURE_HEIGHT + 0.5)
            with sheet.local_context(text_color=_MUTED, font_size_pt=8):
                taken = one.taken_at or one.uploaded_at
                sheet.cell(wide, 5, f"{one.get_stage_display()} · {_stamp(taken)}")
        sheet.set_xy(_MARGIN, top + _PICTURE_HEIGHT + 8)


def _smaller(attachment: Attachment) -> Image.Image | None:
    try:
        with attachment.file.open("rb") as handle:
            picture = Image.open(io.BytesIO(handle.read()))
            picture.draft("RGB", (_PICTURE_SIDE, _PICTURE_SIDE))
            picture.load()
    except OSError:
        return None
    picture.thumbnail((_PICTURE_SIDE, _PICTURE_SIDE))
    return picture.convert("RGB")


def _reports(sheet: _Sheet, paper: Paper) -> None:
    _section(sheet, _("Reports"))
    for said in paper.reports:
        with sheet.local_context(text_color=_MUTED, font_size_pt=9):
            line = " · ".join((said.source, _stamp(said.at), said.who))
            sheet.cell(_WIDTH, 5.5, line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        if said.words != paper.words:
            _words(sheet, said.words)
    if paper.reports_more:
        with sheet.local_context(text_color=_MUTED):
            _words(sheet, _("and %(count)d more") % {"count": paper.reports_more})


def _timeline(sheet: _Sheet, paper: Paper) -> None:
    _section(sheet, _("What happened"))
    for line in paper.lines:
        if sheet.will_page_break(12):
            sheet.add_page()
        top = sheet.get_y()
        with sheet.local_context(text_color=_MUTED, font_size_pt=9):
            sheet.cell(34, 6, _stamp(line.at))
        sheet.set_xy(_MARGIN + 34, top)
        said = f"{line.words}  {line.who}" if line.who else line.words
        sheet.multi_cell(
            _WIDTH - 34, 6, said, wrapmode=_wrap(said), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L"
        )
        if line.note:
            sheet.set_x(_MARGIN + 34)
            with sheet.local_context(text_color=_MUTED):
                sheet.multi_cell(
                    _WIDTH - 34,
                    5.5,
                    line.note,
                    wrapmode=_wrap(line.note),
                    new_x=XPos.LMARGIN,
                    new_y=YPos.NEXT,
                    align="L",
                )
