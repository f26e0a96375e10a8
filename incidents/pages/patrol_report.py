"""Reporting on the round, in twenty seconds: a photo, where one stands, a few words; and what came of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.roles import Action, Role
from accounts.viewer import viewer_of
from config import clock
from dispatch import service
from dispatch.edition import edition
from dispatch.facts import PlaceFacts
from dispatch.models import Category
from dispatch.vocabulary import Nature, Source, Urgency
from grids import qr
from grids.locate import Place, PlaceError, locate
from incidents import actions, policy, queries
from incidents.errors import ActionRefused, InvalidInput
from incidents.field import rounds
from incidents.intake import Refusal, ReportDraft, receive_one
from incidents.intake.scanned import ATTRIBUTE
from incidents.models import Attachment, Incident, Report
from incidents.models.incident import Status
from incidents.pages.access import person, staff
from incidents.pages.patrol_forms import FOUND_MAX, FindingForm, FixForm
from incidents.pages.patrol_photos import PHOTOS_MAX, put_on, taken_in
from incidents.pages.submissions import age_of, key_of, once
from incidents.pages.wording import described
from incidents.public.places import PlaceQuestion, StillQuestion, place_told, still_told

SHOWN = 50
GUESSES = 3
GUESS_LEAST = 0.05
# What waited on the phone for less than this was sent at once.
WAITED = timedelta(minutes=2)


@once
@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.PATROL)
def report(request: HttpRequest) -> HttpResponse:
    """The form, and filing it. The same form twice is one report, whatever died in between."""
    user, at = person(request), clock.now()
    if request.method != "POST":
        return _report_page(request, FindingForm(initial=_scanned(request.GET.get("code", ""))))
    form = FindingForm(request.POST)
    is_valid = form.is_valid()
    before, problems = taken_in(request, user=user, at=at)
    known = _known(request, user)
    after, more = taken_in(
        request,
        user=user,
        at=at,
        name="after",
        kept="kept_after",
        on=_case_of(known) if known else None,
        stage=Attachment.Stage.AFTER,
    )
    problems += more
    if is_valid and form.is_fixed and not after and not problems:
        problems.append(_("Show how it looks now: at least one photo."))
    if not is_valid or problems:
        return _report_page(request, form, before=before, after=after, problems=problems, status=400)
    try:
        filed = known or _file(request, user, form, before, at=at)
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _report_page(request, form, before=before, after=after, status=400)
    case = _case_of(filed)
    if form.is_fixed:
        _fix(request, user, case, after, text=form.cleaned_data["did"], at=at)
    else:
        messages.success(request, _told(filed, case))
    return redirect("patrol-found")


def _file(
    request: HttpRequest, user: User, form: FindingForm, photos: list[Attachment], *, at: datetime
) -> Report:
    """Take the finding in, under the form's key."""
    told = form.cleaned_data
    waited = age_of(request)
    outcome = receive_one(
        ReportDraft(
            source=Source.PATROL,
            external_id=_external_id(user, key_of(request) or uuid4()),
            text=told["text"],
            nature=Nature.FINDING,
            category=told["category"] or None,
            occurred_at=at - waited if waited > WAITED else None,
            place=_place(told),
            address=told["address"],
            attachments=tuple(photo.pk for photo in photos),
            attributes=_attributes(told),
            language=get_language() or "zh-hans",
            # What is put right already is nobody's other case.
            joins="" if form.is_fixed else None,
        ),
        at=at,
        user=user,
    )
    if isinstance(outcome, Refusal):
        raise InvalidInput(outcome.field, outcome.code, outcome.message)
    return outcome.report


def _attributes(told: dict[str, Any]) -> dict[str, Any]:
    """How exact the phone's position was, and the plate that was scanned where the report is about its place:
    always about a thing that was scanned, and about an area where they still stood in it."""
    accuracy, code = told.get("accuracy"), qr.plain_code(told["code"])
    found: dict[str, Any] = {} if accuracy is None else {"accuracy_m": round(accuracy)}
    if not code:
        return found
    plate = place_told(PlaceQuestion(code=code))
    still = still_told(
        StillQuestion(code=code, lon=told["lon"], lat=told["lat"], area=plate.area, address=told["address"])
    )
    return {**found, ATTRIBUTE: code} if plate.facility or still.code else found


def _known(request: HttpRequest, user: User) -> Report | None:
    """The report that an earlier try of this form has filed."""
    key = key_of(request)
    if key is None:
        return None
    return Report.objects.filter(source=Source.PATROL, external_id=_external_id(user, key)).first()


def _external_id(user: User, key: UUID) -> str:
    return f"patrol-{user.pk}-{key}"


def _place(told: dict[str, Any]) -> Place:
    """Where it is, by the phone's position or the words; raises InvalidInput."""
    try:
        return locate(lon=told["lon"], lat=told["lat"], qr_code=told["code"], address=told["address"])
    except PlaceError as error:
        raise InvalidInput("address", error.code, error.detail) from error


def _scanned(code: str) -> dict[str, Any]:
    """What a scanned code fills in: the code, and the point where it is a facility's."""
    try:
        place = locate(qr_code=code) if code else None
    except PlaceError:
        return {}
    return {"code": code, "lon": place.lon, "lat": place.lat} if place else {}


def _scanned_words(code: str) -> str:
    """The place of a scanned code, in words: what was scanned, and where that lies."""
    return " · ".join(place_told(PlaceQuestion(code=code)).names[-2:]) if code else ""


def _case_of(filed: Report) -> Incident:
    link = filed.links.filter(unlinked_at__isnull=True).select_related("incident__owner_unit").get()
    return link.incident


def _fix(
    request: HttpRequest, user: User, case: Incident, photos: list[Attachment], *, text: str, at: datetime
) -> None:
    """Close the finding as put right; where that cannot be said of it, it is a report like any."""
    try:
        put_on(case, photos, Attachment.Stage.AFTER, actor=_actor(user, case), at=at)
        done = actions.fix_on_spot(number=case.number, text=text, actor=_actor(user, case), at=at)
    except ActionRefused as error:
        if case.self_fixed:  # by the first of two tries, whose answer was lost
            messages.success(request, _fixed_words(case))
            return
        messages.warning(
            request,
            _("%(number)s is reported, and not closed: %(why)s") % {"number": case.number, "why": error},
        )
        return
    messages.success(request, _fixed_words(done))


def _fixed_words(case: Incident) -> str:
    if case.status == Status.RESOLVED:
        return _("%(number)s: recorded. Drawn by lot, somebody else looks at it again.") % {
            "number": case.number
        }
    return _("%(number)s: recorded and closed at level A.") % {"number": case.number}


def _told(filed: Report, case: Incident) -> str:
    joined = filed.links.filter(incident=case, how="same").exists()
    told = {"number": case.number, "unit": case.owner_unit}
    if joined:
        return _("Known already: %(number)s, with %(unit)s. Yours was added to it.") % told
    if case.status == Status.TRIAGE:
        return _("%(number)s is in. The centre decides whose it is.") % told
    return _("%(number)s has gone to %(unit)s.") % told


def _actor(user: User, case: Incident) -> Any:
    return policy.acting_as(user, Action.NOTE, case)


def _report_page(
    request: HttpRequest,
    form: FindingForm,
    *,
    before: list[Attachment] | None = None,
    after: list[Attachment] | None = None,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    chosen = form["category"].value() or ""
    context = {
        "tab": "report",
        "form": form,
        "scanned": _scanned_words(form["code"].value() or ""),
        "text_max": FOUND_MAX,
        "kept": [str(photo.pk) for photo in before or []],
        "kept_after": [str(photo.pk) for photo in after or []],
        "photos_left": PHOTOS_MAX - len(before or []),
        "after_left": PHOTOS_MAX - len(after or []),
        "problems": problems or [],
        "is_fixed": form["done"].value() == "yes",
        "chosen": Category.objects.filter(code=chosen).first() if chosen else None,
    }
    return render(request, "incidents/patrol/report.html", context, status=status)


@require_POST
@staff(Role.PATROL)
def guess(request: HttpRequest) -> JsonResponse:
    """What the words are about, the likeliest first, for the chips below them. Nothing is kept."""
    text = request.POST.get("text", "").replace("\x00", " ").strip()[:FOUND_MAX]
    if len(text) < 2:
        return JsonResponse({"guesses": []})
    question = service.Request(text=text, source=Source.PATROL, at=clock.now(), place=PlaceFacts())
    now = edition()
    decision = service.decide_many([question], now=now)[0]
    likely = [one for one in decision.facts.categories if one.probability >= GUESS_LEAST][:GUESSES]
    names = Category.objects.in_bulk([one.code for one in likely], field_name="code")
    return JsonResponse(
        {
            "guesses": [
                {"code": one.code, "name": names[one.code].name, "share": round(one.probability, 2)}
                for one in likely
                if one.code in names
            ],
            "is_emergency": decision.urgency == Urgency.EMERGENCY,
        }
    )


@require_safe
@staff(Role.PATROL)
def found(request: HttpRequest) -> HttpResponse:
    """What this patrol found, newest first, and where each stands."""
    user, at = person(request), clock.now()
    rows = list(rounds.findings_of(user).for_list().order_by("-received_at", "-pk")[:SHOWN])
    place = queries.places_of(rows)
    context = {
        "at": at,
        "tab": "found",
        "rows": [described(row, at, place=place.short(row), may_fix=_may_fix(row, at)) for row in rows],
        "units": [grant.unit for grant in viewer_of(user).with_roles(Role.PATROL)],
    }
    return render(request, "incidents/patrol/found.html", context)


def _may_fix(case: Incident, at: datetime) -> bool:
    """Is "I have put it right" worth offering? The action asks again, and more."""
    return (
        case.status in (Status.TRIAGE, Status.DISPATCHED)
        and case.report_count == 1
        and case.urgency != Urgency.EMERGENCY
        and rounds.may_still_fix(case, at)
    )


@once
@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.PATROL)
def fix(request: HttpRequest, number: str) -> HttpResponse:
    """Say of one's own finding that one has put it right since."""
    user, at = person(request), clock.now()
    case = rounds.findings_of(user).filter(number=number).select_related("text", "owner_unit").first()
    if case is None:
        raise Http404
    if request.method != "POST":
        return _fix_page(request, case, FixForm())
    form = FixForm(request.POST)
    stage = Attachment.Stage.AFTER
    photos, problems = taken_in(
        request, user=user, at=at, name="after", kept="kept_after", on=case, stage=stage
    )
    if not photos and not problems:
        problems = [_("Show how it looks now: at least one photo.")]
    if not form.is_valid() or problems:
        return _fix_page(request, case, form, photos=photos, problems=problems, status=400)
    try:
        put_on(case, photos, stage, actor=_actor(user, case), at=at)
        done = actions.fix_on_spot(
            number=number,
            text=form.cleaned_data["text"],
            actor=policy.acting_as(user, Action.FIX_ON_SPOT, case),
            at=at,
        )
    except (ActionRefused, InvalidInput) as error:
        form.add_error(None, str(error))
        return _fix_page(request, case, form, status=409)
    messages.success(request, _fixed_words(done))
    return redirect("patrol-found")


def _fix_page(
    request: HttpRequest,
    case: Incident,
    form: FixForm,
    *,
    photos: list[Attachment] | None = None,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    at = clock.now()
    context = {
        "at": at,
        "form": form,
        "kept_after": [str(photo.pk) for photo in photos or []],
        "after_left": PHOTOS_MAX - len(photos or []),
        "problems": problems or [],
        **described(case, at, title=60),
    }
    return render(request, "incidents/patrol/fix.html", context, status=status)
