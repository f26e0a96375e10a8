"""Whom the desk offers a case to: the machine's candidates, put in order by what has happened since."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import OrgUnit
from dispatch.edition import Edition, edition
from incidents.choosing import machine_record
from incidents.models import Adjudication, CaseRequest, Incident
from incidents.models.incident import Status
from incidents.pages.choices import Choice, Read, Reader
from incidents.pages.level_steps import unit_suggested


@dataclass(frozen=True, slots=True)
class Offered:
    """The ways to send a case, the first one suggested where there is one."""

    reader: Reader
    read: Read
    choices: Sequence[Choice]
    first: Choice | None
    returned: CaseRequest | None


def offered(incident: Incident, now: Edition | None = None) -> Offered:
    """What stands under "to whom", the unit that is suggested first; a fixed number of queries."""
    reader = Reader(incident, now or edition())
    read = reader.machine(machine_record(incident))
    returned = last_return(incident)
    choices = list(read.choices)
    above = unit_suggested(incident)
    if above is not None:
        why = _("Stands above the unit that had it: the case has moved up a level")
        choices = _with_first(choices, reader.by_unit(above), why)
    if returned is not None:
        _mark_returned(choices, returned)
        if returned.proposed_unit is not None:
            named_instead = reader.by_unit(returned.proposed_unit)
            choices = _with_first(choices, named_instead, _("Named by the unit that gave it back"))
    back = returned.assignment.unit_id if returned else ""
    first = next((choice for choice in choices if choice.unit != back), None)
    return Offered(reader, read, choices, first, returned)


def last_return(incident: Incident) -> CaseRequest | None:
    """The return that put the case on the desk, while it waits there."""
    if incident.status != Status.TRIAGE or "returned" not in incident.triage_codes:
        return None
    return (
        incident.requests.filter(kind=CaseRequest.Kind.RETURN, answer=CaseRequest.Answer.AGREED)
        .select_related("reason", "proposed_unit", "assignment__unit", "asked_by")
        .order_by("pk")
        .last()
    )


def open_return(incident: Incident) -> CaseRequest | None:
    """The return that waits for the centre's answer."""
    return (
        incident.requests.filter(kind=CaseRequest.Kind.RETURN, answered_at__isnull=True)
        .select_related("reason", "proposed_unit", "assignment__unit", "asked_by")
        .first()
    )


def open_dispute(incident: Incident) -> Adjudication | None:
    """The dispute that waits for its ruling: until then the desk sends the case nowhere."""
    return incident.adjudications.open().select_related("timer", "asked_by_unit").first()


def _mark_returned(choices: list[Choice], returned: CaseRequest) -> None:
    for choice in choices:
        if choice.unit == returned.assignment.unit_id:
            choice.why = _("Has given it back already")


def _with_first(choices: list[Choice], proposed: Choice | None, why: str) -> list[Choice]:
    """This unit goes first, where nobody else put it there."""
    if proposed is None:
        return choices
    same = next((choice for choice in choices if choice.unit == proposed.unit), None)
    rest = [choice for choice in choices if choice is not same]
    first = same or proposed
    first.why = why
    for rank, choice in enumerate([first, *rest], 1):
        choice.rank = rank
    return [first, *rest]


def unit_options(incident: Incident) -> list[OrgUnit]:
    """Every unit that a case may be returned towards, for a plain list without scripts."""
    return list(OrgUnit.objects.open().exclude(pk=incident.owner_unit_id).exclude(kind="district"))
