"""An objection with pictures, from a browser outside to the unit inside; and what a page says meanwhile."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from incidents import actions
from incidents.actor import SYSTEM
from incidents.models import Attachment, Incident
from incidents.models.incident import ResolutionOutcome, Status
from incidents.models.outer import OuterArrival
from tests.cast import Person, file_report, reload
from tests.incidents.outer.conftest import Browser, Outside
from tests.incidents.outer.test_two_zones import reach
from tests.incidents.resident.conftest import picture

pytestmark = pytest.mark.django_db(transaction=True)
REASON = "灯换过了，晚上还是不亮"


@pytest.fixture
def closed_case(outside: Outside, handler: Person) -> Incident:
    """Closed an hour ago; its page is outside."""
    at = timezone.now() - timedelta(hours=3)
    case = file_report(at=at)
    actions.accept(number=case.number, actor=handler.actor, at=at + timedelta(minutes=9))
    actions.resolve(
        number=case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="灯头烧坏,已换新",
        attested=True,
        actor=handler.actor,
        at=at + timedelta(hours=1),
    )
    actions.verify(number=case.number, fixed=True, actor=SYSTEM, at=at + timedelta(hours=2))
    reach()
    return reload(case)


def photo(name: str = "dark.jpg", body: bytes = b"") -> tuple[str, tuple[str, bytes, str]]:
    return "photos", (name, body or picture(), "image/jpeg")


def test_an_objection_brings_its_pictures(closed_case: Incident, browser: Browser) -> None:
    code = closed_case.links.get().report.tracking_code
    assert browser.get(f"/r/{code}/objection/").ok
    sent = browser.post(f"/r/{code}/objection/", {"reason": REASON}, files=[photo(), photo("two.jpg")])
    assert sent.ok
    assert REASON in browser.page(code)
    assert "/objection/" not in browser.page(code)  # once
    waiting = browser.zone.everything()
    assert REASON.encode() not in waiting
    assert picture()[:200] not in waiting
    assert len(browser.zone.rows("SELECT 1 FROM incidents_outerphoto")) == 2

    assert reach() == 1
    case = reload(closed_case)
    assert (case.status, case.rework_count) == (Status.HANDLING, 1)
    kept = Attachment.objects.all()
    assert [(one.width, one.height, one.report_id) for one in kept] == [
        (64, 48, case.links.get().report_id)
    ] * 2
    assert all(Path(one.file.path).read_bytes().startswith(b"\xff\xd8") for one in kept)
    assert browser.zone.rows("SELECT 1 FROM incidents_outerphoto") == []


def test_pictures_of_a_refused_objection_are_kept_nowhere(closed_case: Incident, browser: Browser) -> None:
    code = closed_case.links.get().report.tracking_code
    browser.get(f"/r/{code}/objection/")
    browser.post(f"/r/{code}/objection/", {"reason": REASON}, files=[photo()])
    report = closed_case.links.get().report
    actions.object_to(report=report, reason="打过电话了", at=timezone.now())  # at the counter, meanwhile
    reach()
    assert OuterArrival.objects.get(kind="object").problem
    assert not Attachment.objects.exists()
    assert REASON not in browser.page(code)
    assert browser.zone.rows("SELECT 1 FROM incidents_outerphoto") == []


def test_what_is_no_picture_is_said_at_once(closed_case: Incident, browser: Browser) -> None:
    code = closed_case.links.get().report.tracking_code
    browser.get(f"/r/{code}/objection/")
    answer = browser.post(
        f"/r/{code}/objection/", {"reason": REASON}, files=[photo(), photo("x.jpg", b"GIF89a")]
    )
    assert answer.status_code == 400
    assert REASON in answer.text  # nothing that was written is lost
    assert browser.zone.waiting() == 0
    assert browser.zone.rows("SELECT 1 FROM incidents_outerphoto") == []


# --- while the core is away -------------------------------------------------------------------------


def away(zone: Outside, hours: int) -> None:
    zone.rows("UPDATE incidents_outerstate SET reached_at = now() - %s * interval '1 hour'", hours)


def test_who_files_while_the_core_is_away_is_told_so(outside: Outside) -> None:
    reach()
    browser = Browser(outside)
    english = {"Accept-Language": "en"}
    told = "The operations centre last came for reports at"
    assert told not in browser.get("/report/", headers=english).text
    away(outside, 2)
    page = browser.get("/report/", headers=english).text
    assert told in page
    assert "12345" in page
    code = browser.file()
    assert told in browser.page(code)
    reach()
    assert told not in browser.page(code)


def test_what_was_never_published_is_not_said_to_be_nothing(outside: Outside) -> None:
    """No figures are shown as if the district had settled nothing."""
    english = {"Accept-Language": "en"}
    browser = Browser(outside)
    for path in ("/public/", "/public/cases/"):
        page = browser.get(path, headers=english).text
        assert "Nothing is published here just now" in page
        assert "settled 0 matters" not in page
        assert "Nothing was reported" not in page
    reach()
    for path in ("/public/", "/public/cases/"):
        assert "Nothing is published here just now" not in browser.get(path, headers=english).text


def test_nothing_is_offered_outside_that_only_the_core_could_do(outside: Outside) -> None:
    reach()
    browser = Browser(outside)
    code = browser.file()
    reach()
    for page in (
        browser.page(code),
        browser.get("/r/").text,
        browser.get(f"/report/{browser.form}/received/").text,
    ):
        assert 'href="/mine/"' not in page
        assert "opens all your reports" not in page
