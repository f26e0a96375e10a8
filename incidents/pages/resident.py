"""A resident reports something, a step at a time: words, place, the same thing?, pictures and phone.

Every step is a page with an address of its own that works without scripts; what was filled in waits in
the session. The core is reached through incidents.public alone, but for pictures (docs/decisions/0033).
"""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from config import clock
from incidents.errors import InvalidInput
from incidents.pages import followed, form_guard, plain_words, resident_drafts
from incidents.pages.form_guard import FILINGS
from incidents.pages.resident_drafts import Draft
from incidents.pages.resident_forms import TEXT_MAX, FinishForm, PlaceForm, WordsForm
from incidents.pages.resident_photos import UPLOADS, photos_of, token_of
from incidents.pages.resident_places import area_names, begun, leave_what_was_scanned, scanned_names
from incidents.pages.throttle import address_of
from incidents.public import (
    AlikeCase,
    Complaint,
    Matter,
    MatterQuestion,
    NearbyQuestion,
    Phase,
    UnknownCode,
    published,
    status,
    submit,
)
from incidents.public.filing import PHOTOS_MAX, clean_place
from incidents.rude_words import is_rude

__all__ = ["FILINGS", "UPLOADS", "finish", "place", "received", "same", "words"]

# Are the same words about the same place from one browser within minutes meant? That is asked, not guessed:
# the next neighbour at the counter's tablet says them too, and so does somebody who forgot the photo.
AGAIN_SECONDS = 600
_STEPS = 3  # words, place, photos and phone
_OVER = (Phase.SETTLED, Phase.ANSWERED, Phase.DECLINED, Phase.WITHDRAWN)

# Said in the words step, these raise the emergency box above everything.
DANGER_WORDS = (
    *("着火", "起火", "火灾", "冒烟", "爆炸", "漏电", "触电", "燃气", "煤气", "漏气", "受伤", "流血"),
    *("晕倒", "昏迷", "溺水", "坠楼", "跳楼", "塌陷", "被困"),
    *("fire", "smoke", "explosion", "gas", "injured", "bleeding", "unconscious", "drowning", "collapsed"),
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def words(request: HttpRequest, form_id: str = "") -> HttpResponse:
    """Step 1. /report/ starts a form, /report/<form>/ goes back to its words."""
    draft = resident_drafts.load(request.session, form_id) if form_id else None
    if form_id and draft is None:
        return _expired(request)
    if request.method != "POST":
        draft = draft or begun(request, resident_drafts.new_form_id())
        if draft.receipt:
            return redirect("report-received", draft.form)
        said = "" if draft.photo_only else draft.text
        return _words_page(request, draft, WordsForm(initial={"text": said}))
    posted = request.POST.get("form", "")
    if draft is None:
        draft = resident_drafts.load(request.session, posted)
    if draft is None:
        minted = posted if resident_drafts.is_form_id(posted) else resident_drafts.new_form_id()
        draft = begun(request, minted)
    if draft.receipt:
        return redirect("report-received", draft.form)
    form = WordsForm(request.POST)
    if not form.is_valid():
        return _words_page(request, draft, form, status=400)
    told = form.cleaned_data
    text = _("Only photos, no words: see the photos.") if told["photo_only"] else told["text"]
    if text != draft.text:
        draft.joins = None
    draft.text, draft.photo_only = text, told["photo_only"]
    resident_drafts.save(request.session, draft)
    return redirect("report-place", draft.form)


def _words_page(request: HttpRequest, draft: Draft, form: WordsForm, status: int = 200) -> HttpResponse:
    context = {
        "draft": draft,
        "form": form,
        "text_max": TEXT_MAX,
        "danger_words": " ".join(DANGER_WORDS),
        "is_danger": is_danger(form["text"].value() or ""),
        "scanned": scanned_names(draft),
        **_step(1),
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
    is_known = draft.is_placed and draft.lon is None and told["address"] == draft.address
    if form.unfound and not told["asked"] and not is_known:
        return _place_page(request, draft, form, unfound=form.unfound)
    draft.lon, draft.lat, draft.area = told["lon"], told["lat"], told["area"]
    draft.address, draft.landmark = told["address"], told["landmark"]
    leave_what_was_scanned(draft, nowhere=told["nowhere"])
    draft.is_placed, draft.joins = True, None
    draft.alike = [case.number for case in _alike(draft)]
    resident_drafts.save(request.session, draft)
    return redirect("report-same" if draft.alike else "report-finish", draft.form)


def _place_page(
    request: HttpRequest, draft: Draft, form: PlaceForm, status: int = 200, unfound: str = ""
) -> HttpResponse:
    context = {
        "unfound": unfound,
        "draft": draft,
        "form": form,
        "scanned": scanned_names(draft),
        "is_danger": is_danger(draft.text),
        "back": reverse("report-words-again", args=[draft.form]),
        **_step(2),
    }
    return render(request, "resident/place.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def same(request: HttpRequest, form_id: str) -> HttpResponse:
    """Still step 2, only where something alike is open nearby: is it the same thing?"""
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
        **_step(2),  # still about the place: asked of some, it moves nobody's end away
    }
    return render(request, "resident/same.html", context, status=400 if error else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, form_id: str) -> HttpResponse:
    """Step 3: pictures and a phone number, both optional; and sending it."""
    draft = resident_drafts.load(request.session, form_id)
    if draft is None:
        return _expired(request)
    if draft.receipt or not draft.is_placed:
        return redirect("report-received" if draft.receipt else "report-place", draft.form)
    if request.method != "POST":
        return _finish_page(request, draft, FinishForm())
    form = FinishForm(request.POST)
    address = address_of(request)
    photos, problems = photos_of(request)
    if FILINGS.is_full(address):
        form.is_valid()
        form.add_error(
            None,
            _("A lot has been sent from your connection just now. Wait a few minutes, or call 12345."),
        )
        return _finish_page(request, draft, form, photos=photos, status=429)
    if draft.photo_only and not photos and not problems:
        problems = [_("Add the photo that shows it, or go back and say it in words.")]
    if not form.is_valid() or problems:
        return _finish_page(request, draft, form, photos=photos, problems=problems, status=400)
    if "again" not in request.POST and _sent_before(request, draft) is not None:
        return _finish_page(request, draft, form, photos=photos, status=409, is_refused=True)
    if _is_unproved(request, draft, address):
        return _finish_page(request, draft, form, photos=photos, status=429, is_asked=True)
    chosen = form.cleaned_data["category"]
    is_known = bool(chosen) and chosen in {matter.code for matter in _matters(draft)}
    draft.category = chosen if is_known else ""
    try:
        receipt = submit(_complaint(draft, form, photos), at=clock.now())
    except InvalidInput as error:
        form_guard.note_filing(address)
        form.add_error("phone" if error.field == "phone" else None, str(error))
        return _finish_page(request, draft, form, photos=photos, status=400)
    if receipt["created"]:  # of two presses at once, one
        form_guard.note_filing(address)
    kept = {"digest": draft.digest(), "at": time.time(), "is_danger": is_danger(draft.text)}
    resident_drafts.finish(request.session, draft, {**receipt, **kept})
    return redirect("report-received", draft.form)


def _sent_before(request: HttpRequest, draft: Draft) -> Draft | None:
    """The form by which this browser sent just that a few minutes ago, while its report stands."""
    if draft.photo_only:
        return None
    sent = resident_drafts.sent_already(request.session, draft, since=time.time() - AGAIN_SECONDS)
    if sent is None or sent.receipt is None:
        return None
    try:
        case = status(sent.receipt["tracking_code"], at=clock.now())
    except UnknownCode:
        return None
    return sent if case.phase not in _OVER else None


def _complaint(draft: Draft, form: FinishForm, photos: Sequence[UUID]) -> Complaint:
    return draft.complaint(
        photos=tuple(photos),
        name=form.cleaned_data["name"],
        phone=form.cleaned_data["phone"],
        attributes={"confidential": True} if form.cleaned_data["in_confidence"] else {},
        language=get_language() or "zh-hans",
    )


def _is_unproved(request: HttpRequest, draft: Draft, address: str) -> bool:
    """Is so much being sent that a proof is asked for, and has this form none?"""
    return form_guard.is_busy(address) and not form_guard.is_proved(
        draft.form, payload=request.POST.get("altcha", ""), ticket=request.POST.get("waited", "")
    )


def _finish_page(
    request: HttpRequest,
    draft: Draft,
    form: FinishForm,
    *,
    photos: Sequence[UUID] = (),
    problems: Sequence[str] = (),
    status: int = 200,
    is_asked: bool = False,
    is_refused: bool = False,
) -> HttpResponse:
    found = clean_place(draft.complaint())
    is_busy = is_asked or form_guard.is_busy(address_of(request))
    ask = form_guard.ask(draft.form, request.POST.get("waited", "")) if is_busy else None
    context = {
        "draft": draft,
        "ask": ask,
        "is_asked": is_asked,
        "is_rude": is_rude(draft.text),
        "sent": _sent_before(request, draft) if is_refused or "again" in request.POST else None,
        "matters": _matters(draft),
        "form": form,
        "photos": [
            {"token": token, "url": reverse("report-photo", args=[token])} for token in map(token_of, photos)
        ],
        "photos_left": PHOTOS_MAX - len(photos),
        "photos_max": PHOTOS_MAX,
        "problems": problems,
        "where": " · ".join(_where(draft, found.community or found.street or "")),
        "is_outside": found.in_district is False,
        "back": reverse("report-same" if draft.alike else "report-place", args=[draft.form]),
        **_step(3),
    }
    response = render(request, "resident/finish.html", context, status=status)
    if is_asked and ask is not None:
        response["Retry-After"] = str(ask.seconds)
    return response


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
        "is_danger": draft.receipt.get("is_danger", False),
    }
    response = render(request, "resident/received.html", context)
    followed.mark(response, case.code)
    return response


def _where(draft: Draft, area: str) -> list[str]:
    """The place as the last step reads it back: a scanned facility by its number too."""
    return scanned_names(draft) if draft.facility else area_names(area)


def _alike(draft: Draft) -> tuple[AlikeCase, ...]:
    if draft.photo_only:
        return ()
    if draft.lon is not None and draft.lat is not None:
        return published(NearbyQuestion(draft.text, draft.lon, draft.lat), at=clock.now())
    if not (draft.area or draft.address):
        return ()
    found = clean_place(draft.complaint())
    if found.lon is not None and found.lat is not None:  # an address that names a facility
        return published(NearbyQuestion(draft.text, found.lon, found.lat), at=clock.now())
    area = found.cell or found.community or ""
    return published(NearbyQuestion(draft.text, area=area, address=draft.address), at=clock.now())


def _matters(draft: Draft) -> tuple[Matter, ...]:
    """What the words may be about; nothing is asked where somebody joins a case, or only shows a photo."""
    if draft.photo_only or draft.joins:
        return ()
    asked = MatterQuestion(
        text=draft.text,
        lon=draft.lon,
        lat=draft.lat,
        area=draft.area,
        address=draft.address,
        facility=draft.facility,
    )
    return published(asked, at=clock.now())


def is_danger(text: str) -> bool:
    said = text.casefold()
    return any(word in said for word in DANGER_WORDS)


def _step(number: int) -> dict[str, Any]:
    return {"step": number, "steps": _STEPS, "bars": [index < number for index in range(_STEPS)]}


def _expired(request: HttpRequest) -> HttpResponse:
    return render(request, "resident/expired.html", status=410)
