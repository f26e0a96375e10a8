"""Letters and visits: typed in by the desk, their scans sealed, their writers known to few."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from incidents import policy
from incidents.errors import InvalidInput
from incidents.models import Contact, Document, Incident, LateEntry, Report, TimelineEntry
from incidents.sources import petitions
from incidents.sources.sealed import opened
from tests.cast import TUESDAY, Person
from tests.incidents.api.conftest import Caller, problems

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
FORM = {
    "kind": "letter",
    "number": "信2026-0707-18",
    "text": "南联社区植物园路路灯三盏不亮，老人晚上摔倒，请尽快修好。",
    "nature": "help",
    "address": "南联社区植物园路",
    "names": "王秀英、李建国",
    "people": "12",
    "phone": "13812342207",
    "reporter_address": "南联社区三巷5号",
    "reply_by": "2026-07-20",
    "dated": "2026-07-01",
    "is_joint": "on",
    "is_confidential": "on",
}
PAGE_QUERIES = 9


def as_person(one: Person) -> Client:
    client = Client()
    client.force_login(one.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def scan(body: bytes = PDF, name: str = "来信.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def picture() -> bytes:
    body = BytesIO()
    Image.new("RGB", (80, 60), "white").save(body, "PNG")
    return body.getvalue()


def petition(**given: Any) -> petitions.Petition:
    told = {"number": "信-1", "kind": "letter", "text": "路灯不亮", "nature": "help", **given}
    return petitions.Petition(**told)


def test_a_letter_becomes_a_case_with_its_deadline_and_its_scan(operator: Person) -> None:
    answer = as_person(operator).post(
        "/petitions/new/", {**FORM, "scans": [scan(), scan(picture(), "2.png")]}
    )
    assert answer.status_code == 302, answer.content.decode()
    report, contact = Report.objects.get(), Contact.objects.get()
    assert (report.source, report.external_id) == ("letter_visit", "信2026-0707-18")
    assert report.outside_due_at.isoformat() == "2026-07-20T10:00:00+00:00"
    assert (contact.name, contact.phone) == ("王秀英、李建国", "13812342207")
    assert report.attributes == {
        "letter": {"kind": "letter", "people": 12, "joint": True},
        "confidential": True,
    }
    assert policy.protects_reporter(Incident.objects.get())
    stored = {one.content_type: one for one in Document.objects.all()}
    assert opened(stored["application/pdf"]) == PDF
    with stored["application/pdf"].file.open("rb") as sealed:
        assert sealed.read(5) != b"%PDF-"
    assert opened(stored["image/jpeg"])[:2] == b"\xff\xd8"


def test_a_scan_is_not_refused_for_what_its_compressed_bytes_look_like(operator: Person) -> None:
    page = b"5 0 obj<</Subtype/Image/Length 12>>\nstream\n\x93/JS\x07/XFA\xfe\nendstream endobj\n%%EOF"
    receipt = petitions.enter(
        petition(scans=(scan(PDF.replace(b"%%EOF", page)),)), user=operator.user, at=TUESDAY
    )
    assert Document.objects.get().report == receipt.report


def test_the_same_form_again_is_the_same_letter(operator: Person) -> None:
    client = as_person(operator)
    for _time in range(2):
        assert client.post("/petitions/new/", {**FORM, "scans": [scan()]}).status_code == 302
    assert (Report.objects.count(), Document.objects.count()) == (1, 1)
    other = client.post("/petitions/new/", {**FORM, "text": "井盖丢了"})
    assert other.status_code == 400
    assert Report.objects.count() == 1


def test_a_scan_is_taken_out_by_few_and_each_time_recorded(
    operator: Person, handler: Person, leader: Person
) -> None:
    as_person(operator).post("/petitions/new/", {**FORM, "scans": [scan()]})
    case, document = Incident.objects.get(), Document.objects.get()
    address = f"/cases/{case.number}/scans/{document.pk}/"
    page = as_person(operator).get(f"/cases/{case.number}/").content.decode()
    assert address in page
    answer = as_person(operator).post(address)
    assert answer.content == PDF
    assert answer["Content-Disposition"].startswith("attachment")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (
        "application/octet-stream",
        "nosniff",
    )
    looks = TimelineEntry.objects.filter(kind="unmasked")
    assert [look.data["document"] for look in looks] == [str(document.pk)]
    assert as_person(operator).get(address).status_code == 405
    assert as_person(leader).post(address).status_code == 403
    assert as_person(handler).post(address).status_code in (403, 404)  # confidential
    told = Caller(user=operator.user).post(
        f"incidents/{case.number}/open-document/", {"document": str(document.pk)}
    )
    assert (told.status_code, told.json()["size"]) == (200, len(PDF))
    assert looks.all().count() == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00" * 40, "not_a_scan"),
        (b"%PDF-1.4\n" + b"x" * 5000, "broken"),
        (PDF.replace(b"/Type/Catalog", b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), "active"),
        (PDF.replace(b"%%EOF", b"/EmbeddedFile\n%%EOF"), "active"),
    ],
)
def test_what_is_no_plain_scan(operator: Person, body: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        petitions.enter(petition(scans=(scan(body),)), user=operator.user, at=TUESDAY)
    assert (refused.value.field, refused.value.code) == ("scans", code)
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"people": 0}, "people", "range"),
        ({"people": 1, "names": ("甲", "乙")}, "people", "too_few"),
        ({"scans": tuple(scan() for _ in range(6))}, "scans", "too_many"),
        ({"received_at": TUESDAY - timedelta(days=2)}, "received_at", "too_old"),
        ({"received_at": TUESDAY + timedelta(hours=1)}, "received_at", "future"),
    ],
)
def test_what_breaks_a_rule(operator: Person, given: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        petitions.enter(petition(**given), user=operator.user, at=TUESDAY)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_a_letter_of_this_morning_waits_to_be_countersigned(operator: Person) -> None:
    petitions.enter(petition(received_at=TUESDAY - timedelta(hours=2)), user=operator.user, at=TUESDAY)
    assert LateEntry.objects.get().state == "waiting"


def test_only_the_districts_desk_enters_letters(
    handler: Person, street_supervisor: Person, operator: Person
) -> None:
    statuses = [
        as_person(one).get("/petitions/new/").status_code for one in (handler, street_supervisor, operator)
    ]
    assert statuses == [403, 403, 200]
    assert as_person(handler).get("/petitions/").status_code == 403


def test_the_list_asks_as_much_for_thirty_letters_as_for_three(operator: Person) -> None:
    client = as_person(operator)

    def cost(numbers: range) -> int:
        for number in numbers:
            told = petition(number=f"信-{number}", reply_by=date(2026, 7, 20))
            petitions.enter(told, user=operator.user, at=TUESDAY)
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/petitions/").status_code == 200
        return len(seen)

    assert cost(range(3)) == cost(range(3, 30)) == PAGE_QUERIES


def test_a_token_reads_of_scans_no_more_than_their_ids(operator: Person, city_app_api: Caller) -> None:
    as_person(operator).post("/petitions/new/", {**FORM, "scans": [scan()]})
    number = Incident.objects.get().number
    told = Caller(user=operator.user).get(f"reports/{Report.objects.get().pk}/").json()
    assert told["documents"] == [str(Document.objects.get().pk)]
    refused = city_app_api.post(f"incidents/{number}/open-document/", {"document": told["documents"][0]})
    assert problems(refused, 403) == [("", "people_only")]
