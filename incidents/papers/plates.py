"""Plates and labels of printed codes as PDF: A4, black on white, the squares drawn as lines that any printer
keeps sharp. Plates speak Chinese, with a line of English: they hang where everybody passes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import segno
from django.utils import timezone
from fpdf import FPDF
from fpdf.enums import TextMode, WrapMode

from incidents.papers import typeface

_MARGIN = 18.0  # mm
_WIDTH = 210 - 2 * _MARGIN
_INK, _SOFT, _TINT = (17, 17, 17), (60, 60, 60), (236, 236, 236)
_CODE_SIDE = 84.0  # with its quiet zone of four squares
_LABEL_COLUMNS, _LABEL_ROWS = 3, 4
_LABEL_WIDTH, _LABEL_HEIGHT, _LABEL_CODE = 62.0, 66.0, 40.0
_STEPS = (
    ("扫码", "微信、相机都行，免注册"),
    ("说一句话", "地点已填好，不用选类别"),
    ("看着它办完", "没修好，可以提出异议"),
)
_CALLS = (("119", "火警"), ("120", "急救"), ("110", "报警"), ("12345", "不会用手机"))


@dataclass(frozen=True, slots=True)
class Plate:
    """One code: where its link leads, how it is typed, and what it hangs on."""

    url: str
    shown: str
    name: str
    kind: str = ""


def draw_plates(plates: Sequence[Plate], *, as_labels: bool, look_up: str, owner: str, at: datetime) -> bytes:
    """The PDF's bytes: a page for each plate, or twelve labels on a page. Without plates one empty page."""
    sheet = FPDF(format="A4")
    sheet.set_auto_page_break(auto=False)
    sheet.set_margins(_MARGIN, _MARGIN, _MARGIN)
    typeface.set_in(sheet, 12)
    sheet.set_title(owner)
    sheet.set_creator("Yiwang")
    sheet.set_creation_date(at)
    sheet.set_text_color(*_INK)
    sheet.set_draw_color(*_INK)
    if not plates:
        sheet.add_page()
    for index, plate in enumerate(plates):
        if as_labels:
            place = index % (_LABEL_COLUMNS * _LABEL_ROWS)
            if place == 0:
                sheet.add_page()
            _label(sheet, plate, place)
        else:
            sheet.add_page()
            _plate(sheet, plate, look_up=look_up, foot=f"{owner} · {timezone.localtime(at):%Y-%m}")
    return bytes(sheet.output())


def _plate(sheet: FPDF, plate: Plate, *, look_up: str, foot: str) -> None:
    _line(sheet, 20, "看到问题，扫一下", size=40, bold=True)
    _line(sheet, 40, "20 秒说完，马上知道归谁办、几时办好", size=16)
    _line(sheet, 50, "Scan to report a problem. English inside.", size=12, colour=_SOFT)
    _code(sheet, plate.url, x=_MARGIN, y=64, side=_CODE_SIDE, framed=True)
    for index, (what, how) in enumerate(_STEPS):
        top, left = 68 + index * 28, _MARGIN + _CODE_SIDE + 10
        with sheet.local_context(fill_color=_INK, text_color=(255, 255, 255), font_size_pt=15):
            sheet.ellipse(left, top, 10, 10, style="F")
            sheet.set_xy(left, top)
            sheet.cell(10, 10, str(index + 1), align="C")
        _line(sheet, top - 1, what, size=18, bold=True, left=left + 14)
        _line(sheet, top + 9, how, size=11, left=left + 14)
    sheet.set_line_width(0.8)
    sheet.line(_MARGIN, 156, 210 - _MARGIN, 156)
    _line(sheet, 162, "您现在在", size=12, colour=_SOFT)
    with sheet.local_context(font_size_pt=22), _bold(sheet):
        sheet.set_xy(_MARGIN, 169)
        sheet.multi_cell(_WIDTH, 10, plate.name, wrapmode=WrapMode.CHAR, align="L", max_line_height=10)
    _line(sheet, 193, f"扫不了？打开 {look_up}", size=13)
    _line(sheet, 201, f"输入 {plate.shown}", size=17, bold=True)
    with sheet.local_context(fill_color=_TINT):
        sheet.rect(_MARGIN, 214, _WIDTH, 13, style="F")
    _line(sheet, 216, "路灯不亮、井盖坏了、垃圾没清、消防通道被堵，都可以说。", size=12, left=_MARGIN + 5)
    sheet.rect(_MARGIN, 233, _WIDTH, 28)
    _line(sheet, 237, "正在危险，先打电话", size=14, bold=True, left=_MARGIN + 5)
    for index, (number, whom) in enumerate(_CALLS):
        left = _MARGIN + 5 + index * 42
        _line(sheet, 247, number, size=18, bold=True, left=left)
        width = 11 if len(number) == 3 else 18
        _line(sheet, 248.5, whom, size=11, left=left + width + 3)
    _line(sheet, 270, f"{foot} · 牌号 {plate.shown}", size=10, colour=_SOFT)


def _label(sheet: FPDF, plate: Plate, place: int) -> None:
    left = (210 - _LABEL_COLUMNS * _LABEL_WIDTH) / 2 + place % _LABEL_COLUMNS * _LABEL_WIDTH
    top = (297 - _LABEL_ROWS * _LABEL_HEIGHT) / 2 + place // _LABEL_COLUMNS * _LABEL_HEIGHT
    with sheet.local_context(draw_color=(170, 170, 170)):
        sheet.set_line_width(0.15)
        sheet.rect(left, top, _LABEL_WIDTH, _LABEL_HEIGHT)  # where it is cut
    _code(sheet, plate.url, x=left + (_LABEL_WIDTH - _LABEL_CODE) / 2, y=top + 1, side=_LABEL_CODE)
    for height, words, size, bold in (
        (_LABEL_CODE + 1, f"{plate.kind}坏了？扫一下", 10, True),
        (_LABEL_CODE + 8, plate.name, 9, False),
        (_LABEL_CODE + 15, plate.shown, 13, True),
    ):
        _line(sheet, top + height, words, size=size, bold=bold, left=left, width=_LABEL_WIDTH, align="C")


def _code(sheet: FPDF, url: str, *, x: float, y: float, side: float, framed: bool = False) -> None:
    """Level Q: it still reads with a quarter of it scratched away. Runs of dark squares are one bar each."""
    rows = [bytes(row) for row in segno.make_qr(url, error="q").matrix_iter(border=4)]
    square = side / len(rows)
    with sheet.local_context(fill_color=(0, 0, 0)):
        for down, row in enumerate(rows):
            start = None
            for across, dark in enumerate([*row, 0]):
                if dark and start is None:
                    start = across
                elif not dark and start is not None:
                    # a hair taller than a square: no white line between two rows
                    bar = (across - start) * square
                    sheet.rect(x + start * square, y + down * square, bar, square * 1.01, style="F")
                    start = None
    if framed:
        sheet.set_line_width(0.8)
        sheet.rect(x, y, side, side)


def _line(
    sheet: FPDF,
    top: float,
    words: str,
    *,
    size: float,
    bold: bool = False,
    colour: tuple[int, int, int] = _INK,
    left: float = _MARGIN,
    width: float = 0,
    align: str = "L",
) -> None:
    """One line; smaller where it would run over its edge."""
    with sheet.local_context(font_size_pt=size, text_color=colour):
        most = width or 210 - _MARGIN - left
        wide = sheet.get_string_width(words)
        if wide > most - 2:
            sheet.set_font_size(size * (most - 2) / wide)
        sheet.set_xy(left, top)
        if bold:
            with _bold(sheet):
                sheet.cell(most, size * 0.5, words, align=align)
        else:
            sheet.cell(most, size * 0.5, words, align=align)


def _bold(sheet: FPDF):  # type: ignore[no-untyped-def]  # fpdf's own context manager
    """The font has one weight: a line around each letter makes another."""
    return sheet.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.3, draw_color=_INK)
