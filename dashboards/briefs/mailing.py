"""The mail of an issued brief: its verdict and six numbers as text and HTML, and the paper enclosed.

Made from the frozen edition when it is sent, in the reader's language; no name and no number of a person
is in it, and nothing of it is kept.
"""

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboards.briefs import paper, shown
from dashboards.briefs.telling import ISSUED, REVISED
from dashboards.models import Brief, BriefEdition
from incidents import letters, notices
from incidents.models import Parcel
from incidents.transports import Enclosure, TransportError


def mail_of(parcel: Parcel) -> letters.Mail:
    """The mail that a parcel stands for. The paper, which takes longest, is drawn once for all."""
    brief, number = int(parcel.data["number"]), int(parcel.data["facts"]["edition"])
    edition = BriefEdition.objects.select_related("brief", "note").filter(brief=brief, number=number).first()
    if edition is None:
        raise TransportError("there is no such edition", permanent=True)
    return make(edition.brief, edition)


def make(brief: Brief, edition: BriefEdition) -> letters.Mail:
    """The mail of an edition in the active language."""
    sheet = shown.of_edition(brief, edition)
    address = settings.PUBLIC_URL + reverse("brief", args=[brief.pk])
    if edition.number:
        address += f"?edition={edition.number}"
    context = {
        "sheet": sheet,
        "address": address,
        "why": _("This went to you because of your role in Yiwang, or because you asked for it."),
    }
    subject = notices.signed(f"{sheet.title} · {sheet.period}")
    if edition.number:
        subject = _("{subject} · revision {number}").format(subject=subject, number=edition.number)
    return letters.Mail(
        subject=subject,
        text=render_to_string("dashboards/brief_mail.txt", context),
        html=render_to_string("dashboards/brief_mail.html", context),
        enclosures=(
            Enclosure(paper.file_name(brief, edition, "pdf"), "application/pdf", paper.of_edition(edition)),
        ),
    )


def register() -> None:
    """Let the outbox ask here for the mails of briefs."""
    letters.written_elsewhere(ISSUED, mail_of)
    letters.written_elsewhere(REVISED, mail_of)
