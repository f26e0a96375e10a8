"""The patrol's pages: the round, a check, a report in one go, and what became of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from PIL import Image

from accounts.roles import Role
from incidents.models import Attachment, Incident, Report, Submission, Verification
from incidents.models.incident import Status
from incidents.pages.patrol import distance
from incidents.timeline import Kind
from tests.browsers import As
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, TUESDAY, Person, person, reload
from tests.incidents.pages.conftest import SetClock

pytestmark = pytest.mark.django_db
REPORT, FOUND, ROUND = reverse("patrol-report"), reverse("patrol-found"), reverse("patrol")


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.SELF_FIXED_CHECKED = 0.0


@pytest.fixture
def patrol() -> Person:
    return person("patrol", Role.PATROL, "longgang/grid-station", "何敏")


@pytest.fixture
def phone(browse: As, patrol: Person) -> Client:
    return browse(patrol)


def picture(shade: int = 0) -> SimpleUploadedFile:
    drawn = BytesIO()
    Image.new("RGB", (64, 48), (shade, 120, 160)).save(drawn, "JPEG")
    return SimpleUploadedFile("a.jpg", drawn.getvalue())


def finding(**given: Any) -> dict[str, Any]:
    lon, lat = LAMP_POINT
    return {
        "submission": str(uuid4()),
        "text": LAMP_TEXT,
        "lon": f"{lon:.6f}",
        "lat": f"{lat:.6f}",
        "accuracy": "8",
        "done": "no",
        **given,
    }


def test_a_report_in_one_go(phone: Client, patrol: Person) -> None:
    answer = phone.post(REPORT, finding(photos=picture()), follow=True)
    filed = Report.objects.get()
    case = Incident.objects.get()
    assert (filed.source, filed.filed_by, filed.nature) == ("patrol", patrol.user, "finding")
    assert (filed.attributes, filed.attachments.count()) == ({"accuracy_m": 8}, 1)
    # By words alone nothing goes out before the classifier has learnt from the district.
    assert (case.status, case.category_id, case.community_code != "") == (Status.TRIAGE, LAMP_CATEGORY, True)
    assert case.number in answer.content.decode()


def test_the_same_report_twice_is_one_whatever_died_in_between(phone: Client) -> None:
    told = finding()
    phone.post(REPORT, told)
    phone.post(REPORT, told)
    # As if the process had died between the report and its answer.
    Submission.objects.all().delete()
    assert phone.post(REPORT, told, headers={"X-Submission-Age": "600"}).status_code == 302
    assert (Report.objects.count(), Incident.objects.count()) == (1, 1)


def test_the_next_finding_under_the_key_of_the_first_is_filed_too(phone: Client) -> None:
    """A phone that goes back to the page as it was sends the key that the page had."""
    told = finding()
    for words in (LAMP_TEXT, "井盖松了,很危险"):
        answer = phone.post(REPORT, {**told, "text": words}, headers={"X-Submission": "now"})
        assert answer.json()["url"] == FOUND
    assert sorted(Report.objects.values_list("text__body", flat=True)) == sorted(
        [LAMP_TEXT, "井盖松了,很危险"]
    )


def test_what_waited_on_the_phone_says_when_it_was_seen(phone: Client, now: SetClock) -> None:
    phone.post(REPORT, finding(), headers={"X-Submission-Age": "5400"})
    filed = Report.objects.get()
    assert (filed.occurred_at, filed.received_at) == (now.at - timedelta(minutes=90), now.at)


@pytest.mark.parametrize(
    "given",
    [
        {"text": ""},
        {"lon": "", "lat": "", "address": ""},
        {"lon": "", "address": "植物园路"},
        {"category": "9999"},
        {"lon": "500"},
        {"done": "yes", "did": "扶正"},  # no photo of how it looks now
        {"done": "yes", "did": ""},
        {"photos": SimpleUploadedFile("a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 40)},
        {"text": "坏\0了"},
    ],
)
def test_what_cannot_be_taken_is_said_and_the_photo_stays(phone: Client, given: dict[str, Any]) -> None:
    kept = sent_ahead(phone)
    answer = phone.post(REPORT, finding(kept=kept, **given))
    assert answer.status_code == 400
    page = answer.content.decode()
    assert 'role="alert"' in page or "field-error" in page
    assert f'name="kept" value="{kept}"' in page
    assert not Report.objects.exists()


def test_found_and_fixed_in_one_go(phone: Client, patrol: Person) -> None:
    answer = phone.post(REPORT, finding(done="yes", did="已扶正", after=picture(9)), follow=True)
    case = Incident.objects.get()
    assert (case.status, case.level, case.owner_unit_id, case.self_fixed) == (
        Status.CLOSED, "A", patrol.unit, True,
    )  # fmt: skip
    assert case.attachments.get().stage == Attachment.Stage.AFTER
    assert case.number in answer.content.decode()


def test_an_emergency_is_reported_though_it_was_put_right(phone: Client) -> None:
    told = finding(text="小区里燃气泄漏,气味很大,有爆炸危险", done="yes", did="关了总阀", after=picture(9))
    assert phone.post(REPORT, told).status_code == 302
    case = Incident.objects.get()
    assert (case.urgency, case.is_open, case.attachments.count()) == ("emergency", True, 1)


def test_words_are_guessed_at(phone: Client) -> None:
    answer = phone.post(reverse("patrol-guess"), {"text": "路灯不亮了"}).json()
    assert answer["guesses"][0]["code"] == "0204"
    assert answer["is_emergency"] is False
    assert phone.post(reverse("patrol-guess"), {"text": "路"}).json() == {"guesses": []}


def test_what_was_found_can_be_fixed_later_and_by_nobody_else(
    phone: Client, browse: As, patrol: Person
) -> None:
    phone.post(REPORT, finding())
    case = Incident.objects.get()
    address = reverse("patrol-fix", args=[case.number])
    assert address in phone.get(FOUND).content.decode()
    assert phone.get(address).status_code == 200
    other = browse(person("other", Role.PATROL, patrol.unit))
    assert other.get(address).status_code == 404
    assert case.number not in other.get(FOUND).content.decode()
    assert phone.post(address, {"text": "已换灯头"}).status_code == 400
    assert phone.post(address, {"text": "已换灯头", "after": picture(5)}).status_code == 302
    assert reload(case).status == Status.CLOSED
    assert address not in phone.get(FOUND).content.decode()
    assert phone.post(address, {"text": "已换灯头", "after": picture(6)}).status_code == 409


@pytest.fixture
def checker(resolved_case: Incident, browse: As) -> tuple[Client, Verification]:
    asked = Verification.objects.get(incident=resolved_case)
    return browse(person("checker", Role.PATROL, asked.unit_id)), asked


def verdict(check: Verification, **given: Any) -> dict[str, Any]:
    return {"submission": str(uuid4()), "asked": check.pk, "fixed": "yes", "photos": picture(), **given}


def test_a_check_from_the_round_to_the_end(
    checker: tuple[Client, Verification], resolved_case: Incident, phone: Client
) -> None:
    browser, asked = checker
    address = reverse("patrol-check", args=[resolved_case.number])
    assert address in browser.get(ROUND).content.decode()
    assert "灯头烧坏,已换新" in browser.get(address).content.decode()
    assert phone.get(address).status_code == 404
    told = verdict(asked)
    assert browser.post(address, told)["Location"] == ROUND
    assert reload(resolved_case).status == Status.CLOSED
    assert resolved_case.attachments.get().stage == Attachment.Stage.CHECK
    # Sent again by a phone that never heard the answer; and once more by hand.
    assert browser.post(address, {**told, "photos": picture()})["Location"] == ROUND
    assert browser.post(address, verdict(asked)).status_code == 409
    assert browser.get(address).status_code == 200
    assert address not in browser.get(ROUND).content.decode()


@contextmanager
def database_fails_at(value: str) -> Iterator[None]:
    """The statement that carries this value does not go through."""

    def run(execute: Any, statement: str, given: Any, many: bool, context: Any) -> Any:
        if value in (given or ()):
            raise OperationalError("the connection was lost")
        return execute(statement, given, many, context)

    with connection.execute_wrapper(run), pytest.raises(OperationalError):
        yield


def sent_ahead(phone: Client, shade: int = 0) -> str:
    told = {"submission": str(uuid4()), "file": picture(shade)}
    photo_id: str = phone.post(reverse("submission-photo"), told).json()["id"]
    return photo_id


def test_a_check_that_died_after_its_photo_can_be_sent_again(
    checker: tuple[Client, Verification], resolved_case: Incident
) -> None:
    browser, asked = checker
    address = reverse("patrol-check", args=[resolved_case.number])
    told = verdict(asked, photos="", kept=sent_ahead(browser))
    with database_fails_at(Kind.VERIFIED):
        browser.post(address, told)
    assert reload(resolved_case).status == Status.RESOLVED
    assert browser.post(address, told).status_code == 302
    assert reload(resolved_case).status == Status.CLOSED
    assert resolved_case.attachments.get().stage == Attachment.Stage.CHECK


def test_a_photo_of_something_else_on_the_case_is_no_evidence_of_a_check(
    checker: tuple[Client, Verification], resolved_case: Incident
) -> None:
    browser, asked = checker
    kept = sent_ahead(browser)
    Attachment.objects.filter(pk=kept).update(incident=resolved_case, stage=Attachment.Stage.BEFORE)
    address = reverse("patrol-check", args=[resolved_case.number])
    assert browser.post(address, verdict(asked, photos="", kept=kept)).status_code == 400


@pytest.mark.parametrize("is_later", [False, True])
def test_a_fix_that_died_after_its_photo_can_be_sent_again(phone: Client, is_later: bool) -> None:
    told, address = finding(), REPORT
    if is_later:
        phone.post(REPORT, told)
        address = reverse("patrol-fix", args=[Incident.objects.get().number])
    told = {**told, "text": "已换灯头" if is_later else LAMP_TEXT, "done": "yes", "did": "已换灯头"}
    told |= {"kept_after": sent_ahead(phone)}
    with database_fails_at(Kind.FIXED_ON_SPOT):
        phone.post(address, told)
    assert Incident.objects.get().is_open
    assert phone.post(address, told).status_code == 302
    case = Incident.objects.get()
    assert (case.status, case.self_fixed, case.attachments.count()) == (Status.CLOSED, True, 1)


@pytest.mark.parametrize("given", [{"photos": ""}, {"fixed": ""}, {"fixed": "no", "text": ""}])
def test_a_verdict_stands_on_a_photo_and_a_bad_one_on_words(
    checker: tuple[Client, Verification], resolved_case: Incident, given: dict[str, Any]
) -> None:
    browser, asked = checker
    answer = browser.post(reverse("patrol-check", args=[resolved_case.number]), verdict(asked, **given))
    assert answer.status_code == 400
    assert reload(resolved_case).status == Status.RESOLVED


def test_not_fixed_goes_back(checker: tuple[Client, Verification], resolved_case: Incident) -> None:
    browser, asked = checker
    browser.post(
        reverse("patrol-check", args=[resolved_case.number]), verdict(asked, fixed="no", text="还是不亮")
    )
    assert (reload(resolved_case).status, reload(resolved_case).rework_count) == (Status.HANDLING, 1)


def test_a_verdict_about_an_earlier_check_is_no_verdict(
    checker: tuple[Client, Verification], resolved_case: Incident
) -> None:
    browser, asked = checker
    answer = browser.post(
        reverse("patrol-check", args=[resolved_case.number]), verdict(asked, asked=asked.pk + 1)
    )
    assert answer.status_code == 409
    assert reload(resolved_case).status == Status.RESOLVED


def test_the_pages_are_the_patrols(browse: As, handler: Person, supervisor: Person) -> None:
    for who in (handler, supervisor):
        for address in (ROUND, REPORT, FOUND):
            assert browse(who).get(address).status_code == 403
    assert Client().get(ROUND).status_code == 302


def stops(asked: Verification, numbers: range) -> None:
    """More checks of the same unit, each of a case of its own, somewhere in the district."""
    for index in numbers:
        case = Incident.objects.get(pk=asked.incident_id)
        case.pk, case.number = None, f"20260707-9{index:05d}"
        case.lon, case.lat = 114.2 + index * 0.003, 22.72 + (index * 7 % 13) * 0.002
        case.save()
        Verification.objects.create(
            incident=case, assignment=asked.assignment, unit=asked.unit, asked_at=TUESDAY
        )


def queries_of(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as made:
        assert browser.get(address).status_code == 200
    return len(made)


def test_more_rows_ask_no_more_of_the_database(checker: tuple[Client, Verification], phone: Client) -> None:
    browser, asked = checker
    stops(asked, range(2))
    few = queries_of(browser, ROUND)
    stops(asked, range(2, 29))
    assert queries_of(browser, ROUND) == few
    for index in range(3):
        phone.post(REPORT, finding(text=f"第{index}处垃圾桶翻倒", lon=f"{114.2 + index / 100:.6f}"))
    few = queries_of(phone, FOUND)
    for index in range(3, 12):
        phone.post(REPORT, finding(text=f"第{index}处垃圾桶翻倒", lon=f"{114.2 + index / 100:.6f}"))
    assert queries_of(phone, FOUND) == few


def test_the_round_is_walked_from_stop_to_stop(checker: tuple[Client, Verification]) -> None:
    browser, asked = checker
    stops(asked, range(6))
    page = browser.get(ROUND)
    pins = json.loads(page.context["pins"])
    assert [pin["letter"] for pin in pins] == [str(index) for index in range(1, 8)]
    assert page.context["metres"] > 0
    legs = [stop.metres for stop in page.context["stops"]]
    assert legs[0] is None
    assert sum(legs[1:]) == pytest.approx(page.context["metres"], abs=10)


def test_ways_are_said_as_people_say_them() -> None:
    with translation.override("en"):
        assert [distance(metres) for metres in (44, 944, 5573, 56675)] == [
            "40 m",
            "940 m",
            "5.6 km",
            "56.7 km",
        ]


def test_the_worker_and_the_manifest_are_served_from_the_root() -> None:
    script = Client().get("/sw.js")
    assert script["Content-Type"].startswith("text/javascript")
    assert "no-cache" in script["Cache-Control"]
    told = Client().get("/site.webmanifest").json()
    assert told["scope"] == "/"
    assert reverse("patrol-report") in [one["url"] for one in told["shortcuts"]]
