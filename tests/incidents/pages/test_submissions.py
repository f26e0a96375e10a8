"""A form arrives once, whatever a bad line makes a phone do with it."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.test import Client, RequestFactory
from django.urls import path, reverse
from django.utils import timezone
from PIL import Image

from config.urls import urlpatterns as site
from incidents import submissions
from incidents.models import Attachment, Submission
from incidents.pages.access import staff
from incidents.pages.submissions import age_of, key_of, once
from tests.browsers import As
from tests.cast import Person

NOW = {"X-Submission": "now"}
LATER = {"X-Submission": "later"}


class Deeds:
    """A view that counts what it did, and how it is to end the next time."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.ending: Callable[[HttpRequest], HttpResponse] = self.well
        self.waited = timedelta()

    def well(self, request: HttpRequest) -> HttpResponse:
        messages.success(request, f"saved {request.POST['text']}")
        return redirect(f"/after/{len(self.done)}/")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.waited = age_of(request)
        answer = self.ending(request)
        if answer.status_code == 302:
            self.done.append(request.POST["text"])
        return answer


deeds = Deeds()


@once
@staff()
def deed(request: HttpRequest) -> HttpResponse:
    return deeds(request)


urlpatterns = [path("deed/", deed), path("other-deed/", deed), *site]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    deeds.__init__()  # type: ignore[misc]  # one module-wide view, fresh for each test


@pytest.fixture
def phone(browse: As, handler: Person) -> Client:
    return browse(handler)


@pytest.fixture
def media(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def form(text: str = "灯修好了", key: str | None = None) -> dict[str, str]:
    return {"text": text, "submission": key or str(uuid4())}


def test_the_same_form_again_gets_the_first_answer_and_does_nothing(phone: Client) -> None:
    sent = form()
    first = phone.post("/deed/", sent)
    again = phone.post("/deed/", {**sent, "kept": str(uuid4()), "csrfmiddlewaretoken": "another"})
    assert (first["Location"], again["Location"]) == ("/after/0/", "/after/0/")
    assert deeds.done == ["灯修好了"]
    phone.post("/deed/", form())
    assert len(deeds.done) == 2


def test_other_words_under_the_same_key_are_another_form(phone: Client) -> None:
    """Somebody went back to the page and wrote the next thing: nothing of it is lost, and each acts once."""
    sent = form("灯修好了")
    later = {**sent, "text": "井盖松了"}
    forms: list[dict[str, Any]] = [
        sent,
        later,
        {**sent, "more": ["a", "b"]},
        {**sent, "photos": SimpleUploadedFile("a.jpg", b"one")},
    ]
    answers = [phone.post("/deed/", told)["Location"] for told in forms]
    assert answers == [f"/after/{index}/" for index in range(4)]
    assert phone.post("/other-deed/", sent)["Location"] == "/after/4/"
    assert [phone.post("/deed/", told)["Location"] for told in (later, sent)] == [answers[1], answers[0]]
    assert len(deeds.done) == 5


def test_a_form_without_a_key_is_as_it_always_was(phone: Client) -> None:
    for key in ("", "not-a-key"):
        assert phone.post("/deed/", form(key=key) | {"submission": key}).status_code == 302
    assert (len(deeds.done), Submission.objects.count()) == (2, 0)


def test_what_was_refused_may_come_again_mended(phone: Client) -> None:
    sent = form()
    deeds.ending = lambda _request: HttpResponse("no", status=400)
    assert phone.post("/deed/", sent).status_code == 400
    told = phone.post("/deed/", sent, headers=NOW)
    assert (told.status_code, told.json()) == (200, {"refused": 400, "page": "no"})
    deeds.ending = deeds.well
    assert phone.post("/deed/", sent).status_code == 302
    assert len(deeds.done) == 1


def test_a_view_that_breaks_lets_go_of_the_key(phone: Client) -> None:
    sent = form()

    def breaks(_request: HttpRequest) -> HttpResponse:
        raise RuntimeError

    deeds.ending = breaks
    with pytest.raises(RuntimeError):
        phone.post("/deed/", sent)
    deeds.ending = deeds.well
    assert phone.post("/deed/", sent).status_code == 302


def test_of_two_at_once_one_acts(phone: Client, handler: Person) -> None:
    """The second is told to come again; when the first one's process has died, it acts after a while."""
    sent = form()
    at = timezone.now()
    key = key_of(RequestFactory().post("/deed/", sent))
    assert key is not None
    assert submissions.claim(handler.user, key, path="/deed/", at=at) is not None
    busy = phone.post("/deed/", sent, headers=LATER)
    assert (busy.status_code, busy.json()) == (409, {"code": "busy"})
    assert busy["Retry-After"]
    Submission.objects.update(leased_until=at - timedelta(seconds=1))
    assert phone.post("/deed/", sent, headers=LATER).status_code == 200
    assert len(deeds.done) == 1


def test_another_persons_key_is_another_key(phone: Client, browse: As, other_handler: Person) -> None:
    sent = form()
    phone.post("/deed/", sent)
    browse(other_handler).post("/deed/", sent)
    assert len(deeds.done) == 2


def test_scripts_are_told_where_it_went_and_what_was_said(phone: Client) -> None:
    sent = form()
    first = phone.post("/deed/", sent, headers=LATER).json()
    assert first == {"url": "/after/0/", "words": ["saved 灯修好了"]}
    assert phone.post("/deed/", sent, headers=LATER).json() == first
    # With nobody waiting the script says it, so no page says it again.
    assert "saved 灯修好了" not in phone.get(reverse("inbox")).content.decode()
    phone.post("/deed/", form("第二张"), headers=NOW)
    assert "saved 第二张" in phone.get(reverse("inbox")).content.decode()


def test_nobody_sends_what_somebody_else_wrote(phone: Client, handler: Person) -> None:
    refused = phone.post("/deed/", form(), headers={**LATER, "X-Submission-User": "0"})
    assert (refused.status_code, refused.json()["code"]) == (409, "other_person")
    own = {**LATER, "X-Submission-User": str(handler.user.pk)}
    assert phone.post("/deed/", form(), headers=own).status_code == 200
    signed_out = Client().post("/deed/", form(), headers=LATER)
    assert (signed_out.status_code, signed_out.json()["code"]) == (401, "sign_in")
    assert len(deeds.done) == 1


@pytest.mark.parametrize(
    ("told", "age"),
    [
        ("5400", timedelta(minutes=90)),
        ("-3", timedelta()),
        ("nan", timedelta()),
        ("1e99", timedelta(days=7)),
        ("x", timedelta()),
    ],
)
def test_a_form_says_how_long_it_waited(phone: Client, told: str, age: timedelta) -> None:
    phone.post("/deed/", form(), headers={**LATER, "X-Submission-Age": told})
    assert deeds.waited == age


def test_a_photo_travels_once(phone: Client, media: None, handler: Person) -> None:
    address, key = reverse("submission-photo"), str(uuid4())
    drawn = BytesIO()
    Image.new("RGB", (64, 48), "#9aa7b4").save(drawn, "JPEG")

    def send(body: bytes, key: str = key) -> Any:
        return phone.post(address, {"submission": key, "file": SimpleUploadedFile("a.jpg", body)})

    first, again = send(drawn.getvalue()), send(drawn.getvalue())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    kept = Attachment.objects.get()
    assert kept.uploaded_by == handler.user
    # A picture that nothing named for a day is gone; the phone still has it and sends it again.
    kept.delete()
    assert send(drawn.getvalue()).status_code == 201
    refused = send(b"not a picture", key=str(uuid4()))
    assert (refused.json()["refused"], refused.json()["code"]) == (400, "not_an_image")
    assert phone.post(address, {"submission": "", "file": ""}).status_code == 400


def test_answers_that_nobody_waits_for_are_forgotten(phone: Client) -> None:
    phone.post("/deed/", form())
    Submission.objects.update(begun_at=timezone.now() - timedelta(days=31))
    phone.post("/deed/", form())
    assert (submissions.forget(at=timezone.now()), Submission.objects.count()) == (1, 1)
