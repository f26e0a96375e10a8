"""Whom the desk offers a case to: the machine's candidates, put in order by what has happened since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, Q, prefetch_related_objects
from django.utils.translation import gettext as _

from accounts.models import OrgUnit
from dispatch.edition import Edition, edition
from dispatch.units import AT_OWNER
from incidents import follow_up
from incidents.actions.handling import closing_condition
from incidents.choosing import machine_record, machine_records
from incidents.models import Adjudication, Assignment, CaseRequest, DecisionRecord, Incident
from incidents.models.incident import Status
from incidents.pages.choices import Choice, Read, Reader
from incidents.pages.level_steps import code_suggested, unit_suggested

_AGREED = Q(kind=CaseRequest.Kind.RETURN, answer=CaseRequest.Answer.AGREED)


@dataclass(frozen=True, slots=True)
class Repair:
    """What is left of a case that was made safe: who did that, and who repairs, where that is known."""

    secured: Assignment
    unit: OrgUnit | None
    asks_owner: bool  # the item leaves the repair to the facility's owner, whom nobody has named yet
    incident: Incident

    @property
    def condition(self) -> str:
        return closing_condition(self.incident)


@dataclass(frozen=True, slots=True)
class Offered:
    """The ways to send a case, the first one suggested where there is one."""

    reader: Reader
    read: Read
    choices: Sequence[Choice]
    first: Choice | None
    returned: CaseRequest | None
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class _Before:
    """What has happened to a case, as far as it says whom to send it to next."""

    record: DecisionRecord | None
    returned: CaseRequest | None
    above: OrgUnit | None
    secured: Assignment | None
    repairer: OrgUnit | None


def offered(incident: Incident, now: Edition | None = None) -> Offered:
    """What stands under "to whom", the unit that is suggested first; a fixed number of queries."""
    reader = Reader(incident, now or edition())
    secured = _secured(incident)
    code = reader.repairer(secured.item_code) if secured is not None else ""
    before = _Before(
        record=machine_record(incident),
        returned=last_return(incident),
        above=unit_suggested(incident),
        secured=secured,
        repairer=OrgUnit.objects.open().filter(code=code).first() if code else None,
    )
    return _offered(incident, reader, before)


def first_offers(incidents: Sequence[Incident], now: Edition) -> dict[int, Choice | None]:
    """The suggestion for each of several cases; as many statements for fifty as for one."""
    asked = "reason", "proposed_unit", "assignment__unit", "asked_by"
    sendings = Assignment.objects.select_related("unit", "resolved_by", "resolution")
    agreed = CaseRequest.objects.filter(_AGREED).select_related(*asked).order_by("pk")
    prefetch_related_objects(
        incidents, Prefetch("assignments", sendings), Prefetch("requests", agreed, to_attr="agreed_returns")
    )
    records = machine_records(incidents)
    readers = {one.pk: Reader(one, now, picks=False) for one in incidents}
    secured = {one.pk: _secured(one) for one in incidents}
    repairers = {
        pk: readers[pk].repairer(sending.item_code) for pk, sending in secured.items() if sending is not None
    }
    above = {one.pk: code_suggested(one) for one in incidents}
    units = OrgUnit.objects.in_bulk({*repairers.values(), *above.values()} - {""})
    offers = {}
    for one in incidents:
        returns: list[CaseRequest] = one.agreed_returns if _is_back(one) else []  # type: ignore[attr-defined]
        repairer = units.get(repairers.get(one.pk, ""))
        before = _Before(
            record=records.get(one.pk),
            returned=returns[-1] if returns else None,
            above=units.get(above[one.pk]),
            secured=secured[one.pk],
            repairer=repairer if repairer is not None and repairer.is_open else None,
        )
        offers[one.pk] = _offered(one, readers[one.pk], before).first
    return offers


def _offered(incident: Incident, reader: Reader, before: _Before) -> Offered:
    read = reader.machine(before.record)
    returned, above = before.returned, before.above
    choices = list(read.choices)
    repair = _repair(incident, reader, before)
    done: list[Choice] = []
    if repair is not None:
        choices, done = _for_repair(choices, repair, reader)
    if above is not None:
        why = _("Stands above the unit that had it: the case has moved up a level")
        choices = _with_first(choices, reader.by_unit(above), why)
    if returned is not None:
        _mark_returned(choices, returned)
        if returned.proposed_unit is not None:
            named_instead = reader.by_unit(returned.proposed_unit)
            choices = _with_first(choices, named_instead, _("Named by the unit that gave it back"))
    back = returned.assignment.unit_id if returned else ""
    first = next((choice for choice in choices if choice.unit != back and choice not in done), None)
    if repair is not None and repair.unit is None and (first is None or not first.why):
        first = None  # what the machine weighed was the danger: nobody is suggested for the repair
    return Offered(reader, read, choices, first, returned, repair)


def _secured(incident: Incident) -> Assignment | None:
    return follow_up.secured(incident) if incident.status == Status.TRIAGE else None


def _repair(incident: Incident, reader: Reader, before: _Before) -> Repair | None:
    secured = before.secured
    if secured is None:
        return None
    item = reader.now.index.items.get(secured.item_code)
    by_owner = item is not None and item.follow_up_unit == AT_OWNER
    return Repair(secured, before.repairer, by_owner and not incident.asset_owner, incident)


def _for_repair(
    choices: Iterable[Choice], repair: Repair, reader: Reader
) -> tuple[list[Choice], list[Choice]]:
    """Who repairs goes first, where that is known; who made it safe, and under what, goes last and is named
    apart: they are not suggested, unless the item has them repair as well."""
    rest: list[Choice] = []
    done: list[Choice] = []
    repairs = repair.unit.code if repair.unit else ""
    for choice in choices:
        is_done = repair.secured.unit_id != repairs and (
            choice.unit == repair.secured.unit_id or choice.item == repair.secured.item_code
        )
        if is_done:
            choice.why = _("Has made it safe: the repair is another's")
        (done if is_done else rest).append(choice)
    if repair.unit is not None:
        # Under an item that fits, else under the one that says who repairs.
        fits = next((one for one in rest if one.unit == repairs and not one.failed), None)
        own = fits or reader.under(repair.secured.item_code, repair.unit)
        if own is not None:
            own.why = _("Repairs here, by the item and the owner")
            rest = [own, *(one for one in rest if one is not own)]
    for rank, choice in enumerate([*rest, *done], 1):
        choice.rank = rank
    return [*rest, *done], done


def last_return(incident: Incident) -> CaseRequest | None:
    """The return that put the case on the desk, while it waits there."""
    if not _is_back(incident):
        return None
    return (
        incident.requests.filter(_AGREED)
        .select_related("reason", "proposed_unit", "assignment__unit", "asked_by")
        .order_by("pk")
        .last()
    )


def _is_back(incident: Incident) -> bool:
    return incident.status == Status.TRIAGE and "returned" in incident.triage_codes


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
