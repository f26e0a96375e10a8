"""裁定 by people: a unit's objection, taking it back, the ruling, and the change of the list that it is
worth proposing."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from dispatch import editing
from dispatch.edition import edition
from dispatch.errors import ListRefused
from dispatch.models import ResponsibilityList
from incidents import adjudicating, cases, citing, conflicts, policy, timeline
from incidents.acceptance import open_lead
from incidents.actor import Actor
from incidents.choosing import limits_for, place_of, unit_for
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Adjudication, Assignment, CaseRequest, Incident
from incidents.models.incident import Status
from incidents.ruling import carry_out

# As much of a ruling as the history of an item keeps beside the case's number.
_WHY_MOST = 150


@transaction.atomic(durable=True)
def raise_objection(
    *,
    number: str,
    reason: str,
    cites: str = "",
    proposed_unit: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Adjudication:
    """异议: after acceptance the unit says that it is not its job. It goes on working, and its clocks run
    on, until the ruling (先办后议).

    Once for a sending, and never against a ruling. Like a return it cites the item or the law.
    """
    incident = cases.hold(number, actor=actor, action=Action.OBJECT, at=at, seen_version=seen_version)
    if incident.status != Status.HANDLING:
        raise ActionRefused("wrong_state", _("A unit objects while it has the case in hand."))
    if adjudicating.is_open(incident):
        raise ActionRefused("already_disputed", _("A ruling on this case is being waited for already."))
    lead = open_lead(incident)
    if lead.requests.filter(kind=CaseRequest.Kind.RETURN, answered_at__isnull=True).exists():
        raise ActionRefused("already_asked", _("Your return waits for its answer."))
    if lead.adjudications.filter(outcome=Adjudication.Outcome.WITHDRAWN).exists():
        raise ActionRefused(
            "objected_already", _("Your unit has objected to this sending before: that can be done once.")
        )
    if lead.acceptance == Assignment.Acceptance.RULED or lead.adjudications.exists():
        raise ActionRefused("already_ruled", _("This has been ruled on: the case stays with you."))
    cited, unit = citing.check(incident, lead, cites=cites, proposed_unit=proposed_unit)
    text = cases.store_text(reason, at=at, field="reason")
    return adjudicating.open_by_objection(
        incident, lead, reason=text, cites=cited, proposed=unit, actor=actor, at=at
    )


@transaction.atomic(durable=True)
def withdraw_objection(
    *, number: str, reason: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> Incident:
    """The unit takes its objection back and keeps the case; it cannot object to this sending again."""
    incident = cases.hold(
        number, actor=actor, action=Action.WITHDRAW_OBJECTION, at=at, seen_version=seen_version
    )
    dispute = _open_dispute(incident)
    if dispute.cause != Adjudication.Cause.OBJECTION or dispute.asked_by_unit_id != incident.owner_unit_id:
        raise ActionRefused("not_yours", _("Only the unit that objected takes it back."))
    text = cases.store_text(reason, at=at, field="reason")
    adjudicating.withdraw(incident, dispute, actor=actor, at=at, text=text)
    return incident


@transaction.atomic(durable=True)
def rule(
    *,
    number: str,
    ruling: str,
    item_code: str = "",
    unit_code: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Adjudication:
    """裁定: name the unit whose job it is, by an item of the list (the disputed one, where none is named).

    The case is with that unit from now on and counts as accepted by it; it cannot be returned again.
    Raises ActionRefused where no ruling is waited for, or the actor is party to the dispute.
    """
    incident = cases.hold(number, actor=actor, action=Action.RULE, at=at, seen_version=seen_version)
    dispute = _open_dispute(incident)
    policy.refuse_parties(actor, incident, dispute)
    limits = limits_for(incident, item_code or dispute.disputed.item_code, at=at)
    unit = unit_for(limits, unit_code)
    if unit.code == settings.TRIAGE_UNIT or unit.kind == unit.Kind.DISTRICT:
        raise InvalidInput("unit", "not_a_unit", _("Name the unit that does the work."))
    conflicts.refuse_own(incident, [unit], category=limits.category)
    text = cases.store_text(ruling, at=at, field="ruling")
    carry_out(incident, dispute, limits, unit, ruling=text, actor=actor, at=at, told_at=at)
    return dispute


def propose_change(
    *, number: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> Adjudication:
    """裁定转清单: put the ruling as a change of the list into the draft of suggestions, and only that.

    The item's lead becomes the unit that was ruled; where that is the street's or the community's own here,
    it is so everywhere. Two transactions, one in each room: who is stopped between them finds the change
    made and does the second when asked again. Raises ActionRefused.
    """
    incident = Incident.objects.filter(number=number).first()
    if incident is None:
        raise ActionRefused("not_found", _("There is no case %(number)s.") % {"number": number})
    policy.check(actor, Action.PROPOSE_CHANGE, incident)
    dispute = proposable(incident)
    if dispute is None or actor.user is None:
        raise ActionRefused("nothing_ruled", _("No ruling here waits to become a change of the list."))
    change = change_by_ruling(incident, dispute)
    assert dispute.ruling is not None
    why = gettext("Ruling: %(words)s") % {"words": " ".join(dispute.ruling.body.split())[:_WHY_MOST]}
    try:
        draft = editing.suggest(
            item_code=dispute.item_code,
            values=change,
            why=why,
            reference=number,
            by=actor.user,
            at=at,
        ).list
    except ListRefused as refused:
        if refused.code != "unchanged":
            raise ActionRefused(refused.code, str(refused)) from refused
        draft = _where_it_is()
    return _note_proposal(
        number=number, dispute_id=dispute.pk, draft=draft, actor=actor, at=at, seen_version=seen_version
    )


def proposable(incident: Incident) -> Adjudication | None:
    """The last ruling of a person on this case, where nobody has made a change of the list of it yet."""
    last = (
        incident.adjudications.filter(ended_at__isnull=False, ruling__isnull=False)
        .select_related("ruling", "unit")
        .order_by("pk")
        .last()
    )
    return last if last is not None and last.is_by_person and last.suggested_list_id is None else None


def change_by_ruling(incident: Incident, dispute: Adjudication) -> dict[str, Any]:
    """What the item would say by this ruling, as the list's fields. Raises ActionRefused where it says so
    already: then the item's conditions are to be changed, and a steward does that."""
    assert dispute.unit_id is not None
    place, now = place_of(incident), edition()
    item = now.index.items.get(dispute.item_code)
    if item is None:
        raise ActionRefused("not_found", _("The list has no item “%(code)s”.") % {"code": dispute.item_code})
    named = now.units.resolve(
        item.lead_unit,
        street=place.street,
        community=place.community,
        owner=incident.asset_owner or None,
    )
    if named == dispute.unit_id:
        raise ActionRefused(
            "unchanged", _("The list names this unit for %(item)s already.") % {"item": dispute.item_code}
        )
    lead = now.units.pattern_for(dispute.unit_id, street=place.street, community=place.community)
    # Who leads does not support as well.
    support = [pattern for pattern in item.support_units if pattern not in (lead, dispute.unit_id)]
    return {"lead_unit": lead, "support_units": support}


@transaction.atomic(durable=True)
def _note_proposal(
    *,
    number: str,
    dispute_id: int,
    draft: ResponsibilityList,
    actor: Actor,
    at: datetime,
    seen_version: int | None,
) -> Adjudication:
    incident = cases.hold(number, actor=actor, action=Action.PROPOSE_CHANGE, at=at, seen_version=seen_version)
    dispute = Adjudication.objects.select_for_update().get(pk=dispute_id)
    if dispute.suggested_list_id is not None:
        raise ActionRefused("already_proposed", _("This change has been proposed already."))
    dispute.suggested_list, dispute.suggested_item = draft, dispute.item_code
    dispute.suggested_at, dispute.suggested_by = at, actor.user
    dispute.save(update_fields=["suggested_list", "suggested_item", "suggested_at", "suggested_by"])
    cases.save(incident)
    timeline.record(
        timeline.Kind.CHANGE_PROPOSED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        adjudication=dispute.pk,
        item=dispute.item_code,
        unit=dispute.unit_id,
        version=draft.version,
    )
    return dispute


def _where_it_is() -> ResponsibilityList:
    """The draft of suggestions, which says so already; itself it may have been proposed this moment."""
    draft = editing.open_suggestions()
    if draft is None:
        raise ActionRefused("stale", _("The draft was changed meanwhile: look at it again."))
    return draft


def _open_dispute(incident: Incident) -> Adjudication:
    dispute = adjudicating.open_dispute(incident)
    if dispute is None:
        raise ActionRefused("nothing_disputed", _("No ruling is being waited for on this case."))
    return dispute
