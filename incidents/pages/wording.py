"""How pages shorten and say what cases hold."""

import re
from datetime import datetime
from typing import Any

from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from accounts.masking import telephone_starred
from accounts.templatetags.ui import moment
from dispatch.wording import limit_words as limit_words
from incidents.claiming import CLAIM_LASTS
from incidents.models import Incident, Timer
from incidents.models.incident import PauseKind, Status

TITLE_MAX = 28
TITLE_SHORT = 16
_SENTENCE_END = re.compile(r"[。！？!?；;\n\r]|\.\s")
_CLAUSE_END = re.compile(r"[，,、：:]")


def title_of(text: str, most: int = TITLE_MAX) -> str:
    """The first sentence of what was said, cut between clauses where it is longer than `most`; of a telephone
    or identity number only its ends, as lists are read by many."""
    first = next((part.strip() for part in _SENTENCE_END.split(text.strip()) if part.strip()), text.strip())
    first = telephone_starred(first)
    if len(first) <= most:
        return first
    cuts = [found.start() for found in _CLAUSE_END.finditer(first) if 5 <= found.start() <= most]
    if cuts:
        return first[: cuts[-1]]
    if first.isascii():
        # Latin letters are half as wide, and words are not cut.
        return first if len(first) <= 2 * most else f"{first[: 2 * most].rsplit(' ', 1)[0]}…"
    return f"{first[: most - 1]}…"


def clock_label(incident: Incident) -> str:
    """The word before the time left, where it is not the handling clock: 签收, 核查."""
    if incident.clock_kind == Timer.Kind.ACCEPTANCE:
        return _("Accept: ")
    if incident.clock_kind == Timer.Kind.VERIFICATION:
        return _("Verify: ")
    if incident.clock_kind == Timer.Kind.ADJUDICATION:
        return _("Rule: ")
    if incident.clock_kind == Timer.Kind.UPSTREAM:
        return _("The source: ")
    return ""


def paused_words(incident: Incident) -> str:
    """What a case without a running clock says in its place."""
    if incident.status == Status.PARKED and incident.parked_until:
        return _("Parked until %(date)s") % {"date": f"{incident.parked_until:%Y-%m-%d}"}
    if incident.status == Status.SUSPENDED and incident.paused_until:
        told = {"until": plain_moment(incident.paused_until)}
        if incident.pause_kind == PauseKind.RESIDENT:
            return _("Waiting for the reporter until %(until)s") % told
        return _("Suspended until %(until)s") % told
    return ""


def plain_moment(at: datetime) -> str:
    """An instant in words alone, for where no markup may stand."""
    return strip_tags(moment(at))


def is_held(incident: Incident, at: datetime) -> bool:
    """Is somebody dealing with this case on the desk right now?"""
    return (
        incident.status == Status.TRIAGE
        and incident.claimed_by_id is not None
        and incident.claimed_at is not None
        and at - incident.claimed_at < CLAIM_LASTS
    )


def edge_of(incident: Incident, at: datetime) -> str:
    """The colour of a row's edge: emergencies, then what is overdue."""
    if not incident.is_open:
        return ""
    if incident.urgency == "emergency":
        return "emergency"
    return "overdue" if incident.due_at is not None and incident.due_at < at else ""


def described(incident: Incident, at: datetime, title: int = TITLE_MAX, **more: Any) -> dict[str, Any]:
    """What every row of cases shows, beside the case itself."""
    return {
        "case": incident,
        "title": title_of(incident.text.body, title),
        "clock_label": clock_label(incident),
        "paused": paused_words(incident),
        "edge": edge_of(incident, at),
        **more,
    }
