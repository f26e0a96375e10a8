"""Forms that arrive once, however often a bad line makes a phone send them. The other half of offline.js.

A form takes part by two things:
    {% load submissions %} … <form method="post" data-offline="verify" …>{% csrf_token %}{% submission %}
    @once                                      # above @require_http_methods and @staff
    def view(request, …): … return redirect(…)

What `once` promises of a POST with a `submission` key, for each person, key and content (`key_of`):
- The first answer that is a redirect is kept; the same key again gets that redirect and its messages, and
  the view does not run. What was refused (4xx) is not kept: mended, it may come with the same key.
- The same key with other words, or at another address, is another form (somebody went back and wrote the
  next thing) and runs. Pictures that went ahead are no content: a late retry may name them anew.
- Two at the same time: one runs; the other is told to come again (scripts: 409 `busy` with Retry-After) or
  waits for the answer of the first (browsers).
- A process that dies between the action and the answer leaves no answer: after LEASE the view runs again,
  and the action's own guards (a report's external_id, seen_version, the case's state) keep it from being
  done twice. File reports with `external_id=str(key_of(request))`.

offline.js sends with `X-Submission: now` (somebody waits) or `later` (from the queue) and gets JSON:
    200 {"url", "words"}   done; with `now` the messages wait for the page at `url`
    401 {"code": "sign_in", "url"}   nobody, or (409 "other_person") somebody else is signed in
    409 {"code": "busy"}   come again
    200 {"refused": 400, "page"}   the view's own page with what is wrong (as an answer of its own status it
                                   would be an error on the console)
    anything else is what went wrong before the view had a word.

Photos travel ahead, one by one, so that a broken line costs one photo: POST `submission-photo` with `file`
and `submission` answers {"id"}, or {"refused", "code", "error"} for what is no picture. The form then sends
`kept=<id>` in place of the file, as `step_photos` reads it; a file field with another name says so:
<input type="file" name="before" data-kept="kept_before">.
"""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.conf import settings
from django.contrib import messages
from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import BaseStorage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from config import clock
from incidents import submissions
from incidents.attachments import store_picture
from incidents.errors import InvalidInput
from incidents.models import Attachment, Submission
from incidents.pages.access import person, staff

View = Callable[..., HttpResponseBase]

WAITED = 6.0  # seconds that a second click waits for the first one's answer
_NO_CONTENT = ("csrfmiddlewaretoken", "submission")
OLDEST = timedelta(days=7)  # what has waited longer on a phone says no more than that


def once(view: View) -> View:
    """Let a submitted form act once; see above. A POST without a key is none of our business."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        how, key = request.headers.get("X-Submission", ""), key_of(request)
        if request.method != "POST" or key is None or not isinstance(request.user, User):
            return _told(request, view(request, *args, **kwargs), how)
        if how and request.headers.get("X-Submission-User", str(request.user.pk)) != str(request.user.pk):
            return JsonResponse({"code": "other_person"}, status=409)
        held = _claim(request.user, key, request.path, patiently=not how)
        if held is None:
            return _busy(request, how)
        if held.answered_at is not None:
            return _again(request, held, how)
        try:
            response = view(request, *args, **kwargs)
        except BaseException:
            submissions.release(held)
            raise
        if _is_done(response):
            submissions.keep(held, url=response["Location"], words=_words(request), at=timezone.now())
        else:
            submissions.release(held)
        return _told(request, response, how)

    return guarded


def key_of(request: HttpRequest) -> UUID | None:
    """What tells this form from every other: its key together with what was filled in.

    None where there is no key, or none that is one.
    """
    try:
        given = UUID(request.POST.get("submission", ""))
    except ValueError:
        return None
    return uuid5(given, _digest(request))


def _digest(request: HttpRequest) -> str:
    """Address, fields and the files that came along; the same however often a phone sends the form."""
    fields = [
        (name, values)
        for name, values in request.POST.lists()
        if name not in _NO_CONTENT and not name.startswith("kept")
    ]
    files = [(name, one.name, one.size) for name, sent in request.FILES.lists() for one in sent]
    content = json.dumps([request.path, sorted(fields), sorted(files)])
    return sha256(content.encode()).hexdigest()


def age_of(request: HttpRequest) -> timedelta:
    """How long the form waited on the phone before it could be sent; nothing where it did not."""
    try:
        seconds = float(request.headers.get("X-Submission-Age", "0"))
    except ValueError:
        return timedelta()
    most = OLDEST.total_seconds()
    return timedelta(seconds=max(0.0, min(seconds, most)) if seconds == seconds else 0.0)


def new_key() -> str:
    """A key for a form that is about to be shown."""
    return str(uuid4())


@require_POST
@staff()
def photo(request: HttpRequest) -> JsonResponse:
    """Keep one picture ahead of its form. The same key again answers the same picture, while it is there.

    One that is refused is told as {"refused", "code", "error"}: a person chose it, and no script went wrong.
    """
    user, key = person(request), key_of(request)
    upload = request.FILES.get("file")
    if key is None or upload is None:
        return JsonResponse({"code": "required", "error": _("No picture came along.")}, status=400)
    if request.headers.get("X-Submission-User", str(user.pk)) != str(user.pk):
        return JsonResponse({"code": "other_person"}, status=409)
    held = _claim(user, key, request.path, patiently=False)
    if held is None:
        return _busy_for_scripts()
    known = Attachment.objects.filter(pk=held.url, uploaded_by=user).first() if held.url else None
    if known is not None:
        return JsonResponse({"id": str(known.pk)})
    try:
        stored = store_picture(upload, at=clock.now(), user=user)
    except InvalidInput as error:
        submissions.release(held)
        return JsonResponse({"refused": 400, "code": error.code, "error": str(error)})
    except BaseException:
        submissions.release(held)
        raise
    submissions.keep(held, url=str(stored.pk), at=timezone.now())
    return JsonResponse({"id": str(stored.pk)}, status=201)


def _claim(user: User, key: UUID, path: str, *, patiently: bool) -> Submission | None:
    """Hold the key: a row that is ours or answered already, or None while another request works on it."""
    until = time.monotonic() + (WAITED if patiently else 0)
    while True:
        held = submissions.claim(user, key, path=path, at=timezone.now())
        if held is not None or time.monotonic() >= until:
            return held
        time.sleep(0.2)


def _is_done(response: HttpResponseBase) -> bool:
    """Is it a redirect after a deed, and not the way to the sign-in page?"""
    is_redirect = 300 <= response.status_code < 400 and "Location" in response
    return is_redirect and not response["Location"].startswith(resolve_url(settings.LOGIN_URL))


def _words(request: HttpRequest) -> list[str]:
    """What the view has to say; it stays to be said."""
    words = [str(line) for line in get_messages(request)]
    _mark_said(request, False)
    return words


def _mark_said(request: HttpRequest, is_said: bool) -> None:
    waiting = get_messages(request)
    if isinstance(waiting, BaseStorage):
        waiting.used = is_said


def _told(request: HttpRequest, response: HttpResponseBase, how: str) -> HttpResponseBase:
    """The view's answer; to a script a redirect is told in words that it can read."""
    if not how:
        return response
    if isinstance(response, HttpResponse) and _is_page_of_refusal(response):
        return JsonResponse({"refused": response.status_code, "page": response.content.decode()})
    if not 300 <= response.status_code < 400:
        return response
    if not _is_done(response):
        return JsonResponse({"code": "sign_in", "url": resolve_url(settings.LOGIN_URL)}, status=401)
    words = _words(request)
    if how == "later":
        _mark_said(request, True)  # the queue says them, on whatever page the person is by now
    return JsonResponse({"url": response["Location"], "words": words})


def _is_page_of_refusal(response: HttpResponse) -> bool:
    is_page = response.get("Content-Type", "").startswith("text/html")
    return is_page and response.status_code in (400, 403, 409, 413, 422)


def _again(request: HttpRequest, held: Submission, how: str) -> HttpResponseBase:
    """The first answer once more."""
    if how != "later":
        for line in held.words:
            messages.success(request, line)
    if how:
        return JsonResponse({"url": held.url, "words": held.words})
    return HttpResponseRedirect(held.url)


def _busy(request: HttpRequest, how: str) -> HttpResponseBase:
    if how:
        return _busy_for_scripts()
    messages.warning(request, _("This is still being saved. Look again in a moment."))
    return HttpResponseRedirect(request.path)


def _busy_for_scripts() -> JsonResponse:
    return JsonResponse({"code": "busy"}, status=409, headers={"Retry-After": "5"})
