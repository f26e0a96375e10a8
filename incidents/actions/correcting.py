"""补正: a person knows what the machine could not, and lets it decide again on the spot."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from dispatch import service
from dispatch.edition import edition
from dispatch.errors import FactsError
from dispatch.facts import Facts, place_facts
from dispatch.normalise import talk
from grids.locate import Place, locate
from incidents import adjudicating, cases, dangers, remaining, sending, timeline
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
        "place_unknown",
        "places_differ",
        "owners_differ",
        "enquiry",
        "conflict_of_interest",
        "emergency",
        *talk.CODES,
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
    record = decide_again(incident, question(incident, owner=owner, category=category), actor=actor, at=at)
    told = {"unit": owner} if owner else {}
    if category:
        told["category"] = category
    timeline.record(
        timeline.Kind.CORRECTED, incident_id=incident.pk, at=at, actor=actor, decision=record.pk, **told
    )
    return record


def decide_again(
    incident: Incident, request: service.Request, *, actor: Actor, at: datetime
) -> DecisionRecord:
    """Decide a held case on the desk anew, and keep it there: what it shows, why it waits, in whose hands.

    Raises InvalidInput for a fact that the list does not know.
    """
    now = edition()
    try:
        service.check(request, now)
    except FactsError as error:
        raise InvalidInput(error.field, error.code, str(error)) from error
    decision = service.decide_many([request], now=now)[0]
    incident.asset_owner = decision.facts.owner or ""
    incident.place_type = decision.facts.place_type or ""
    sending.take_over_limits(incident, decision)
    stays = [code for code in incident.triage_codes if code not in _OF_MACHINE]
    incident.triage_codes = [*stays, *(code for code in decision.triage_codes if code not in stays)]
    incident.claimed_by, incident.claimed_at = actor.user, at
    cases.save(incident)
    return record_of_machine(incident, decision, at=at)


# What the register said of the owner stands on the point: elsewhere it is asked again.
_BY_POINT = frozenset({"facility_near", "facilities_near"})
_BY_NAME = frozenset({"facility_named", "facility_before_words"})


def question(
    incident: Incident,
    *,
    owner: str | None = None,
    category: str | None = None,
    place: Place | None = None,
    is_settled: bool = False,
    moved: bool = False,
) -> service.Request:
    """What was asked at first, with what is known now. It happened when it happened: the hour counts.

    `place` is where a person says that it is; `is_settled`: they have, now or before.
    """
    before = machine_record(incident)
    facts = Facts.from_json(before.detail["facts"]) if before else None
    codes = {reason.code for reason in facts.evidence} if facts else set()
    is_settled = is_settled or bool(facts and facts.place_given)
    known = incident.asset_owner or None
    if moved and codes & _BY_POINT:
        known = None
    if place is None:
        where = replace(place_of(incident), is_settled=is_settled)
        if incident.address and not is_settled and incident.lon is not None:
            where = place_facts(locate(lon=incident.lon, lat=incident.lat, address=incident.address))
    else:
        where = place_facts(place, is_settled=True)
    if facts and place is None and not is_settled:
        # What an order said of its region stands until somebody says where it is.
        unknown = tuple(
            reason.params
            for reason in facts.evidence
            if reason.code == "place_read" and reason.params.get("code") == "region_unknown"
        )
        where = replace(where, evidence=(*where.evidence, *unknown))
    if facts and facts.facility and where.facility is None and codes & _BY_NAME:
        where = replace(where, facility=facts.facility)
    given = facts.categories[0].code if facts and facts.category_given and facts.categories else None
    link = incident.links.filter(unlinked_at__isnull=True).select_related("report").first()
    return service.Request(
        text=remaining.words_of(incident),
        source=incident.source,
        at=incident.received_at,
        place=where,
        category=category or given,
        nature=incident.nature,
        place_type=incident.place_type or None,
        owner=owner or known,
        attributes=link.report.attributes if link else {},
        is_calm=dangers.is_false(incident),
    )
