"""What a person chooses for a case: an item of the live list, and the unit that it means here."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from dispatch import service
from dispatch.edition import Edition
from dispatch.errors import UnknownItem
from dispatch.facts import Decision, Limits, PlaceFacts
from dispatch.keeping import kept
from dispatch.models import ResponsibilityList
from dispatch.vocabulary import Urgency
from incidents import suggesting
from incidents.actor import Actor
from incidents.errors import InvalidInput
from incidents.models import DecisionRecord, Incident, Report


def place_of(incident: Incident) -> PlaceFacts:
    """Where the case lies, as the list asks for it."""
    return PlaceFacts(
        cell=incident.cell_code or None,
        community=incident.community_code or None,
        street=incident.street_code or None,
        in_district=incident.in_district,
        lon=incident.lon,
        lat=incident.lat,
    )


def limits_for(incident: Incident, item_code: str, *, at: datetime, now: Edition | None = None) -> Limits:
    """What the live list says about `item_code` at this case's place; of a repair, as a repair.

    Raises InvalidInput.
    """
    try:
        limits = service.decide_item(
            item_code,
            place=place_of(incident),
            at=at,
            owner=incident.asset_owner or None,
            urgency=incident.urgency,
            now=now,
        )
    except UnknownItem as error:
        raise InvalidInput(
            "item", "unknown", _("The list has no item “%(code)s”.") % {"code": item_code}
        ) from error
    return as_repair(incident, limits)


def as_repair(incident: Incident, limits: Limits) -> Limits:
    """What the item says is about the danger: once that is gone, the limits are those of a repair."""
    if incident.made_safe_at is None:
        return limits
    return replace(
        limits,
        urgency=Urgency.ROUTINE,
        handle_limit=settings.FOLLOW_UP_LIMIT,
        accept_minutes=settings.FOLLOW_UP_ACCEPT_MINUTES,
    )


def unit_for(limits: Limits, unit_code: str) -> OrgUnit:
    """The unit that was named, or else the item's own at this place."""
    code = unit_code or limits.unit
    if not code:
        raise InvalidInput(
            "unit", "unit_unknown", _("The place does not say which unit this is. Name the unit.")
        )
    unit = OrgUnit.objects.open().filter(code=code).first()
    if unit is None or (unit.code == settings.TRIAGE_UNIT and unit_code == ""):
        raise InvalidInput("unit", "unknown", _("There is no unit “%(code)s”.") % {"code": code})
    return unit


def machine_record(incident: Incident) -> DecisionRecord | None:
    """What the machine says of a case now: its word on what a person set right last, or else its first one.

    A report that joined later was decided on for itself alone.
    """
    return machine_records([incident]).get(incident.pk)


def machine_records(incidents: Iterable[Incident]) -> dict[int, DecisionRecord]:
    """The same of several cases; one statement."""
    said = DecisionRecord.objects.filter(
        incident__in=[incident.pk for incident in incidents],
        made_by__isnull=True,
        detail__has_key="candidates",
    )
    first = said.order_by("incident_id", F("report").asc(nulls_first=True), "-pk").distinct("incident_id")
    return {record.incident_id: record for record in first}


def frozen(decision: Decision) -> dict[str, Any]:
    """A decision as it is kept for ever: without the source's free attributes, which can hold anything
    and stay with the report."""
    return kept(decision)


def record_of_machine(
    incident: Incident, decision: Decision, *, at: datetime, report: Report | None = None
) -> DecisionRecord:
    """Freeze what the machine said of a saved case; without `report` on what a person has set right."""
    return DecisionRecord.objects.create(
        incident=incident,
        report=report,
        made_at=at,
        responsibility_list=ResponsibilityList.objects.get(version=decision.list_version),
        model=decision.model,
        outcome=decision.outcome,
        category_code=decision.category or "",
        item_code=decision.item or "",
        unit_code=decision.unit or "",
        confidence=decision.confidence,
        detail=frozen(decision),
    )


def record_choice(
    incident: Incident, limits: Limits, *, unit_code: str, actor: Actor, at: datetime, ruled: str = ""
) -> DecisionRecord:
    """定责结果 of a person, frozen beside what the machine had proposed; `ruled`: how a dispute ended."""
    by = {"by": "adjudication", "how": ruled} if ruled else {"by": "person"}
    if suggesting.is_offered():
        suggesting.mark_taken(incident, limits.category)
    return DecisionRecord.objects.create(
        incident=incident,
        made_at=at,
        made_by=actor.user,
        responsibility_list=ResponsibilityList.objects.get(version=limits.list_version),
        outcome="dispatched",
        category_code=limits.category,
        item_code=limits.item,
        unit_code=unit_code,
        confidence=1.0,
        detail={
            **by,
            "item": limits.item,
            "unit": unit_code,
            "unit_by_list": limits.unit,
            "urgency": limits.urgency,
            "level": limits.level,
            "handle_limit": limits.handle_limit,
            "accept_minutes": limits.accept_minutes,
        },
    )
