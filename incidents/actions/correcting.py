"""补正: a person knows what the machine could not, and lets it decide again on the spot."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from dispatch import service
from dispatch.edition import edition
from dispatch.errors import FactsError
from dispatch.facts import Facts
from incidents import adjudicating, cases, sending, timeline
from incidents.actor import Actor
from incidents.choosing import machine_record, place_of, record_of_machine
from incidents.claiming import refuse_if_claimed, refuse_unless_at_desk
from incidents.errors import InvalidInput
from incidents.models import DecisionRecord, Incident

# Why the machine itself asks for a person; what happened to the case (returned, reopened …) still stands.
_OF_MACHINE = frozenset(
    {
        "low_confidence",
        "ambiguous",
        "no_match",
        "unit_unknown",
        "no_place",
        "out_of_area",
        "enquiry",
    }
)


@transaction.atomic(durable=True)
def correct(
    *,
    number: str,
    owner: str | None = None,
    category: str | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> DecisionRecord:
    """Say whose the facility is (a unit's code), or which category it is, and decide again.

    Nothing is sent: the case stays on the desk with the new candidates, and in these hands.
    """
    incident = cases.hold(number, actor=actor, action=Action.CORRECT, at=at, seen_version=seen_version)
    refuse_unless_at_desk(incident)
    refuse_if_claimed(incident, actor, at)
    adjudicating.refuse_while_open(incident)
    if not owner and not category:
        raise InvalidInput("owner", "required", _("Say what you know: the owner, or the category."))
    request = _question(incident, owner, category)
    now = edition()
    try:
        service.check(request, now)
    except FactsError as error:
        raise InvalidInput(error.field, error.code, str(error)) from error
    decision = service.decide_many([request], now=now)[0]
    incident.asset_owner = request.owner or ""
    sending.take_over_limits(incident, decision)
    stays = [code for code in incident.triage_codes if code not in _OF_MACHINE]
    incident.triage_codes = [*stays, *(code for code in decision.triage_codes if code not in stays)]
    incident.claimed_by, incident.claimed_at = actor.user, at
    cases.save(incident)
    record = record_of_machine(incident, decision, at=at)
    told = {"unit": owner} if owner else {}
    if category:
        told["category"] = category
    timeline.record(
        timeline.Kind.CORRECTED, incident_id=incident.pk, at=at, actor=actor, decision=record.pk, **told
    )
    return record


def _question(incident: Incident, owner: str | None, category: str | None) -> service.Request:
    """What was asked at first, with what is known now. It happened when it happened: the hour counts."""
    before = machine_record(incident)
    facts = Facts.from_json(before.detail["facts"]) if before else None
    given = facts.categories[0].code if facts and facts.category_given and facts.categories else None
    link = incident.links.filter(unlinked_at__isnull=True).select_related("report").first()
    return service.Request(
        text=incident.text.body,
        source=incident.source,
        at=incident.received_at,
        place=place_of(incident),
        category=category or given,
        nature=incident.nature,
        place_type=incident.place_type or None,
        owner=owner or incident.asset_owner or None,
        attributes=link.report.attributes if link else {},
    )
