"""协办: inviting supporting units, their answers, and releasing them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import OrgUnit
from accounts.roles import Action, Role
from accounts.viewer import viewer_of
from incidents import cases, cohandling, conflicts, outbox, timeline
from incidents.acceptance import open_lead
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Assignment, Incident, Text

# At most so many units in one invitation, and so long for an answer.
UNITS_MOST = 10
LONGEST = timedelta(days=366)


@transaction.atomic(durable=True)
def invite_support(
    *,
    number: str,
    units: Sequence[str],
    asked: str = "",
    due_at: datetime | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> list[Assignment]:
    """Ask other units for their part, by a time; without one, by when the lead is due.

    Raises InvalidInput for unknown units and times that have passed, ActionRefused where nobody leads.
    """
    incident = cases.hold(number, actor=actor, action=Action.INVITE_SUPPORT, at=at, seen_version=seen_version)
    _refuse_unless_led(incident)
    lead = open_lead(incident)
    codes = _invited(incident, lead, units)
    if due_at is None:
        due_at = cohandling.due_by_default(incident, at=at)
    elif not at < due_at <= at + LONGEST:
        raise InvalidInput("due_at", "range", _("Give a time within a year from now."))
    text = cases.store_optional_text(asked, at=at, field="asked")
    supports = cohandling.invite(lead, codes, at=at, actor=actor, asked=text, due_at=due_at)
    cases.save(incident)
    return supports


@transaction.atomic(durable=True)
def answer_support(
    *,
    number: str,
    answer: str,
    text: str,
    unit: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Assignment:
    """A supporting unit says what came of its part: done, nothing to do here, or it cannot be done.

    `unit` names it where the actor works for several.
    """
    incident = cases.hold(number, actor=actor, action=Action.ANSWER_SUPPORT, at=at, seen_version=seen_version)
    support = _own(incident, unit, actor)
    if answer not in Assignment.Answer.values:
        raise InvalidInput("answer", "unknown", _("Choose what came of it."))
    support.answer = answer
    _close(
        incident,
        support,
        why=Assignment.End.ANSWERED,
        words=cases.store_text(text, at=at),
        actor=actor,
        at=at,
    )
    return support


@transaction.atomic(durable=True)
def decline_support(
    *,
    number: str,
    reason: str,
    unit: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Assignment:
    """A supporting unit says that this is not its part, and why; the lead may ask somebody else."""
    incident = cases.hold(
        number, actor=actor, action=Action.DECLINE_SUPPORT, at=at, seen_version=seen_version
    )
    support = _own(incident, unit, actor)
    words = cases.store_text(reason, at=at, field="reason")
    _close(incident, support, why=Assignment.End.DECLINED, words=words, actor=actor, at=at)
    return support


@transaction.atomic(durable=True)
def release_support(
    *,
    number: str,
    unit: str,
    reason: str,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Assignment:
    """The lead, or the centre, asks nothing of a supporting unit any more, and says why."""
    incident = cases.hold(
        number, actor=actor, action=Action.RELEASE_SUPPORT, at=at, seen_version=seen_version
    )
    support = cohandling.open_supports(incident).filter(unit=unit).select_related("unit", "incident").first()
    if support is None:
        raise InvalidInput("unit", "unknown", _("This unit is not asked for anything on this case."))
    words = cases.store_text(reason, at=at, field="reason")
    _close(incident, support, why=Assignment.End.RELEASED, words=words, actor=actor, at=at)
    return support


_LINES = {
    Assignment.End.ANSWERED: timeline.Kind.SUPPORT_ANSWERED,
    Assignment.End.DECLINED: timeline.Kind.SUPPORT_DECLINED,
    Assignment.End.RELEASED: timeline.Kind.SUPPORT_RELEASED,
}


def _close(
    incident: Incident,
    support: Assignment,
    *,
    why: Assignment.End,
    words: Text,
    actor: Actor,
    at: datetime,
) -> None:
    """End one support with its words, its line, and the message to whoever is not acting."""
    support.resolution, support.resolved_at, support.resolved_by = words, at, actor.user
    support.save(update_fields=["answer", "resolution", "resolved_at", "resolved_by"])
    cohandling.end([support], why=why, at=at)
    cases.save(incident)
    timeline.record(
        _LINES[why],
        incident_id=incident.pk,
        at=at,
        actor=actor,
        support=support.pk,
        unit=support.unit_id,
        answer=support.answer,
        text=words.pk,
    )
    told = support.unit_id if why == Assignment.End.RELEASED else incident.owner_unit_id
    outbox.tell(
        f"support.{why}",
        incident_id=incident.pk,
        receiver=f"unit:{told}",
        key=f"support.{why}:{support.pk}",
        at=at,
        unit=support.unit_id,
        answer=support.answer,
        urgency=incident.urgency,
    )


def _refuse_unless_led(incident: Incident) -> None:
    if incident.status not in cohandling.SUPPORTABLE:
        raise ActionRefused("wrong_state", _("Only a case that a unit has in hand has supporting units."))


def _invited(incident: Incident, lead: Assignment, units: Sequence[str]) -> list[str]:
    codes = list(dict.fromkeys(units))
    if not codes:
        raise InvalidInput("units", "required", _("Name at least one unit."))
    if len(codes) > UNITS_MOST:
        raise InvalidInput("units", "too_many", _("At most %(max)d units at once.") % {"max": UNITS_MOST})
    known = {
        unit.code: unit
        for unit in OrgUnit.objects.open().filter(code__in=codes).exclude(kind=OrgUnit.Kind.DISTRICT)
    }
    for code in codes:
        if code not in known:
            raise InvalidInput("units", "unknown", _("There is no unit “%(code)s”.") % {"code": code})
        if code == lead.unit_id:
            raise InvalidInput("units", "leads", _("This unit leads the case already."))
    if cohandling.open_supports(incident).filter(unit__in=codes).exists():
        raise InvalidInput("units", "already_asked", _("One of these units has been asked already."))
    conflicts.refuse_own(incident, known.values(), category=incident.category_id or "")
    return codes


def _own(incident: Incident, unit: str, actor: Actor) -> Assignment:
    """The open support that the actor answers for; who works for several of the units says for which."""
    mine = list(cohandling.open_supports(incident).select_related("unit", "incident"))
    if unit:
        mine = [support for support in mine if support.unit_id == unit]
    if actor.user is not None:
        hats = viewer_of(actor.user).with_roles(Role.HANDLER)
        mine = [support for support in mine if any(hat.covers(support.unit) for hat in hats)]
    if not mine:
        raise ActionRefused("nothing_asked", _("Your unit is not asked for anything on this case."))
    if len(mine) > 1:
        raise InvalidInput(
            "unit", "required", _("Several of your units are asked: say for which one this is.")
        )
    return mine[0]
