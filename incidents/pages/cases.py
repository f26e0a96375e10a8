"""A case's own page."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Action, Role
from accounts.viewer import viewer_of
from config import clock
from dispatch.edition import recent_edition
from dispatch.vocabulary import PlaceType, Urgency
from incidents import actions, clock_facts, contacting, follow_up, pausing, policy, queries
from incidents.actions.handling import closing_condition
from incidents.alike import again, can_come_out
from incidents.contacting import to_call_back
from incidents.errors import ActionRefused
from incidents.models import Assignment, DecisionRecord, Incident, Timer
from incidents.models.incident import Status
from incidents.pages import clock_card, place_choices, support_steps, waiting
from incidents.pages.access import DESK_ROLES, READING_ROLES, case_or_404, person, staff
from incidents.pages.case_block import block_of
from incidents.pages.case_work import work_of
from incidents.pages.choices import Reader
from incidents.pages.contact_steps import STEPS as CONTACT_STEPS
from incidents.pages.desk_case import photos_of, reports_of, timeline_of
from incidents.pages.dispute_steps import STEPS as DISPUTE_STEPS
from incidents.pages.disputes import disputes_of, read_disputes
from incidents.pages.duty import on_duty_now
from incidents.pages.handling_steps import STEPS as HANDLING_STEPS
from incidents.pages.level_steps import STEPS as LEVEL_STEPS
from incidents.pages.level_steps import unit_above, way_up
from incidents.pages.mediation import of_case as mediations_of
from incidents.pages.orders import orders_of
from incidents.pages.request_forms import appealable_by
from incidents.pages.request_steps import STEPS as REQUEST_STEPS
from incidents.pages.sensors import alerts_of
from incidents.pages.steps import STEPS, drafts_of, step_form
from incidents.pages.support_steps import STEPS as SUPPORT_STEPS
from incidents.pages.upstream_steps import STEPS as UPSTREAM_STEPS
from incidents.pages.upstream_steps import upstream_of
from incidents.pages.wording import described, limit_words

_ACTIONS = (
    Action.ACCEPT,
    Action.REQUEST_RETURN,
    Action.DECIDE_RETURN,
    Action.REDISPATCH,
    Action.VERIFY,
    Action.CLOSE,
    Action.REOPEN,
    Action.SUPERVISE,
    Action.ANSWER_ORDER,
    Action.LIFT_ORDER,
    Action.NUDGE,
    Action.RAISE_ORDER,
    Action.TO_SECRETARY,
    Action.NOTE,
    Action.UNMASK,
    Action.UNMERGE,
    Action.DISPATCH,
    *(
        step.action
        for steps in (
            HANDLING_STEPS,
            REQUEST_STEPS,
            CONTACT_STEPS,
            LEVEL_STEPS,
            SUPPORT_STEPS,
            DISPUTE_STEPS,
            UPSTREAM_STEPS,
        )
        for step in steps.values()
    ),
)
# The blue button of a case, the first of these that the person may press.
_MAIN = (
    "accept",
    "make-safe",
    "resolve",
    "verify",
    "answer-support",
    "decide-return",
    "rule",
    "decide-extension",
    "decide-suspension",
    "decide-raise",
    "decide-appeal",
    "countersign",
)


@require_GET
@staff(*READING_ROLES, Role.PATROL)  # who answers for a block, and who found it
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One case, with everything that this person may see of it and do to it."""
    incident = case_or_404(request, number)
    return render(request, "incidents/case.html", _case_context(request, incident, clock.now()))


@require_POST
@staff(*READING_ROLES)
def unmask(request: HttpRequest, number: str) -> HttpResponse:
    """Show who reported, and write on the timeline that it was looked at.

    Answers the page itself and no redirect: looking again is another look, and is recorded as one.
    """
    incident, user, at = case_or_404(request, number), person(request), clock.now()
    report = request.POST.get("report", "")
    shown: dict[str, Any] = {}
    status = 200
    try:
        contact = actions.unmask(
            number=number,
            report_id=int(report) if report.isascii() and report.isdigit() else 0,
            actor=policy.acting_as(user, Action.UNMASK, incident),
            at=at,
        )
        shown = {
            "name": contact.name,
            "phone": contact.phone,
            "address": contact.address,
            "email": contact.email,
        }
    except ActionRefused as error:
        shown = {"refused": str(error)}
        status = 403 if error.code == "not_allowed" else 409
    shown["report"] = report
    if request.htmx:  # type: ignore[attr-defined]
        context = {"unmasked": shown, "case": incident}
        return render(request, "incidents/parts/unmasked.html", context, status=status)
    context = {**_case_context(request, incident, at), "unmasked": shown}
    return render(request, "incidents/case.html", context, status=status)


def _case_context(request: HttpRequest, incident: Incident, at: datetime) -> dict[str, Any]:
    user = person(request)
    read_disputes(incident)
    policy.know_protection(incident)
    reports = reports_of(incident)
    policy.know_source(incident, reports)
    support_steps.read_sendings(incident)
    can = {action.value: policy.can(user, action, incident) for action in _ACTIONS}
    standing = clock_facts.read(incident)
    can = waiting.possible(
        standing, can, has_appealable=can["appeal"] and bool(appealable_by(incident, user, at=at)), at=at
    )
    can["ask-reporter"] = can["ask-reporter"] and pausing.may_wait_for_resident(incident)
    can["call-back"] = can["call-back"] and bool(to_call_back(incident))
    can["phone"] = can["phone"] and incident.urgency == Urgency.EMERGENCY
    can["request-raise"] = can["request-raise"] and unit_above(incident) is not None
    support = support_steps.context_of(incident, can)
    can["photo"] = can["note"] and incident.is_open
    readers = contacting.readers(incident) if can["message"] else 0
    can["message"] = bool(readers)
    # These are written into the page itself.
    steps = [step for step in STEPS if can.get(step) and step not in ("note", "message")]
    lead = (
        incident.assignments.filter(role=Assignment.Role.LEAD)
        .select_related("unit", "accepted_by", "resolved_by", "resolution", "decision__made_by")
        .order_by("pk")
        .last()
    )
    photos = list(photos_of(incident))
    lines = timeline_of(incident)
    condition = closing_condition(incident)
    done = request.GET.get("done", "")
    main = next((step for step in _MAIN if can.get(step)), "")
    sheets = [
        {"step": step, "known": STEPS[step], "form": step_form(incident, step, user=user, at=at)}
        for step in steps
    ]
    in_dock = {main, "request-return", "request-extension", "photo"} if main else {"photo"}
    if support["supporters"]:
        in_dock |= {"invite-support", "release-support"}  # they stand with the supporters
    in_dock |= {"assign"}  # stands beside the name
    in_dock |= {"answer-order", "lift-order", "raise-order"}  # they stand with the order
    in_dock |= {"rule", "withdraw-objection", "propose-change"}  # and these with the dispute
    return {
        **described(incident, at),
        "at": at,
        "place_full": queries.places_of([incident]).full(incident),
        "places": place_choices.of_case(incident),
        **block_of(incident),
        "handling_age": at - incident.first_dispatched_at if incident.first_dispatched_at else None,
        "card": clock_card.card(incident, standing, at=at),
        "notes": waiting.notes_of(standing, can),
        "clock_note": _clock_note(incident),
        "stages": _stages(incident, lead),
        "way_up": way_up(incident),
        "lead": lead,
        "closing_condition": condition,
        "secured": follow_up.secured(incident),
        "reports": reports,
        "can_take_out": len(reports) > 1
        and can_come_out(incident)
        and policy.can(user, Action.SPLIT, incident),
        "again": again([incident]).get(incident.pk) if viewer_of(user).with_roles(*DESK_ROLES) else None,
        **alerts_of(incident, sources=[link.report.source for link in reports]),
        "checks": incident.verifications.select_related("unit", "done_by", "text").order_by("pk"),
        "lines": lines,
        "can": can,
        "duty_now": on_duty_now(incident, viewer_of(user), at),
        "hide_reporter": policy.protects_reporter(incident),
        "can_return": can["request-return"],
        "can_extend": can["request-extension"],
        "main": main,
        "main_step": STEPS.get(main),
        "sheets": sheets,
        "other_steps": [sheet for sheet in sheets if sheet["step"] not in in_dock],
        "done": done if done in STEPS else "",
        "draft_done": drafts_of(incident, done) if done in STEPS else "",
        "back_url": _back(user, incident),
        "may_print": bool(viewer_of(user).with_roles(*READING_ROLES)),
        "is_desk": bool(viewer_of(user).with_roles(*DESK_ROLES)),
        "on_desk": incident.status == Status.TRIAGE,
        "merged_from": incident.merged_from.order_by("pk")[:20],
        "place_type": PlaceType(incident.place_type).label if incident.place_type else "",
        **work_of(incident, user, can, photos=photos, lead=lead, readers=readers, condition=condition),
        **_decided(incident, lead, user),
        **orders_of(incident, can, user),
        **support,
        **disputes_of(incident, can),
        **upstream_of(incident),
        **mediations_of(incident, user),
    }


def _decided(incident: Incident, lead: Assignment | None, user: User) -> dict[str, Any]:
    """Why this unit: the machine's reasons and runners-up, and who decided otherwise."""
    reader = Reader(incident, recent_edition())
    record: DecisionRecord | None = incident.decisions.filter(made_by__isnull=True).order_by("pk").first()
    read = reader.machine(record)
    chosen = lead.decision if lead else None
    winner = next(iter(read.choices), None)
    return {
        "read": read,
        "record": record,
        # The machine's reasons speak for this unit, not for the one that has the case now.
        "instead_of": winner.unit_name if lead and winner and winner.unit not in ("", lead.unit_id) else "",
        "runners_up": read.choices[1:],
        "by_person": chosen.made_by if chosen and chosen.made_by_id else None,
        "item": reader.explain.item(lead.item_code) if lead and lead.item_code else "",
        "support": [reader.explain.unit(code) for code in lead.supporting_units] if lead else [],
        "supervising": reader.explain.unit(lead.supervising_unit) if lead and lead.supervising_unit else "",
        "owner": reader.explain.unit(incident.asset_owner) if incident.asset_owner else "",
    }


def _back(user: User, incident: Incident) -> str:
    """Where the case was opened from, by the reader's role."""
    if viewer_of(user).with_roles(Role.HANDLER):
        return reverse("inbox")
    if incident.status == Status.TRIAGE and viewer_of(user).with_roles(*DESK_ROLES):
        return reverse("desk-case", args=[incident.number])
    # Who is on rounds has no list of cases, but what they found.
    return reverse("cases" if viewer_of(user).with_roles(*READING_ROLES) else "patrol-found")


def _clock_note(incident: Incident) -> str:
    """What stands below the time left: the limit of the handling that comes after acceptance."""
    if incident.status != Status.DISPATCHED:
        return ""
    handling = incident.timers.filter(kind=Timer.Kind.HANDLING, stopped_at__isnull=True).last()
    return limit_words(handling.limit) if handling else ""


def _stages(incident: Incident, lead: Assignment | None) -> Sequence[dict[str, str]]:
    """Where the case stands on its way, for the line of dots."""
    names = [
        pgettext("stage", "Dispatch"),
        pgettext("stage", "Accept"),
        pgettext("stage", "Handle"),
        pgettext("stage", "Verify"),
        pgettext("stage", "Close"),
    ]
    now = {
        Status.TRIAGE: 0,
        Status.DISPATCHED: 1,
        Status.HANDLING: 2,
        Status.PARKED: 2,
        Status.SUSPENDED: 2,
        Status.RESOLVED: 3,
        Status.CLOSED: 5,
    }.get(Status(incident.status))
    if now is None or (now == 5 and lead is None):
        return []
    return [
        {"name": name, "state": "done" if index < now else "now" if index == now else ""}
        for index, name in enumerate(names)
    ]
