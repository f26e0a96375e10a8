"""Steps about a case's level: ask that it moves up, and the answer; and the way up that it has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import OrgUnit
from accounts.roles import Action
from dispatch.edition import edition
from dispatch.vocabulary import Level
from incidents import actions, levels
from incidents.models import Assignment, Incident
from incidents.models.incident import Status
from incidents.pages.doing import Doing, Step
from incidents.pages.forms import ReasonForm
from incidents.pages.request_forms import DecideForm


def unit_above(incident: Incident) -> OrgUnit | None:
    """Who has a case after it has moved up a level; None where it stays where it is."""
    level = levels.level_above(incident.level)
    lead = _last_lead(incident) if level else None
    if lead is None:
        return None
    code = levels.unit_above(incident, lead, level, edition().units)
    return OrgUnit.objects.filter(code=code).first() if code not in ("", lead.unit_id) else None


def unit_suggested(incident: Incident) -> OrgUnit | None:
    """Whom the desk may turn to with a case that has come back and moved up by it: who stands there."""
    code = code_suggested(incident)
    return OrgUnit.objects.filter(code=code).first() if code else None


def code_suggested(incident: Incident) -> str:
    """Its code, or empty; of a case whose assignments are read no statement."""
    if incident.status != Status.TRIAGE or incident.level <= incident.first_level:
        return ""
    lead = _last_lead(incident)
    code = levels.unit_above(incident, lead, incident.level, edition().units) if lead is not None else ""
    return code if code != incident.owner_unit_id else ""


@dataclass(frozen=True, slots=True)
class Rung:
    """A level on a case's way up."""

    letter: str
    name: Any
    state: str  # "done": it was there before; "now"
    unit: OrgUnit | None


def way_up(incident: Incident) -> list[Rung]:
    """The levels that a case has come through, with who had it last at each; empty where it never moved."""
    began, stands = incident.first_level, incident.level
    if not began or not stands or began >= stands:
        return []
    had: dict[str, OrgUnit] = {}
    for sent in sorted(incident.assignments.all(), key=lambda one: one.pk):
        if sent.role == Assignment.Role.LEAD:
            had[sent.level] = sent.unit
    return [
        Rung(level.value, level.label, "now" if level == stands else "done", had.get(level.value))
        for level in Level
        if began <= level.value <= stands
    ]


class RequestRaiseForm(ReasonForm):
    """提级: why the unit above should have it."""

    @property
    def note(self) -> str:
        above = unit_above(self.incident) if self.incident else None
        if above is None:
            return _("No other unit has this case at the next level.")
        return _("Agreed, %(unit)s has the case, with a limit of its own. Until then your clock runs on.") % {
            "unit": above
        }


class DecideRaiseForm(DecideForm):
    @property
    def note(self) -> str:
        above = unit_above(self.incident) if self.incident else None
        return _("Agreed, %(unit)s has the case from now on.") % {"unit": above} if above else ""


def _request(doing: Doing) -> str:
    actions.request_raise(reason=doing.given["reason"], **doing.common)
    return _("Asked for. Until it is answered the clock runs on.")


def _decide(doing: Doing) -> str:
    agreed = doing.given["agreed"]
    actions.decide_raise(agreed=agreed, reason=doing.given["reason"], **doing.common)
    return _("Agreed: the unit above has it.") if agreed else _("Refused.")


def _last_lead(incident: Incident) -> Assignment | None:
    leads = [one for one in incident.assignments.all() if one.role == Assignment.Role.LEAD]
    return max(leads, key=lambda one: one.pk, default=None)


STEPS: Mapping[str, Step] = {
    "request-raise": Step(
        Action.REQUEST_RAISE,
        gettext_lazy("Ask to move it up a level"),
        gettext_lazy("Ask for it"),
        _request,
        RequestRaiseForm,
    ),
    "decide-raise": Step(
        Action.DECIDE_RAISE,
        gettext_lazy("Answer: move it up"),
        gettext_lazy("Answer"),
        _decide,
        DecideRaiseForm,
    ),
}
