"""人民调解协议书: the agreement as a PDF to be signed, with the parties' names on it."""

from datetime import datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from fpdf import FPDF
from fpdf.enums import TextMode, WrapMode, XPos, YPos

from incidents.mediation import files
from incidents.models import MediationFile, MediationParty
from incidents.papers import typeface

_MARGIN: Final = 24.0  # mm
_WIDTH: Final = 210 - 2 * _MARGIN
_INK, _MUTED, _LINE = (26, 32, 44), (84, 96, 116), (150, 160, 175)


def draw(file: MediationFile, *, taken_by: str, at: datetime) -> bytes:
    """The PDF's bytes; the agreement that counts, with a place for each party that is still there to sign.

    Raises ValueError where there is no agreement.
    """
    agreement = files.agreement_of(file)
    if agreement is None:
        raise ValueError("no agreement")
    sheet = _Sheet(file, taken_by, at)
    sheet.add_page()
    with sheet.bold(), sheet.local_context(font_size_pt=20):
        sheet.cell(_WIDTH, 14, _("Mediation agreement"), align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    with sheet.local_context(text_color=_MUTED):
        told = " · ".join((file.incident.number, str(file.get_kind_display()), str(file.unit)))
        sheet.cell(_WIDTH, 7, told, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(4)
    staying = files.staying(file)
    for party in staying:
        _party(sheet, party)
    sheet.section(pgettext("mediation", "What it is about"))
    sheet.words(file.incident.category.name if file.incident.category else "")
    sheet.section(_("What was agreed"))
    sheet.words(agreement.terms)
    if agreement.perform_by is not None:
        sheet.words(_("To be kept by %(date)s.") % {"date": date_format(agreement.perform_by, "DATE_FORMAT")})
    if agreement.is_oral:
        sheet.words(_("Agreed by word of mouth; the mediator has written it down."))
    sheet.section(_("Signatures"))
    said = {one.party_id: one for one in agreement.confirmations.all()}
    for party in staying:
        given = said.get(party.pk)
        how = f"{given.get_how_display()} · {_stamp(given.confirmed_at)}" if given is not None else ""
        _signature(sheet, f"{party.get_side_display()}  {party.contact.name}", how)
    _signature(sheet, f"{_('Mediator')}  {file.mediator}", "")
    sheet.ln(4)
    with sheet.local_context(text_color=_MUTED):
        sheet.words(
            _("Written down on %(date)s, edition %(edition)d.")
            % {
                "date": date_format(timezone.localtime(agreement.written_at), "DATE_FORMAT"),
                "edition": agreement.edition,
            }
        )
    return bytes(sheet.output())


class _Sheet(FPDF):
    """A4; who took it away, and the page, at the foot of each."""

    def __init__(self, file: MediationFile, taken_by: str, at: datetime) -> None:
        super().__init__(format="A4")
        self.told = f"{file.incident.number} · {taken_by} · {_stamp(at)}"
        self.set_margins(_MARGIN, 22, _MARGIN)
        self.set_auto_page_break(auto=True, margin=24)
        typeface.set_in(self, 11.5)
        self.set_title(file.incident.number)
        self.set_creator("Yiwang")
        self.set_creation_date(at)
        self.set_text_color(*_INK)
        self.set_draw_color(*_LINE)
        self.alias_nb_pages()

    def footer(self) -> None:
        self.set_y(-16)
        with self.local_context(text_color=_MUTED, font_size_pt=8):
            self.cell(_WIDTH - 20, 5, self.told)
            self.cell(20, 5, f"{self.page_no()} / {{nb}}", align="R")

    def bold(self) -> Any:
        """The font has one weight: a line around each letter makes another."""
        return self.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.22, draw_color=_INK)

    def section(self, title: str) -> None:
        """A heading that never stands alone at the foot of a page."""
        if self.will_page_break(26):
            self.add_page()
        self.ln(4)
        with self.bold(), self.local_context(font_size_pt=13):
            self.cell(_WIDTH, 9, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def words(self, said: str) -> None:
        """Chinese breaks between any two characters; Latin words stay whole."""
        if said:
            chinese = any("\u4e00" <= letter <= "\u9fff" for letter in said)
            self.multi_cell(
                _WIDTH,
                7.5,
                said,
                wrapmode=WrapMode.CHAR if chinese else WrapMode.WORD,
                align="L",
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
            )


def _party(sheet: _Sheet, party: MediationParty) -> None:
    contact = party.contact
    told = [contact.name, contact.phone, contact.address]
    sheet.words(f"{party.get_side_display()}  " + "  ".join(part for part in told if part))


def _signature(sheet: _Sheet, who: str, how: str) -> None:
    if sheet.will_page_break(16):
        sheet.add_page()
    sheet.cell(_WIDTH * 0.55, 13, who)
    left, bottom = sheet.get_x(), sheet.get_y() + 11
    with sheet.local_context(text_color=_MUTED, font_size_pt=9):
        sheet.cell(_WIDTH * 0.45, 13, how, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.line(left, bottom, left + _WIDTH * 0.45, bottom)


def _stamp(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
