"""A resident follows a report by its code, and answers back."""

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import clock
from incidents import attachments
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Attachment
from incidents.pages import followed, plain_steps, plain_times, plain_words
from incidents.pages.resident_forms import AddForm, ObjectionForm, RatingForm, ReplyForm
from incidents.pages.throttle import Throttle, address_of
from incidents.public import Answer, TrackedCase, UnknownCode, answer, pictures, status
from incidents.public.facts import Phase
from incidents.public.filing import PHOTOS_MAX

View = Callable[..., HttpResponseBase]

# A code has 48 bits; twenty wrong ones in ten minutes are no typing error.
WRONG_CODES = Throttle(limit=20, seconds=600)
# Each may bring pictures that are made anew.
OBJECTIONS = Throttle(limit=20, seconds=600)
POLL_MS = 60_000
_LINK = re.compile(r"/r/([^/?#\s]{10,40})")
# Fields of these forms that hold what somebody wrote in their own words.
_WRITTEN = ("text", "reason", "added")


@require_safe
def look_up(request: HttpRequest) -> HttpResponse:
    """/r/?code=…: from a typed code to its page."""
    typed = request.GET.get("code", "").strip()
    if link := _LINK.search(typed):  # the whole link of a text message was pasted
        typed = link[1]
    if not typed:
        return render(request, "resident/look_up.html", {"typed": "", "error": ""})
    case, problem, code = _find(request, typed)
    if case is not None:
        return redirect("resident-status", case.code)
    return render(request, "resident/look_up.html", {"typed": typed[:40], "error": problem}, status=code)


@require_safe
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """/r/<code>/: whose it is, by when, what happened. Asked again every minute; 304 while nothing did."""
    case, problem, refused = _find(request, code)
    if case is None:
        return render(
            request, "resident/look_up.html", {"typed": code[:40], "error": problem}, status=refused
        )
    if code != case.code:
        return redirect("resident-status", case.code)
    is_poll = request.headers.get("X-Requested-With") == "poll"
    etag = _etag(request, case, is_poll=is_poll)
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie, X-Requested-With",
        "X-Robots-Tag": "noindex",
        "X-Now": clock.now().isoformat(),
    }
    if is_poll and etag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    template = "resident/parts/progress.html" if is_poll else "resident/status.html"
    response = render(request, template, _context(case))
    for name, value in headers.items():
        response.headers[name] = value
    if not is_poll:
        followed.mark(response, case.code)
    return response


class _TooManyCodes(Exception):
    """So many wrong codes came from this address that no code is looked at, a right one neither, unless by a
    browser that has opened it before."""


def _patient(view: View) -> View:
    """Where no code is looked at for a while, say so, and give back what was written to be sent again.

    A carrier's customers share an address: whose code is right is told to wait, and not that there is none.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except _TooManyCodes:
            return _wait(request)

    return guarded


@_patient
@require_POST
def rate(request: HttpRequest, code: str) -> HttpResponse:
    """Up to three marks; the first rating stands."""
    case = _case(request, code)
    form = RatingForm(request.POST)
    if form.is_valid():
        try:
            answer(case.code, kind=Answer.RATE, rating=form.rating(), at=clock.now())
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        except ActionRefused as error:
            if _is_as_rated(case, form):  # the second of two presses
                return redirect("resident-status", case.code)
            messages.warning(request, str(error))
            return redirect("resident-status", case.code)
        else:
            _thank(request, _("Thank you. Your rating counts from now on."))
            return redirect("resident-status", case.code)
    return render(request, "resident/status.html", _context(case, rating_form=form), status=400)


@_patient
@require_POST
def reply(request: HttpRequest, code: str) -> HttpResponse:
    """The answer to what the unit asked; the clock goes on with it."""
    case = _case(request, code)
    form = ReplyForm(request.POST)
    if form.is_valid():
        try:
            answer(case.code, kind=Answer.REPLY, text=form.cleaned_data["text"], at=clock.now())
        except InvalidInput as error:
            form.add_error("text", str(error))
        except ActionRefused as error:
            _add_instead(request, case, form.cleaned_data["text"], why=str(error))
            return redirect("resident-status", case.code)
        else:
            _thank(request, _("Thank you. They have your answer and go on."))
            return redirect("resident-status", case.code)
    return render(request, "resident/status.html", _context(case, reply_form=form), status=400)


@_patient
@require_POST
def add(request: HttpRequest, code: str) -> HttpResponse:
    """Something more about it, while it goes on."""
    case = _case(request, code)
    form = AddForm(request.POST)
    if form.is_valid():
        try:
            answer(case.code, kind=Answer.ADD, text=form.cleaned_data["added"], at=clock.now())
        except InvalidInput as error:
            form.add_error("added", str(error))
        except ActionRefused as error:
            form.add_error("added", str(error))
        else:
            _thank(request, _("Added: those who deal with it read it."))
            return redirect("resident-status", case.code)
    return render(request, "resident/status.html", _context(case, add_form=form), status=400)


def _add_instead(request: HttpRequest, case: TrackedCase, text: str, *, why: str) -> None:
    """What two browsers say of one question: the second one's words are not lost."""
    if _is_said(case, text):
        return  # the second of two presses
    try:
        answer(case.code, kind=Answer.ADD, text=text, at=clock.now())
    except (InvalidInput, ActionRefused):
        messages.warning(request, why)
    else:
        messages.warning(request, _("%(why)s Your words were added to the case.") % {"why": why})


@_patient
@require_http_methods(["GET", "HEAD", "POST"])
def objection(request: HttpRequest, code: str) -> HttpResponse:
    """Once, with a reason: it is not over. A page of its own, so that nobody objects by a slip."""
    case = _case(request, code)
    if not case.may_object:
        refused = _("An objection is possible once, within seven days after closing.")
        if case.objected_at is not None:
            refused = _("You have objected already.")
        late = ObjectionForm(request.POST)
        if request.method == "POST" and case.objected_at is not None and late.is_valid():
            # Another browser's objection, or the first of two presses, has opened the case.
            _add_instead(request, case, late.cleaned_data["reason"], why=refused)
        else:
            messages.warning(request, refused)
        return redirect("resident-status", case.code)
    form = ObjectionForm(request.POST or None)
    problems: list[str] = []
    if request.method == "POST" and OBJECTIONS.is_full(address_of(request)):
        form.add_error(None, _("A lot has been sent from your connection. Wait a few minutes."))
    elif request.method == "POST" and form.is_valid():
        OBJECTIONS.count(address_of(request))
        photos, problems = _objection_photos(request)
        if not problems:
            try:
                answer(
                    case.code,
                    kind=Answer.OBJECT,
                    text=form.cleaned_data["reason"],
                    photos=photos,
                    at=clock.now(),
                )
            except InvalidInput as error:
                form.add_error("reason" if error.field == "reason" else None, str(error))
            except ActionRefused as error:
                messages.warning(request, str(error))
                return redirect("resident-status", case.code)
            else:
                _thank(request, _("Your objection is in: the case is open again."))
                return redirect("resident-status", case.code)
    context = {
        "case": case,
        "form": form,
        "problems": problems,
        "photos_max": PHOTOS_MAX,
        "back": reverse("resident-status", args=[case.code]),
    }
    bad = request.method == "POST"
    return render(request, "resident/objection.html", context, status=400 if bad else 200)


@_patient
@require_http_methods(["GET", "HEAD", "POST"])
def withdrawal(request: HttpRequest, code: str) -> HttpResponse:
    """Taking a report back, after being asked once."""
    case = _case(request, code)
    if case.may_withdraw and request.method != "POST":
        context = {"case": case, "back": reverse("resident-status", args=[case.code])}
        return render(request, "resident/withdrawal.html", context)
    if case.may_withdraw:
        try:
            answer(case.code, kind=Answer.WITHDRAW, at=clock.now())
        except ActionRefused as error:
            messages.warning(request, str(error))
        else:
            _thank(request, _("You have taken your report back."))
    elif not (request.method == "POST" and case.phase == Phase.WITHDRAWN):  # the second of two presses
        messages.warning(request, _("It cannot be taken back any more."))
    return redirect("resident-status", case.code)


@_patient
@require_POST
def texts(request: HttpRequest, code: str) -> HttpResponse:
    """No more text messages about this report, or texts again."""
    case = _case(request, code)
    is_wanted = request.POST.get("texts") == "on"
    answer(case.code, kind=Answer.RESUME_TEXTS if is_wanted else Answer.STOP_TEXTS, at=clock.now())
    _thank(
        request,
        _("We text you again when something happens.")
        if is_wanted
        else _("You get no more text messages about this report. This page goes on saying how far it is."),
    )
    return redirect("resident-status", case.code)


@_patient
@require_safe
def case_photo(request: HttpRequest, code: str, photo_id: UUID) -> FileResponse:
    """A picture that the report's own page shows: the reporter's, and the unit's before and after."""
    case = _case(request, code)
    if photo_id not in {photo.id for photo in (*case.photos, *case.before, *case.after)}:
        raise Http404
    found = Attachment.objects.filter(pk=photo_id).first()
    if found is None:
        raise Http404
    return attachments.picture_response(found)


def _thank(request: HttpRequest, words: str) -> None:
    """What was said is in; in the outer zone it is on its way, and nobody has it yet."""
    if settings.ZONE == "outer":
        words = _(
            "Sent. It is fetched within minutes while the line is up, and then this page "
            "says what came of it."
        )
    messages.success(request, words)


def _is_as_rated(case: TrackedCase, form: RatingForm) -> bool:
    given = {mark.name: mark.score for mark in case.marks}
    return bool(given) and all(form.cleaned_data[name] == score for name, score in given.items())


def _is_said(case: TrackedCase, text: str) -> bool:
    """Are these the words with which the reporter has answered already?"""
    return any(step.own and step.note == text.strip() for step in case.steps)


def _case(request: HttpRequest, code: str) -> TrackedCase:
    """The case of a code for a form or a picture; wrong ones count here as they do where a code is typed."""
    case, _problem, refused = _find(request, code)
    if case is None and refused == HTTPStatus.TOO_MANY_REQUESTS:
        raise _TooManyCodes
    if case is None:
        raise Http404
    return case


def _wait(request: HttpRequest) -> HttpResponse:
    """A page that says so, with what was written in it."""
    given = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]
    context = {
        "problem": _too_many(),
        "words": [pair for pair in given if pair[0] in _WRITTEN],
        "others": [pair for pair in given if pair[0] not in _WRITTEN],
        "had_photos": bool(request.FILES),
        "is_sent": request.method == "POST",
        "photos_max": PHOTOS_MAX,
    }
    response = render(request, "resident/wait.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = "60"
    return response


def _too_many() -> str:
    return _("Too many codes that do not exist. Wait a few minutes, then try again.")


def _find(request: HttpRequest, typed: str) -> tuple[TrackedCase | None, str, int]:
    """The case of a code; or what is wrong, and the HTTP status that says so."""
    address = address_of(request)
    if WRONG_CODES.is_full(address) and not followed.is_marked(request, typed):
        return None, _too_many(), HTTPStatus.TOO_MANY_REQUESTS
    try:
        return status(typed, at=clock.now()), "", 200
    except UnknownCode:
        WRONG_CODES.count(address)
        return None, _("We know no report with this code. Check it letter by letter."), 404


def _context(
    case: TrackedCase,
    *,
    rating_form: RatingForm | None = None,
    reply_form: ReplyForm | None = None,
    add_form: AddForm | None = None,
) -> dict[str, Any]:
    at = clock.now()
    return {
        "case": case,
        "head": plain_words.headline(case, at=at),
        "stages": plain_words.stages(case),
        "steps": plain_steps.lines(case),
        "why": plain_words.why(case),
        "length": plain_words.length_of_handling(case),
        "ratings": plain_words.ratings(case, rating_form),
        "rating_form": rating_form,
        "reply_form": reply_form or ReplyForm(),
        "add_form": add_form or AddForm(),
        "object_by": plain_times.by_when(case.object_until) if case.object_until else "",
        "poll_ms": POLL_MS,
        "now": at,
    }


def _etag(request: HttpRequest, case: TrackedCase, *, is_poll: bool) -> str:
    seen = f"{case.version}|{get_language()}|{request.COOKIES.get('type_size', '')}|{is_poll}"
    return f'"{hashlib.sha256(seen.encode()).hexdigest()[:20]}"'


def _objection_photos(request: HttpRequest) -> tuple[list[UUID], list[str]]:
    kept: list[UUID] = []
    problems: list[str] = []
    for upload in request.FILES.getlist("photos")[:PHOTOS_MAX]:
        try:
            kept.append(pictures.keep(upload, at=clock.now()))
        except InvalidInput as error:
            problems.append(f"{(upload.name or '')[-40:]}: {error}")
    if problems:
        pictures.discard(kept)
        kept = []
    return kept, problems
