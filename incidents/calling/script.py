"""What is said on the telephone, step by step. Nothing of the matter before the right person is there."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from accounts.templatetags.ui import moment
from dispatch.vocabulary import Nature
from incidents.actions.closing import OBJECTION_WINDOW
from incidents.models import Incident, Report


@dataclass(frozen=True, slots=True)
class Said:
    """One step of the script: what it is for, the words, and what the caller keeps in mind."""

    key: str
    what: str
    words: str
    mind: str = ""


def script(
    incident: Incident,
    report: Report,
    *,
    caller: str,
    title: str,
    surname: str,
    is_protected: bool,
    at: datetime,
) -> list[Said]:
    """The script for a call at `at`. `title` is the matter in short; `is_protected`: who reported is a
    secret."""
    unit = str(incident.owner_unit)
    told = {
        "caller": caller,
        "title": title,
        "unit": unit,
        "day": strip_tags(moment(report.received_at, "day")),
        "surname": surname,
    }
    hello = _("Hello, this is the district's operations centre, %(caller)s speaking.") % told
    asked = _("Am I speaking with %(surname)s?") if surname else _("Did you report something to us?")
    return [
        Said(
            "who",
            _("Who is there"),
            f"{hello} {asked % told}",
            _("Protected: say nothing of the matter to anybody else, and leave no message.")
            if is_protected
            else _("Only go on with the person who reported it; tell nobody else what it was about."),
        ),
        Said("why", _("What it is about"), _why(incident, report) % told),
        Said(
            "contacted",
            _("Contact"),
            _("Has anybody of %(unit)s spoken with you about it?") % told
            if not is_protected
            else _("Has our centre told you what became of it?"),
        ),
        Said(
            "solved",
            _("Solved"),
            _("Is it solved, as you see it?"),
            _("Let them say it in their own words; do not argue, and do not explain the unit's view."),
        ),
        Said(
            "marks",
            _("Marks"),
            _(
                "From one to five, five being very good: "
                "how was the speed, the result, and how you were treated?"
            ),
            _("Never suggest a mark. What they do not want to rate stays empty."),
        ),
        Said("end", _("Good-bye"), _goodbye(incident, at), ""),
    ]


def _why(incident: Incident, report: Report) -> str:
    if incident.rework_count:
        return _(
            "On %(day)s you told us: “%(title)s”. It was not right the first time, and %(unit)s has "
            "been there again. May I ask you a few short questions? It takes a minute."
        )
    if report.nature == Nature.SUGGESTION:
        return _(
            "On %(day)s you suggested: “%(title)s”. %(unit)s has answered it. May I ask you a few short "
            "questions? It takes a minute."
        )
    return _(
        "On %(day)s you told us: “%(title)s”. %(unit)s has dealt with it. May I ask you a few short "
        "questions? It takes a minute."
    )


def _goodbye(incident: Incident, at: datetime) -> str:
    until: datetime | None = incident.closed_at + OBJECTION_WINDOW if incident.closed_at else None
    if until is None:
        return _("Thank you. Good-bye.")
    if until <= at:
        # A late call: nobody is promised a day that is over.
        return _("Thank you. Should it not be right after all, report it again at any time. Good-bye.")
    return _(
        "Thank you. Should it not be right after all, tell us until %(until)s, and it is done again. "
        "Good-bye."
    ) % {"until": strip_tags(moment(until))}
