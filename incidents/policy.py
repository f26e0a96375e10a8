"""Who may see a case, and who may do what to it. Pages, API and actions all ask here."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiClient, OrgUnit, User
from accounts.roles import ACTION_ROLES, Action, Role
from accounts.viewer import Grant, Reach, viewer_of
from dispatch.vocabulary import Level, Nature, Urgency
from incidents import adjudicating, breaches, supervising
from incidents.actor import Actor
from incidents.contacting import LABOUR, said_in_confidence
from incidents.errors import ActionRefused
from incidents.field import rounds
from incidents.mediating import is_dispute
from incidents.models import (
    Adjudication,
    Assignment,
    EmergencyAlarm,
    Incident,
    IncidentReport,
)
from incidents.models.incident import OPEN_STATUSES, Status
from incidents.secretary import letters
from incidents.seeing import can_see, cases_of, filed_under, seen_by, visible

__all__ = [
    "acting_as",
    "acting_grant",
    "can",
    "can_see",
    "cases_of",
    "check",
    "check_place",
    "check_target",
    "comes_from_above",
    "filed_under",
    "is_party",
    "know_protection",
    "know_source",
    "own_reports",
    "protects_reporter",
    "refuse_own_withdrawal",
    "refuse_parties",
    "seen_by",
    "speaks_for_sources",
    "visible",
    "works_on",
]

# Actions of the unit that owns the case, and of the unit that was asked to check it.
_OWNER_ACTIONS = frozenset(
    {
        Action.ACCEPT,
        Action.REQUEST_RETURN,
        Action.RESOLVE,
        Action.REQUEST_EXTENSION,
        Action.REQUEST_SUSPENSION,
        Action.ASK_REPORTER,
        Action.OBJECT,
        Action.WITHDRAW_OBJECTION,
        Action.REQUEST_RAISE,
        Action.MAKE_SAFE,
        Action.MEDIATE,
    }
)

_IN_STATE: dict[Action, frozenset[str]] = {
    Action.CLAIM: frozenset({Status.TRIAGE}),
    Action.RELEASE: frozenset({Status.TRIAGE}),
    Action.DISPATCH: frozenset({Status.TRIAGE}),
    Action.ANSWER: frozenset({Status.TRIAGE}),
    Action.REJECT: frozenset({Status.TRIAGE}),
    Action.MERGE: frozenset({Status.TRIAGE, Status.DISPATCHED, Status.HANDLING}),
    Action.UNMERGE: frozenset({Status.MERGED}),
    Action.SPLIT: frozenset({Status.TRIAGE, Status.DISPATCHED, Status.HANDLING}),
    Action.RECALL: frozenset({Status.DISPATCHED, Status.CLOSED, Status.REJECTED, Status.MERGED}),
    Action.CORRECT: frozenset({Status.TRIAGE}),
    Action.SET_PLACE: frozenset({Status.TRIAGE}),
    Action.FALSE_ALARM: frozenset({Status.TRIAGE, Status.DISPATCHED, Status.HANDLING}),
    Action.ASK_MODEL: frozenset({Status.TRIAGE}),
    Action.ACCEPT: frozenset({Status.DISPATCHED}),
    Action.REQUEST_RETURN: frozenset({Status.DISPATCHED}),
    Action.DECIDE_RETURN: frozenset({Status.DISPATCHED, Status.HANDLING}),
    Action.REDISPATCH: frozenset({Status.DISPATCHED, Status.HANDLING}),
    Action.RESOLVE: frozenset({Status.HANDLING, Status.PARKED, Status.SUSPENDED}),
    Action.REQUEST_EXTENSION: frozenset({Status.HANDLING}),
    Action.DECIDE_EXTENSION: frozenset({Status.HANDLING}),
    Action.REQUEST_SUSPENSION: frozenset({Status.HANDLING}),
    Action.DECIDE_SUSPENSION: frozenset({Status.HANDLING}),
    Action.ASK_REPORTER: frozenset({Status.HANDLING}),
    Action.REQUEST_RAISE: frozenset({Status.DISPATCHED, Status.HANDLING}),
    Action.MAKE_SAFE: frozenset({Status.HANDLING}),
    Action.MEDIATE: frozenset({Status.HANDLING, Status.PARKED, Status.SUSPENDED}),
    Action.DECIDE_RAISE: frozenset({Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED}),
    **{
        action: frozenset({Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED, Status.PARKED})
        for action in (
            Action.INVITE_SUPPORT,
            Action.ANSWER_SUPPORT,
            Action.DECLINE_SUPPORT,
            Action.RELEASE_SUPPORT,
        )
    },
    Action.RESUME: frozenset({Status.SUSPENDED}),
    Action.ASSIGN: frozenset({Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED, Status.PARKED}),
    Action.MESSAGE: frozenset(OPEN_STATUSES),
    Action.CONTACT: frozenset(
        {Status.DISPATCHED, Status.HANDLING, Status.SUSPENDED, Status.PARKED, Status.RESOLVED}
    ),
    Action.CALL_BACK: frozenset({Status.CLOSED}),
    Action.PHONE: frozenset({Status.DISPATCHED, Status.HANDLING}),
    Action.SUPERVISE: supervising.ORDERABLE,
    Action.ANSWER_ORDER: supervising.ORDERABLE | {Status.RESOLVED},
    Action.NUDGE: supervising.ORDERABLE | {Status.TRIAGE, Status.RESOLVED},
    Action.TO_SECRETARY: frozenset(set(Status) - {Status.MERGED}),
    Action.RAISE_ORDER: supervising.ORDERABLE | {Status.RESOLVED},
    Action.OBJECT: frozenset({Status.HANDLING}),
    Action.WITHDRAW_OBJECTION: frozenset(OPEN_STATUSES),
    Action.RULE: frozenset(OPEN_STATUSES),
    Action.VERIFY: frozenset({Status.RESOLVED}),
    Action.FIX_ON_SPOT: frozenset({Status.TRIAGE, Status.DISPATCHED}),
    Action.CLOSE: frozenset({Status.RESOLVED}),
    Action.REOPEN: frozenset({Status.CLOSED, Status.REJECTED}),
    Action.ASK_UPSTREAM: frozenset(OPEN_STATUSES),
    Action.ANSWER_UPSTREAM: frozenset({Status.RESOLVED}),
}


# The centre's own word on its streets: whose it is after a return, and whether it is over.
_DISTRICT_ONLY = frozenset(
    {
        Action.DECIDE_RETURN,
        Action.CLOSE,
        # Streets are ranked too, and many small cases look better than one.
        Action.SPLIT,
        Action.DECIDE_APPEAL,
        Action.COUNTERSIGN,
        # Whose units are ranked by what is urgent does not say what is.
        Action.FALSE_ALARM,
        # A street would ask its own reporters how its own teams were, and take its own calls.
        Action.CALL_BACK,
        Action.PHONE,
        Action.RULE,
        Action.PROPOSE_CHANGE,
        # The source deals with the district.
        Action.ASK_UPSTREAM,
        Action.ANSWER_UPSTREAM,
    }
)
# A street's supervisor gives more time to the street's own units, not to the district's departments.
_TIME_GIVEN = frozenset({Action.DECIDE_EXTENSION, Action.DECIDE_SUSPENSION})
# One order at a time: without one it can be given, with one it can be answered or lifted.
_OF_ORDERS = frozenset({Action.SUPERVISE, Action.ANSWER_ORDER, Action.LIFT_ORDER, Action.RAISE_ORDER})
# While its source has the result before it, that is what there is to be done: its word is entered.
_AROUND_REVIEW = frozenset({Action.ASK_UPSTREAM, Action.ANSWER_UPSTREAM, Action.CLOSE})
# What is written in a secretary's name: by those who stand for the office that the letter went to.
_OF_LETTERS = frozenset({Action.DRAFT_REPLY, Action.SIGN_REPLY})
# What there is only where people are at odds with each other.
_OF_MEDIATIONS = frozenset({Action.MEDIATE, Action.READ_MEDIATION, Action.FOLLOW_MEDIATION})
# What depends on whether a ruling is waited for.
_OF_DISPUTES = frozenset(
    {
        Action.OBJECT,
        Action.WITHDRAW_OBJECTION,
        Action.RULE,
        Action.DISPATCH,
        Action.REDISPATCH,
        Action.PROPOSE_CHANGE,
    }
)
# What may be answered on the spot instead of being handled.
ANSWERABLE = frozenset({Nature.ENQUIRY, Nature.SUGGESTION, Nature.PRAISE})


def can(user: User | AnonymousUser, action: Action, incident: Incident) -> bool:
    """May `user` do `action` to this case as it stands now?"""
    if action in _IN_STATE and incident.status not in _IN_STATE[action]:
        return False
    if action in _AROUND_REVIEW and (action == Action.ANSWER_UPSTREAM) != (
        incident.upstream_since is not None
    ):
        return False
    if action == Action.ANSWER and incident.nature not in ANSWERABLE:
        return False
    if action == Action.FALSE_ALARM and not (
        incident.urgency == Urgency.EMERGENCY
        and EmergencyAlarm.objects.filter(incident=incident, false_at__isnull=True).exists()
    ):
        return False
    if action == Action.RELEASE_SUPPORT and not _open_supports(incident):
        return False
    if action == Action.REQUEST_RAISE and incident.level in ("", Level.DISTRICT):
        return False
    if action in _OF_ORDERS and (action == Action.SUPERVISE) == bool(incident.supervision_number):
        return False
    if acting_grant(user, action, incident) is None:
        return False
    if action == Action.ASK_UPSTREAM and not comes_from_above(incident):
        return False
    return action not in _OF_DISPUTES or _fits_dispute(user, action, incident)


def acting_grant(user: User | AnonymousUser, action: Action, incident: Incident) -> Grant | None:
    """The role under which `user` may do `action` to this case, whatever its state."""
    viewer = viewer_of(user)
    if action in (Action.VERIFY, Action.CALL_BACK) and any(
        hat.covers(incident.owner_unit) for hat in viewer.with_roles(Role.HANDLER, Role.PATROL)
    ):
        return None  # whoever also works for the handling unit does not judge its work, nor ask how it was
    for grant in viewer.with_roles(*ACTION_ROLES[action]):
        if _reaches(grant, action, incident) or _found_it(viewer.user, grant, action, incident):
            return grant
    return None


def acting_as(user: User, action: Action, incident: Incident) -> Actor:
    """The actor for `action`, in the unit whose role allows it; raises ActionRefused."""
    grant = acting_grant(user, action, incident)
    if grant is None:
        raise ActionRefused("not_allowed", _("Your role does not allow this on this case."))
    return Actor.person(user, grant.unit.code)


def check(actor: Actor, action: Action, incident: Incident) -> None:
    """Ask again on the locked case: the page's answer may be old. The system may do everything."""
    if actor.user is not None and acting_grant(actor.user, action, incident) is None:
        raise ActionRefused("not_allowed", _("Your role does not allow this on this case."))


def own_reports(client: ApiClient, path: str = "") -> Q:
    """The condition on reports, at `path`, that a token may read, follow and speak about: those that it filed
    itself, and those that people entered under its source. Two suppliers, two hotlines have one source.

    A unit's own system reads of the latter what that unit, or one below it, has in hand.
    """
    entered = Q(**{f"{path}client__isnull": True})
    if client.unit is not None:
        units = OrgUnit.objects.within(client.unit).values("code")
        in_hand = IncidentReport.objects.filter(incident__owner_unit__in=units, unlinked_at__isnull=True)
        entered &= Q(**{f"{path}pk__in": in_hand.values("report")})
    filed = Q(**{f"{path}client": client}) | entered
    return filed & Q(**{f"{path}source": client.source})


def speaks_for_sources(user: User) -> bool:
    """The district's desk passes on what callers say later; a unit that happens to see a case does not."""
    desk = viewer_of(user).with_roles(Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR)
    return any(grant.reach == Reach.DISTRICT for grant in desk)


def works_on(user: User) -> Q:
    """The condition on what points at a case that `user` works for the unit which handled it."""
    found = Q(pk__in=[])
    for grant in viewer_of(user).with_roles(Role.HANDLER):
        found |= Q(incident__owner_unit__in=OrgUnit.objects.within(grant.unit).values("code"))
    return found


def refuse_own_withdrawal(user: User, incident: Incident) -> None:
    """Nobody takes back a report whose case is theirs to handle (ActionRefused)."""
    if any(grant.covers(incident.owner_unit) for grant in viewer_of(user).with_roles(Role.HANDLER)):
        raise ActionRefused("not_allowed", _("Your unit has this case in hand: it cannot take it back."))


def check_target(actor: Actor, action: Action, incident: Incident, unit: OrgUnit) -> None:
    """A street centre moves cases inside its street; only the district sends them across (ActionRefused)."""
    if actor.user is None:
        return
    grant = acting_grant(actor.user, action, incident)
    if grant is not None and grant.reach == Reach.STREET and unit.area_code[:9] != grant.unit.area_code[:9]:
        raise ActionRefused("outside_street", _("Your centre sends cases inside its own street only."))


def check_place(actor: Actor, action: Action, incident: Incident, street: str) -> None:
    """A street centre says where in its street a case is; out of it only the district moves one
    (ActionRefused). `street` is "" for a place outside the district."""
    if actor.user is None:
        return
    grant = acting_grant(actor.user, action, incident)
    if grant is not None and grant.reach == Reach.STREET and street[:9] != grant.unit.area_code[:9]:
        message = _("Your centre moves cases inside its own street only: the district decides on others.")
        raise ActionRefused("outside_street", message)


def is_party(user: User, dispute: Adjudication, units: Iterable[OrgUnit]) -> bool:
    """Has `user` asked for this ruling, or do they work for one of the units that it is between, above or
    below it? What somebody does for the whole district makes them no party."""
    if dispute.asked_by_id == user.pk:
        return True
    hats = [grant for grant in viewer_of(user).grants if grant.reach != Reach.DISTRICT]
    return any(hat.covers(unit) or hat.unit.is_within(unit) for unit in units for hat in hats)


def refuse_parties(actor: Actor, incident: Incident, dispute: Adjudication) -> None:
    """Nobody of a unit that a dispute is between rules on it, nor who asked for it (ActionRefused)."""
    if actor.user is not None and _is_party(actor.user, incident, dispute):
        raise ActionRefused("party", _("Your unit is party to this dispute: somebody else rules."))


def protects_reporter(incident: Incident) -> bool:
    """Is it a tip-off or a labour matter? Then the unit never learns who reported: the centre speaks
    with them."""
    known: bool | None = incident.__dict__.get("_protects_reporter")
    return _protects_reporter(incident) if known is None else known


def comes_from_above(incident: Incident) -> bool:
    """Does the case answer a report whose source has to accept the result? Asked once of each case read."""
    known: bool | None = incident.__dict__.get("_comes_from_above")
    if known is None:
        links = incident.links.filter(unlinked_at__isnull=True, report__withdrawn_at__isnull=True)
        known = links.filter(report__client__accepts_closing=True).exists()
        incident.__dict__["_comes_from_above"] = known
    return known


def know_source(incident: Incident, links: Iterable[IncidentReport]) -> None:
    """The same from links that have been read with their reports' clients: the page of a case has them."""
    incident.__dict__["_comes_from_above"] = any(
        link.report.withdrawn_at is None
        and link.report.client is not None
        and link.report.client.accepts_closing
        for link in links
    )


def know_protection(incident: Incident) -> None:
    """Ask once whether the reporter is protected: the page of a case asks for every button."""
    incident.__dict__["_protects_reporter"] = _protects_reporter(incident)


def _protects_reporter(incident: Incident) -> bool:
    if (incident.category_id or "").startswith(LABOUR):
        return True
    hidden = incident.links.filter(said_in_confidence(), unlinked_at__isnull=True)
    return incident.nature == Nature.TIP_OFF or hidden.exists()


def _reaches(grant: Grant, action: Action, incident: Incident) -> bool:
    if action in _OF_MEDIATIONS and not is_dispute(incident):
        return False
    if action == Action.ASK_REPORTER and protects_reporter(incident):
        return False  # contact runs through the centre
    if action in _OWNER_ACTIONS:
        return grant.covers(incident.owner_unit)
    if action == Action.VERIFY:
        return _was_asked_to_check(grant, incident)
    if action == Action.FIX_ON_SPOT:
        return False  # whose finding it is decides
    if action == Action.NOTE and grant.role == Role.PATROL:
        return _was_asked_to_check(grant, incident)
    if action == Action.NOTE and grant.role == Role.HANDLER:
        # A checker's photos and notes belong to the check, a supporting unit's to its part.
        return (
            grant.covers(incident.owner_unit)
            or _was_asked_to_check(grant, incident)
            or _is_asked_to_support(grant, incident)
        )
    if action in (Action.ANSWER_SUPPORT, Action.DECLINE_SUPPORT):
        return _is_asked_to_support(grant, incident)
    if action in (Action.INVITE_SUPPORT, Action.RELEASE_SUPPORT) and grant.role == Role.HANDLER:
        return grant.covers(incident.owner_unit)
    if action == Action.RESUME and grant.role == Role.HANDLER:
        return grant.covers(incident.owner_unit)
    if action == Action.APPEAL:
        return _has_breached(grant, incident)
    if action in (Action.UNMASK, Action.CONTACT, Action.MESSAGE) and grant.role == Role.HANDLER:
        return grant.covers(incident.owner_unit) and not protects_reporter(incident)
    if (
        action in (Action.ASSIGN, Action.READ_MEDIATION, Action.FOLLOW_MEDIATION)
        and grant.role == Role.HANDLER
    ):
        return grant.covers(incident.owner_unit)
    if action in (Action.ANSWER_ORDER, Action.ASSIGN):
        # Not the district's leader, to whom an order is raised and who hands nothing on.
        return grant.reach != Reach.DISTRICT and grant.covers(incident.owner_unit)
    if action in _OF_LETTERS:
        return letters.is_for(grant, incident)
    if grant.reach == Reach.DISTRICT:
        return True
    if action in _DISTRICT_ONLY or (
        action in (Action.LIFT_ORDER, Action.RAISE_ORDER) and supervising.is_the_districts(incident)
    ):
        return False
    if action == Action.DECIDE_RAISE and incident.level >= Level.STREET:
        return False  # it would come up to the district, which answers itself
    if action in _TIME_GIVEN and incident.owner_unit.area_code[:9] != grant.unit.area_code[:9]:
        return False
    return grant.reach == Reach.STREET and incident.street_code == grant.unit.area_code


def _has_breached(grant: Grant, incident: Incident) -> bool:
    """Is there a breach on the grant's own account? The case may be somebody else's by now."""
    return breaches.of_units(incident, OrgUnit.objects.within(grant.unit)).exists()


def _was_asked_to_check(grant: Grant, incident: Incident) -> bool:
    check = incident.verifications.filter(done_at__isnull=True).select_related("unit").first()
    return check is not None and rounds.checks_for(grant, check.unit)


def _found_it(user: User, grant: Grant, action: Action, incident: Incident) -> bool:
    """May a patrol do this because the case is their own finding?"""
    if grant.role != Role.PATROL or action not in (Action.NOTE, Action.FIX_ON_SPOT):
        return False
    return rounds.is_finding_of(user, incident)


def _is_asked_to_support(grant: Grant, incident: Incident) -> bool:
    return any(grant.covers(support.unit) for support in _open_supports(incident))


def _open_supports(incident: Incident) -> list[Assignment]:
    """Who has still to answer. A page reads the sendings of its case beforehand, for it asks often."""
    sent = (
        incident.assignments.all()
        if "assignments" in getattr(incident, "_prefetched_objects_cache", ())
        else incident.assignments.filter(ended_at__isnull=True).select_related("unit")
    )
    return [one for one in sent if one.role == Assignment.Role.SUPPORT and one.ended_at is None]


def _fits_dispute(user: User | AnonymousUser, action: Action, incident: Incident) -> bool:
    """Does what is waited for on this case leave room for this? Reads disputes that are prefetched."""
    known = sorted(incident.adjudications.all(), key=lambda one: one.pk)
    if action == Action.PROPOSE_CHANGE:
        return bool(known) and known[-1].is_by_person and known[-1].suggested_list_id is None
    dispute = next((one for one in known if one.is_open), None)
    if action == Action.RULE:
        return dispute is not None and isinstance(user, User) and not _is_party(user, incident, dispute)
    if action == Action.WITHDRAW_OBJECTION:
        return dispute is not None and dispute.asked_by_unit_id == incident.owner_unit_id
    if dispute is not None or action != Action.OBJECT:
        return dispute is None
    lead = incident.assignments.filter(role=Assignment.Role.LEAD, ended_at__isnull=True).first()
    return (
        lead is not None
        and lead.acceptance != Assignment.Acceptance.RULED
        and all(one.disputed_id != lead.pk for one in known)
    )


def _is_party(user: User, incident: Incident, dispute: Adjudication) -> bool:
    units = OrgUnit.objects.filter(code__in=adjudicating.parties_of(incident, dispute))
    return is_party(user, dispute, units)
