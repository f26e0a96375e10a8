"""化解: the list of mediations, one file, and taking its papers out. What is done with one: mediation_steps.

Names, numbers and words are masked until somebody who may read them asks to; each time is on the timeline.
"""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Action
from config import clock
from incidents import actions, mediating, policy
from incidents.errors import ActionRefused
from incidents.mediation import files, protocol
from incidents.mediation.figures import SPAN, figures_of
from incidents.mediation.loop import steps_of
from incidents.models import Incident, MediationFile
from incidents.numbers import district_day
from incidents.pages.access import CASE_ROLES, READING_ROLES, person, staff
from incidents.pages.wording import title_of
from incidents.sources import petitions

ROWS = 30
TABS = ("open", "follow", "settled", "not_settled")


@require_GET
@staff(*READING_ROLES)
def listed(request: HttpRequest) -> HttpResponse:
    """The mediations of the cases that this person sees, with what they add up to."""
    user, at = person(request), clock.now()
    seen = files.visible(user)
    today = district_day(at)
    states = MediationFile.State
    due = Q(pk__in=files.to_follow_up(seen, on=today).values("pk"))
    conditions = {
        "open": Q(state=states.OPEN),
        "follow": due,
        "settled": Q(state=states.SETTLED),
        "not_settled": Q(state__in=[states.FAILED, states.WITHDRAWN, states.OVERTAKEN]),
    }
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "open"
    rows = (
        seen.filter(conditions[tab])
        .select_related("incident__text", "incident__category", "unit", "mediator")
        .annotate(session_count=Count("sessions", distinct=True), party_count=Count("parties", distinct=True))
        .order_by(*(("follow_up_on", "pk") if tab == "follow" else ("-taken_at", "-pk")))
    )
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    counts = seen.aggregate(**{name: Count("pk", filter=condition) for name, condition in conditions.items()})
    context = {
        "page": page,
        "rows": [{"file": one, "title": title_of(one.incident.text.body)} for one in page.object_list],
        "tab": tab,
        "tabs": [{"name": name, "count": counts[name]} for name in TABS],
        "figures": figures_of(user, at=at),
        "days": SPAN.days,
        "today": today,
    }
    return render(request, "incidents/mediation/list.html", context)


@require_GET
@staff(*READING_ROLES)
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """One file, as far as this person may read it."""
    user = person(request)
    found = file_or_404(user, pk)
    return render(request, "incidents/mediation/file.html", context_of(found, user, lifted=False))


@require_POST
@staff(*CASE_ROLES)
def unveiled(request: HttpRequest, pk: int) -> HttpResponse:
    """The same with names and words as they are. The page itself and no redirect: looking again is another
    look, and is recorded as one."""
    user = person(request)
    found = file_or_404(user, pk)
    _recorded(found, user)
    response = render(
        request, "incidents/mediation/file.html", context_of(file_or_404(user, pk), user, lifted=True)
    )
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@staff(*CASE_ROLES)
def printed(request: HttpRequest, pk: int) -> HttpResponse:
    """调解协议书 as PDF, to be signed: it names the parties, so it counts as a look."""
    user = person(request)
    found = file_or_404(user, pk)
    if files.agreement_of(found) is None:
        raise Http404
    _recorded(found, user)
    body = protocol.draw(found, taken_by=str(user), at=clock.now())
    return HttpResponse(
        body,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="mediation-{found.incident.number}-{found.pk}.pdf"',
            "Cache-Control": "no-store",
        },
    )


@require_POST
@staff(*CASE_ROLES)
def scan(request: HttpRequest, pk: int, document: UUID) -> HttpResponse:
    """A scan, to be saved: never shown in a page, and each time recorded."""
    user = person(request)
    found = file_or_404(user, pk)
    _recorded(found, user, scan=document)
    kept = found.scans.get(pk=document)
    try:
        body = files.body_of(kept)
    except FileNotFoundError as error:
        raise Http404 from error
    ending = "pdf" if kept.content_type == petitions.PDF else "jpg"
    return HttpResponse(
        body,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{found.pk}-{kept.pk.hex[:8]}.{ending}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "no-store",
        },
    )


def _recorded(found: MediationFile, user: User, *, scan: UUID | None = None) -> None:
    try:
        actor = policy.acting_as(user, Action.READ_MEDIATION, found.incident)
        actions.read_mediation(file=found.pk, actor=actor, at=clock.now(), scan=scan)
    except ActionRefused as error:
        if error.code == "not_allowed":
            raise PermissionDenied from error
        raise Http404 from error


def file_or_404(user: User, pk: int) -> MediationFile:
    """The file, if this person may see its case."""
    found = (
        files.visible(user)
        .filter(pk=pk)
        .select_related("incident__text", "incident__category", "incident__owner_unit", "unit", "mediator")
        .prefetch_related(
            "parties__contact",
            "sessions__present",
            "sessions__entered_by",
            "agreements__confirmations__entered_by",
            "agreements__written_by",
            "follow_ups__entered_by",
            "scans__uploaded_by",
        )
        .first()
        if pk < 2**63
        else None
    )
    if found is None:
        raise Http404
    return found


def context_of(found: MediationFile, user: User, *, lifted: bool) -> dict[str, Any]:
    """Everything about a file for its page; nothing that was said for who may not read it."""
    incident = found.incident
    reads = files.may_read(user, incident)
    parties = list(found.parties.all())
    veil = files.Veil(parties, lifted and reads)
    may_write = found.is_open and policy.can(user, Action.MEDIATE, incident)
    may_follow = policy.can(user, Action.FOLLOW_MEDIATION, incident)
    agreement = files.agreement_of(found)
    missing = files.unconfirmed(found)
    staying = files.staying(found)
    earlier = files.earlier_of(found, user, lifted=veil.lifted) if reads else files.Earlier([], 0)
    return {
        "file": found,
        "case": incident,
        "title": title_of(incident.text.body),
        "steps": steps_of(incident, [found, *files.of_run(incident)]),
        "reads": reads,
        "lifted": veil.lifted,
        "may_write": may_write,
        "may_follow": may_follow and found.state == MediationFile.State.SETTLED,
        "may_scan": may_follow,
        "may_open": policy.can(user, Action.MEDIATE, incident) and is_free(incident) and not found.is_open,
        "parties": [
            {
                "party": one,
                "name": veil.name(one) if reads else "",
                "phone": veil.phone(one) if reads else "",
                "address": veil.address(one) if reads else "",
                "left_words": veil.words(one.left_words) if reads and one.left_words_sealed else "",
                "confirmed": agreement is not None and one.left_at is None and one not in missing,
            }
            for one in parties
        ],
        "sessions": [
            {
                "session": one,
                "place": veil.words(one.place) if reads else "",
                "words": veil.words(one.words) if reads else "",
                "present": [
                    f"{came.get_side_display()} {veil.name(came)}".strip()
                    if reads
                    else came.get_side_display()
                    for came in one.present.all()
                ],
            }
            for one in found.sessions.all()
        ],
        "agreement": agreement,
        "terms": veil.words(agreement.terms) if agreement is not None and reads else "",
        "editions": len(found.agreements.all()),
        "earlier_editions": [
            {"agreement": one, "terms": veil.words(one.terms) if reads else ""}
            for one in sorted(found.agreements.all(), key=lambda one: -one.edition)[1:]
        ],
        "confirmations": [
            {"given": one, "party": next(party for party in parties if party.pk == one.party_id)}
            for one in (agreement.confirmations.all() if agreement is not None else ())
        ],
        "missing": missing,
        "may_settle": agreement is not None and not missing and len(staying) > 1,
        "too_few": len(staying) < 2,
        "ended_words": veil.words(found.ended_words) if reads else "",
        "follow_ups": [
            {"made": one, "words": veil.words(one.words) if reads else ""} for one in found.follow_ups.all()
        ],
        "scans": list(found.scans.all()) if reads else [],
        "earlier": [{"case": one, "title": title_of(one.text.body)} for one in earlier.cases],
        "earlier_veiled": earlier.veiled,
        "asked_next": files.is_to_be_asked_after(found),
        "may_resolve": found.state == MediationFile.State.SETTLED
        and found.handling_run == incident.handling_run
        and policy.can(user, Action.RESOLVE, incident),
        "next_kind": found.next_step if found.next_step in ("administrative", "judicial") else "",
    }


def of_case(incident: Incident, user: User) -> dict[str, Any]:
    """What a dispute's own page shows: the five steps, and its files; nothing for other cases."""
    if not mediating.is_dispute(incident):
        return {}
    found = files.of_case(incident)
    return {
        "loop": steps_of(incident, [one for one in found if one.incident_id == incident.pk]),
        "mediations": found,
        "may_mediate": policy.can(user, Action.MEDIATE, incident)
        and not any(one.is_open for one in found if one.incident_id == incident.pk),
        "mediations_url": reverse("mediations"),
    }


def is_free(incident: Incident) -> bool:
    """Is no mediation of this case open?"""
    return not incident.mediation_files.filter(state=MediationFile.State.OPEN).exists()
