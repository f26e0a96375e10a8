"""What waits for an answer: on a case's page, on rows of lists, and as a list of its own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import OrgUnit, User
from accounts.roles import Action, Role
from accounts.viewer import Reach, viewer_of
from dispatch.vocabulary import Level
from incidents.clock_facts import Standing
from incidents.models import Adjudication, CaseRequest, Incident, LateEntry, Timer
from incidents.pages.wording import plain_moment

Kind = CaseRequest.Kind
_DECIDES: Mapping[str, Action] = {
    Kind.RETURN: Action.DECIDE_RETURN,
    Kind.EXTENSION: Action.DECIDE_EXTENSION,
    Kind.SUSPENSION: Action.DECIDE_SUSPENSION,
    Kind.APPEAL: Action.DECIDE_APPEAL,
    Kind.RAISE: Action.DECIDE_RAISE,
}
_ICONS: Mapping[str, str] = {
    Kind.RETURN: "return",
    Kind.EXTENSION: "clock",
    Kind.SUSPENSION: "pause",
    Kind.APPEAL: "scale",
    Kind.RAISE: "arrow-up",
}
# Those that supervisors answer; a return is the desk's.
_TIME_KINDS = (Kind.EXTENSION, Kind.SUSPENSION)


def notes_of(standing: Standing, can: Mapping[str, bool]) -> list[dict[str, Any]]:
    """Every request and late entry that waits, as a note on the case, with its answer's step."""
    notes: list[dict[str, Any]] = [
        {
            "request": request,
            "icon": _ICONS[request.kind],
            "title": _asks(request),
            "at": request.asked_at,
            "words": request.reason.body,
            "step": _DECIDES[request.kind].value if can.get(_DECIDES[request.kind].value) else "",
            "below": _meanwhile(request),
        }
        for request in standing.waiting
    ]
    notes += [
        {
            "icon": "history",
            "title": _("Typed in late: %(fact)s, happened at %(at)s")
            % {"fact": entry.get_fact_display(), "at": plain_moment(entry.happened_at)},
            "at": entry.entered_at,
            "words": "",
            "step": "countersign" if can.get("countersign") else "",
            "below": _("It counts from when it was typed in, until the centre has countersigned it."),
        }
        for entry in standing.late_waiting
    ]
    return notes


def answered_by(incident: Incident, step: str) -> list[dict[str, Any]]:
    """What this step's answer is about, for its own page, which shows nothing else of the case; one query."""
    kind = next((kind for kind, action in _DECIDES.items() if action.value == step), "")
    if kind:
        asked = incident.requests.filter(kind=kind, answered_at__isnull=True).select_related(
            "assignment__unit", "reason"
        )
        return [
            {"title": _asks(one), "words": one.reason.body, "cites": one.cites, "icon": _ICONS[kind]}
            for one in asked.order_by("pk")
        ]
    if step == Action.RULE:
        disputes = incident.adjudications.filter(ended_at__isnull=True).select_related(
            "asked_by_unit", "reason"
        )
        return [
            {
                "title": one.asked_by_unit,
                "words": one.reason.body,
                "cites": one.cites,
                "icon": "adjudicate",
            }
            for one in disputes
        ]
    return []


def possible(
    standing: Standing, can: dict[str, bool], *, has_appealable: bool, at: datetime
) -> dict[str, bool]:
    """What may be done, of what the role allows: nothing is asked for twice, nor answered unasked."""
    clock = standing.clocks.get(Timer.Kind.HANDLING)
    overdue = clock is None or clock.timer.due_at <= at
    can["request-extension"] = can["request-extension"] and not overdue
    waits = {request.kind for request in standing.waiting}
    for kind, action in _DECIDES.items():
        can[action.value] = can[action.value] and kind in waits
    for kind, asks in (
        (Kind.RETURN, Action.REQUEST_RETURN),
        (Kind.EXTENSION, Action.REQUEST_EXTENSION),
        (Kind.SUSPENSION, Action.REQUEST_SUSPENSION),
        (Kind.RAISE, Action.REQUEST_RAISE),
    ):
        can[asks.value] = can[asks.value] and kind not in waits
    can["countersign"] = can["countersign"] and bool(standing.late_waiting)
    can["appeal"] = can["appeal"] and has_appealable
    return can


def to_answer(user: User) -> Q | None:
    """Cases with something that this supervisor answers: more time, suspensions, appeals, late entries.

    None for whoever answers nothing. By ids, which are few: the list asks by its index for what they hold.
    """
    grants = viewer_of(user).with_roles(Role.SUPERVISOR)
    if not grants:
        return None
    open_requests = CaseRequest.objects.filter(answered_at__isnull=True)
    if any(grant.reach == Reach.DISTRICT for grant in grants):
        asked = open_requests.filter(kind__in=[*_TIME_KINDS, Kind.APPEAL, Kind.RAISE])
        late = LateEntry.objects.filter(state=LateEntry.State.WAITING)
        waiting = asked.order_by().values_list("incident").union(late.order_by().values_list("incident"))
        return Q(pk__in=[pk for (pk,) in waiting])
    found = Q(pk__in=[])
    for grant in grants:
        street = grant.unit.area_code
        units = OrgUnit.objects.filter(area_code__startswith=street[:9])
        asked = open_requests.filter(
            Q(kind__in=_TIME_KINDS) | Q(kind=Kind.RAISE, incident__level__lt=Level.STREET),
            assignment__unit__in=units,
        )
        found |= Q(street_code=street, pk__in=list(asked.values_list("incident", flat=True)))
    return found


def tags_of(rows: Iterable[Incident]) -> Mapping[int, list[str]]:
    """What waits for an answer on these cases, in a few words each; three queries."""
    keys = [row.pk for row in rows]
    tags: dict[int, list[str]] = defaultdict(list)
    asked = CaseRequest.objects.filter(incident__in=keys, answered_at__isnull=True).order_by("pk")
    for pk, kind in asked.values_list("incident_id", "kind"):
        tags[pk].append(_tag(kind))
    disputed = Adjudication.objects.open().filter(incident__in=keys)
    for pk, cause in disputed.values_list("incident_id", "cause"):
        returns = cause == Adjudication.Cause.RETURNS
        tags[pk].append(_("disputed: returned") if returns else _("disputed: objection"))
    waiting = LateEntry.objects.filter(incident__in=keys, state=LateEntry.State.WAITING)
    for pk in waiting.values_list("incident_id", flat=True).distinct():
        tags[pk].append(_("typed in late"))
    return tags


def _tag(kind: str) -> str:
    return {
        Kind.RETURN: _("return asked"),
        Kind.EXTENSION: _("more time asked"),
        Kind.SUSPENSION: _("suspension asked"),
        Kind.APPEAL: _("appealed"),
        Kind.RAISE: _("moving up asked"),
    }[Kind(kind)]


def _asks(request: CaseRequest) -> str:
    told: dict[str, object] = {"unit": request.assignment.unit}
    if request.proposed_due_at is not None:
        told["until"] = plain_moment(request.proposed_due_at)
    return {
        Kind.RETURN: _("%(unit)s asks to return it"),
        Kind.EXTENSION: _("%(unit)s asks for more time, until %(until)s"),
        Kind.SUSPENSION: _("%(unit)s asks that the clock stands still until %(until)s"),
        Kind.APPEAL: _("%(unit)s appeals: the breach should not count"),
        Kind.RAISE: _("%(unit)s asks that it moves up a level"),
    }[Kind(request.kind)] % told


def _meanwhile(request: CaseRequest) -> str:
    if request.kind == Kind.RETURN:
        return _("Until the centre answers, the case and its clock stay with the unit.")
    if request.kind == Kind.RAISE:
        return _("Until it is answered, the case and its clock stay with the unit.")
    if request.kind == Kind.APPEAL:
        return _("The breach stays on record, whatever the answer.")
    return _("Until a supervisor answers, the clock runs on.")
