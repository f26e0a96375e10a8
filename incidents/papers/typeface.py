"""The one typeface of everything that is drawn as PDF: Noto Sans SC, and of it only what is used."""

from typing import Final

from fpdf import FPDF
from pylopdf_fonts_zh_cn import sans_path

FONT: Final = "sans"


def set_in(page: FPDF, size: float) -> None:
    """Let `page` be set in it, at `size` points."""
    page.add_font(FONT, "", str(sans_path()))
    # The box around all letters stays the whole font's: drawing each letter anew to find that of the few
    # which are used takes as long as everything else.
    page.fonts[FONT].ttfont.recalcBBoxes = False  # type: ignore[union-attr]
    page.set_font(FONT, size=size)
