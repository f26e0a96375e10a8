"""A resident reports something, a step at a time: words, place, the same thing?, pictures and phone.

Every step is a page with an address of its own that works without scripts; what was filled in waits in
the session. The core is reached through incidents.public alone.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config import clock
from grids import registers
from grids.facilities import metres_between
from grids.locate import geography, locate
from grids.models import Area, Facility
from incidents import attachments
from incidents.errors import InvalidInput
from incidents.models import Attachment
from incidents.pages import plain_words, resident_drafts
from incidents.pages.resident_drafts import Draft
from incidents.pages.resident_forms import TEXT_MAX, FinishForm, PlaceForm, WordsForm
from incidents.pages.throttle import Throttle, address_of
from incidents.public import AlikeCase, NearbyQuestion, UnknownCode, published, status, submit
from incidents.public.filing import PHOTOS_MAX, clean_place

# Many households share one address of their provider: generous to people, narrow to a script.
FILINGS = Throttle(limit=30, seconds=600)
UPLOADS = Throttle(limit=80, seconds=600)

# A pin that was nudged so little still stands on the facility that was scanned.
MOVED_M = 15.0

# Said in the words step, these raise the emergency box above everything.
DANGER_WORDS = (
    *("着火", "起火", "火灾", "冒烟", "爆炸", "漏电", "触电", "燃气", "煤气", "漏气", "受伤", "流血"),
    *("晕倒", "昏迷", "溺水", "坠楼", "跳楼", "塌陷", "被困"),
    *("fire", "smoke", "explosion", "gas", "injured", "bleeding", "unconscious", "drowning", "collapsed"),
)

_TOKENS = signing.Signer(salt="incidents.pages.resident.photo")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def words(request: HttpRequest, form_id: str = "") -> HttpResponse:
    """Step 1. /report/ starts a form, /report/<form>/ goes back to its words."""
    draft = resident_drafts.load(request.session, form_id) if form_id else None
    if form_id and draft is None:
        return _expired(request)
    if request.method != "POST":
        draft = draft or _begun(request, resident_drafts.new_form_id())
        if draft.receipt:
            return redirect("report-received", draft.form)
        return _words_page(request, draft, WordsForm(initial={"text": draft.text}))
    posted = request.POST.get("form", "")
    if draft is None:
        draft = resident_drafts.load(request.session, posted)
    if draft is None:
        minted = posted if resident_drafts.is_form_id(posted) else resident_drafts.new_form_id()
        draft = _begun(request, minted)
    if draft.receipt:
        return redirect("report-received", draft.form)
    form = WordsForm(request.POST)
    if not form.is_valid():
        return _words_page(request, draft, form, status=400)
    if form.cleaned_data["text"] != draft.text:
        draft.joins = None
    draft.text = form.cleaned_data["text"]
    resident_drafts.save(request.session, draft)
    return redirect("report-place", draft.form)


def _words_page(request: HttpRequest, draft: Draft, form: WordsForm, status: int = 200) -> HttpResponse:
    context = {
        "draft": draft,
        "form": form,
        "text_max": TEXT_MAX,
        "danger_words": " ".join(DANGER_WORDS),
        "is_danger": _is_danger(form["text"].value() or ""),
        **_step(1, 4),
    }
    return render(request, "resident/words.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, form_id: str) -> HttpResponse:
    """Step 2: a tap on the map, the device's position, a scanned code or an address."""
    draft = resident_drafts.load(request.session, form_id)
    if draft is None:
        return _expired(request)
    if draft.receipt or not draft.text:
        return redirect("report-received" if draft.receipt else "report-words-again", draft.form)
    if request.method != "POST":
        kept = {name: getattr(draft, name) for name in ("lon", "lat", "area", "address", "landmark")}
        return _place_page(request, draft, PlaceForm(initial=kept))
    form = PlaceForm(request.POST)
    if not form.is_valid():
        return _place_page(request, draft, form, status=400)
    told = form.cleaned_data
    draft.lon, draft.lat, draft.area = told["lon"], told["lat"], told["area"]
    draft.address, draft.landmark = told["address"], told["landmark"]
    if told["nowhere"] or _was_moved(draft):
        draft.facility = ""
    draft.is_placed, draft.joins = True, None
    draft.alike = [case.number for case in _alike(draft)]
    resident_drafts.save(request.session, draft)
    return redirect("report-same" if draft.alike else "report-finish", draft.form)


def _place_page(request: HttpRequest, draft: Draft, form: PlaceForm, status: int = 200) -> HttpResponse:
    context = {
        "draft": draft,
        "form": form,
        "scanned": _scanned_names(draft),
        "is_danger": _is_danger(draft.text),
        "back": reverse("report-words-again", args=[draft.form]),
        **_step(2, 4),
    }
    return render(request, "resident/place.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def same(request: HttpRequest, form_id: str) -> HttpResponse:
    """Step 3, only where something alike is open nearby: is it the same thing?"""
    draft = resident_drafts.load(request.session, form_id)
    if draft is None:
        return _expired(request)
    if draft.receipt or not draft.is_placed:
        return redirect("report-received" if draft.receipt else "report-place", draft.form)
    alike = _alike(draft)
    if not alike:
        return redirect("report-finish", draft.form)
    numbers = [case.number for case in alike]
    if request.method == "POST":
        chosen = request.POST.get("same", "")
        # By its place in the list that was shown: a number that was not offered cannot be joined.
        if chosen == "none" or chosen in map(str, range(len(draft.alike))):
            draft.joins = "" if chosen == "none" else draft.alike[int(chosen)]
            resident_drafts.save(request.session, draft)
            return redirect("report-finish", draft.form)
        error = _("Choose one of these, or “none of these”.")
    else:
        error = ""
        if numbers != draft.alike:
            draft.alike = numbers
            resident_drafts.save(request.session, draft)
    context = {
        "draft": draft,
        "alike": [plain_words.alike(case, at=clock.now()) for case in alike],
        "chosen": numbers.index(draft.joins) if draft.joins in numbers else None,
        "is_none_chosen": draft.joins == "",
        "error": error,
        "back": reverse("report-place", args=[draft.form]),
        **_step(3, 4),
    }
    return render(request, "resident/same.html", context, status=400 if error else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, form_id: str) -> HttpResponse:
    """Step 4: pictures and a phone number, both optional; and sending it."""
    draft = resident_drafts.load(request.session, form_id)
    if draft is None:
        return _expired(request)
    if draft.receipt or not draft.is_placed:
        return redirect("report-received" if draft.receipt else "report-place", draft.form)
    if request.method != "POST":
        return _finish_page(request, draft, FinishForm())
    form = FinishForm(request.POST)
    address = address_of(request)
    if FILINGS.is_full(address):
        form.is_valid()
        form.add_error(
            None,
            _("A lot has been sent from your connection just now. Wait a few minutes, or call 12345."),
        )
        return _finish_page(request, draft, form, status=429)
    photos, problems = _photos(request, draft)
    if not form.is_valid() or problems:
        return _finish_page(request, draft, form, photos=photos, problems=problems, status=400)
    FILINGS.count(address)
    try:
        receipt = submit(
            draft.complaint(
                photos=tuple(photos),
                name=form.cleaned_data["name"],
                phone=form.cleaned_data["phone"],
                language=get_language() or "zh-hans",
            ),
            at=clock.now(),
        )
    except InvalidInput as error:
        form.add_error(None, str(error))
        return _finish_page(request, draft, form, photos=photos, status=400)
    resident_drafts.finish(request.session, draft, receipt)
    return redirect("report-received", draft.form)


def _finish_page(
    request: HttpRequest,
    draft: Draft,
    form: FinishForm,
    *,
    photos: Sequence[UUID] = (),
    problems: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    found = clean_place(draft.complaint())
    last = 4 if draft.alike else 3
    context = {
        "draft": draft,
        "form": form,
        "photos": [
            {"token": token, "url": reverse("report-photo", args=[token])} for token in map(_token, photos)
        ],
        "photos_left": PHOTOS_MAX - len(photos),
        "photos_max": PHOTOS_MAX,
        "problems": problems,
        "where": " · ".join(_area_names(found.community or found.street or "")),
        "is_outside": found.in_district is False,
        "back": reverse("report-same" if draft.alike else "report-place", args=[draft.form]),
        **_step(last, last),
    }
    return render(request, "resident/finish.html", context, status=status)


@never_cache
@require_GET
def received(request: HttpRequest, form_id: str) -> HttpResponse:
    """It is in: the code, whose job it is, by when, and what comes next."""
    draft = resident_drafts.load(request.session, form_id)
    if draft is None or not draft.receipt:
        return _expired(request)
    at = clock.now()
    try:
        case = status(draft.receipt["tracking_code"], at=at)
    except UnknownCode:
        return _expired(request)
    context = {
        "case": case,
        "head": plain_words.headline(case, at=at),
        "why": plain_words.why_in_short(case),
        "others": draft.receipt["others"] if draft.receipt["joined"] else 0,
    }
    return render(request, "resident/received.html", context)


@require_POST
def upload_photo(request: HttpRequest) -> JsonResponse:
    """One picture, sent while the reporter is still writing; answers the token that the form sends."""
    address = address_of(request)
    upload = request.FILES.get("file")
    if UPLOADS.is_full(address):
        return JsonResponse({"error": _("Too many pictures at once. Wait a few minutes.")}, status=429)
    if upload is None:
        return JsonResponse({"error": _("No picture came along.")}, status=400)
    UPLOADS.count(address)
    try:
        stored = attachments.store_picture(upload, at=clock.now())
    except InvalidInput as error:
        return JsonResponse({"error": str(error), "code": error.code}, status=400)
    token = _token(stored.pk)
    return JsonResponse({"token": token, "url": reverse("report-photo", args=[token])}, status=201)


@require_GET
def photo(request: HttpRequest, token: str) -> FileResponse:
    """A picture of a form that is not sent yet, to whoever holds its token."""
    photo_id = _from_token(token)
    found = Attachment.objects.filter(pk=photo_id, report=None, incident=None).first() if photo_id else None
    if found is None:
        raise Http404
    return attachments.picture_response(found)


def _photos(request: HttpRequest, draft: Draft) -> tuple[list[UUID], list[str]]:
    """The pictures of the form, kept; and what was wrong with the others, a sentence each."""
    kept = [
        photo_id for token in request.POST.getlist("photo")[:PHOTOS_MAX] if (photo_id := _from_token(token))
    ]
    kept = list(dict.fromkeys(kept))
    dropped = {_from_token(token) for token in request.POST.getlist("drop_photo")}
    kept = [photo_id for photo_id in kept if photo_id not in dropped]
    problems = []
    for upload in request.FILES.getlist("photos"):
        if len(kept) >= PHOTOS_MAX:
            problems.append(_("At most %(max)d photos fit; the others were left out.") % {"max": PHOTOS_MAX})
            break
        try:
            kept.append(attachments.store_picture(upload, at=clock.now()).pk)
        except InvalidInput as error:
            problems.append(f"{_name_of(upload)}: {error}")
    return kept, problems


def _name_of(upload: UploadedFile) -> str:
    return (upload.name or "")[-40:]


def _token(photo_id: UUID) -> str:
    return _TOKENS.sign(photo_id.hex)


def _from_token(token: str) -> UUID | None:
    try:
        return UUID(hex=_TOKENS.unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def _alike(draft: Draft) -> tuple[AlikeCase, ...]:
    if draft.lon is None or draft.lat is None:
        return ()
    return published(NearbyQuestion(text=draft.text, lon=draft.lon, lat=draft.lat), at=clock.now())


def _begun(request: HttpRequest, form_id: str) -> Draft:
    """A new form; with the place of the code that was scanned, where one was."""
    draft = Draft(form=form_id, area=_scanned(request))
    told = request.GET.get("facility") or request.POST.get("facility") or ""
    facility = registers.current().facilities.get(told) if told else None
    if facility is not None:
        draft.facility, draft.lon, draft.lat = facility.code, facility.lon, facility.lat
    return draft


def _was_moved(draft: Draft) -> bool:
    """Did the reporter put the pin elsewhere than where the scanned facility stands?"""
    facility = registers.current().facilities.get(draft.facility) if draft.facility else None
    if facility is None or draft.lon is None or draft.lat is None:
        return bool(draft.facility)
    return metres_between(facility.lon, facility.lat, draft.lon, draft.lat) > MOVED_M


def _scanned(request: HttpRequest) -> str:
    """The area whose code on the wall was scanned: ?area=CODE. One that we do not know is ignored."""
    code = request.GET.get("area") or request.POST.get("area") or ""
    return code if code in geography().kinds else ""


def _area_names(code: str) -> list[str]:
    """The names of an area and of the street and community that it lies in, widest first."""
    areas = geography()
    chain = [areas.above(code, kind) for kind in ("street", "community", "cell")] if code else []
    codes = list(dict.fromkeys(found for found in chain if found))
    names = {area.code: area.name for area in Area.objects.without_polygons().filter(code__in=codes)}
    return [names[found] for found in codes if found in names]


def _scanned_names(draft: Draft) -> list[str]:
    """What was scanned, in words: a facility by its kind and plate, or an area."""
    facility = registers.current().facilities.get(draft.facility) if draft.facility else None
    if facility is None:
        return _area_names(draft.area)
    kind = str(Facility.Kind(facility.kind).label)
    return [
        *_area_names(locate(facility=facility.code).community or ""),
        f"{kind} {facility.plate or facility.code}",
    ]


def _is_danger(text: str) -> bool:
    said = text.casefold()
    return any(word in said for word in DANGER_WORDS)


def _step(number: int, of: int) -> dict[str, Any]:
    return {"step": number, "steps": of, "bars": [index < number for index in range(of)]}


def _expired(request: HttpRequest) -> HttpResponse:
    return render(request, "resident/expired.html", status=410)
