"""Mediations over REST: masked as on pages, nothing written twice, and papers inside the answer."""

from base64 import b64decode
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import ApiClient
from incidents.models import Incident, Mediation, MediationFile
from tests.cast import Person
from tests.incidents.api.conftest import Caller
from tests.incidents.mediation.conftest import APPLICANT, RESPONDENT, SAID, TERMS, Hands, looks
from tests.incidents.resident.conftest import picture, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_tuesday")]


@pytest.fixture
def city_token(db: None) -> Caller:
    return Caller(token=ApiClient.objects.issue(name="City app", source="city_app")[1])


def test_from_taking_on_to_the_end(dispute: Incident, mediator: Person) -> None:
    caller = Caller(user=mediator.user)
    address = f"incidents/{dispute.number}/mediations/"
    empty = caller.post(address, {"kind": "peoples", "parties": []})
    assert empty.status_code == 400
    parties = [
        {"side": "applicant", "name": APPLICANT.name, "phone": APPLICANT.phone},
        {"side": "respondent", "name": RESPONDENT.name},
    ]
    opened = caller.post(address, {"kind": "peoples", "parties": parties})
    assert opened.status_code == 201, opened.content
    told = opened.json()
    assert [one["name"] for one in told["parties"]] == ["赵**", "钱**"]
    pk, ids = told["id"], [one["id"] for one in told["parties"]]

    def post(word: str, **body: Any) -> Any:
        return caller.post(f"mediations/{pk}/{word}/", body)

    def version() -> int:
        return int(caller.get(f"mediations/{pk}/").json()["version"])

    held = "2026-07-07T11:30:00+08:00"
    met = post("sessions", held_at=held, present=ids, text=SAID, result="agreed", seen_version=version())
    assert met.status_code == 200, met.content
    assert post("agreement", terms=TERMS, seen_version=told["version"]).status_code == 409
    assert post("agreement", terms=TERMS, seen_version=version()).status_code == 200
    assert post("end", outcome="settled").status_code == 409
    for one in ids:
        assert post("confirm", party=one, how="said").status_code == 200
    assert post("end", outcome="overtaken").status_code == 400
    ended = post("end", outcome="settled").json()
    assert (ended["state"], ended["parties"][0]["confirmed"]) == ("settled", True)
    assert APPLICANT.name not in str(ended)
    assert looks(dispute) == 0
    assert post("read").json()["sessions"][0]["words"] == SAID
    assert looks(dispute) == 1
    assert [one["id"] for one in caller.get(address).json()] == [pk]
    assert [one["id"] for one in caller.get("mediations/").json()["results"]] == [pk]
    assert caller.get(f"mediations/{2**70}/").status_code == 404


@pytest.mark.parametrize(
    ("word", "told", "kept"),
    [
        ("parties", {"side": "third", "name": "物业"}, "parties"),
        (
            "sessions",
            {"held_at": "2026-07-07T11:30:00+08:00", "text": SAID, "result": "again"},
            "sessions",
        ),
        ("agreement", {"terms": TERMS}, "agreements"),
    ],
)
def test_what_is_sent_again_after_a_time_out_is_not_written_twice(
    dispute: Incident, hands: Hands, mediator: Person, word: str, told: dict[str, Any], kept: str
) -> None:
    file, caller = hands.open(dispute), Caller(user=mediator.user)
    address = f"mediations/{file.pk}/{word}/"
    if word == "sessions":
        told = {**told, "present": [one.pk for one in file.parties.all()]}
    before = getattr(file, kept).count()
    refused = caller.post(address, told)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "seen_version"
    assert [caller.post(address, {**told, "seen_version": 1}).status_code for _time in "12"] == [200, 409]
    assert getattr(file, kept).count() == before + 1


def test_an_agreement_is_asked_after_once(file: MediationFile, mediator: Person) -> None:
    caller, told = Caller(user=mediator.user), {"how": "call", "result": "kept"}
    address, version = f"mediations/{file.pk}/follow-up/", MediationFile.objects.get(pk=file.pk).version
    assert caller.post(address, told).status_code == 400
    assert [caller.post(address, {**told, "seen_version": version}).status_code for _time in "12"] == [
        200,
        409,
    ]
    assert file.follow_ups.count() == 1


def test_papers(file: MediationFile, mediator: Person, operator: Person, dispute: Incident) -> None:
    caller, desk = Caller(user=mediator.user), Caller(user=operator.user)

    def send(by: Caller, **told: Any) -> Any:
        return by.client.post(f"/api/v1/mediations/{file.pk}/scans/", told, headers=by.headers)

    assert send(caller).json()["errors"][0]["field"] == "scan"
    assert send(caller, scan=SimpleUploadedFile("x.pdf", b"MZ nothing")).status_code == 400
    assert send(desk, scan=upload(picture())).status_code in (403, 409)
    for _time in "12":
        [kept] = send(caller, scan=upload(picture())).json()["scans"]
    assert desk.get(f"mediations/{file.pk}/").json()["scans"] == []
    assert looks(dispute) == 0
    taken = caller.post(f"mediations/{file.pk}/take-out/", {"scan": kept["id"]}).json()
    assert b64decode(taken["content"])[:3] == b"\xff\xd8\xff"
    assert caller.post(f"mediations/{file.pk}/take-out/", {"scan": "x"}).status_code == 400
    assert caller.post(f"mediations/{file.pk}/take-out/", {"scan": str(uuid4())}).status_code in (
        404,
        409,
    )
    paper = caller.post(f"mediations/{file.pk}/pdf/").json()
    assert (paper["content_type"], b64decode(paper["content"])[:5]) == ("application/pdf", b"%PDF-")
    assert desk.post(f"mediations/{file.pk}/pdf/").status_code in (403, 409)
    assert looks(dispute) == 2


def test_it_is_not_for_everybody(
    file: MediationFile, other_handler: Person, operator: Person, city_token: Caller
) -> None:
    assert Caller(user=other_handler.user).get(f"mediations/{file.pk}/").status_code == 404
    desk = Caller(user=operator.user)
    told = desk.get(f"mediations/{file.pk}/").json()
    assert (told["parties"][0]["name"], told["sessions"][0]["words"]) == ("", "")
    assert desk.post(f"mediations/{file.pk}/read/").status_code in (403, 409)
    assert city_token.get("mediations/").status_code == 403


def test_nobody_says_again_what_the_file_says(file: MediationFile, mediator: Person) -> None:
    caller, number = Caller(user=mediator.user), file.incident.number
    told = {"outcome": "solved", "text": "已达成协议", "attested": True}
    done = caller.post(f"incidents/{number}/resolve/", told)
    assert done.status_code == 200, done.content
    kept = Mediation.objects.get(incident=file.incident)
    assert (kept.kind, kept.settled) == ("peoples", True)


def test_a_visit_names_the_day_of_the_next_one(file: MediationFile, mediator: Person) -> None:
    version = MediationFile.objects.get(pk=file.pk).version
    told = {"how": "call", "result": "partly", "text": "还差四百", "seen_version": version}
    address, caller = f"mediations/{file.pk}/follow-up/", Caller(user=mediator.user)
    refused = caller.post(address, {**told, "next_on": "2020-01-01"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "next_on")
    assert caller.post(address, {**told, "next_on": "2026-07-21"}).json()["follow_up_on"] == "2026-07-21"
